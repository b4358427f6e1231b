"""Ports as a CiliumNetworkPolicy writes them: as text, never 0 (which is every port), at most 40 in one entry."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from mcpfence.documents.writer import Document
from mcpfence.net.intervals import subtract
from mcpfence.net.ports import LAST_PORT, PROTOCOLS, PortRange, Ports

MOST = 40
"""Of one entry of toPorts: the CRD has it, and the agent checks it again."""


def to_ports(ports: Iterable[PortRange], more: Document | None = None) -> list[Document]:
    """The entries of toPorts for some ports, each with what else belongs to it."""
    written = [_port(item) for item in ports]
    return [{"ports": part, **(more or {})} for part in _parts(written)]


def all_but(ports: Ports) -> list[PortRange]:
    """Every port of every protocol that has ports, but these."""
    return [
        PortRange(protocol, first, last)
        for protocol in PROTOCOLS
        for first, last in subtract(
            ((1, LAST_PORT),), tuple((item.first, item.last) for item in ports if item.protocol == protocol)
        )
    ]


def one_by_one(ports: Ports) -> list[PortRange]:
    """Ranges as single ports, which is all that the DNS proxy takes."""
    return [PortRange(item.protocol, port, port) for item in ports for port in range(item.first, item.last + 1)]


def _port(item: PortRange) -> Document:
    document: Document = {"port": str(item.first)}
    if item.last > item.first:
        document["endPort"] = item.last
    return {**document, "protocol": item.protocol}


def _parts(written: Sequence[Document]) -> Iterable[list[Document]]:
    for start in range(0, len(written), MOST):
        yield list(written[start : start + MOST])
