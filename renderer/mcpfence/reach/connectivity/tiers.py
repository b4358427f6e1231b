"""Admin policies above and below the NetworkPolicies: profiles as all three tiers together make them.

Point by point: the first rule of an AdminNetworkPolicy that matches allows or denies; what it passes, or none matches,
is for the NetworkPolicies; and what no NetworkPolicy isolates, for the first rule of the baseline that matches.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from mcpfence.net.addresses import ALL
from mcpfence.net.intervals import EMPTY, Interval, Intervals, intersect, subtract, union
from mcpfence.reach.connectivity.class_profiles import Profile
from mcpfence.reach.connectivity.pod_classes import Mask, PodClasses, bits
from mcpfence.reach.connectivity.workloads import PortNames, resolve
from mcpfence.reach.engines.adminnetworkpolicy.policy import AdminPolicy, AdminRule
from mcpfence.reach.engines.networkpolicy.rules import Ports
from mcpfence.reach.flows import interval_map
from mcpfence.reach.flows.interval_map import Grouped
from mcpfence.reach.flows.traffic import EVERY_POINT


class _Step(NamedTuple):
    """One rule with the classes that its peers are."""

    rule: AdminRule
    mask: Mask


@dataclass(frozen=True, slots=True)
class _Tiers:
    """The rules around the NetworkPolicies of one class, in order."""

    above: tuple[_Step, ...]
    below: tuple[_Step, ...]

    @property
    def steps(self) -> tuple[_Step, ...]:
        return self.above + self.below


def tiered(
    base: Sequence[Profile], policies: Sequence[AdminPolicy], direction: str, classes: PodClasses
) -> list[Profile]:
    """The profiles of all classes with the admin policies around them; `base` are those of the NetworkPolicies."""
    selecting: list[list[int]] = [[] for _ in base]
    steps = [_steps(policy, direction, classes) for policy in policies]
    for number, policy in enumerate(policies):
        for place in bits(classes.mask(policy.subject)) if policy.subject is not None else ():
            if steps[number] or policy.problems:
                selecting[place].append(number)
    known: dict[tuple[Profile, tuple[int, ...], PortNames], Profile] = {}
    found = []
    for place, profile in enumerate(base):
        if not selecting[place]:
            found.append(profile)
            continue
        mine = classes.classes[place].ports if direction == "ingress" else frozenset()
        key = (profile, tuple(selecting[place]), mine)
        if key not in known:
            around = [(policies[number], steps[number]) for number in selecting[place]]
            known[key] = _profile(profile, around, direction, classes, mine)
        found.append(known[key])
    return found


def _steps(policy: AdminPolicy, direction: str, classes: PodClasses) -> tuple[_Step, ...]:
    steps = []
    for rule in policy.rules(direction):
        mask = 0
        for box in rule.pods:
            mask |= classes.mask(box)
        steps.append(_Step(rule, mask))
    return tuple(steps)


def _profile(
    base: Profile,
    around: list[tuple[AdminPolicy, tuple[_Step, ...]]],
    direction: str,
    classes: PodClasses,
    mine: PortNames,
) -> Profile:
    if any(policy.problems for policy, _ in around):
        return Profile((), (), unknown=True)
    tiers = _Tiers(
        above=tuple(step for policy, steps in around if policy.priority is not None for step in steps),
        below=tuple(step for policy, steps in around if policy.priority is None for step in steps),
    )
    pieces: dict[Ports, Mask] = {}
    for mask, allowed, ports in _cells(base, tiers, direction, classes, mine):
        matching = [
            _Matched(step.rule.action, resolve(step.rule.ports, ports)) for step in tiers.above if step.mask & mask
        ]
        baseline = [
            _Matched(step.rule.action, resolve(step.rule.ports, ports)) for step in tiers.below if step.mask & mask
        ]
        points = _decide(matching, baseline, base.isolated, resolve(allowed, ports) if allowed else EMPTY)
        if points:
            pieces[Ports(points)] = pieces.get(Ports(points), 0) | mask
    addresses = _addresses(base, tiers, mine)
    return replace(base, pieces=tuple((mask, ports) for ports, mask in pieces.items()), addresses=addresses)


class _Matched(NamedTuple):
    action: str
    points: Intervals


def _decide(above: Iterable[_Matched], below: Iterable[_Matched], isolated: bool, network: Intervals) -> Intervals:
    """What passes between two ends, given the rules that speak of both and what the NetworkPolicies allow."""
    allowed, passed, rest = _first_match(above, EVERY_POINT)
    left = union(passed, rest)
    if isolated:
        return union(allowed, intersect(left, network))
    more, _, rest = _first_match(below, left)
    return union(allowed, more, rest)


def _first_match(rules: Iterable[_Matched], points: Intervals) -> tuple[Intervals, Intervals, Intervals]:
    """The points that rules allow, those that they pass on, and those that none of them matches."""
    allowed, passed = EMPTY, EMPTY
    for action, of_rule in rules:
        common = intersect(points, of_rule)
        if action == "Allow":
            allowed = union(allowed, common)
        elif action == "Pass":
            passed = union(passed, common)
        points = subtract(points, common)
    return allowed, passed, points


def _cells(
    base: Profile, tiers: _Tiers, direction: str, classes: PodClasses, mine: PortNames
) -> Iterable[tuple[Mask, Ports | None, PortNames]]:
    """Classes that no rule tells apart, with what the NetworkPolicies allow there and the ports that names mean.

    For egress named ports are those of the other end, so such cells hold classes with equal ports.
    """
    masks = [step.mask for step in tiers.steps] + [mask for mask, _ in base.pieces]
    cells = [classes.everyone]
    for mask in masks:
        cells = [part for cell in cells for part in (cell & mask, cell & ~mask) if part]
    named = any(
        ports.named for ports in (*(step.rule.ports for step in tiers.steps), *(ports for _, ports in base.pieces))
    )
    for cell in cells:
        allowed = next((ports for mask, ports in base.pieces if mask & cell), None)
        if direction == "ingress" or not named:
            yield cell, allowed, mine
            continue
        by_ports: dict[PortNames, Mask] = {}
        for place in bits(cell):
            ports = classes.classes[place].ports
            by_ports[ports] = by_ports.get(ports, 0) | 1 << place
        yield from ((mask, allowed, ports) for ports, mask in by_ports.items())


def _addresses(base: Profile, tiers: _Tiers, mine: PortNames) -> Grouped[Ports]:
    """The same for addresses, cut wherever a rule or a NetworkPolicy begins or ends."""
    sets = [step.rule.addresses for step in tiers.steps] + [members for members, _ in base.addresses]
    cuts = sorted({end for members in sets for first, last in members for end in (first, last + 1)})
    found: list[tuple[Intervals, Ports]] = []
    for first, last in _pieces(cuts):
        whole = ((first, last),)
        above = [
            _Matched(s.rule.action, s.rule.ports.numbers) for s in tiers.above if intersect(s.rule.addresses, whole)
        ]
        below = [
            _Matched(s.rule.action, s.rule.ports.numbers) for s in tiers.below if intersect(s.rule.addresses, whole)
        ]
        network = interval_map.value_at(base.addresses, first)
        points = _decide(above, below, base.isolated, resolve(network, mine) if network else EMPTY)
        found.append((whole, Ports(points)))
    return interval_map.group((members, ports) for members, ports in found if ports.numbers)


def _pieces(cuts: list[int]) -> Iterable[Interval]:
    """All addresses, cut there."""
    for first, last in ALL:
        starts = [first, *(cut for cut in cuts if first < cut <= last)]
        yield from zip(starts, [*(start - 1 for start in starts[1:]), last], strict=True)
