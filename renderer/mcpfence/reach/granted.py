"""What one list of NetworkPolicy rules allows by itself, as bounds on a reach.

A named port means what the destination's containers call so.  Where the destination is the subject itself, its ports
can be given; everywhere else a named port is at least nothing and at most every port of its protocol.
"""

from __future__ import annotations

from collections.abc import Mapping

from mcpfence.intervals import Intervals, canonical
from mcpfence.reach import bounds, flows, traffic
from mcpfence.reach.bounds import Bounds
from mcpfence.reach.rules import Ports, Rule, Rules, read_rules

NamedPorts = Mapping[tuple[str, str], Intervals]
"""(protocol, name) -> points of the line of protocols and ports, as `named_ports` of a workload gives them."""


def egress_of_rules(rules: object, namespace: str) -> Bounds:
    """What `spec.egress` of a policy in `namespace` allows to pods that it selects.

    Pure and uncached: callers that meet one list object many times keep the result by identity, as Evaluator does.
    """
    return bounds_of(read_rules(rules, namespace, "egress"))


def ingress_of_rules(rules: object, namespace: str, ports: NamedPorts | None = None) -> Bounds:
    """What `spec.ingress` of a policy in `namespace` allows to reach the pods that it selects.

    `ports` resolves named ports: those of the selected pods' containers, if all of them have the same.
    """
    return bounds_of(read_rules(rules, namespace, "ingress"), ports)


def bounds_of(rules: Rules, ports: NamedPorts | None = None) -> Bounds:
    """What rules that were read allow; unreadable ones may allow everything."""
    if not rules.items and not rules.faults:
        return bounds.NOTHING
    least = flows.union_of(_reach(rule, _resolved(rule.ports, ports)) for rule in rules.items)
    if rules.faults:
        return Bounds(least, flows.EVERYTHING)
    if ports is not None or not any(rule.ports.named for rule in rules.items):
        return Bounds(least, least)
    return Bounds(least, flows.union_of(_reach(rule, _widest(rule.ports)) for rule in rules.items))


def _reach(rule: Rule, pod_points: Intervals) -> flows.Reach:
    """Named ports mean nothing on addresses: there are no containers."""
    if pod_points == rule.ports.numbers:
        return flows.reach_of(rule.addresses, rule.pods, traffic.plain(pod_points))
    of_addresses = flows.reach_of(rule.addresses, (), traffic.plain(rule.ports.numbers))
    return flows.union(of_addresses, flows.reach_of((), rule.pods, traffic.plain(pod_points)))


def _resolved(found: Ports, ports: NamedPorts | None) -> Intervals:
    if not found.named or not ports:
        return found.numbers
    return canonical((*found.numbers, *(piece for name in found.named for piece in ports.get(name, ()))))


def _widest(found: Ports) -> Intervals:
    return canonical((*found.numbers, *(traffic.span(protocol) for protocol, _ in found.named)))
