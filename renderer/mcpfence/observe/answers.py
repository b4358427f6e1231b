"""Names of addresses, from what DNS told the same pod before the flow.

A time to live does not count: connection pools outlive it.  The name is the one that was asked for, whatever CNAMEs
lie between.  Of several names for one address all are candidates and none is proven.

Many logs have whole seconds, and a pod connects milliseconds after it was answered: a flow without a fraction began at
some moment of its second, so an answer of the same second is one before it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from mcpfence.observe.sorting import Row
from mcpfence.observe.times import SECOND
from mcpfence.structs import Struct

MOST_NAMES = 100
"""With more names than that an address has none: nobody reads them, and a server can have itself told any number."""


class Candidates(Struct):
    """The names that an address may have stood for; `before`: one of them was told before the first flow began."""

    names: tuple[str, ...]
    before: bool
    many: bool = False
    """More than are kept, so that none is told."""


class AnswerBook:
    """Answers read in step with the flows that ask: rows of namespace, pod, address, name and time, in order."""

    def __init__(self, rows: Iterable[Row]) -> None:
        self._rows: Iterator[Row] = iter(rows)
        self._next: Row | None = next(self._rows, None)
        self._at: Row = ()
        self._names: dict[str, int] = {}

    def names_of(self, pod: tuple[str, str], address: str, first: int, last: int) -> Candidates:
        """What the address stood for while some flows to it began, the first and the last of them at these times.

        Pods and addresses are asked for in order.
        """
        found = self._told((*pod, address))
        if len(found) > MOST_NAMES:
            return Candidates((), before=False, many=True)
        names = tuple(sorted(name for name, time in found.items() if time <= _latest(last)))
        return Candidates(names, any(found[name] <= _latest(first) for name in names))

    def _told(self, wanted: Row) -> Mapping[str, int]:
        """The names of an address, each with when it was told first."""
        if wanted != self._at:
            self._at, self._names = wanted, {}
            while self._next is not None and self._next[:3] <= wanted:
                if self._next[:3] == wanted and len(self._names) <= MOST_NAMES:
                    self._names.setdefault(self._next[3], self._next[4])
                self._next = next(self._rows, None)
        return self._names


def _latest(time: int) -> int:
    """The last moment that a time may stand for: of its second, where it has no fraction."""
    return time if time % SECOND else time + SECOND - 1
