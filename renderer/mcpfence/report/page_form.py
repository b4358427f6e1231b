"""The document behind the page and its Markdown: the report, with the picture and what the page's filters look up."""

from __future__ import annotations

from itertools import groupby

from mcpfence.report.dot_form import HEADS
from mcpfence.report.graph import make_graph
from mcpfence.report.json_form import Place, Shape, report_shape
from mcpfence.report.layout import picture
from mcpfence.report.mermaid_form import mermaid_text
from mcpfence.report.overview import Overview
from mcpfence.report.words import DESTINATIONS, ENFORCEMENTS, MARKS


def page_shape(overview: Overview, place: Place) -> Shape:
    """The report, and what only a page has; filters know callers by number, so that no name stands in an attribute."""
    shape, graph = report_shape(overview, place), make_graph(overview)
    callers = sorted({line["caller"] for entry in shape["entries"] for line in entry["calledBy"]})
    number = {name: place for place, name in enumerate(callers)}
    for entry in shape["entries"]:
        entry["callers"] = sorted({number[line["caller"]] for line in entry["calledBy"]})
        entry["classes"] = list(dict.fromkeys(line["class"] for line in entry["reaches"]))
        entry["rows"] = [_joined(list(found)) for _, found in groupby(entry["reaches"], key=_alike)]
    there = {kind for entry in shape["entries"] for kind in entry["classes"]}
    marks = {mark for entry in shape["entries"] for mark in entry["marks"]}
    return {
        **shape,
        "heads": list(HEADS),
        "picture": picture(graph),
        "mermaid": mermaid_text(graph).splitlines(),
        "callers": callers,
        "classes": {kind: title for kind, title in DESTINATIONS.items() if kind in there},
        "marks": {mark: title for mark, title in MARKS.items() if mark in marks},
        "words": {"classes": dict(DESTINATIONS), "enforcements": dict(ENFORCEMENTS), "marks": dict(MARKS)},
    }


def _alike(line: Shape) -> tuple[object, ...]:
    """Equal for entries of one list that the same rules let through: they are one row."""
    return (*(str(line[key]) for key in ("class", "ports", "enforcement", "rules", "why")), _list_of(line["key"]))


def _joined(lines: list[Shape]) -> Shape:
    first = lines[0]
    key = first["key"] if len(lines) == 1 else _list_of(first["key"])
    return {**first, "peers": list(dict.fromkeys(peer for line in lines for peer in line["peers"])), "key": key}


def _list_of(key: str) -> str:
    """`servers.github.egress.domains` of `servers.github.egress.domains[2]`."""
    return key.rpartition("[")[0] if key.endswith("]") else key
