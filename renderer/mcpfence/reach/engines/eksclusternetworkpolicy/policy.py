"""ClusterNetworkPolicy (networking.k8s.aws/v1alpha1) from a parsed document to what it says.

    tier Admin, priority 0 to 1000     in front of the policies of namespaces, the lowest number first
    tier Baseline                      behind them
    one object, equal priorities       no order of rules: Deny beats Accept, Accept beats Pass

No rule is surely in force, so a Deny takes away at least nothing and an Accept opens at most what it says: the agent
drops entries in random order where more than 24 of protocol and port cover an address, how a Deny stands to a host name
is not stated, and nothing in manifests tells whether the cluster enforces the kind.  A Baseline Accept also opens pods
that a policy isolates without any rule, so it counts as a rule of the namespaces' tier.  Networks may be addresses of
pods.  Source: the kind's CRD and the agent's public source (facts on engines, section 5).
"""

from __future__ import annotations

import ipaddress

from mcpfence.net.addresses import ALL, parse_cidr
from mcpfence.net.intervals import EMPTY, Interval, Intervals, canonical, intersect
from mcpfence.reach.documents.fields import Problem, Unreadable, items, known_keys, mapping, number, shown, text
from mcpfence.reach.documents.label_selectors import read_pods
from mcpfence.reach.documents.objects import shown_name
from mcpfence.reach.engines.contract import (
    ADMIN,
    BASELINE,
    POLICIES,
    UNKNOWN,
    Action,
    Peers,
    Policy,
    Ports,
    Rule,
    Rules,
    ShownNames,
    Source,
)
from mcpfence.reach.flows import host_names, label_sets, traffic
from mcpfence.reach.flows.label_sets import Box

_SPEC_KEYS = frozenset({"tier", "priority", "subject", "ingress", "egress"})
_RULE_KEYS = {"ingress": frozenset({"name", "action", "from", "ports"})}
_RULE_KEYS["egress"] = frozenset({"name", "action", "to", "ports"})
_PEER_KEYS = {"ingress": frozenset({"namespaces", "pods"})}
_PEER_KEYS["egress"] = _PEER_KEYS["ingress"] | {"networks", "domainNames"}
_PORT_KEYS = frozenset({"portNumber", "portRange", "namedPort"})
_ACTIONS = {"Deny": Action.DENY, "Accept": Action.ALLOW, "Pass": Action.PASS}
_LAST_PRIORITY = 1000
_EVERY_POD = (label_sets.EVERYTHING,)


class AwsClusterPolicyReader:
    """Reads policies one by one.  `pod_addresses` are the addresses that pods may have."""

    def __init__(self, pod_addresses: Intervals) -> None:
        self._pod_addresses = pod_addresses

    def read(self, document: dict[str, object], kind: str, title: str, namespace: str) -> Policy:
        """The policy of one document; the kind is cluster-wide.  Never raises: problems say what it cannot read."""
        title = f"{kind} {shown_name(document)}"
        subject: Box | None = label_sets.EVERYTHING
        try:
            spec = mapping(document.get("spec"), "spec")
            known_keys(spec, _SPEC_KEYS, "spec")
            subject = read_pods(spec.get("subject"), "spec.subject")
            tier = spec.get("tier")
            if tier not in ("Admin", "Baseline"):
                raise Unreadable("spec.tier", f"is {shown(tier)}, not Admin or Baseline")
            priority = number(spec.get("priority"), "spec.priority", 0, _LAST_PRIORITY)
            ingress, egress = (self._rules(spec.get(way), way) for way in ("ingress", "egress"))
        except Unreadable as bad:
            problems = (Problem(title, bad.field, bad.reason),)
            return _policy(title, subject, UNKNOWN, UNKNOWN)._replace(sound=False, problems=problems)
        found = _policy(title, subject, ingress, egress)._replace(priority=priority)
        if tier == "Admin":
            return found
        opens = any(rule.action is Action.ALLOW for rules in (ingress, egress) for rule in rules.items)
        return found._replace(tier=POLICIES if opens else BASELINE)

    def _rules(self, value: object, direction: str) -> Rules:
        """The rules of one direction: those that deny first, those that pass on last."""
        found: list[Rule] = []
        for index, entry in enumerate(items(value, f"spec.{direction}")):
            found += self._rule(entry, index, direction)
        order = list(_ACTIONS.values())
        return Rules(tuple(sorted(found, key=lambda rule: order.index(rule.action))))

    def _rule(self, value: object, index: int, direction: str) -> list[Rule]:
        place, field = f"spec.{direction}[{index}]", "from" if direction == "ingress" else "to"
        rule = mapping(value, place)
        known_keys(rule, _RULE_KEYS[direction], place)
        action = rule.get("action")
        if not isinstance(action, str) or action not in _ACTIONS:
            raise Unreadable(f"{place}.action", f"is {shown(action)}, not one of {', '.join(_ACTIONS)}")
        ports = Ports(_points(rule.get("ports"), f"{place}.ports"))
        written = items(rule.get(field), f"{place}.{field}")
        if not written:
            raise Unreadable(f"{place}.{field}", "is empty")
        found = []
        for place_of, peer in enumerate(written):
            peers, names = self._peer(peer, direction, f"{place}.{field}[{place_of}]")
            found.append(Rule(_ACTIONS[action], peers, ports, names, sure=False, position=index))
        return found

    def _peer(self, value: object, direction: str, place: str) -> tuple[Peers, ShownNames | None]:
        found = mapping(value, place)
        known_keys(found, _PEER_KEYS[direction], place)
        if len(found) != 1:
            raise Unreadable(place, "needs exactly one kind of peer")
        if "domainNames" in found:
            return Peers(ALL, ALL, _EVERY_POD, _EVERY_POD), _names(found["domainNames"], f"{place}.domainNames")
        if "networks" not in found:
            box = read_pods(found, place)
            boxes = () if box is None else (box,)
            return Peers(EMPTY, EMPTY, boxes, boxes), None
        networks = items(found["networks"], f"{place}.networks")
        blocks = canonical([_cidr(text(entry, f"{place}.networks"), f"{place}.networks") for entry in networks])
        return Peers(blocks, blocks, (), _EVERY_POD if intersect(blocks, self._pod_addresses) else ()), None


def _policy(title: str, subject: Box | None, ingress: Rules, egress: Rules) -> Policy:
    return Policy(
        title=title,
        engine="eksclusternetworkpolicy",
        tier=ADMIN,
        namespace=None,
        sources=(Source(subject),) if subject is not None else (),
        ingress=ingress,
        egress=egress,
    )


def _names(value: object, place: str) -> ShownNames:
    written = [text(entry, f"{place}[{index}]") for index, entry in enumerate(items(value, place))]
    try:
        most = host_names.names_of(written)
    except ValueError as bad:
        raise Unreadable(place, f"has a name that {bad}") from None
    return ShownNames(host_names.NONE, most)


def _cidr(written: str, place: str) -> Interval:
    """A block, with host bits masked as the agent does."""
    try:
        return parse_cidr(str(ipaddress.ip_network(written, strict=False)))
    except ValueError:
        raise Unreadable(place, f"has {shown(written)}, which is no CIDR block") from None


def _points(value: object, place: str) -> Intervals:
    """The points that may be meant; a port by its name may be any."""
    entries = items(value, place)
    if not entries:
        return traffic.EVERY_POINT
    return canonical([piece for index, entry in enumerate(entries) for piece in _port(entry, f"{place}[{index}]")])


def _port(value: object, place: str) -> Intervals:
    found = mapping(value, place)
    known_keys(found, _PORT_KEYS, place)
    if len(found) != 1 or "namedPort" in found:
        return traffic.EVERY_POINT
    ((key, inner),) = found.items()
    first, last = ("port", "port") if key == "portNumber" else ("start", "end")
    span = mapping(inner, f"{place}.{key}")
    known_keys(span, frozenset({"protocol", first, last}), f"{place}.{key}")
    low = number(span.get(first), f"{place}.{key}.{first}", 1, traffic.LAST_PORT)
    high = number(span.get(last), f"{place}.{key}.{last}", 1, traffic.LAST_PORT)
    protocol = span.get("protocol") or "TCP"
    if protocol not in traffic.WITH_PORTS:
        return traffic.EVERY_POINT
    if high < low:
        raise Unreadable(f"{place}.{key}.{last}", f"is {high}, below {first} {low}")
    return (traffic.span(str(protocol), low, high),)
