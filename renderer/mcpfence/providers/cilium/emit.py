"""Cilium: from a fence to a CiliumNetworkPolicy, cilium.io/v2, beside its NetworkPolicies.

Cilium adds up what both kinds allow, and an egressDeny beats every allow.  The NetworkPolicy holds pods and addresses;
what it cannot say, or must not, stands in the CiliumNetworkPolicy:

    names api.github.com 443      egress      toEndpoints kube-dns, port 53, rules.dns [api.github.com, and behind it
    DNS kube-system/kube-dns  ->                          the search domains]
    cidrs 10.20.0.0/16 5432                   toFQDNs [api.github.com], port "443"
                                  egressDeny  toCIDRSet [10.0.0.0/8 except 10.20.0.0/16, 169.254.0.0/16, ...]
                                              toCIDRSet [10.20.0.0/16], every port but 5432

- The DNS rule stands here alone: one plain allow of port 53 to the same resolver, a NetworkPolicy's too, makes the
  proxy pass every name (seen with 1.19.6 and 1.20.2).
- A name may resolve to any address; without the denials one that resolves to 169.254.169.254 opens it.
- No list is ever empty: `toFQDNs: []` with ports opens them to anywhere, `toPorts: []` opens every port, and
  `egress: []` is refused by the agent, so that nothing is enforced.
- A fence without names and without DNS needs no CiliumNetworkPolicy: its NetworkPolicy says it all.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from mcpfence.documents.writer import Document, Shared
from mcpfence.kube.manifest import Manifest, make_manifest
from mcpfence.kube.object_names import limited, object_name
from mcpfence.net.addresses import cidrs
from mcpfence.net.ports import PortRange, Ports, canonical_ports
from mcpfence.plan.fence import Allow, Block, ClusterNetwork, Fence, Name, Narrowing, Pods
from mcpfence.providers.cilium.denials import denials
from mcpfence.providers.cilium.ports import one_by_one, to_ports
from mcpfence.providers.cilium.settings import Settings, settings_of
from mcpfence.providers.networkpolicy.emit import fence_labels, selector_document

API_VERSION = "cilium.io/v2"
TAKES = frozenset({"dns"})
"""The kinds of allows that the NetworkPolicy leaves to this object."""

NAMESPACE = "k8s:io.kubernetes.pod.namespace"

_API_SERVER = "kubernetesAPI"


_UNLEARNT = "dns is off, and Cilium opens for names only what it has learnt from answers to the server's own questions"


def prepare(fence: Fence, _: ClusterNetwork) -> tuple[Fence, tuple[Narrowing, ...]]:
    """Without DNS no name is ever learnt."""
    if not fence.names or any(allow.kind == "dns" for allow in fence.egress):
        return fence, ()
    ports = canonical_ports(item for name in fence.names for item in name.ports)
    lost = Allow("name", fence.public, ports, "the names")
    return fence._replace(names=(), public=()), (Narrowing(fence.title, (lost,), _UNLEARNT),)


def emit(fence: Fence, network: ClusterNetwork) -> Iterable[Manifest]:
    """One CiliumNetworkPolicy for each selector of a server or workload that names or asks for anything."""
    if fence.kind == "service":
        return
    settings = settings_of(network)
    rules = [*_dns(fence, settings), *_api_server(fence), *_names(fence.names, settings)]
    if not rules:
        return
    allowed = Shared(rules)
    denied = denials(fence.public, _blocks(fence.egress)) if fence.names else None
    for selector, ending in zip(fence.selectors, fence.endings, strict=True):
        spec: Document = {
            "endpointSelector": selector_document(selector),
            "enableDefaultDeny": {"egress": True, "ingress": False},
            "egress": allowed,
        }
        if denied:
            spec["egressDeny"] = denied
        name = limited(object_name(fence.kind, fence.name) + ending)
        yield make_manifest(
            API_VERSION, "CiliumNetworkPolicy", fence.namespace, name, fence_labels(fence), {"spec": spec}
        )


def _blocks(allows: Iterable[Allow]) -> tuple[tuple[Block, Ports], ...]:
    return tuple((peer, allow.ports) for allow in allows for peer in allow.peers if isinstance(peer, Block))


# --- DNS ---


def _dns(fence: Fence, settings: Settings) -> Iterator[Document]:
    """The resolvers, with the names that may be asked of them: pods in one rule, addresses in another."""
    asked = None
    for allow in fence.egress:
        if allow.kind != "dns":
            continue
        asked = asked or Shared(_asked(fence, settings))
        ports = to_ports(one_by_one(allow.ports), {"rules": {"dns": asked}})
        pods = [peer for peer in allow.peers if isinstance(peer, Pods)]
        blocks = [peer for peer in allow.peers if isinstance(peer, Block)]
        if pods:
            yield {"toEndpoints": [_endpoints(peer) for peer in pods], "toPorts": ports}
        if blocks:
            yield {"toCIDRSet": [_cidr(block) for block in blocks], "toPorts": ports}


def _asked(fence: Fence, settings: Settings) -> list[Document]:
    """The names that the DNS proxy passes: those granted, each with what a resolver puts behind it, and no others.

    Who may reach pods needs the cluster's own names: those never leave its resolver, so they are passed whole.
    """
    if fence.internet:
        return [{"matchPattern": "*"}]
    cluster = settings.clusterDomain
    inside = any(isinstance(peer, Pods) for allow in fence.egress if allow.kind != "dns" for peer in allow.peers)
    behind = [] if inside else [f"{fence.namespace}.svc.{cluster}", f"svc.{cluster}", cluster]
    behind += sorted(settings.searchDomains)
    asked: list[Document] = [{"matchPattern": f"**.{cluster}"}] if inside or not fence.names else []
    for pattern in dict.fromkeys(name.pattern for name in fence.names):
        asked.append(_name(pattern))
        asked += [_name(f"{pattern}.{domain}") for domain in behind]
    return asked


def _name(pattern: str) -> Document:
    """A host name: `*.x` is one or more labels below x, which Cilium writes `**.x`."""
    return {"matchPattern": f"*{pattern}"} if pattern.startswith("*.") else {"matchName": pattern}


# --- names and the API server ---


def _names(names: tuple[Name, ...], settings: Settings) -> Iterator[Document]:
    """One rule for each set of ports; with `sni` those on port 443 stand apart and demand the name in the handshake."""
    grouped: dict[tuple[Ports, bool], list[str]] = {}
    for name in names:
        for ports, shown in _by_sni(name, settings):
            grouped.setdefault((ports, shown), []).append(name.pattern)
    for (ports, shown), patterns in sorted(grouped.items(), key=lambda item: item[0]):
        more: Document = {"serverNames": [_server_name(one) for one in patterns]} if shown else {}
        yield {"toFQDNs": [_name(one) for one in patterns], "toPorts": to_ports(ports, more)}


def _by_sni(name: Name, settings: Settings) -> Iterator[tuple[Ports, bool]]:
    web = PortRange("TCP", 443, 443)
    if not settings.sni or web not in name.ports:
        yield name.ports, False
        return
    rest = tuple(item for item in name.ports if item != web)
    yield (web,), True
    if rest:
        yield rest, False


def _server_name(pattern: str) -> str:
    return f"*{pattern}" if pattern.startswith("*.") else pattern


def _api_server(fence: Fence) -> Iterator[Document]:
    """The API server by what Cilium knows it as: where it runs on nodes, no block of addresses matches it."""
    for allow in fence.egress:
        if allow.kind == _API_SERVER:
            yield {"toEntities": ["kube-apiserver"], "toPorts": to_ports(allow.ports)}


# --- peers ---


def _endpoints(peer: Pods) -> Document:
    """Pods of one namespace; a selector without a namespace would mean the policy's own."""
    selector = selector_document(peer.selector)
    return {**selector, "matchLabels": {NAMESPACE: peer.namespace, **selector.get("matchLabels", {})}}


def _cidr(block: Block) -> Document:
    document: Document = {"cidr": cidrs((block.block,))[0]}
    if block.excepts:
        document["except"] = list(cidrs(block.excepts))
    return document
