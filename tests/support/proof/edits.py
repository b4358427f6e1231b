"""Small edits of parsed manifests: places found by a pattern, values put there or taken away.

Edits never change the document that they are given; what an edit does not touch is shared with it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

from proof.universe import Document

Path = tuple[str | int, ...]
Step = str | frozenset[str] | type[int]
"""A key, one of several keys, or any index of a list."""

Edit = tuple[Path, tuple[Document, ...]]
"""Where a document was edited, and what stands in its place."""

Kind = Callable[[Document], Iterator[Edit]]
"""One kind of edit: every place of a document where it fits."""


class Registry(dict[str, Kind]):
    """Kinds of edits by what they are called in the table."""

    def kind(self, name: str) -> Callable[[Kind], Kind]:
        """Enter a kind."""

        def enter(found: Kind) -> Kind:
            assert name not in self
            self[name] = found
            return found

        return enter


class Found(NamedTuple):
    """A place of a document and what stands there."""

    document: Document
    path: Path
    value: Any

    def put(self, value: Any) -> Edit:
        """Write another value there."""
        return self.path, (put(self.document, self.path, value),)

    def set(self, **keys: Any) -> Edit:
        """Write further keys into the mapping there."""
        return self.put({**self.value, **keys})

    def drop(self, key: str) -> Edit:
        """Take a key out of the mapping there."""
        return (*self.path, key), (put(self.document, self.path, without(self.value, key)),)

    def remove(self) -> Edit:
        """Take the place itself away."""
        *above, last = self.path
        parent = get(self.document, above)
        rest = without(parent, last) if isinstance(parent, dict) else [*parent[:last], *parent[int(last) + 1 :]]
        return self.path, (put(self.document, above, rest),)

    def also(self, *values: Any) -> Edit:
        """Further items behind this one in its list."""
        *above, last = self.path
        parent = get(self.document, above)
        return self.path, (put(self.document, above, [*parent[: int(last) + 1], *values, *parent[int(last) + 1 :]]),)


def at(document: Document, *pattern: Step) -> Iterator[Found]:
    """Every place of a document that a pattern leads to."""
    yield from _at(document, document, pattern, ())


def _at(document: Document, value: Any, pattern: Sequence[Step], path: Path) -> Iterator[Found]:
    if not pattern:
        yield Found(document, path, value)
        return
    step, rest = pattern[0], pattern[1:]
    if step is int:
        for index, item in enumerate(value if isinstance(value, list) else ()):
            yield from _at(document, item, rest, (*path, index))
    elif isinstance(value, dict):
        for key in value:
            if key == step or (isinstance(step, frozenset) and key in step):
                yield from _at(document, value[key], rest, (*path, key))


def get(value: Any, path: Sequence[str | int]) -> Any:
    """What stands at a path."""
    for step in path:
        value = value[step]
    return value


def put(value: Any, path: Sequence[str | int], new: Any) -> Any:
    """A copy with another value at a path."""
    if not path:
        return new
    step, rest = path[0], path[1:]
    if isinstance(value, list):
        return [put(item, rest, new) if index == step else item for index, item in enumerate(value)]
    return {**(value or {}), step: put((value or {}).get(step), rest, new)}


def without(mapping: Document, key: str | int) -> Document:
    """A copy of a mapping without a key."""
    return {name: value for name, value in mapping.items() if name != key}
