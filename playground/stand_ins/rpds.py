"""Stands in for rpds-py, of which no build for browsers is published: what jsonschema and referencing use of it.

Three collections that never change; what changes one makes another.  A schema has few entries, so they are copied.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Self


class HashTrieMap(dict[Any, Any]):
    """A mapping."""

    @classmethod
    def convert(cls, found: Any) -> Self:
        """The same if it is one, else one with the same entries."""
        return found if isinstance(found, cls) else cls(found)

    def insert(self, key: Any, value: Any) -> Self:
        """One with this entry."""
        return type(self)({**self, key: value})

    def remove(self, key: Any) -> Self:
        """One without this key; raises KeyError."""
        kept = dict(self)
        del kept[key]
        return type(self)(kept)

    def update(self, *more: Any, **entries: Any) -> Self:  # type: ignore[override]
        """One with these entries, too."""
        every = dict(self)
        every.update(*more, **entries)
        return type(self)(every)

    def __hash__(self) -> int:  # type: ignore[override]
        """As equal ones have it."""
        return hash(frozenset(self.items()))

    def _changed(self, *_: Any, **__: Any) -> Any:
        raise TypeError("a HashTrieMap never changes")

    __setitem__ = __delitem__ = __ior__ = _changed
    clear = pop = popitem = setdefault = _changed


class HashTrieSet(frozenset[Any]):
    """A set."""

    def insert(self, value: Any) -> HashTrieSet:
        """One with this value."""
        return HashTrieSet({*self, value})

    def remove(self, value: Any) -> HashTrieSet:
        """One without this value; raises KeyError."""
        if value not in self:
            raise KeyError(value)
        return HashTrieSet(self - {value})

    def update(self, *more: Iterable[Any]) -> HashTrieSet:
        """One with these values, too."""
        return HashTrieSet(self.union(*more))


class List(tuple[Any, ...]):
    """A list, of which the front is near."""

    __slots__ = ()

    def push_front(self, value: Any) -> List:
        """One that begins with this value."""
        return List((value, *self))

    def drop_first(self) -> List:
        """One without its first value."""
        return List(self[1:])
