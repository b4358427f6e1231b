"""Observations against the fences: granted, would be denied, unknown and why, denied already.

The judge is the one of the proof: what a fence says, as its engine gives it, asked with single flows.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Literal

from mcpfence.explain.context import View
from mcpfence.explain.grants import Line, caller_lines, egress_lines
from mcpfence.net.hosts import BadHost, parse_host
from mcpfence.observe.addresses import line_address
from mcpfence.observe.attribution import Direction, Observation, Peer
from mcpfence.observe.table import Tally
from mcpfence.plan.blocked_ranges import metadata_reason, reasons_against
from mcpfence.plan.cluster import cluster_facts
from mcpfence.plan.fence import Fence
from mcpfence.proof.prove import wanted
from mcpfence.reach.flows import flows, label_sets, traffic
from mcpfence.reach.flows.flows import Packet, Reach
from mcpfence.structs import Struct

Outcome = Literal["granted", "wish", "unknown", "already", "dns", "node"]


class SeenTarget(Struct):
    """What is told of as one thing: a name, an address, pods, on one port."""

    direction: Direction
    peer: Peer
    """Without the address where a name or pods stand for it."""
    protocol: str
    port: int
    why: str = ""
    """Why it is unknown."""


@dataclass(slots=True)
class Evidenced:
    """What was seen of one thing."""

    tally: Tally
    days: set[int] = field(default_factory=set)
    pods: set[str] = field(default_factory=set)
    addresses: set[str] = field(default_factory=set)
    audited: bool = False


@dataclass(slots=True)
class Judged:
    """All that was seen of one fence."""

    fence: Fence
    outcomes: dict[tuple[Outcome, SeenTarget], Evidenced] = field(default_factory=dict)
    seen: set[int] = field(default_factory=set)
    """Of the lines of what it grants, those that a flow used, by their place."""
    perhaps: set[int] = field(default_factory=set)
    """Those that a flow may have used whose name is not sure."""
    lines: tuple[tuple[Direction, Line], ...] = ()
    records: int = 0

    def of(self, outcome: Outcome) -> Iterator[tuple[SeenTarget, Evidenced]]:
        """What came out so, in a fixed order."""
        found = [(target, told) for (one, target), told in self.outcomes.items() if one == outcome]
        return iter(sorted(found, key=lambda item: _order(item[0])))

    @property
    def unseen(self) -> tuple[Line, ...]:
        """What is granted and was not seen, nor may have been; DNS aside, which is told apart."""
        used = self.seen | self.perhaps
        return tuple(line for place, (_, line) in enumerate(self.lines) if place not in used and line.kind != "dns")


def _order(target: SeenTarget) -> tuple[object, ...]:
    peer = target.peer
    return (
        target.direction,
        peer.kind,
        peer.names,
        peer.namespace,
        peer.labels,
        peer.address,
        target.protocol,
        target.port,
    )


class Judge:
    """Judges observations one by one; what was decided of a flow once is not worked out again."""

    def __init__(self, view: View) -> None:
        self._view = view
        self.found: dict[tuple[str, str], Judged] = {}
        self._reach: dict[tuple[str, str, Direction], Reach] = {}
        dns = cluster_facts(view.catalog).dns
        self._dns = wanted(view.fences[0]._replace(egress=(dns,), ingress=(), names=())).egress if view.fences else None
        self._marked: set[tuple[str, str, Direction, Peer, str, int]] = set()
        self._decided: dict[tuple[str, str, Direction, Peer, str, int], tuple[Outcome, str]] = {}
        for fence in view.fences:
            reaches = egress_lines(view, fence) if fence.kind != "service" else ()
            callers = caller_lines(view, fence)
            lines: list[tuple[Direction, Line]] = [("egress", line) for line in reaches]
            lines += [("ingress", line) for line in callers]
            self.found[fence.kind, fence.name] = Judged(fence, lines=tuple(lines))

    def take(self, seen: Observation) -> None:
        """Judge one observation and keep what came of it."""
        judged = self.found[seen.fence.kind, seen.fence.name]
        judged.records += seen.tally.records
        outcome, why = self._outcome(seen)
        once = (seen.fence.kind, seen.fence.name, seen.direction, seen.peer, seen.protocol, seen.port)
        if outcome in {"granted", "unknown"} and seen.oriented and once not in self._marked:
            self._marked.add(once)
            _mark(judged, seen, sure=outcome == "granted" and (seen.peer.named or not seen.peer.names))
        peer = seen.peer
        if peer.kind == "pods" or peer.named or len(peer.names) > 1:
            peer = peer._replace(address="")
        target = SeenTarget(seen.direction, peer, seen.protocol, seen.port, why)
        told = judged.outcomes.get((outcome, target))
        if told is None:
            told = judged.outcomes[outcome, target] = Evidenced(seen.tally)
        else:
            told.tally = told.tally.joined(seen.tally)
        told.days.add(seen.day)
        told.pods.add(seen.pod)
        told.audited |= seen.verdict == "audit"
        self._keep(told.addresses, seen.peer.address)

    def _keep(self, kept: set[str], address: str) -> None:
        """Keep some addresses of one thing; however many: one at least for which nothing is proposed."""
        if not address or address in kept:
            return
        if len(kept) < _ADDRESSES or (len(kept) < 2 * _ADDRESSES and _is_never_proposed(self._view, address)):
            kept.add(address)

    def _outcome(self, seen: Observation) -> tuple[Outcome, str]:
        if seen.peer.kind == "node":
            return "node", ""
        if not seen.oriented:
            return "unknown", "which end called the other is not told"
        key = (seen.fence.kind, seen.fence.name, seen.direction, seen.peer, seen.protocol, seen.port)
        if key not in self._decided:
            self._decided[key] = self._decide(seen)
        outcome, why = self._decided[key]
        if seen.verdict == "denied" and outcome != "dns":
            return "already", ""
        return outcome, why

    def _decide(self, seen: Observation) -> tuple[Outcome, str]:
        peer, packets = seen.peer, list(packets_of(seen))
        if peer.kind == "unknown":
            return "unknown", peer.why
        if seen.direction == "egress" and self._dns and packets and flows.includes(self._dns, packets[0]):
            return "dns", ""
        reach = self._reach_of(seen.fence, seen.direction)
        if peer.kind == "outside":
            return self._to_somewhere(seen, reach)
        if not packets:
            return "unknown", "its address or port is none"
        sure = packets_of(seen._replace(peer=peer._replace(names=()))) if peer.why else packets
        if all(flows.includes(reach, packet) for packet in sure):
            return "granted", ""
        return _refused(seen, reach)

    def _to_somewhere(self, seen: Observation, reach: Reach) -> tuple[Outcome, str]:
        """Some public address: unknown where any of them may be reached on that port."""
        point = _point(seen.protocol, seen.port)
        asked = flows.reach_of(tuple(b.block for b in self._view.network.public), (), traffic.plain((point,)))
        if flows.intersect(reach, asked):
            return "unknown", "the log has no address of it, and some are granted there"
        return "wish", ""

    def _reach_of(self, fence: Fence, direction: Direction) -> Reach:
        key = (fence.kind, fence.name, direction)
        if key not in self._reach:
            prepared = self._view.prepared(fence)[0] if fence.kind != "service" else fence
            self._reach[key] = wanted(prepared).egress if direction == "egress" else wanted(prepared).ingress
        return self._reach[key]


def _refused(seen: Observation, reach: Reach) -> tuple[Outcome, str]:
    """What a flow is that is not surely granted."""
    peer = seen.peer
    if peer.why:
        return "unknown", peer.why
    if len(peer.names) > 1:
        return "unknown", "several names stand for its address"
    if peer.names:
        return ("wish", "") if is_host(peer.names[0]) else ("unknown", "its name is no host name")
    if seen.direction == "egress" and peer.kind == "address" and _some_name_opens(seen, reach):
        return "unknown", "no name, and names are granted there"
    return "wish", ""


def _mark(judged: Judged, seen: Observation, *, sure: bool) -> None:
    """Note the lines that grant what was seen: used, or perhaps used where the name is not sure."""
    packets = list(packets_of(seen))
    for place, (direction, line) in enumerate(judged.lines):
        if place in judged.seen or direction != seen.direction:
            continue
        if any(flows.includes(line.reach, packet) for packet in packets):
            (judged.seen if sure else judged.perhaps).add(place)
        elif not sure and not seen.peer.names and _some_name_opens(seen, line.reach):
            judged.perhaps.add(place)


def _some_name_opens(seen: Observation, reach: Reach) -> bool:
    """Whether the address is open on that port under some name."""
    at = line_address(seen.peer.address) if seen.peer.address else None
    if at is None:
        return False
    every = traffic.plain((_point(seen.protocol, seen.port),))
    return bool(flows.intersect(reach, flows.reach_of(((at, at),), (), every)))


_ADDRESSES = 20
"""So many addresses of one thing are kept, and as many again for which nothing is proposed."""


def _is_never_proposed(view: View, address: str) -> bool:
    at = line_address(address)
    return at is not None and bool(metadata_reason(at) or reasons_against(at, view.catalog))


def packets_of(seen: Observation) -> Iterator[Packet]:
    """The flows that an observation may have been: one for each name that its address may stand for."""
    protocol = seen.protocol if seen.protocol in traffic.PROTOCOLS else "other"
    port = seen.port if protocol in traffic.WITH_PORTS else None
    if protocol in traffic.WITH_PORTS and not 0 < seen.port <= traffic.LAST_PORT:
        return
    peer = seen.peer
    if peer.kind == "pods":
        namespace = ((label_sets.NAMESPACE_NAME, peer.namespace),)
        yield Packet(namespace=namespace, pod=peer.labels, protocol=protocol, port=port)
        return
    at = line_address(peer.address)
    if at is not None:
        names: Iterable[str] = peer.names or ("",)
        yield from (Packet(address=at, protocol=protocol, port=port, name=name) for name in names)


def _point(protocol: str, port: int) -> tuple[int, int]:
    known = protocol if protocol in traffic.PROTOCOLS else "other"
    return traffic.span(known, max(port, 1), max(port, 1))


def is_host(name: str) -> bool:
    """Whether a catalog could name it: no name of the cluster, of metadata, or with strange characters."""
    try:
        return bool(parse_host(name))
    except BadHost:
        return False
