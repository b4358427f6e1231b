"""Boxes over label sets, against every label set of a small universe."""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest
from hypothesis import given

from mcpfence.reach.documents.fields import Unreadable
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


@given(strategies.selectors())
def test_a_sample_is_a_member(selector: dict[str, Any]) -> None:
    """The labels that are invented for a box put a pod into it."""
    box = box_of(selector)

    assert box is None or label_sets.matches(box, label_sets.sample(box))


@pytest.mark.parametrize(
    ("selector", "shown"),
    [
        ({}, "every"),
        ({"matchLabels": {"b": "2", "a": "1"}}, "a=1,b=2"),
        ({"matchExpressions": [{"key": "a", "operator": "In", "values": ["y", "x"]}]}, "a in (x,y)"),
        ({"matchExpressions": [{"key": "a", "operator": "NotIn", "values": ["x"]}]}, "a notin (x)"),
        ({"matchExpressions": [{"key": "a", "operator": "Exists"}]}, "a"),
        ({"matchExpressions": [{"key": "a", "operator": "DoesNotExist"}]}, "!a"),
        (
            {
                "matchExpressions": [
                    {"key": "a", "operator": "Exists"},
                    {"key": "a", "operator": "NotIn", "values": ["x"]},
                ]
            },
            "a,a notin (x)",
        ),
    ],
)
def test_boxes_read_as_kubectl_writes_selectors(selector: dict[str, Any], shown: str) -> None:
    """People know the text."""
    box = box_of(selector)

    assert box is not None
    assert label_sets.box_text(box) == shown


@pytest.mark.parametrize(
    "selector",
    [
        {"matchLabels": {"a": "1"}, "matchExpressions": [{"key": "a", "operator": "DoesNotExist"}]},
        {"matchLabels": {"a": "1"}, "matchExpressions": [{"key": "a", "operator": "In", "values": ["2"]}]},
        {"matchExpressions": [{"key": "a", "operator": "Exists"}, {"key": "a", "operator": "DoesNotExist"}]},
    ],
)
def test_contradictions_select_nothing(selector: dict[str, Any]) -> None:
    """A selector that no pod can satisfy is no box, not an error: the API takes it."""
    assert box_of(selector) is None


@pytest.mark.parametrize(
    ("selector", "message"),
    [
        ([], "selector is a list, not a mapping"),
        ({"matchLabel": {}}, "selector.matchLabel is no field of this API"),
        ({"matchLabels": {"a": 1}}, "selector.matchLabels.a is 1, not a string"),
        ({"matchLabels": {1: "a"}}, "selector.matchLabels has the key 1, which is not a string"),
        ({"matchExpressions": {}, "x": 1}, "selector.x is no field of this API"),
        ({"matchExpressions": [None]}, "selector.matchExpressions[0] is missing"),
        ({"matchExpressions": [{"operator": "Exists"}]}, "selector.matchExpressions[0].key is null, not a string"),
        (
            {"matchExpressions": [{"key": "a", "operator": "Is"}]},
            "selector.matchExpressions[0].operator is 'Is', not In, NotIn, Exists or DoesNotExist",
        ),
        (
            {"matchExpressions": [{"key": "a", "operator": "In"}]},
            "selector.matchExpressions[0].values is empty, which In does not allow",
        ),
        (
            {"matchExpressions": [{"key": "a", "operator": "Exists", "values": ["x"]}]},
            "selector.matchExpressions[0].values is not empty, which Exists does not allow",
        ),
    ],
)
def test_what_is_no_selector(selector: Any, message: str) -> None:
    """Each fault names its field."""
    with pytest.raises(Unreadable) as caught:
        read_selector(selector, "selector")

    assert str(caught.value) == message
