"""From an untrusted mapping to a `Catalog`: the one place where input becomes types.

`judge` (the JSON Schema, see `schema`) has said that the structure is right before `read_catalog` is called; what is
checked here is meaning.  All errors are collected; the catalog that comes back is complete only if there are none.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from mcpfence.catalog.digest import digest, is_guarded, something_is_registered, something_runs
from mcpfence.catalog.egress_reader import read_egress, read_registries
from mcpfence.catalog.fields import (
    NO_ADDRESSES,
    has_template,
    read_cidr,
    read_cidrs,
    read_name,
    read_ports,
    read_selector,
)
from mcpfence.catalog.model import (
    CONFIGS,
    DEFAULT_PORT,
    HOSTED,
    Catalog,
    Client,
    Cluster,
    Dns,
    Ingress,
    PodPeer,
    Server,
    Workload,
)
from mcpfence.findings.finding import Collector, Path, quote
from mcpfence.findings.wording import nearest
from mcpfence.kube.selectors import Selector
from mcpfence.net.addresses import parse_address
from mcpfence.net.intervals import Interval
from mcpfence.net.ports import LAST_PORT

Raw = Mapping[str, Any]

_HOSTED_KEYS = ("egress", "ingress", "podSelector")


def read_catalog(raw: Raw, *, release: str, namespace: str, out: Collector) -> Catalog:
    """The catalog of a release; `namespace` is the release's own namespace."""
    cluster = _read_cluster(raw.get("cluster") or {}, out)
    fenced = (raw.get("mcpNamespace") or {}).get("name") or f"{release}-mcp"[:63].rstrip("-")
    read_name(fenced, ("mcpNamespace", "name"), "the namespace", out)
    families = cluster.families
    egress = raw.get("egress") or {}
    port = _read_port((raw.get("mcpServerDefaults") or {}).get("port"), ("mcpServerDefaults", "port"), out)
    clients = {
        name: _read_client(name, item, families, out) for name, item in sorted((raw.get("clients") or {}).items())
    }
    servers = {
        name: _read_server(name, item, port or DEFAULT_PORT, families, out)
        for name, item in sorted((raw.get("servers") or {}).items())
    }
    if something_runs(raw):
        from mcpfence.catalog.run.reader import read_runs  # here, so that fences alone start quickly

        servers = read_runs(servers, raw, release=release, namespace=fenced, families=families, out=out)
    catalog = Catalog(
        namespace=fenced,
        release=release,
        release_namespace=namespace,
        floor=((raw.get("mcpNamespace") or {}).get("networkPolicy") or {}).get("enabled", True),
        cluster=cluster,
        dns=_read_dns(raw.get("dns") or {}, families, out),
        default=egress.get("default", "deny"),
        provider=egress.get("provider", "none"),
        provider_settings=egress.get(egress.get("provider", "none")) or {},
        unenforced_domains=egress.get("unenforcedDomains", "refuse"),
        excepts=read_cidrs(egress.get("except") or (), ("egress", "except"), frozenset({4, 6}), out),
        registries={
            runtime: read_registries(entries, ("egress", "registries", runtime), families, out)
            for runtime, entries in (egress.get("registries") or {}).items()
        },
        clients=clients,
        servers=servers,
        workloads={
            name: _read_workload(name, item, fenced, families, out)
            for name, item in sorted((raw.get("workloads") or {}).items())
        },
        digest=digest(raw),
    )
    if something_is_registered(raw):
        from mcpfence.catalog.gateway.reader import read_gateway  # here, so that fences alone start quickly

        catalog = read_gateway(catalog, raw, out)
    if is_guarded(raw):
        from mcpfence.catalog.guard_reader import read_guard

        catalog = catalog._replace(guard=read_guard(raw["guard"], fenced, out))
    _check_references(catalog, out)
    return catalog


def _read_cluster(raw: Raw, out: Collector) -> Cluster:
    families = frozenset(int(name[-1]) for name in raw.get("ipFamilies", ("IPv4", "IPv6")))
    cidrs = raw.get("cidrs") or {}
    lists = {
        key: read_cidrs(cidrs.get(key) or (), ("cluster", "cidrs", key), families, out)
        for key in ("nodes", "pods", "services", "controlPlane")
    }
    return Cluster(
        profile=raw.get("profile", "generic"),
        cni=raw.get("cni", "generic"),
        mesh=raw.get("mesh", "none"),
        nodes=lists["nodes"],
        pods=lists["pods"],
        services=lists["services"],
        control_plane=lists["controlPlane"],
        families=families,
        nat64=raw.get("nat64", False),
    )


def _read_dns(raw: Raw, families: frozenset[int], out: Collector) -> Dns:
    pods: list[PodPeer] = []
    cidrs = []
    peers = raw.get("peers")
    for i, peer in enumerate(peers or ()):
        path = ("dns", "peers", i)
        if "cidr" in peer:
            if "namespace" in peer or "podSelector" in peer:
                todo = "write two peers: one with the cidr, one with namespace and podSelector"
                out.add("dns-peer", path, "a DNS peer has a cidr and a namespace or podSelector", todo)
            cidrs.append(read_cidr(peer["cidr"], (*path, "cidr"), families, out))
        elif "namespace" not in peer or "podSelector" not in peer:
            todo = "write {namespace, podSelector} or {cidr}"
            out.add("dns-peer", path, "a DNS peer names neither a cidr nor both namespace and podSelector", todo)
        else:
            read_name(peer["namespace"], (*path, "namespace"), "the namespace", out)
            pods.append(PodPeer(peer["namespace"], read_selector(peer["podSelector"], (*path, "podSelector"), out)))
    return Dns(
        pods=tuple(pods) if peers else None,
        cidrs=tuple(sorted(set(cidrs) - {NO_ADDRESSES})) if peers else None,
        ports=read_ports(raw.get("ports"), ("dns", "ports"), out, all_allowed=False),
        cluster_ips=_read_addresses(raw.get("clusterIP") or (), ("dns", "clusterIP"), families, out),
    )


def _read_addresses(texts: Sequence[str], path: Path, families: frozenset[int], out: Collector) -> tuple[Interval, ...]:
    """Single addresses, with or without /32 or /128."""
    blocks = set()
    for i, text in enumerate(texts):
        full = text if "/" in text else f"{text}/{128 if ':' in text else 32}"
        if "/" not in text and not _is_address(text) and not has_template(text, (*path, i), out):
            out.add("cidr-bad", (*path, i), f"{quote(text)} is no address", "write an address such as 10.96.0.10")
            continue
        block = read_cidr(full, (*path, i), families, out, shown=text)
        if block[0] < block[1]:
            todo = "write the address alone"
            out.add("cidr-bad", (*path, i), f"{quote(text)} holds more than one address", todo)
        blocks.add(block)
    return tuple(sorted(blocks - {NO_ADDRESSES}))


def _is_address(text: str) -> bool:
    try:
        parse_address(text)
    except ValueError:
        return False
    return True


def _read_port(value: Any, path: Path, out: Collector) -> int | None:
    if value is None:
        return None
    if 1 <= value <= LAST_PORT:
        return int(value)
    out.add("port-bad", path, f"{quote(value)} is outside 1 to 65535", "write a port of that range")
    return None


def _read_client(name: str, raw: Raw, families: frozenset[int], out: Collector) -> Client:
    path: Path = ("clients", name)
    read_name(name, path, "the client's name", out)
    selector = None
    if "podSelector" in raw:
        selector = read_selector(raw["podSelector"], (*path, "podSelector"), out)
    if "namespace" in raw:
        read_name(raw["namespace"], (*path, "namespace"), "the namespace", out)
        if "cidrs" in raw:
            out.add("client-both", path, "has a namespace and cidrs", "declare two clients")
        elif selector is None:
            sentence = f"without a podSelector every pod of namespace {raw['namespace']} is this client"
            out.add("client-whole-namespace", path, sentence, "write podSelector with the labels of the caller's pods")
    elif "cidrs" not in raw:
        out.add("client-empty", path, "has neither a namespace nor cidrs", "write one of them")
    elif selector is not None:
        out.add("client-both", path, "has a podSelector but no namespace", "write the namespace of those pods")
    if "cidrs" in raw and "callbackPort" in raw:
        sentence = "callbackPort is a pod port, and this client has cidrs"
        out.add("client-callback", (*path, "callbackPort"), sentence, "name the client by namespace and podSelector")
    if raw.get("cidrs") == []:
        out.add("client-empty", (*path, "cidrs"), "lists no address", "list at least one, or remove the client")
    return Client(
        name=name,
        namespace=raw.get("namespace"),
        selector=selector,
        cidrs=read_cidrs(raw.get("cidrs") or (), (*path, "cidrs"), families, out),
        callback_port=_read_port(raw.get("callbackPort"), (*path, "callbackPort"), out),
        path=path,
    )


def _read_server(name: str, raw: Raw, port: int, families: frozenset[int], out: Collector) -> Server:
    path: Path = ("servers", name)
    read_name(name, path, "the server's name", out)
    runtime = raw["runtime"]
    key = CONFIGS[runtime]
    for other in CONFIGS.values():
        if other in raw and other != key:
            sentence = f"{other} does not belong to runtime {runtime}"
            out.add("runtime-key", (*path, other), sentence, f"write {key}, or change the runtime")
    config = raw.get(key) or {}
    if runtime not in HOSTED:
        return _read_unhosted(name, raw, config, path, out)
    _read_identity(runtime, config, (*path, key), out)
    if "port" in config:
        port = _read_port(config["port"], (*path, key, "port"), out) or port
    written = "podSelector" in raw
    return Server(
        name=name,
        runtime=runtime,
        path=path,
        selectors=_read_selectors(raw["podSelector"], (*path, "podSelector"), out) if written else _app(name),
        selected=written,
        port=port,
        egress=read_egress(raw, config, path, key, families, out),
        ingress=_read_ingress(raw.get("ingress"), (*path, "ingress"), out),
    )


def _app(name: str) -> tuple[Selector, ...]:
    return (Selector((("app", name),)),)


def _read_identity(runtime: str, config: Raw, path: Path, out: Collector) -> None:
    """The package or image that a hosted server runs."""
    key = "image" if runtime == "containerized" else "package"
    text = config.get(key)
    if text is None:
        return
    if not text.strip():
        out.add("text-empty", (*path, key), f"{key} is empty", f"write the {key} that the server runs")
    else:
        has_template(text, (*path, key), out)


def _read_unhosted(name: str, raw: Raw, config: Raw, path: Path, out: Collector) -> Server:
    runtime = raw["runtime"]
    for key in _HOSTED_KEYS:
        if key in raw:
            sentence = f"a {runtime} server has no pods here, so {key} would fence nothing"
            out.add("runtime-key", (*path, key), sentence, "remove it")
    url = None
    if runtime == "remote":
        given = [key for key in ("fixedURL", "urlTemplate", "hostname") if config.get(key)]
        if len(given) != 1:
            todo = "write exactly one of fixedURL, urlTemplate and hostname"
            sentence = "says more than once where the server runs" if given else "does not say where the server runs"
            out.add("remote-url", (*path, "remoteConfig"), sentence, todo)
        else:
            url = config[given[0]]
            if given[0] == "fixedURL":
                has_template(url, (*path, "remoteConfig", "fixedURL"), out, secret=True)
    return Server(
        name=name,
        runtime=runtime,
        path=path,
        url=url,
        components=tuple(config.get("componentServers") or ()),
    )


def _read_selectors(raw: Any, path: Path, out: Collector) -> tuple[Selector, ...]:
    if isinstance(raw, list):
        found = {read_selector(item, (*path, i), out): None for i, item in enumerate(raw)}
        return tuple(sorted(found))
    return (read_selector(raw, path, out),)


def _read_ingress(raw: Raw | None, path: Path, out: Collector) -> Ingress:
    if raw is None:
        return Ingress(path=path)
    clients = raw.get("from")
    return Ingress(
        None if clients is None else tuple(clients),
        read_ports(raw.get("ports"), (*path, "ports"), out, all_allowed=False),
        path,
    )


def _read_workload(name: str, raw: Raw, fenced: str, families: frozenset[int], out: Collector) -> Workload:
    path: Path = ("workloads", name)
    read_name(name, path, "the workload's name", out)
    namespace = raw.get("namespace", fenced)
    if "namespace" in raw:
        read_name(namespace, (*path, "namespace"), "the namespace", out)
    ingress = _read_ingress(raw.get("ingress"), (*path, "ingress"), out)
    if ingress.clients and ingress.ports is None:
        todo = "write ingress.ports: the pod ports that these clients call"
        out.add("workload-ports", ingress.path, "ingress.from of a workload needs ports", todo)
    return Workload(
        name=name,
        namespace=namespace,
        selectors=_read_selectors(raw["podSelector"], (*path, "podSelector"), out),
        egress=read_egress(raw, {}, path, "egress", families, out),
        ingress=ingress,
        path=path,
    )


def _check_references(catalog: Catalog, out: Collector) -> None:
    """Names that must be declared: clients of ingress.from, servers of composites and of workloads' egress."""
    for item in catalog.fenced:
        for i, client in enumerate(item.ingress.clients or ()):
            if client not in catalog.clients:
                _unknown("client-unknown", (*item.ingress.path, "from", i), client, catalog.clients, "clients", out)
    for server in catalog.servers.values():
        for i, name in enumerate(server.components):
            at = (*server.path, "compositeConfig", "componentServers", i)
            if name not in catalog.servers:
                _unknown("server-unknown", at, name, catalog.servers, "servers", out)
            elif name == server.name:
                out.add("composite-self", at, f"{quote(name)} is this composite itself", "remove it")
    for workload in catalog.workloads.values():
        for i, name in enumerate(() if workload.egress.servers == "all" else workload.egress.servers):
            if name not in catalog.servers:
                at = (*workload.egress.path, "servers", i)
                _unknown("server-unknown", at, name, catalog.servers, "servers", out)


def _unknown(id: str, path: Path, name: str, known: Mapping[str, Any], key: str, out: Collector) -> None:
    out.add(id, path, f"{quote(name)} is not declared under {key}", nearest(name, known, f"declare it under {key}"))
