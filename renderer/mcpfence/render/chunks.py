"""What is printed, as chunks of bytes that are filled in while they are walked.

All of it at once would take more memory than everything that it was made from.  Whoever prints has walked it once
before, for the digest: nothing is filled in for the first time behind what has left already.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Protocol

_MANY = 100
"""Objects of a chunk."""


class Written(Protocol):
    """An object that has a text."""

    @property
    def pieces(self) -> list[str]:
        """The YAML text without a separator, in pieces."""


class Batch:
    """Some objects, each behind a separator."""

    __slots__ = ("_objects", "_size")

    def __init__(self, objects: Sequence[Written]) -> None:
        self._objects, self._size = objects, -1

    def __bytes__(self) -> bytes:
        pieces = []
        for item in self._objects:
            pieces.append("---\n")
            pieces += item.pieces
        found = "".join(pieces).encode()
        self._size = len(found)
        return found

    def __len__(self) -> int:
        return len(bytes(self)) if self._size < 0 else self._size


class Chunks:
    """Bytes in their order, those of objects filled in each time that they are walked."""

    def __init__(self, parts: Iterable[bytes | Batch] = ()) -> None:
        self.parts = tuple(parts)

    def __iter__(self) -> Iterator[bytes]:
        return map(bytes, self.parts)

    @property
    def size(self) -> int:
        """How many bytes there are."""
        return sum(map(len, self.parts))

    def cut(self, low: int, high: int) -> bytes:
        """The bytes from `low` to `high`."""
        taken, position = [], 0
        for part in self.parts:
            if position >= high:
                break
            if position + len(part) > low:
                taken.append(bytes(part)[max(low - position, 0) : high - position])
            position += len(part)
        return b"".join(taken)


def chunks_of(objects: Sequence[Written], size: int = _MANY) -> Chunks:
    """Objects as YAML documents, `size` of them to a chunk."""
    return Chunks(Batch(objects[start : start + size]) for start in range(0, len(objects), size))
