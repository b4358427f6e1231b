"""The reach of one subject: all pods of a namespace that satisfy a selector, with whatever further labels.

A policy whose selector covers the subject's selects all of its pods; one whose selector is merely compatible may
select some of them: it counts for what may pass at most and not for what passes at least.
"""

from __future__ import annotations

from typing import NamedTuple

from mcpfence.reach.engines.aviatrix.evaluate import Firewalls, Selects, selects
from mcpfence.reach.engines.aviatrix.policy import Firewall
from mcpfence.reach.engines.networkpolicy.evaluate import NamedPorts, egress_bounds, ingress_bounds, is_named
from mcpfence.reach.engines.networkpolicy.policy import Policy
from mcpfence.reach.engines.networkpolicy.rules import Rules
from mcpfence.reach.engines.not_evaluated import NotEvaluated
from mcpfence.reach.evaluation.index import Index
from mcpfence.reach.evaluation.policy_set import PolicySet
from mcpfence.reach.flows import bounds
from mcpfence.reach.flows.bounds import Bounds
from mcpfence.reach.flows.label_sets import EVERYTHING, Box

DIRECTIONS = ("ingress", "egress")


class Subject(NamedTuple):
    """Pods of one namespace; `ports` are their named container ports, where all of them have the same."""

    namespace: str
    selector: Box = EVERYTHING
    ports: NamedPorts | None = None


class Evaluator:
    """Answers what a set of policies lets subjects do.  Built once; answers are shared objects where they are equal."""

    def __init__(self, found: PolicySet) -> None:
        self._policies = Index((policy, policy.namespace, policy.selector) for policy in found.policies)
        self._firewalls = Index((policy, policy.namespace, policy.selector) for policy in found.firewalls)
        self._others = Index((other, other.namespace, other.selector) for other in found.not_evaluated)
        self._rules: dict[tuple[int, str], tuple[Rules, Bounds]] = {}
        self._sums: dict[tuple[tuple[int, ...], tuple[int, ...]], tuple[list[Bounds], Bounds]] = {}
        self._layers: dict[tuple[int, int], tuple[Bounds, Bounds, Bounds]] = {}
        self._walls = Firewalls()

    def egress(self, subject: Subject) -> Bounds:
        """What pods of the subject may reach: NetworkPolicies and firewall must both allow."""
        walls = self._firewalls.candidates(subject.namespace, subject.selector)
        allowed = self.network(subject, "egress")
        return self._layer(allowed, self._walls.egress(walls, subject.selector)) if walls else allowed

    def _layer(self, allowed: Bounds, passed: Bounds) -> Bounds:
        key = (id(allowed), id(passed))
        known = self._layers.get(key)
        if known is None:
            known = self._layers[key] = (bounds.meet(allowed, passed), allowed, passed)
        return known[0]

    def ingress(self, subject: Subject) -> Bounds:
        """Who may reach pods of the subject, as far as their own side decides: NetworkPolicies alone."""
        return self.network(subject, "ingress")

    def firewall(self, subject: Subject) -> Bounds:
        """What the FirewallPolicies alone let pods of the subject reach."""
        walls = self._firewalls.candidates(subject.namespace, subject.selector)
        return self._walls.egress(walls, subject.selector)

    def network(self, subject: Subject, direction: str) -> Bounds:
        """What the NetworkPolicies alone allow in one direction."""
        sure: list[Bounds] = []
        possible: list[Bounds] = []
        isolated = False
        for policy in self._policies.candidates(subject.namespace, subject.selector):
            rules = policy.egress if direction == "egress" else policy.ingress
            how = selects(policy.selector, subject.selector) if rules is not None else Selects.NEVER
            if rules is None or how is Selects.NEVER:
                continue
            found = self._bounds(rules, direction, subject.ports) if policy.sound else bounds.UNKNOWN
            if how is Selects.MAYBE or not policy.sound:
                possible.append(found)
            else:
                isolated = True
                if found is not bounds.NOTHING:
                    sure.append(found)
        if len(sure) < 2 and not possible and isolated:
            return sure[0] if sure else bounds.NOTHING
        return self._sum(sure or ([bounds.NOTHING] if isolated else []), possible)

    def _sum(self, sure: list[Bounds], possible: list[Bounds]) -> Bounds:
        """What policies add up to, kept by the identity of the parts; the parts stay alive with their sum."""
        key = (tuple(sorted({id(one) for one in sure})), tuple(sorted({id(one) for one in possible})))
        known = self._sums.get(key)
        if known is None:
            known = self._sums[key] = ([*sure, *possible], bounds.additive(sure, possible))
        return known[1]

    def selecting(self, subject: Subject) -> list[tuple[Policy | Firewall | NotEvaluated, Selects]]:
        """Every policy that selects pods of the subject, surely or maybe, in the order of their titles."""
        found: list[tuple[Policy | Firewall | NotEvaluated, Selects]] = []
        for index in (self._policies, self._firewalls, self._others):
            for policy in index.candidates(subject.namespace, subject.selector):
                how = selects(policy.selector, subject.selector)
                if isinstance(policy, NotEvaluated) and not policy.told:
                    how = min(how, Selects.MAYBE)
                if how is not Selects.NEVER:
                    found.append((policy, how))
        return sorted(found, key=_title)

    def _bounds(self, rules: Rules, direction: str, ports: NamedPorts | None) -> Bounds:
        if direction == "ingress" and ports is not None and is_named(rules):
            return ingress_bounds(rules, ports)
        known = self._rules.get((id(rules), direction))
        if known is None:
            found = egress_bounds(rules) if direction == "egress" else ingress_bounds(rules)
            known = self._rules[id(rules), direction] = (rules, found)
        return known[1]


def _title(item: tuple[Policy | Firewall | NotEvaluated, Selects]) -> str:
    return item[0].title
