"""Reach as plain rows, and rows as reach: the form in which a set of flows is written down and read again.

    {"addresses": ["192.0.2.0-192.0.2.255"], "flows": ["TCP 443"], "names": ["*.example.com", "!a.example.com"]}
    {"pods": {"app": {"in": ["redis"]}}, "namespaces": {"team": {"notIn": ["a"], "missing": true}}, "flows": ["UDP"]}

A row is a set of peers with what they may exchange with the subject.  `flows` are protocols, with their ports unless
all are meant; without `names` a flow may show any name or none, `-` among them stands for a flow that shows none, and
of two patterns that match a name the one with more fixed labels decides.  Writing and reading are exact: a set that was
written and read is the same set.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any

from mcpfence.net.addresses import format_address, parse_address
from mcpfence.net.intervals import Intervals, canonical
from mcpfence.reach.flows import flows, host_names, label_sets, traffic
from mcpfence.reach.flows.flows import Reach
from mcpfence.reach.flows.host_names import ANY, Names
from mcpfence.reach.flows.label_sets import Box, Values

Row = dict[str, Any]


def rows_of(reach: Reach) -> list[Row]:
    """The rows of a set of flows: addresses first, both in the set's own order."""
    rows = [
        {"addresses": list(ranges_of(members)), **shown}
        for members, allowed in reach.addresses
        for shown in _exchanges(allowed)
    ]
    for box, allowed in reach.pods:
        of_namespace, of_pod = label_sets.split_peer(box)
        peers = {"pods": labels_form(of_pod), "namespaces": labels_form(of_namespace)}
        rows += [{**peers, **shown} for shown in _exchanges(allowed)]
    return rows


def reach_of_rows(rows: Iterable[Mapping[str, Any]]) -> Reach:
    """The set of flows of some rows; raises ValueError (a half sentence), KeyError or TypeError where one is no row."""
    return flows.union_of([_reach(row) for row in rows])


def _reach(row: Mapping[str, Any]) -> Reach:
    names = ANY if row.get("names") is None else read_names(tuple(row["names"]))
    allowed = traffic.named(read_points(tuple(row["flows"])), names)
    if "addresses" in row:
        return flows.reach_of(read_ranges(tuple(row["addresses"])), (), allowed)
    of_namespace, of_pod = read_labels(row["namespaces"]), read_labels(row["pods"])
    return flows.reach_of((), [(*label_sets.in_namespace(of_namespace), *label_sets.of_pod(of_pod))], allowed)


def _exchanges(allowed: traffic.Traffic) -> list[Row]:
    found = []
    for points, names in allowed:
        row: Row = {"flows": list(flows_form(points))}
        found.append(row if names is ANY else {**row, "names": list(host_names.signed_patterns(names))})
    return found


# --- addresses ---


@lru_cache(maxsize=4096)
def ranges_of(members: Intervals) -> tuple[str, ...]:
    """Addresses as ranges: `192.0.2.0-192.0.2.255`, and one address as itself."""
    return tuple(
        format_address(first) if first == last else f"{format_address(first)}-{format_address(last)}"
        for first, last in members
    )


@lru_cache(maxsize=4096)
def read_ranges(texts: tuple[str, ...]) -> Intervals:
    """The addresses of ranges; raises ValueError."""
    found = []
    for text in texts:
        first, _, last = text.partition("-")
        pair = (parse_address(first), parse_address(last or first))
        if pair[0] > pair[1] or (":" in first) is not (":" in (last or first)):
            raise ValueError(f"{text} is no range of addresses")
        found.append(pair)
    return canonical(found)


# --- protocols and ports ---


@lru_cache(maxsize=4096)
def flows_form(points: Intervals) -> tuple[str, ...]:
    """Protocols and ports: `TCP 443`, `TCP 8000-8999`, and `TCP` for all of its ports."""
    found: list[str] = []
    for protocol, ports in traffic.by_protocol(points):
        if not ports or ports == ((1, traffic.LAST_PORT),):
            found.append(protocol)
            continue
        found += [f"{protocol} {first}" if first == last else f"{protocol} {first}-{last}" for first, last in ports]
    return tuple(found)


@lru_cache(maxsize=4096)
def read_points(texts: tuple[str, ...]) -> Intervals:
    """The points of protocols and ports; raises ValueError."""
    found = []
    for text in texts:
        protocol, _, ports = text.partition(" ")
        first, _, last = ports.partition("-")
        low, high = (int(first), int(last or first)) if ports else (1, traffic.LAST_PORT)
        if not 1 <= low <= high <= traffic.LAST_PORT or (ports and protocol not in traffic.WITH_PORTS):
            raise ValueError(f"{text} is no range of ports")
        found.append(traffic.span(protocol, low, high))
    return canonical(found)


# --- labels ---


def labels_form(box: Box) -> Row:
    """What labels must be: for each key the values (`in`, `notIn`), and `missing` where it need not be there."""
    found: Row = {}
    for key, (absent, inverted, values) in box:
        found[key] = {"notIn" if inverted else "in": sorted(values), **({"missing": True} if absent else {})}
    return found


def read_labels(form: Mapping[str, Mapping[str, Any]]) -> Box:
    """The box of what labels must be; raises ValueError, KeyError or TypeError."""
    found = []
    for key, said in sorted(form.items()):
        inverted = "notIn" in said
        values = frozenset(_texts(said["notIn" if inverted else "in"]))
        found.append((key, Values(bool(said.get("missing")), inverted, values)))
    return tuple(found)


def _texts(values: Sequence[object]) -> list[str]:
    if isinstance(values, str) or not all(isinstance(value, str) for value in values):
        raise ValueError("the values of a label are no list of texts")
    return [str(value) for value in values]


# --- names ---


@lru_cache(maxsize=4096)
def read_names(patterns: tuple[str, ...]) -> Names:
    """The set of names that `host_names.signed_patterns` wrote; raises ValueError."""
    found = host_names.NONE
    for text in sorted(patterns, key=_fixed):
        names = _pattern(text.removeprefix("!"))
        found = host_names.subtract(found, names) if text.startswith("!") else host_names.union(found, names)
    return found


def _fixed(pattern: str) -> int:
    return sum(label not in ("*", "?", "-") for label in pattern.removeprefix("!").split("."))


def _pattern(text: str) -> Names:
    if text == "-":
        return host_names.NAMELESS
    labels = text.split(".")
    wild = next((place for place, label in enumerate(labels) if label not in ("*", "?")), len(labels))
    if not wild:
        return host_names.names_of([text])
    endless = "*" in labels[:wild]
    if "*" in labels[: wild - 1]:
        raise ValueError(f"{text} is no pattern of names")
    return host_names.names_at([(".".join(["*", *labels[wild:]]), wild, 0 if endless else wild)])
