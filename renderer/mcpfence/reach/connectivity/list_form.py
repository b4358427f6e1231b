"""Connectivity as a list, exactly as netpol-analyzer's `list` prints them.

    default/web[Deployment] => default/db[StatefulSet] : TCP 5432
    0.0.0.0-9.255.255.255[External] => default/web[Deployment] : All Connections
    {ingress-controller} => default/web[Deployment] : TCP 8080

Lines are sorted by source, then destination.  IPv4 is cut wherever a block of any policy begins or ends, so that an end
outside may stand in many lines (`text_form` has one).  The format knows IPv4 ranges, and TCP, UDP and SCTP ports; IPv6,
ICMP and names are beyond it (`as_json` has them).  Names are no names of the API server where they hold a line break
or a control; such characters, and spaces, are escapes here, so that no manifest forges a line.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

from mcpfence.net.addresses import ALL_V4, format_address
from mcpfence.net.intervals import Interval, Intervals, intersect
from mcpfence.reach.connectivity.connections import Connectivity, Target
from mcpfence.reach.connectivity.ingress_backends import CONTROLLER, CONTROLLER_TEXT
from mcpfence.reach.connectivity.outside import Outside, ranges
from mcpfence.reach.connectivity.workloads import ClusterWorkload
from mcpfence.reach.flows import traffic
from mcpfence.text.printable import printable

_ALL = "All Connections"

Row = tuple[str, str, str]
"""Source, destination, what passes."""


def as_list(found: Connectivity, focus: str = "") -> str:
    """Every line, each with its newline; with `focus`, those of one workload (see `rows`)."""
    ends = OneWord()
    return "".join([f"{ends[source]} => {ends[target]} : {passes}\n" for source, target, passes in rows(found, focus)])


def rows(found: Connectivity, focus: str = "") -> Iterator[Row]:
    """Sorted rows.  `focus` is a workload's name, `namespace/name`, or `ingress-controller`: one end must be it."""
    wanted = focused(found, focus) if focus else None
    inward = _by_range(found)
    outward = _Outward(found)
    for source in sorted((*found.inside, *inward, *((CONTROLLER_TEXT,) if found.controller else ()))):
        if source in found.inside:
            pairs = outward.of(found.inside[source], found.outward[source])
        else:
            pairs = inward[source] if source in inward else _passing(found.controller)
        if wanted is not None and source not in wanted:
            pairs = [pair for pair in pairs if pair[0] in wanted]
        for target, passes in pairs:
            if target != source:
                yield source, target, passes


def focused(found: Connectivity, focus: str) -> frozenset[str]:
    """The texts of the workloads that a focus names; empty where there is none."""
    texts = {text for text, one in found.workloads.items() if _is_named(one, focus)}
    if found.controller and _is_named(CONTROLLER, focus):
        texts.add(CONTROLLER_TEXT)
    return frozenset(texts)


@lru_cache(maxsize=4096)
def passes_text(points: Intervals) -> str:
    """What passes, in the words of the format; empty for what it has no words for."""
    ported = intersect(points, traffic.PORTED_POINTS)
    if ported == traffic.PORTED_POINTS:
        return _ALL
    found = sorted(f"{protocol} {','.join(map(_ports_text, ports))}" for protocol, ports in traffic.by_protocol(ported))
    return ",".join(found)


class OneWord(dict[str, str]):
    """Each end as one word: a space in a name, which the API server takes in none, would end it for a reader.

    Kept, for an end stands in as many lines as there are others.
    """

    def __missing__(self, text: str) -> str:
        self[text] = printable(text).replace(" ", "\\x20")
        return self[text]


def range_text(block: Interval) -> str:
    """A range of addresses as an end of a connection."""
    return f"{format_address(block[0])}-{format_address(block[1])}[External]"


def _ports_text(ports: Interval) -> str:
    return str(ports[0]) if ports[0] == ports[1] else f"{ports[0]}-{ports[1]}"


def _is_named(one: ClusterWorkload, focus: str) -> bool:
    return focus in (one.name, f"{one.namespace}/{one.name}")


def _passing(targets: tuple[Target, ...]) -> list[tuple[str, str]]:
    return [(text, passes) for text, points in targets if (passes := passes_text(points))]


class _Outward:
    """What sources reach, as sorted pairs; sources with equal answers share one list."""

    def __init__(self, found: Connectivity) -> None:
        self._ranges = [(block, range_text(block)) for block in ranges(found.egress_borders)]
        self._known: dict[tuple[int, int], list[tuple[str, str]]] = {}

    def of(self, inside: tuple[Target, ...], outside: Outside) -> list[tuple[str, str]]:
        key = (id(inside), id(outside))
        if key not in self._known:
            self._known[key] = sorted([*_passing(inside), *_outside(outside, self._ranges)])
        return self._known[key]


def _by_range(found: Connectivity) -> dict[str, list[tuple[str, str]]]:
    """What each range of addresses reaches."""
    cut = [(block, range_text(block)) for block in ranges(found.ingress_borders)]
    known: dict[int, list[tuple[str, str]]] = {}
    by_range: dict[str, list[tuple[str, str]]] = {}
    for text, outside in found.inward.items():
        if id(outside) not in known:
            known[id(outside)] = _outside(outside, cut)
        for name, passes in known[id(outside)]:
            by_range.setdefault(name, []).append((text, passes))
    return by_range


def _outside(outside: Outside, cut: list[tuple[Interval, str]]) -> list[tuple[str, str]]:
    """The ranges of one answer with what passes; each range lies wholly in one group or in none."""
    found = []
    for members, allowed in outside:
        passes = passes_text(traffic.points_of(allowed))
        place = 0
        for first, last in intersect(members, (ALL_V4,)) if passes else ():
            while place < len(cut) and cut[place][0][0] < first:
                place += 1
            while place < len(cut) and cut[place][0][0] <= last:
                found.append((cut[place][1], passes))
                place += 1
    return found
