"""What each class of pods may do in one direction, worked out once for all classes of which the same rules speak."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from mcpfence.reach.connectivity.class_flows import ClassFlows, ClassMatcher, ClassSets, same
from mcpfence.reach.connectivity.pod_classes import Mask, PodClasses, bits
from mcpfence.reach.connectivity.workloads import PortNames
from mcpfence.reach.engines import all_engines
from mcpfence.reach.engines.contract import CLUSTER, Policy, Rules
from mcpfence.reach.evaluation.fold import Speaking, fold, rank_order, spoken
from mcpfence.reach.flows import traffic
from mcpfence.reach.flows.bounds import Bounds
from mcpfence.reach.flows.label_sets import Box
from mcpfence.reach.flows.selection import Selects
from mcpfence.structs import Struct


class ClassProfile:
    """One direction of classes of which the same rules speak; one object for equal rules.

    `flows` is what all layers let through.  `behind` are the layers behind the cluster's, each by itself.  `unknown`: a
    policy that cannot be read speaks of the classes, so that more may pass than stands here.
    """

    __slots__ = ("behind", "flows", "unknown")

    def __init__(self, flows: ClassFlows, behind: tuple[ClassFlows, ...] = (), *, unknown: bool = False) -> None:
        self.flows: Final = flows
        self.behind: Final = behind
        self.unknown: Final = unknown


def profiles(policies: Iterable[Policy], direction: str, classes: PodClasses) -> list[ClassProfile]:
    """The profile of each class, in the order of the classes."""
    alike: dict[Mask, list[Speaking]] = {}
    for policy in policies:
        rules = policy.rules(direction)
        if rules is not None:
            for mask, one in _spoken(policy, rules, classes):
                alike.setdefault(mask, []).append(one)
    of_class: list[list[_Group]] = [[] for _ in classes.classes]
    for mask, speaking in alike.items():
        group = _group(speaking)
        for place in bits(mask):
            of_class[place].append(group)
    work = _ClassFold(classes, direction)
    return [work.profile(found, one.ports) for found, one in zip(of_class, classes.classes, strict=True)]


class _Group(Struct):
    """Policies that speak of the same classes: looked at once, and not once for each of the classes."""

    speaking: list[Speaking]
    keys: frozenset[object]
    """Equal for groups that decide alike, while both are alive."""
    named: bool
    """Whether some rule has a named port."""


def _group(speaking: list[Speaking]) -> _Group:
    keys = frozenset([*((one.key, bool(one.policy.problems)) for one in speaking), rank_order(speaking)])
    return _Group(speaking, keys, any(rule.ports.named for one in speaking for rule in one.rules))


def _spoken(policy: Policy, rules: Rules, classes: PodClasses) -> Iterable[tuple[Mask, Speaking]]:
    """The policy as it speaks of classes, by the masks of those of which it speaks alike."""
    if not policy.sound:
        items = all_engines()[policy.engine].unreadable.items
        yield _mask(policy, policy.selector, classes), Speaking(policy, Selects.SURELY, items, sure=False)
        return
    masks = [_mask(policy, source.pods, classes) for source in policy.sources]
    parts: Sequence[Mask] = [classes.everyone]
    for mask in dict.fromkeys(masks):
        parts = [piece for part in parts for piece in (part & mask, part & ~mask) if piece]
    for part in parts:
        hows = [Selects.SURELY if mask & part else Selects.NEVER for mask in masks]
        one = spoken(policy, rules, hows) if hows else None
        if one is not None:
            yield part, one


def _mask(policy: Policy, box: Box | None, classes: PodClasses) -> Mask:
    if policy.namespace is None and box is not None:
        return classes.mask(box)
    return classes.selected(policy.namespace, box)


class _ClassFold:
    """Folds what speaks of classes, once for each different set of rules."""

    def __init__(self, classes: PodClasses, direction: str) -> None:
        self._classes, self._direction = classes, direction
        self._sets = ClassSets(classes)
        self._matchers: dict[PortNames, ClassMatcher] = {}
        self._open = ClassProfile(self._sets.everything)
        self._made: dict[object, tuple[list[Speaking], ClassProfile]] = {}

    def profile(self, groups: list[_Group], ports: PortNames) -> ClassProfile:
        """What the policies let a class with these ports do."""
        if not groups:
            return self._open
        named = self._direction == "ingress" and any(group.named for group in groups)
        own = ports if named else frozenset()
        first, *others = (group.keys for group in groups)
        key = own, first.union(*others) if others else first
        known = self._made.get(key)
        if known is None:  # the policies stay alive with their profile, so that their ids are theirs alone
            speaking = [one for group in groups for one in group.speaking]
            known = self._made[key] = (speaking, self._profile(speaking, own))
        return known[1]

    def _profile(self, speaking: list[Speaking], own: PortNames) -> ClassProfile:
        if own not in self._matchers:
            self._matchers[own] = ClassMatcher(self._classes, self._direction, own)
        layers: dict[str, list[Speaking]] = {}
        for one in speaking:
            layers.setdefault(one.policy.tier.layer, []).append(one)
        found = self._sets.everything
        behind: list[ClassFlows] = []
        unknown = False
        for layer, some in sorted(layers.items(), key=lambda item: (item[0] != CLUSTER, item[0])):
            passing = self._passing(some, self._matchers[own])
            doubtful = any(one.policy.problems for one in some)
            chosen = passing.least if doubtful else passing.most
            unknown = unknown or (doubtful and not same(passing.least, passing.most))
            found = self._sets.intersect(found, chosen)
            if layer != CLUSTER:
                behind.append(chosen)
        return ClassProfile(found, tuple(behind), unknown=unknown)

    def _passing(self, speaking: list[Speaking], matcher: ClassMatcher) -> Bounds[ClassFlows]:
        """What one layer lets through; where policies can be read, groups of which nobody knows count at most."""
        found = fold(speaking, matcher, self._sets)
        unseen = all_engines()[speaking[0].policy.engine].unseen
        if not unseen or not all(one.policy.sound for one in speaking):
            return found
        past = ClassFlows((), ((unseen, traffic.EVERYTHING),))
        least, most = (self._sets.union([one, past]) for one in found)
        return Bounds(least, least if found.least is found.most else most)
