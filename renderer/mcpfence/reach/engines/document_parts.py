"""The parts of a document: everything below its keys but the metadata and the status, up to a limit."""

from __future__ import annotations

from collections.abc import Iterator

PARTS = 200_000
"""How many parts of one document are looked at; what is larger may hold anything."""


def parts_of(document: dict[str, object]) -> Iterator[tuple[str | None, object]]:
    """Every part of a document with the key that it stands under; at last (None, None) where there are too many."""
    stack: list[tuple[str | None, object]] = [
        (str(key), part) for key, part in document.items() if key not in ("metadata", "items", "status")
    ]
    for _ in range(PARTS):
        if not stack:
            return
        key, part = stack.pop()
        if part is not None:
            yield key, part
        if isinstance(part, dict):
            stack.extend((str(inner), below) for inner, below in part.items())
        elif isinstance(part, list):
            stack.extend((key, below) for below in part)
    yield None, None


def strings(value: dict[str, object]) -> Iterator[tuple[str | None, str]]:
    for key, part in parts_of(value):
        if isinstance(part, str):
            yield key, part


def words(value: dict[str, object]) -> Iterator[str]:
    """Every string and every key below a value."""
    for _, part in parts_of(value):
        if isinstance(part, str):
            yield part
        elif isinstance(part, dict):
            yield from map(str, part)
