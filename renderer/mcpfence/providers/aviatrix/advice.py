"""What there is to say under Aviatrix: warnings and notes, and the risks that remain."""

from __future__ import annotations

from collections.abc import Iterable

from mcpfence.catalog.model import Catalog
from mcpfence.findings.finding import Collector
from mcpfence.findings.table import Row, Severity
from mcpfence.plan.fence import ClusterNetwork, Fence, Peer, Pods
from mcpfence.providers.contract import Risk

FINDINGS = {
    "aviatrix-peer": Row(
        Severity.ERROR,
        "A destination selects pods by matchExpressions, which Aviatrix smart groups do not have, and "
        "the pod and service cidrs that could stand for them are not known.",
    ),
    "aviatrix-port": Row(Severity.WARNING, "Names on ports other than 80 and 443 match only TLS with SNI or HTTP."),
    "aviatrix-profile": Row(Severity.WARNING, "Aviatrix runs on AWS and Azure only."),
    "aviatrix-wildcard": Row(Severity.NOTE, "How Aviatrix reads a wildcard is assumed.", frozenset({"wildcard"})),
}

_ELSEWHERE = ("gke", "openshift", "k3s")
_WEB_PORTS = frozenset({80, 443})

_NAME = frozenset({"name"})
_SNI = Risk(
    "sni", "SNI: the client chooses the name that it shows; the firewall compares that name, not the address", _NAME
)
_WINDOW = Risk(
    "window",
    "the moment between NetworkPolicy and FirewallPolicy: public addresses are open on the names' ports until both "
    "are in force; Helm 3, folders and Argo CD apply the FirewallPolicy first, Helm 4 sorts custom kinds last; Helm 3 "
    "also removes the FirewallPolicy of a server that goes before its NetworkPolicy",
    _NAME,
)
_FIRST_START = Risk(
    "first-start",
    "first start under Helm 4 with aviatrix: pods may run before their FirewallPolicy exists, while public addresses "
    "are open on the names' ports; their NetworkPolicies come first on every path",
    _NAME,
)


def risks(catalog: Catalog) -> tuple[Risk, ...]:
    """What no manifest can stop where a gateway behind the cluster narrows by name."""
    runs = any(server.run is not None for server in catalog.servers.values())
    return (_SNI, _WINDOW, *((_FIRST_START,) if runs else ()))


def caution(catalog: Catalog, out: Collector) -> None:
    """Warn of clusters on which the engine does not run."""
    profile = catalog.cluster.profile
    if profile in _ELSEWHERE:
        sentence = f"Aviatrix runs on AWS and Azure only, and the profile is {profile}"
        out.add("aviatrix-profile", ("egress", "provider"), sentence, "check cluster.profile and egress.provider")


def remark(fence: Fence, network: ClusterNetwork, out: Collector) -> None:
    """Warn of names on other ports than the web's, and of what smart groups cannot select."""
    odd = [
        item for name in fence.names for item in name.ports if item.first != item.last or item.first not in _WEB_PORTS
    ]
    if odd:
        ports = ", ".join(item.text for item in sorted(set(odd)))
        sentence = f"names on {ports} match only TLS with SNI or HTTP"
        todo = "list databases, SSH and mail servers by their addresses under egress.cidrs"
        out.add("aviatrix-port", fence.path, sentence, todo)
    for name in fence.names:
        if name.pattern.startswith("*."):
            sentence = "*.x is taken as one or more labels below x without x itself; the vendor does not say"
            out.add("aviatrix-wildcard", ("egress", "provider"), sentence)
    if fence.kind == "service" or network.pod_cidrs:
        return
    for allow in fence.egress:
        if _has_expressions(allow.peers):
            sentence = f"{allow.source} selects pods by matchExpressions, which no smart group has"
            todo = "write plain labels, or cluster.cidrs.pods to let the firewall pass those ports there"
            out.add("aviatrix-peer", fence.path, sentence, todo)


def _has_expressions(peers: Iterable[Peer]) -> bool:
    return bool([peer for peer in peers if isinstance(peer, Pods) and peer.selector.expressions])
