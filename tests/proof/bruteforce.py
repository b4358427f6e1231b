"""What policies let through, asked packet by packet: slow, plain, and written from the APIs' documentation alone.

The judge over the evaluators of mcpfence: it shares no line with them, knows no intervals and no boxes, and only ever
answers for the packets that it is given (module `packets`).  What cannot be read or told is settled twice, once in
each `World`; a verdict is certain where both agree.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Mapping, Sequence
from enum import Enum
from functools import lru_cache
from typing import Any, NamedTuple

Document = dict[str, Any]
Address = tuple[int, int]
"""IP version and the address as a number."""

NAMESPACE_NAME = "kubernetes.io/metadata.name"
PORTS = range(1, 65536)


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


class Packets(NamedTuple):
    """Every peer with every flow; a verdict is one bit a flow for each peer."""

    peers: tuple[Peer, ...]
    flows: tuple[Flow, ...]

    @property
    def every(self) -> int:
        """The verdict that everything passes."""
        return (1 << len(self.flows)) - 1


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


def in_block(address: Address, text: str) -> bool:
    """Whether an address is in a CIDR block."""
    version, first, last = block(text)
    return address[0] == version and first <= address[1] <= last


def known(mapping: Any, *keys: str) -> Document:
    """A mapping with no other keys."""
    demand(isinstance(mapping, dict) and set(mapping) <= set(keys))
    return dict(mapping)


def selects(selector: Any, labels: Mapping[str, str]) -> bool:
    """Whether a LabelSelector selects something with these labels; an empty one selects everything."""
    found = known(selector, "matchLabels", "matchExpressions")
    hit = True
    for key, value in (found.get("matchLabels") or {}).items():
        demand(isinstance(value, str))
        hit &= labels.get(key) == value
    for expression in found.get("matchExpressions") or []:
        hit &= _expression(known(expression, "key", "operator", "values"), labels)
    return hit


def _expression(expression: Document, labels: Mapping[str, str]) -> bool:
    key, operator, values = expression["key"], expression["operator"], expression.get("values") or []
    demand(operator in ("In", "NotIn", "Exists", "DoesNotExist"))
    demand(bool(values) == (operator in ("In", "NotIn")))
    if operator == "In":
        return labels.get(key) in values
    if operator == "NotIn":
        return labels.get(key) not in values
    return (key in labels) == (operator == "Exists")


# --- NetworkPolicy ---


def network_policy(document: Document, packets: Packets) -> tuple[Any, dict[str, Verdict | None]]:
    """The podSelector, and for each direction what the policy allows (None: it does not speak of the direction)."""
    spec = known(document.get("spec"), "podSelector", "policyTypes", "ingress", "egress")
    selector = spec.get("podSelector") or {}
    selects(selector, {})
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
    return selector, found


def _rules(rules: Iterable[Any], peers_key: str, namespace: str, packets: Packets) -> Verdict:
    allowed = [0] * len(packets.peers)
    for entry in rules:
        rule = known(entry, peers_key, "ports")
        flows = _flows_of_ports(rule.get("ports") or [], packets)
        peers = rule.get(peers_key) or []
        demand(isinstance(peers, list))
        for peer in peers:
            _check_peer(peer)
        for place, packet_peer in enumerate(packets.peers):
            if not peers or any(_matches(peer, packet_peer, namespace) for peer in peers):
                allowed[place] |= flows
    return tuple(allowed)


def _check_peer(peer: Any) -> None:
    found = known(peer, "podSelector", "namespaceSelector", "ipBlock")
    demand(any(value is not None for value in found.values()))
    if found.get("ipBlock") is None:
        for key in ("podSelector", "namespaceSelector"):
            selects(found.get(key) or {}, {})
        return
    demand(found.get("podSelector") is None and found.get("namespaceSelector") is None)
    whole = known(found["ipBlock"], "cidr", "except")
    version, first, last = block(whole["cidr"])
    for text in whole.get("except") or []:
        hole = block(text)
        demand(hole[0] == version and first <= hole[1] <= hole[2] <= last and hole[1:] != (first, last))


def _matches(peer: Document, packet_peer: Peer, namespace: str) -> bool:
    whole = peer.get("ipBlock")
    if whole is not None:
        if packet_peer.is_pod or not in_block(packet_peer.address, whole["cidr"]):
            return False
        return not any(in_block(packet_peer.address, text) for text in whole.get("except") or [])
    if packet_peer.namespace is None:
        return False
    if peer.get("namespaceSelector") is not None:
        right = selects(peer["namespaceSelector"], packet_peer.namespace)
    else:
        right = packet_peer.namespace[NAMESPACE_NAME] == namespace
    return right and selects(peer.get("podSelector") or {}, packet_peer.labels)


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
        allowed |= mask(packets, lambda flow: flow.protocol == protocol and port <= flow.port <= last)  # noqa: B023
    return allowed


def mask(packets: Packets, test: Any) -> int:
    """The flows that pass a test, as bits."""
    return sum(1 << place for place, flow in enumerate(packets.flows) if test(flow))


# --- FirewallPolicy ---

_RULE_KEYS = "name action selector destinationSmartGroups webGroups protocol port endPort logging flowAppRequirement"


class FirewallRule(NamedTuple):
    """One rule: for whom, where, on which flows, and whether it permits."""

    selector: Document
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
    selectors = [smart.get(_name(reference)) for reference in rule["destinationSmartGroups"]]
    peers = tuple(
        any(unknown if group is None else any(_in_group(one, peer) for one in group) for group in selectors)
        for peer in packets.peers
    )
    flows = _flows_of_rule(rule, packets)
    if rule.get("webGroups"):
        shown = [web.get(_name(reference)) for reference in rule["webGroups"]]
        flows &= mask(
            packets,
            lambda flow: (
                flow.protocol == "TCP"
                and any(unknown if domains is None else _shows(domains, flow.name) for domains in shown)
            ),
        )
    subject = known(rule.get("selector") or {}, "matchLabels")
    return FirewallRule({"matchLabels": subject.get("matchLabels") or {}}, rule["action"] != "deny", peers, flows)


def _name(reference: Any) -> str:
    found = known(reference, "name", "uuid")
    demand(len(found) == 1)
    return str(found.get("name", ""))  # a uuid names something that is defined elsewhere


def _in_group(selector: Document, peer: Peer) -> bool:
    found = known(selector, "cidr", "type", "k8sNamespace", "tags")
    if "cidr" in found:
        demand(len(found) == 1)
        return in_block(peer.address, found["cidr"])
    demand(found.get("type") == "k8s")
    if peer.namespace is None or found.get("k8sNamespace") not in (None, peer.namespace[NAMESPACE_NAME]):
        return False
    return selects({"matchLabels": found.get("tags") or {}}, peer.labels)


def _flows_of_rule(rule: Document, packets: Packets) -> int:
    protocol, port, end = rule.get("protocol") or "any", rule.get("port"), rule.get("endPort")
    demand(protocol in ("tcp", "udp", "icmp", "any"))
    wanted = {"tcp": ("TCP",), "udp": ("UDP",), "icmp": ("ICMP",), "any": ("TCP", "UDP", "SCTP", "ICMP", "other")}[protocol]
    if not port:
        demand(not end)
        return mask(packets, lambda flow: flow.protocol in wanted)
    last = end or port
    demand(port in PORTS and last in PORTS and port <= last and protocol != "icmp")
    return mask(packets, lambda flow: flow.protocol in wanted and port <= flow.port <= last)


def _shows(domains: Sequence[str], name: str) -> bool:
    """Whether a name is one of the domains; `*.x` is one or more labels below x, `*` is any name."""
    for domain in domains:
        demand(isinstance(domain, str) and domain and "*" not in domain.removeprefix("*"))
        if name and (domain == "*" or name == domain or (domain[:2] == "*." and name.endswith(domain[1:]))):
            return True
    return False


def never_crosses_the_gateway(peer: Peer) -> bool:
    """Link-local addresses, which no firewall at the gateway ever sees."""
    return not peer.is_pod and (in_block(peer.address, "169.254.0.0/16") or in_block(peer.address, "fe80::/10"))


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
            passed = tuple(_either(columns) for columns in zip(*policies, strict=True))
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
        selector, allowed = read[1]
        found: Verdict | None = allowed[direction]
        return found if selects(selector, labels) else None

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
            nobody = FirewallRule({}, permit=False, peers=(True,) * len(self.packets.peers), flows=self.packets.every)
            return [nobody] if world is World.NOTHING else []
        return [rule for rule in read[1] if selects(rule.selector, labels)]

    def _read_wall(self, document: Document, world: World) -> Any:
        try:
            return firewall_policy(document, self.packets, world)
        except (Unreadable, KeyError, TypeError, AttributeError):
            return None

    def _first_match(self, rules: Sequence[FirewallRule]) -> Verdict:
        """Rules in order, the first that matches decides; what none matches passes."""
        passed = []
        for place, peer in enumerate(self.packets.peers):
            undecided, allowed = self.packets.every, 0
            for rule in rules:
                if rule.peers[place]:
                    allowed |= undecided & rule.flows if rule.permit else 0
                    undecided &= ~rule.flows
            passed.append(self.packets.every if never_crosses_the_gateway(peer) else allowed | undecided)
        return tuple(passed)


def _either(columns: Iterable[int]) -> int:
    found = 0
    for column in columns:
        found |= column
    return found
