"""What one pod may reach, and who may reach it, by its exact labels.

`reach.evaluate` answers for all pods of a selector, some of which a policy may or may not select.  For a single pod
there is no such doubt, and a selector is matched faster than it is compared with another one.
"""

from __future__ import annotations

from collections.abc import Mapping

from mcpfence.reach.engines.aviatrix.evaluate import Firewalls
from mcpfence.reach.engines.aviatrix.policy import Firewall
from mcpfence.reach.engines.networkpolicy.evaluate import NamedPorts, egress_bounds, ingress_bounds, is_named
from mcpfence.reach.engines.networkpolicy.policy import Policy
from mcpfence.reach.engines.networkpolicy.rules import Rules
from mcpfence.reach.evaluation.index import Index
from mcpfence.reach.evaluation.policy_set import PolicySet
from mcpfence.reach.flows import bounds, label_sets
from mcpfence.reach.flows.bounds import Bounds
from mcpfence.reach.flows.label_sets import Labels


class PodReach:
    """Answers for the pods of one set of policies; equal answers are shared objects.  Built once."""

    def __init__(self, found: PolicySet) -> None:
        self._policies = Index((policy, policy.namespace, policy.selector) for policy in found.policies)
        self._firewalls = Index((policy, policy.namespace, policy.selector) for policy in found.firewalls)
        self._rules: dict[tuple[int, str], tuple[Rules, Bounds]] = {}
        self._sums: dict[object, tuple[object, Bounds]] = {}
        self._walls = Firewalls()
        self._selecting: dict[tuple[str, Labels], tuple[list[Policy], list[Firewall]]] = {}

    def selecting(self, namespace: str, labels: Labels) -> tuple[list[Policy], list[Firewall]]:
        """The NetworkPolicies that select the pod, and the FirewallPolicies of which some rule is for it, by title.

        Those that cannot be read are among them.
        """
        known = self._selecting.get((namespace, labels))
        if known is None:
            pod, box = dict(labels), label_sets.box_of(dict(labels))
            policies = self._policies.candidates(namespace, box)
            walls = self._firewalls.candidates(namespace, box)
            known = self._selecting[namespace, labels] = (
                sorted(
                    (one for one in policies if one.selector is not None and label_sets.matches(one.selector, pod)),
                    key=_title,
                ),
                sorted((one for one in walls if not one.sound or _is_for(one, pod)), key=_title),
            )
        return known

    def egress(self, namespace: str, labels: Labels) -> Bounds:
        """What the pod may reach: NetworkPolicies and firewall must both allow."""
        policies, walls = self.selecting(namespace, labels)
        allowed = self._network(policies, "egress", None)
        if not walls:
            return allowed
        passed = self._walls.egress_of_pod(walls, dict(labels))
        key = ("layers", id(allowed), id(passed))
        known = self._sums.get(key)
        if known is None:
            known = self._sums[key] = ((allowed, passed), bounds.meet(allowed, passed))
        return known[1]

    def ingress(self, namespace: str, labels: Labels, ports: NamedPorts | None) -> Bounds:
        """Who may reach the pod, as far as its own side decides; `ports` are its containers', if they are known."""
        return self._network(self.selecting(namespace, labels)[0], "ingress", ports)

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


def _is_for(wall: Firewall, pod: Mapping[str, str]) -> bool:
    return any(label_sets.matches(box, pod) for box, _ in wall.sources)


def _title(one: Policy | Firewall) -> str:
    return one.title
