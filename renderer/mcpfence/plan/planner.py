"""The plan: a catalog becomes fences, with defaults, stances, DNS, registries and both ends of every connection."""

from __future__ import annotations

from collections.abc import Iterator

from mcpfence.catalog.inheritance import granted_registries, internet_stance
from mcpfence.catalog.model import Catalog, Client, Egress, Server, Workload
from mcpfence.findings.finding import Collector, path_text, quote
from mcpfence.kube.cluster_profiles import PROFILES
from mcpfence.kube.selectors import Selector, endings
from mcpfence.kube.services import ServiceIndex
from mcpfence.net.ports import Ports, canonical_ports
from mcpfence.plan.callers import (
    BackEnd,
    callback,
    clients_of,
    default_clients,
    server_ingress,
    server_ports,
    workload_ingress,
)
from mcpfence.plan.cluster import ClusterFacts, cluster_facts, order_peers
from mcpfence.plan.destinations import (
    Reached,
    addresses_of,
    listed_cidrs,
    names_of,
    refuse_addressed,
    registry_names,
    resolve_service,
    warn_reopened,
)
from mcpfence.plan.fence import Allow, ClusterNetwork, Fence, FenceKind, Name, Peer, Pods
from mcpfence.plan.overlaps import check_disjoint
from mcpfence.plan.remote_servers import remote_destination
from mcpfence.structs import Struct


class Plan(Struct):
    """The cluster's network and all fences, servers first, each group ordered by name.  `fences` can be walked once."""

    network: ClusterNetwork
    fences: Iterator[Fence]


class _Scene(Struct):
    """What is worked out over all servers and workloads before the first fence is made."""

    catalog: Catalog
    facts: ClusterFacts
    reached: dict[tuple[FenceKind, str], list[Reached]]
    back_ends: dict[Selector, BackEnd]
    workload_callers: dict[str, list[Peer]]
    clients: Allow | None
    opened: dict[str, bool]
    """Who reaches public addresses by names that nothing enforces, by title: whether for its registry alone."""


def make_plan(catalog: Catalog, services: ServiceIndex, out: Collector) -> Plan:
    """Plan every fence; errors go to the collector, so the fences are only good if it holds none at the end."""
    facts = cluster_facts(catalog)
    if not facts.network.public:
        sentence = "egress.except and cluster.cidrs leave no public address, so neither internet nor a name opens any"
        todo = "list narrower ranges; to deny every server the internet write egress.default: deny"
        out.add("public-none", ("egress", "except"), sentence, todo)
    scene = _Scene(catalog, facts, {}, {}, {}, default_clients(catalog), {})
    for server in catalog.servers.values():
        if server.hosted:
            pods: list[Peer] = [Pods(catalog.namespace, selector) for selector in server.selectors]
            _resolve(scene, ("server", server.name), server.egress, server.runtime, pods, services, out)
    for workload in catalog.workloads.values():
        pods = [Pods(workload.namespace, selector) for selector in workload.selectors]
        _resolve(scene, ("workload", workload.name), workload.egress, "", pods, services, out)
        for name in called_servers(catalog, workload.egress):
            if catalog.servers[name].hosted:
                scene.workload_callers.setdefault(name, []).extend(pods)
    check_disjoint(catalog, list(scene.back_ends.values()), out)
    return Plan(facts.network, _fences(scene, out))


def called_servers(catalog: Catalog, egress: Egress) -> list[str]:
    """The servers that a workload calls, composites taken apart, ordered by name."""
    if egress.servers == "all":
        return sorted(name for name, server in catalog.servers.items() if server.runtime != "composite")
    found: set[str] = set()
    waiting, seen = list(egress.servers), set[str]()
    while waiting:
        name = waiting.pop()
        server = catalog.servers.get(name)
        if server is None or name in seen:
            continue
        seen.add(name)
        waiting += server.components
        if server.runtime != "composite":
            found.add(name)
    return sorted(found)


def _resolve(
    scene: _Scene,
    owner: tuple[FenceKind, str],
    egress: Egress,
    runtime: str,
    pods: list[Peer],
    services: ServiceIndex,
    out: Collector,
) -> None:
    """Resolve the services of one egress and note the callers of back-ends in the fenced namespace."""
    registries = granted_registries(scene.catalog, runtime, egress)
    entries = [("service", entry) for entry in egress.services]
    entries += [("registry", entry) for entry in registries.services]
    for kind, entry in entries:
        reached = resolve_service(entry, scene.catalog, scene.facts, services, kind, out)
        if reached is None:
            continue
        scene.reached.setdefault(owner, []).append(reached)
        if reached.back_end is None:
            continue
        name, namespace, selector = reached.back_end
        if namespace != scene.catalog.namespace:
            if _is_fenced(scene.catalog, namespace, selector):
                continue
            sentence = f"the ingress of {name} in namespace {namespace} is outside this render"
            out.add("back-end-elsewhere", entry.path, sentence, "make sure that its own policies admit these callers")
            continue
        callers = scene.back_ends.setdefault(selector, BackEnd(name, selector, entry.path))
        if callers.name != name:
            sentence = f"services {quote(callers.name)} and {quote(name)} select the same pods"
            out.add("back-end-two-names", entry.path, sentence, "use one name for one back-end")
        callers.by_ports.setdefault(reached.allow.ports, []).extend(pods)


def _is_fenced(catalog: Catalog, namespace: str, selector: Selector) -> bool:
    """Whether a back-end of another namespace is a workload of the catalog, whose ingress is part of this render."""
    return any(one.namespace == namespace and selector in one.selectors for one in catalog.workloads.values())


def _fences(scene: _Scene, out: Collector) -> Iterator[Fence]:
    for server in scene.catalog.servers.values():
        if server.hosted:
            yield _server_fence(scene, server, out)
    for workload in scene.catalog.workloads.values():
        yield _workload_fence(scene, workload, out)
    equal = {
        selector
        for workload in scene.catalog.workloads.values()
        if workload.namespace == scene.catalog.namespace
        for selector in workload.selectors
    }
    for callers in sorted(scene.back_ends.values(), key=lambda item: item.name):
        if callers.selector not in equal:
            yield Fence(
                kind="service",
                name=callers.name,
                namespace=scene.catalog.namespace,
                selectors=(callers.selector,),
                ingress=callers.ingress,
                path=callers.path,
            )
    _say_opened(scene.opened, out)


def _server_fence(scene: _Scene, server: Server, out: Collector) -> Fence:
    clients = clients_of(scene.catalog, server.ingress)
    egress, names = _egress(scene, ("server", server.name), server.egress, server.runtime, clients, out)
    return Fence(
        kind="server",
        name=server.name,
        namespace=scene.catalog.namespace,
        selectors=server.selectors,
        ingress=server_ingress(scene.catalog, server, scene.clients, scene.workload_callers.get(server.name, [])),
        egress=egress,
        names=names,
        public=scene.facts.network.public if names else (),
        runtime=server.runtime,
        path=server.path,
        endings=endings(server.selectors),
    )


def _workload_fence(scene: _Scene, workload: Workload, out: Collector) -> Fence:
    key: tuple[FenceKind, str] = ("workload", workload.name)
    egress, names = _egress(scene, key, workload.egress, "", [], out)
    return Fence(
        kind="workload",
        name=workload.name,
        namespace=workload.namespace,
        selectors=workload.selectors,
        ingress=workload_ingress(scene.catalog, workload, scene.back_ends),
        egress=egress,
        names=names,
        public=scene.facts.network.public if names else (),
        path=workload.path,
        endings=endings(workload.selectors),
    )


def _egress(
    scene: _Scene, owner: tuple[FenceKind, str], egress: Egress, runtime: str, clients: list[Client], out: Collector
) -> tuple[tuple[Allow, ...], tuple[Name, ...]]:
    if egress.deny_all:
        return (), ()
    catalog, facts = scene.catalog, scene.facts
    internet = internet_stance(catalog, egress)
    registries = granted_registries(catalog, runtime, egress)
    names = names_of(egress.domains)
    if not internet:
        names += registry_names(registries.domains)
    allows = [reached.allow for reached in scene.reached.get(owner, ())]
    needs_dns = internet or bool(names) or any(isinstance(p, Pods) for allow in allows for p in allow.peers)
    for domain in (*egress.domains, *registries.domains):
        if domain.addresses:
            address = addresses_of(domain, facts, out)
            allows += [address] if address else []
    allows += listed_cidrs(egress, facts, out) if egress.cidrs else []
    callbacks = [callback(client) for client in clients if client.callback_port and client.namespace]
    calls, remote_names = _calls(scene, egress, internet, out) if egress.servers else ([], [])
    names += remote_names
    needs_dns = needs_dns or bool(callbacks) or bool(egress.servers)
    allows = [*callbacks, *calls, *allows]
    if egress.kubernetes_api:
        allows += _kubernetes_api(facts, egress, out)
    if egress.cloud_identity:
        allows += _cloud_identity(facts, catalog, egress, out)
    if internet:
        stance = f"{path_text(egress.path)}.default" if egress.default else "egress.default"
        allows.append(facts.internet._replace(source=stance))
    warn_reopened(egress, allows, out)
    if needs_dns if egress.dns is None else egress.dns:
        allows.insert(0, facts.dns)
    elif names:
        sentence = "names are granted but dns: false lets nothing resolve them"
        out.add("dns-off-with-names", (*egress.path, "dns"), sentence, "write dns: auto, or list addresses")
    elif egress.kubernetes_api and egress.dns is None:
        sentence = "opens the API server's addresses and no DNS, so kubernetes.default.svc does not resolve"
        todo = "write dns: true beside it if the server asks by name"
        out.add("kubernetes-api-dns", (*egress.path, "kubernetesAPI"), sentence, todo)
    refuse_addressed(catalog, egress, out)
    if catalog.provider == "none" and names and catalog.unenforced_domains == "internet":
        allows.append(_unenforced(facts, names))
        scene.opened[" ".join(owner)] = all(name.registry for name in names)
        names = []
    return tuple(allows), tuple(sorted(set(names), key=lambda name: (name.pattern, name.ports, name.registry)))


def _say_opened(opened: dict[str, bool], out: Collector) -> None:
    """Say at once whom names open every public address, those first that list names of their own."""
    if not opened:
        return
    ranked = sorted(opened.items(), key=lambda item: item[1])
    titles = [f"{title} (for its registry alone)" if registry else title for title, registry in ranked]
    shown = ", ".join(titles[:_TITLES]) + (f" and {len(titles) - _TITLES:,} more" if len(titles) > _TITLES else "")
    sentence = f"names are not enforced: these may reach every public address on the ports of their names: {shown}"
    todo = "choose an egress.provider that knows names"
    if any(opened.values()):
        todo += "; where the package is baked into the image write registries: none in that server's egress"
    out.add("domains-open", ("egress", "unenforcedDomains"), sentence, todo)


_TITLES = 20


def _unenforced(facts: ClusterFacts, names: list[Name]) -> Allow:
    """The public ranges on the names' ports, which is what is left of names without an engine that knows them."""
    ports = canonical_ports(item for name in names for item in name.ports)
    return Allow("unenforced", facts.network.public, ports, "egress.unenforcedDomains: internet")


def _calls(scene: _Scene, egress: Egress, internet: bool, out: Collector) -> tuple[list[Allow], list[Name]]:
    """The servers that a workload calls: hosted ones by pods and port, remote ones by the host of their URL."""
    catalog = scene.catalog
    by_ports: dict[Ports, list[Peer]] = {}
    names: list[Name] = []
    for name in called_servers(catalog, egress):
        server = catalog.servers[name]
        if server.hosted:
            pods = [Pods(catalog.namespace, selector) for selector in server.selectors]
            by_ports.setdefault(server_ports(catalog, server), []).extend(pods)
        elif not internet:
            found = remote_destination(server, (*egress.path, "servers"), out)
            names += [found] if found else []
    source = f"{'.'.join(str(step) for step in egress.path)}.servers"
    return [Allow("server", order_peers(peers), ports, source) for ports, peers in sorted(by_ports.items())], names


def _kubernetes_api(facts: ClusterFacts, egress: Egress, out: Collector) -> list[Allow]:
    if facts.api is not None:
        return [facts.api]
    sentence = "needs cluster.cidrs.controlPlane, which is empty"
    todo = "write the addresses that `kubectl get endpoints kubernetes` prints as /32 or /128"
    out.add("kubernetes-api-unknown", (*egress.path, "kubernetesAPI"), sentence, todo)
    return []


def _cloud_identity(facts: ClusterFacts, catalog: Catalog, egress: Egress, out: Collector) -> list[Allow]:
    if facts.identity:
        return list(facts.identity)
    profile = PROFILES[catalog.cluster.profile]
    sentence, todo = f"profile {catalog.cluster.profile} has no credential endpoint", profile.identity_todo
    if profile.identity:
        sentence += " of the families in cluster.ipFamilies"
        todo = "add the family of the endpoint to cluster.ipFamilies, or remove cloudIdentity"
    out.add("cloud-identity-none", (*egress.path, "cloudIdentity"), sentence, todo)
    return []
