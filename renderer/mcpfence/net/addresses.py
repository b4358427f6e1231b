"""IPv4 and IPv6 addresses on one line of whole numbers.

An IPv4 address is its own value; an IPv6 address is its value plus `V6_BASE`.  The gap between the two
families keeps an interval from ever running from one into the other, so a set of addresses of both families
is one `Intervals` value and needs no second code path.
"""

from __future__ import annotations

import ipaddress
from functools import lru_cache
from typing import NoReturn

from mcpfence.net.intervals import Interval, Intervals

V6_BASE = 1 << 33
ALL_V4: Interval = (0, (1 << 32) - 1)
ALL_V6: Interval = (V6_BASE, V6_BASE + (1 << 128) - 1)
ALL: Intervals = (ALL_V4, ALL_V6)


def family(value: int) -> int:
    """4 or 6: the IP version of an address on the line."""
    return 4 if value < V6_BASE else 6


@lru_cache(maxsize=4096)
def parse_cidr(text: str) -> Interval:
    """The addresses of a CIDR block such as `10.0.0.0/8` or `fc00::/7`.

    Raises ValueError (a sentence without the text itself) for anything that Kubernetes 1.36 would refuse too:
    no prefix length, host bits set, leading zeros, IPv4-mapped IPv6, zone ids.
    """
    if "%" in text:
        raise ValueError("has a zone id")
    if "/" not in text:
        _refuse_bare(text)
    try:
        network = ipaddress.ip_network(text, strict=False)
    except ValueError:
        raise ValueError("is not a CIDR block") from None
    prefix = text.rsplit("/", 1)[1]
    if prefix != str(network.prefixlen):
        raise ValueError("has a prefix length that is not a plain number")
    if ipaddress.ip_address(text.rsplit("/", 1)[0]) != network.network_address:
        raise ValueError(f"has host bits set; write {network}")
    first = int(network.network_address)
    last = int(network.broadcast_address)
    if network.version == 4:
        return first, last
    if network.prefixlen >= 96 and first >> 32 == 0xFFFF:
        raise ValueError("is an IPv4-mapped IPv6 block; write the IPv4 block")
    return V6_BASE + first, V6_BASE + last


def parse_masked_cidr(text: str) -> Interval | None:
    """A block whose host bits may be set, which are masked; None for what is no CIDR block then either."""
    try:
        network = ipaddress.ip_network(text, strict=False)
        return parse_cidr(str(network)) if text.endswith(f"/{network.prefixlen}") else None
    except ValueError:
        return None


def _refuse_bare(text: str) -> NoReturn:
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        raise ValueError("is not a CIDR block") from None
    raise ValueError(f"has no prefix length; write {address}/{address.max_prefixlen} for one address")


@lru_cache(maxsize=4096)
def parse_address(text: str) -> int:
    """One address on the line; raises ValueError for anything but a plain address."""
    if "%" in text:
        raise ValueError("has a zone id")
    address = ipaddress.ip_address(text)
    return int(address) if address.version == 4 else V6_BASE + int(address)


def format_address(value: int) -> str:
    """The usual text of an address on the line."""
    if value < V6_BASE:
        return str(ipaddress.IPv4Address(value))
    return str(ipaddress.IPv6Address(value - V6_BASE))


@lru_cache(maxsize=4096)
def cidrs(members: Intervals) -> tuple[str, ...]:
    """The fewest CIDR blocks that make up the set, in canonical text, IPv4 first, ascending."""
    blocks: list[str] = []
    for first, last in members:
        base, bits = (0, 32) if first < V6_BASE else (V6_BASE, 128)
        low, high = first - base, last - base
        while low <= high:
            # The largest block that starts at `low` is limited by its alignment and by what is left.
            align = (low & -low).bit_length() - 1 if low else bits
            span = min(align, (high - low + 1).bit_length() - 1)
            blocks.append(f"{format_address(base + low)}/{bits - span}")
            low += 1 << span
    return tuple(blocks)
