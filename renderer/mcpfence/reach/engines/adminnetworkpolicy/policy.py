"""AdminNetworkPolicy and BaselineAdminNetworkPolicy (policy.networking.k8s.io/v1alpha1) from parsed documents.

    subject {namespaces} | {pods}         -> a box over pods and their namespaces
    ingress[].from, egress[].to           -> boxes, and addresses of `networks`
    ingress[].ports, egress[].ports       -> as in NetworkPolicy; a namedPort means that name of any protocol

They stand above (by priority, the lowest number first) and below the NetworkPolicies; `tiers` evaluates them for the
connectivity of a folder.  The proof does not: there they are policies without evaluator.
Source: the types of the network-policy-api, v0.1.1.
"""

from __future__ import annotations

from typing import NamedTuple

from mcpfence.net.addresses import parse_cidr
from mcpfence.net.intervals import Interval, Intervals, canonical
from mcpfence.reach.documents.fields import Problem, Unreadable, items, known_keys, mapping, number, shown, text
from mcpfence.reach.documents.label_selectors import read_selector
from mcpfence.reach.documents.objects import Object
from mcpfence.reach.engines.networkpolicy.rules import EVERY_PORT, Ports
from mcpfence.reach.flows import label_sets, traffic
from mcpfence.reach.flows.label_sets import Box

GROUP = "policy.networking.k8s.io"
ADMIN, BASELINE = "AdminNetworkPolicy", "BaselineAdminNetworkPolicy"
KINDS = (ADMIN, BASELINE)

_SPEC_KEYS = {ADMIN: frozenset({"priority", "subject", "ingress", "egress"})}
_SPEC_KEYS[BASELINE] = _SPEC_KEYS[ADMIN] - {"priority"}
_ACTIONS = {ADMIN: ("Allow", "Deny", "Pass"), BASELINE: ("Allow", "Deny")}
_RULE_KEYS = {
    name: frozenset({"name", "action", "ports", peers}) for name, peers in (("ingress", "from"), ("egress", "to"))
}
_PEER_KEYS = {"ingress": frozenset({"namespaces", "pods"})}
_PEER_KEYS["egress"] = _PEER_KEYS["ingress"] | {"networks", "nodes", "domainNames"}
_POD_KEYS = frozenset({"namespaceSelector", "podSelector"})
_PORT_KEYS = frozenset({"portNumber", "portRange", "namedPort"})
_LAST_PRIORITY = 1000


class AdminRule(NamedTuple):
    """One rule: what it does (Allow, Deny or Pass) with these ports of these peers."""

    action: str
    pods: tuple[Box, ...]
    addresses: Intervals
    blocks: tuple[Intervals, ...]
    ports: Ports


class AdminPolicy(NamedTuple):
    """One policy; `priority` is None for the baseline.  With problems it has no rules; its subject bounds its pods."""

    title: str
    priority: int | None
    subject: Box | None
    ingress: tuple[AdminRule, ...] = ()
    egress: tuple[AdminRule, ...] = ()
    problems: tuple[Problem, ...] = ()
    cautions: tuple[str, ...] = ()

    def rules(self, direction: str) -> tuple[AdminRule, ...]:
        """The rules of `ingress` or `egress`."""
        return self.ingress if direction == "ingress" else self.egress


def read_admin_policies(objects: list[Object]) -> list[AdminPolicy]:
    """All of them, in the order in which they decide.  Never raises.

    Two of one priority, or two baselines, are a problem of both: the API does not say which one counts.
    """
    found = [_read(one) for one in objects if one.group == GROUP and one.kind in KINDS]
    by_priority: dict[int | None, list[AdminPolicy]] = {}
    for policy in found:
        by_priority.setdefault(policy.priority, []).append(policy)
    return [
        policy if len(found_here) == 1 or policy.problems else _clashing(policy)
        for priority, found_here in sorted(by_priority.items(), key=lambda item: (item[0] is None, item[0] or 0))
        for policy in found_here
    ]


def _clashing(policy: AdminPolicy) -> AdminPolicy:
    what = "stands beside another baseline" if policy.priority is None else "is that of another policy too"
    field = "" if policy.priority is None else "spec.priority"
    return policy._replace(ingress=(), egress=(), problems=(Problem(policy.title, field, what),))


def _read(one: Object) -> AdminPolicy:
    title = f"{one.kind} {one.name}"
    cautions: list[str] = []
    subject: Box | None = label_sets.EVERYTHING
    try:
        spec = mapping(one.document.get("spec"), "spec")
        known_keys(spec, _SPEC_KEYS[one.kind], "spec")
        subject = _pods(spec.get("subject"), "spec.subject")
        priority = number(spec.get("priority"), "spec.priority", 0, _LAST_PRIORITY) if one.kind == ADMIN else None
        if one.kind == BASELINE and one.name != "default":
            raise Unreadable("metadata.name", f"is {shown(one.name)}, and only default is a baseline")
        ingress = _rules(spec.get("ingress"), "ingress", one.kind, title, cautions)
        egress = _rules(spec.get("egress"), "egress", one.kind, title, cautions)
    except Unreadable as bad:
        return AdminPolicy(title, None, subject, problems=(Problem(title, bad.field, bad.reason),))
    return AdminPolicy(title, priority, subject, ingress, egress, cautions=tuple(cautions))


def _rules(value: object, direction: str, kind: str, title: str, cautions: list[str]) -> tuple[AdminRule, ...]:
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
        found.append(AdminRule(str(action), tuple(pods), addresses, tuple(blocks), ports))
    return tuple(found)


def _peer(value: object, direction: str, place: str) -> tuple[Box | None, list[Intervals]]:
    found = mapping(value, place)
    known_keys(found, _PEER_KEYS[direction], place)
    if len(found) != 1:
        raise Unreadable(place, "needs exactly one kind of peer")
    if "networks" in found:
        entries = items(found["networks"], f"{place}.networks")
        return None, [(_cidr(entry, f"{place}.networks[{index}]"),) for index, entry in enumerate(entries)]
    if "nodes" in found or "domainNames" in found:
        return None, []
    return _pods(found, place), []


def _pods(value: object, place: str) -> Box | None:
    """{namespaces: SELECTOR} or {pods: {namespaceSelector, podSelector}} as a box over peers; None: no pod."""
    found = mapping(value, place)
    known_keys(found, _PEER_KEYS["ingress"], place)
    if len(found) != 1:
        raise Unreadable(place, "needs either namespaces or pods")
    if "namespaces" in found:
        box = read_selector(found["namespaces"], f"{place}.namespaces")
        return None if box is None else label_sets.in_namespace(box)
    both = mapping(found["pods"], f"{place}.pods")
    known_keys(both, _POD_KEYS, f"{place}.pods")
    namespaces = read_selector(both.get("namespaceSelector", {}), f"{place}.pods.namespaceSelector")
    pods = read_selector(both.get("podSelector", {}), f"{place}.pods.podSelector")
    if namespaces is None or pods is None:
        return None
    return (*label_sets.in_namespace(namespaces), *label_sets.of_pod(pods))


def _cidr(value: object, place: str) -> Interval:
    written = text(value, place)
    try:
        return parse_cidr(written)
    except ValueError as bad:
        raise Unreadable(place, f"{shown(written)} {bad}") from None


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
