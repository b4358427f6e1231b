"""What policies let through, packet by packet: plain, slow, and written from the APIs' documentation alone.

The judge over the evaluators of mcpfence: it shares no line with them, knows no intervals and no boxes, and only ever
answers for the packets that it is given (modules `universe` and `packets`).  What cannot be read or told is settled
twice, once in each `World`; a verdict is certain where both agree.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from enum import Enum
from typing import Any, NamedTuple

from proof.universe import (
    NAMESPACE_NAME,
    Document,
    Question,
    Universe,
    Unreadable,
    block,
    demand,
    known,
    members,
    selecting,
    union,
)

_BROKEN = (Unreadable, KeyError, TypeError, AttributeError)
_PORTS = range(1, 65536)


class World(Enum):
    """How everything that is not known turns out."""

    NOTHING = "what cannot be read is not there, and unknown groups are empty"
    EVERYTHING = "what cannot be read allows everything, and unknown groups hold everything"


Verdict = tuple[int, ...]
"""For each peer the flows that pass."""


class Allowed(NamedTuple):
    """Some peers on some flows."""

    peers: int
    flows: int


# --- NetworkPolicy ---


class Policy(NamedTuple):
    """Which pods it isolates, and in each direction that it speaks of, what it allows."""

    selects: Question
    rules: Mapping[str, Sequence[Allowed]]


def network_policy(document: Document, universe: Universe) -> Policy:
    """Read a NetworkPolicy; raises Unreadable and the like."""
    spec = known(document.get("spec"), "podSelector", "policyTypes", "ingress", "egress")
    types = spec.get("policyTypes")
    if not types:
        types = ["Ingress", "Egress"] if spec.get("egress") else ["Ingress"]
    demand(set(types) <= {"Ingress", "Egress"})
    found: dict[str, Sequence[Allowed]] = {}
    for direction, key in (("ingress", "from"), ("egress", "to")):
        rules = spec.get(direction) or []
        demand(isinstance(rules, list))
        allowed = [_rule(rule, key, _namespace(document), universe) for rule in rules]
        if direction.capitalize() in types:
            found[direction] = allowed
    return Policy(selecting(spec.get("podSelector") or {}), found)


def _namespace(document: Document) -> str:
    return str(document["metadata"].get("namespace", "default"))


def _rule(value: Any, key: str, namespace: str, universe: Universe) -> Allowed:
    rule = known(value, key, "ports")
    peers, ports = rule.get(key) or [], rule.get("ports") or []
    demand(isinstance(peers, list) and isinstance(ports, list))
    return Allowed(
        union(_peers(peer, namespace, universe) for peer in peers) if peers else universe.every_peer,
        union(_flows(port, universe) for port in ports) if ports else universe.every_flow,
    )


def _peers(value: Any, namespace: str, universe: Universe) -> int:
    peer = {
        key: item
        for key, item in known(value, "podSelector", "namespaceSelector", "ipBlock").items()
        if item is not None
    }
    demand(peer)
    if "ipBlock" in peer:
        demand(len(peer) == 1)
        whole = known(peer["ipBlock"], "cidr", "except")
        version, first, last = block(whole["cidr"])
        holes = whole.get("except") or []
        for hole in map(block, holes):
            demand(hole[0] == version and first <= hole[1] <= hole[2] <= last and hole[1:] != (first, last))
        return universe.in_block(whole["cidr"]) & ~union(map(universe.in_block, holes)) & ~universe.pods
    if "namespaceSelector" in peer:
        spaces = universe.of_namespace(selecting(peer["namespaceSelector"]))
    else:
        spaces = universe.of_namespace(lambda labels: labels[NAMESPACE_NAME] == namespace)
    return spaces & universe.labelled(selecting(peer.get("podSelector") or {}))


def _flows(value: Any, universe: Universe) -> int:
    entry = known(value, "protocol", "port", "endPort")
    protocol, port, end = entry.get("protocol") or "TCP", entry.get("port"), entry.get("endPort")
    demand(protocol in ("TCP", "UDP", "SCTP"))
    if port is None:
        demand(end is None)
        return universe.on(protocol)
    last = port if end is None else end
    demand(port in _PORTS and last in _PORTS and port <= last)  # a named port is not known here
    return universe.on(protocol, port, last)


# --- FirewallPolicy ---

_RULE_KEYS = "name action selector destinationSmartGroups webGroups protocol port endPort logging flowAppRequirement"
_PROTOCOLS = {"tcp": ("TCP",), "udp": ("UDP",), "icmp": ("ICMP",), "any": ("TCP", "UDP", "SCTP", "ICMP", "other")}


class Rule(NamedTuple):
    """One rule: for which pods, what it matches, and whether it permits."""

    selects: Question
    permit: bool
    matches: Allowed


def firewall_policy(document: Document, universe: Universe, world: World) -> list[Rule]:
    """The rules of a FirewallPolicy in their order; raises Unreadable and the like."""
    spec = known(document.get("spec"), "rules", "smartGroups", "webGroups")
    smart, web = _groups(spec.get("smartGroups"), "selectors"), _groups(spec.get("webGroups"), "domains")
    rules = [known(rule, *_RULE_KEYS.split()) for rule in spec.get("rules") or []]
    demand(len({rule["name"] for rule in rules}) == len(rules))
    return [_firewall_rule(rule, smart, web, universe, world) for rule in rules]


def _groups(groups: Any, key: str) -> dict[str, list[Any]]:
    found = {known(group, "name", key)["name"]: group.get(key) or [] for group in groups or []}
    demand(len(found) == len(groups or []))
    return found


def _firewall_rule(rule: Document, smart: Any, web: Any, universe: Universe, world: World) -> Rule:
    demand(rule.get("action") in ("permit", "deny", "intrusion_detection_permit") and rule["destinationSmartGroups"])
    unknown = world is World.EVERYTHING
    peers = 0
    for group in (smart.get(_name(reference)) for reference in rule["destinationSmartGroups"]):
        if group is None:
            peers |= universe.every_peer if unknown else 0
        else:
            peers |= union(_group_members(selector, universe) for selector in group)
    flows = _flows_of_rule(rule, universe)
    if rule.get("webGroups"):
        shown = [web.get(_name(reference)) for reference in rule["webGroups"]]
        flows &= universe.on("TCP")
        flows &= universe.under(lambda name: any(unknown if it is None else _shows(it, name) for it in shown))
    subject = selecting(known(rule.get("selector") or {}, "matchLabels"))
    return Rule(subject, rule["action"] != "deny", Allowed(peers, flows))


def _name(reference: Any) -> str:
    found = known(reference, "name", "uuid")
    demand(len(found) == 1)
    return str(found.get("name", ""))  # a uuid names something that is defined elsewhere


def _group_members(value: Any, universe: Universe) -> int:
    selector = known(value, "cidr", "type", "k8sNamespace", "tags")
    if "cidr" in selector:
        demand(len(selector) == 1)
        return universe.in_block(selector["cidr"])
    demand(selector.get("type") == "k8s")
    pods = universe.labelled(selecting({"matchLabels": selector.get("tags")}))
    namespace = selector.get("k8sNamespace")
    return pods & universe.of_namespace(lambda labels: namespace in (None, labels[NAMESPACE_NAME]))


def _flows_of_rule(rule: Document, universe: Universe) -> int:
    protocol, port, end = rule.get("protocol") or "any", rule.get("port"), rule.get("endPort")
    demand(protocol in _PROTOCOLS)
    if not port:
        demand(not end)
        return union(universe.on(name) for name in _PROTOCOLS[protocol])
    last = end or port
    demand(port in _PORTS and last in _PORTS and port <= last and protocol != "icmp")
    return union(universe.on(name, port, last) for name in _PROTOCOLS[protocol] if name not in ("ICMP", "other"))


def _shows(domains: Sequence[str], name: str) -> bool:
    """Whether a name is one of the domains; `*.x` is one or more labels below x, `*` is any name."""
    for written in domains:
        demand(bool(written) and "*" not in written.removeprefix("*"))
        domain = written.lower()
        if name and (domain == "*" or name == domain or (domain[:2] == "*." and name.endswith(domain[1:]))):
            return True
    return False


# --- all policies of a pod ---


class Judge:
    """Asks the same packets of different sets of documents, and reads each document once."""

    def __init__(self, universe: Universe) -> None:
        self.universe = universe
        # Never seen by a firewall at the gateway.
        self._local = (universe.in_block("169.254.0.0/16") | universe.in_block("fe80::/10")) & ~universe.pods
        self._read: dict[tuple[int, World], tuple[Document, Any]] = {}
        self._known: dict[tuple[Any, ...], Verdict] = {}

    def verdict(
        self, documents: Iterable[Document], namespace: str, labels: Mapping[str, str], direction: str, world: World
    ) -> Verdict:
        """What a pod with these labels may reach (egress), or may be reached by (ingress)."""
        policies: list[Any] = []
        walls: list[Any] = []
        for document in documents:
            if _namespace(document) == namespace:
                read = self._reading(document, world)
                if isinstance(read, Policy):
                    if direction in read.rules and read.selects(labels):
                        policies.append(read.rules[direction])
                elif direction == "egress":
                    rules = [rule for rule in read if rule.selects(labels)]
                    walls += [rules] if rules else []
        if world is World.EVERYTHING:  # nobody says in which order several of them are tried
            walls.reverse()
        key = (tuple(map(id, policies)), tuple(id(rule) for rules in walls for rule in rules))
        if key not in self._known:
            self._known[key] = self._decide(policies, [rule for rules in walls for rule in rules])
        return self._known[key]

    def _reading(self, document: Document, world: World) -> Any:
        """A Policy, or the rules of a firewall; nothing, or one that allows all, where it cannot be read."""
        known_ = self._read.get((id(document), world))
        if known_ is None:
            known_ = self._read[id(document), world] = (document, self._try(document, world))
        return known_[1]

    def _try(self, document: Document, world: World) -> Any:
        everything = Allowed(self.universe.every_peer, self.universe.every_flow)
        if document.get("kind") == "NetworkPolicy":
            try:
                return network_policy(document, self.universe)
            except _BROKEN:
                rules = {"ingress": [everything], "egress": [everything]} if world is World.EVERYTHING else {}
                return Policy(selecting({}), rules)
        if document.get("kind") != "FirewallPolicy":
            return []
        try:
            return firewall_policy(document, self.universe, world)
        except _BROKEN:
            return [Rule(selecting({}), world is World.EVERYTHING, everything)]

    def _decide(self, policies: Sequence[Sequence[Allowed]], rules: Sequence[Rule]) -> Verdict:
        every = self.universe.every_flow
        passed = [0 if policies else every] * len(self.universe.peers)
        for allowed in (one for policy in policies for one in policy):
            for place in members(allowed.peers):
                passed[place] |= allowed.flows
        if rules:
            undecided, permitted = [every] * len(passed), [0] * len(passed)
            for rule in rules:  # the first that matches decides
                for place in members(rule.matches.peers):
                    permitted[place] |= undecided[place] & rule.matches.flows if rule.permit else 0
                    undecided[place] &= ~rule.matches.flows
            for place in members(self.universe.every_peer & ~self._local):
                passed[place] &= permitted[place] | undecided[place]
        return tuple(passed)
