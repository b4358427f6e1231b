"""What all fences of a render share: public ranges, DNS, cluster addresses - decided once per render."""

from __future__ import annotations

from mcpfence.catalog.model import Catalog
from mcpfence.findings.finding import Collector, Path
from mcpfence.kube.cluster_profiles import PROFILES
from mcpfence.kube.selectors import Selector
from mcpfence.net.addresses import family, parse_cidr
from mcpfence.net.intervals import Interval, Intervals, canonical, intersect, subtract
from mcpfence.net.ports import PortRange, Ports, canonical_ports, tcp
from mcpfence.net.special_ranges import blocked, metadata, public_blocks
from mcpfence.plan.fence import Allow, Block, ClusterNetwork, Peer, Pods
from mcpfence.structs import Struct

API_PORTS: Ports = tcp(443, 6443)


class ClusterFacts(Struct):
    """The cluster's network and the destinations that many fences share."""

    network: ClusterNetwork
    blocked: Intervals
    metadata: Intervals
    cluster: Intervals
    dns: Allow
    internet: Allow
    identity: tuple[Allow, ...]
    api: Allow | None


def cluster_facts(catalog: Catalog) -> ClusterFacts:
    """Decide what the catalog's cluster, dns and egress keys mean for every fence."""
    profile = PROFILES[catalog.cluster.profile]
    cluster = canonical(catalog.cluster.cidrs)
    extra = canonical([*map(parse_cidr, profile.blocked), *cluster, *catalog.excepts])
    ranges = blocked(extra, nat64=catalog.cluster.nat64)
    public = tuple(
        Block(whole, intersect(ranges, (whole,)))
        for whole in public_blocks(nat64=catalog.cluster.nat64)
        if family(whole[0]) in catalog.cluster.families and subtract((whole,), ranges)
    )
    points = metadata()
    network = ClusterNetwork(
        namespace=catalog.namespace,
        release=catalog.release,
        families=catalog.cluster.families,
        public=public,
        inside=canonical([*cluster, *catalog.dns.cluster_ips]),
        pod_cidrs=catalog.cluster.pods,
        service_cidrs=catalog.cluster.services,
        api_addresses=subtract(canonical(catalog.cluster.control_plane), points),
        provider_settings=catalog.provider_settings,
        cni=catalog.cluster.cni,
    )
    return ClusterFacts(
        network=network,
        blocked=ranges,
        metadata=points,
        cluster=cluster,
        dns=_dns(catalog),
        internet=Allow("internet", public, _everything(), "the stance internet"),
        identity=_identity(catalog),
        api=_api(catalog, points),
    )


def _everything() -> Ports:
    return canonical_ports([PortRange("ALL", 0, 0)])


def _in_use(block: Interval, catalog: Catalog) -> bool:
    return family(block[0]) in catalog.cluster.families


def _dns(catalog: Catalog) -> Allow:
    profile, dns = PROFILES[catalog.cluster.profile], catalog.dns
    if dns.pods is not None and dns.cidrs is not None:
        source = "dns.peers"
        peers: list[Peer] = [Pods(peer.namespace, peer.selector) for peer in dns.pods]
        peers += [Block(block) for block in dns.cidrs]
    else:
        source = f"profile {catalog.cluster.profile}"
        peers = [Pods(namespace, Selector(labels)) for namespace, labels in profile.dns_pods]
        peers += [Block(block) for block in map(parse_cidr, profile.dns_cidrs) if _in_use(block, catalog)]
    if dns.cluster_ips:
        source += ", dns.clusterIP"
        peers += [Block(block) for block in dns.cluster_ips]
    port = profile.dns_port
    ports = dns.ports or canonical_ports([PortRange("UDP", port, port), PortRange("TCP", port, port)])
    return Allow("dns", order_peers(peers), ports, source)


def _identity(catalog: Catalog) -> tuple[Allow, ...]:
    return tuple(
        Allow("cloudIdentity", (Block(block),), ports, f"cloudIdentity under profile {catalog.cluster.profile}")
        for text, ports in PROFILES[catalog.cluster.profile].identity
        for block in (parse_cidr(text),)
        if _in_use(block, catalog)
    )


def _api(catalog: Catalog, points: Intervals) -> Allow | None:
    peers: list[Peer] = [
        Block(block, intersect(points, (block,)))
        for block in catalog.cluster.control_plane
        if subtract((block,), points)
    ]
    if not peers:
        return None
    return Allow("kubernetesAPI", order_peers(peers), API_PORTS, "kubernetesAPI and cluster.cidrs.controlPlane")


def order_peers(peers: list[Peer]) -> tuple[Peer, ...]:
    """Pods before addresses, each sorted and once."""
    pods = sorted({peer for peer in peers if isinstance(peer, Pods)})
    return (*pods, *sorted({peer for peer in peers if isinstance(peer, Block)}))


def listed_block(
    block: Interval, excepts: Intervals, facts: ClusterFacts, path: Path, text: str, out: Collector
) -> Block | None:
    """A cidr that the catalog lists, less its excepts and the metadata endpoints; None after an error.

    It must be all public or all private: one that is both would open blocked ranges by the way.
    """
    granted = subtract((block,), excepts)
    if not granted:
        return None  # excepts that take all away are an error of their own
    rest = subtract(granted, facts.metadata)
    if not rest:
        sentence = f"{text} is nothing but a metadata endpoint, which no cidr opens"
        todo = "remove it, or write egress.cloudIdentity: true if the server needs its cloud identity"
        out.add("cidr-only-metadata", path, sentence, todo)
        return None
    private = intersect(rest, facts.blocked)
    if private and subtract(rest, private):
        sentence = f"{text} holds public and blocked addresses"
        todo = "write egress.default: internet for every public address, or narrower cidrs that are one or the other"
        out.add("cidr-mixed", path, sentence, todo)
        return None
    if intersect(rest, facts.cluster):
        sentence = f"{text} overlaps cluster.cidrs: pods, Services or nodes of this cluster"
        out.add("cidr-in-cluster", path, sentence, "list the back-end under egress.services if it runs in the cluster")
    return Block(block, canonical([*excepts, *intersect(facts.metadata, (block,))]))
