"""Warnings and notes about a whole catalog: what its engine cannot do, and what people run into."""

from __future__ import annotations

from mcpfence.catalog.inheritance import granted_registries, internet_stance
from mcpfence.catalog.model import Catalog, Server
from mcpfence.findings.finding import Collector
from mcpfence.net.addresses import ALL_V6, cidrs
from mcpfence.net.intervals import canonical, intersect

_OBOT = ("app.kubernetes.io/name", "obot")


def caution(catalog: Catalog, opened: frozenset[int], out: Collector) -> None:
    """Add what is worth knowing before anything is rendered; nothing here is an error.

    `opened` are the IP families in which the engine opens destinations outside the cluster.
    """
    _engine(catalog, out)
    _ipv6(catalog, opened, out)
    _cilium(catalog, out)
    _clients(catalog, out)
    for server in catalog.servers.values():
        if server.runtime in ("npx", "uvx"):
            _package(catalog, server, out)


def _engine(catalog: Catalog, out: Collector) -> None:
    profile = catalog.cluster.profile
    if not catalog.floor:
        sentence = "the floor is off: pods of the namespace that no server or workload selects are not fenced at all"
        todo = "remove mcpNamespace.networkPolicy.enabled: false"
        out.add("floor-off", ("mcpNamespace", "networkPolicy", "enabled"), sentence, todo)
    if profile == "eks" and 6 in catalog.cluster.families:
        sentence = "on IPv6 clusters of EKS the engine does not police IPv4 egress, the metadata endpoint included"
        todo = "set the nodes' IMDS hop limit to 1 and use node firewalls, or write cluster.ipFamilies: [IPv4]"
        out.add("eks-ipv6", ("cluster", "ipFamilies"), sentence, todo)
    if profile == "eks" and not catalog.dns.cluster_ips:
        sentence = "EKS Auto Mode answers DNS on the node, where no pod selector matches"
        todo = "if the cluster runs in Auto Mode, write dns.clusterIP with the address of Service kube-system/kube-dns"
        out.add("eks-dns", ("dns", "clusterIP"), sentence, todo)


def _ipv6(catalog: Catalog, opened: frozenset[int], out: Collector) -> None:
    """Where public IPv6 addresses are opened, the cluster's own must be known to be cut out of them."""
    if 6 not in opened or intersect(canonical(catalog.cluster.cidrs), (ALL_V6,)):
        return
    opens = catalog.unenforced_domains == "internet" and any(item.egress.domains for item in catalog.fenced)
    if opens or any(internet_stance(catalog, item.egress) for item in catalog.fenced):
        sentence = "lists no IPv6 range, so pods, Services and nodes with global IPv6 addresses count as public"
        todo = "list the cluster's IPv6 ranges, or write cluster.ipFamilies: [IPv4] if it has none"
        out.add("ipv6-cluster-unknown", ("cluster", "cidrs"), sentence, todo)


def _cilium(catalog: Catalog, out: Collector) -> None:
    """Under Cilium a CIDR rule never matches a pod or a node that the cluster knows."""
    provider = catalog.provider == "cilium"
    if catalog.cluster.cni != "cilium" and not provider:
        return
    nodes = canonical([*catalog.cluster.nodes, *catalog.cluster.pods])
    for client in catalog.clients.values():
        hit = intersect(canonical(client.cidrs), nodes)
        if hit:
            sentence = f"{cidrs(hit)[0]} holds pods or nodes, which no CIDR rule matches under Cilium"
            todo = "name the caller by namespace and podSelector"
            out.add("cilium-cidr", (*client.path, "cidrs"), sentence, todo)
        if client.cidrs:
            # Cilium pull request 46305; tests/engines/cilium shows it with 1.19.4 and its absence from 1.19.5 on.
            sentence = "Cilium 1.19.0 to 1.19.4 admits every pod of the servers' namespace where a policy admits cidrs"
            out.add("cilium-ingress-cidr", (*client.path, "cidrs"), sentence, "use Cilium 1.19.5 or later")
    for item in catalog.fenced:
        if item.egress.kubernetes_api and not provider:  # which opens it by what Cilium knows it as
            sentence = "under Cilium no CIDR rule matches the API server where it runs on nodes of the cluster"
            todo = "check the connection, or run the API server outside the cluster's nodes"
            out.add("cilium-cidr", (*item.egress.path, "kubernetesAPI"), sentence, todo)


def _clients(catalog: Catalog, out: Collector) -> None:
    hosted = [server for server in catalog.servers.values() if server.hosted]
    listed = [workload.egress.servers for workload in catalog.workloads.values()]
    called = {name for names in listed if names != "all" for name in names}
    alone = [server for server in hosted if server.ingress.clients is None and server.gateway is None]
    if not catalog.clients and "all" not in listed and any(server.name not in called for server in alone):
        sentence = "no client is declared, so nobody may call the servers"
        out.add("clients-none", ("clients",), sentence, "declare the gateway or back-end that calls them")
    for client in catalog.clients.values():
        if client.selector is None or _OBOT not in client.selector.labels:
            continue
        plain = [server.name for server in hosted if not server.selected and server.run is None]
        if plain:
            shown = ", ".join(plain[:5]) + (f" and {len(plain) - 5:,} more" if len(plain) > 5 else "")
            sentence = f"Obot labels its pods app: GENERATED-ID, not by name; without a podSelector: {shown}"
            todo = "write each server's podSelector; `kubectl get pods --show-labels` shows the generated labels"
            out.add("obot-labels", client.path, sentence, todo)


def _package(catalog: Catalog, server: Server, out: Collector) -> None:
    if server.egress.deny_all:
        article = "an" if server.runtime == "npx" else "a"
        sentence = (
            f"{article} {server.runtime} server that reaches nothing starts only from an image that holds its package"
        )
        out.add("deny-all-package", server.path, sentence, "bake the package into mcpServerDefaults.image")
        return
    if internet_stance(catalog, server.egress):
        return
    if granted_registries(catalog, server.runtime, server.egress).empty:
        sentence = f"{server.runtime} fetches the package at every start, and no registry is granted"
        todo = f"name your registry's host under egress.registries.{server.runtime}, or bake the package into the image"
        out.add("registry-missing", server.path, sentence, todo)
