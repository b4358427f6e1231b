"""Ports as a catalog writes them, and the canonical set that they mean.

`ports` is a non-empty list of `N`, `N-M`, `N/PROTO` or `N-M/PROTO`; TCP unless UDP or SCTP is written.  The word
`all` stands for every protocol and port.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

from mcpfence.net.intervals import canonical
from mcpfence.patterns import regex
from mcpfence.structs import Struct

PROTOCOLS = ("TCP", "UDP", "SCTP")
LAST_PORT = 65535
_ENTRY = regex(r"([0-9]{1,9})(?:-([0-9]{1,9}))?(?:/([A-Za-z]{1,8}))?\Z")


class PortRange(Struct):
    """First and last port of one protocol, both inside the range."""

    protocol: str
    first: int
    last: int

    @property
    def text(self) -> str:
        """As people write it: `443/TCP`, `8000-8010/UDP`."""
        ports = str(self.first) if self.first == self.last else f"{self.first}-{self.last}"
        return f"{ports}/{self.protocol}"


Ports = tuple[PortRange, ...]
"""Canonical: ordered by protocol and number, merged within a protocol."""

ALL_PORTS: Ports = (PortRange("ALL", 0, LAST_PORT),)
"""Every protocol and port, also those that are neither TCP, UDP nor SCTP.  Written by hand as `ports: all`."""


@lru_cache(maxsize=4096)
def tcp(*numbers: int) -> Ports:
    """The set of some TCP ports."""
    return canonical_ports(PortRange("TCP", number, number) for number in numbers)


def canonical_ports(ranges: Iterable[PortRange]) -> Ports:
    """Merge the ranges of each protocol; ALL_PORTS swallows everything."""
    pieces = list(ranges)
    if any(piece.protocol == "ALL" for piece in pieces):
        return ALL_PORTS
    return tuple(
        PortRange(protocol, first, last)
        for protocol in PROTOCOLS
        for first, last in canonical((piece.first, piece.last) for piece in pieces if piece.protocol == protocol)
    )


def ports_text(ports: Ports) -> str:
    """As people write a set of ports: `443/TCP, 53/UDP`, or `every port`."""
    return "every protocol and port" if ports == ALL_PORTS else ", ".join(item.text for item in ports)


@lru_cache(maxsize=4096)
def parse_entry(entry: int | str) -> PortRange:
    """One entry of a list of ports; raises ValueError with a half sentence that follows the quoted entry."""
    if isinstance(entry, int):
        return _checked("TCP", entry, entry)
    match = _ENTRY.match(entry)
    if match is None:
        raise ValueError("is no port; write a number, 8000-8010, 53/UDP or 8000-8010/UDP")
    first, last, protocol = match.groups()
    if last is None and protocol is None:
        raise ValueError(f"is a quoted number; write {int(first)} without quotes, or {int(first)}/TCP")
    name = (protocol or "TCP").upper()
    if name not in PROTOCOLS:
        raise ValueError(f"names the protocol {protocol}; write TCP, UDP or SCTP")
    return _checked(name, int(first), int(last or first))


def _checked(protocol: str, first: int, last: int) -> PortRange:
    for number in (first, last):
        if not 1 <= number <= LAST_PORT:
            raise ValueError("is outside 1 to 65535; write a port of that range")
    if first > last:
        raise ValueError(f"runs backwards; write {last}-{first}")
    return PortRange(protocol, first, last)
