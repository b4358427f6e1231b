"""The picture in Graphviz's language, for `dot` and whatever else reads it."""

from __future__ import annotations

from collections.abc import Iterator

from mcpfence.report.graph import Graph
from mcpfence.text.markup import dot_string

HEADS = ("may call", "servers and workloads", "may be reached")
"""What stands above the columns."""


def dot_text(graph: Graph) -> str:
    """The whole graph; foreign text stands in quoted strings alone."""
    return "".join(f"{line}\n" for line in _lines(graph))


def _lines(graph: Graph) -> Iterator[str]:
    yield "digraph mcpfence {"
    yield "  rankdir=LR;"
    yield '  node [shape=box, fontname="sans-serif"];'
    for column, head in enumerate(HEADS):
        yield f"  subgraph cluster_{column} {{"
        yield f"    label={dot_string(head)};"
        for place, box in enumerate(graph.boxes):
            if box.column == column:
                label = '"' + "\\n".join(dot_string(text)[1:-1] for text in box.texts) + '"'
                yield f"    n{place} [label={label}{', style=dashed' if box.warnings else ''}];"
        yield "  }"
    for edge in graph.edges:
        how = 'dashed, label="not enforced"' if edge.warning else 'dotted, label="some"' if edge.some else ""
        yield f"  n{edge.source} -> n{edge.target}{f' [style={how}]' if how else ''};"
    yield "}"
