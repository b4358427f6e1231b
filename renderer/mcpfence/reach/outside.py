"""What passes between workloads and addresses, and where the text format cuts the IPv4 addresses into ranges."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from mcpfence.addresses import ALL_V4
from mcpfence.intervals import Interval, Intervals
from mcpfence.reach import flows, grouped, traffic
from mcpfence.reach.flows import Reach
from mcpfence.reach.grouped import Grouped
from mcpfence.reach.policy import Policy
from mcpfence.reach.profiles import Profile
from mcpfence.reach.traffic import Traffic

Outside = Grouped[Traffic]
"""Addresses with the traffic that passes between them and a workload."""


@dataclass(slots=True)
class OutsideOf:
    """Works out the address part of profiles behind firewalls, once for each pair of the two."""

    _known: dict[tuple[Profile, Reach | None], Outside] = field(default_factory=dict)

    def find(self, profile: Profile, wall: Reach | None) -> Outside:
        """What NetworkPolicies (the profile) and firewall (None: there is none) both let pass."""
        key = (profile, wall)
        known = self._known.get(key)
        if known is None:
            allowed = grouped.group((members, traffic.plain(points)) for members, points in profile.addresses)
            if wall is not None:
                allowed = flows.meet(Reach(allowed), Reach(wall.addresses)).addresses
            known = self._known[key] = allowed
        return known


def merge(parts: list[Outside]) -> Outside:
    """What any of several variants of one workload may."""
    if len(parts) == 1:
        return parts[0]
    return flows.union_of(Reach(part) for part in parts).addresses


def borders(policies: Iterable[Policy], direction: str, walls: Iterable[Reach | None] = ()) -> tuple[int, ...]:
    """The IPv4 addresses at which a block of some rule of the direction begins or ends, ascending, 0 not among them."""
    found: set[int] = set()
    seen: set[int] = set()
    for policy in policies:
        rules = policy.rules(direction)
        if rules is not None and id(rules) not in seen:
            seen.add(id(rules))
            found.update(_ends(block for rule in rules.items for block in rule.blocks))
    for wall in walls:
        if wall is not None and id(wall) not in seen:
            seen.add(id(wall))
            found.update(_ends(members for members, _ in wall.addresses))
    return tuple(sorted(border for border in found if 0 < border <= ALL_V4[1]))


def ranges(cuts: tuple[int, ...]) -> list[Interval]:
    """All of IPv4, cut there."""
    starts = [0, *cuts]
    return list(zip(starts, [*(start - 1 for start in starts[1:]), ALL_V4[1]], strict=True))


def _ends(blocks: Iterable[Intervals]) -> Iterable[int]:
    for block in blocks:
        for first, last in block:
            if first <= ALL_V4[1]:
                yield first
                yield last + 1
