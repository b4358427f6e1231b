"""Aviatrix Distributed Cloud Firewall for Kubernetes: FirewallPolicy, networking.aviatrix.com/v1alpha1.

The gateway stands behind the CNI, so both layers must allow a packet.  A FirewallPolicy does not isolate by itself:
every one ends in a deny, deny-only fences included.  Rules are tried in order, the first match decides:

    names api.github.com 443                     smartGroups  mcp-server-github-any   {cidr: 0.0.0.0/0}
    DNS kube-system/k8s-app=kube-dns      ->     webGroups    mcp-server-github-web-443  [api.github.com]
    callback to obot 8080                        rules        permit DNS, permit callback, permit web, deny any

Facts: the vendor's CRD (oldest chart, 8.2), its WebGroup pages, and facts on providers, section 1.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise
from typing import Any

from mcpfence.documents.writer import Document
from mcpfence.kube.manifest import Manifest, make_manifest
from mcpfence.kube.object_names import limited, object_name
from mcpfence.net.addresses import ALL_V6, V6_BASE, cidrs, parse_cidr
from mcpfence.net.intervals import Intervals, canonical, intersect, is_subset, subtract
from mcpfence.net.ports import PortRange
from mcpfence.plan.fence import Allow, Block, ClusterNetwork, Fence, Name, Narrowing, Peer, Pods
from mcpfence.providers.aviatrix.settings import settings_of
from mcpfence.providers.networkpolicy.emit import fence_labels
from mcpfence.structs import Struct

API_VERSION = "networking.aviatrix.com/v1alpha1"
WAVE = {"argocd.argoproj.io/sync-wave": "-1"}
"""Before the NetworkPolicies (wave 0), which open the public ranges that this object narrows."""

LINK_LOCAL: Intervals = canonical([parse_cidr("169.254.0.0/16"), parse_cidr("fe80::/10")])
"""Never crosses the gateway, so no rule is needed for it and none would do anything."""

_PURPOSES = {"kubernetesAPI": "kubernetes-api"}
_NO_IPV6 = "without egress.aviatrix.ipv6 no FirewallPolicy rule covers IPv6, so no IPv6 destination is opened"


class _Rule(Struct):
    """One rule without its source selector: what it matches, in which groups, and what it does."""

    name: str
    action: str
    protocol: str
    group: str
    port: int = 0
    end_port: int = 0
    web_group: str = ""


class _PolicyDraft(Struct):
    """Groups and rules of one FirewallPolicy, in their order."""

    prefix: str
    smart_groups: dict[str, list[Document]]
    web_groups: dict[str, list[str]]
    rules: list[_Rule]

    def named(self, purpose: str) -> str:
        return limited(f"{self.prefix}-{purpose}")


def prepare(fence: Fence, network: ClusterNetwork) -> tuple[Fence, tuple[Narrowing, ...]]:
    """Drop IPv6 outside the cluster unless `egress.aviatrix.ipv6`."""
    if settings_of(network).ipv6 or 6 not in network.families or fence.kind == "service":
        return fence, ()
    kept, lost = [], []
    for allow in fence.egress:
        mine, gone = _split(allow, network)
        kept += [mine] if mine else []
        lost += [gone] if gone else []
    public = fence.public
    if public and any(block.block[0] >= V6_BASE for block in public):
        public = tuple(block for block in fence.public if block.block[0] < V6_BASE)
        rest = tuple(block for block in fence.public if block.block[0] >= V6_BASE)
        ports = tuple(sorted({item for name in fence.names for item in name.ports}))
        lost.append(Allow("name", rest, ports, "the names"))
    if not lost:
        return fence, ()
    return fence._replace(egress=tuple(kept), public=public), (Narrowing(fence.title, tuple(lost), _NO_IPV6),)


def emit(fence: Fence, network: ClusterNetwork) -> Iterable[Manifest]:
    """One FirewallPolicy for every server and workload; a back-end's egress is not ours to fence."""
    if fence.kind == "service":
        return
    draft = _PolicyDraft(object_name(fence.kind, fence.name), {}, {}, [])
    _allows(draft, fence.egress, network)
    _names(draft, fence.names, network)
    _deny(draft, network)
    yield make_manifest(
        API_VERSION,
        "FirewallPolicy",
        fence.namespace,
        draft.prefix,
        fence_labels(fence),
        {"spec": _spec(draft, fence, network)},
        WAVE,
    )


def _split(allow: Allow, network: ClusterNetwork) -> tuple[Allow | None, Allow | None]:
    """The allow without its IPv6 addresses outside the cluster, and an allow of those."""
    kept: list[Peer] = []
    lost: list[Peer] = []
    inside = canonical([*network.inside, *LINK_LOCAL])
    for peer in allow.peers:
        outside = isinstance(peer, Block) and peer.block[0] >= V6_BASE and not is_subset(peer.addresses, inside)
        (lost if outside else kept).append(peer)
    if not lost:
        return allow, None
    return (allow._replace(peers=tuple(kept)) if kept else None), allow._replace(peers=tuple(lost))


def _allows(draft: _PolicyDraft, allows: Iterable[Allow], network: ClusterNetwork) -> None:
    """Permits without names: DNS first, then pods (services, callbacks, servers), then addresses."""
    order = {"dns": 0, "internet": 3, "unenforced": 3}
    ranked = sorted(allows, key=lambda allow: order.get(allow.kind, 1 if isinstance(allow.peers[0], Pods) else 2))
    seen: dict[str, int] = {}
    for allow in ranked:
        selectors = _destinations(allow.peers, network)
        if not selectors:
            continue
        seen[allow.kind] = seen.get(allow.kind, 0) + 1
        purpose = _PURPOSES.get(allow.kind, allow.kind)
        if seen[allow.kind] > 1:
            purpose += f"-{seen[allow.kind]}"
        group = draft.named(purpose)
        draft.smart_groups[group] = selectors
        for item in allow.ports:
            draft.rules.append(_permit(draft, purpose, group, item))


def _destinations(peers: Iterable[Peer], network: ClusterNetwork) -> list[Document]:
    """Smart group selectors: pods by namespace and labels, addresses as prefixes with the excepts taken out."""
    selectors: list[Document] = []
    for peer in peers:
        if isinstance(peer, Pods):
            selectors += _pods(peer, network)
        else:
            addresses = subtract(peer.addresses, LINK_LOCAL)
            if not settings_of(network).ipv6:
                addresses = subtract(addresses, (ALL_V6,))
            selectors += [{"cidr": text} for text in cidrs(addresses)]
    return selectors


def _pods(peer: Pods, network: ClusterNetwork) -> list[Document]:
    if peer.selector.expressions:
        # No tags for expressions: the NetworkPolicy selects the pods, the firewall passes these ports in the cluster.
        blocks = intersect(canonical([*network.pod_cidrs, *network.service_cidrs]), _families(network))
        return [{"cidr": text} for text in cidrs(blocks)]
    selector: Document = {"type": "k8s", "k8sNamespace": peer.namespace}
    if peer.selector.labels:
        selector["tags"] = dict(peer.selector.labels)
    return [selector]


def _families(network: ClusterNetwork) -> Intervals:
    return ((0, ALL_V6[1]),) if settings_of(network).ipv6 else ((0, V6_BASE - 1),)


def _permit(draft: _PolicyDraft, purpose: str, group: str, item: PortRange, web_group: str = "") -> _Rule:
    if item.protocol == "ALL":
        return _Rule(draft.named(f"{purpose}-all"), "permit", "any", group)
    protocol = item.protocol.lower()
    ports = str(item.first) if item.first == item.last else f"{item.first}-{item.last}"
    name = draft.named(f"{purpose}-{protocol}-{ports}")
    return _Rule(name, "permit", protocol, group, item.first, item.last if item.last > item.first else 0, web_group)


def segments(names: Iterable[Name]) -> list[tuple[int, int, tuple[str, ...]]]:
    """(first port, last port, patterns): every port stands in one segment, so that one webGroup decides on it.

    With overlapping rules a flow of the second name would have to fall through the first rule, which is not stated.
    """
    pieces = [(item.first, item.last, name.pattern) for name in names for item in name.ports]
    if len({piece[:2] for piece in pieces}) == 1:
        return [(pieces[0][0], pieces[0][1], tuple(sorted({pattern for _, _, pattern in pieces})))]
    borders = sorted({first for first, _, _ in pieces} | {last + 1 for _, last, _ in pieces})
    found: list[tuple[int, int, tuple[str, ...]]] = []
    for first, end in pairwise(borders):
        patterns = tuple(sorted({pattern for low, high, pattern in pieces if low <= first and end - 1 <= high}))
        if not patterns:
            continue
        if found and found[-1][1] + 1 == first and found[-1][2] == patterns:
            found[-1] = (found[-1][0], end - 1, patterns)
        else:
            found.append((first, end - 1, patterns))
    return found


def _names(draft: _PolicyDraft, names: tuple[Name, ...], network: ClusterNetwork) -> None:
    if not names:
        return
    anywhere = _anywhere(draft, network)
    for first, last, patterns in segments(names):
        ports = str(first) if first == last else f"{first}-{last}"
        web_group = draft.named(f"web-{ports}")
        draft.web_groups[web_group] = list(patterns)
        for group, ending in anywhere:
            rule = _permit(draft, "web", group, PortRange("TCP", first, last), web_group)
            draft.rules.append(rule._replace(name=limited(rule.name + ending)))


def _anywhere(draft: _PolicyDraft, network: ClusterNetwork) -> list[tuple[str, str]]:
    """The groups of every address, one a family, with the ending of the names of their rules."""
    groups = [("any", "0.0.0.0/0", "")]
    if settings_of(network).ipv6:
        groups.append(("any-ipv6", "::/0", "-ipv6"))
    for purpose, cidr, _ in groups:
        draft.smart_groups.setdefault(draft.named(purpose), [{"cidr": cidr}])
    return [(draft.named(purpose), ending) for purpose, _, ending in groups]


def _deny(draft: _PolicyDraft, network: ClusterNetwork) -> None:
    for group, ending in _anywhere(draft, network):
        draft.rules.append(_Rule(draft.named(f"deny{ending}"), "deny", "any", group))


def _spec(draft: _PolicyDraft, fence: Fence, network: ClusterNetwork) -> Document:
    rules = []
    for selector, ending in zip(fence.selectors, fence.endings, strict=True):
        matched = {"matchLabels": dict(selector.labels)}
        rules += [_rule_document(rule, matched, ending, network) for rule in draft.rules]
    spec: Document = {
        "smartGroups": [{"name": name, "selectors": found} for name, found in draft.smart_groups.items()],
    }
    if draft.web_groups:
        spec["webGroups"] = [{"name": name, "domains": found} for name, found in draft.web_groups.items()]
    spec["rules"] = rules
    return spec


def _rule_document(rule: _Rule, selector: Document, ending: str, network: ClusterNetwork) -> Document:
    document: dict[str, Any] = {
        "name": limited(rule.name + ending) if ending else rule.name,
        "action": rule.action,
        "selector": selector,
        "destinationSmartGroups": [{"name": rule.group}],
    }
    if rule.web_group:
        document["webGroups"] = [{"name": rule.web_group}]
    document["protocol"] = rule.protocol
    if rule.port:
        document["port"] = rule.port
    if rule.end_port:
        document["endPort"] = rule.end_port
    if rule.action == "deny":
        document["logging"] = True
    elif rule.web_group and rule.port == 443 and not rule.end_port and settings_of(network).crd == "10.1":
        document["flowAppRequirement"] = "tlsRequired"
    return document
