"""Addresses that `internet` and names never reach: special-purpose, private and metadata ranges.

Public IPv6 is 2000::/3 less the table.  The table is our own, because Python's `is_private` and `is_global` answer
differently by patch version and are wrong for 168.63.129.16, NAT64, 6to4 and multicast.  Sources: the IANA special-
purpose registries for IPv4 and IPv6, RFC 6598, 6052, 8215, 9637, 9780, and the clouds' own pages on their metadata
endpoints (facts on providers, section 11).
"""

from __future__ import annotations

from mcpfence.net.addresses import ALL_V4, ALL_V6, V6_BASE, parse_address, parse_cidr
from mcpfence.net.intervals import Interval, Intervals, canonical, intersect, subtract

SPECIAL_V4: tuple[tuple[str, str], ...] = (
    ("0.0.0.0/8", "this network"),
    ("10.0.0.0/8", "private"),
    ("100.64.0.0/10", "shared address space (CGNAT); pod ranges of EKS; Alibaba metadata"),
    ("127.0.0.0/8", "loopback"),
    ("168.63.129.16/32", "Azure WireServer and DNS: a public address that answers as metadata"),
    ("169.254.0.0/16", "link-local: the clouds' metadata and credential endpoints"),
    ("172.16.0.0/12", "private"),
    ("192.0.0.0/24", "IETF protocol assignments; Oracle Classic metadata"),
    ("192.0.2.0/24", "documentation"),
    ("192.88.99.0/24", "6to4 relay anycast"),
    ("192.168.0.0/16", "private"),
    ("198.18.0.0/15", "benchmarking; pod ranges of EKS"),
    ("198.51.100.0/24", "documentation"),
    ("203.0.113.0/24", "documentation"),
    ("224.0.0.0/4", "multicast"),
    ("240.0.0.0/4", "reserved, with the broadcast address"),
)

SPECIAL_V6: tuple[tuple[str, str], ...] = (
    ("::/96", "unspecified, loopback and the deprecated IPv4-compatible addresses"),
    ("::ffff:0:0:0/96", "IPv4-translated: an image of every IPv4 address"),
    ("64:ff9b::/96", "NAT64: an image of every IPv4 address, metadata included"),
    ("64:ff9b:1::/48", "NAT64 with a local prefix"),
    ("100::/64", "discard-only"),
    ("100:0:0:1::/64", "dummy prefix"),
    ("2001::/23", "IETF protocol assignments: Teredo, ORCHID and others"),
    ("2001:db8::/32", "documentation"),
    ("2002::/16", "6to4: an image of every IPv4 address"),
    ("3fff::/20", "documentation"),
    ("5f00::/16", "segment routing"),
    ("fc00::/7", "unique local: private, and the clouds' IPv6 metadata endpoints"),
    ("fe80::/10", "link-local"),
    ("fec0::/10", "site-local, deprecated"),
    ("ff00::/8", "multicast"),
)

GLOBAL_V6 = "2000::/3"
"""The only IPv6 space from which IANA has given out global unicast addresses (registry of the IPv6 address space).
What lies outside is not public, whatever it may become: a table of what is special would have to know the future."""

OUTSIDE_GLOBAL_V6: tuple[tuple[str, str], ...] = tuple(
    (text, f"outside {GLOBAL_V6}, where all global addresses are") for text in ("::/3", "4000::/2", "8000::/1")
)

NAT64 = "64:ff9b::/96"

METADATA: tuple[tuple[str, str], ...] = (
    ("169.254.169.254", "metadata of AWS, Google, Azure, Oracle, DigitalOcean and others"),
    ("169.254.169.252", "GKE metadata server"),
    ("169.254.170.2", "ECS task credentials"),
    ("169.254.170.23", "EKS Pod Identity"),
    ("169.254.42.42", "Scaleway metadata"),
    ("168.63.129.16", "Azure WireServer"),
    ("100.100.100.200", "Alibaba metadata"),
    ("192.0.0.192", "Oracle Classic metadata"),
    ("fd00:ec2::254", "AWS metadata over IPv6"),
    ("fd00:ec2::23", "EKS Pod Identity over IPv6"),
    ("fd20:ce::254", "Google metadata over IPv6"),
    ("fd00:42::42", "Scaleway metadata over IPv6"),
)


def nat64_images(members: Intervals) -> Intervals:
    """The NAT64 addresses (64:ff9b::/96) that stand for IPv4 addresses."""
    base = parse_cidr(NAT64)[0]
    return tuple((base + first, base + last) for first, last in members if last < V6_BASE)


def _sixtofour_image(address: int) -> Interval:
    """Every 6to4 address whose embedded IPv4 address is `address`: a /48."""
    first = V6_BASE + (0x2002 << 112) + (address << 80)
    return first, first + (1 << 80) - 1


def metadata() -> Intervals:
    """The metadata endpoints with the NAT64 and 6to4 images of the IPv4 ones: cut out of every listed cidr."""
    points = [parse_address(text) for text, _ in METADATA]
    v4 = canonical((point, point) for point in points if point < V6_BASE)
    images = [_sixtofour_image(point) for point in points if point < V6_BASE]
    return canonical([(point, point) for point in points] + images + list(nat64_images(v4)))


def special() -> Intervals:
    """The built-in table, both families, with all that is outside 2000::/3 (IPv4-mapped addresses as well)."""
    return canonical(parse_cidr(text) for text, _ in SPECIAL_V4 + SPECIAL_V6 + OUTSIDE_GLOBAL_V6)


def public_blocks(*, nat64: bool) -> tuple[Interval, ...]:
    """The blocks in which public addresses lie, blocked ones among them."""
    return (ALL_V4, *([parse_cidr(NAT64)] if nat64 else []), parse_cidr(GLOBAL_V6))


def blocked(extra: Intervals, *, nat64: bool) -> Intervals:
    """The blocked ranges: the table and `extra` (profile, cluster.cidrs, egress.except).

    With `nat64` the range 64:ff9b::/96 counts as public, except the images of all blocked IPv4 ranges.
    """
    ranges = canonical([*special(), *extra])
    if not nat64:
        return ranges
    images = nat64_images(intersect(ranges, (ALL_V4,)))
    extra_v6 = intersect(canonical(extra), (ALL_V6,))
    return canonical([*subtract(ranges, (parse_cidr(NAT64),)), *images, *extra_v6])
