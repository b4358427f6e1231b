"""Files of a rendered folder: one object each, under names that stay the same from render to render."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Mapping

from mcpfence.documents import BadDocument, load_foreign
from mcpfence.errors import fail
from mcpfence.render import Rendered
from mcpfence.stream import decode, is_blank

_UNSAFE = re.compile(r"[^a-z0-9.-]")
_LIMIT = 200
"""Of a file's name in characters; most file systems end at 255 bytes, and a temporary name needs some of them."""

Identity = tuple[str, str, str]
"""Kind, namespace and name of an object."""


def folder_layout(objects: Iterable[Rendered], foreign: Iterable[bytes]) -> dict[str, str]:
    """File name to text, for our objects and for the other documents of the stream; raises McpfenceError."""
    entries: list[tuple[Identity, str]] = [((item.kind, item.namespace, item.name), item.text) for item in objects]
    for number, piece in enumerate(foreign):
        if not is_blank(piece):
            text = decode(piece)
            entries.append((_identity(text, number), text))
    uses = Counter(_stem(identity) for identity in {identity for identity, _ in entries})
    files: dict[str, str] = {}
    for identity, text in entries:
        stem = _stem(identity)
        if uses[stem] > 1:  # a-b/c and a/b-c
            stem += f"-{_digest(identity)}"
        name, copies = f"{stem}.yaml", 1
        while name in files:  # a hook and a template may share kind and name
            copies += 1
            name = f"{stem}-{copies}.yaml"
        # A separator of its own, so that the files can be put together with cat.
        files[name] = text if text.startswith("---") else f"---\n{text}"
    return files


def _identity(text: str, number: int) -> Identity:
    """What a document of the chart is; raises McpfenceError where it has no kind, or no name and is no List."""
    where = f"document {number + 1} of the chart"
    try:
        documents = [document for document in load_foreign(text) if document is not None]
    except BadDocument as bad:
        raise fail("helm-failed", f"is no YAML ({bad})", "mend the chart", document=where) from None
    document = documents[0] if len(documents) == 1 else None
    kind = document.get("kind") if isinstance(document, Mapping) else None
    metadata = document.get("metadata") if isinstance(document, Mapping) else None
    named = metadata if isinstance(metadata, Mapping) else {}
    name = named.get("name") or named.get("generateName")
    if not kind or (not name and kind != "List"):
        raise fail("helm-failed", "has no kind or no metadata.name", "mend the chart", document=where)
    return str(kind), str(named.get("namespace") or ""), str(name or "")


def _stem(identity: Identity) -> str:
    """`networkpolicy-NAMESPACE-NAME`, the same on every file system.

    `kubectl apply -f DIR` goes by file names, so a Namespace comes first: `0-namespace-NAME`.
    """
    identity = (f"0-{identity[0]}", *identity[1:]) if identity[0] == "Namespace" else identity
    stem = _UNSAFE.sub("-", "-".join(part for part in identity if part).lower()).strip("-.") or "object"
    return stem if len(stem) <= _LIMIT else f"{stem[: _LIMIT - 9]}-{_digest(identity)}"


def _digest(identity: Identity) -> str:
    return hashlib.sha256("/".join(identity).encode()).hexdigest()[:8]
