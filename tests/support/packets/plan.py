"""Which packets to try in a scene: those on the edges of everything that its policies mention.

Blocks and excepts: first, last and the neighbours outside.  Ports: one before, first, last, one behind, and the first
under the other protocol.  Pods: every pair with a fenced one, in both directions.  Callers from outside: the edges of
the blocks that may call.  And always the addresses that people attack.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Iterator, Mapping, Sequence
from random import Random
from typing import Any, NamedTuple

from mcpfence.reach.documents.label_selectors import read_selector
from mcpfence.reach.flows.label_sets import matches
from packet_world import Pod, Probe, World
from packets.judge import Judge

Document = dict[str, Any]
Span = tuple[str, int, int]

KINDS = ("block", "except", "port", "special", "pod", "DNS", "caller")
"""What the edge is of: a listed block, an except, a port; addresses that people attack; pods of other selectors and
namespaces; resolvers right and wrong; callers with an address outside the cluster."""

MOST = 150
"""So many probes of a kind at most in one scene, half of them open where there are as many."""

SPECIAL = (
    *("169.254.169.254", "169.254.169.253", "169.254.170.2", "169.254.170.23", "168.63.129.16", "100.100.100.200"),
    *("10.0.0.1", "172.31.255.255", "172.32.0.0", "192.168.0.1", "100.63.255.255", "100.64.0.0", "100.127.255.255"),
    *("1.1.1.1", "198.18.0.1", "0.0.0.1", "223.255.255.255", "240.0.0.1", "255.255.255.254", "192.0.2.1"),
    *("2606:4700::1111", "fd00:ec2::254", "fd20:ce::254", "fc00::1", "fec0::1", "2001:db8::1", "100::1"),
    *("64:ff9b::a9fe:a9fe", "64:ff9b::a00:1", "64:ff9b::808:808", "2002:a00:1::1", "::2"),
)
"""Metadata endpoints, private and shared ranges and their neighbours, what lies beside multicast, and the same in IPv6
with images of IPv4 addresses under NAT64 and 6to4."""


class Aim(NamedTuple):
    """A probe and what it is the edge of."""

    probe: Probe
    kind: str


def uncarried(text: str) -> str:
    """Why no packet to or from this address can cross a router, whatever the policy; empty where one can."""
    address = ipaddress.ip_address(text)
    if address.is_loopback:
        return "loopback: never leaves the pod"
    if address.is_multicast or text == "255.255.255.255":
        return "multicast or broadcast: no connection has it as an end"
    if address.is_unspecified:
        return "unspecified: no packet carries it"
    if address.version == 6 and address.is_link_local:
        return "link-local IPv6: never crosses a router"
    if address.version == 6 and address.ipv4_mapped:
        return "IPv4-mapped: the kernel sends IPv4"
    return ""


def plan(world: World, pods: Sequence[Pod], policies: Sequence[Document], judge: Judge, random: Random) -> list[Aim]:
    """The probes of a scene, each once."""
    found: dict[Probe, str] = {}
    fenced = {pod: [one for one in policies if _selects(one, pod)] for pod in pods}
    for pod, ours in fenced.items():
        if ours:
            for aim in (*_outward(world, pod, ours, judge), *_inward(world, pod, ours), *_pairs(pod, fenced)):
                found.setdefault(aim.probe, aim.kind)
    return [aim for kind in KINDS for aim in _some([p for p, k in found.items() if k == kind], kind, judge, random)]


def _some(probes: list[Probe], kind: str, judge: Judge, random: Random) -> list[Aim]:
    random.shuffle(probes)
    verdicts = {probe: judge.allows(probe) for probe in probes}
    opened = [probe for probe, verdict in verdicts.items() if verdict]
    closed = [probe for probe, verdict in verdicts.items() if verdict is False]
    half = MOST // 2
    chosen = opened[: max(half, MOST - len(closed))] + closed[: max(half, MOST - len(opened))]
    return [Aim(probe, kind) for probe in chosen]


# --- what policies mention ---


def _selects(policy: Document, pod: Pod) -> bool:
    box = read_selector(policy["spec"].get("podSelector") or {}, "podSelector")
    return policy["metadata"]["namespace"] == pod.namespace and box is not None and matches(box, pod.labels)


def _rules(policies: Iterable[Document], direction: str) -> list[Document]:
    return [rule for one in policies for rule in one["spec"].get(direction) or ()]


def _blocks(rule: Document) -> Iterator[tuple[str, Sequence[str]]]:
    for peer in (*(rule.get("from") or ()), *(rule.get("to") or ())):
        if "ipBlock" in peer:
            yield peer["ipBlock"]["cidr"], peer["ipBlock"].get("except") or ()


def spans(rule: Document, ports: Mapping[tuple[str, str], int] | None = None) -> list[Span]:
    """The ports of a rule that packets can have here: no SCTP, and names only where `ports` resolves them."""
    found: list[Span] = []
    for entry in rule.get("ports") or ():
        protocol, port = entry.get("protocol", "TCP"), entry.get("port")
        if isinstance(port, str):
            port = (ports or {}).get((protocol, port))
            if port is None:
                continue
        if protocol != "SCTP":
            found.append((protocol, port or 1, entry.get("endPort") or port or 65535))
    return found if rule.get("ports") else [("TCP", 1, 65535), ("UDP", 1, 65535)]


def edges(text: str) -> list[str]:
    """First and last address of a block and their neighbours, as far as packets can have them."""
    network = ipaddress.ip_network(text)
    low, high = int(network.network_address), int(network.broadcast_address)
    values = [value for value in (low - 1, low, high, high + 1) if 0 <= value < 1 << network.max_prefixlen]
    family = ipaddress.IPv4Address if network.version == 4 else ipaddress.IPv6Address
    return [address for address in map(str, map(family, sorted(set(values)))) if not uncarried(address)]


def port_edges(span: Span) -> list[tuple[str, int]]:
    """The ports around the ends of a span, and its first under the other protocol."""
    protocol, first, last = span
    near = [port for port in (first - 1, first, last, last + 1) if 1 <= port <= 65535]
    return [*((protocol, port) for port in dict.fromkeys(near)), ("UDP" if protocol == "TCP" else "TCP", first)]


# --- probes ---


def _outward(world: World, pod: Pod, policies: Sequence[Document], judge: Judge) -> Iterator[Aim]:
    """From a pod to the outside."""
    taken = {address for other in world.pods.values() for address in other.addresses}

    def aim(address: str, protocol: str, port: int, kind: str) -> Iterator[Aim]:
        if address not in taken:
            yield Aim(Probe(pod, pod.addresses[":" in address], world.outside, address, protocol, port), kind)

    for rule in _rules(policies, "egress"):
        first = next(iter(spans(rule)), None)
        blocks = list(_blocks(rule))
        if not first or not blocks:
            continue
        protocol, port, _ = first
        for cidr, holes in blocks:
            around = [(address, "block") for address in edges(cidr)]
            around += [(address, "except") for hole in holes for address in edges(hole)]
            for address, kind in around:
                yield from aim(address, protocol, port, kind)
            probes = [one.probe for address, kind in around for one in aim(address, protocol, port, kind)]
            inner = next((probe.address for probe in probes if judge.allows(probe)), None)
            for span in spans(rule) if inner else ():
                for edge in port_edges(span):
                    yield from aim(inner, *edge, "port") if inner else ()
        for address in SPECIAL:
            yield from aim(address, protocol, port, "special")
    for address in SPECIAL:
        for protocol, port in (("TCP", 80), ("TCP", 443), ("UDP", 53)):
            yield from aim(address, protocol, port, "special")


def _inward(world: World, pod: Pod, policies: Sequence[Document]) -> Iterator[Aim]:
    """From outside addresses to a pod."""
    for rule in _rules(policies, "ingress"):
        for span in spans(rule, numbers(pod)):
            sources = [address for cidr, holes in _blocks(rule) for part in (cidr, *holes) for address in edges(part)]
            for source in (*sources, "1.1.1.1", "10.0.0.1", "2606:4700::1111", "fc00::1"):
                for protocol, port in port_edges(span):
                    target = pod.addresses[":" in source]
                    yield Aim(Probe(world.outside, source, pod, target, protocol, port), "caller")


def numbers(pod: Pod) -> dict[tuple[str, str], int]:
    """The named ports of a pod."""
    return {(port.protocol, port.name): port.number for port in pod.ports}


def _pairs(pod: Pod, fenced: Mapping[Pod, Sequence[Document]]) -> Iterator[Aim]:
    """Between a fenced pod and every other one, both ways."""
    for other in fenced:
        for source, target in ((pod, other), (other, pod)) if other is not pod else ():
            rules = [(rule, numbers(target)) for rule in _rules(fenced[source], "egress")]
            rules += [(rule, numbers(target)) for rule in _rules(fenced[target], "ingress")]
            ports = {edge for rule, names in rules for span in spans(rule, names) for edge in port_edges(span)}
            resolver = target.labels.get("k8s-app", "").endswith("kube-dns")
            for protocol, port in sorted({("TCP", 8099), ("UDP", 53), *ports}):
                for ours, theirs in zip(source.addresses, target.addresses, strict=True):
                    yield Aim(Probe(source, ours, target, theirs, protocol, port), "DNS" if resolver else "pod")
