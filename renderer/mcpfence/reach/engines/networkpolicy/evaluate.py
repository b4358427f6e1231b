"""What one list of NetworkPolicy rules allows by itself, as bounds on a reach.

A named port means what the destination's containers call so.  For ingress the destination is the subject itself, whose
ports can be given.  Everywhere else a named port is at least nothing and at most every port of its protocol.  That goes
for ipBlocks as destinations too: outside addresses have no containers, but an engine may compare a block with the
addresses of pods, which have (Calico does; tests/engines/packets saw it with real packets).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from mcpfence.net.intervals import Intervals, canonical
from mcpfence.reach.engines.networkpolicy.rules import Ports, Rule, Rules, read_rules
from mcpfence.reach.flows import bounds, flows, traffic
from mcpfence.reach.flows.bounds import Bounds

NamedPorts = Mapping[tuple[str, str], Intervals]
"""(protocol, name) -> points of the line of protocols and ports, as `named_ports` of a workload gives them."""


def egress_of_rules(rules: object, namespace: str) -> Bounds:
    """What `spec.egress` of a policy in `namespace` allows to pods that it selects.

    Pure and uncached: callers that meet one list object many times keep the result by identity, as Evaluator does.
    """
    return egress_bounds(read_rules(rules, namespace, "egress"))


def ingress_of_rules(rules: object, namespace: str, ports: NamedPorts | None = None) -> Bounds:
    """What `spec.ingress` of a policy in `namespace` allows to reach the pods that it selects.

    `ports` resolves named ports: those of the selected pods' containers, if all of them have the same.
    """
    return ingress_bounds(read_rules(rules, namespace, "ingress"), ports)


def egress_bounds(rules: Rules) -> Bounds:
    """What egress rules that were read allow; unreadable ones may allow everything."""
    if not rules.items and not rules.faults:
        return bounds.NOTHING
    least = flows.union_of(_reach(rule, rule.ports.numbers) for rule in rules.items)
    if not rules.faults and not is_named(rules):
        return Bounds(least, least)
    return _bounds(rules, least, (_to_named(rule) for rule in rules.items if rule.ports.named))


def ingress_bounds(rules: Rules, ports: NamedPorts | None = None) -> Bounds:
    """What ingress rules that were read allow; unreadable ones may allow everything."""
    if not rules.items and not rules.faults:
        return bounds.NOTHING
    least = flows.union_of(_reach(rule, _resolved(rule.ports, ports or {})) for rule in rules.items)
    if not rules.faults and (ports is not None or not is_named(rules)):
        return Bounds(least, least)
    return _bounds(rules, least, (_reach(rule, _widest(rule.ports)) for rule in rules.items if rule.ports.named))


def is_named(rules: Rules) -> bool:
    """Whether some rule speaks of a port by its name."""
    return any(rule.ports.named for rule in rules.items)


def _bounds(rules: Rules, least: flows.Reach, more: Iterable[flows.Reach]) -> Bounds:
    return Bounds(least, flows.EVERYTHING if rules.faults else flows.union_of((least, *more)))


def _reach(rule: Rule, points: Intervals) -> flows.Reach:
    return flows.reach_of(rule.addresses, rule.pods, traffic.plain(points))


def _to_named(rule: Rule) -> flows.Reach:
    """At most: a rule for every peer has all pods among its pods, so addresses count only where blocks are listed."""
    return flows.reach_of(rule.addresses if rule.blocks else (), rule.pods, traffic.plain(_widest(rule.ports)))


def _resolved(found: Ports, ports: NamedPorts) -> Intervals:
    if not found.named:
        return found.numbers
    return canonical((*found.numbers, *(piece for name in found.named for piece in ports.get(name, ()))))


def _widest(found: Ports) -> Intervals:
    return canonical((*found.numbers, *(traffic.span(protocol) for protocol, _ in found.named)))
