"""What passes between workloads and addresses, and where the text format cuts the IPv4 addresses into ranges."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from mcpfence.net.addresses import ALL_V4
from mcpfence.net.intervals import Interval, Intervals
from mcpfence.reach.connectivity.class_profiles import Profile
from mcpfence.reach.connectivity.workloads import PortNames, resolve
from mcpfence.reach.engines.networkpolicy.policy import Policy
from mcpfence.reach.flows import flows, interval_map, traffic
from mcpfence.reach.flows.flows import Reach
from mcpfence.reach.flows.interval_map import Grouped
from mcpfence.reach.flows.traffic import Traffic

Outside = Grouped[Traffic]
"""Addresses with the traffic that passes between them and a workload."""


@dataclass(slots=True)
class OutsideOf:
    """Works out the address part of profiles, once for each different question."""

    _known: dict[tuple[Profile, Reach | None, PortNames], Outside] = field(default_factory=dict)

    def outward(self, profile: Profile, wall: Reach | None) -> Outside:
        """Where pods with this egress profile may go, behind a firewall (None: there is none).

        Addresses have no containers, so a named port means nothing on them.
        """
        return self._find(profile, wall, frozenset())

    def inward(self, profile: Profile, ports: PortNames) -> Outside:
        """Who may come to pods with this ingress profile and these ports."""
        named = any(found.named for _, found in profile.addresses)
        return self._find(profile, None, ports if named else frozenset())

    def _find(self, profile: Profile, wall: Reach | None, ports: PortNames) -> Outside:
        key = (profile, wall, ports)
        known = self._known.get(key)
        if known is None:
            resolved = ((members, resolve(found, ports)) for members, found in profile.addresses)
            allowed = interval_map.group((members, traffic.plain(points)) for members, points in resolved if points)
            if wall is not None:
                allowed = flows.meet(Reach(allowed), Reach(wall.addresses)).addresses
            known = self._known[key] = allowed
        return known


def merge(parts: list[Outside]) -> Outside:
    """What any of several variants of one workload may."""
    if len(parts) == 1:
        return parts[0]
    return flows.union_of(Reach(part) for part in parts).addresses


def borders(blocks: Iterable[Intervals]) -> tuple[int, ...]:
    """The IPv4 addresses at which one of the blocks begins or ends, ascending, 0 not among them."""
    found = {end for block in blocks for first, last in block if first <= ALL_V4[1] for end in (first, last + 1)}
    return tuple(sorted(border for border in found if 0 < border <= ALL_V4[1]))


def blocks_of(policies: Iterable[Policy], direction: str) -> Iterator[Intervals]:
    """The blocks of all rules of a direction, each list of rules once."""
    lists = {id(rules): rules for policy in policies if (rules := policy.rules(direction)) is not None}
    for rules in lists.values():
        for rule in rules.items:
            yield from rule.blocks


def ranges(cuts: tuple[int, ...]) -> list[Interval]:
    """All of IPv4, cut there."""
    starts = [0, *cuts]
    return list(zip(starts, [*(start - 1 for start in starts[1:]), ALL_V4[1]], strict=True))
