"""Where boxes are: apart from each other, inside the picture, with room for their texts."""

from __future__ import annotations

from itertools import pairwise

import pytest

from explaining import EXAMPLES
from mcpfence.report.graph import Graph, make_graph
from mcpfence.report.layout import WIDTH, picture
from reporting import overview_of


@pytest.mark.parametrize("example", EXAMPLES)
def test_boxes_stand_apart(example: str) -> None:
    """No box lies on another, none leaves the picture, and every text is in its box."""
    drawn = picture(make_graph(overview_of(example)))
    for column in range(3):
        boxes = [box for box in drawn["boxes"] if box["column"] == column]
        assert all(above["y"] + above["height"] < below["y"] for above, below in pairwise(boxes))
        for box in boxes:
            assert 0 <= box["x"] <= WIDTH - box["width"]
            assert 0 < box["y"] <= drawn["height"] - box["height"]
            assert all(box["y"] < text["y"] < box["y"] + box["height"] - 5 for text in box["texts"])
            assert all(len(text["text"]) <= 36 for text in box["texts"])


def test_a_long_text_is_cut_and_kept() -> None:
    """What does not fit ends in dots; the box says it in full to whoever points at it, or cannot see."""
    graph = make_graph(overview_of("unenforced"))
    long = graph.boxes[0]._replace(title="a" * 200)
    box = picture(graph._replace(boxes=(long, *graph.boxes[1:])))["boxes"][0]

    assert (box["texts"][0]["text"], box["full"]) == ("a" * 31 + "\u2026", "a" * 200)


def test_nothing_to_draw() -> None:
    """A catalog without servers has an empty picture."""
    assert picture(Graph((), ()))["boxes"] == []
