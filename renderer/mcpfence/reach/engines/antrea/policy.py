"""Antrea's NetworkPolicy and ClusterNetworkPolicy from a parsed document to rules, and to where they stand.

    spec {tier, priority, appliedTo[], egress[], ingress[]}
        tier       when it is asked: those that Antrea makes itself, baseline behind the NetworkPolicies
        priority   in its tier, the lowest number first; of equal ones nobody states the order
        appliedTo  which pods; or of each rule which
        rules      the first that matches decides: Allow, Drop, Reject, Pass (to the NetworkPolicies)

Nothing isolates here: what no rule matches goes on.  A tier that somebody made has its place in no policy: what is in
one may be in force before all others, or not at all.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from mcpfence.net.addresses import ALL
from mcpfence.net.intervals import Interval, Intervals, canonical
from mcpfence.reach.documents.fields import Problem, Unreadable, items, known_keys, mapping, number, shown, text
from mcpfence.reach.documents.objects import shown_name
from mcpfence.reach.engines.antrea.peers import Others, read_applied, read_peers
from mcpfence.reach.engines.contract import (
    ADMIN,
    BASELINE,
    BEFORE_ALL,
    EVERY_PORT,
    UNKNOWN,
    UNKNOWN_PEERS,
    Action,
    Policy,
    Ports,
    Rule,
    Rules,
    Source,
    exact_peers,
    unsure,
)
from mcpfence.reach.flows import label_sets, traffic
from mcpfence.reach.flows.label_sets import Box

_CLUSTER = "ClusterNetworkPolicy"
_SPEC_KEYS = frozenset({"tier", "priority", "appliedTo", "egress", "ingress"})
_RULE_KEYS = frozenset(
    {
        *("action", "from", "to", "toServices", "ports", "protocols", "l7Protocols", "appliedTo"),
        *("name", "enableLogging", "logLabel"),
    }
)
_PORT_KEYS = frozenset({"protocol", "port", "endPort", "sourcePort", "sourceEndPort"})
_ACTIONS = {"Allow": Action.ALLOW, "Drop": Action.DENY, "Reject": Action.DENY, "Pass": Action.PASS}
_TIERS = {"emergency": 50, "securityops": 100, "networkops": 150, "platform": 200, "application": 250}
_BASELINE, _BY_DEFAULT = "baseline", "application"
_PRIORITIES = 100_000
"""More than any priority of a policy: the places of one tier lie below those of the next."""

_DIGITS = re.compile(r"[0-9]{1,9}\Z")
_ANYWHERE = exact_peers(ALL, ())
"""Where a name may resolve to."""


class AntreaReader:
    """Reads policies one by one.  `pod_addresses` are the addresses that pods may have."""

    def __init__(self, pod_addresses: Intervals) -> None:
        self._pod_addresses = pod_addresses

    def read(self, document: dict[str, object], kind: str, title: str, namespace: str) -> Policy:
        """The policy of one document that lies in `namespace`.  Never raises."""
        place = None if kind == _CLUSTER else namespace
        called = title if place is not None else f"{kind} {shown_name(document)}"
        policy = Policy(title=called, engine="antrea", tier=ADMIN, namespace=place)
        try:
            spec = mapping(document.get("spec"), "spec")
            known_keys(spec, _SPEC_KEYS, "spec")
            return self._placed(self._whole(policy, spec), spec)
        except Unreadable as bad:
            return policy._replace(
                priority=BEFORE_ALL,
                sources=(Source(label_sets.EVERYTHING, whole=False),),
                ingress=UNKNOWN,
                egress=UNKNOWN,
                sound=False,
                problems=(Problem(called, bad.field, bad.reason),),
            )

    def _whole(self, policy: Policy, spec: dict[str, object]) -> Policy:
        """The policy with its sources and rules."""
        rules: dict[str, list[Rule]] = {"ingress": [], "egress": []}
        applied: list[tuple[tuple[Box, ...], bool]] = []
        for direction, found in rules.items():
            for index, entry in enumerate(items(spec.get(direction), f"spec.{direction}")):
                place = f"spec.{direction}[{index}]"
                rule = mapping(entry, place)
                mine = rule.get("appliedTo") or spec.get("appliedTo")
                if not mine:
                    raise Unreadable("spec.appliedTo", "is missing")
                read = list(self._rule(rule, index, direction, policy.namespace))
                found.extend(read)
                where = f"{place}.appliedTo" if rule.get("appliedTo") else "spec.appliedTo"
                applied += [read_applied(mine, policy.namespace, where)] * len(read)
        sources = _sources(applied, both=all(rules.values()))
        return policy._replace(sources=sources, ingress=_listed(rules["ingress"]), egress=_listed(rules["egress"]))

    def _placed(self, policy: Policy, spec: dict[str, object]) -> Policy:
        """The policy where it is asked."""
        given = spec.get("priority")
        if isinstance(given, bool) or not isinstance(given, (int, float)) or not 0 <= given <= 10_000:
            raise Unreadable("spec.priority", f"is {shown(given)}, not between 1 and 10000")
        tier = text(spec.get("tier") or _BY_DEFAULT, "spec.tier").lower()
        if tier == _BASELINE:
            return policy._replace(tier=BASELINE, priority=float(given))
        if tier in _TIERS:
            return policy._replace(priority=float(_TIERS[tier] * _PRIORITIES + given))
        return unsure(policy)._replace(priority=BEFORE_ALL)

    def _rule(self, rule: dict[str, object], index: int, direction: str, namespace: str | None) -> Iterator[Rule]:
        """A rule; as two where it speaks of names and of others, for its peers add up."""
        place = f"spec.{direction}[{index}]"
        known_keys(rule, _RULE_KEYS, place)
        action = rule.get("action")
        if not isinstance(action, str) or action not in _ACTIONS:
            raise Unreadable(f"{place}.action", f"is {shown(action)}, not one of {', '.join(_ACTIONS)}")
        decides = _ACTIONS[action]
        field = "to" if direction == "egress" else "from"
        others = read_peers(
            rule.get(field), namespace, self._pod_addresses, f"{place}.{field}", allows=decides is Action.ALLOW
        )
        if rule.get("toServices"):
            others = Others(UNKNOWN_PEERS, others.names)
        ports, sure = _ports(rule, place)
        sure = sure and not rule.get("l7Protocols")
        if others.peers is not None:
            yield Rule(decides, others.peers, ports, None, sure, index, others.blocks)
        if others.names is not None:
            yield Rule(decides, _ANYWHERE, ports, others.names, sure, index, (_ANYWHERE.most_addresses,))


def _listed(rules: list[Rule]) -> Rules | None:
    return Rules(tuple(rules)) if rules else None


def _sources(applied: list[tuple[tuple[Box, ...], bool]], *, both: bool) -> tuple[Source, ...]:
    """One source for all rules, or one for each; some of all pods where that cannot be told.

    Rules with sources of their own must stand in one direction alone.
    """
    if not applied:
        return ()
    found = [_source(boxes, told=told) for boxes, told in applied]
    if len(set(found)) == 1:
        return () if found[0] is None else (found[0],)
    if both or None in found:
        return (Source(label_sets.EVERYTHING, whole=False),)
    return tuple(one for one in found if one is not None)


def _source(boxes: tuple[Box, ...], *, told: bool) -> Source | None:
    if not boxes:
        return None
    return Source(boxes[0], told) if len(boxes) == 1 else Source(label_sets.EVERYTHING, whole=False)


def _ports(rule: dict[str, object], place: str) -> tuple[Ports, bool]:
    """Protocols and ports of a rule; false where it may match less of them."""
    entries = items(rule.get("ports"), f"{place}.ports")
    others = items(rule.get("protocols"), f"{place}.protocols")
    if not entries and not others:
        return EVERY_PORT, True
    numbers: list[Interval] = []
    named: set[tuple[str, str]] = set()
    sure = not others
    for index, entry in enumerate(others):
        found = mapping(entry, f"{place}.protocols[{index}]")
        numbers.append(traffic.span("ICMP" if "icmp" in found else "other"))
    for index, entry in enumerate(entries):
        where = f"{place}.ports[{index}]"
        found = mapping(entry, where)
        known_keys(found, _PORT_KEYS, where)
        sure = sure and not (found.get("sourcePort") or found.get("sourceEndPort"))
        protocol, port = _port(found, where)
        if isinstance(port, str):
            named.add((protocol, port))
        else:
            numbers.append(traffic.span(protocol, *port))
    return Ports(canonical(numbers), frozenset(named)), sure


def _port(found: dict[str, object], place: str) -> tuple[str, str | tuple[int, int]]:
    protocol = found.get("protocol") or "TCP"
    if protocol not in traffic.WITH_PORTS:
        raise Unreadable(f"{place}.protocol", f"is {shown(protocol)}, not TCP, UDP or SCTP")
    port, end = found.get("port"), found.get("endPort")
    if port is None:
        if end is not None:
            raise Unreadable(f"{place}.endPort", "stands without port")
        return str(protocol), (1, traffic.LAST_PORT)
    if isinstance(port, str) and not _DIGITS.match(port):
        if end is not None:
            raise Unreadable(f"{place}.endPort", "stands beside a named port")
        return str(protocol), port
    first = number(int(port) if isinstance(port, str) else port, f"{place}.port", 1, traffic.LAST_PORT)
    last = first if end is None else number(end, f"{place}.endPort", 1, traffic.LAST_PORT)
    if last < first:
        raise Unreadable(f"{place}.endPort", f"is {last}, below port {first}")
    return str(protocol), (first, last)
