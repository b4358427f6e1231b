"""The picture in Mermaid's language, which code hosts draw inside Markdown."""

from __future__ import annotations

from collections.abc import Iterator

from mcpfence.report.dot_form import HEADS
from mcpfence.report.graph import Graph
from mcpfence.text.markup import mermaid_string


def mermaid_text(graph: Graph) -> str:
    """The whole graph; foreign text stands in quoted strings alone."""
    return "".join(f"{line}\n" for line in _lines(graph))


def _lines(graph: Graph) -> Iterator[str]:
    yield "flowchart LR"
    for column, head in enumerate(HEADS):
        yield f"  subgraph c{column}[{mermaid_string(head)}]"
        for place, box in enumerate(graph.boxes):
            if box.column == column:
                label = "<br>".join(mermaid_string(text)[1:-1] for text in box.texts)
                yield f'    n{place}["{label}"]{":::look" if box.warnings else ""}'
        yield "  end"
    for edge in graph.edges:
        arrow = '-. "not enforced" .->' if edge.warning else '-. "some" .->' if edge.some else "-->"
        yield f"  n{edge.source} {arrow} n{edge.target}"
    yield "  classDef look stroke-dasharray: 4 3"
