"""AdminNetworkPolicy and BaselineAdminNetworkPolicy (policy.networking.k8s.io/v1alpha1) from parsed documents.

    subject {namespaces} | {pods}         -> a box over pods and their namespaces
    ingress[].from, egress[].to           -> boxes, and addresses of `networks`
    ingress[].ports, egress[].ports       -> as in NetworkPolicy; a namedPort means that name of any protocol

They stand above (by priority, the lowest number first) and below the NetworkPolicies.
Source: the types of the network-policy-api, v0.1.1.
"""

from __future__ import annotations

from mcpfence.net.intervals import Interval, Intervals, canonical
from mcpfence.reach.documents.fields import Problem, Unreadable, cidr, items, known_keys, mapping, number, shown, text
from mcpfence.reach.documents.label_selectors import read_pods
from mcpfence.reach.documents.objects import shown_name, written_name
from mcpfence.reach.engines.contract import (
    ADMIN,
    BASELINE,
    EVERY_PORT,
    UNKNOWN,
    Action,
    Policy,
    Ports,
    Rule,
    Rules,
    Source,
    exact_peers,
)
from mcpfence.reach.flows import label_sets, traffic
from mcpfence.reach.flows.label_sets import Box

_ADMIN, _BASELINE = "AdminNetworkPolicy", "BaselineAdminNetworkPolicy"

_SPEC_KEYS = {_ADMIN: frozenset({"priority", "subject", "ingress", "egress"})}
_SPEC_KEYS[_BASELINE] = _SPEC_KEYS[_ADMIN] - {"priority"}
_ACTIONS = {_ADMIN: ("Allow", "Deny", "Pass"), _BASELINE: ("Allow", "Deny")}
_ACTION = {"Allow": Action.ALLOW, "Deny": Action.DENY, "Pass": Action.PASS}
_RULE_KEYS = {
    name: frozenset({"name", "action", "ports", peers}) for name, peers in (("ingress", "from"), ("egress", "to"))
}
_PEER_KEYS = {"ingress": frozenset({"namespaces", "pods"})}
_PEER_KEYS["egress"] = _PEER_KEYS["ingress"] | {"networks", "nodes", "domainNames"}
_OPTIONAL = frozenset({"namespaceSelector", "podSelector"})
_PORT_KEYS = frozenset({"portNumber", "portRange", "namedPort"})
_LAST_PRIORITY = 1000

_FIRST = -1
"""The turn of a policy that cannot be read: nobody knows what it would decide, so it stands before all others."""


class AdminReader:
    """Reads policies one by one."""

    def read(self, document: dict[str, object], kind: str, title: str, namespace: str) -> Policy:
        """The policy of one document; the kinds are cluster-wide.  Never raises."""
        name = written_name(document)
        title = f"{kind} {shown_name(document)}"
        cautions: list[str] = []
        subject: Box | None = label_sets.EVERYTHING
        try:
            spec = mapping(document.get("spec"), "spec")
            known_keys(spec, _SPEC_KEYS[kind], "spec")
            subject = read_pods(spec.get("subject"), "spec.subject", optional=_OPTIONAL)
            priority = number(spec.get("priority"), "spec.priority", 0, _LAST_PRIORITY) if kind == _ADMIN else 0
            if kind == _BASELINE and name != "default":
                raise Unreadable("metadata.name", f"is {shown(name)}, and only default is a baseline")
            ingress = _rules(spec.get("ingress"), "ingress", kind, title, cautions)
            egress = _rules(spec.get("egress"), "egress", kind, title, cautions)
        except Unreadable as bad:
            return _unreadable(title, subject, Problem(title, bad.field, bad.reason))
        return Policy(
            title=title,
            engine="adminnetworkpolicy",
            tier=ADMIN if kind == _ADMIN else BASELINE,
            namespace=None,
            sources=_sources(subject),
            ingress=ingress,
            egress=egress,
            priority=priority,
            cautions=tuple(cautions),
        )


def settled(found: list[Policy]) -> list[Policy]:
    """The policies in the order in which they decide.

    Two of one priority, or two baselines, are a problem of both: the API does not say which one counts.
    """
    ordered = sorted(found, key=lambda policy: (policy.tier, policy.priority))
    turns = [(policy.tier, policy.priority) for policy in ordered]
    return [
        policy if not policy.sound or turns.count(turn) == 1 else _clashing(policy)
        for policy, turn in zip(ordered, turns, strict=True)
    ]


def _clashing(policy: Policy) -> Policy:
    what, field = "is that of another policy too", "spec.priority"
    if policy.tier == BASELINE:
        what, field = "stands beside another baseline", ""
    subject = policy.sources[0].pods if policy.sources else None
    return _unreadable(policy.title, subject, Problem(policy.title, field, what))


def _unreadable(title: str, subject: Box | None, problem: Problem) -> Policy:
    return Policy(
        title=title,
        engine="adminnetworkpolicy",
        tier=ADMIN,
        namespace=None,
        sources=_sources(subject),
        ingress=UNKNOWN,
        egress=UNKNOWN,
        priority=_FIRST,
        sound=False,
        problems=(problem,),
    )


def _sources(subject: Box | None) -> tuple[Source, ...]:
    return (Source(subject),) if subject is not None else ()


def _rules(value: object, direction: str, kind: str, title: str, cautions: list[str]) -> Rules:
    found = []
    for index, entry in enumerate(items(value, f"spec.{direction}")):
        place = f"spec.{direction}[{index}]"
        rule = mapping(entry, place)
        known_keys(rule, _RULE_KEYS[direction], place)
        action = rule.get("action")
        if action not in _ACTIONS[kind]:
            raise Unreadable(f"{place}.action", f"is {shown(action)}, not one of {', '.join(_ACTIONS[kind])}")
        field = "from" if direction == "ingress" else "to"
        peers = items(rule.get(field), f"{place}.{field}")
        if not peers:
            raise Unreadable(f"{place}.{field}", "is empty")
        pods: list[Box] = []
        blocks: list[Intervals] = []
        for number_, peer in enumerate(peers):
            where = f"{place}.{field}[{number_}]"
            box, networks = _peer(peer, direction, where)
            if box is not None:
                pods.append(box)
            blocks += networks
            if isinstance(peer, dict) and ("nodes" in peer or "domainNames" in peer):
                cautions.append(f"{title}: {where} speaks of nodes or names, and is not taken into account")
        addresses = canonical(piece for block in blocks for piece in block)
        ports = _ports(rule.get("ports"), f"{place}.ports")
        peers_of = exact_peers(addresses, tuple(pods))
        found.append(Rule(_ACTION[str(action)], peers_of, ports, position=index, blocks=tuple(blocks)))
    return Rules(tuple(found))


def _peer(value: object, direction: str, place: str) -> tuple[Box | None, list[Intervals]]:
    found = mapping(value, place)
    known_keys(found, _PEER_KEYS[direction], place)
    if len(found) != 1:
        raise Unreadable(place, "needs exactly one kind of peer")
    if "networks" in found:
        entries = items(found["networks"], f"{place}.networks")
        return None, [(cidr(entry, f"{place}.networks[{index}]"),) for index, entry in enumerate(entries)]
    if "nodes" in found or "domainNames" in found:
        return None, []
    return read_pods(found, place, optional=_OPTIONAL), []


def _ports(value: object, place: str) -> Ports:
    if value is None:
        return EVERY_PORT
    numbers: list[Interval] = []
    named: set[tuple[str, str]] = set()
    for index, entry in enumerate(items(value, place)):
        where = f"{place}[{index}]"
        found = mapping(entry, where)
        known_keys(found, _PORT_KEYS, where)
        if len(found) != 1:
            raise Unreadable(where, "needs exactly one of portNumber, portRange and namedPort")
        if "namedPort" in found:
            name = text(found["namedPort"], f"{where}.namedPort")
            named |= {(protocol, name) for protocol in traffic.WITH_PORTS}
        elif "portNumber" in found:
            numbers.append(_numbered(found["portNumber"], f"{where}.portNumber", "port", "port"))
        else:
            numbers.append(_numbered(found["portRange"], f"{where}.portRange", "start", "end"))
    return Ports(canonical(numbers), frozenset(named))


def _numbered(value: object, place: str, first: str, last: str) -> Interval:
    found = mapping(value, place)
    known_keys(found, frozenset({"protocol", first, last}), place)
    protocol = found.get("protocol") or "TCP"
    if protocol not in traffic.WITH_PORTS:
        raise Unreadable(f"{place}.protocol", f"is {shown(protocol)}, not TCP, UDP or SCTP")
    low = number(found.get(first), f"{place}.{first}", 1, traffic.LAST_PORT)
    high = number(found.get(last), f"{place}.{last}", 1, traffic.LAST_PORT)
    if high < low:
        raise Unreadable(f"{place}.{last}", f"is {high}, below {first} {low}")
    return traffic.span(str(protocol), low, high)
