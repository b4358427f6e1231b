"""Lists of NetworkPolicy rules, from parsed documents to intervals and boxes.

    egress[0].to[1].ipBlock {cidr, except}                  -> addresses of peers, intervals on the line of addresses
    egress[0].to[0].{namespaceSelector, podSelector}        -> pods of peers, boxes over namespace and pod labels
    egress[0].ports                                         -> points of protocol and port, names apart

What the API server would refuse, or drop without a word (unknown fields), is a fault of its rule.
Source: the API's documentation and its validation (facts on providers, section 10).
"""

from __future__ import annotations

from functools import lru_cache

from mcpfence.net.addresses import ALL, parse_cidr, parse_masked_cidr
from mcpfence.net.intervals import Interval, Intervals, canonical, is_subset, subtract
from mcpfence.patterns import regex
from mcpfence.reach.documents.fields import Unreadable, items, known_keys, mapping, number, shown, text
from mcpfence.reach.documents.label_selectors import read_selector
from mcpfence.reach.engines.contract import EVERY_PORT, NO_RULES, Action, Ports, Rule, Rules, exact_peers
from mcpfence.reach.flows import label_sets, traffic
from mcpfence.reach.flows.label_sets import Box

_PEER_KEYS = frozenset({"podSelector", "namespaceSelector", "ipBlock"})
_BLOCK_KEYS = frozenset({"cidr", "except"})
_PORT_KEYS = frozenset({"protocol", "port", "endPort"})
_RULE_KEYS = {"ingress": frozenset({"from", "ports"}), "egress": frozenset({"to", "ports"})}
_PEERS = {"ingress": "from", "egress": "to"}
_PORT_NAME = regex(r"(?=.*[a-z])(?!.*--)[a-z0-9](?:[a-z0-9-]{0,13}[a-z0-9])?\Z")


def read_rules(value: object, namespace: str, direction: str) -> Rules:
    """A list of rules of a policy in `namespace`; null and absent are the empty list.  Never raises."""
    if value is None:
        return NO_RULES
    place = f"spec.{direction}"
    try:
        entries = items(value, place)
    except Unreadable as bad:
        return Rules((), ((bad.field, bad.reason),))
    found: list[Rule] = []
    faults: list[tuple[str, str]] = []
    for index, entry in enumerate(entries):
        try:
            found.append(_rule(entry, index, namespace, direction, f"{place}[{index}]"))
        except Unreadable as bad:
            faults.append((bad.field, bad.reason))
    return Rules(tuple(found), tuple(faults))


def _rule(value: object, index: int, namespace: str, direction: str, place: str) -> Rule:
    found = mapping(value, place)
    known_keys(found, _RULE_KEYS[direction], place)
    ports = _ports(found.get("ports"), f"{place}.ports")
    field = _PEERS[direction]
    peers = items(found.get(field), f"{place}.{field}")
    if not peers:
        return _allowing(index, ALL, (label_sets.EVERYTHING,), ports, ())
    blocks: list[Intervals] = []
    pods: list[Box] = []
    for place_of, peer in enumerate(peers):
        block, box = _peer(peer, namespace, f"{place}.{field}[{place_of}]")
        if block:
            blocks.append(block)
        if box is not None:
            pods.append(box)
    addresses = blocks[0] if len(blocks) == 1 else canonical(piece for block in blocks for piece in block)
    return _allowing(index, addresses, tuple(dict.fromkeys(pods)), ports, tuple(blocks))


@lru_cache(maxsize=16384)
def _allowing(
    index: int, addresses: Intervals, pods: tuple[Box, ...], ports: Ports, blocks: tuple[Intervals, ...]
) -> Rule:
    """One rule; equal ones are one object."""
    return Rule(Action.ALLOW, exact_peers(addresses, pods), ports, position=index, blocks=blocks)


def _peer(value: object, namespace: str, place: str) -> tuple[Intervals, Box | None]:
    """Addresses and pods of one peer; no pods where its selectors can select none."""
    found = mapping(value, place)
    known_keys(found, _PEER_KEYS, place)
    pods, namespaces, block = (found.get(key) for key in ("podSelector", "namespaceSelector", "ipBlock"))
    if block is not None:
        if pods is not None or namespaces is not None:
            raise Unreadable(place, "has ipBlock beside a selector")
        return _block(block, f"{place}.ipBlock"), None
    if pods is None and namespaces is None:
        raise Unreadable(place, "has no podSelector, namespaceSelector or ipBlock")
    pod_box: Box | None = label_sets.EVERYTHING
    if pods is not None:
        pod_box = read_selector(pods, f"{place}.podSelector")
    if namespaces is None:
        return (), None if pod_box is None else label_sets.pods_in(namespace, pod_box)
    namespace_box = read_selector(namespaces, f"{place}.namespaceSelector")
    if pod_box is None or namespace_box is None:
        return (), None
    return (), (*label_sets.in_namespace(namespace_box), *label_sets.of_pod(pod_box))


def _block(value: object, place: str) -> Intervals:
    found = mapping(value, place)
    known_keys(found, _BLOCK_KEYS, place)
    whole = text(found.get("cidr"), f"{place}.cidr")
    holes = items(found.get("except"), f"{place}.except")
    try:
        return _addresses(whole, tuple([text(hole, f"{place}.except") for hole in holes]))
    except ValueError as bad:
        field, reason = bad.args
        raise Unreadable(f"{place}.{field}", reason) from None


@lru_cache(maxsize=4096)
def _addresses(cidr: str, excepts: tuple[str, ...]) -> Intervals:
    """A block without its excepts; raises ValueError with a field and a half sentence."""
    whole = _cidr(cidr, "cidr")
    holes = []
    for index, entry in enumerate(excepts):
        hole = _cidr(entry, f"except[{index}]")
        if not is_subset((hole,), (whole,)) or hole == whole:
            raise ValueError(f"except[{index}]", f"{shown(entry)} is no smaller part of the cidr")
        holes.append(hole)
    return subtract((whole,), canonical(holes)) if holes else (whole,)


def _cidr(written: str, field: str) -> Interval:
    try:
        return parse_cidr(written)
    except ValueError as bad:
        masked = parse_masked_cidr(written)  # API servers before 1.36 take and mask host bits
        if masked is None:
            raise ValueError(field, f"{shown(written)} {bad}") from None
        return masked


def _ports(value: object, place: str) -> Ports:
    entries = items(value, place)
    if not entries:
        return EVERY_PORT
    numbers: list[Interval] = []
    named: set[tuple[str, str]] = set()
    for index, entry in enumerate(entries):
        protocol, found = _port(entry, f"{place}[{index}]")
        if isinstance(found, str):
            named.add((protocol, found))
        else:
            numbers.append(traffic.span(protocol, *found))
    return Ports(canonical(numbers), frozenset(named))


def _port(value: object, place: str) -> tuple[str, str | tuple[int, int]]:
    found = mapping(value, place)
    known_keys(found, _PORT_KEYS, place)
    protocol = found.get("protocol")
    if protocol is None:
        protocol = "TCP"
    if protocol not in traffic.WITH_PORTS:
        raise Unreadable(f"{place}.protocol", f"is {shown(protocol)}, not TCP, UDP or SCTP")
    port, end = found.get("port"), found.get("endPort")
    if port is None:
        if end is not None:
            raise Unreadable(f"{place}.endPort", "stands without port")
        return str(protocol), (1, traffic.LAST_PORT)
    if isinstance(port, str):
        if end is not None:
            raise Unreadable(f"{place}.endPort", "stands beside a named port")
        if not _PORT_NAME.match(port):
            raise Unreadable(f"{place}.port", f"is {shown(port)}, neither a number nor the name of a port")
        return str(protocol), port
    first = number(port, f"{place}.port", 1, traffic.LAST_PORT)
    last = first if end is None else number(end, f"{place}.endPort", 1, traffic.LAST_PORT)
    if last < first:
        raise Unreadable(f"{place}.endPort", f"is {last}, below port {first}")
    return str(protocol), (first, last)
