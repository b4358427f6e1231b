"""The words of a ClusterNetworkPolicy's rules: peers, ports and lists no longer than the API takes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, TypeVar

from mcpfence.documents.writer import Document
from mcpfence.net.ports import ALL_PORTS, PortRange, Ports
from mcpfence.plan.fence import Block, Name, Peer, names_by_ports, prefixes
from mcpfence.providers.networkpolicy.emit import NAMESPACE_LABEL, gathered

MOST = 25
"""What the CRD takes in one list, be it of rules, peers, networks, names or protocols."""

EVERYTHING: tuple[Document, ...] = ({"networks": ["0.0.0.0/0", "::/0"]}, {"namespaces": {}})
"""`networks` means pods in one engine and never in another, so both are written."""

T = TypeVar("T")


def accept(name: str, peers: Sequence[Document], ports: Ports) -> Iterator[Document]:
    """Rules that accept some peers on some ports; several where one list would be too long."""
    for some in packed(peers):
        if ports == ALL_PORTS:
            yield make_rule(name, "Accept", some)
            continue
        for few in packed([protocol_of(item) for item in ports]):
            yield make_rule(name, "Accept", some, few)


def names_of(patterns: Sequence[str]) -> list[Document]:
    """Names as peers."""
    return [{"domainNames": list(few)} for few in packed(patterns)]


def make_rule(name: str, action: str, peers: Sequence[Document], protocols: Sequence[Document] = ()) -> Document:
    """One rule; without protocols it is for every protocol and port."""
    rule: Document = {"name": name, "action": action, "to": list(peers)}
    if protocols:
        rule["protocols"] = list(protocols)
    return rule


def peers_of(peers: Iterable[Peer]) -> list[Document]:
    """Pods in their order, then the blocks that are left of addresses, packed together."""
    pods: list[Document] = []
    blocks: list[Block] = []
    for peer in gathered(peers):
        if isinstance(peer, Block):
            blocks.append(peer)
        else:
            pods.append({"pods": pods_of(*peer)})
    return [*pods, *networks_of(tuple(dict.fromkeys(prefixes(tuple(blocks)))))]


def pods_of(namespace: str, selector: Document) -> Document:
    """Pods of one namespace; without namespaceSelector it would be those of every namespace."""
    return {"namespaceSelector": {"matchLabels": {NAMESPACE_LABEL: namespace}}, "podSelector": selector}


def networks_of(blocks: Sequence[str]) -> list[Document]:
    """Blocks as peers."""
    return [{"networks": list(some)} for some in packed(blocks)]


def protocol_of(item: PortRange) -> Document:
    """A port, or a range of them, of one protocol."""
    port: dict[str, Any] = {"number": item.first}
    if item.last > item.first:
        port = {"range": {"start": item.first, "end": item.last}}
    return {item.protocol.lower(): {"destinationPort": port}}


def by_ports(names: Iterable[Name]) -> list[tuple[Ports, tuple[str, ...]]]:
    """Patterns by the ports that they are for."""
    found = names_by_ports(names)
    return [(ports, tuple(dict.fromkeys(name.pattern for name in found[ports]))) for ports in sorted(found)]


def packed(values: Sequence[T]) -> list[Sequence[T]]:
    """Lists no longer than the API takes."""
    return [values[start : start + MOST] for start in range(0, len(values), MOST)]
