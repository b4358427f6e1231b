"""Aviatrix FirewallPolicy (networking.aviatrix.com/v1alpha1) from a parsed document to ordered rules.

    rules[] {action, selector, destinationSmartGroups, webGroups, protocol, port, endPort}
        selector                    for which pods of the policy's namespace; none or empty: for all of them
        destinationSmartGroups      the peers that it matches (module `groups`)
        webGroups                   the names that it matches: TCP flows that show one of them, and no others

Rules are tried in order, the first match decides, and what none matches passes; several policies of one namespace are
tried one after the other in an order that nobody states.  A group that is defined elsewhere matches at least nothing
and at most everything.  Assumed, for the vendor does not say or it cannot be seen in manifests (facts on providers,
section 1): link-local addresses never cross the gateway, and k8s groups match the same pods as the selectors of a
NetworkPolicy.
"""

from __future__ import annotations

from mcpfence.net.addresses import ALL
from mcpfence.net.intervals import Intervals, canonical, intersect
from mcpfence.reach.documents.fields import Problem, Unreadable, items, known_keys, mapping, number, shown, text
from mcpfence.reach.documents.label_selectors import read_labels
from mcpfence.reach.engines.aviatrix import GATEWAY
from mcpfence.reach.engines.aviatrix.groups import GroupReader
from mcpfence.reach.engines.contract import (
    UNKNOWN,
    UNKNOWN_NAMES,
    UNKNOWN_PEERS,
    Action,
    Peers,
    Policy,
    Ports,
    Rule,
    Rules,
    ShownNames,
    Source,
    names_in_any,
)
from mcpfence.reach.flows import label_sets, traffic

_SPEC_KEYS = frozenset({"rules", "smartGroups", "webGroups"})
_DECIDING_KEYS = {"name", "action", "selector", "destinationSmartGroups", "webGroups", "protocol", "port", "endPort"}
_OTHER_KEYS = {"logging", "logProfile", "decryptPolicy", "flowAppRequirement", "tlsProfile", "watch"}
_RULE_KEYS = frozenset(_DECIDING_KEYS | _OTHER_KEYS)
_REFERENCE_KEYS = frozenset({"name", "uuid"})
_SUBJECT_KEYS = frozenset({"matchLabels", "service"})
_ACTIONS = {
    "permit": Action.ALLOW,
    "intrusion_detection_permit": Action.ALLOW,
    "deny": Action.DENY,
}
_PROTOCOLS = {"tcp": ("TCP",), "udp": ("UDP",), "icmp": ("ICMP",), "any": traffic.PROTOCOLS}


class FirewallReader:
    """Reads policies; lists of rules that match the same flows are worked out once.  See GroupReader."""

    def __init__(self, pod_addresses: Intervals = ALL) -> None:
        self.pod_addresses = pod_addresses
        self._groups = GroupReader(pod_addresses)
        self._lists: dict[object, Rules] = {}
        self._rules: dict[object, Rule] = {}

    def read(self, document: dict[str, object], kind: str, title: str, namespace: str) -> Policy:
        """The policy of one document that lies in `namespace`.  Never raises."""
        notes: list[Problem] = []
        try:
            spec = mapping(document.get("spec"), "spec")
            known_keys(spec, _SPEC_KEYS, "spec")
            smart = self._groups.smart(spec.get("smartGroups"))
            web = self._groups.web(spec.get("webGroups"))
            written = items(spec.get("rules"), "spec.rules")
            key = _content(written, smart, web)
            rules = self._lists.get(key) if key else None
            if rules is None:
                rules = self._read(written, smart, web, title, notes)
                if key:
                    self._lists[key] = rules
            called, sources = _sources(written)
        except Unreadable as bad:
            problem = Problem(title, bad.field, bad.reason)
            everywhere = (Source(label_sets.EVERYTHING, whole=False),)
            return _policy(title, namespace, everywhere, UNKNOWN, (problem,))._replace(sound=False)
        return _policy(title, namespace, sources, rules, tuple(notes))._replace(names=called)

    def _read(
        self,
        written: list[object],
        smart: dict[str, Peers],
        web: dict[str, ShownNames],
        title: str,
        notes: list[Problem],
    ) -> Rules:
        found = []
        for index, entry in enumerate(written):
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
            key = (index, _ACTIONS[action], bool(rule.get("watch")), tuple(peers), tuple(shows), points, tls)
            known = self._rules.get(key)
            if known is None:
                ports, names = _demanded(points, shows, tls=tls)
                known = self._rules[key] = Rule(
                    _ACTIONS[action], self._groups.join(peers), ports, names, not rule.get("watch"), index
                )
            found.append(known)
        return Rules(tuple(found))


def _policy(
    title: str, namespace: str, sources: tuple[Source, ...], rules: Rules, problems: tuple[Problem, ...]
) -> Policy:
    return Policy(
        title=title,
        engine="aviatrix",
        tier=GATEWAY,
        namespace=namespace,
        sources=sources,
        egress=rules,
        place="spec.rules",
        problems=problems,
    )


def _content(rules: list[object], smart: dict[str, Peers], web: dict[str, ShownNames]) -> object:
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


def _sources(rules: list[object]) -> tuple[tuple[str, ...], tuple[Source, ...]]:
    """The names of the rules, which must differ, and their sources."""
    called: list[str] = []
    sources: list[Source] = []
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


def _source(value: object, place: str) -> Source:
    """The pods that a rule is for; no selector, or an empty one, means every pod of the namespace."""
    if value is None:
        return Source(label_sets.EVERYTHING)
    found = mapping(value, place)
    known_keys(found, _SUBJECT_KEYS, place)
    labels, service = found.get("matchLabels"), found.get("service")
    if service:
        if labels is not None:
            raise Unreadable(place, "has service beside matchLabels")
        text(service, f"{place}.service")
        return Source(label_sets.EVERYTHING, whole=False)
    return Source(read_labels(labels, f"{place}.matchLabels"))


def _named(
    rule: dict[str, object],
    key: str,
    place: str,
    known: dict[str, Peers] | dict[str, ShownNames],
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


def _demanded(points: Intervals, shows: list[ShownNames], *, tls: bool) -> tuple[Ports, ShownNames | None]:
    """The ports of a rule, and the names that its flows must show: web groups match TCP alone."""
    if not shows:
        return Ports(points), UNKNOWN_NAMES if tls else None
    named = names_in_any((one.least, one.most) for one in shows)
    return Ports(intersect(points, (traffic.span("TCP"),))), named
