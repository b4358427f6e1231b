"""What may pass between two peers: protocols, ports and names, as one canonical value.

Protocols and ports are points on one line (`span`): TCP, UDP and SCTP have ports 1 to 65535, ICMP and `other` (every
further IP protocol) have a single point.  `Traffic` says for each point which names may show; a NetworkPolicy knows no
names, so its traffic is `plain(points)`: any name or none.
"""

from __future__ import annotations

from functools import lru_cache

from mcpfence.net import intervals
from mcpfence.net.intervals import Interval, Intervals, contains
from mcpfence.reach.flows import host_names, interval_map
from mcpfence.reach.flows.host_names import ANY, Names
from mcpfence.reach.flows.interval_map import Grouped

PROTOCOLS = ("TCP", "UDP", "SCTP", "ICMP", "other")
WITH_PORTS = PROTOCOLS[:3]
LAST_PORT = 65535
_BITS = 16

Traffic = Grouped[Names]
NOTHING: Traffic = ()


def span(protocol: str, first: int = 1, last: int = LAST_PORT) -> Interval:
    """The points of a protocol's ports, both ends inside; ports mean nothing for ICMP and other."""
    base = PROTOCOLS.index(protocol) << _BITS
    return (base + first, base + last) if protocol in WITH_PORTS else (base + 1, base + 1)


EVERY_POINT: Intervals = tuple(span(protocol) for protocol in PROTOCOLS)
"""Every protocol and port; the gaps between the protocols keep the intervals apart."""

PORTED_POINTS: Intervals = EVERY_POINT[:3]


@lru_cache(maxsize=65536)
def plain(points: Intervals) -> Traffic:
    """Traffic on these points with any name or none."""
    return ((points, ANY),) if points else NOTHING


EVERYTHING: Traffic = plain(EVERY_POINT)


def named(points: Intervals, allowed: Names) -> Traffic:
    """Traffic on these points under these names only."""
    return ((points, allowed),) if points and allowed is not host_names.NONE else NOTHING


@lru_cache(maxsize=65536)
def union(left: Traffic, right: Traffic) -> Traffic:
    """What is in either."""
    if left == right or not right:
        return left
    if not left:
        return right
    return interval_map.combine(left, right, _either)


@lru_cache(maxsize=65536)
def intersect(left: Traffic, right: Traffic) -> Traffic:
    """What is in both."""
    if left == right or right == EVERYTHING or not left:
        return left
    if left == EVERYTHING or not right:
        return right
    return interval_map.combine(left, right, _both)


@lru_cache(maxsize=65536)
def minus(left: Traffic, right: Traffic) -> Traffic:
    """What of `left` is not in `right`."""
    if left == right or not left or right == EVERYTHING:
        return NOTHING
    return interval_map.combine(left, right, _less) if right else left


@lru_cache(maxsize=4096)
def points_of(traffic: Traffic) -> Intervals:
    """The points on which anything may pass, under whatever name."""
    return intervals.union(*(points for points, _ in traffic))


def decode(point: int) -> tuple[str, int | None]:
    """Protocol and port of a point; None for a protocol without ports."""
    protocol = PROTOCOLS[point >> _BITS]
    return protocol, point & LAST_PORT if protocol in WITH_PORTS else None


@lru_cache(maxsize=4096)
def by_protocol(points: Intervals) -> tuple[tuple[str, Intervals], ...]:
    """The ports of each protocol that occurs, in the order of PROTOCOLS; no ports for those that have none."""
    found: list[tuple[str, Intervals]] = []
    for index, protocol in enumerate(PROTOCOLS):
        base = index << _BITS
        part = intervals.intersect(points, (span(protocol),))
        if part:
            ports = tuple((first - base, last - base) for first, last in part) if protocol in WITH_PORTS else ()
            found.append((protocol, ports))
    return tuple(found)


_TELLING = tuple(span(protocol, port, port)[0] for protocol, port in (("TCP", 443), ("TCP", 80), ("UDP", 53)))


def sample(traffic: Traffic) -> tuple[int, str]:
    """One point and one name ("" for none) of traffic that is not empty; a port that people know where there is one."""
    for point in _TELLING:
        for points, allowed in traffic:
            if contains(points, point):
                return point, host_names.sample(allowed)
    points, allowed = traffic[0]
    return points[0][0], host_names.sample(allowed)


def _either(left: Names | None, right: Names | None) -> Names | None:
    if left is None:
        return right
    return left if right is None else host_names.union(left, right)


def _both(left: Names | None, right: Names | None) -> Names | None:
    if left is None or right is None:
        return None
    common = host_names.intersect(left, right)
    return None if common is host_names.NONE else common


def _less(left: Names | None, right: Names | None) -> Names | None:
    if left is None or right is None:
        return left
    rest = host_names.subtract(left, right)
    return None if rest is host_names.NONE else rest
