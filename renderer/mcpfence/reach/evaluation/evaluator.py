"""What a set of policies lets pods do: all pods of a selector, with whatever further labels, or one pod exactly.

A policy whose selector covers the subject's selects all of its pods; one whose selector is merely compatible may
select some of them: it counts for what may pass at most and not for what passes at least.  For a single pod there is
no such doubt.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache

from mcpfence.reach.engines import all_engines
from mcpfence.reach.engines.contract import CLUSTER, NamedPorts, Policy, Rule, matched
from mcpfence.reach.engines.not_evaluated import NotEvaluated
from mcpfence.reach.evaluation.fold import Speaking, fold, rank_order, spoken
from mcpfence.reach.evaluation.index import Index
from mcpfence.reach.evaluation.policy_set import PolicySet
from mcpfence.reach.flows import bounds, flows, label_sets
from mcpfence.reach.flows.bounds import Bounds
from mcpfence.reach.flows.flows import Reach
from mcpfence.reach.flows.label_sets import EVERYTHING, NAMESPACE_NAME, Box, Labels
from mcpfence.reach.flows.selection import Selects, selects
from mcpfence.structs import Struct


class Subject(Struct):
    """Pods of one namespace; `ports` are their named container ports, where all of them have the same."""

    namespace: str
    selector: Box = EVERYTHING
    ports: NamedPorts | None = None

    @property
    def box(self) -> Box:
        """A box around the pods' labels."""
        return self.selector

    def selected(self, box: Box | None, *, anywhere: bool = False) -> Selects:
        """Whether a selector selects the pods: one over pods of their namespace, or `anywhere` one over peers."""
        if anywhere:
            return selects(box, label_sets.pods_in(self.namespace, self.selector))
        return selects(box, self.selector)


class Pod(Struct):
    """One pod, by all of its labels; `ports` are its containers', if they are known."""

    namespace: str
    labels: Labels
    ports: NamedPorts | None = None

    @property
    def box(self) -> Box:
        """A box around the pod's labels."""
        return label_sets.box_of(dict(self.labels))

    def selected(self, box: Box | None, *, anywhere: bool = False) -> Selects:
        """Whether a selector selects the pod; of its namespace nothing but the name is known."""
        if box is None:
            return Selects.NEVER
        of_namespace, of_pod = label_sets.split_peer(box) if anywhere else (EVERYTHING, box)
        if not label_sets.matches(of_pod, dict(self.labels)):
            return Selects.NEVER
        return selects(of_namespace, label_sets.box_of({NAMESPACE_NAME: self.namespace}))


class _LabelSets:
    """Sets of flows over all label sets there could be."""

    nothing = flows.NOTHING
    everything = flows.EVERYTHING
    intersect = staticmethod(flows.intersect)
    minus = staticmethod(flows.minus)

    @staticmethod
    def union(parts: Sequence[Reach]) -> Reach:
        found = [part for part in dict.fromkeys(parts) if part]
        if flows.EVERYTHING in found:
            return flows.EVERYTHING
        return found[0] if len(found) == 1 else flows.union_of(found)


_SETS = _LabelSets()


@lru_cache(maxsize=16384)
def matched_anywhere(rule: Rule, direction: str) -> Bounds[Reach]:
    """What a rule matches where named ports are not known; one object for one rule, whatever policy has it."""
    return matched(rule, direction)


@lru_cache(maxsize=16384)
def _matched_by_any(rules: tuple[Rule, ...], direction: str) -> Bounds[Reach]:
    return _any_of(rules, [matched_anywhere(rule, direction) for rule in rules])


def _any_of(rules: tuple[Rule, ...], found: list[Bounds[Reach]]) -> Bounds[Reach]:
    if not rules:
        return bounds.NOTHING
    least = flows.union_of(one.least for rule, one in zip(rules, found, strict=True) if rule.sure)
    if all(rule.sure for rule in rules) and all(one.least is one.most for one in found):
        return Bounds(least, least)
    most = flows.union_of(one.most for one in found)
    return Bounds(most, most) if most == least else Bounds(least, most)


class _Matched:
    """What rules match; where their named ports are not known it is kept for all evaluators."""

    def __init__(self, direction: str, ports: NamedPorts | None = None) -> None:
        self._direction, self._ports = direction, ports

    def one(self, rule: Rule) -> Bounds[Reach]:
        if self._ports is None:
            return matched_anywhere(rule, self._direction)
        return matched(rule, self._direction, self._ports)

    def any_of(self, rules: tuple[Rule, ...]) -> Bounds[Reach]:
        if self._ports is None:
            return _matched_by_any(rules, self._direction)
        return _any_of(rules, [self.one(rule) for rule in rules])


class Evaluator:
    """Answers what a set of policies lets pods do.  Built once; answers are shared objects where they are equal."""

    def __init__(self, found: PolicySet) -> None:
        self._policies = Index((policy, policy.namespace, policy.selector) for policy in found.policies)
        self._others = Index((other, other.namespace, other.selector) for other in found.not_evaluated)
        self._engines = all_engines()
        self._matchers = {"ingress": _Matched("ingress"), "egress": _Matched("egress")}
        self._answers: dict[object, tuple[list[Speaking], Bounds[Reach]]] = {}
        self._layers: dict[tuple[int, int], tuple[Bounds[Reach], Bounds[Reach], Bounds[Reach]]] = {}

    def egress(self, subject: Subject | Pod) -> Bounds[Reach]:
        """What the pods may reach: all layers must allow."""
        return self.reach(subject, "egress")

    def ingress(self, subject: Subject | Pod) -> Bounds[Reach]:
        """Who may reach the pods, as far as their own side decides."""
        return self.reach(subject, "ingress")

    def reach(self, subject: Subject | Pod, direction: str) -> Bounds[Reach]:
        """What all layers let through in one direction."""
        passing = bounds.EVERYTHING
        for found in self.speaking(subject, direction).values():
            passing = self._both(passing, self._fold(found, subject, direction))
        return passing

    def layer(self, subject: Subject | Pod, direction: str, layer: str = CLUSTER) -> Bounds[Reach]:
        """What one layer alone lets through."""
        return self._fold(self.speaking(subject, direction).get(layer, []), subject, direction)

    def speaking(self, subject: Subject | Pod, direction: str) -> dict[str, list[Speaking]]:
        """The policies that speak of the pods, by layer, the cluster's first; no layer without a policy."""
        layers: dict[str, list[Speaking]] = {}
        for policy in self._candidates(subject):
            one = self._spoken(policy, subject, direction)
            if one is not None:
                layers.setdefault(policy.tier.layer, []).append(one)
        if len(layers) < 2:
            return layers
        return dict(sorted(layers.items(), key=lambda item: (item[0] != CLUSTER, item[0])))

    def selecting(self, subject: Subject | Pod) -> list[tuple[Policy | NotEvaluated, Selects]]:
        """Every policy that selects pods of the subject, surely or maybe, in the order of their titles."""
        found: list[tuple[Policy | NotEvaluated, Selects]] = []
        for policy in self._candidates(subject):
            how = max((self._how(policy, source.pods, subject) for source in policy.sources), default=Selects.NEVER)
            if how is not Selects.NEVER:
                found.append((policy, how))
        for other in self._others.candidates(subject.namespace, subject.box):
            how = subject.selected(other.selector)
            if how is not Selects.NEVER:
                found.append((other, how if other.told else min(how, Selects.MAYBE)))
        return sorted(found, key=_title)

    def alike(self, namespace: str) -> bool:
        """Whether every policy that selects pods of a namespace selects all of them, whatever their labels."""
        policies = self._policies.candidates(namespace, EVERYTHING)
        others = self._others.candidates(namespace, EVERYTHING)
        boxes = [source.pods for policy in policies for source in policy.sources]
        return not any([*boxes, *(other.selector for other in others)])

    def _candidates(self, subject: Subject | Pod) -> Iterable[Policy]:
        return self._policies.candidates(subject.namespace, subject.box)

    @staticmethod
    def _how(policy: Policy, box: Box | None, subject: Subject | Pod) -> Selects:
        return subject.selected(box, anywhere=policy.namespace is None)

    def _spoken(self, policy: Policy, subject: Subject | Pod, direction: str) -> Speaking | None:
        rules = policy.rules(direction)
        if rules is None:
            return None
        if policy.sound:
            return spoken(policy, rules, [self._how(policy, one.pods, subject) for one in policy.sources])
        how = self._how(policy, policy.selector, subject)
        if how is Selects.NEVER:
            return None
        return Speaking(policy, how, self._engines[policy.engine].unreadable.items, sure=False)

    def _fold(self, speaking: list[Speaking], subject: Subject | Pod, direction: str) -> Bounds[Reach]:
        if not speaking:
            return bounds.EVERYTHING
        ports = subject.ports if direction == "ingress" else None
        if ports is not None and any(rule.ports.named for one in speaking for rule in one.rules):
            return self._passing(speaking, _Matched(direction, ports))
        key = direction, frozenset(one.key for one in speaking), rank_order(speaking)
        known = self._answers.get(key)
        if known is None:  # the policies stay alive with their answer, so that their ids are theirs alone
            known = self._answers[key] = (speaking, self._passing(speaking, self._matchers[direction]))
        return known[1]

    def _passing(self, speaking: list[Speaking], matcher: _Matched) -> Bounds[Reach]:
        found = fold(speaking, matcher, _SETS)
        unseen = self._engines[speaking[0].policy.engine].unseen
        if not unseen or not all(one.policy.sound for one in speaking):
            return found if found.most else bounds.NOTHING
        past = flows.reach_of(unseen)
        least, most = flows.union(found.least, past), flows.union(found.most, past)
        return Bounds(most, most) if least == most else Bounds(least, most)

    def _both(self, left: Bounds[Reach], right: Bounds[Reach]) -> Bounds[Reach]:
        if left is bounds.EVERYTHING or right is bounds.EVERYTHING:
            return right if left is bounds.EVERYTHING else left
        known = self._layers.get((id(left), id(right)))
        if known is None:
            least, most = flows.intersect(left.least, right.least), flows.intersect(left.most, right.most)
            found = Bounds(most, most) if least == most else Bounds(least, most)
            known = self._layers[id(left), id(right)] = (found, left, right)
        return known[0]


def _title(item: tuple[Policy | NotEvaluated, Selects]) -> str:
    return item[0].title
