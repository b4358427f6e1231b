"""The picture as a graph: few boxes, each server in one of them, and no line that is not a permission."""

from __future__ import annotations

import pytest

from edges import catalog, container
from explaining import EXAMPLES
from mcpfence.report.graph import BOXES, Graph, make_graph
from mcpfence.report.overview import Overview
from mcpfence.report.words import DESTINATIONS, caller
from reporting import overview, overview_of


def _servers(made: Overview) -> list[int]:
    return [place for place, entry in enumerate(made.entries) if entry.kind != "back-end"]


def _lines(graph: Graph, column: int) -> set[tuple[str, int]]:
    """(title of the caller or class, server) of each line into or out of the servers, groups taken apart."""
    found = set()
    for edge in graph.edges:
        ends = graph.boxes[edge.source], graph.boxes[edge.target]
        outer = ends[0] if column == 0 else ends[1]
        inner = ends[1] if column == 0 else ends[0]
        if outer.column == column:
            found |= {(outer.title, place) for place in inner.entries}
    return found


@pytest.mark.parametrize("example", EXAMPLES)
def test_lines_are_permissions(example: str) -> None:
    """From callers to servers, from servers to classes: those of the fences, and no other."""
    made = overview_of(example)
    graph = make_graph(made)
    called = {
        (caller(grant), place)
        for place in _servers(made)
        for grant in made.entries[place].called_by
        if made.entries[place].fence
    }
    reached = {
        (DESTINATIONS[grant.destination], place)
        for place in _servers(made)
        for grant in made.entries[place].reaches
        if grant.destination != "dns"
    }

    assert called <= _lines(graph, 0)
    assert {(title, place) for title, place in _lines(graph, 0) - called if made.entries[place].called_by} == set()
    assert reached <= _lines(graph, 2)
    assert {title for title, _ in _lines(graph, 2) - reached} <= {"nothing"}
    assert not any(edge.some for edge in graph.edges)
    assert all(graph.boxes[edge.source].column + 1 == graph.boxes[edge.target].column for edge in graph.edges)


@pytest.mark.parametrize("example", EXAMPLES)
def test_each_server_has_one_box(example: str) -> None:
    """Nobody is left out, and no column has more boxes than can be read."""
    made = overview_of(example)
    boxes = make_graph(made).boxes

    assert sorted(place for box in boxes if box.column == 1 for place in box.entries) == _servers(made)
    assert max(sum(box.column == column for box in boxes) for column in range(3)) <= BOXES


def test_thirty_are_boxes_and_more_are_groups() -> None:
    """Up to the limit each server has its own box; beyond it those that are alike have one."""
    few = overview(catalog(**{f"s{number:02}": container() for number in range(BOXES)}))
    odd = {"odd": container(egress={"cidrs": [{"cidr": "10.0.0.0/8", "ports": [1]}]})}
    many = overview(catalog(**{f"s{number:02}": container() for number in range(BOXES)}, **odd))
    grouped = [box for box in make_graph(many).boxes if box.column == 1]

    assert [box.title for box in make_graph(few).boxes if box.column == 1] == [
        f"s{number:02}" for number in range(BOXES)
    ]
    assert [(box.title, box.lines, len(box.entries), box.warnings) for box in grouped] == [
        ("odd", ("containerized",), 1, ()),
        ("30 servers, alike", ("s00, s01, s02 and 27 more",), 30, ("undeclared",)),
    ]


def test_too_many_ways_to_be_alike() -> None:
    """Where callers alone make too many groups, what servers reach decides, and so for callers."""
    clients = {f"c{number}": {"namespace": f"n{number}", "podSelector": {"app": "c"}} for number in range(40)}
    servers = {f"s{number}": container(ingress={"from": [f"c{number}"]}) for number in range(40)}
    boxes, edges = make_graph(overview({"clients": clients, "servers": servers}))

    assert [box.title for box in boxes if box.column == 1] == ["40 servers"]
    assert [(box.title, box.lines) for box in boxes if box.column == 0] == [
        ("40 callers", ("c0, c1, c10 and 37 more",))
    ]
    assert [edge.some for edge in edges] == [True, False]


def test_nobody_and_nothing() -> None:
    """A server that nobody may call and that reaches nothing says both."""
    graph = make_graph(overview({"servers": {"a": container(egress={"domains": []})}}))

    assert [box.title for box in graph.boxes] == ["nobody: no caller is declared", "a", "nothing"]
    assert [edge[:2] for edge in graph.edges] == [(0, 1), (1, 2)]
