"""Addresses as logs write them, in the one form that addresses have here."""

from __future__ import annotations

import ipaddress
from functools import lru_cache

from mcpfence.net.addresses import parse_address


@lru_cache(maxsize=65536)
def canonical_address(text: str) -> str:
    """The usual text of an address: IPv4-mapped IPv6 is IPv4, zone ids go, hex is small; raises ValueError."""
    bare = text.strip("[]").partition("%")[0]
    address = ipaddress.ip_address(bare)
    mapped = address.ipv4_mapped if address.version == 6 else None
    return str(mapped or address)


@lru_cache(maxsize=65536)
def line_address(text: str) -> int | None:
    """A canonical address on the line of both families; None for what is none."""
    try:
        return parse_address(canonical_address(text))
    except ValueError:
        return None


def split_port(text: str) -> tuple[str, int]:
    """Address and port of `10.0.0.1:443` or `[2001:db8::1]:443`; raises ValueError."""
    address, colon, port = text.rpartition(":")
    if not colon or not port.isdecimal() or int(port) > 65535:
        raise ValueError("has an address without a port")
    return canonical_address(address), int(port)
