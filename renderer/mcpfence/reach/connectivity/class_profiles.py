"""What each class of pods may do in one direction, worked out once for all classes with the same policies.

A profile says which ports with which classes (`pieces`, disjoint masks) and which ports with which addresses.  Named
ports are not resolved: they depend on the destination.  Classes that no policy selects share the open profile.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from mcpfence.net.addresses import ALL
from mcpfence.net.intervals import union
from mcpfence.reach.connectivity.pod_classes import Mask, PodClasses, bits
from mcpfence.reach.engines.networkpolicy.policy import Policy
from mcpfence.reach.engines.networkpolicy.rules import EVERY_PORT, Ports, Rules
from mcpfence.reach.flows import interval_map
from mcpfence.reach.flows.interval_map import Grouped


@dataclass(frozen=True, slots=True, eq=False)
class Profile:
    """One direction of classes that the same rules select; one object for equal rules.

    `unknown`: a policy that cannot be read selects them too, so that more or less may pass than stands here.
    `isolated`: some NetworkPolicy selects them, so that nothing else passes.
    """

    pieces: tuple[tuple[Mask, Ports], ...]
    addresses: Grouped[Ports]
    unknown: bool = False
    isolated: bool = True


def profiles(policies: Iterable[Policy], direction: str, classes: PodClasses) -> list[Profile]:
    """The profile of each class, in the order of the classes."""
    selecting: dict[Mask, dict[int, Rules]] = {}
    unknown: Mask = 0
    for policy in policies:
        rules = policy.rules(direction)
        if rules is None:
            continue
        mask = classes.selected(policy.namespace, policy.selector)
        if policy.sound:
            selecting.setdefault(mask, {})[id(rules)] = rules
        else:
            unknown |= mask
    of_class: list[dict[int, Rules] | None] = [None] * len(classes.classes)
    for mask, found in selecting.items():
        for place in bits(mask):
            known = of_class[place]
            of_class[place] = found if known is None else {**known, **found}
    opened = Profile(((classes.everyone, EVERY_PORT),), ((ALL, EVERY_PORT),), isolated=False)
    closed = Profile((), (), unknown=True)
    made: dict[tuple[frozenset[int], bool], Profile] = {}
    result = []
    for place, rules_of in enumerate(of_class):
        doubtful = bool(unknown >> place & 1)
        if rules_of is None:
            result.append(closed if doubtful else opened)
            continue
        key = (frozenset(rules_of), doubtful)
        if key not in made:
            made[key] = _profile(rules_of.values(), classes, doubtful)
        result.append(made[key])
    return result


def _profile(found: Iterable[Rules], classes: PodClasses, unknown: bool) -> Profile:
    masks: dict[Ports, Mask] = {}
    addresses: Grouped[Ports] = ()
    for rules in found:
        for rule in rules.items:
            mask = 0
            for box in rule.pods:
                mask |= classes.mask(box)
            if mask:
                masks[rule.ports] = masks.get(rule.ports, 0) | mask
            if rule.addresses:
                addresses = interval_map.combine(addresses, ((rule.addresses, rule.ports),), _joined)
    return Profile(partition((mask, ports) for ports, mask in masks.items()), addresses, unknown)


def partition(entries: Iterable[tuple[Mask, Ports]]) -> tuple[tuple[Mask, Ports], ...]:
    """Disjoint masks, each with the union of the ports of all entries that hold it."""
    pieces: dict[Ports, Mask] = {}
    for mask, ports in entries:
        rest = mask
        parts: dict[Ports, Mask] = {}
        for known, at in pieces.items():
            both = at & rest
            if both:
                joined = join_ports(known, ports)
                parts[joined] = parts.get(joined, 0) | both
                rest &= ~both
            if at & ~both:
                parts[known] = parts.get(known, 0) | (at & ~both)
        if rest:
            parts[ports] = parts.get(ports, 0) | rest
        pieces = parts
    return tuple((mask, ports) for ports, mask in pieces.items())


def join_ports(left: Ports, right: Ports) -> Ports:
    """The ports of either."""
    if left == right:
        return left
    return Ports(union(left.numbers, right.numbers), left.named | right.named)


def _joined(left: Ports | None, right: Ports | None) -> Ports | None:
    if left is None or right is None:
        return left or right
    return join_ports(left, right)
