"""What there is to say under EKS Auto Mode: refusals, warnings and notes, and the risks that remain."""

from __future__ import annotations

from collections.abc import Iterable

from mcpfence.catalog.model import Catalog
from mcpfence.findings.finding import Collector
from mcpfence.findings.table import Row, Severity
from mcpfence.net.addresses import cidrs, parse_cidr
from mcpfence.net.intervals import Intervals, canonical, intersect
from mcpfence.net.ports import PortRange
from mcpfence.plan.fence import Allow, Block, ClusterNetwork, Fence, Pods
from mcpfence.providers.contract import Risk

FINDINGS = {
    "eks-resolver": Row(
        Severity.ERROR, "On EKS Auto Mode no pod is the resolver, so the address of the DNS Service must be known."
    ),
    "eks-ipv6-only": Row(
        Severity.ERROR, "In IPv6 clusters of EKS nothing polices IPv4, so no fence there would be closed."
    ),
    "eks-entries": Row(
        Severity.ERROR,
        "More entries of protocol and port cover one address than the agent of EKS holds; it drops the rest at random.",
    ),
    "eks-name": Row(Severity.ERROR, "EKS's API server takes no name with a label that ends with _."),
    "eks-profile": Row(Severity.WARNING, "ApplicationNetworkPolicy exists on EKS alone."),
}

MOST_ENTRIES = 24
"""Entries of protocol and port (a range is one) for each prefix, those of wider prefixes among them."""

_NODE_LOCAL = parse_cidr("169.254.20.10/32")
"""Not the resolver of Auto Mode, but on every profile's list."""

_NAME = frozenset({"name"})
_REBINDING = Risk(
    "rebinding",
    "rebinding: a name is open wherever it resolves to, also to pods, private addresses, 127.0.0.1 and the metadata "
    "endpoint, for nothing stands in front of names on EKS; who answers for an allowed name decides",
    _NAME,
)
_UNJUDGED = Risk(
    "unjudged-names",
    "names on EKS Auto Mode: what enforces them is not public, so no engine has judged these rules, only the vendor's "
    "documentation; addresses and ports were judged by the agent's own code",
    _NAME,
)
_AUTO_MODE = Risk(
    "auto-mode",
    "names are enforced on nodes of EKS Auto Mode whose NodeClass enables network policies, and nowhere else: there "
    "they are not reachable at all",
    _NAME,
)
_OTHERS = Risk(
    "entries",
    "the agent holds 24 entries of protocol and port for an address: further policies on the same pods use them, too, "
    "and what does not fit is dropped at random, which closes what should be open",
)


def risks(_: Catalog) -> tuple[Risk, ...]:
    """What no manifest can stop on EKS."""
    return (_REBINDING, _UNJUDGED, _AUTO_MODE, _OTHERS)


def caution(catalog: Catalog, out: Collector) -> None:
    """Refuse clusters that nothing would fence, and warn of those that are none of EKS."""
    if catalog.cluster.families == {6}:
        sentence = "in IPv6 clusters of EKS pods reach every IPv4 address, whatever policies say"
        todo = "write cluster.ipFamilies: [IPv4] if it is an IPv4 cluster; no fence holds in an IPv6 cluster of EKS"
        out.add("eks-ipv6-only", ("cluster", "ipFamilies"), sentence, todo)
    if not _resolver_known(catalog) and _asks_for_names(catalog):
        _refuse_without_resolver(out)
    profile = catalog.cluster.profile
    if profile != "eks":
        sentence = f"ApplicationNetworkPolicy exists on EKS alone, and the profile is {profile}"
        out.add(
            "eks-profile", ("egress", "provider"), sentence, "write cluster.profile: eks, or another egress.provider"
        )


def _resolver_known(catalog: Catalog) -> bool:
    """Whether the catalog has an address of the resolver; profiles know none of EKS."""
    blocks = {*(catalog.dns.cidrs or ()), *catalog.dns.cluster_ips}
    return catalog.cluster.profile != "eks" or bool(blocks - {_NODE_LOCAL})


def _asks_for_names(catalog: Catalog) -> bool:
    """Whether somebody lists names and may ask for them; said of the catalog, so that no other error hides it."""
    every = [server.egress for server in catalog.servers.values() if server.hosted]
    every += [workload.egress for workload in catalog.workloads.values()]
    return any(egress.domains and egress.dns is not False for egress in every)


def _refuse_without_resolver(out: Collector) -> None:
    sentence = "EKS Auto Mode answers DNS at the address of Service kube-system/kube-dns alone, and it is not known"
    todo = "write dns.clusterIP: [ADDRESS] with what `kubectl get service kube-dns -n kube-system` prints"
    out.add("eks-resolver", ("dns", "clusterIP"), sentence, todo)


def remark(fence: Fence, network: ClusterNetwork, out: Collector) -> None:
    """Refuse names without a resolver or that the API server would not take, and more entries than the agent holds."""
    odd = sorted({name.pattern for name in fence.names if any(map(_odd, name.pattern.split(".")))})
    if odd:
        sentence = f"{', '.join(odd)}: ApplicationNetworkPolicy takes no label that ends with _"
        out.add("eks-name", fence.path, sentence, "list its addresses under egress.cidrs, or leave it out")
    resolvers = [allow for allow in fence.egress if allow.kind == "dns"]
    for allow in resolvers if fence.names else ():
        if not any(isinstance(peer, Block) and peer.block != _NODE_LOCAL for peer in allow.peers):
            _refuse_without_resolver(out)
    named = {item for name in fence.names for item in name.ports}
    for direction, allows, names in (("egress", fence.egress, named), ("ingress", fence.ingress, set())):
        worst = most_entries(allows, names, canonical(network.pod_cidrs))
        if worst[0] > MOST_ENTRIES:
            count, where = worst
            sentence = (
                f"{count} entries of protocol and port cover {where} in {direction}, and the agent of EKS keeps "
                f"{MOST_ENTRIES} of them, whichever come first"
            )
            todo = "write neighbouring ports as ranges, or split what the server may reach over fewer ports"
            out.add("eks-entries", fence.path, sentence, todo)


def _odd(label: str) -> bool:
    """Whether a label ends with an underscore and is more than that (the kind's CRD)."""
    return len(label) > 1 and label.endswith("_")


def most_entries(allows: Iterable[Allow], named: set[PortRange], pod_addresses: Intervals) -> tuple[int, str]:
    """How many entries cover the address that most of them cover, and where that is.

    `named` may cover any address, for a name may resolve to it.  Pods may lie in every block that is not known to miss
    `pod_addresses` (empty: not known).
    """
    blocks: list[tuple[Block, set[PortRange]]] = []
    pods = set(named)
    for allow in allows:
        ports = set(allow.ports)
        for peer in allow.peers:
            if isinstance(peer, Pods):
                pods |= ports
            else:
                blocks.append((peer, ports))
    every = set(named).union(*(ports for _, ports in blocks))
    worst = (len(named), "the addresses of its names") if named else (0, "")
    if len(pods | every) <= MOST_ENTRIES:
        return max(worst, (len(pods | every), "some addresses"))
    starts = sorted({first for peer, _ in blocks for first, _ in peer.addresses})
    for start in starts:
        here = set(named).union(*(ports for peer, ports in blocks if intersect(peer.addresses, ((start, start),))))
        worst = max(worst, (len(here), cidrs(((start, start),))[0]), key=lambda one: one[0])
    inside = [ports for peer, ports in blocks if not pod_addresses or intersect(peer.addresses, pod_addresses)]
    return max(worst, (len(pods.union(*inside)), "pods"), key=lambda one: one[0])
