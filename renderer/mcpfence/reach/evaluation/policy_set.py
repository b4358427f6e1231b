"""Every policy of a set of documents, read once each, with what could not be read and what has no evaluator."""

from __future__ import annotations

import marshal
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from mcpfence.net.addresses import ALL
from mcpfence.net.intervals import Intervals
from mcpfence.reach.documents.fields import Problem
from mcpfence.reach.documents.objects import Object, unroll
from mcpfence.reach.engines.aviatrix.policy import GROUP, KIND, Firewall, FirewallReader
from mcpfence.reach.engines.networkpolicy.policy import Policy, read_policy
from mcpfence.reach.engines.networkpolicy.rules import NO_RULES, Rules, read_rules
from mcpfence.reach.engines.not_evaluated import NotEvaluated, not_evaluated

_NETWORK_POLICY = ("networking.k8s.io", "extensions")
"""API groups of NetworkPolicy; `extensions` is what it was before 1.16, with the same fields."""


class PolicySet(NamedTuple):
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

    def _equal_rules(self, value: Any, namespace: str, direction: str) -> Rules:
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


def read_policies(
    documents: Iterable[object], *, namespace: str = "default", pod_addresses: Intervals = ALL
) -> PolicySet:
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
        network = one.kind == "NetworkPolicy" and one.group in _NETWORK_POLICY
        if not network and (one.group, one.kind) != (GROUP, KIND):
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
            policies.append(policy._replace(problems=policy.problems + twice) if twice else policy)
        else:
            wall = reader.firewall(one.document, title, where)
            firewalls.append(wall._replace(sound=False, problems=wall.problems + twice) if twice else wall)
    found = [problem for policy in policies for problem in policy.problems]
    found += [problem for wall in firewalls for problem in wall.problems]
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
