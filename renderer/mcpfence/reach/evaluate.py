"""From documents to the reach of one subject: all pods of a namespace that satisfy a selector, with further labels.

A policy whose selector covers the subject's selects all of its pods; one whose selector is merely compatible may
select some of them: it counts for what may pass at most and not for what passes at least.
"""

from __future__ import annotations

import marshal
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from mcpfence.addresses import ALL
from mcpfence.intervals import Intervals
from mcpfence.reach import aviatrix, bounds
from mcpfence.reach.aviatrix import Firewall, FirewallReader
from mcpfence.reach.bounds import Bounds
from mcpfence.reach.boxes import EVERYTHING, Box
from mcpfence.reach.firewall import Firewalls, Selects, selects
from mcpfence.reach.index import Index
from mcpfence.reach.objects import Object, unroll
from mcpfence.reach.policy import NO_RULES, Policy, Rules, read_policy, read_rules
from mcpfence.reach.problems import Problem
from mcpfence.reach.rules import NamedPorts, bounds_of
from mcpfence.reach.unevaluated import NotEvaluated, not_evaluated

NETWORK_POLICY = ("networking.k8s.io", "extensions")
"""API groups of NetworkPolicy; `extensions` is what it was before 1.16, with the same fields."""

DIRECTIONS = ("ingress", "egress")


@dataclass(frozen=True, slots=True)
class Subject:
    """Pods of one namespace; `ports` are their named container ports, where all of them have the same."""

    namespace: str
    selector: Box = EVERYTHING
    ports: NamedPorts | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicySet:
    """Every policy of some documents, and what could not be read of them."""

    policies: tuple[Policy, ...]
    firewalls: tuple[Firewall, ...]
    not_evaluated: tuple[NotEvaluated, ...]
    problems: tuple[Problem, ...]


@dataclass(slots=True)
class Reader:
    """Reads policies one by one, and reads a list of rules that it meets again (the same object) only once.

    `namespace` is for objects that name none.  `pod_addresses`: see FirewallReader.  It keeps what it has read, so it
    lives as long as one proof.
    """

    namespace: str = "default"
    pod_addresses: Intervals = ALL
    _rules: dict[tuple[int, str, str], tuple[object, Rules]] = field(default_factory=dict)
    _contents: dict[tuple[bytes, str, str], Rules] = field(default_factory=dict)
    _same: dict[Rules, Rules] = field(default_factory=dict)
    _firewalls: FirewallReader = field(init=False)

    def __post_init__(self) -> None:
        self._firewalls = FirewallReader(self.pod_addresses)

    def policy(self, document: dict[str, object], title: str = "", namespace: str = "") -> Policy:
        """One NetworkPolicy; title and namespace as the document says where they are not given."""
        if not title:
            one = unroll([document]).objects[0]
            title, namespace = self.titled(one), one.namespace or self.namespace
        return read_policy(document, title, namespace, self.rules)

    def firewall(self, document: dict[str, object], title: str = "", namespace: str = "") -> Firewall:
        """One FirewallPolicy, likewise."""
        if not title:
            one = unroll([document]).objects[0]
            title, namespace = self.titled(one), one.namespace or self.namespace
        return self._firewalls.read(document, title, namespace)

    def rules(self, value: object, namespace: str, direction: str) -> Rules:
        """One list of rules; equal lists give one object."""
        if value is None:
            return NO_RULES
        key = (id(value), namespace, direction)
        known = self._rules.get(key)
        if known is None:
            known = self._rules[key] = (value, self._equal_rules(value, namespace, direction))
        return known[1]

    def _equal_rules(self, value: object, namespace: str, direction: str) -> Rules:
        """The rules of a list whose content may have been read before: most servers differ in their names alone."""
        try:
            # Version 2 writes plain values alone, without back references, so equal content gives equal bytes. It tells
            # 1, true and "1" apart, and refuses what is no plain value or contains itself.
            content = (marshal.dumps(value, 2), namespace, direction)
        except ValueError:
            return read_rules(value, namespace, direction)
        known = self._contents.get(content)
        if known is None:
            found = read_rules(value, namespace, direction)
            known = self._contents[content] = self._same.setdefault(found, found)
        return known

    def titled(self, one: Object) -> str:
        """The title with the namespace that counts."""
        return one.title if one.namespace else f"{one.kind} {self.namespace}/{one.name}"


def read_policies(documents: Iterable[object], *, namespace: str = "default", pod_addresses: Intervals = ALL) -> PolicySet:
    """Every policy among the documents.  Never raises: what cannot be read is in `problems`."""
    unrolled = unroll(documents)
    return policies_of(unrolled.objects, Reader(namespace, pod_addresses), unrolled.problems)


def policies_of(objects: Iterable[Object], reader: Reader, problems: Iterable[Problem] = ()) -> PolicySet:
    """Every policy among objects that were unrolled already, with the problems that came up there."""
    policies: list[Policy] = []
    firewalls: list[Firewall] = []
    others: list[NotEvaluated] = []
    seen: dict[tuple[str, str, str], object] = {}
    for one in objects:
        where = one.namespace or reader.namespace
        network = one.kind == "NetworkPolicy" and one.group in NETWORK_POLICY
        if not network and (one.group, one.kind) != (aviatrix.GROUP, aviatrix.KIND):
            other = not_evaluated(one, where)
            others += [other] if other is not None else []
            continue
        title = reader.titled(one)
        first = seen.setdefault((one.kind, where, one.name), one.document)
        if first is not one.document and _equal(first, one.document):
            continue
        twice = () if first is one.document else (Problem(title, "", "stands twice, with different contents"),)
        if network:
            policy = reader.policy(one.document, title, where)
            policies.append(replace(policy, problems=policy.problems + twice) if twice else policy)
        else:
            wall = reader.firewall(one.document, title, where)
            firewalls.append(replace(wall, sound=False, problems=wall.problems + twice) if twice else wall)
    found = [problem for read in (*policies, *firewalls) for problem in read.problems]
    return PolicySet(
        policies=tuple(policies),
        firewalls=tuple(firewalls),
        not_evaluated=tuple(others),
        problems=(*problems, *found),
    )


def _equal(left: object, right: object) -> bool:
    try:
        return left == right
    except RecursionError:  # documents that contain themselves
        return False


class Evaluator:
    """Answers what a set of policies lets subjects do.  Built once; answers are shared objects where they are equal."""

    def __init__(self, found: PolicySet) -> None:
        self._policies = Index((policy, policy.namespace, policy.selector) for policy in found.policies)
        self._firewalls = Index((policy, policy.namespace, policy.selector) for policy in found.firewalls)
        self._others = Index((other, other.namespace, other.selector) for other in found.not_evaluated)
        self._rules: dict[int, tuple[Rules, Bounds]] = {}
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
            found = self._bounds(rules, subject.ports) if policy.sound else bounds.UNKNOWN
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
            for policy in index.candidates(subject.namespace, subject.selector):  # type: ignore[attr-defined]
                how = selects(policy.selector, subject.selector)
                if isinstance(policy, NotEvaluated) and not policy.told:
                    how = min(how, Selects.MAYBE)
                if how is not Selects.NEVER:
                    found.append((policy, how))
        return sorted(found, key=_title)

    def _bounds(self, rules: Rules, ports: NamedPorts | None) -> Bounds:
        if ports is not None and any(rule.ports.named for rule in rules.items):
            return bounds_of(rules, ports)
        known = self._rules.get(id(rules))
        if known is None:
            known = self._rules[id(rules)] = (rules, bounds_of(rules))
        return known[1]


def _title(item: tuple[Policy | Firewall | NotEvaluated, Selects]) -> str:
    return item[0].title
