"""Boxes over label sets, against every label set of a small universe."""

from __future__ import annotations

from itertools import product
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from mcpfence.reach.documents.label_selectors import read_selector
from mcpfence.reach.flows import label_sets
from mcpfence.reach.flows.label_sets import Box
from reaching import bruteforce, strategies

EVERY = [
    {key: value for key, value in zip(strategies.KEYS, values, strict=True) if value}
    for values in product([None, "p", "q", "other"], repeat=len(strategies.KEYS))
]


def box_of(selector: dict[str, Any]) -> Box | None:
    """A selector as a box."""
    return read_selector(selector, "selector")


def members(box: Box | None) -> list[dict[str, str]]:
    """The label sets of the universe that are in a box."""
    return [labels for labels in EVERY if box is not None and label_sets.matches(box, labels)]


@given(strategies.selectors())
def test_a_selector_is_its_box(selector: dict[str, Any]) -> None:
    """A box holds exactly the label sets that the selector matches; no box, where none does."""
    assert members(box_of(selector)) == [labels for labels in EVERY if bruteforce.selects(selector, labels)]


@given(strategies.selectors(), strategies.selectors())
def test_meet_covers_and_cut_are_those_of_sets(left: dict[str, Any], right: dict[str, Any]) -> None:
    """What is in both, whether one holds the other, and what is left without the other."""
    ours, theirs = box_of(left), box_of(right)
    if ours is None or theirs is None:
        return
    inside = [labels for labels in members(ours) if labels in members(theirs)]

    assert members(label_sets.intersect(ours, theirs)) == inside
    assert label_sets.covers(theirs, ours) == (inside == members(ours))
    pieces = label_sets.cut(ours, theirs)
    assert [[labels in members(piece) for piece in pieces].count(True) for labels in EVERY] == [
        int(labels in members(ours) and labels not in members(theirs)) for labels in EVERY
    ]


@given(st.lists(strategies.selectors(), max_size=6))
def test_joined_boxes_hold_the_same(selectors: list[dict[str, Any]]) -> None:
    """Boxes that are joined hold what they held one by one, in no more of them."""
    boxes = [box for box in map(box_of, selectors) if box is not None]
    joined = label_sets.join(boxes)

    assert [any(labels in members(box) for box in joined) for labels in EVERY] == [
        any(labels in members(box) for box in boxes) for labels in EVERY
    ]
    assert len(joined) <= len(boxes)


@given(strategies.selectors())
def test_a_sample_is_a_member(selector: dict[str, Any]) -> None:
    """The labels that are invented for a box put a pod into it."""
    box = box_of(selector)

    assert box is None or label_sets.matches(box, label_sets.sample(box))
