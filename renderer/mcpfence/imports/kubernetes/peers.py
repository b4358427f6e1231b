"""Peers and ports of NetworkPolicy rules in the words of a catalog; what it has no words for is left out, and said."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from mcpfence.imports.kubernetes.owners import mapping
from mcpfence.imports.kubernetes.pods import Running, strings
from mcpfence.imports.shared.cidr_blocks import ImportedBlock, read_block
from mcpfence.imports.shared.destinations import shown
from mcpfence.imports.shared.dns_labels import label
from mcpfence.imports.shared.format import ImportContext
from mcpfence.imports.shared.source import BadEntry, Node
from mcpfence.kube.services import said_by_pod
from mcpfence.reach.documents.fields import Unreadable
from mcpfence.reach.documents.label_selectors import read_selector
from mcpfence.reach.flows import label_sets
from mcpfence.structs import Struct

NAME = "kubernetes.io/metadata.name"
DNS_LABELS = {"k8s-app": "kube-dns"}
"""The pods of the cluster's resolver, in kube-system."""
EVERYWHERE = "0.0.0.0/0"


class KnownCluster(Struct):
    """What is known of the cluster beside the policies."""

    namespace: str
    """Of the servers."""
    workloads: tuple[Running, ...]
    namespaces: Mapping[str, Mapping[str, str]]
    """Labels by name, of the Namespaces that are in the input."""
    services: Mapping[tuple[str, tuple[tuple[str, str], ...]], str]
    """Name of a Service by namespace and selector."""


class PeerPods(Struct):
    """Pods as a peer: one namespace, and a selector in the catalog's words (None: every pod)."""

    namespace: str
    selector: Mapping[str, Any] | None

    def fits(self, one: Running) -> bool:
        """Whether it selects the pods of a workload."""
        box = read_selector(_long(self.selector), "podSelector") if self.selector else label_sets.EVERYTHING
        return one.namespace == self.namespace and box is not None and label_sets.matches(box, one.labels)


RESOLVER = PeerPods("kube-system", DNS_LABELS)


def _long(selector: Mapping[str, Any]) -> Mapping[str, Any]:
    return selector if "matchExpressions" in selector else {"matchLabels": dict(selector)}


def peers(rule: Node, key: str, cluster: KnownCluster, context: ImportContext) -> Iterator[PeerPods | ImportedBlock]:
    """The peers of a rule that a catalog can name; a rule without peers is for everywhere."""
    listed = rule.items(key)
    if not listed:
        yield from _everywhere(rule, key, context)
    for peer in listed:
        block = peer.mapping("ipBlock")
        if block is not None and key == "from":
            yield from _caller(block, context)
        elif block is not None:
            excepts = [one.as_text() for one in block.items("except")]
            found = read_block(block.text("cidr"), excepts, block, context, resolver=_for_names(rule))
            yield from [found] if found else ()
        else:
            yield from _pods(peer, cluster, context)


def _for_names(rule: Node) -> bool:
    """Whether a rule is for DNS and nothing else."""
    return set(ports(rule, (), ImportContext()) or ()) == {53, "53/UDP"}


def _caller(block: Node, context: ImportContext) -> Iterator[ImportedBlock]:
    """Addresses of callers: any but all of them."""
    try:
        whole = ipaddress.ip_network(block.text("cidr"), strict=False)
        holes = [ipaddress.ip_network(one.as_text(), strict=False) for one in block.items("except")]
    except ValueError:
        raise BadEntry(block, "is no CIDR block", "mend the policy") from None
    if whole.prefixlen == 0:
        sentence = f"lets every {'IPv4' if whole.version == 4 else 'IPv6'} address call"
        context.say("import-narrowed", block, sentence, "left out; write clients that say who")
    else:
        yield ImportedBlock(str(whole), tuple(str(hole) for hole in holes))


def _everywhere(rule: Node, key: str, context: ImportContext) -> Iterator[ImportedBlock]:
    if key == "from":
        sentence = "lets everybody call, inside the cluster and outside"
        context.say("import-narrowed", rule, sentence, "imported nobody of it; write clients that say who")
        return
    sentence = "has no `to`, which opens every address and every pod"
    context.say("import-narrowed", rule, sentence, "imported the public IPv4 addresses alone; list what else is needed")
    found = read_block(EVERYWHERE, (), rule, ImportContext())
    yield from [found] if found else ()


def _pods(peer: Node, cluster: KnownCluster, context: ImportContext) -> Iterator[PeerPods]:
    pods, spaces = peer.mapping("podSelector"), peer.mapping("namespaceSelector")
    selector = _selector(pods) if pods is not None else None
    if spaces is None:
        if pods is not None:
            yield PeerPods(cluster.namespace, selector)
        return
    for space in _namespaces(spaces, selector, cluster, context):
        yield PeerPods(space, selector)


def _selector(node: Node) -> Mapping[str, Any] | None:
    """A label selector in the catalog's words; None where it selects every pod."""
    labels, rules = strings(node.value.get("matchLabels")), node.items("matchExpressions")
    if not rules:
        return labels or None
    found = [
        {"key": rule.text("key"), "operator": rule.text("operator")}
        | ({"values": [item.as_text() for item in rule.items("values")]} if rule.items("values") else {})
        for rule in rules
    ]
    return {**({"matchLabels": labels} if labels else {}), "matchExpressions": found}


def _namespaces(node: Node, pods: Mapping[str, Any] | None, cluster: KnownCluster, context: ImportContext) -> list[str]:
    """The namespaces that a selector means; those found by other labels than the name are those of today."""
    labels, rules = strings(node.value.get("matchLabels")), node.items("matchExpressions")
    if not rules and set(labels) == {NAME} and label(labels[NAME]) == labels[NAME]:
        return [labels[NAME]]
    if len(rules) == 1 and not labels and rules[0].text("key") == NAME and rules[0].text("operator") == "In":
        return sorted(item.as_text() for item in rules[0].items("values") if label(item.as_text()) == item.as_text())
    if not labels and not rules:
        if pods is not None and pods.items() >= DNS_LABELS.items():
            sentence = "names the resolver's pods in every namespace"
            context.say("import-narrowed", node, sentence, "imported those of kube-system; write others if DNS fails")
            return ["kube-system"]
        sentence = "means every namespace of the cluster, those to come included"
        context.say("import-narrowed", node, sentence, "left out; name the namespaces that are needed")
        return []
    try:
        box = read_selector(node.value, "namespaceSelector")
    except Unreadable:
        box = None
    found = sorted(
        name
        for name, theirs in cluster.namespaces.items()
        if box is not None and label_sets.matches(box, {**theirs, NAME: name}) and label(name) == name
    )
    if found:
        sentence = f"selects namespaces by labels; today these are {', '.join(found[:6])}"
        context.say("import-narrowed", node, sentence, "imported by name: later ones with these labels are not in it")
    else:
        sentence = "selects namespaces by labels, and no Namespace of the input has them"
        context.say("import-narrowed", node, sentence, "left out; add kubectl get namespaces -o yaml to the input")
    return found


def ports(rule: Node, targets: Sequence[Running] | None, context: ImportContext) -> list[int | str] | None:
    """The ports of a rule; None for every port, an empty list where none can be told.

    Ports by name are those of `targets`, the workloads behind the rule, which must agree on them: a catalog opens
    numbers, and each of them to every pod that its selector selects.
    """
    listed = rule.items("ports")
    if not listed:
        return None
    found: list[int | str] = []
    for item in listed:
        protocol = item.text("protocol") or "TCP"
        port = item.get("port")
        if port is None:
            found.append(_written(1, 65535, protocol))
        elif isinstance(port.value, str):
            number = _by_name(item, protocol, port.value, targets or (), context)
            found += [_written(number, number, protocol)] if number else []
        else:
            first, last = item.port("port"), item.port("endPort")
            found += [_written(first, last or first, protocol)] if first else []
    return list(dict.fromkeys(found))


def _by_name(item: Node, protocol: str, name: str, targets: Sequence[Running], context: ImportContext) -> int | None:
    """The number that a port's name means in all of the workloads; None, with a finding, where there is none."""
    numbers = {one.title: one.numbers(protocol, name) for one in targets}
    meanings = {tuple(found) for found in numbers.values()}
    if not any(meanings):
        sentence = f"names the port {shown(name)}, which no workload of the input has there"
        context.say("import-narrowed", item, sentence, "left out; write its number")
        return None
    if len(meanings) > 1 or len(*meanings) > 1:
        sentence = f"names the {protocol} port {shown(name)}, which is {said_by_pod(numbers.items())}"
        todo = "this port was not imported; write an entry for each of these, with its podSelector and ports"
        context.say("import-destination-refused", item, sentence, todo)
        return None
    ((number,),) = meanings
    return number


def _written(first: int, last: int, protocol: str) -> int | str:
    if protocol == "TCP" and first == last:
        return first
    span = str(first) if first == last else f"{first}-{last}"
    return span if protocol == "TCP" else f"{span}/{protocol}"


def name_of(pods: PeerPods, cluster: KnownCluster) -> str:
    """A name for the pods: their Service's, else words of their labels."""
    plain = strings(pods.selector) if pods.selector and "matchExpressions" not in pods.selector else {}
    service = cluster.services.get((pods.namespace, tuple(sorted(plain.items())))) if plain else None
    if service is not None:
        return service
    words = plain.get("app.kubernetes.io/name") or plain.get("app") or "-".join(sorted(plain.values()))
    return label(re.sub(r"[^A-Za-z0-9]+", "-", words)) if words else label(pods.namespace)


def services_by_selector(nodes: Iterable[Node]) -> dict[tuple[str, tuple[tuple[str, str], ...]], str]:
    """Services by namespace and selector, the first by name where several have one selector."""
    found: dict[tuple[str, tuple[tuple[str, str], ...]], str] = {}
    for node in nodes:
        metadata, spec = mapping(node.value.get("metadata")), mapping(node.value.get("spec"))
        name, selector = metadata.get("name"), strings(spec.get("selector"))
        if node.value.get("kind") == "Service" and selector and isinstance(name, str) and label(name) == name:
            key = str(metadata.get("namespace") or "default"), tuple(sorted(selector.items()))
            found[key] = min(found.get(key, name), name)
    return found
