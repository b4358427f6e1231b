"""A second evaluator, written apart and as naively as can be: one packet, every policy, straight from the documents.

It shares nothing with mcpfence.reach, knows no sets and no intervals, and follows the text of the NetworkPolicy API line
by line.  The tests ask both the same questions.
"""

from __future__ import annotations

import ipaddress
from typing import Any, NamedTuple

Document = dict[str, Any]


class Pod(NamedTuple):
    """A pod; `address` is where a firewall sees it; ports are (name, protocol, number)."""

    name: str
    namespace: str
    labels: dict[str, str]
    ports: tuple[tuple[str, str, int], ...] = ()
    address: str = "10.244.0.1"


class Packet(NamedTuple):
    """One packet to a pod or to an address (as text)."""

    to: Pod | str
    protocol: str
    port: int
    name: str = ""


Namespaces = dict[str, dict[str, str]]


def selects(selector: Any, labels: dict[str, str]) -> bool:
    """Whether a LabelSelector matches labels."""
    selector = selector or {}
    for key, value in (selector.get("matchLabels") or {}).items():
        if labels.get(key) != value:
            return False
    for term in selector.get("matchExpressions") or []:
        key, operator, values = term["key"], term["operator"], term.get("values") or []
        if operator == "In" and (key not in labels or labels[key] not in values):
            return False
        if operator == "NotIn" and key in labels and labels[key] in values:
            return False
        if operator == "Exists" and key not in labels:
            return False
        if operator == "DoesNotExist" and key in labels:
            return False
    return True


def namespace_labels(name: str, namespaces: Namespaces) -> dict[str, str]:
    """The labels of a namespace, the one that every namespace has included."""
    return {**namespaces.get(name, {}), "kubernetes.io/metadata.name": name}


def policy_types(spec: Document) -> list[str]:
    """policyTypes, or what stands for them."""
    if spec.get("policyTypes"):
        return list(spec["policyTypes"])
    return ["Ingress", "Egress"] if spec.get("egress") else ["Ingress"]


def peer_matches(peer: Document, end: Pod | str, namespace: str, namespaces: Namespaces) -> bool:
    """Whether one entry of from or to means this end."""
    if "ipBlock" in peer:
        if isinstance(end, Pod):
            return False
        address = ipaddress.ip_address(end)
        inside = address in ipaddress.ip_network(peer["ipBlock"]["cidr"])
        return inside and not any(address in ipaddress.ip_network(cut) for cut in peer["ipBlock"].get("except") or [])
    if not isinstance(end, Pod):
        return False
    if peer.get("namespaceSelector") is not None:
        if not selects(peer["namespaceSelector"], namespace_labels(end.namespace, namespaces)):
            return False
    elif end.namespace != namespace:
        return False
    return peer.get("podSelector") is None or selects(peer["podSelector"], end.labels)


def port_matches(entry: Document, destination: Pod | str, protocol: str, port: int) -> bool:
    """Whether one entry of ports means this port of the destination."""
    if (entry.get("protocol") or "TCP") != protocol:
        return False
    wanted = entry.get("port")
    if wanted is None:
        return True
    if isinstance(wanted, str):
        return isinstance(destination, Pod) and (wanted, protocol, port) in destination.ports
    return bool(wanted <= port <= (entry.get("endPort") or wanted))


def passes(policies: list[Document], me: Pod, other: Pod | str, packet: Packet, kind: str, names: Namespaces) -> bool:
    """Whether the policies of one end let the packet pass in one direction (Ingress or Egress)."""
    isolated = False
    for policy in policies:
        namespace, spec = policy["metadata"].get("namespace", "default"), policy["spec"]
        mine = namespace == me.namespace and selects(spec.get("podSelector"), me.labels)
        if not mine or kind not in policy_types(spec):
            continue
        isolated = True
        for rule in spec.get(kind.lower()) or []:
            peers = rule.get("from" if kind == "Ingress" else "to") or []
            ports = rule.get("ports") or []
            peer_ok = not peers or any(peer_matches(peer, other, namespace, names) for peer in peers)
            port_ok = not ports or any(port_matches(one, packet.to, packet.protocol, packet.port) for one in ports)
            if peer_ok and port_ok:
                return True
    return not isolated


def connects(policies: list[Document], source: Pod | str, packet: Packet, namespaces: Namespaces) -> bool:
    """Whether the policies of all tiers at both ends let a packet of the source pass."""
    out = not isinstance(source, Pod) or tiers_pass(policies, source, packet.to, packet, "Egress", namespaces)
    into = not isinstance(packet.to, Pod) or tiers_pass(policies, packet.to, source, packet, "Ingress", namespaces)
    return out and into


def admin_peer_matches(peer: Document, end: Pod | str, namespaces: Namespaces) -> bool:
    """Whether a peer, or the subject, of an admin policy means this end."""
    if "networks" in peer:
        blocks = [ipaddress.ip_network(cidr) for cidr in peer["networks"]]
        return isinstance(end, str) and any(ipaddress.ip_address(end) in block for block in blocks)
    if not isinstance(end, Pod):
        return False
    where = namespace_labels(end.namespace, namespaces)
    if "namespaces" in peer:
        return selects(peer["namespaces"], where)
    both = peer["pods"]
    return selects(both.get("namespaceSelector"), where) and selects(both.get("podSelector"), end.labels)


def admin_port_matches(entry: Document, packet: Packet) -> bool:
    """Whether one entry of an admin policy's ports means this packet."""
    if "namedPort" in entry:
        here = packet.to.ports if isinstance(packet.to, Pod) else ()
        return (entry["namedPort"], packet.protocol, packet.port) in here
    found = entry.get("portNumber") or entry["portRange"]
    if found.get("protocol", "TCP") != packet.protocol:
        return False
    return bool(found.get("port", found.get("start")) <= packet.port <= found.get("port", found.get("end")))


def admin_verdict(
    policies: list[Document], me: Pod, other: Pod | str, packet: Packet, kind: str, names: Namespaces
) -> str:
    """Allow, Deny or Pass of the first rule that matches, policies by ascending priority; empty where none does."""
    for policy in sorted(policies, key=lambda one: one["spec"].get("priority", 0)):
        if not admin_peer_matches(policy["spec"]["subject"], me, names):
            continue
        for rule in policy["spec"].get(kind.lower()) or []:
            ports = rule.get("ports")
            peers = rule["from" if kind == "Ingress" else "to"]
            if any(admin_peer_matches(peer, other, names) for peer in peers) and (
                ports is None or any(admin_port_matches(port, packet) for port in ports)
            ):
                return str(rule["action"])
    return ""


def tiers_pass(
    documents: list[Document], me: Pod, other: Pod | str, packet: Packet, kind: str, names: Namespaces
) -> bool:
    """Whether admin policies, NetworkPolicies and the baseline let a packet pass at one end."""
    by_kind = {name: [one for one in documents if one["kind"] == name] for name in {one["kind"] for one in documents}}
    verdict = admin_verdict(by_kind.get("AdminNetworkPolicy", []), me, other, packet, kind, names)
    if verdict in ("Allow", "Deny"):
        return verdict == "Allow"
    network = by_kind.get("NetworkPolicy", [])
    if any(isolates(one, me, kind) for one in network):
        return passes(network, me, other, packet, kind, names)
    return admin_verdict(by_kind.get("BaselineAdminNetworkPolicy", []), me, other, packet, kind, names) != "Deny"


def isolates(policy: Document, me: Pod, kind: str) -> bool:
    """Whether a NetworkPolicy selects a pod in a direction."""
    mine = policy["metadata"].get("namespace", "default") == me.namespace
    return mine and selects(policy["spec"].get("podSelector"), me.labels) and kind in policy_types(policy["spec"])


def name_matches(pattern: str, name: str) -> bool:
    """Whether a domain of a web group means a name; `*.x` is one or more labels below x."""
    if not name:
        return False
    if pattern == "*":
        return True
    if pattern.startswith("*."):
        return name.endswith(pattern[1:]) and len(name) > len(pattern) - 1
    return name == pattern


def group_matches(selectors: list[Document], end: Pod | str) -> bool:
    """Whether a smart group holds an end."""
    for selector in selectors:
        if "cidr" in selector:
            address = ipaddress.ip_address(end.address if isinstance(end, Pod) else end)
            if address in ipaddress.ip_network(selector["cidr"]):
                return True
        elif isinstance(end, Pod) and selector.get("k8sNamespace") in (None, end.namespace):
            tags = (selector.get("tags") or {}).items()
            if all(end.labels.get(key) == value for key, value in tags):
                return True
    return False


def firewall_passes(policies: list[Document], source: Pod, packet: Packet) -> bool:
    """Whether FirewallPolicies, tried in the order given, let a packet pass: the first rule that matches decides."""
    if isinstance(packet.to, str) and any(
        ipaddress.ip_address(packet.to) in ipaddress.ip_network(block) for block in ("169.254.0.0/16", "fe80::/10")
    ):
        return True
    for policy in policies:
        spec = policy["spec"]
        if policy["metadata"]["namespace"] != source.namespace:
            continue
        smart = {group["name"]: group["selectors"] for group in spec.get("smartGroups") or []}
        web = {group["name"]: group["domains"] for group in spec.get("webGroups") or []}
        for rule in spec["rules"]:
            if not selects(rule.get("selector"), source.labels):
                continue
            if not any(group_matches(smart[group["name"]], packet.to) for group in rule["destinationSmartGroups"]):
                continue
            if rule.get("protocol", "any") not in ("any", packet.protocol.lower()):
                continue
            if rule.get("port"):
                last = rule.get("endPort") or rule["port"]
                if packet.protocol not in ("TCP", "UDP", "SCTP") or not rule["port"] <= packet.port <= last:
                    continue
            if rule.get("webGroups"):
                patterns = [pattern for group in rule["webGroups"] for pattern in web[group["name"]]]
                if packet.protocol != "TCP" or not any(name_matches(pattern, packet.name) for pattern in patterns):
                    continue
            return bool(rule["action"] != "deny")
    return True
