"""Witnesses: concrete packets on both sides of every boundary that rules draw, each with the rules that decide on it.

A rule for `TCP 443` to `192.0.2.0/24` under `*.example.com` gives

    allowed   192.0.2.0 TCP 443 as any.example.com
    denied    the addresses in front of the block and behind it, ports 442 and 444, UDP, example.com, and no name at all

as far as no other rule says otherwise: what is asked is what all policies let one pod do together.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import TypeVar

from mcpfence.net.addresses import ALL, format_address, parse_address
from mcpfence.net.intervals import Interval, Intervals, contains
from mcpfence.reach.engines.contract import Action
from mcpfence.reach.evaluation.deciding_rules import Decision, deciding_among
from mcpfence.reach.evaluation.evaluator import Evaluator, Pod, matched_anywhere
from mcpfence.reach.evaluation.fold import Speaking
from mcpfence.reach.flows import flows, host_names, traffic
from mcpfence.reach.flows.bounds import Bounds
from mcpfence.reach.flows.flows import Packet, Reach
from mcpfence.reach.flows.host_names import ANY, Names
from mcpfence.reach.flows.label_sets import NAMESPACE_NAME
from mcpfence.reach.flows.traffic import Traffic
from mcpfence.structs import Struct

T = TypeVar("T")

_BLOCKS = 8
"""So many blocks of a rule have their edges tried; of more the first, the last and those around addresses that people
know."""
_NAMES = 64
"""So many patterns of a rule are tried."""
_SPANS = 8
KNOWN = tuple(
    parse_address(text)
    for text in ("169.254.169.254", "10.0.0.1", "192.168.0.1", "1.1.1.1", "fd00:ec2::254", "2606:4700:4700::1111")
)
"""Addresses that people recognise: who reads a certificate looks for them."""
_METADATA = frozenset(map(parse_address, ("169.254.169.254", "fd00:ec2::254")))
STRANGERS = ("example.com", "example.org", "example.net")
"""Names that resolve (RFC 2606), so that a live test of one that is denied shows something."""


class Witness(Struct):
    """One packet of a pod, whether it passes, and the rules of each layer that decide so."""

    allowed: bool
    packet: Packet
    decided: tuple[Decision, ...]


def witnesses(evaluator: Evaluator, pod: Pod, direction: str, callable_at: Intervals = ()) -> list[Witness]:
    """Packets at the boundaries of every rule that speaks of a pod, none twice, in a stable order.

    `callable_at` are points on which callers are tried who may not call, where no rule opens any.
    """
    reach = evaluator.reach(pod, direction)
    layers = [*evaluator.speaking(pod, direction).values()]
    found: dict[Packet, Witness] = {}
    for packet in _candidates(layers, pod, direction, reach, callable_at):
        allowed = flows.includes(reach.least, packet)
        if packet in found or (not allowed and flows.includes(reach.most, packet)):
            continue  # what cannot be told is no witness
        said = [one for speaking in layers for one in deciding_among(speaking, direction, packet)]
        found[packet] = Witness(allowed, packet, tuple(dict.fromkeys(one for one in said if one.allows is allowed)))
    return sorted(found.values(), key=_order)


def _order(witness: Witness) -> tuple[object, ...]:
    packet = witness.packet
    address = -1 if packet.address is None else packet.address
    where = (not witness.allowed, address, packet.namespace, packet.pod)
    return *where, traffic.PROTOCOLS.index(packet.protocol), packet.port or 0, packet.name


def _candidates(
    layers: Sequence[Sequence[Speaking]], pod: Pod, direction: str, reach: Bounds[Reach], callable_at: Intervals
) -> Iterator[Packet]:
    for speaking in layers:
        for one in speaking:
            for _, rule, _ in one.rows():
                match = matched_anywhere(rule, direction).least
                if rule.action is Action.ALLOW:
                    yield from _around(flows.intersect(match, reach.least))
                elif rule.action is Action.DENY:
                    yield from filter(None, [flows.witness_outside(match, reach.most)])
    yield from _known(pod, direction, reach.least, callable_at)


def _known(pod: Pod, direction: str, reach: Reach, callable_at: Intervals) -> Iterator[Packet]:
    """Addresses that people know, and a pod of the same namespace without labels."""
    port = 443
    if direction == "ingress":
        points = [traffic.points_of(allowed) for _, allowed in (*reach.addresses, *reach.pods)] or [callable_at]
        port = next((traffic.decode(spans[0][0])[1] or port for spans in points if spans), port)
        stranger = ((NAMESPACE_NAME, pod.namespace),)
        yield Packet(namespace=stranger, pod=(), protocol="TCP", port=port)
    for address in KNOWN:
        if direction == "egress" or address not in _METADATA:
            yield Packet(address=address, protocol="TCP", port=80 if address in _METADATA else port)


def _around(reach: Reach) -> Iterator[Packet]:
    """Packets inside each part of what a rule lets through, and next to it.

    The parts of a rule mostly share their addresses or their ports: each boundary is tried with the first of them.
    """
    tried: set[tuple[str, object]] = set()

    def beside(base: Packet, points: Intervals, names: Names) -> Iterator[Packet]:
        if ("points", points) not in tried:
            yield from _at_points(base, points)
        if ("names", names) not in tried:
            yield from _at_names(base, names)
        tried.update([("points", points), ("names", names)])

    for members, points, names in _spread(reach.addresses):
        base = flows.witness(Reach(((members, ((points, names),)),)))
        if base is not None:
            yield base
            if ("addresses", members) not in tried:
                yield from _at_addresses(base, members)
            tried.add(("addresses", members))
            yield from beside(base, points, names)
    for box, points, names in _spread(reach.pods):
        base = flows.witness(Reach((), ((box, ((points, names),)),)))
        if base is not None:
            yield base
            yield from _at_labels(base)
            yield from beside(base, points, names)


def _spread(rows: Iterable[tuple[T, Traffic]]) -> Iterator[tuple[T, Intervals, Names]]:
    return ((peers, points, names) for peers, allowed in rows for points, names in allowed)


def _at_addresses(base: Packet, members: Intervals) -> Iterator[Packet]:
    for first, last in _edges(members):
        inside = (first,) if len(members) > 1 else ()
        for address in (*inside, first - 1, last + 1):
            if contains(ALL, address):
                yield base._replace(address=address)


def _edges(members: Intervals) -> Sequence[Interval]:
    if len(members) <= _BLOCKS:
        return members
    chosen = {0, len(members) - 1}
    for known in KNOWN:  # the gap that one lies in is between these two, or it lies in the second
        behind = next((place for place, (_, last) in enumerate(members) if last >= known), 0)
        chosen |= {max(behind - 1, 0), behind}
    return [members[place] for place in sorted(chosen)]


def _at_points(base: Packet, points: Intervals) -> Iterator[Packet]:
    for first, last in islice(points, _SPANS):
        protocol, low = traffic.decode(first)
        high = traffic.decode(last)[1]
        if low is None or high is None:
            yield base._replace(protocol=protocol, port=None)
            continue
        for port in (low, low - 1, high + 1):
            if 1 <= port <= traffic.LAST_PORT:
                yield base._replace(protocol=protocol, port=port)
        yield base._replace(protocol="TCP" if protocol == "UDP" else "UDP", port=low)


def _at_names(base: Packet, names: Names) -> Iterator[Packet]:
    if names is ANY:
        return
    yield base._replace(name="")
    yield from (base._replace(name=name) for name in STRANGERS[:1])
    positive = (pattern for pattern in host_names.signed_patterns(names) if not pattern.startswith(("!", "-")))
    for pattern in islice(positive, _NAMES):
        labels = pattern.split(".")
        wild = sum(label in ("*", "?") for label in labels)
        fixed = labels[wild:]
        yield base._replace(name=".".join(["any"] * wild + fixed) if wild < len(labels) else STRANGERS[0])
        yield base._replace(name=".".join(fixed if wild else ["any", *fixed]))


def _at_labels(base: Packet) -> Iterator[Packet]:
    """The same pod in another namespace, and with each of its labels changed in turn."""
    yield base._replace(namespace=((NAMESPACE_NAME, "any-other"),))
    for place, (key, value) in enumerate(base.pod):
        changed = (key, f"{value[:50]}-not")
        yield base._replace(pod=(*base.pod[:place], changed, *base.pod[place + 1 :]))


def peer_of(packet: Packet) -> dict[str, object]:
    """The other end of a packet as a certificate has it."""
    if packet.address is not None:
        return {"address": format_address(packet.address)}
    return {"namespace": dict(packet.namespace), "labels": dict(packet.pod)}
