"""ClusterNetworkPolicy of the network-policy-api (policy.networking.k8s.io): tier Admin, in front of NetworkPolicies.

One object for each selector of a server or workload that lists names; without names the NetworkPolicies say it all.
Egress rules are tried in order and the first that matches decides:

    names api.example.com 443       0 dns         Accept  pods kube-system/k8s-app=kube-dns   53
    service data/redis 6379         1 service     Accept  pods data/app=redis                 6379
    cidr 10.20.0.0/16 5432     ->   2 cidr        Accept  networks 10.20.0.0/16               5432
                                    3 not-public  Deny    every other pod, and every address that is not public
                                    4 name        Accept  domainNames api.example.com         443
                                    5 all         Deny    everything

Rule 3 stands in front of the names because an engine opens whatever address a name resolves to.  A policy that only
accepts denies nothing, hence rule 5.  `networks` takes canonical blocks and knows no excepts, so these are subtracted.
At most 25 rules, peers, networks, names and ports stand in one list; what does not fit is refused (module `advice`).
Facts: the API's types and CRDs (network-policy-api v0.3.0), and facts on engines, sections 2 to 4 and 7.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import lru_cache

from mcpfence.documents.writer import Document
from mcpfence.kube.manifest import FENCED, Manifest, make_manifest
from mcpfence.kube.object_names import limited
from mcpfence.net.addresses import ALL, cidrs
from mcpfence.net.intervals import subtract
from mcpfence.net.ports import Ports
from mcpfence.plan.fence import Allow, Block, ClusterNetwork, Fence, Name, Pods, addresses_among
from mcpfence.providers.clusternetworkpolicy.asking import asking
from mcpfence.providers.clusternetworkpolicy.rules import (
    EVERYTHING,
    accept,
    by_ports,
    make_rule,
    names_of,
    networks_of,
    packed,
    peers_of,
    pods_of,
)
from mcpfence.providers.clusternetworkpolicy.settings import settings_of
from mcpfence.providers.networkpolicy.emit import fence_labels, selector_document

GROUP = "policy.networking.k8s.io"
KIND = "ClusterNetworkPolicy"

_WORDS = {"kubernetesAPI": "kubernetes-api", "cloudIdentity": "cloud-identity"}
"""Of the kinds of allows, those that are no plain words."""


def emit(fence: Fence, network: ClusterNetwork) -> Iterable[Manifest]:
    """The objects of a fence that lists names, one for each selector."""
    if not fence.names:
        return
    settings = settings_of(network)
    rules = rules_of(fence, network)
    ranks = fence.ranks or (str(settings.first),) * len(fence.selectors)
    labels = fence_labels(fence) | {FENCED: fence.namespace}
    for selector, ending, rank in zip(fence.selectors, fence.endings, ranks, strict=True):
        subject = {"pods": pods_of(fence.namespace, selector_document(selector))}
        spec = {
            "tier": "Admin",
            "priority": int(rank) if rank.isdecimal() else rank,  # a template's mark
            "subject": subject,
            "egress": rules,
        }
        yield make_manifest(
            f"{GROUP}/{settings.version}", KIND, "", object_title(fence, ending), labels, {"spec": spec}
        )


def object_title(fence: Fence, ending: str = "") -> str:
    """`mcp-server-github.mcp-servers`: the objects of every namespace and release share one set of names."""
    return limited(f"mcp-{fence.kind}-{fence.name}{ending}.{fence.namespace}")


def rules_of(fence: Fence, network: ClusterNetwork) -> list[Document]:
    """The egress rules of a fence in their order; they may be more than the API takes."""
    dns, others = _accepted(fence.egress)
    first = (*others, *asking(fence, settings_of(network).domain), *dns) if network.cni == "cilium" else (*dns, *others)
    return [*first, *_denied(fence.public), *_named(fence.names), make_rule("all", "Deny", EVERYTHING)]


@lru_cache(maxsize=1024)
def _accepted(allows: tuple[Allow, ...]) -> tuple[tuple[Document, ...], tuple[Document, ...]]:
    """What needs no name: DNS, and the rest with one rule for each set of ports, those with pods first."""
    together: dict[tuple[bool, Ports], list[Allow]] = {}
    for allow in sorted(allows, key=lambda one: not isinstance(one.peers[0], Pods)):
        together.setdefault((allow.kind == "dns", allow.ports), []).append(allow)
    rules: tuple[list[Document], list[Document]] = ([], [])
    for (dns, ports), found in together.items():
        name = "-".join(dict.fromkeys(_WORDS.get(allow.kind, allow.kind) for allow in found))
        rules[not dns].extend(accept(name, peers_of([peer for allow in found for peer in allow.peers]), ports))
    return tuple(rules[0]), tuple(rules[1])


@lru_cache(maxsize=64)
def _denied(public: tuple[Block, ...]) -> tuple[Document, ...]:
    """Every other pod, and every address where names may not lead."""
    inside: list[Document] = [{"namespaces": {}}, *networks_of(cidrs(subtract(ALL, addresses_among(public))))]
    return tuple(make_rule("not-public", "Deny", peers) for peers in packed(inside))


def _named(names: Iterable[Name]) -> Iterator[Document]:
    for ports, patterns in by_ports(names):
        yield from accept("name", names_of(patterns), ports)
