"""Lists of ApplicationNetworkPolicy rules, from parsed documents to intervals, boxes and names.

    egress[0].to[0].ipBlock {cidr, except}               -> addresses of peers
    egress[0].to[1].{namespaceSelector, podSelector}     -> pods of peers
    egress[0].to[2].domainNames [api.x, *.y]             -> flows to anywhere, pods included, that show such a name
    egress[0].ports [{protocol, port, endPort}]          -> points; none: every protocol and port

A name is what an address was resolved from, so it is open wherever it resolves to: nothing stands in front of it.
`*.y` is one or more labels below y, never y.  What the API server takes and nobody states for sure is at least nothing
and at most what any reading of it opens:

    no `to`                   the controller drops the rule, the API's text means everywhere
    peer {}, block + selector everywhere, or nothing
    a port by its name        in a rule for names it becomes every port of the protocol
    endPort below port, ...   every port of the protocol
    a cidr that is none       everywhere; an except that is none, or the whole cidr: as if it were not there
    a name in capitals, with a dot at its end: the name, or nothing
"""

from __future__ import annotations

from mcpfence.net.addresses import ALL, parse_masked_cidr
from mcpfence.net.intervals import EMPTY, Interval, Intervals, canonical, is_subset, subtract
from mcpfence.reach.documents.fields import Unreadable, items, known_keys, mapping, shown, text
from mcpfence.reach.documents.label_selectors import read_selector
from mcpfence.reach.engines.contract import Action, Peers, Ports, Rule, Rules, ShownNames, names_in_any
from mcpfence.reach.flows import host_names, label_sets, traffic
from mcpfence.reach.flows.host_names import Names
from mcpfence.reach.flows.label_sets import Box
from mcpfence.structs import Struct

_PEER_KEYS = {"ingress": frozenset({"podSelector", "namespaceSelector", "ipBlock"})}
_PEER_KEYS["egress"] = _PEER_KEYS["ingress"] | {"domainNames"}
_RULE_KEYS = {"ingress": frozenset({"from", "ports"}), "egress": frozenset({"to", "ports"})}
_FIELDS = {"ingress": "from", "egress": "to"}
_BLOCK_KEYS = frozenset({"cidr", "except"})
_PORT_KEYS = frozenset({"protocol", "port", "endPort"})


class _Points(Struct):
    """Points that are surely meant, and further ones that may be."""

    sure: Intervals
    perhaps: Intervals = EMPTY


class _Found(Struct):
    """One peer: addresses and names at least and at most, and pods; not `sure`: it may mean nothing at all."""

    least: Intervals = EMPTY
    most: Intervals = EMPTY
    pods: tuple[Box, ...] = ()
    names: tuple[Names, Names] | None = None
    sure: bool = True


_ANYWHERE = Peers(ALL, ALL, (label_sets.EVERYTHING,), (label_sets.EVERYTHING,))
_UNTOLD = _Found(EMPTY, ALL, (label_sets.EVERYTHING,), sure=False)


def read_rules(value: object, namespace: str, direction: str) -> Rules:
    """A list of rules of a policy in `namespace`.  Raises Unreadable."""
    found: list[Rule] = []
    for index, entry in enumerate(items(value, f"spec.{direction}")):
        found += _rules(entry, index, namespace, direction)
    return Rules(tuple(found))


def _rules(value: object, index: int, namespace: str, direction: str) -> list[Rule]:
    """The rules that one entry comes to: for its peers and for its names, sure ones and doubtful ones apart."""
    place, field = f"spec.{direction}[{index}]", _FIELDS[direction]
    rule = mapping(value, place)
    known_keys(rule, _RULE_KEYS[direction], place)
    points = _points(rule.get("ports"), f"{place}.ports")
    written = items(rule.get(field), f"{place}.{field}")
    peers = [
        _peer(entry, namespace, direction, f"{place}.{field}[{number}]") for number, entry in enumerate(written)
    ] or [_UNTOLD]
    parts: list[tuple[Peers, ShownNames | None, bool]] = []
    for sure in (True, False):
        some = [peer for peer in peers if peer.names is None and peer.sure is sure]
        if some:
            parts.append((_joined(some), None, sure))
    named = [peer.names for peer in peers if peer.names is not None]
    if named:
        parts.append((_ANYWHERE, names_in_any(named), True))
    found = []
    for to, names, sure in parts:
        if points.sure:
            found.append(Rule(Action.ALLOW, to, Ports(points.sure), names, sure, index))
        if points.perhaps:
            found.append(Rule(Action.ALLOW, to, Ports(points.perhaps), names, sure=False, position=index))
    return found


def _joined(found: list[_Found]) -> Peers:
    pods = tuple(dict.fromkeys(box for peer in found for box in peer.pods))
    least = canonical(piece for peer in found for piece in peer.least)
    return Peers(least, canonical(piece for peer in found for piece in peer.most), pods, pods)


def _peer(value: object, namespace: str, direction: str, place: str) -> _Found:
    found = mapping(value, place)
    known_keys(found, _PEER_KEYS[direction], place)
    block, names = found.get("ipBlock"), found.get("domainNames")
    pods, spaces = found.get("podSelector"), found.get("namespaceSelector")
    selects = pods is not None or spaces is not None
    if names is not None:
        if block is not None or selects:
            raise Unreadable(place, "has domainNames beside other peers")
        return _Found(names=_names(names, f"{place}.domainNames"))
    if block is not None:
        return _UNTOLD if selects else _block(block, f"{place}.ipBlock")
    if not selects:
        return _UNTOLD
    pod_box = read_selector(pods, f"{place}.podSelector") if pods is not None else label_sets.EVERYTHING
    if spaces is None:
        return _Found(pods=() if pod_box is None else (label_sets.pods_in(namespace, pod_box),))
    space_box = read_selector(spaces, f"{place}.namespaceSelector")
    if pod_box is None or space_box is None:
        return _Found()
    return _Found(pods=((*label_sets.in_namespace(space_box), *label_sets.of_pod(pod_box)),))


def _names(value: object, place: str) -> tuple[Names, Names]:
    """What a list of names matches at least and at most."""
    written = [text(entry, f"{place}[{number}]") for number, entry in enumerate(items(value, place))]
    if not written:
        raise Unreadable(place, "is empty")
    for number, entry in enumerate(written):
        try:
            host_names.names_of([entry])
        except ValueError as bad:
            raise Unreadable(f"{place}[{number}]", f"{shown(entry)} {bad}") from None
    plain = [entry for entry in written if entry == entry.lower().removesuffix(".")]
    return host_names.names_of(plain), host_names.names_of(written)


def _block(value: object, place: str) -> _Found:
    """Blocks may have host bits, which are masked."""
    block = mapping(value, place)
    known_keys(block, _BLOCK_KEYS, place)
    whole = parse_masked_cidr(text(block.get("cidr"), f"{place}.cidr"))
    holes = [parse_masked_cidr(text(hole, f"{place}.except")) for hole in items(block.get("except"), f"{place}.except")]
    if whole is None:
        return _Found(EMPTY, ALL)
    inside = [hole for hole in holes if hole is not None and hole != whole and is_subset((hole,), (whole,))]
    rest = subtract((whole,), canonical(inside))
    odd = any(hole is None or hole == whole for hole in holes)
    return _Found(EMPTY if odd else rest, rest)


def _points(value: object, place: str) -> _Points:
    entries = items(value, place)
    if not entries:
        return _Points(traffic.EVERY_POINT)
    sure: list[Interval] = []
    perhaps: list[Interval] = []
    for index, entry in enumerate(entries):
        found = _port(entry, f"{place}[{index}]")
        sure += found.sure
        perhaps += found.perhaps
    known = canonical(sure)
    return _Points(known, subtract(canonical(perhaps), known))


def _port(value: object, place: str) -> _Points:
    found = mapping(value, place)
    known_keys(found, _PORT_KEYS, place)
    protocol = found.get("protocol")
    if protocol is None:
        protocol = "TCP"
    if protocol not in traffic.WITH_PORTS:
        return _Points(EMPTY, traffic.EVERY_POINT)
    port, end = found.get("port"), found.get("endPort")
    every = (traffic.span(str(protocol)),)
    if port is None:
        return _Points(every) if end is None else _Points(EMPTY, every)
    last = port if end is None else end
    if not (_is_port(port) and _is_port(last)) or last < port:  # type: ignore[operator]  # both are whole numbers
        return _Points(EMPTY, every)
    return _Points((traffic.span(str(protocol), port, last),))  # type: ignore[arg-type]


def _is_port(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= traffic.LAST_PORT
