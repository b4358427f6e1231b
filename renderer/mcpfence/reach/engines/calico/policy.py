"""Calico's NetworkPolicy and GlobalNetworkPolicy from a parsed document to rules, and to where they stand.

    spec {selector, order, tier, types, egress[], ingress[]}
        selector      which pods, as an expression; of a global policy with namespaceSelector: of which namespaces
        order, tier   when it is asked: tier by tier, there by order, without one last; equal orders by name
        types         of which directions it speaks; what no rule of a tier decides is denied at the tier's end
        rules         the first that matches decides: Allow, Deny, Pass (to the next tier); Log decides nothing

NetworkPolicies of Kubernetes are policies of the tier `default` at order 1000.  Where other tiers stand is in no
policy: what is in one may be in force before all others, or not at all.
Sources: Calico's reference pages and its own conversion (libcalico-go, updateprocessors); most answers were
seen with real packets under Felix.
"""

from __future__ import annotations

import math

from mcpfence.net.addresses import ALL, ALL_V4, ALL_V6
from mcpfence.net.intervals import Intervals, intersect
from mcpfence.reach.documents.fields import Problem, Unreadable, items, known_keys, mapping, shown, text
from mcpfence.reach.documents.objects import shown_name
from mcpfence.reach.engines.calico.entities import keys_of, parsed, read_entity, read_ports
from mcpfence.reach.engines.calico.selectors import Boxes, both
from mcpfence.reach.engines.contract import (
    ADMIN,
    BEFORE_ALL,
    EVERY_PORT,
    POLICIES,
    UNKNOWN,
    Action,
    Peers,
    Policy,
    Ports,
    Rule,
    Rules,
    Source,
    exact_peers,
)
from mcpfence.reach.flows import label_sets, traffic

_NETWORK_POLICIES = 1000.0
"""The order of the NetworkPolicies of Kubernetes."""
_GLOBAL = "GlobalNetworkPolicy"
_SPEC_KEYS = frozenset(
    {"selector", "order", "tier", "types", "egress", "ingress", "serviceAccountSelector", "performanceHints"}
)
_GLOBAL_KEYS = _SPEC_KEYS | {"namespaceSelector", "preDNAT", "doNotTrack", "applyOnForward"}
_RULE_KEYS = frozenset(
    {
        *("action", "protocol", "notProtocol", "icmp", "notICMP", "ipVersion", "source", "destination"),
        *("http", "metadata"),
    }
)
_UNTOLD = ("notProtocol", "icmp", "notICMP", "http")
_ACTIONS = {"Allow": Action.ALLOW, "Deny": Action.DENY, "Pass": Action.PASS}
_TYPES = ("Ingress", "Egress")
_NUMBERS: dict[object, tuple[str, ...]] = {
    **dict.fromkeys(("TCP", 6), ("TCP",)),
    **dict.fromkeys(("UDP", 17), ("UDP",)),
    **dict.fromkeys(("SCTP", 132), ("SCTP",)),
    **dict.fromkeys(("ICMP", "ICMPv6", 1, 58), ("ICMP",)),
    "UDPLite": ("other",),
}
_DENY_MAYBE = Rule(Action.DENY, exact_peers(ALL, (label_sets.EVERYTHING,)), EVERY_PORT, sure=False)


class CalicoReader:
    """Reads policies one by one.  `pod_addresses` are the addresses that pods may have."""

    def __init__(self, pod_addresses: Intervals) -> None:
        self._pod_addresses = pod_addresses

    def read(self, document: dict[str, object], kind: str, title: str, namespace: str) -> Policy:
        """The policy of one document that lies in `namespace`.  Never raises."""
        place = None if kind == _GLOBAL else namespace
        called = title if place is not None else f"{kind} {shown_name(document)}"
        policy = Policy(title=called, engine="calico", tier=POLICIES, namespace=place)
        try:
            spec = mapping(document.get("spec"), "spec")
            known_keys(spec, _GLOBAL_KEYS if kind == _GLOBAL else _SPEC_KEYS, "spec")
            policy = policy._replace(sources=_sources(spec, place))
            return self._placed(policy, spec, document)
        except Unreadable as bad:
            return policy._replace(
                tier=ADMIN,
                priority=BEFORE_ALL,
                sources=policy.sources or (Source(label_sets.EVERYTHING, whole=False),),
                ingress=UNKNOWN,
                egress=UNKNOWN,
                sound=False,
                problems=(Problem(called, bad.field, bad.reason),),
            )

    def _placed(self, policy: Policy, spec: dict[str, object], document: dict[str, object]) -> Policy:
        """The policy with its rules, where it is asked."""
        found: dict[str, Rules | None] = dict.fromkeys(("ingress", "egress"))
        for direction in _directions(spec):
            found[direction] = self._rules(spec.get(direction), direction, policy.namespace)
        ingress, egress = found["ingress"], found["egress"]
        if spec.get("tier") in (None, "", "default"):
            order = _order(spec.get("order"))
            rank = (policy.namespace or "", shown_name(document))
            return policy._replace(
                ingress=ingress, egress=egress, isolates=True, priority=order - _NETWORK_POLICIES, rank=rank
            )
        text(spec["tier"], "spec.tier")
        _order(spec.get("order"))
        return policy._replace(tier=ADMIN, priority=BEFORE_ALL, ingress=_maybe(ingress), egress=_maybe(egress))

    def _rules(self, value: object, direction: str, namespace: str | None) -> Rules:
        found: list[Rule] = []
        for index, entry in enumerate(items(value, f"spec.{direction}")):
            rule = self._rule(entry, index, direction, namespace)
            found += [rule] if rule is not None else []
        return Rules(tuple(found))

    def _rule(self, value: object, index: int, direction: str, namespace: str | None) -> Rule | None:
        """One rule; None for one that decides nothing."""
        place = f"spec.{direction}[{index}]"
        found = mapping(value, place)
        known_keys(found, _RULE_KEYS, place)
        action = found.get("action")
        if action == "Log":
            return None
        if not isinstance(action, str) or action not in _ACTIONS:
            raise Unreadable(f"{place}.action", f"is {shown(action)}, not one of {', '.join(_ACTIONS)}, Log")
        other, own = ("destination", "source") if direction == "egress" else ("source", "destination")
        ends = {end: keys_of(found.get(end), f"{place}.{end}") for end in (other, own)}
        restricts = bool(ends[own].keys() - {"ports"} if own == "destination" else ends[own])
        restricts = restricts or (other == "source" and "ports" in ends[other])
        decides = _ACTIONS[action]
        of_names = decides if direction == "egress" else None
        given = {key: entry for key, entry in ends[other].items() if key != "ports"}
        allowed = of_names if "domains" in given else decides
        entity = read_entity(given, namespace, allowed, self._pod_addresses, f"{place}.{other}")
        ports, exactly = _ports(found, ends["destination"].get("ports"), place)
        peers = _of_version(entity.peers, found.get("ipVersion"), place)
        told = not any(found.get(key) for key in _UNTOLD)
        sure = entity.sure and exactly and told and not restricts
        return Rule(decides, peers, ports, entity.names, sure, index, entity.blocks)


def _maybe(rules: Rules | None) -> Rules | None:
    """Rules that may or may not be in force, with the deny at the end of their tier."""
    if rules is None:
        return None
    return Rules((*(rule.doubtful() for rule in rules.items), _DENY_MAYBE))


def _ports(rule: dict[str, object], ports: object, place: str) -> tuple[Ports, bool]:
    """Protocol and destination ports of a rule; false where it may match less of them."""
    protocol = rule.get("protocol")
    if protocol is None:
        if ports is not None:
            raise Unreadable(f"{place}.destination.ports", "stands in a rule without protocol")
        return EVERY_PORT, True
    if isinstance(protocol, bool) or not isinstance(protocol, (str, int)):
        raise Unreadable(f"{place}.protocol", f"is {shown(protocol)}, no protocol")
    known = _NUMBERS.get(protocol)
    if known is None and isinstance(protocol, int) and 0 <= protocol <= 255:
        known = ("other",)
    if known is None:
        raise Unreadable(f"{place}.protocol", f"is {shown(protocol)}, no protocol")
    ported = known[0] in traffic.WITH_PORTS
    if ports is None:
        return Ports(tuple(traffic.span(one) for one in known)), ported
    if not ported:
        raise Unreadable(f"{place}.destination.ports", f"stands in a rule for {shown(protocol)}")
    return read_ports(ports, known, f"{place}.destination.ports"), True


def _of_version(peers: Peers, version: object, place: str) -> Peers:
    """The peers of one IP version; of pods nobody can tell which they have."""
    if version is None:
        return peers
    if version not in (4, 6) or isinstance(version, bool):
        raise Unreadable(f"{place}.ipVersion", f"is {shown(version)}, not 4 or 6")
    family = (ALL_V4 if version == 4 else ALL_V6,)
    return Peers(intersect(peers.least_addresses, family), intersect(peers.most_addresses, family), (), peers.most_pods)


def _directions(spec: dict[str, object]) -> frozenset[str]:
    """The directions of `types`; without it ingress, and egress if there are rules for that alone or as well."""
    written = items(spec.get("types"), "spec.types")
    for index, entry in enumerate(written):
        if entry not in _TYPES:
            raise Unreadable(f"spec.types[{index}]", f"is {shown(entry)}, not Ingress or Egress")
    if written:
        return frozenset(str(entry).lower() for entry in written)
    found = {direction for direction in ("ingress", "egress") if spec.get(direction)}
    return frozenset(found or {"ingress"})


def _order(value: object) -> float:
    """Without an order a policy is the last of its tier."""
    if value is None:
        return math.inf
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        raise Unreadable("spec.order", f"is {shown(value)}, no number")
    return float(value)


def _sources(spec: dict[str, object], namespace: str | None) -> tuple[Source, ...]:
    """The pods of a policy; where several boxes select them, or no manifest tells, some of all pods."""
    boxes = _selected(spec, namespace)
    whole = boxes.least == boxes.most and not spec.get("serviceAccountSelector")
    if not boxes.most:
        return ()
    if len(boxes.most) > 1:
        return (Source(label_sets.EVERYTHING, whole=False),)
    (box,) = boxes.most
    return (Source(box if namespace is None else label_sets.split_peer(box)[1], whole),)


def _selected(spec: dict[str, object], namespace: str | None) -> Boxes:
    written = spec.get("selector") or "all()"
    boxes = parsed(written, "spec.selector", namespaces=False, own=namespace or "")
    if namespace is None and spec.get("namespaceSelector"):
        boxes = both(parsed(spec["namespaceSelector"], "spec.namespaceSelector", namespaces=True), boxes)
    if any(spec.get(key) for key in ("preDNAT", "doNotTrack")):  # of host endpoints alone, as far as is known
        boxes = boxes._replace(least=())
    return boxes
