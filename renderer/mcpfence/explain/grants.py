"""Reasons: each thing that a fence grants, in words, with the catalog key that grants it.

Allow(callback, pods of obot, 8080/TCP)  ->  kind callback, "pods app=obot of namespace obot", 8080/TCP,
                                             key clients.obot.callbackPort
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from mcpfence.catalog.inheritance import granted_registries
from mcpfence.catalog.model import Catalog, Domain, Egress, Service
from mcpfence.explain.context import View
from mcpfence.findings.finding import Path, path_text
from mcpfence.net.addresses import family
from mcpfence.net.ports import Ports
from mcpfence.plan.blocked_ranges import metadata_cut
from mcpfence.plan.callers import client_peers, clients_of
from mcpfence.plan.fence import Allow, Block, Fence, Name, Pods, peer_text
from mcpfence.plan.planner import called_servers
from mcpfence.proof.prove import wanted
from mcpfence.reach.flows.flows import Reach
from mcpfence.structs import Struct

_RANK = (
    *("name", "registry", "address", "cidr", "service", "server", "callback"),
    *("kubernetesAPI", "cloudIdentity", "internet", "unenforced", "dns"),
)
PUBLIC = ("internet", "unenforced")
"""Kinds of allows that stand for the public ranges."""


class Line(Struct):
    """One thing that is granted: to (or from) what, on which ports, by which key; `why` is what the key leaves open."""

    kind: str
    what: tuple[str, ...]
    ports: Ports
    key: Path
    why: str
    reach: Reach
    name: str = ""
    """Of a caller: how the catalog calls it."""
    named: bool = False
    """Whether it is a host name, open at public addresses."""


def egress_lines(view: View, fence: Fence) -> tuple[Line, ...]:
    """What the engine gives of a fence's egress, names first, DNS last."""
    prepared, _ = view.prepared(fence)
    paths = _paths(view.catalog, view.egress(fence), fence.runtime)
    found = [_name_line(prepared, name, paths, view.egress(fence)) for name in prepared.names]
    found += [_allow_line(view, prepared, allow, paths) for allow in prepared.egress]
    return tuple(sorted(found, key=lambda line: (_RANK.index(line.kind), path_text(line.key), line.what)))


def families_text(blocks: Iterable[Block]) -> str:
    """`IPv4`, `IPv6` or `IPv4 and IPv6`."""
    return " and ".join(f"IPv{number}" for number in sorted({family(block.block[0]) for block in blocks}))


def _paths(catalog: Catalog, egress: Egress, runtime: str) -> Mapping[str, tuple[Path, Domain | Service | None]]:
    """The places that sources of allows name, with the entry that stands there."""
    registries = granted_registries(catalog, runtime, egress)
    found: dict[str, tuple[Path, Domain | Service | None]] = {}
    for domain in (*egress.domains, *registries.domains):
        found[path_text(domain.path)] = (domain.path, domain)
        found[path_text((*domain.path, "addresses"))] = ((*domain.path, "addresses"), domain)
    for service in (*egress.services, *registries.services):
        found[path_text(service.path)] = (service.path, service)
    for cidr in egress.cidrs:
        found[path_text(cidr.path)] = (cidr.path, None)
    return found


def _name_line(
    fence: Fence, name: Name, paths: Mapping[str, tuple[Path, Domain | Service | None]], egress: Egress
) -> Line:
    reach = wanted(fence._replace(egress=(), ingress=(), names=(name,))).egress
    path, why = paths.get(name.source, (None, None))[0], ""
    if path is None:  # a remote server that a workload calls
        path, why = (*egress.path, "servers"), f"the host of remote server {name.source.rpartition(': ')[2]}"
    elif name.registry:
        why = f"where {fence.runtime} fetches its package at every start"
    return Line("registry" if name.registry else "name", (name.pattern,), name.ports, path, why, reach, named=True)


def _allow_line(
    view: View, fence: Fence, allow: Allow, paths: Mapping[str, tuple[Path, Domain | Service | None]]
) -> Line:
    reach = wanted(fence._replace(egress=(allow,), ingress=(), names=())).egress
    what = tuple(peer.text if isinstance(peer, Block) else peer_text(peer) for peer in allow.peers)
    if allow.kind in PUBLIC:
        what = (f"every public {families_text(p for p in allow.peers if isinstance(p, Block))} address",)
    key, why = _source(view, fence, allow, paths)
    return Line(allow.kind, what, allow.ports, key, why, reach)


def _source(
    view: View, fence: Fence, allow: Allow, paths: Mapping[str, tuple[Path, Domain | Service | None]]
) -> tuple[Path, str]:
    """The key behind an allow, and what it leaves open."""
    egress, profile = view.egress(fence), view.catalog.cluster.profile
    path, entry = paths.get(allow.source, ((), None))
    if isinstance(entry, Domain):
        return path, f"the addresses of {entry.pattern}, open under any name"
    if isinstance(entry, Service):
        return path, _service_words(entry, view.catalog, fence.runtime if allow.kind == "registry" else "")
    flags = {
        "cidr": (path, "less the metadata endpoints" if metadata_cut(allow.peers) else ""),
        "kubernetesAPI": ((*egress.path, "kubernetesAPI"), "the addresses in cluster.cidrs.controlPlane"),
        "cloudIdentity": ((*egress.path, "cloudIdentity"), f"the credential endpoint of profile {profile}"),
    }
    return flags.get(allow.kind) or _SOURCES[allow.kind](view, fence, allow)


def _callback(_view: View, _fence: Fence, allow: Allow) -> tuple[Path, str]:
    name = allow.source.split(".")[1]
    return ("clients", name, "callbackPort"), f"client {name} may call it and be called back"


def _servers(view: View, fence: Fence, allow: Allow) -> tuple[Path, str]:
    """The servers whose pods stand in the allow."""
    catalog, egress, pods = view.catalog, view.egress(fence), set(allow.peers)
    called = [
        name
        for name in called_servers(catalog, egress)
        if any(Pods(catalog.namespace, selector) in pods for selector in catalog.servers[name].selectors)
    ]
    return (*egress.path, "servers"), f"server{'s' if len(called) > 1 else ''} {', '.join(called)}"


def _internet(view: View, fence: Fence, _allow: Allow) -> tuple[Path, str]:
    egress = view.egress(fence)
    if egress.default:
        return (*egress.path, "default"), ""
    return ("egress", "default"), "it lists no destinations of its own"


def _unenforced(view: View, fence: Fence, _allow: Allow) -> tuple[Path, str]:
    egress = view.egress(fence)
    registries = granted_registries(view.catalog, fence.runtime, egress).domains
    names = dict.fromkeys(domain.pattern for domain in (*egress.domains, *registries))
    return ("egress", "unenforcedDomains"), f"in the place of {', '.join(names) or 'its names'}"


def _service_words(entry: Service, catalog: Catalog, runtime: str) -> str:
    """What a services entry leaves to a Service or to its mode."""
    words = [f"where {runtime} fetches its package at every start"] if runtime else []
    taken = [name for name, value in (("podSelector", entry.selector), ("ports", entry.ports)) if value is None]
    if entry.mode == "selector" and taken:
        words.append(f"{' and '.join(taken)} of Service {entry.namespace or catalog.namespace}/{entry.name}")
    if entry.mode != "selector":
        words.append(f"mode {entry.mode}")
    return ", ".join(words)


def _dns(view: View, fence: Fence, _allow: Allow) -> tuple[Path, str]:
    """Where the resolver's peers come from, and what the server needs it for."""
    catalog, egress = view.catalog, view.egress(fence)
    key: Path = ("dns", "peers") if catalog.dns.pods is not None else ("cluster", "profile")
    who = "the resolver" if catalog.dns.pods is not None else f"the resolver of profile {catalog.cluster.profile}"
    if catalog.dns.cluster_ips:
        who += " and dns.clusterIP"
    if egress.dns is True:
        return key, f"{who}, because of dns: true"
    needs = {
        "its names": fence.names or any(allow.kind == "unenforced" for allow in fence.egress),
        "its services": any(
            allow.kind in ("service", "registry") and any(isinstance(peer, Pods) for peer in allow.peers)
            for allow in fence.egress
        ),
        "callbacks": any(allow.kind == "callback" for allow in fence.egress),
        "the servers that it calls": egress.servers,
        "the stance internet": fence.internet,
    }
    needed = [word for word, there in needs.items() if there]
    return key, f"{who}, needed for {_listed(needed) or 'its names'}"


_SOURCES = {
    "callback": _callback,
    "server": _servers,
    "internet": _internet,
    "unenforced": _unenforced,
    "dns": _dns,
}


def _listed(words: list[str]) -> str:
    return " and ".join(filter(None, (", ".join(words[:-1]), *words[-1:])))


# --- who may call ---


def caller_lines(view: View, fence: Fence) -> tuple[Line, ...]:
    """Who may call the pods of a fence: clients, workloads, its gateway, and those that list it as a back-end."""
    return (*_clients(view, fence), *_workloads(view, fence), *_gateway(view, fence), *_back_end_callers(view, fence))


def _clients(view: View, fence: Fence) -> Iterator[Line]:
    allow = next((allow for allow in fence.ingress if allow.kind == "client"), None)
    if allow is None:
        return
    ingress = view.ingress(fence)
    for client in clients_of(view.catalog, ingress):
        if ingress.clients is None:
            key, why = client.path, f"every declared client may call; {path_text(ingress.path)}.from would narrow that"
        else:
            key, why = (*ingress.path, "from", ingress.clients.index(client.name)), ""
        peers = tuple(client_peers(client))
        yield _caller(fence, "client", client.name, Allow("client", peers, allow.ports, ""), (key, why))


def _workloads(view: View, fence: Fence) -> Iterator[Line]:
    allow = next((allow for allow in fence.ingress if allow.kind == "workload"), None)
    for other in view.fences if allow else ():
        egress = view.egress(other)
        if allow and other.kind == "workload" and egress.servers and fence.name in called_servers(view.catalog, egress):
            peers = tuple(Pods(other.namespace, selector) for selector in other.selectors)
            ours = Allow("workload", peers, allow.ports, "")
            yield _caller(fence, "workload", other.name, ours, ((*egress.path, "servers"), ""))


def _gateway(view: View, fence: Fence) -> Iterator[Line]:
    """The pods of the MCP gateway at which a server is registered: `gateway envoy`, `gateway broker`."""
    for allow in fence.ingress:
        if allow.kind == "gateway":
            key: Path = (*view.catalog.servers[fence.name].path, "gateway")
            yield _caller(fence, "gateway", allow.source.removeprefix("gateway "), allow, (key, ""))


def _back_end_callers(view: View, fence: Fence) -> Iterator[Line]:
    if not any(allow.kind == "backend" for allow in fence.ingress):
        return
    mine = {Pods(fence.namespace, selector) for selector in fence.selectors}
    for other in view.fences:
        paths = _paths(view.catalog, view.egress(other), other.runtime)
        for allow in other.egress:
            if allow.kind in ("service", "registry") and mine.intersection(allow.peers):
                peers = tuple(Pods(other.namespace, selector) for selector in other.selectors)
                source = (paths[allow.source][0], "it lists these pods as a back-end")
                yield _caller(fence, other.kind, other.name, Allow("backend", peers, allow.ports, ""), source)


def _caller(fence: Fence, kind: str, name: str, allow: Allow, source: tuple[Path, str]) -> Line:
    reach = wanted(fence._replace(egress=(), ingress=(allow,), names=())).ingress
    what = tuple(peer.text if isinstance(peer, Block) else peer_text(peer) for peer in allow.peers)
    return Line(kind, what, allow.ports, source[0], source[1], reach, name)
