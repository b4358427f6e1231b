"""Antrea: from a fence with names to NetworkPolicy, crd.antrea.io/v1beta1, in a tier before the NetworkPolicies.

The policy decides before Kubernetes' own NetworkPolicies and ends in a drop, for nothing isolates here by itself; it
speaks of egress alone.  A fence without names has none: there the NetworkPolicies say it all.

    names api.github.com 443                  Allow UDP, TCP 53  pods by namespace and labels (DNS first, then pods)
    DNS kube-system/k8s-app=kube-dns     ->   Allow TCP 5432     ipBlocks
    cidr 10.20.0.0/16 5432                    Drop               ipBlocks: all that no name may resolve to
                                              Allow TCP 443      {fqdn: api.github.com}
                                              Drop

Each oddity and where it comes from (facts on engines, sections 6 and 7, on providers, section 7): what an empty peer or
an empty list means is nowhere said, and the API server takes both, so neither is ever written; `*x` without a dot also
matches evilx; excepts are subtracted here, for a CRD that does not know them would drop them and open the whole block;
a name with an underscore is refused by Antrea's webhook.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from mcpfence.documents.writer import Document
from mcpfence.kube.manifest import Manifest, make_manifest
from mcpfence.kube.object_names import limited, object_name
from mcpfence.net.addresses import ALL, cidrs
from mcpfence.net.intervals import Intervals, subtract
from mcpfence.net.ports import ALL_PORTS, Ports
from mcpfence.plan.fence import (
    Allow,
    ClusterNetwork,
    Fence,
    Peer,
    Pods,
    addresses_among,
    dns_then_pods,
    names_by_ports,
)
from mcpfence.providers.antrea.settings import settings_of
from mcpfence.providers.networkpolicy.emit import (
    NAMESPACE_LABEL,
    fence_labels,
    port_document,
    selector_document,
)

API_VERSION = "crd.antrea.io/v1beta1"


def emit(fence: Fence, network: ClusterNetwork) -> Iterable[Manifest]:
    """One NetworkPolicy of Antrea's for each selector of a fence that grants names."""
    if not fence.names:
        return
    settings = settings_of(network)
    allows = [rule for allow in dns_then_pods(fence.egress) for rule in _allows(allow)]
    rules = [*allows, _blocked(fence), *_names(fence), {"action": "Drop"}]
    for selector, ending in zip(fence.selectors, fence.endings, strict=True):
        name = limited(object_name(fence.kind, fence.name, "names") + ending)
        spec: Document = {
            "tier": settings.tier,
            "priority": settings.priority,
            "appliedTo": [{"podSelector": selector_document(selector)}],
            "egress": rules,
        }
        yield make_manifest(API_VERSION, "NetworkPolicy", fence.namespace, name, fence_labels(fence), {"spec": spec})


def _allows(allow: Allow) -> Iterator[Document]:
    peers = list(_peers(allow.peers))
    if peers:  # an empty list could mean everybody
        yield _rule("Allow", peers, allow.ports)


def _peers(peers: Iterable[Peer]) -> Iterator[Document]:
    """Pods, always with their namespace, and addresses as prefixes."""
    alike: dict[tuple[str, str], list[str]] = {}
    peers = list(peers)
    for peer in peers:
        if not isinstance(peer, Pods):
            continue
        if len(peer.selector.labels) == 1 and not peer.selector.expressions:
            key, value = peer.selector.labels[0]
            alike.setdefault((peer.namespace, key), []).append(value)
        else:
            yield _pods(peer.namespace, selector_document(peer.selector))
    for (namespace, key), values in alike.items():
        one = {"matchLabels": {key: values[0]}}
        several = {"matchExpressions": [{"key": key, "operator": "In", "values": values}]}
        yield _pods(namespace, one if len(values) == 1 else several)
    yield from _blocks(addresses_among(peers))


def _pods(namespace: str, selector: Document) -> Document:
    document: Document = {"namespaceSelector": {"matchLabels": {NAMESPACE_LABEL: namespace}}}
    return document | ({"podSelector": selector} if selector else {})


def _blocks(members: Intervals) -> Iterator[Document]:
    for text in cidrs(members):
        yield {"ipBlock": {"cidr": text}}


def _blocked(fence: Fence) -> Document:
    """What no name may resolve to, whatever a resolver says."""
    return {"action": "Drop", "to": list(_blocks(subtract(ALL, addresses_among(fence.public))))}


def _names(fence: Fence) -> Iterator[Document]:
    for ports, names in names_by_ports(fence.names).items():
        yield _rule("Allow", [{"fqdn": pattern} for pattern in dict.fromkeys(name.pattern for name in names)], ports)


def _rule(action: str, peers: list[Document], ports: Ports) -> Document:
    rule: Document = {"action": action, "to": peers}
    if ports != ALL_PORTS:
        rule["ports"] = list(map(port_document, ports))
    return rule
