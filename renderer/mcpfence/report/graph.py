"""The picture as a graph: callers, servers and workloads, classes of destinations; few enough boxes to be read.

Ten servers are ten boxes.  Of three hundred, those with the same callers, the same classes of destinations and the same
marks are one box: what a reader looks for in a picture are the groups and the odd one out; the list beside it has each
by itself.  Where that leaves too many boxes a box holds what is less alike, and its lines say that they are for some.
DNS is left out: an edge that nearly everybody has says nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Sequence
from typing import TypeVar

from mcpfence.report.destinations import Destination
from mcpfence.report.overview import Overview, Party
from mcpfence.report.words import DESTINATIONS, MARKS, caller, short, some
from mcpfence.structs import Struct

T = TypeVar("T")

BOXES = 30
"""So many boxes of one column can be read."""
_LINES = 3
"""Of a class of destinations so many are named, a line each."""
_TOGETHER = 34
"""Characters of the one line that names some of the servers or callers of a box."""
_SHOWN = ("unenforced", "undeclared", "internet", "lost")
NOBODY = "nobody"


class Box(Struct):
    """One box: its column (0 callers, 1 servers, 2 destinations), a title, lines below it, whom it is about."""

    column: int
    title: str
    lines: tuple[str, ...]
    entries: tuple[int, ...]
    """Indexes of the overview's entries: the members of a box of servers, else those that it is joined to."""
    warnings: tuple[str, ...] = ()
    """What is to be looked at, in words."""

    @property
    def texts(self) -> tuple[str, ...]:
        """All that is written in it."""
        return (self.title, *self.lines, *self.warnings)


class Edge(Struct):
    """A line between two boxes, by their indexes; `some`: not for everybody in either of them."""

    source: int
    target: int
    some: bool
    warning: bool = False


class Graph(Struct):
    """Boxes in the order in which they are drawn, column by column, and the lines between them."""

    boxes: tuple[Box, ...]
    edges: tuple[Edge, ...]


class _Row(Struct):
    """One server or workload: who calls it and which classes it reaches."""

    place: int
    entry: Party
    callers: tuple[str, ...]
    classes: tuple[Destination, ...]


def make_graph(overview: Overview) -> Graph:
    """The graph of an overview."""
    rows = [_row(place, entry) for place, entry in enumerate(overview.entries) if entry.kind != "back-end"]
    by_caller: dict[str, list[int]] = {}
    by_class: dict[Destination, list[_Row]] = {kind: [] for kind in DESTINATIONS}
    for row in rows:
        for name in row.callers:
            by_caller.setdefault(name, []).append(row.place)
        for kind in row.classes:
            by_class[kind].append(row)
    groups = _groups(rows)
    callers = _caller_groups(by_caller, groups)
    classes = [(kind, found) for kind, found in by_class.items() if found]
    groups = _in_order(groups, callers, [kind for kind, _ in classes])
    boxes = [_caller_box(names, places) for names, places in callers]
    boxes += [_server_box(group) for group in groups]
    boxes += [_class_box(kind, found) for kind, found in classes]
    return Graph(tuple(boxes), tuple(_edges(groups, callers, [kind for kind, _ in classes])))


def _row(place: int, entry: Party) -> _Row:
    callers = tuple(dict.fromkeys(map(caller, entry.called_by)))
    if entry.fence is None:
        callers = tuple(said.partition(" calls it")[0] for said in entry.holders if " calls it" in said)
    elif not callers:
        callers = (NOBODY,)
    there = {grant.destination for grant in entry.reaches} - {"dns"}
    if entry.fence is not None and not there:
        there = {"nothing"}
    return _Row(place, entry, callers, tuple(kind for kind in DESTINATIONS if kind in there))


# --- few enough boxes ---


def _groups(rows: Sequence[_Row]) -> list[list[_Row]]:
    """The servers, together where they are alike, by the first likeness that leaves few enough boxes."""
    return _few(
        rows,
        lambda row: row.place,
        lambda row: (row.callers, row.classes, _kind(row)),
        lambda row: (row.classes, _kind(row)),
        _kind,
    )


def _kind(row: _Row) -> Hashable:
    return row.entry.kind, row.entry.fence is None, _warnings(row)


def _few(items: Sequence[T], *likenesses: Callable[[T], Hashable]) -> list[list[T]]:
    found: list[list[T]] = []
    for likeness in likenesses:
        groups: dict[Hashable, list[T]] = {}
        for item in items:
            groups.setdefault(likeness(item), []).append(item)
        found = list(groups.values())
        if len(found) <= BOXES:
            break
    return found


_Callers = tuple[tuple[str, ...], tuple[int, ...]]
"""Callers that are one box, and the entries that they may call."""


def _caller_groups(by_caller: dict[str, list[int]], groups: Sequence[Sequence[_Row]]) -> list[_Callers]:
    """The callers, together where they may call the same servers, or else the same boxes of servers."""
    box_of = {row.place: number for number, group in enumerate(groups) for row in group}
    names = sorted(by_caller, key=lambda name: (name == NOBODY, name.partition(" ")[0] == "workload", name))
    found = _few(
        names,
        lambda name: name,
        lambda name: (name == NOBODY, tuple(by_caller[name])),
        lambda name: (name == NOBODY, frozenset(box_of[place] for place in by_caller[name])),
        lambda name: name == NOBODY,
    )
    return [(tuple(names), tuple(sorted({place for name in names for place in by_caller[name]}))) for names in found]


def _in_order(
    groups: list[list[_Row]], callers: Sequence[_Callers], classes: Sequence[Destination]
) -> list[list[_Row]]:
    """Each box of servers at the height where its neighbours are on average, so that few lines cross."""
    height = {name: place / max(1, len(callers)) for place, (names, _) in enumerate(callers) for name in names}
    depth = {kind: place / max(1, len(classes)) for place, kind in enumerate(classes)}

    def middle(group: list[_Row]) -> tuple[float, str]:
        found = [height[name] for name in group[0].callers] + [depth[kind] for kind in group[0].classes]
        return (sum(found) / len(found) if found else 1.0), group[0].entry.title

    return sorted(groups, key=middle)


# --- boxes ---


def _caller_box(names: tuple[str, ...], places: tuple[int, ...]) -> Box:
    if len(names) > 1:
        return Box(0, f"{len(names)} callers", (_together(list(names)),), places)
    title = "nobody: no caller is declared" if names == (NOBODY,) else names[0]
    return Box(0, title, (), places)


def _server_box(group: Sequence[_Row]) -> Box:
    places = tuple(row.place for row in group)
    first, warnings = group[0].entry, _warnings(group[0])
    elsewhere = (MARKS["elsewhere"],) if first.fence is None else ()
    if len(group) == 1:
        kind = first.runtime if first.kind == "server" else first.kind
        return Box(1, first.name, (kind, *elsewhere), places, warnings)
    alike = ", alike" if len({(row.callers, row.classes) for row in group}) == 1 else ""
    names = [row.entry.name for row in group]
    return Box(1, f"{len(group)} {first.kind}s{alike}", (_together(names), *elsewhere), places, warnings)


def _class_box(kind: Destination, rows: Sequence[_Row]) -> Box:
    grants = [grant for row in rows for grant in row.entry.reaches if grant.destination == kind]
    what = dict.fromkeys(text for grant in grants for text in grant.names or short(grant))
    lines = () if kind in ("internet", "nothing") else _named(list(what))
    warnings = ("NOT ENFORCED by any engine",) if kind == "unenforced" else ()
    return Box(2, DESTINATIONS[kind], lines, tuple(row.place for row in rows), warnings)


def _warnings(row: _Row) -> tuple[str, ...]:
    return tuple(MARKS[mark] for mark in row.entry.marks if mark in _SHOWN)


def _together(names: list[str]) -> str:
    found = [some(names, count) for count in (3, 2)]
    return next((text for text in found if len(text) <= _TOGETHER), some(names, 1))


def _named(texts: Sequence[str]) -> tuple[str, ...]:
    more = (f"and {len(texts) - _LINES:,} more",) if len(texts) > _LINES + 1 else ()
    return (*texts[: _LINES if more else _LINES + 1], *more)


def _edges(
    groups: Sequence[Sequence[_Row]], callers: Sequence[_Callers], classes: Sequence[Destination]
) -> Iterable[Edge]:
    box_of = {name: place for place, (names, _) in enumerate(callers) for name in names}
    first_class = len(callers) + len(groups)
    for place, group in enumerate(groups, len(callers)):
        sources = {box_of[name] for row in group for name in row.callers}
        for source in sorted(sources):
            names = callers[source][0]
            yield Edge(source, place, some=not all(name in row.callers for row in group for name in names))
        targets = {kind for row in group for kind in row.classes}
        for kind in sorted(targets, key=classes.index):
            partly = not all(kind in row.classes for row in group)
            yield Edge(place, first_class + classes.index(kind), some=partly, warning=kind == "unenforced")
