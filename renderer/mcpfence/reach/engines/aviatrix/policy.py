"""Aviatrix FirewallPolicy (networking.aviatrix.com/v1alpha1) from a parsed document to ordered rules.

    rules[] {action, selector, destinationSmartGroups, webGroups, protocol, port, endPort}
        selector                    for which pods of the policy's namespace; none or empty: for all of them
        destinationSmartGroups      the peers that it matches (module `groups`)
        webGroups                   the names that it matches: TCP flows that show one of them, and no others

Rules are tried in order, the first match decides, and what none matches passes (module `firewall`).  A group that is
defined elsewhere matches at least nothing and at most everything.  Assumed, for the vendor does not say or it cannot be
seen in manifests (facts on providers, section 1): link-local addresses never cross the gateway, and k8s groups match
the same pods as the selectors of a NetworkPolicy.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from mcpfence.net.addresses import ALL, parse_cidr
from mcpfence.net.intervals import Intervals, canonical, intersect
from mcpfence.reach.documents.fields import Problem, Unreadable, items, known_keys, mapping, number, shown, text
from mcpfence.reach.documents.label_selectors import read_labels
from mcpfence.reach.engines.aviatrix.groups import UNKNOWN_NAMES, UNKNOWN_PEERS, GroupReader, Peers, Shown
from mcpfence.reach.flows import flows, host_names, label_sets, traffic
from mcpfence.reach.flows.bounds import Bounds
from mcpfence.reach.flows.label_sets import Box

GROUP, KIND = "networking.aviatrix.com", "FirewallPolicy"
LINK_LOCAL: Intervals = canonical([parse_cidr("169.254.0.0/16"), parse_cidr("fe80::/10")])

_SPEC_KEYS = frozenset({"rules", "smartGroups", "webGroups"})
_DECIDING_KEYS = {"name", "action", "selector", "destinationSmartGroups", "webGroups", "protocol", "port", "endPort"}
_OTHER_KEYS = {"logging", "logProfile", "decryptPolicy", "flowAppRequirement", "tlsProfile", "watch"}
_RULE_KEYS = frozenset(_DECIDING_KEYS | _OTHER_KEYS)
_REFERENCE_KEYS = frozenset({"name", "uuid"})
_SUBJECT_KEYS = frozenset({"matchLabels", "service"})
_ACTIONS = {"permit": True, "intrusion_detection_permit": True, "deny": False}
_PROTOCOLS = {"tcp": ("TCP",), "udp": ("UDP",), "icmp": ("ICMP",), "any": traffic.PROTOCOLS}


@dataclass(frozen=True, slots=True, eq=False)
class Line:
    """One rule without its source: what it does with the flows that it matches, and whether it surely is in force.

    One reader gives one object for equal lines, so that identity is equality.
    """

    permit: bool
    flows: Bounds
    sure: bool = True


class Firewall(NamedTuple):
    """What one FirewallPolicy says; `sound` is false where it may not exist as it was read.

    `lines` and `names` have one entry for each rule, in order.  `sources` are (box of the pods, whether the rule is for
    all of them): one for each rule, or a single one for all rules.
    """

    title: str
    namespace: str
    lines: tuple[Line, ...] = ()
    names: tuple[str, ...] = ()
    sources: tuple[tuple[Box, bool], ...] = ()
    sound: bool = True
    problems: tuple[Problem, ...] = ()

    @property
    def selector(self) -> Box | None:
        """A box around all pods that a rule or, if it cannot be read, the policy may speak of; None: no pod."""
        if self.sound and len(self.sources) < 2:
            return self.sources[0][0] if self.sources else None
        return label_sets.EVERYTHING

    def source(self, index: int) -> tuple[Box, bool]:
        """The source of the rule at `index`."""
        return self.sources[0 if len(self.sources) == 1 else index]


@dataclass(slots=True)
class FirewallReader:
    """Reads policies; lists of rules that match the same flows are worked out once.  See GroupReader."""

    pod_addresses: Intervals = ALL
    _groups: GroupReader = field(init=False)
    _lines: dict[object, tuple[Line, ...]] = field(default_factory=dict)
    _line: dict[object, Line] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._groups = GroupReader(self.pod_addresses)

    def read(self, document: dict[str, object], title: str, namespace: str) -> Firewall:
        """The policy of one document that lies in `namespace`.  Never raises."""
        notes: list[Problem] = []
        try:
            spec = mapping(document.get("spec"), "spec")
            known_keys(spec, _SPEC_KEYS, "spec")
            smart = self._groups.smart(spec.get("smartGroups"))
            web = self._groups.web(spec.get("webGroups"))
            rules = items(spec.get("rules"), "spec.rules")
            key = _content(rules, smart, web)
            lines = self._lines.get(key) if key else None
            if lines is None:
                lines = self._read(rules, smart, web, title, notes)
                if key:
                    self._lines[key] = lines
            called, sources = _sources(rules)
        except Unreadable as bad:
            problem = Problem(title, bad.field, bad.reason)
            return Firewall(title=title, namespace=namespace, sound=False, problems=(problem,))
        return Firewall(
            title=title, namespace=namespace, lines=lines, names=called, sources=sources, problems=tuple(notes)
        )

    def _read(
        self, rules: list[object], smart: dict[str, Peers], web: dict[str, Shown], title: str, notes: list[Problem]
    ) -> tuple[Line, ...]:
        lines = []
        for index, entry in enumerate(rules):
            place = f"spec.rules[{index}]"
            rule = mapping(entry, place)
            known_keys(rule, _RULE_KEYS, place)
            action = rule.get("action")
            if not isinstance(action, str) or action not in _ACTIONS:
                raise Unreadable(f"{place}.action", f"is {shown(action)}, not one of {', '.join(_ACTIONS)}")
            faults: list[tuple[str, str]] = []
            to = _named(rule, "destinationSmartGroups", place, smart, faults)
            peers = [smart.get(name, UNKNOWN_PEERS) for name in to]
            if not peers:
                raise Unreadable(f"{place}.destinationSmartGroups", "is empty")
            shows = [web.get(name, UNKNOWN_NAMES) for name in _named(rule, "webGroups", place, web, faults)]
            notes += [Problem(title, where, reason) for where, reason in faults]
            points, tls = _points(rule, place), bool(rule.get("flowAppRequirement"))
            key = (_ACTIONS[action], bool(rule.get("watch")), tuple(peers), tuple(shows), points, tls)
            line = self._line.get(key)
            if line is None:
                found = _flows(self._groups.join(peers), *_allowed(points, shows, sure=not tls or bool(shows)))
                line = self._line[key] = Line(_ACTIONS[action], found, not rule.get("watch"))
            lines.append(line)
        return tuple(lines)


def _content(rules: list[object], smart: dict[str, Peers], web: dict[str, Shown]) -> object:
    """A key for what plain rules match, whatever their groups are called; None where they are not plain.

    Equal keys read alike: every field that decides is in it, with its type where 1 and true would compare equal.
    """
    parts: list[object] = []
    try:
        for rule in rules:
            if not isinstance(rule, dict) or not _RULE_KEYS.issuperset(rule):
                return None
            port, end, shows = rule.get("port"), rule.get("endPort"), rule.get("webGroups")
            to = [smart[one["name"]] if len(one) == 1 else None for one in rule["destinationSmartGroups"]]
            by = [web[one["name"]] if len(one) == 1 else None for one in shows] if isinstance(shows, list) else shows
            if not to or None in to or (by is not None and (not isinstance(by, list) or None in by)):
                return None
            parts += (rule.get("action"), rule.get("protocol"), port, type(port), end, type(end), tuple(to))
            parts += (tuple(by or ()), rule.get("flowAppRequirement"), rule.get("watch"))
        key = tuple(parts)
        hash(key)
    except (KeyError, TypeError):
        return None
    return key


def _sources(rules: list[object]) -> tuple[tuple[str, ...], tuple[tuple[Box, bool], ...]]:
    """The names of the rules, which must differ, and their sources."""
    called: list[str] = []
    sources: list[tuple[Box, bool]] = []
    last: object = rules
    for index, rule in enumerate(rules):
        name = rule.get("name") if isinstance(rule, dict) else None
        if not isinstance(name, str) or not name:
            raise Unreadable(f"spec.rules[{index}].name", f"is {shown(name)}, no name")
        called.append(name)
        written = rule.get("selector") if isinstance(rule, dict) else None
        if written is not last:
            sources += [sources[-1]] * (index - len(sources)) if sources else []
            sources.append(_source(written, f"spec.rules[{index}].selector"))
            last = written
    if len(set(called)) < len(called):
        raise Unreadable("spec.rules", "has two rules of one name")
    if len(sources) > 1:
        sources += [sources[-1]] * (len(called) - len(sources))
    return tuple(called), tuple(sources[:1] if len(set(sources)) == 1 else sources)


def _source(value: object, place: str) -> tuple[Box, bool]:
    """The pods that a rule is for; no selector, or an empty one, means every pod of the namespace."""
    if value is None:
        return label_sets.EVERYTHING, True
    found = mapping(value, place)
    known_keys(found, _SUBJECT_KEYS, place)
    labels, service = found.get("matchLabels"), found.get("service")
    if service:
        if labels is not None:
            raise Unreadable(place, "has service beside matchLabels")
        text(service, f"{place}.service")
        return label_sets.EVERYTHING, False
    return read_labels(labels, f"{place}.matchLabels"), True


def _named(
    rule: dict[str, object],
    key: str,
    place: str,
    known: dict[str, Peers] | dict[str, Shown],
    faults: list[tuple[str, str]],
) -> list[str]:
    """The names that references give; "" for a uuid.  `faults` gets those that are not defined here."""
    found = []
    for index, entry in enumerate(items(rule.get(key), f"{place}.{key}")):
        where = f"{place}.{key}[{index}]"
        reference = mapping(entry, where)
        known_keys(reference, _REFERENCE_KEYS, where)
        name, uuid = reference.get("name"), reference.get("uuid")
        if (name is None) == (uuid is None):
            raise Unreadable(where, "needs either a name or a uuid")
        if name is None:
            text(uuid, f"{where}.uuid")
            faults.append((where, "names a group by its uuid, and what that holds is not in the manifests"))
        elif text(name, f"{where}.name") not in known:
            faults.append((where, f"names the group {shown(name)}, which this policy does not define"))
        found.append(name if isinstance(name, str) else "")
    return found


def _points(rule: dict[str, object], place: str) -> Intervals:
    protocol = rule.get("protocol")
    name = "any" if protocol is None else protocol
    if not isinstance(name, str) or name not in _PROTOCOLS:
        raise Unreadable(f"{place}.protocol", f"is {shown(protocol)}, not tcp, udp, icmp or any")
    port, end = rule.get("port"), rule.get("endPort")
    if port is None or port == 0:  # 0 is how the vendor's own controllers write no port
        if end:
            raise Unreadable(f"{place}.endPort", "stands without port")
        return tuple(traffic.span(protocol) for protocol in _PROTOCOLS[name])
    if name == "icmp":
        raise Unreadable(f"{place}.port", "stands beside protocol icmp")
    first = number(port, f"{place}.port", 1, traffic.LAST_PORT)
    last = number(end, f"{place}.endPort", 1, traffic.LAST_PORT) if end else first
    if last < first:
        raise Unreadable(f"{place}.endPort", f"is {last}, below port {first}")
    ported = traffic.WITH_PORTS if name == "any" else _PROTOCOLS[name]
    return canonical(traffic.span(protocol, first, last) for protocol in ported)


def _allowed(points: Intervals, shows: list[Shown], *, sure: bool) -> tuple[traffic.Traffic, traffic.Traffic]:
    """The traffic of a rule at least and at most."""
    if not shows:
        everything = traffic.plain(points)
        return (everything if sure else traffic.NOTHING), everything
    low, high = host_names.NONE, host_names.NONE
    for one in shows:
        low, high = host_names.union(low, one.least), host_names.union(high, one.most)
    tcp = intersect(points, (traffic.span("TCP"),))
    return traffic.named(tcp, low), traffic.named(tcp, high)


def _flows(peers: Peers, least: traffic.Traffic, most: traffic.Traffic) -> Bounds:
    upper = flows.reach_of(peers.most_addresses, peers.most_pods, most)
    lower = flows.reach_of(peers.least_addresses, peers.least_pods, least)
    return Bounds(upper, upper) if lower == upper else Bounds(lower, upper)
