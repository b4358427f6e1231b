"""FQDNNetworkPolicy (networking.gke.io/v1alpha1) from a parsed document to what it says.

    podSelector              pods of its namespace; they are isolated for egress ("implicit deny" in the CRD's text)
    egress[].matches[]       {name}: that name; {pattern}: a `*` is any characters but dots
    egress[].ports[]         {protocol, port}; without a port every port of it, without a protocol every protocol

It adds up with NetworkPolicies.  Names are open wherever they resolve to, since nothing stands in front of them; pods
are no targets by the documentation, which is not relied on: at least no pod, at most every one.  Patterns of whole
labels (`*.x`, `*.*.x`) are exactly that deep, `*` alone is every name; what other stars match is at least nothing and
at most every name behind the last of them.  An empty name is stored, and means nothing that anybody states.
Source: the kind's CRD and GKE's documentation (facts on engines, section 6; on providers, section 4).
"""

from __future__ import annotations

from mcpfence.net.addresses import ALL
from mcpfence.net.intervals import EMPTY, Intervals, canonical, subtract
from mcpfence.reach.documents.fields import Problem, Unreadable, items, known_keys, mapping, number, shown, text
from mcpfence.reach.documents.label_selectors import read_selector
from mcpfence.reach.engines.contract import (
    UNKNOWN_ALLOWS,
    UNKNOWN_NAMES,
    Action,
    Peers,
    Policy,
    Ports,
    Rule,
    Rules,
    ShownNames,
    adding_policy,
    names_in_any,
)
from mcpfence.reach.engines.rule_lists import RuleLists
from mcpfence.reach.flows import host_names, label_sets, traffic
from mcpfence.reach.flows.label_sets import Box

_SPEC_KEYS = frozenset({"podSelector", "egress"})
_RULE_KEYS = frozenset({"matches", "ports"})
_PORT_KEYS = frozenset({"protocol", "port"})
_MATCH_KEYS = frozenset({"name", "pattern"})
_PROTOCOLS = ("TCP", "UDP", "ALL")

_SURE_POINTS: Intervals = (traffic.span("TCP"), traffic.span("UDP"))
_ANYWHERE = Peers(ALL, ALL, (), (label_sets.EVERYTHING,))


class FqdnPolicyReader:
    """Reads policies one by one; equal lists of rules give one object."""

    def __init__(self) -> None:
        self._lists = RuleLists(_read_rules)

    def read(self, document: dict[str, object], kind: str, title: str, namespace: str) -> Policy:
        """The policy of one document that lies in `namespace`.  Never raises: what it cannot read is in `problems`."""
        selector: Box | None = label_sets.EVERYTHING
        problems: tuple[Problem, ...] = ()
        try:
            spec = mapping(document.get("spec"), "spec")
            known_keys(spec, _SPEC_KEYS, "spec")
            selector = read_selector(spec.get("podSelector"), "spec.podSelector")
            rules = self._lists.of(spec.get("egress"))
        except Unreadable as bad:
            rules, problems = UNKNOWN_ALLOWS, (Problem(title, bad.field, bad.reason),)
        return adding_policy(
            engine="gke",
            title=title,
            namespace=namespace,
            selector=selector,
            ingress=None,
            egress=rules,
            problems=problems,
        )


def _read_rules(value: object) -> Rules:
    entries = items(value, "spec.egress")
    if not entries:
        raise Unreadable("spec.egress", "is empty")
    found: list[Rule] = []
    for index, entry in enumerate(entries):
        place = f"spec.egress[{index}]"
        rule = mapping(entry, place)
        known_keys(rule, _RULE_KEYS, place)
        names = _names(rule.get("matches"), f"{place}.matches")
        sure, perhaps = _points(rule.get("ports"), f"{place}.ports")
        if sure:
            found.append(Rule(Action.ALLOW, _ANYWHERE, Ports(sure), names, position=index))
        if perhaps:
            found.append(Rule(Action.ALLOW, _ANYWHERE, Ports(perhaps), names, sure=False, position=index))
    return Rules(tuple(found))


def _names(value: object, place: str) -> ShownNames:
    """What the matches of a rule match at least and at most."""
    entries = items(value, place)
    if not entries:
        raise Unreadable(place, "is empty")
    bounds = []
    for index, entry in enumerate(entries):
        where = f"{place}[{index}]"
        match = mapping(entry, where)
        known_keys(match, _MATCH_KEYS, where)
        if len(match) != 1:
            raise Unreadable(where, "needs either a name or a pattern")
        ((key, written),) = match.items()
        found = _match(text(written, f"{where}.{key}"), key, f"{where}.{key}")
        bounds.append((found.least, found.most))
    return names_in_any(bounds)


def _match(written: str, key: str, place: str) -> ShownNames:
    if not written.removesuffix("."):
        return UNKNOWN_NAMES
    if key == "name" and "*" in written:
        raise Unreadable(place, f"{shown(written)} has a *, which only a pattern may have")
    try:
        return _pattern(written)
    except ValueError as bad:
        raise Unreadable(place, f"{shown(written)} {bad}") from None


def _pattern(written: str) -> ShownNames:
    """Bounds of a name or pattern; raises ValueError with a half sentence."""
    labels = written.lower().removesuffix(".").split(".")
    stars = [place for place, label in enumerate(labels) if "*" in label]
    if not stars:
        return _exactly([(written, 1, 0)])
    if labels == ["*"]:
        return _exactly([("*", 1, 0)])
    depth = stars[-1] + 1
    behind = ".".join(["*", *labels[depth:]])
    if depth < len(labels) and all(label == "*" for label in labels[:depth]):
        return _exactly([(behind, depth, depth)])
    return ShownNames(host_names.NONE, host_names.names_of([behind]))


def _exactly(patterns: list[tuple[str, int, int]]) -> ShownNames:
    found = host_names.names_at(patterns)
    return ShownNames(found, found)


def _points(value: object, place: str) -> tuple[Intervals, Intervals]:
    """Points that are surely meant, and further ones that may be: whether ALL holds more than TCP and UDP."""
    entries = items(value, place)
    if not entries:
        return _SURE_POINTS, subtract(traffic.EVERY_POINT, _SURE_POINTS)
    sure, perhaps = [], []
    for index, entry in enumerate(entries):
        found = mapping(entry, f"{place}[{index}]")
        known_keys(found, _PORT_KEYS, f"{place}[{index}]")
        protocol, port = found.get("protocol"), found.get("port")
        if protocol is not None and protocol not in _PROTOCOLS:
            raise Unreadable(f"{place}[{index}].protocol", f"is {shown(protocol)}, not TCP, UDP or ALL")
        first, last = 1, traffic.LAST_PORT
        if port is not None:
            first = last = number(port, f"{place}[{index}].port", 1, traffic.LAST_PORT)
        if protocol in ("TCP", "UDP"):
            sure.append(traffic.span(str(protocol), first, last))
            continue
        sure += [traffic.span(each, first, last) for each in ("TCP", "UDP")]
        perhaps += [traffic.span("SCTP", first, last)] if port is not None else list(traffic.EVERY_POINT)
    known = canonical(sure)
    return known, subtract(canonical(perhaps), known) if perhaps else EMPTY
