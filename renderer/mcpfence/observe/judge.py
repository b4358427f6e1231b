"""Observations against the fences: granted, would be denied, unknown and why, denied already.

The judge is the one of the proof: what a fence says, as its engine gives it, asked with single flows.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Literal

from mcpfence.explain.context import View
from mcpfence.explain.grants import Line, caller_lines, egress_lines
from mcpfence.net.hosts import BadHost, parse_host
from mcpfence.observe.addresses import line_address
from mcpfence.observe.attribution import Direction, Peer
from mcpfence.observe.sightings import Observation
from mcpfence.plan.cluster import cluster_facts
from mcpfence.plan.fence import Fence
from mcpfence.proof.prove import wanted
from mcpfence.reach.flows import flows, label_sets, traffic
from mcpfence.reach.flows.flows import Packet, Reach

Outcome = Literal["granted", "wish", "unknown", "already", "dns", "node"]


class UsedLines:
    """The lines of what a fence grants, and which of them flows used."""

    def __init__(self, lines: tuple[tuple[Direction, Line], ...]) -> None:
        self.lines = lines
        self.seen: set[int] = set()
        """Those that a flow used, by their place."""
        self.perhaps: set[int] = set()
        """Those that a flow may have used whose name is not sure."""

    @property
    def unseen(self) -> tuple[Line, ...]:
        """What is granted and was not seen, nor may have been; DNS aside, which is told apart."""
        used = self.seen | self.perhaps
        return tuple(line for place, (_, line) in enumerate(self.lines) if place not in used and line.kind != "dns")


_Once = tuple[str, str, Direction, Peer, str, int]
_KEPT = 20_000
"""So many decisions are kept."""


class Judge:
    """Judges observations one by one; what was decided of a flow is not worked out again at once."""

    def __init__(self, view: View) -> None:
        self._view = view
        self.used: dict[tuple[str, str], UsedLines] = {}
        """By kind and name of the fence."""
        self._reach: dict[tuple[str, str, Direction], Reach] = {}
        dns = cluster_facts(view.catalog).dns
        self._dns = wanted(view.fences[0]._replace(egress=(dns,), ingress=(), names=())).egress if view.fences else None
        self._marked: set[_Once] = set()
        self._decided: dict[_Once, tuple[Outcome, str]] = {}
        for fence in view.fences:
            reaches = egress_lines(view, fence) if fence.kind != "service" else ()
            callers = caller_lines(view, fence)
            lines: list[tuple[Direction, Line]] = [("egress", line) for line in reaches]
            lines += [("ingress", line) for line in callers]
            self.used[fence.kind, fence.name] = UsedLines(tuple(lines))

    def outcome(self, seen: Observation) -> tuple[Outcome, str]:
        """What is to be said of an observation, and why; what it used of the fence is noted."""
        once = (seen.fence.kind, seen.fence.name, seen.direction, seen.peer, seen.protocol, seen.port)
        outcome, why = self._outcome(seen, once)
        if outcome in {"granted", "unknown"} and seen.oriented and once not in self._marked:
            if len(self._marked) >= _KEPT:
                self._marked.clear()
            self._marked.add(once)
            used = self.used[seen.fence.kind, seen.fence.name]
            _mark(used, seen, sure=outcome == "granted" and (seen.peer.named or not seen.peer.names))
        return outcome, why

    def _outcome(self, seen: Observation, once: _Once) -> tuple[Outcome, str]:
        if seen.peer.kind == "node":
            return "node", ""
        if not seen.oriented:
            return "unknown", "which end called the other is not told"
        if once not in self._decided:
            if len(self._decided) >= _KEPT:
                self._decided.clear()
            self._decided[once] = self._decide(seen)
        outcome, why = self._decided[once]
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
        return "unknown", NO_NAME
    return "wish", ""


def _mark(used: UsedLines, seen: Observation, *, sure: bool) -> None:
    """Note the lines that grant what was seen: used, or perhaps used where the name is not sure."""
    packets = list(packets_of(seen))
    for place, (direction, line) in enumerate(used.lines):
        if place in used.seen or direction != seen.direction:
            continue
        if any(flows.includes(line.reach, packet) for packet in packets):
            (used.seen if sure else used.perhaps).add(place)
        elif not sure and not seen.peer.names and _some_name_opens(seen, line.reach):
            used.perhaps.add(place)


def _some_name_opens(seen: Observation, reach: Reach) -> bool:
    """Whether the address is open on that port under some name."""
    at = line_address(seen.peer.address) if seen.peer.address else None
    if at is None:
        return False
    every = traffic.plain((_point(seen.protocol, seen.port),))
    return bool(flows.intersect(reach, flows.reach_of(((at, at),), (), every)))


NO_NAME = "no name, and names are granted there"


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
