"""Boxes over label sets: their text, and selectors that are none."""

from __future__ import annotations

from typing import Any

import pytest

from mcpfence.reach.documents.fields import Unreadable
from mcpfence.reach.documents.label_selectors import read_selector
from mcpfence.reach.flows import label_sets


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
    box = read_selector(selector, "selector")

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
    assert read_selector(selector, "selector") is None


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
