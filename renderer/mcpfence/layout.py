"""Files of a rendered folder: one object each, under names that stay the same from render to render."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from mcpfence.documents import BadDocument, load_foreign
from mcpfence.errors import fail
from mcpfence.render import Rendered
from mcpfence.stream import decode, is_blank

_UNSAFE = re.compile(r"[^a-z0-9.-]")


def folder_layout(objects: Iterable[Rendered], foreign: Iterable[bytes]) -> dict[str, str]:
    """File name to text, for our objects and for the other documents of the stream; raises McpfenceError."""
    files = {_name(item.kind, item.namespace, item.name): item.text for item in objects}
    for number, piece in enumerate(foreign):
        if is_blank(piece):
            continue
        text = decode(piece)
        name = _foreign_name(text, number)
        stem, copies = name, 1
        while name in files:  # a hook and a template may share kind and name
            copies += 1
            name = f"{stem.removesuffix('.yaml')}-{copies}.yaml"
        files[name] = text
    return files


def _foreign_name(text: str, number: int) -> str:
    where = f"document {number + 1} of the chart"
    try:
        documents = [document for document in load_foreign(text) if document is not None]
    except BadDocument as bad:
        raise fail("helm-failed", f"is no YAML ({bad})", "mend the chart", document=where) from None
    document = documents[0] if len(documents) == 1 else None
    metadata = document.get("metadata") if isinstance(document, Mapping) else None
    if document is None or not isinstance(metadata, Mapping) or not document.get("kind") or not metadata.get("name"):
        raise fail("helm-failed", "has no kind or no metadata.name", "mend the chart", document=where)
    return _name(str(document["kind"]), str(metadata.get("namespace") or ""), str(metadata["name"]))


def _name(kind: str, namespace: str, name: str) -> str:
    """`networkpolicy-NAMESPACE-NAME.yaml`, the same on every file system."""
    parts = "-".join(part for part in (kind, namespace, name) if part)
    return _UNSAFE.sub("-", parts.lower()) + ".yaml"
