"""What one server or workload may reach: its egress as written, turned into the allows and names of a fence."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

from mcpfence.catalog.model import Catalog, Domain, Egress, Service
from mcpfence.findings.finding import Collector, Path, path_text
from mcpfence.kube.selectors import Selector
from mcpfence.kube.services import ServiceIndex, Unresolved, mistaken_ports, ports_of, selector_of, service_of
from mcpfence.kube.yaml_entries import ports_entry
from mcpfence.net.addresses import cidrs
from mcpfence.net.intervals import Interval, intersect
from mcpfence.net.ports import Ports
from mcpfence.plan.cluster import ClusterFacts, listed_block, order_peers
from mcpfence.plan.fence import Allow, Block, Fence, Name, Pods, addresses_among
from mcpfence.structs import Struct


class Reached(Struct):
    """A service entry resolved to what it opens."""

    allow: Allow
    back_end: tuple[str, str, Selector] | None
    """Name, namespace and selector where it is pods by selector."""


def resolve_service(
    entry: Service, catalog: Catalog, facts: ClusterFacts, services: ServiceIndex, kind: str, out: Collector
) -> Reached | None:
    """What a services entry opens; None after an error."""
    source = path_text(entry.path)
    namespace = entry.namespace or catalog.namespace
    if entry.mode == "cidr":
        blocks = [_listed_text(block, facts, (*entry.path, "cidrs"), out) for block in entry.cidrs]
        found = [block for block in blocks if block is not None]
        if not found or entry.ports is None:
            return None
        return Reached(Allow(kind, order_peers(list(found)), entry.ports, source), None)
    if entry.mode == "namespace":
        if namespace == catalog.namespace:
            sentence = f"mode namespace on {namespace}, the fenced namespace, would open every server in it"
            out.add("service-own-namespace", entry.path, sentence, "write mode: selector with the back-end's labels")
            return None
        if entry.ports is None:
            return None
        _warn_of_service_ports(entry, namespace, services, out)
        return Reached(Allow(kind, (Pods(namespace, Selector()),), entry.ports, source), None)
    _warn_of_service_ports(entry, namespace, services, out)
    selector, ports = _pods(entry, namespace, services, out)
    if selector is None or ports is None:
        return None
    return Reached(Allow(kind, (Pods(namespace, selector),), ports, source), (entry.name, namespace, selector))


def _warn_of_service_ports(entry: Service, namespace: str, services: ServiceIndex, out: Collector) -> None:
    """Policies see pod ports: a port of the Service that is none opens nothing."""
    found = service_of(services, namespace, entry.name, entry.selector) if entry.ports else None
    if found is None or not entry.ports:
        return
    name, record = found
    selector = entry.selector or Selector(tuple(sorted(record.selector.items())))
    for listed, instead in mistaken_ports(record, entry.ports, selector, services.pods.get(namespace, ())):
        sentence = f"{listed} is the port of Service {namespace}/{name}, and no pod behind it listens there"
        out.add("service-port", (*entry.path, "ports"), sentence, f"write {instead}: policies see pod ports")


def _listed_text(block: Interval, facts: ClusterFacts, path: Path, out: Collector) -> Block | None:
    return listed_block(block, (), facts, path, cidrs((block,))[0], out)


def _pods(
    entry: Service, namespace: str, services: ServiceIndex, out: Collector
) -> tuple[Selector | None, Ports | None]:
    """Selector and pod ports: the catalog's words first, else the Service's."""
    selector, ports = entry.selector, entry.ports
    if selector is not None and ports is not None:
        return selector, ports
    missing = " and ".join(name for name, value in (("podSelector", selector), ("ports", ports)) if value is None)
    name = f"Service {namespace}/{entry.name}"
    todo = f"write {missing} here (ports are pod ports, the Service's targetPort)"
    record = services.services.get((namespace, entry.name))
    if record is None:
        sentence = f"has no {missing}, and {name} is not in the input"
        out.add("service-unresolved", entry.path, sentence, f"{todo}, or pass the Service with -f")
        return None, None
    try:
        selector = selector or selector_of(record)
        ports = ports or ports_of(record, selector, services.pods.get(namespace, ()))
    except Unresolved as why:
        out.add("service-unresolved", entry.path, f"{name} {why}", why.todo or todo)
        return None, None
    return selector, ports


def addresses_of(domain: Domain, facts: ClusterFacts, out: Collector) -> Allow | None:
    """The addresses of a domain entry as a cidr destination of their own."""
    path = (*domain.path, "addresses")
    found = [_listed_text(block, facts, path, out) for block in domain.addresses]
    peers = order_peers([block for block in found if block is not None])
    return Allow("address", peers, domain.ports, path_text(path)) if peers else None


def refuse_addressed(catalog: Catalog, egress: Egress, out: Collector) -> None:
    """Without an engine for names say of each name that has its addresses beside it what to write instead."""
    refused = catalog.provider == "none" and catalog.unenforced_domains == "refuse"
    for domain in (one for one in egress.domains if one.addresses and refused):
        ports = ports_entry(domain.ports)
        entries = ", ".join(f"{{cidr: {text}, ports: {ports}}}" for text in cidrs(domain.addresses))
        sentence = f"no engine for host names is chosen, and {domain.pattern} has its addresses beside it"
        todo = f"remove the entry, and write egress.cidrs: [{entries}]"
        out.add("domains-unenforced", domain.path, sentence, todo)


def all_addressed(fence: Fence) -> bool:
    """Whether each name of a fence has its addresses beside it."""
    beside = {allow.source for allow in fence.egress if allow.kind == "address"}
    return all(f"{name.source}.addresses" in beside for name in fence.names)


def listed_cidrs(egress: Egress, facts: ClusterFacts, out: Collector) -> list[Allow]:
    """The cidrs of an egress, each an allow of its own."""
    allows = []
    for entry in egress.cidrs:
        text = cidrs((entry.block,))[0]
        block = listed_block(entry.block, entry.excepts, facts, entry.path, text, out)
        if block is not None:
            allows.append(Allow("cidr", (block,), entry.ports, path_text(entry.path)))
    return allows


_ENTRIES = ("cidr", "address", "service", "registry", "internet")


def warn_reopened(egress: Egress, allows: Iterable[Allow], out: Collector) -> None:
    """An except subtracts inside its own entry only: say so where another entry grants the same addresses."""
    with_excepts = [entry for entry in egress.cidrs if entry.excepts]
    for allow in allows if with_excepts else ():
        if allow.kind not in _ENTRIES:
            continue
        granted = addresses_among(allow.peers)
        for entry in with_excepts:
            again = intersect(entry.excepts, granted)
            if again and allow.source != path_text(entry.path):
                sentence = f"the except {cidrs(again)[0]} is opened again by {allow.source}"
                todo = "an except subtracts only inside its own entry; cut it out of the other one too"
                out.add("except-reopened", entry.path, sentence, todo)


def names_of(domains: tuple[Domain, ...]) -> list[Name]:
    """Domain entries as names of a fence."""
    names, above, text = [], None, ""
    for domain in domains:
        *rest, last = domain.path
        if rest != above:  # entries of one list follow one another
            above, text = rest, path_text(tuple(rest))
        names.append(Name(domain.pattern, domain.ports, f"{text}[{last}]"))
    return names


@lru_cache(maxsize=64)
def registry_names(domains: tuple[Domain, ...]) -> tuple[Name, ...]:
    """The same of registries; kept, since many servers have the same ones."""
    return tuple(name._replace(registry=True) for name in names_of(domains))
