"""NetworkPolicies: always both directions, each with explicit policyTypes, for every fence under every provider.

Fence(server github, clients obot, names api.github.com 443)  under a layered provider becomes

mcp-server-github-egress    podSelector app=github, Egress:  DNS; 0.0.0.0/0 less the blocked ranges on TCP 443
mcp-server-github-ingress   podSelector app=github, Ingress: pods of obot on TCP 8099
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from mcpfence.documents.writer import Document, Shared
from mcpfence.kube.manifest import Manifest, make_manifest
from mcpfence.kube.object_names import limited, object_name
from mcpfence.kube.selectors import Selector
from mcpfence.net.addresses import cidrs
from mcpfence.net.intervals import Intervals
from mcpfence.net.ports import ALL_PORTS, PortRange, Ports, canonical_ports
from mcpfence.plan.fence import Block, Fence, Peer, Pods
from mcpfence.providers.contract import Composition

API_VERSION = "networking.k8s.io/v1"
NAMESPACE_LABEL = "kubernetes.io/metadata.name"


class RuleBlocks:
    """Interned rules: equal allows become the same list object, so that it is written and proven once.

    Lives as long as one render; the lists that it hands out are never changed.
    """

    def __init__(self) -> None:
        self._rules: dict[tuple[str, str, tuple[Peer, ...], Ports], Document] = {}
        self._blocks: dict[tuple[int, ...], Shared] = {}

    def block(self, direction: str, namespace: str, allows: Iterable[tuple[tuple[Peer, ...], Ports]]) -> Shared:
        """The rules of one policy, in the order given; `direction` is `to` or `from`."""
        rules = []
        for peers, ports in allows:
            if not peers:  # nobody; written as an empty list it would mean everybody
                continue
            key = (direction, namespace, peers, ports)
            rule = self._rules.get(key)
            if rule is None:
                rule = self._rules[key] = _rule(direction, namespace, peers, ports)
            rules.append(rule)
        identity = tuple(map(id, rules))  # the rules live as long as this object: ids are theirs alone
        known = self._blocks.get(identity)
        if known is None:
            known = self._blocks[identity] = Shared(rules)
        return known


def network_policies(
    fence: Fence, composition: Composition, blocks: RuleBlocks, takes: frozenset[str] = frozenset()
) -> Iterator[Manifest]:
    """Egress and ingress policy of a fence, once per selector; a back-end gets its ingress only.

    Allows of the kinds in `takes` are left to the provider's own objects.
    """
    ingress = blocks.block("from", fence.namespace, [(allow.peers, allow.ports) for allow in fence.ingress])
    egress = None
    if fence.kind != "service":
        egress = blocks.block("to", fence.namespace, _egress(fence, composition, takes))
    for selector, ending in zip(fence.selectors, fence.endings, strict=True):
        if egress is not None:
            yield _policy(fence, selector, "Egress", egress, ending)
        yield _policy(fence, selector, "Ingress", ingress, ending)


def _egress(fence: Fence, composition: Composition, takes: frozenset[str]) -> Iterator[tuple[tuple[Peer, ...], Ports]]:
    for allow in fence.egress:
        if allow.kind not in takes:
            yield allow.peers, allow.ports
    if fence.names and composition is Composition.LAYERED:
        yield fence.public, canonical_ports(item for name in fence.names for item in name.ports)


def _policy(fence: Fence, selector: Selector, kind: str, rules: Shared, ending: str) -> Manifest:
    direction = kind.lower()
    name = object_name(fence.kind, fence.name, direction)
    spec: Document = {"podSelector": selector_document(selector), "policyTypes": [kind], direction: rules}
    return make_manifest(
        API_VERSION, "NetworkPolicy", fence.namespace, limited(name + ending), fence_labels(fence), {"spec": spec}
    )


def fence_labels(fence: Fence) -> dict[str, str]:
    """`mcpfence.io/server: github`: what the object belongs to."""
    return {f"mcpfence.io/{fence.kind}": fence.name}


def selector_document(selector: Selector) -> Document:
    """A label selector as the API writes it."""
    document: Document = {}
    if selector.labels:
        document["matchLabels"] = dict(selector.labels)
    if selector.expressions:
        document["matchExpressions"] = [
            {"key": item.key, "operator": item.operator, **({"values": list(item.values)} if item.values else {})}
            for item in selector.expressions
        ]
    return document


def _rule(direction: str, namespace: str, peers: tuple[Peer, ...], ports: Ports) -> Document:
    rule: Document = {direction: list(_peer_documents(namespace, peers))}
    if ports != ALL_PORTS:
        rule["ports"] = [port_document(item) for item in ports]
    return rule


def port_document(item: PortRange) -> Document:
    """A port, or a range of them, as the API writes it."""
    document: Document = {"protocol": item.protocol, "port": item.first}
    if item.last > item.first:
        document["endPort"] = item.last
    return document


def _peer_documents(namespace: str, peers: tuple[Peer, ...]) -> Iterator[Document]:
    """Peers in their order; pods of one namespace that differ in the value of one label become one peer with `In`."""
    for peer in gathered(peers):
        if isinstance(peer, Block):
            yield {"ipBlock": _ip_block(peer)}
        else:
            yield _pods_document(namespace, *peer)


def gathered(peers: Iterable[Peer]) -> Iterator[Block | tuple[str, Document]]:
    """Peers in their order, pods as (namespace, selector): those that differ in the value of one label become one."""
    found = list(peers)
    grouped: dict[tuple[str, str], list[str]] = {}
    for peer in found:
        key = _single_label(peer)
        if key is not None:
            grouped.setdefault(key[0], []).append(key[1])
    for peer in found:
        if isinstance(peer, Block):
            yield peer
            continue
        key = _single_label(peer)
        if key is None or len(grouped[key[0]]) == 1:
            yield peer.namespace, selector_document(peer.selector)
            continue
        values = grouped[key[0]]
        if key[1] == values[0]:
            together = {"matchExpressions": [{"key": key[0][1], "operator": "In", "values": values}]}
            yield peer.namespace, together


def _single_label(peer: Peer) -> tuple[tuple[str, str], str] | None:
    """((namespace, key), value) of a peer that is selected by one label alone."""
    if isinstance(peer, Pods) and len(peer.selector.labels) == 1 and not peer.selector.expressions:
        key, value = peer.selector.labels[0]
        return (peer.namespace, key), value
    return None


def _pods_document(own: str, namespace: str, selector: Document) -> Document:
    document: Document = {}
    if namespace != own:
        document["namespaceSelector"] = {"matchLabels": {NAMESPACE_LABEL: namespace}}
    if selector or namespace == own:
        document["podSelector"] = selector
    return document


def _ip_block(block: Block) -> Document:
    document: Document = {"cidr": cidrs((block.block,))[0]}
    if block.excepts:
        document["except"] = _cidr_list(block.excepts)
    return document


def _cidr_list(members: Intervals) -> list[str]:
    return list(cidrs(members))
