"""What one pod may reach, and who may reach it, by its exact labels.

`reach.evaluate` answers for all pods of a selector, some of which a policy may or may not select.  For a single pod
there is no such doubt, and a selector is matched faster than it is compared with another one.
"""

from __future__ import annotations

from collections.abc import Mapping

from mcpfence.reach import bounds, boxes
from mcpfence.reach.aviatrix import Firewall
from mcpfence.reach.bounds import Bounds
from mcpfence.reach.firewall import Firewalls
from mcpfence.reach.granted import NamedPorts, egress_bounds, ingress_bounds, is_named
from mcpfence.reach.index import Index
from mcpfence.reach.policy import Policy
from mcpfence.reach.policyset import PolicySet
from mcpfence.reach.rules import Rules


class PodReach:
    """Answers for the pods of one set of policies; equal answers are shared objects.  Built once."""

    def __init__(self, found: PolicySet) -> None:
        self._policies = Index((policy, policy.namespace, policy.selector) for policy in found.policies)
        self._firewalls = Index((policy, policy.namespace, policy.selector) for policy in found.firewalls)
        self._rules: dict[tuple[int, str], tuple[Rules, Bounds]] = {}
        self._sums: dict[object, tuple[object, Bounds]] = {}
        self._walls = Firewalls()

    def policies(self, namespace: str, labels: Mapping[str, str]) -> list[Policy]:
        """The NetworkPolicies that select the pod, those that cannot be read included."""
        found = self._policies.candidates(namespace, boxes.box_of(labels))
        return [one for one in found if one.selector is not None and boxes.matches(one.selector, labels)]

    def firewalls(self, namespace: str, labels: Mapping[str, str]) -> list[Firewall]:
        """The FirewallPolicies of which some rule is for the pod, those that cannot be read included."""
        found = self._firewalls.candidates(namespace, boxes.box_of(labels))
        return [one for one in found if not one.sound or any(boxes.matches(box, labels) for box, _ in one.sources)]

    def egress(self, namespace: str, labels: Mapping[str, str]) -> Bounds:
        """What the pod may reach: NetworkPolicies and firewall must both allow."""
        allowed = self._network(self.policies(namespace, labels), "egress", None)
        walls = self.firewalls(namespace, labels)
        if not walls:
            return allowed
        passed = self._walls.egress_of_pod(walls, labels)
        key = ("layers", id(allowed), id(passed))
        known = self._sums.get(key)
        if known is None:
            known = self._sums[key] = ((allowed, passed), bounds.meet(allowed, passed))
        return known[1]

    def ingress(self, namespace: str, labels: Mapping[str, str], ports: NamedPorts | None) -> Bounds:
        """Who may reach the pod, as far as its own side decides; `ports` are its containers', if they are known."""
        return self._network(self.policies(namespace, labels), "ingress", ports)

    def _network(self, policies: list[Policy], direction: str, ports: NamedPorts | None) -> Bounds:
        sure: list[Bounds] = []
        possible: list[Bounds] = []
        for policy in policies:
            rules = policy.rules(direction)
            if rules is not None and policy.sound:
                sure.append(self._granted(rules, direction, ports))
            elif rules is not None:
                possible.append(bounds.UNKNOWN)
        key = (frozenset(map(id, sure)), bool(possible))
        known = self._sums.get(key)
        if known is None:  # the parts stay alive with their sum, so that their ids are theirs alone
            known = self._sums[key] = ((sure, possible), bounds.additive(sure, possible))
        return known[1]

    def _granted(self, rules: Rules, direction: str, ports: NamedPorts | None) -> Bounds:
        if direction == "ingress" and ports is not None and is_named(rules):
            return ingress_bounds(rules, ports)
        known = self._rules.get((id(rules), direction))
        if known is None:
            found = egress_bounds(rules) if direction == "egress" else ingress_bounds(rules)
            known = self._rules[id(rules), direction] = (rules, found)
        return known[1]
