"""Where the boxes and lines of the picture are: three columns, in the units of an SVG.

Which column a box is in is known from the start, and `graph` has put them in order: what is left is to add up heights.
A library for layered layouts has nothing to do here: grandalf has had no release since 2023, networkx is two megabytes
for one function that puts columns side by side, and `dot` would make the page depend on what is installed where it is
made.  Whoever wants Graphviz's layout has it: `mcpfence report --format dot | dot -Tsvg`.
"""

from __future__ import annotations

from typing import Any

from mcpfence.report.graph import Box, Graph

WIDTH = 1120
_BOX, _GAP, _STEP, _PAD = 290, 16, 19, 12
_X = (0, (WIDTH - _BOX) // 2, WIDTH - _BOX)
_TOP = 34
"""Room for the heads of the columns."""
_ROOM = {"title": 32, "": 36, "warn": 34}
"""Characters of a line that fit into a box, in a sans-serif of 14 units, bold or not."""


def picture(graph: Graph) -> dict[str, Any]:
    """Boxes with their texts, and lines as paths."""
    columns = [[box for box in graph.boxes if box.column == column] for column in range(3)]
    height = max(sum(_height(box) + _GAP for box in boxes) for boxes in columns)
    placed = [_box(box, y) for boxes in columns for box, y in _stacked(boxes, height)]
    lines = [
        {
            "path": _curve(placed[edge.source], placed[edge.target]),
            "source": edge.source,
            "target": edge.target,
            "warning": edge.warning,
            "some": edge.some,
        }
        for edge in graph.edges
    ]
    return {"width": WIDTH, "height": _TOP + height, "heads": _X, "boxes": placed, "lines": lines}


def _stacked(boxes: list[Box], height: int) -> list[tuple[Box, int]]:
    """The boxes of a column with their upper edges, in the middle of the picture."""
    y = _TOP + (height - sum(_height(box) + _GAP for box in boxes)) // 2
    found = []
    for box in boxes:
        found.append((box, y))
        y += _height(box) + _GAP
    return found


def _height(box: Box) -> int:
    return 2 * _PAD + _STEP * len(box.texts) - 5


def _box(box: Box, y: int) -> dict[str, Any]:
    kinds = ("title", *[""] * len(box.lines), *["warn"] * len(box.warnings))
    x = _X[box.column]
    return {
        "column": box.column,
        "title": box.title,
        "full": "; ".join(box.texts),
        "warning": bool(box.warnings),
        "entries": list(box.entries),
        "x": x,
        "y": y,
        "width": _BOX,
        "height": _height(box),
        "texts": [
            {"text": _clipped(text, _ROOM[kind]), "kind": kind, "x": x + _PAD, "y": y + _PAD + 10 + place * _STEP}
            for place, (text, kind) in enumerate(zip(box.texts, kinds, strict=True))
        ],
    }


def _clipped(text: str, room: int) -> str:
    return text if len(text) <= room else text[: room - 1].rstrip() + "\u2026"


def _curve(source: dict[str, Any], target: dict[str, Any]) -> str:
    x, y = source["x"] + source["width"], source["y"] + source["height"] // 2
    to_x, to_y = target["x"], target["y"] + target["height"] // 2
    half = (to_x - x) // 2
    return f"M{x} {y}C{x + half} {y} {to_x - half} {to_y} {to_x} {to_y}"
