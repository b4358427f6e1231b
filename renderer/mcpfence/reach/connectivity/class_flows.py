"""Sets of flows between one class of pods, and all classes and addresses: what the fold works on for a folder.

Classes are bits of whole numbers (`pod_classes`), so that a thousand peers cost as much as one.  Ports that are known
by name are those of the destination: the class itself for ingress, each of the others for egress.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import cached_property, lru_cache
from typing import Final

from mcpfence.net.addresses import ALL
from mcpfence.net.intervals import EMPTY, Intervals
from mcpfence.reach.connectivity.pod_classes import Mask, PodClasses, bits
from mcpfence.reach.connectivity.workloads import PortNames, resolve
from mcpfence.reach.engines.contract import Ports, Rule
from mcpfence.reach.flows import interval_map, traffic
from mcpfence.reach.flows.bounds import Bounds
from mcpfence.reach.flows.interval_map import Grouped
from mcpfence.reach.flows.label_sets import Box
from mcpfence.reach.flows.traffic import Traffic

Pods = tuple[tuple[Mask, Traffic], ...]
"""Disjoint masks of classes, each with its traffic; different traffic in each."""


class ClassFlows:
    """What passes between a class and other classes, and between it and addresses; equal ones should be one object."""

    def __init__(self, pods: Pods = (), addresses: Grouped[Traffic] = ()) -> None:
        self.pods: Final = pods
        self.addresses: Final = addresses

    @cached_property
    def points(self) -> tuple[tuple[Mask, Intervals], ...]:
        """The classes with the points of protocol and port on which anything may pass, under whatever name."""
        found: dict[Intervals, Mask] = {}
        for mask, allowed in self.pods:
            points = traffic.points_of(allowed)
            found[points] = found.get(points, 0) | mask
        return tuple((mask, points) for points, mask in found.items())


def same(left: ClassFlows, right: ClassFlows) -> bool:
    """Whether both are the same set of flows, made in the same way."""
    return left is right or (left.pods == right.pods and left.addresses == right.addresses)


class ClassSets:
    """The algebra of `ClassFlows`, over the classes of one folder."""

    def __init__(self, classes: PodClasses) -> None:
        self.nothing = ClassFlows()
        self.everything = ClassFlows(
            ((classes.everyone, traffic.EVERYTHING),) if classes.everyone else (), ((ALL, traffic.EVERYTHING),)
        )

    def union(self, parts: Sequence[ClassFlows]) -> ClassFlows:
        """What is in any of the parts."""
        found = [part for part in dict.fromkeys(parts) if part is not self.nothing]
        if len(found) < 2 or self.everything in found:
            return self.everything if self.everything in found else (found or [self.nothing])[0]
        addresses = interval_map.combine_all([part.addresses for part in found if part.addresses], _either)
        return ClassFlows(_partition(item for part in found for item in part.pods), addresses)

    def intersect(self, left: ClassFlows, right: ClassFlows) -> ClassFlows:
        """What is in both."""
        if left is right or right is self.everything or left is self.nothing:
            return left
        if left is self.everything or right is self.nothing:
            return right
        pods = [
            (ours & theirs, traffic.intersect(mine, other))
            for ours, mine in left.pods
            for theirs, other in right.pods
            if ours & theirs
        ]
        return ClassFlows(_grouped(pods), _combined(left.addresses, right.addresses, _both))

    def minus(self, left: ClassFlows, right: ClassFlows) -> ClassFlows:
        """What of the first is not in the second."""
        if left is right or right is self.everything or left is self.nothing:
            return self.nothing
        if right is self.nothing:
            return left
        pods: list[tuple[Mask, Traffic]] = []
        for ours, mine in left.pods:
            rest = ours
            for theirs, other in right.pods:
                if rest & theirs:
                    pods.append((rest & theirs, traffic.minus(mine, other)))
                    rest &= ~theirs
            pods.append((rest, mine))
        return ClassFlows(_grouped(pods), _combined(left.addresses, right.addresses, _less))


class ClassMatcher:
    """What rules match for the classes of one folder, in one direction; `own` are the ports of the class itself."""

    def __init__(self, classes: PodClasses, direction: str, own: PortNames = frozenset()) -> None:
        self._classes, self._direction, self._own = classes, direction, own
        self._sets = ClassSets(classes)
        self._rules: dict[int, tuple[Rule, Bounds[ClassFlows]]] = {}  # a rule lives as long as its id is a key
        self._lists: dict[int, tuple[tuple[Rule, ...], Bounds[ClassFlows]]] = {}

    def one(self, rule: Rule) -> Bounds[ClassFlows]:
        """The flows that a rule matches, at least and at most."""
        known = self._rules.get(id(rule))
        if known is None:
            known = self._rules[id(rule)] = (rule, self._both((rule,)))
        return known[1]

    def any_of(self, rules: tuple[Rule, ...]) -> Bounds[ClassFlows]:
        """The flows that any of the rules matches."""
        known = self._lists.get(id(rules))
        if known is None:
            least = self._flows([rule for rule in rules if rule.sure], least=True)
            exact = all(rule.sure and _is_exact(rule) for rule in rules)
            found = Bounds(least, least if exact else self._flows(rules, least=False))
            known = self._lists[id(rules)] = (rules, found)
        return known[1]

    def _both(self, rules: tuple[Rule, ...]) -> Bounds[ClassFlows]:
        least = self._flows(rules, least=True)
        return Bounds(least, least if all(map(_is_exact, rules)) else self._flows(rules, least=False))

    def _flows(self, rules: Iterable[Rule], *, least: bool) -> ClassFlows:
        pods: dict[Traffic, Mask] = {}
        addresses: list[Grouped[Traffic]] = []
        for rule in rules:
            peers = rule.peers
            mask = self._mask(peers.least_pods if least else peers.most_pods)
            for part, allowed in self._traffic(rule, mask, least=least) if mask else ():
                if allowed:
                    pods[allowed] = pods.get(allowed, 0) | part
            members = peers.least_addresses if least else peers.most_addresses
            allowed = _shown(self._own_points(rule.ports), rule, least=least) if members else traffic.NOTHING
            if allowed:
                addresses.append(((members, allowed),))
        if not pods and not addresses:
            return self._sets.nothing
        masks = _partition((mask, allowed) for allowed, mask in pods.items())
        return ClassFlows(masks, interval_map.combine_all(addresses, _either))

    def _mask(self, found: tuple[Box, ...]) -> Mask:
        mask = 0
        for box in found:
            mask |= self._classes.mask(box)
        return mask

    def _traffic(self, rule: Rule, mask: Mask, *, least: bool) -> Iterable[tuple[Mask, Traffic]]:
        """The classes of a mask with the traffic that the rule matches there."""
        if self._direction == "ingress" or not rule.ports.named:
            yield mask, _shown(self._own_points(rule.ports), rule, least=least)
            return
        by_points: dict[Intervals, Mask] = {}
        for place in bits(mask):
            points = resolve(rule.ports, self._classes.classes[place].ports)
            by_points[points] = by_points.get(points, 0) | 1 << place
        yield from ((part, _shown(points, rule, least=least)) for points, part in by_points.items())

    def _own_points(self, ports: Ports) -> Intervals:
        """The points as they are where names are the class's own; addresses have no containers that could name any."""
        return resolve(ports, self._own) if ports.named and self._direction == "ingress" else ports.numbers


def _is_exact(rule: Rule) -> bool:
    peers, names = rule.peers, rule.names
    return (
        peers.least_addresses == peers.most_addresses
        and peers.least_pods == peers.most_pods
        and (names is None or names.least == names.most)
    )


def _shown(points: Intervals, rule: Rule, *, least: bool) -> Traffic:
    if points == EMPTY or rule.names is None:
        return traffic.plain(points)
    return traffic.named(points, rule.names.least if least else rule.names.most)


def _partition(entries: Iterable[tuple[Mask, Traffic]]) -> Pods:
    """Disjoint masks, each with the union of the traffic of all entries that hold it."""
    pieces: dict[Traffic, Mask] = {}
    for mask, allowed in entries:
        rest = mask
        parts: dict[Traffic, Mask] = {}
        for known, at in pieces.items():
            both = at & rest
            if both:
                joined = traffic.union(known, allowed)
                parts[joined] = parts.get(joined, 0) | both
                rest &= ~both
            if at & ~both:
                parts[known] = parts.get(known, 0) | (at & ~both)
        if rest:
            parts[allowed] = parts.get(allowed, 0) | rest
        pieces = parts
    return tuple((mask, allowed) for allowed, mask in pieces.items())


def _grouped(entries: Iterable[tuple[Mask, Traffic]]) -> Pods:
    """Disjoint masks as they are, those of equal traffic as one, without those that let nothing pass."""
    pieces: dict[Traffic, Mask] = {}
    for mask, allowed in entries:
        if mask and allowed:
            pieces[allowed] = pieces.get(allowed, 0) | mask
    return tuple((mask, allowed) for allowed, mask in pieces.items())


_Choose = Callable[[Traffic | None, Traffic | None], Traffic | None]


@lru_cache(maxsize=4096)
def _combined(left: Grouped[Traffic], right: Grouped[Traffic], choose: _Choose) -> Grouped[Traffic]:
    return interval_map.combine(left, right, choose)


def _either(left: Traffic | None, right: Traffic | None) -> Traffic | None:
    if left is None or right is None:
        return left or right
    return traffic.union(left, right)


def _both(left: Traffic | None, right: Traffic | None) -> Traffic | None:
    return (traffic.intersect(left, right) or None) if left is not None and right is not None else None


def _less(left: Traffic | None, right: Traffic | None) -> Traffic | None:
    if left is None or right is None:
        return left
    return traffic.minus(left, right) or None
