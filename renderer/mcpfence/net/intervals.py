"""Sets of whole numbers as sorted, disjoint, non-adjacent closed intervals.

Addresses, ports and protocols are all sets on one line of whole numbers, so one small algebra serves the
whole program.  Every function takes and returns the canonical form and is pure; `canonical` makes it.
"""

from __future__ import annotations

from collections.abc import Iterable

Interval = tuple[int, int]
"""First and last member, both inside the set; first <= last."""

Intervals = tuple[Interval, ...]
"""A set in canonical form: ascending, no overlap, no two neighbours that touch."""

EMPTY: Intervals = ()


def canonical(pieces: Iterable[Interval]) -> Intervals:
    """The canonical form of any pieces, in any order; pieces with first > last are empty and vanish."""
    merged: list[Interval] = []
    for first, last in sorted(piece for piece in pieces if piece[0] <= piece[1]):
        if merged and first <= merged[-1][1] + 1:
            if last > merged[-1][1]:
                merged[-1] = (merged[-1][0], last)
        else:
            merged.append((first, last))
    return tuple(merged)


def union(*sets: Intervals) -> Intervals:
    """Everything that is in any of the sets."""
    return canonical(piece for one in sets for piece in one)


def intersect(left: Intervals, right: Intervals) -> Intervals:
    """Everything that is in both sets, in time linear in their lengths."""
    common: list[Interval] = []
    i = j = 0
    while i < len(left) and j < len(right):
        first = max(left[i][0], right[j][0])
        last = min(left[i][1], right[j][1])
        if first <= last:
            common.append((first, last))
        if left[i][1] < right[j][1]:
            i += 1
        else:
            j += 1
    return tuple(common)


def subtract(left: Intervals, right: Intervals) -> Intervals:
    """Everything of `left` that is not in `right`, in time linear in their lengths."""
    rest: list[Interval] = []
    j = 0
    for start, last in left:
        first = start
        while j < len(right) and right[j][1] < first:
            j += 1
        k = j
        while k < len(right) and right[k][0] <= last:
            if first < right[k][0]:
                rest.append((first, right[k][0] - 1))
            first = right[k][1] + 1
            k += 1
        if first <= last:
            rest.append((first, last))
    return tuple(rest)


def is_subset(left: Intervals, right: Intervals) -> bool:
    """Whether every member of `left` is in `right`."""
    return not subtract(left, right)


def contains(members: Intervals, value: int) -> bool:
    """Whether `value` is a member."""
    return any(first <= value <= last for first, last in members)


def size(members: Intervals) -> int:
    """How many members the set has."""
    return sum(last - first + 1 for first, last in members)
