"""The interval algebra against sets of numbers on a small universe."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcpfence.net.intervals import EMPTY, Intervals, canonical, contains, intersect, is_subset, size, subtract, union

UNIVERSE = range(24)
points = st.integers(UNIVERSE[0], UNIVERSE[-1])
pieces = st.lists(st.tuples(points, points), max_size=8)
sets = pieces.map(canonical)


def members(intervals: Intervals) -> set[int]:
    """The same set, number by number."""
    return {number for first, last in intervals for number in range(first, last + 1)}


def is_canonical(intervals: Intervals) -> bool:
    """Ascending, not empty, and with a gap between neighbours."""
    whole = all(first <= last for first, last in intervals)
    return whole and all(left[1] + 1 < right[0] for left, right in pairwise(intervals))


@given(pieces)
def test_canonical_keeps_the_members(found: list[tuple[int, int]]) -> None:
    """The canonical form holds what the pieces hold; pieces that run backwards are empty."""
    expected = {number for first, last in found for number in range(first, last + 1)}

    assert members(canonical(found)) == expected
    assert is_canonical(canonical(found))


@given(pieces, st.randoms(use_true_random=False))
def test_canonical_knows_no_order(found: list[tuple[int, int]], random: st.DataObject) -> None:
    """Pieces in any order give the same value."""
    shuffled = list(found)
    random.shuffle(shuffled)  # type: ignore[attr-defined]

    assert canonical(shuffled) == canonical(found)


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [(union, set.union), (intersect, set.intersection), (subtract, set.difference)],
    ids=["union", "intersect", "subtract"],
)
@given(left=sets, right=sets)
def test_operations_are_those_of_sets(
    ours: Callable[[Intervals, Intervals], Intervals],
    theirs: Callable[[set[int], set[int]], set[int]],
    left: Intervals,
    right: Intervals,
) -> None:
    """Each operation gives the canonical form of what it gives on sets of numbers."""
    found = ours(left, right)

    assert members(found) == theirs(members(left), members(right))
    assert is_canonical(found)


@given(sets, sets, sets)
def test_union_takes_any_number_of_sets(first: Intervals, second: Intervals, third: Intervals) -> None:
    """The union of three is the union of two unions; of none it is empty."""
    assert union(first, second, third) == union(union(first, second), third)
    assert union() == EMPTY


@given(sets, sets)
def test_subset_and_difference_agree(left: Intervals, right: Intervals) -> None:
    """A set is inside another one exactly if nothing of it is left over."""
    assert is_subset(left, right) == (members(left) <= members(right))


@given(sets, sets, sets)
def test_de_morgan_holds(whole: Intervals, left: Intervals, right: Intervals) -> None:
    """Taking away a union is taking away both; taking away a meeting is what either leaves."""
    assert subtract(whole, union(left, right)) == intersect(subtract(whole, left), subtract(whole, right))
    assert subtract(whole, intersect(left, right)) == union(subtract(whole, left), subtract(whole, right))


@given(sets, points)
def test_contains_and_size_count_members(found: Intervals, point: int) -> None:
    """A member is found, and there are as many as there are."""
    assert contains(found, point) == (point in members(found))
    assert size(found) == len(members(found))
