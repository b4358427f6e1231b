"""Functions on a line of whole numbers that have few different values, in canonical form.

A `Grouped[V]` maps members of the line to values: a tuple of (members, value) with disjoint members, different
values and ascending order; what stands in no group has no value.  Equal functions are equal tuples.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TypeVar

from mcpfence.net.intervals import Interval, Intervals, union

V = TypeVar("V")
Grouped = tuple[tuple[Intervals, V], ...]


def group(pieces: Iterable[tuple[Intervals, V]]) -> Grouped[V]:
    """The canonical form of disjoint pieces; pieces of equal value become one, empty ones vanish."""
    found: dict[V, list[Intervals]] = {}
    for members, value in pieces:
        if members:
            found.setdefault(value, []).append(members)
    merged = ((sets[0] if len(sets) == 1 else union(*sets), value) for value, sets in found.items())
    return tuple(sorted(merged, key=_members))


def combine(left: Grouped[V], right: Grouped[V], choose: Callable[[V | None, V | None], V | None]) -> Grouped[V]:
    """The function whose value is `choose` of both values, point by point; None stands for no value on either side.

    `choose` is not asked where neither has a value, and once for each two groups that meet: one sweep over both.
    """
    shared: dict[tuple[int, int], list[Interval]] = {}
    for piece, places in _overlay(_places(left), _places(right)):
        shared.setdefault(places, []).append(piece)
    pieces: list[tuple[Intervals, V]] = []
    for (ours, theirs), members in shared.items():
        value = choose(None if ours < 0 else left[ours][1], None if theirs < 0 else right[theirs][1])
        if value is not None:
            pieces.append((tuple(members), value))
    return group(pieces)


def combine_all(parts: Sequence[Grouped[V]], choose: Callable[[V | None, V | None], V | None]) -> Grouped[V]:
    """All parts combined, by an operation for which their order makes no difference; no part has no value anywhere.

    In rounds of two and two, so that no part is gone through more often than their number can be halved.
    """
    while len(parts) > 1:
        parts = [
            combine(parts[n], parts[n + 1], choose) if n + 1 < len(parts) else parts[n] for n in range(0, len(parts), 2)
        ]
    return parts[0] if parts else ()


def value_at(function: Grouped[V], point: int) -> V | None:
    """The value at one point of the line."""
    for members, value in function:
        if any(first <= point <= last for first, last in members):
            return value
    return None


def _members(item: tuple[Intervals, V]) -> Intervals:
    return item[0]


_NOWHERE = -1

_Place = tuple[int, int, int]
"""First and last member of an interval, and the place of its group."""


def _places(function: Grouped[V]) -> list[_Place]:
    """Every interval of a function, in ascending order."""
    found = [(first, last, place) for place, (members, _) in enumerate(function) for first, last in members]
    if len(function) > 1:
        found.sort()
    return found


def _overlay(left: list[_Place], right: list[_Place]) -> Iterator[tuple[Interval, tuple[int, int]]]:
    """The line cut wherever an interval of either side begins or ends, each piece with its place on both sides."""
    ours, theirs = iter(left), iter(right)
    a, b = next(ours, None), next(theirs, None)
    while a is not None and b is not None:
        if a[1] < b[0]:
            yield a[:2], (a[2], _NOWHERE)
            a = next(ours, None)
        elif b[1] < a[0]:
            yield b[:2], (_NOWHERE, b[2])
            b = next(theirs, None)
        elif a[0] < b[0]:
            yield (a[0], b[0] - 1), (a[2], _NOWHERE)
            a = (b[0], a[1], a[2])
        elif b[0] < a[0]:
            yield (b[0], a[0] - 1), (_NOWHERE, b[2])
            b = (a[0], b[1], b[2])
        else:
            last = min(a[1], b[1])
            yield (a[0], last), (a[2], b[2])
            a, b = (
                (last + 1, one[1], one[2]) if one[1] > last else next(rest, None)
                for one, rest in ((a, ours), (b, theirs))
            )
    for rest_a in (a, *ours) if a is not None else ():
        yield rest_a[:2], (rest_a[2], _NOWHERE)
    for rest_b in (b, *theirs) if b is not None else ():
        yield rest_b[:2], (_NOWHERE, rest_b[2])
