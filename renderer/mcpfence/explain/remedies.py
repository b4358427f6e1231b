"""Remedies: why pods may not reach something, and the catalog key to write - or that no key can open it.

The callers' side is in `caller_remedies`.
"""

from __future__ import annotations

from mcpfence.catalog.model import Domain
from mcpfence.explain.context import View
from mcpfence.explain.targets import PodSet, Target
from mcpfence.findings.finding import Path, path_text
from mcpfence.kube.cluster_profiles import PROFILES
from mcpfence.kube.selectors import covers
from mcpfence.kube.yaml_entries import ports_entry, selector_entry
from mcpfence.net.addresses import cidrs, family, parse_cidr
from mcpfence.net.intervals import contains
from mcpfence.net.ports import PortRange, Ports, ports_text
from mcpfence.patterns import regex
from mcpfence.plan.blocked_ranges import metadata_reason, reasons_against
from mcpfence.plan.cluster import cluster_facts
from mcpfence.plan.fence import Fence
from mcpfence.plan.planner import called_servers
from mcpfence.proof.prove import lost_reach, wanted
from mcpfence.reach.flows import flows, host_names
from mcpfence.reach.flows.flows import Reach
from mcpfence.structs import Struct

_HTTPS: Ports = (PortRange("TCP", 443, 443),)
_API_PORTS = frozenset({443, 6443})
_LISTS = (("cidrs",), ("services",), ("domains",))
"""With one of these a server no longer inherits the catalog's egress.default."""
_KEY = regex(r"egress(?:\.\w+)+")


class Remedy(Struct):
    """`why` it is refused, what `todo`, and the `key` to write; an empty key where nothing can open it."""

    why: str
    todo: str
    key: Path = ()


def to_reach(view: View, fence: Fence, target: Target, asked: Reach) -> Remedy:
    """What would let the pods of a fence reach a target that they may not reach; `asked` are the flows in question."""
    _, narrowings = view.prepared(fence)
    for narrowing in narrowings:
        if flows.intersect(lost_reach([narrowing], fence.names), asked):
            return _engine(narrowing.why)
    found = _resolver(view, fence, asked)
    if found is None:
        found = _pods(view, fence, target) if target.pods else _outside(view, fence, target)
    if view.egress(fence).deny_all and found.key:
        where = path_text(deny_all_key(view, fence))
        return Remedy(f"{where}: true, so it reaches nothing at all", f"remove {where}, then {found.todo}", found.key)
    if fence.internet and view.egress(fence).default is None and found.key[-1:] in _LISTS:
        key = f"{path_text(view.egress(fence).path)}.default: internet"
        return found._replace(todo=f"{found.todo}; with {key} beside it, or it loses egress.default: internet")
    return found


def _engine(why: str) -> Remedy:
    """A narrowing, whose reason names the engine's own key where there is one."""
    key = _KEY.search(why)
    other: Path = ("egress", "provider")
    if key is None:
        return Remedy(why, "choose an egress.provider that can give it", other)
    return Remedy(why, f"change {key[0]}", tuple(key[0].split(".")))


def deny_all_key(view: View, fence: Fence) -> Path:
    """Where denyAllEgress: true was written: in the egress, else in the runtime's config."""
    egress = view.egress(fence)
    kind = str(egress.path[0])
    written = view.raw[kind][fence.name].get("egress") or {}
    if written.get("denyAllEgress") is True:
        return (*egress.path, "denyAllEgress")
    return (kind, fence.name, f"{fence.runtime}Config", "denyAllEgress")


def _resolver(view: View, fence: Fence, asked: Reach) -> Remedy | None:
    """Whether the flows are questions to the cluster's resolver, which this fence does not ask."""
    dns = wanted(fence._replace(egress=(cluster_facts(view.catalog).dns,), ingress=(), names=())).egress
    if not asked or not flows.within(asked, dns):
        return None
    key = (*view.egress(fence).path, "dns")
    return Remedy("it is the resolver, and nothing here needs DNS", f"write {path_text(key)}: true", key)


def _outside(view: View, fence: Fence, target: Target) -> Remedy:
    if target.host:
        return _host(view, fence, target)
    return _address(view, fence, target)


def _host(view: View, fence: Fence, target: Target) -> Remedy:
    egress = view.egress(fence)
    if target.ports[0].protocol != "TCP":
        todo = f"list its addresses with {ports_entry(target.ports)} under {path_text(egress.path)}.cidrs"
        return Remedy("a name shows on TCP alone", todo, (*egress.path, "cidrs"))
    listed = [
        domain for domain in egress.domains if host_names.contains(host_names.names_of([domain.pattern]), target.host)
    ]
    why = "no entry of the catalog grants this name"
    if any(domain.pattern == f"*.{target.host}" for domain in egress.domains):
        why = f"*.{target.host} is one or more labels below {target.host}, never {target.host} itself"
    if listed:
        return _other_port(listed[0], egress.path, target)
    plain = target.ports == _HTTPS
    key: Path = (*egress.path, "domains")
    if plain and fence.kind == "server":
        key = ("servers", fence.name, f"{fence.runtime}Config", "egressDomains")
    entry = target.host if plain else f"{{name: {target.host}, ports: {ports_entry(target.ports)}}}"
    todo = f"add {entry} to {path_text(key)}"
    if view.catalog.provider == "none":
        opens = view.catalog.unenforced_domains == "internet"
        todo += ", which opens every public address on that port" if opens else ", which needs an egress.provider too"
    return Remedy(why, todo, key)


def _other_port(domain: Domain, path: Path, target: Target) -> Remedy:
    """A name that is listed already, on other ports."""
    why = f"{path_text(domain.path)} grants it on {ports_text(domain.ports)} alone"
    ports = ports_entry((*domain.ports, *target.ports))
    if "domains" in domain.path:
        return Remedy(why, f"write ports: {ports} there", domain.path)
    key = (*path, "domains")
    return Remedy(why, f"move it to {path_text(key)} as {{name: {domain.pattern}, ports: {ports}}}", key)


def _address(view: View, fence: Fence, target: Target) -> Remedy:
    """Remedies for addresses; of several the first that has a reason stands for all."""
    catalog, egress = view.catalog, view.egress(fence)
    address = target.addresses[0][0]
    endpoint = metadata_reason(address)
    if endpoint:
        return _metadata(view, fence, target, endpoint)
    if family(address) not in catalog.cluster.families:
        missing = f"IPv{family(address)}"
        todo = f"add {missing} to cluster.ipFamilies, then list the address"
        return Remedy(f"cluster.ipFamilies has no {missing}", todo, ("cluster", "ipFamilies"))
    if contains(catalog.cluster.control_plane, address) and target.ports[0].first in _API_PORTS:
        todo = f"write {path_text(egress.path)}.kubernetesAPI: true"
        return Remedy("it is an address of the API server", todo, (*egress.path, "kubernetesAPI"))
    rows = reasons_against(address, catalog)
    why = "no entry of the catalog grants this address"
    if rows:
        why = "; ".join(f"{row.cidr} is blocked: {row.why} ({row.source})" for row in rows)
    resolver = ""
    if rows and target.ports[0].first == PROFILES[catalog.cluster.profile].dns_port:
        resolver = "; if it is the cluster's resolver, write it under dns.clusterIP or dns.peers"
    if any(row.source in ("cluster.cidrs.pods", "cluster.cidrs.services") for row in rows):
        todo = f"list the back-end under {path_text(egress.path)}.services, by the labels and ports of its pods"
        return Remedy(why, todo + resolver, (*egress.path, "services"))
    text = ", ".join(f"{{cidr: {text}, ports: {ports_entry(target.ports)}}}" for text in cidrs(target.addresses)[:3])
    return Remedy(why, f"add {text} to {path_text(egress.path)}.cidrs{resolver}", (*egress.path, "cidrs"))


def _metadata(view: View, fence: Fence, target: Target, endpoint: str) -> Remedy:
    """Nothing opens a metadata endpoint, but for the credential endpoint of the profile."""
    profile = PROFILES[view.catalog.cluster.profile]
    address, path = target.addresses[0][0], view.egress(fence).path
    why = f"a metadata endpoint: {endpoint}"
    for text, ports in profile.identity:
        if contains((parse_cidr(text),), address):
            if set(target.ports) <= set(ports):
                return Remedy(why, f"write {path_text(path)}.cloudIdentity: true", (*path, "cloudIdentity"))
            return Remedy(why, f"nothing can: cloudIdentity opens it on {ports_text(ports)} alone")
    return Remedy(why, "nothing can: metadata endpoints are cut out of everything that a catalog grants")


# --- pods ---


def _pods(view: View, fence: Fence, target: Target) -> Remedy:
    egress = view.egress(fence)
    server = next((s.name for s in view.fences if s.kind == "server" and is_of(target.pods[0], s)), "")
    if server and fence.kind == "server":
        why = f"they are the pods of server {server}"
        return Remedy(why, "nothing can: servers do not call each other; a workload may, with egress.servers")
    if server:
        key = (*egress.path, "servers")
        if server in called_servers(view.catalog, egress):
            own = view.catalog.servers[server].port
            return Remedy(f"{path_text(key)} opens server {server} on its own port", f"nothing can, but on port {own}")
        return Remedy(f"server {server} is not among {path_text(key)}", f"add {server} to {path_text(key)}", key)
    client = view.catalog.clients.get(target.name) if target.kind == "client" else None
    if client is not None and fence.kind == "server" and target.ports[0].protocol == "TCP":
        return _callback(view, fence, target)
    pods = target.pods[0]
    name = target.name or (pods.selector.labels[0][1] if pods.selector.labels else pods.namespace)
    which = f"{selector_entry(pods.selector)}, ports: {ports_entry(target.ports)}"
    entry = f"{{name: {name}, namespace: {pods.namespace}, {which}}}"
    key = (*egress.path, "services")
    return Remedy("no services entry grants these pods on that port", f"add {entry} to {path_text(key)}", key)


def _callback(view: View, fence: Fence, target: Target) -> Remedy:
    """Servers reach clients that may call them, on the callbackPort."""
    client, ingress = view.catalog.clients[target.name], view.ingress(fence)
    key: Path = (*client.path, "callbackPort")
    if ingress.clients is not None and client.name not in ingress.clients:
        key = (*ingress.path, "from")
        return Remedy("only clients that may call it are called back", f"add {client.name} to {path_text(key)}", key)
    given = f"is {client.callback_port}" if client.callback_port else "is not written"
    return Remedy(f"{path_text(key)} {given}", f"write {path_text(key)}: {target.ports[0].first}", key)


def is_of(pods: PodSet, fence: Fence) -> bool:
    """Whether the pods are those of a fence."""
    return pods.namespace == fence.namespace and any(covers(one, pods.selector) for one in fence.selectors)
