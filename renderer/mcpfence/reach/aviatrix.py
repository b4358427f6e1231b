"""Aviatrix FirewallPolicy (networking.aviatrix.com/v1alpha1) from a parsed document to ordered rules.

    smartGroups[].selectors[] {cidr} | {type: k8s, k8sNamespace, tags}   -> the peers that a rule matches
    webGroups[].domains[]                                               -> the names that a rule matches (TCP only)
    rules[] {action, selector, protocol, port, endPort}                  -> tried in order, the first match decides

A policy does not isolate: what no rule matches passes (`firewall.Firewalls` evaluates).  What a rule matches is held as
bounds: a group that is defined elsewhere, by uuid, or by anything but addresses and plain pod labels matches at least
nothing and at most everything.  Link-local addresses never cross the gateway; `*.x` is one or more labels below x; k8s
groups match the same pods as the selectors of a NetworkPolicy: assumptions (facts on providers, section 1).
"""

from __future__ import annotations

from dataclasses import dataclass, field

from mcpfence.addresses import ALL, parse_cidr
from mcpfence.intervals import Interval, Intervals, canonical, intersect, is_subset
from mcpfence.reach import boxes, flows, names, traffic
from mcpfence.reach.bounds import Bounds
from mcpfence.reach.boxes import Box
from mcpfence.reach.names import Names
from mcpfence.reach.problems import Problem, Unreadable, items, known_keys, mapping, number, shown, text
from mcpfence.reach.selectors import read_labels

GROUP, KIND = "networking.aviatrix.com", "FirewallPolicy"
LINK_LOCAL: Intervals = canonical([parse_cidr("169.254.0.0/16"), parse_cidr("fe80::/10")])

_SPEC_KEYS = frozenset({"rules", "smartGroups", "webGroups"})
_RULE_KEYS = frozenset(
    "name action selector destinationSmartGroups webGroups protocol port endPort logging logProfile "
    "decryptPolicy flowAppRequirement tlsProfile watch".split()
)
_K8S_KEYS = frozenset({"type", "k8sNamespace", "tags"})
_SELECTOR_KEYS = _K8S_KEYS | frozenset(
    "cidr external extArgs s2c k8sClusterId k8sPodName k8sService name region zone accountId accountName".split()
)
_ACTIONS = {"permit": True, "intrusion_detection_permit": True, "deny": False}
_PROTOCOLS = {"tcp": ("TCP",), "udp": ("UDP",), "icmp": ("ICMP",)}


@dataclass(frozen=True, slots=True)
class Peers:
    """What a smart group, or a list of them, is at least and at most."""

    least_addresses: Intervals = ()
    most_addresses: Intervals = ()
    least_pods: tuple[Box, ...] = ()
    most_pods: tuple[Box, ...] = ()


_UNKNOWN_PEERS = Peers((), ALL, (), (boxes.EVERYTHING,))


@dataclass(frozen=True, slots=True, eq=False)
class Match:
    """The flows that a rule matches, whoever sends them.  One object for equal matches of one reader."""

    flows: Bounds


@dataclass(frozen=True, slots=True)
class FirewallRule:
    """One rule: for pods of the box (None: for none; not `exact`: for some of them), permit or deny what matches."""

    name: str
    permit: bool
    selector: Box | None
    exact: bool
    match: Match


@dataclass(frozen=True, slots=True, kw_only=True)
class Firewall:
    """What one FirewallPolicy says; `sound` is false where it may not exist as it was read."""

    title: str
    namespace: str
    rules: tuple[FirewallRule, ...]
    sound: bool = True
    problems: tuple[Problem, ...] = ()

    @property
    def selector(self) -> Box | None:
        """A box around all pods that a rule or, if it cannot be read, the policy may speak of; None: no pod."""
        if not self.sound:
            return boxes.EVERYTHING
        found = {rule.selector for rule in self.rules if rule.selector is not None}
        return (found.pop() if len(found) == 1 else boxes.EVERYTHING) if found else None


@dataclass(slots=True)
class FirewallReader:
    """Reads policies and keeps what their groups and rules match, so that equal ones are worked out once.

    `pod_addresses` are the addresses that pods may have.  A CIDR group surely matches pods if it holds all of them,
    may match pods if it holds some; the default, every address of both families, makes no assumption.
    """

    pod_addresses: Intervals = ALL
    _groups: dict[object, Peers] = field(default_factory=dict)
    _names: dict[tuple[str, ...], tuple[Names, Names]] = field(default_factory=dict)
    _matches: dict[object, Match] = field(default_factory=dict)

    def read(self, document: dict[str, object], title: str, namespace: str) -> Firewall:
        """The policy of one document that lies in `namespace`.  Never raises."""
        notes: list[Problem] = []
        try:
            spec = mapping(document.get("spec"), "spec")
            known_keys(spec, _SPEC_KEYS, "spec")
            groups = self._smart_groups(spec.get("smartGroups"))
            webs = self._web_groups(spec.get("webGroups"))
            rules = self._rules(spec.get("rules"), groups, webs, title, notes)
        except Unreadable as bad:
            return Firewall(
                title=title,
                namespace=namespace,
                rules=(),
                sound=False,
                problems=(Problem(title, bad.field, bad.reason),),
            )
        return Firewall(title=title, namespace=namespace, rules=rules, problems=tuple(notes))

    def _smart_groups(self, value: object) -> dict[str, Peers]:
        found: dict[str, Peers] = {}
        for index, entry in enumerate(items(value, "spec.smartGroups")):
            place = f"spec.smartGroups[{index}]"
            group = mapping(entry, place)
            known_keys(group, frozenset({"name", "selectors"}), place)
            name = text(group.get("name"), f"{place}.name")
            if name in found:
                raise Unreadable(f"{place}.name", f"{shown(name)} stands twice")
            found[name] = self._peers(items(group.get("selectors"), f"{place}.selectors"), f"{place}.selectors")
        return found

    def _peers(self, selectors: list[object], place: str) -> Peers:
        """The union of a group's selectors; equal lists of plain CIDR blocks are worked out once."""
        key = tuple(
            entry["cidr"] if isinstance(entry, dict) and len(entry) == 1 and isinstance(entry.get("cidr"), str) else None
            for entry in selectors
        )
        if key and None not in key and key in self._groups:
            return self._groups[key]
        parts = [_group_selector(entry, f"{place}[{i}]", self.pod_addresses) for i, entry in enumerate(selectors)]
        peers = _join(parts, self.pod_addresses)
        if key and None not in key:
            self._groups[key] = peers
        return peers

    def _web_groups(self, value: object) -> dict[str, tuple[Names, Names]]:
        found: dict[str, tuple[Names, Names]] = {}
        for index, entry in enumerate(items(value, "spec.webGroups")):
            place = f"spec.webGroups[{index}]"
            group = mapping(entry, place)
            known_keys(group, frozenset({"name", "domains"}), place)
            name = text(group.get("name"), f"{place}.name")
            if name in found:
                raise Unreadable(f"{place}.name", f"{shown(name)} stands twice")
            found[name] = self._domains(items(group.get("domains"), f"{place}.domains"), f"{place}.domains")
        return found

    def _domains(self, entries: list[object], place: str) -> tuple[Names, Names]:
        patterns = tuple(text(entry, f"{place}[{index}]") for index, entry in enumerate(entries))
        if patterns not in self._names:
            self._names[patterns] = _names(patterns, place)
        return self._names[patterns]

    def _rules(
        self,
        value: object,
        groups: dict[str, Peers],
        webs: dict[str, tuple[Names, Names]],
        title: str,
        notes: list[Problem],
    ) -> tuple[FirewallRule, ...]:
        found: list[FirewallRule] = []
        selectors: dict[int, tuple[Box | None, bool]] = {}
        for index, entry in enumerate(items(value, "spec.rules")):
            place = f"spec.rules[{index}]"
            rule = mapping(entry, place)
            known_keys(rule, _RULE_KEYS, place)
            name = rule.get("name")
            if not isinstance(name, str) or not name:
                raise Unreadable(f"{place}.name", f"is {shown(name)}, no name")
            action = rule.get("action")
            if not isinstance(action, str) or action not in _ACTIONS:
                raise Unreadable(f"{place}.action", f"is {shown(action)}, not permit, deny or intrusion_detection_permit")
            written = rule.get("selector")
            if id(written) not in selectors:
                selectors[id(written)] = _subjects(written, f"{place}.selector")
            box, exact = selectors[id(written)]
            match = self._match(rule, groups, webs, place, title, notes)
            sure = exact and not rule.get("watch")
            found.append(FirewallRule(name, _ACTIONS[action], box, sure, match))
        if len({rule.name for rule in found}) < len(found):
            raise Unreadable("spec.rules", "has two rules of one name")
        return tuple(found)

    def _match(
        self,
        rule: dict[str, object],
        groups: dict[str, Peers],
        webs: dict[str, tuple[Names, Names]],
        place: str,
        title: str,
        notes: list[Problem],
    ) -> Match:
        references = items(rule.get("destinationSmartGroups"), f"{place}.destinationSmartGroups")
        if not references:
            raise Unreadable(f"{place}.destinationSmartGroups", "is empty")
        peers: list[Peers] = []
        for index, entry in enumerate(references):
            where = f"{place}.destinationSmartGroups[{index}]"
            name = _reference(entry, where)
            if name is None or name not in groups:
                notes.append(Problem(title, where, _elsewhere(name)))
            peers.append(groups.get(name or "", _UNKNOWN_PEERS) if name else _UNKNOWN_PEERS)
        shows: list[tuple[Names, Names]] = []
        for index, entry in enumerate(items(rule.get("webGroups"), f"{place}.webGroups")):
            where = f"{place}.webGroups[{index}]"
            name = _reference(entry, where)
            if name is None or name not in webs:
                notes.append(Problem(title, where, _elsewhere(name)))
            shows.append(webs.get(name or "", (names.NONE, names.ANY)) if name else (names.NONE, names.ANY))
        points = _points(rule, place)
        tls = rule.get("flowAppRequirement")
        key = (tuple(peers), tuple(shows), points, tls if isinstance(tls, str) else None)
        if key not in self._matches:
            least, most = _allowed(points, shows, sure=not tls or bool(shows))
            joined = peers[0] if len(peers) == 1 else _join(peers, self.pod_addresses)
            self._matches[key] = Match(_flows(joined, least, most))
        return self._matches[key]


def _flows(peers: Peers, least: traffic.Traffic, most: traffic.Traffic) -> Bounds:
    upper = flows.reach_of(peers.most_addresses, peers.most_pods, most)
    lower = flows.reach_of(peers.least_addresses, peers.least_pods, least)
    return Bounds(upper, upper) if lower == upper else Bounds(lower, upper)


def _join(parts: list[Peers], pod_addresses: Intervals) -> Peers:
    """The union of groups; CIDR blocks that only together hold every pod's address match every pod."""
    least = canonical(piece for part in parts for piece in part.least_addresses)
    most = canonical(piece for part in parts for piece in part.most_addresses)
    least_pods = [box for part in parts for box in part.least_pods]
    most_pods = [box for part in parts for box in part.most_pods]
    if is_subset(pod_addresses, least):
        least_pods.append(boxes.EVERYTHING)
    return Peers(least, most, tuple(dict.fromkeys(least_pods)), tuple(dict.fromkeys(most_pods)))


def _group_selector(value: object, place: str, pod_addresses: Intervals) -> Peers:
    found = mapping(value, place)
    known_keys(found, _SELECTOR_KEYS, place)
    if not found:
        raise Unreadable(place, "is empty")
    if "cidr" in found:
        if len(found) > 1:
            raise Unreadable(place, "has cidr beside other fields")
        block = _cidr(found["cidr"], f"{place}.cidr")
        may = (boxes.EVERYTHING,) if intersect((block,), pod_addresses) else ()
        return Peers((block,), (block,), (), may)
    kind = found.get("type")
    if kind is not None and not isinstance(kind, str):
        raise Unreadable(f"{place}.type", f"is {shown(kind)}, not a string")
    tags = read_labels(found.get("tags"), f"{place}.tags")
    if kind != "k8s":
        return _UNKNOWN_PEERS
    namespace = found.get("k8sNamespace")
    box = boxes.of_pod(tags)
    if namespace is not None:
        box = boxes.pods_in(text(namespace, f"{place}.k8sNamespace"), tags)
    if found.keys() <= _K8S_KEYS:
        return Peers((), (), (box,), (box,))
    return Peers((), (), (), (box,))


def _cidr(value: object, place: str) -> Interval:
    written = text(value, place)
    try:
        return parse_cidr(written)
    except ValueError as bad:
        raise Unreadable(place, f"{shown(written)} {bad}") from None


def _names(patterns: tuple[str, ...], place: str) -> tuple[Names, Names]:
    least, most, plain = names.NONE, names.NONE, []
    for index, pattern in enumerate(patterns):
        if pattern == "*":
            return names.EVERY_NAME, names.EVERY_NAME
        try:
            low, high = names.pattern_bounds(pattern)
        except ValueError as bad:
            raise Unreadable(f"{place}[{index}]", f"{shown(pattern)} {bad}") from None
        if low is high:
            plain.append(pattern)
        else:
            most = names.union(most, high)
    exact = names.names_of(plain)
    return names.union(least, exact), names.union(most, exact)


def _subjects(value: object, place: str) -> tuple[Box | None, bool]:
    """The pods that a rule is for; no selector, or an empty one, means every pod of the namespace."""
    if value is None:
        return boxes.EVERYTHING, True
    found = mapping(value, place)
    known_keys(found, frozenset({"matchLabels", "service"}), place)
    labels, service = found.get("matchLabels"), found.get("service")
    if service:
        if labels is not None:
            raise Unreadable(place, "has service beside matchLabels")
        text(service, f"{place}.service")
        return boxes.EVERYTHING, False
    return read_labels(labels, f"{place}.matchLabels"), True


def _reference(value: object, place: str) -> str | None:
    """The name that a reference gives; None for a uuid."""
    found = mapping(value, place)
    known_keys(found, frozenset({"name", "uuid"}), place)
    name, uuid = found.get("name"), found.get("uuid")
    if (name is None) == (uuid is None):
        raise Unreadable(place, "needs either a name or a uuid")
    if name is None:
        text(uuid, f"{place}.uuid")
        return None
    return text(name, f"{place}.name")


def _elsewhere(name: str | None) -> str:
    if name is None:
        return "names a group by its uuid, and what that holds is not in the manifests"
    return f"names the group {shown(name)}, which this policy does not define"


def _points(rule: dict[str, object], place: str) -> Intervals:
    protocol = rule.get("protocol")
    if protocol is None:
        protocol = "any"
    if protocol not in ("tcp", "udp", "icmp", "any"):
        raise Unreadable(f"{place}.protocol", f"is {shown(protocol)}, not tcp, udp, icmp or any")
    port, end = rule.get("port"), rule.get("endPort")
    if not port:  # 0 is how the vendor's own controllers write no port
        if end:
            raise Unreadable(f"{place}.endPort", "stands without port")
        return traffic.EVERY_POINT if protocol == "any" else (traffic.span(_PROTOCOLS[str(protocol)][0]),)
    if protocol == "icmp":
        raise Unreadable(f"{place}.port", "stands beside protocol icmp")
    first = number(port, f"{place}.port", 1, traffic.LAST_PORT)
    last = number(end, f"{place}.endPort", 1, traffic.LAST_PORT) if end else first
    if last < first:
        raise Unreadable(f"{place}.endPort", f"is {last}, below port {first}")
    ported = traffic.WITH_PORTS if protocol == "any" else _PROTOCOLS[str(protocol)]
    return canonical(traffic.span(name, first, last) for name in ported)


def _allowed(
    points: Intervals, shows: list[tuple[Names, Names]], *, sure: bool
) -> tuple[traffic.Traffic, traffic.Traffic]:
    """The traffic of a rule at least and at most: web groups match TCP flows that show one of their names."""
    if not shows:
        everything = traffic.plain(points)
        return (everything if sure else traffic.NOTHING), everything
    low, high = names.NONE, names.NONE
    for least, most in shows:
        low, high = names.union(low, least), names.union(high, most)
    tcp = intersect(points, (traffic.span("TCP"),))
    return traffic.named(tcp, low), traffic.named(tcp, high)
