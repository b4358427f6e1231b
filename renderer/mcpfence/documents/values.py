"""Values files: read, merged as Helm merges them, and searched for the place of a key.

Maps merge key by key, everything else replaces; null removes a default of the chart.  A null for any other key
stays, as it does in Helm, and the schema refuses it: an empty `egressDomains:` is a slip, not a decision.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from mcpfence.documents.reader import BadDocument, load_foreign, load_values, position
from mcpfence.findings.finding import Path, fail
from mcpfence.findings.position import Position
from mcpfence.findings.wording import type_name
from mcpfence.structs import Struct


class ValuesFile(Struct):
    """One values file: the name that messages use, its text, its content."""

    name: str
    text: str
    data: Mapping[str, Any]


def decode(data: bytes, name: str) -> str:
    """The text of a file; raises McpfenceError where it is no UTF-8."""
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as bad:
        sentence = f"is no UTF-8 at byte {bad.start}"
        raise fail("file-unreadable", sentence, "save it as UTF-8", document=name) from None


def read_source(name: str, text: str) -> ValuesFile:
    """A values file; raises McpfenceError with line and column where it cannot be read."""
    try:
        data = load_values(text)
    except BadDocument as bad:
        where = bad.place(name)
        raise fail("file-unreadable", str(bad), "mend the YAML", document=where) from None
    if data is None:
        data = {}
    if not isinstance(data, Mapping):
        sentence = f"is {type_name(data)}, not a mapping"
        raise fail("catalog-not-a-mapping", sentence, "write keys such as servers: at its top", document=name)
    return ValuesFile(name, text, data)


def manifests(text: str) -> list[Any] | None:
    """The documents of a file of Kubernetes manifests; None where it is a values file."""
    head = text.lstrip("\ufeff \t\r\n")
    if not head.startswith(("apiVersion", "kind", "metadata", "---", "#", "{", "[", "spec", "items")):
        return None
    try:
        found = [document for document in load_foreign(text) if document is not None]
    except BadDocument:
        return None
    if found and all(isinstance(item, Mapping) and "apiVersion" in item and "kind" in item for item in found):
        return found
    return None


def merge(sources: Sequence[Mapping[str, Any]], defaults: Mapping[str, Any]) -> dict[str, Any]:
    """The values of several files, later ones over earlier ones, all of them over the defaults of the chart."""
    merged: dict[str, Any] = {}
    for source in sources:
        merged = _over(merged, source)
    return _filled(merged, defaults)


def _over(base: Mapping[str, Any], top: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(base)
    for key, value in top.items():
        below = merged.get(key)
        if isinstance(value, Mapping) and isinstance(below, Mapping):
            merged[key] = _over(below, value)
        else:
            merged[key] = value
    return merged


def _filled(values: Mapping[str, Any], defaults: Mapping[str, Any]) -> dict[str, Any]:
    """The values with the defaults of keys that they do not have; a null takes a default away and goes with it."""
    filled = dict(values)
    for key, default in defaults.items():
        value = filled.setdefault(key, default)
        if value is None:
            del filled[key]
        elif isinstance(value, Mapping) and isinstance(default, Mapping):
            filled[key] = _filled(value, default)
    return filled


def where(path: Path, sources: Sequence[ValuesFile]) -> Position | None:
    """The place of a path in the last file that has it; None where no file has even its first key."""
    for depth in range(len(path), 0, -1):
        for source in reversed(sources):
            if _has(source.data, path[:depth]):
                found = position(source.text, path[:depth])
                return Position(source.name, *found) if found else Position(source.name)
    return None


def _has(data: Any, path: Path) -> bool:
    try:
        for step in path:
            data = data[step]
    except (KeyError, IndexError, TypeError):
        return False
    return True
