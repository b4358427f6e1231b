"""Functions on a line of whole numbers that have few different values, in canonical form.

A `Grouped[V]` maps members of the line to values: a tuple of (members, value) with disjoint members, different
values and ascending order; what stands in no group has no value.  Equal functions are equal tuples.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeVar

from mcpfence.net.intervals import Intervals, intersect, subtract, union

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

    `choose` is not asked where neither has a value.
    """
    pieces: list[tuple[Intervals, V]] = []

    def add(members: Intervals, ours: V | None, theirs: V | None) -> None:
        value = choose(ours, theirs) if members else None
        if value is not None:
            pieces.append((members, value))

    theirs_left = [members for members, _ in right]
    for members, ours in left:
        rest = members
        for place, (_, theirs) in enumerate(right):
            common = intersect(rest, theirs_left[place])
            if common:
                add(common, ours, theirs)
                rest = subtract(rest, common)
                theirs_left[place] = subtract(theirs_left[place], common)
        add(rest, ours, None)
    for members, (_, theirs) in zip(theirs_left, right, strict=True):
        add(members, None, theirs)
    return group(pieces)


def value_at(function: Grouped[V], point: int) -> V | None:
    """The value at one point of the line."""
    for members, value in function:
        if any(first <= point <= last for first, last in members):
            return value
    return None


def _members(item: tuple[Intervals, V]) -> Intervals:
    return item[0]
