"""What policies let through, asked packet by packet: slow, plain, and written from the APIs' documentation alone.

The judge over the evaluators of mcpfence: it shares no line with them, knows no intervals and no boxes, and only ever
answers for the packets that it is given (module `packets`).  What cannot be read or told is settled twice, once in
each `World`; a verdict is certain where both agree.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterable, Mapping, Sequence
from enum import Enum
from functools import lru_cache
from typing import Any, NamedTuple

Document = dict[str, Any]
Address = tuple[int, int]
"""IP version and the address as a number."""

NAMESPACE_NAME = "kubernetes.io/metadata.name"
PORTS = range(1, 65536)


Question = Callable[[Mapping[str, str]], bool]
"""Asked of a set of labels."""


class World(Enum):
    """How everything that is not known turns out."""

    NOTHING = "what cannot be read is not there, and unknown groups are empty"
    EVERYTHING = "what cannot be read allows everything, and unknown groups hold everything"


class Peer(NamedTuple):
    """The other end: an address outside the cluster, or a pod, which has labels and an address too."""

    address: Address
    namespace: Mapping[str, str] | None = None
    labels: Mapping[str, str] = {}

    @property
    def is_pod(self) -> bool:
        """Whether it is a pod, which selectors see and ipBlocks do not."""
        return self.namespace is not None


class Flow(NamedTuple):
    """Protocol, port (0 where the protocol has none) and the name that shows in TLS or HTTP ("" for none)."""

    protocol: str
    port: int
    name: str


class Packets:
    """Every peer with every flow; a verdict is one bit a flow for each peer."""

    def __init__(self, peers: Iterable[Peer], flows: Iterable[Flow]) -> None:
        self.peers, self.flows = tuple(peers), tuple(flows)
        self.every = (1 << len(self.flows)) - 1
        self._of_port: dict[tuple[str, int], int] = {}
        self._of_name: dict[str, int] = {}
        for place, (protocol, port, name) in enumerate(self.flows):
            self._of_port[protocol, port] = self._of_port.get((protocol, port), 0) | 1 << place
            self._of_name[name] = self._of_name.get(name, 0) | 1 << place

    def on(self, protocol: str, first: int = 0, last: int = 65535) -> int:
        """The flows of a protocol on some ports, as bits."""
        return union(bits for (name, port), bits in self._of_port.items() if name == protocol and first <= port <= last)

    def under(self, shown: Callable[[str], bool]) -> int:
        """The flows under names that pass a test, as bits."""
        return union(bits for name, bits in self._of_name.items() if shown(name))


def union(sets: Iterable[int]) -> int:
    """The bits that any of the sets has."""
    found = 0
    for bits in sets:
        found |= bits
    return found


Verdict = tuple[int, ...]
"""For each peer the flows that pass, as bits."""


class Unreadable(Exception):
    """The API server would refuse this object, or drop a part of it."""


def demand(condition: object) -> None:
    """Raise Unreadable where a condition does not hold."""
    if not condition:
        raise Unreadable


@lru_cache(maxsize=4096)
def block(text: str) -> tuple[int, int, int]:
    """(IP version, first, last) of a CIDR block."""
    demand(isinstance(text, str) and "/" in text)
    try:
        network = ipaddress.ip_network(text, strict=False)
    except ValueError:
        raise Unreadable from None
    return network.version, int(network.network_address), int(network.broadcast_address)


def lies(address: Address, inside: tuple[int, int, int]) -> bool:
    """Whether an address lies in a block."""
    return address[0] == inside[0] and inside[1] <= address[1] <= inside[2]


def known(mapping: Any, *keys: str) -> Document:
    """A mapping with no other keys."""
    demand(isinstance(mapping, dict) and set(mapping) <= set(keys))
    return dict(mapping)


def selecting(selector: Any) -> Question:
    """Whether a LabelSelector selects something with these labels, as a question; an empty one selects everything."""
    found = known(selector, "matchLabels", "matchExpressions")
    labels = list((found.get("matchLabels") or {}).items())
    demand(all(isinstance(value, str) for _, value in labels))
    asked = [_expression(known(item, "key", "operator", "values")) for item in found.get("matchExpressions") or []]

    def selects(other: Mapping[str, str]) -> bool:
        for key, value in labels:
            if other.get(key) != value:
                return False
        return all(question(other) for question in asked)

    return selects


def _expression(expression: Document) -> Question:
    key, operator, values = expression["key"], expression["operator"], expression.get("values") or []
    demand(operator in ("In", "NotIn", "Exists", "DoesNotExist"))
    demand(bool(values) == (operator in ("In", "NotIn")))
    if operator == "In":
        return lambda other: other.get(key) in values
    if operator == "NotIn":
        return lambda other: other.get(key) not in values
    return lambda other: (key in other) == (operator == "Exists")


# --- NetworkPolicy ---


def network_policy(document: Document, packets: Packets) -> tuple[Question, dict[str, Verdict | None]]:
    """Whether it selects a pod, as a question, and for each direction what the policy allows (None: it does not speak of the direction)."""
    spec = known(document.get("spec"), "podSelector", "policyTypes", "ingress", "egress")
    selects = selecting(spec.get("podSelector") or {})
    types = spec.get("policyTypes")
    if not types:
        types = ["Ingress", "Egress"] if spec.get("egress") else ["Ingress"]
    demand(set(types) <= {"Ingress", "Egress"})
    found: dict[str, Verdict | None] = {}
    for direction, peers_key in (("ingress", "from"), ("egress", "to")):
        rules = spec.get(direction) or []
        demand(isinstance(rules, list))
        allowed = _rules(rules, peers_key, document["metadata"].get("namespace", "default"), packets)
        found[direction] = allowed if direction.capitalize() in types else None
    return selects, found


def _rules(rules: Iterable[Any], peers_key: str, namespace: str, packets: Packets) -> Verdict:
    allowed = [0] * len(packets.peers)
    for entry in rules:
        rule = known(entry, peers_key, "ports")
        flows = _flows_of_ports(rule.get("ports") or [], packets)
        peers = rule.get(peers_key) or []
        demand(isinstance(peers, list))
        matchers = [_matcher(peer, namespace) for peer in peers]
        for place, packet_peer in enumerate(packets.peers):
            if not peers or any(matches(packet_peer) for matches in matchers):
                allowed[place] |= flows
    return tuple(allowed)


def _matcher(peer: Any, namespace: str) -> Callable[[Peer], bool]:
    """Whether a packet's peer is one of this peer's, as a question."""
    found = {key: value for key, value in known(peer, *_PEER_KEYS).items() if value is not None}
    demand(found)
    if "ipBlock" in found:
        demand(len(found) == 1)
        whole = known(found["ipBlock"], "cidr", "except")
        inside, holes = block(whole["cidr"]), [block(text) for text in whole.get("except") or []]
        for hole in holes:
            demand(hole != inside and hole[0] == inside[0] and inside[1] <= hole[1] <= hole[2] <= inside[2])
        return lambda other: (
            not other.is_pod and lies(other.address, inside) and not any(lies(other.address, hole) for hole in holes)
        )
    pods, spaces = selecting(found.get("podSelector") or {}), selecting(found.get("namespaceSelector") or {})
    if "namespaceSelector" in found:
        return lambda other: other.namespace is not None and spaces(other.namespace) and pods(other.labels)
    return lambda other: (
        other.namespace is not None and other.namespace[NAMESPACE_NAME] == namespace and pods(other.labels)
    )


_PEER_KEYS = ("podSelector", "namespaceSelector", "ipBlock")


def _flows_of_ports(ports: Sequence[Any], packets: Packets) -> int:
    """The flows that a list of ports allows: every protocol and port where it is empty."""
    if not ports:
        return packets.every
    allowed = 0
    for entry in ports:
        found = known(entry, "protocol", "port", "endPort")
        protocol, port, end = found.get("protocol") or "TCP", found.get("port"), found.get("endPort")
        demand(protocol in ("TCP", "UDP", "SCTP"))
        if port is None:
            demand(end is None)
            port, end = 1, 65535
        if isinstance(port, str):  # what the other end calls so: every port of the protocol may be, or none
            raise Unreadable
        last = port if end is None else end
        demand(port in PORTS and last in PORTS and port <= last)
        allowed |= packets.on(protocol, port, last)
    return allowed


# --- FirewallPolicy ---

_RULE_KEYS = "name action selector destinationSmartGroups webGroups protocol port endPort logging flowAppRequirement"


class FirewallRule(NamedTuple):
    """One rule: for whom, where, on which flows, and whether it permits."""

    selects: Question
    permit: bool
    peers: tuple[bool, ...]
    flows: int


def firewall_policy(document: Document, packets: Packets, world: World) -> list[FirewallRule]:
    """The rules of a FirewallPolicy, in their order."""
    spec = known(document.get("spec"), "rules", "smartGroups", "webGroups")
    smart = _groups(spec.get("smartGroups"), "selectors")
    web = _groups(spec.get("webGroups"), "domains")
    rules = [known(rule, *_RULE_KEYS.split()) for rule in spec.get("rules") or []]
    demand(len({rule["name"] for rule in rules}) == len(rules))
    return [_rule(rule, smart, web, packets, world) for rule in rules]


def _groups(groups: Any, key: str) -> dict[str, list[Any]]:
    found = {known(group, "name", key)["name"]: group.get(key) or [] for group in groups or []}
    demand(len(found) == len(groups or []))
    return found


def _rule(rule: Document, smart: Any, web: Any, packets: Packets, world: World) -> FirewallRule:
    demand(rule.get("action") in ("permit", "deny", "intrusion_detection_permit") and rule["destinationSmartGroups"])
    unknown = world is World.EVERYTHING
    groups = [smart.get(_name(reference)) for reference in rule["destinationSmartGroups"]]
    members = [_members(selector) for group in groups for selector in group or ()]
    everybody = unknown and None in groups
    peers = tuple(everybody or any(matches(peer) for matches in members) for peer in packets.peers)
    flows = _flows_of_rule(rule, packets)
    if rule.get("webGroups"):
        shown = [web.get(_name(reference)) for reference in rule["webGroups"]]
        flows &= packets.on("TCP")
        flows &= packets.under(lambda name: any(unknown if it is None else _shows(it, name) for it in shown))
    subject = known(rule.get("selector") or {}, "matchLabels")
    return FirewallRule(selecting(subject), rule["action"] != "deny", peers, flows)


def _name(reference: Any) -> str:
    found = known(reference, "name", "uuid")
    demand(len(found) == 1)
    return str(found.get("name", ""))  # a uuid names something that is defined elsewhere


def _members(selector: Any) -> Callable[[Peer], bool]:
    """Whether a peer belongs to one selector of a smart group, as a question."""
    found = known(selector, "cidr", "type", "k8sNamespace", "tags")
    if "cidr" in found:
        demand(len(found) == 1)
        inside = block(found["cidr"])
        return lambda other: lies(other.address, inside)
    demand(found.get("type") == "k8s")
    namespace, tags = found.get("k8sNamespace"), selecting({"matchLabels": found.get("tags")})
    return lambda other: (
        other.namespace is not None and namespace in (None, other.namespace[NAMESPACE_NAME]) and tags(other.labels)
    )


def _flows_of_rule(rule: Document, packets: Packets) -> int:
    protocol, port, end = rule.get("protocol") or "any", rule.get("port"), rule.get("endPort")
    demand(protocol in ("tcp", "udp", "icmp", "any"))
    wanted = {"tcp": ("TCP",), "udp": ("UDP",), "icmp": ("ICMP",), "any": ("TCP", "UDP", "SCTP", "ICMP", "other")}[protocol]
    if not port:
        demand(not end)
        return union(packets.on(name) for name in wanted)
    last = end or port
    demand(port in PORTS and last in PORTS and port <= last and protocol != "icmp")
    return union(packets.on(name, port, last) for name in wanted if name not in ("ICMP", "other"))


def _shows(domains: Sequence[str], name: str) -> bool:
    """Whether a name is one of the domains; `*.x` is one or more labels below x, `*` is any name."""
    for written in domains:
        demand(isinstance(written, str) and written and "*" not in written.removeprefix("*"))
        domain = written.lower()
        if name and (domain == "*" or name == domain or (domain[:2] == "*." and name.endswith(domain[1:]))):
            return True
    return False


def never_crosses_the_gateway(peer: Peer) -> bool:
    """Link-local addresses, which no firewall at the gateway ever sees."""
    return not peer.is_pod and any(lies(peer.address, block(text)) for text in ("169.254.0.0/16", "fe80::/10"))


# --- all policies of a pod ---


class Judge:
    """Asks the same packets of different sets of documents, and reads each document once."""

    def __init__(self, packets: Packets) -> None:
        self.packets = packets
        self._network: dict[int, tuple[Document, Any]] = {}
        self._firewalls: dict[tuple[int, World], tuple[Document, Any]] = {}

    def verdict(
        self, documents: Iterable[Document], namespace: str, labels: Mapping[str, str], direction: str, world: World
    ) -> Verdict:
        """What a pod with these labels may reach (egress), or may be reached by (ingress)."""
        policies: list[Verdict] = []
        walls: list[list[FirewallRule]] = []
        for document in documents:
            if document["metadata"].get("namespace", "default") != namespace:
                continue
            if document.get("kind") == "NetworkPolicy":
                allowed = self._policy(document, labels, direction, world)
                policies += [allowed] if allowed is not None else []
            elif document.get("kind") == "FirewallPolicy" and direction == "egress":
                walls.append(self._wall(document, labels, world))
        passed = self._everything()
        if policies:
            passed = tuple(union(columns) for columns in zip(*policies, strict=True))
        if walls:  # nobody says in which order several policies are tried
            order = walls if world is World.NOTHING else walls[::-1]
            wall = self._first_match([rule for rules in order for rule in rules])
            passed = tuple(one & other for one, other in zip(passed, wall, strict=True))
        return passed

    def _everything(self) -> Verdict:
        return (self.packets.every,) * len(self.packets.peers)

    def _policy(self, document: Document, labels: Mapping[str, str], direction: str, world: World) -> Verdict | None:
        """What one NetworkPolicy gives to a pod; None where it does not isolate it."""
        read = self._network.get(id(document))
        if read is None:
            read = self._network[id(document)] = (document, self._read(document))
        if read[1] is None:
            return self._everything() if world is World.EVERYTHING else None
        selects, allowed = read[1]
        found: Verdict | None = allowed[direction]
        return found if selects(labels) else None

    def _read(self, document: Document) -> Any:
        try:
            return network_policy(document, self.packets)
        except (Unreadable, KeyError, TypeError, AttributeError):
            return None

    def _wall(self, document: Document, labels: Mapping[str, str], world: World) -> list[FirewallRule]:
        """The rules of one FirewallPolicy for a pod; an unreadable one denies everything, or is not there."""
        read = self._firewalls.get((id(document), world))
        if read is None:
            read = self._firewalls[id(document), world] = (document, self._read_wall(document, world))
        if read[1] is None:
            nobody = FirewallRule(selecting({}), False, (True,) * len(self.packets.peers), self.packets.every)
            return [nobody] if world is World.NOTHING else []
        return [rule for rule in read[1] if rule.selects(labels)]

    def _read_wall(self, document: Document, world: World) -> Any:
        try:
            return firewall_policy(document, self.packets, world)
        except (Unreadable, KeyError, TypeError, AttributeError):
            return None

    def _first_match(self, rules: Sequence[FirewallRule]) -> Verdict:
        """Rules in order, the first that matches decides; what none matches passes."""
        known: dict[tuple[bool, ...], int] = {}
        columns = list(zip(*(rule.peers for rule in rules), strict=True)) or [()] * len(self.packets.peers)
        for column in set(columns):
            undecided, allowed = self.packets.every, 0
            for rule, matches in zip(rules, column, strict=True):
                if matches:
                    allowed |= undecided & rule.flows if rule.permit else 0
                    undecided &= ~rule.flows
            known[column] = allowed | undecided
        every = self.packets.every
        return tuple(
            every if never_crosses_the_gateway(peer) else known[column]
            for peer, column in zip(self.packets.peers, columns, strict=True)
        )
