"""The egress half of the catalog: names, cidrs, services, registries and the rules between them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from mcpfence.catalog.fields import (
    NO_ADDRESSES,
    read_cidr,
    read_cidrs,
    read_excepts,
    read_host,
    read_name,
    read_ports,
    read_selector,
)
from mcpfence.catalog.model import Cidr, Domain, Egress, Registries, Service
from mcpfence.findings.finding import Collector, Path, quote
from mcpfence.net.ports import Ports, tcp

Raw = Mapping[str, Any]

HTTPS: Ports = tcp(443)
_NOTHING: Raw = {}
_LISTS = frozenset(("egressDomains", "domains", "cidrs", "services"))


def read_egress(raw: Raw, config: Raw, path: Path, key: str, families: frozenset[int], out: Collector) -> Egress:
    """The egress of a server (`config` is its runtime's) or a workload, in the terms in which it was written."""
    egress = raw.get("egress") or _NOTHING
    at = (*path, "egress")
    domains = [
        *_read_names(config.get("egressDomains"), (*path, key, "egressDomains"), out),
        *_read_names(egress.get("egressDomains"), (*at, "egressDomains"), out),
        *_read_domains(egress.get("domains"), (*at, "domains"), families, out),
    ]
    registries = egress.get("registries", "inherit")
    deny_all = config.get("denyAllEgress") is True or egress.get("denyAllEgress") is True
    result = Egress(
        path=at,
        deny_all=deny_all,
        domains=tuple(domains),
        cidrs=_read_cidr_entries(egress.get("cidrs"), (*at, "cidrs"), families, out),
        services=tuple(
            read_service(item, (*at, "services", i), families, out) for i, item in enumerate(egress.get("services", ()))
        ),
        listed="egressDomains" in config or not _LISTS.isdisjoint(egress),
        registries=None
        if registries == "inherit"
        else Registries()
        if registries == "none"
        else read_registries(registries, (*at, "registries"), families, out),
        default=egress.get("default"),
        cloud_identity=egress.get("cloudIdentity", False),
        kubernetes_api=egress.get("kubernetesAPI", False),
        dns={"auto": None}.get(egress.get("dns", "auto"), egress.get("dns")),
        servers=_read_servers(egress.get("servers", ())),
    )
    for source, where in ((config, (*path, key)), (egress, at)):
        if "denyAllEgress" in source:
            _check_deny_all(source["denyAllEgress"], result, registries, (*where, "denyAllEgress"), out)
    if result.default == "internet" and result.domains:
        sentence = "a list of names and the stance internet contradict each other: internet is every public address"
        out.add("internet-with-domains", (*at, "default"), sentence, "remove the names or default: internet")
    return result


def _read_servers(value: Any) -> Any:
    return "all" if value == "all" else tuple(dict.fromkeys(value))


def _check_deny_all(value: bool, egress: Egress, registries: Any, path: Path, out: Collector) -> None:
    if not value:
        if not egress.deny_all:
            todo = "write egress.default: internet if it shall reach every public address, or list what it reaches"
            out.add("deny-all-false", path, "denyAllEgress: false says nothing here", todo)
        return
    given = {
        "domains": egress.domains,
        "cidrs": egress.cidrs,
        "services": egress.services,
        "registries": isinstance(registries, Sequence) and not isinstance(registries, str) and registries,
        "cloudIdentity": egress.cloud_identity,
        "kubernetesAPI": egress.kubernetes_api,
        "servers": egress.servers,
        "dns: true": egress.dns is True,
        "default: internet": egress.default == "internet",
    }
    found = [name for name, there in given.items() if there]
    if found:
        sentence = f"denyAllEgress: true contradicts {', '.join(found)}"
        out.add("deny-all-with-destinations", path, sentence, "remove denyAllEgress or the destinations")


def _check_wildcard(host: str, path: Path, out: Collector) -> bool:
    """Refuse a wildcard on a public suffix, warn of one on a zone that many customers share."""
    base = host.removeprefix("*.")
    if base == host:
        return True
    from mcpfence.net.public_suffixes import wildcard_base  # here, so that a catalog without wildcards does without

    section = wildcard_base(base)
    if section == "icann":
        sentence = f"{quote(host)} is a wildcard on a public suffix"
        out.add("host-public-suffix", path, sentence, "write the domain that you mean")
    if section == "private":
        sentence = f"anybody can have a host below {base}, so {quote(host)} is a way out"
        out.add("wildcard-multi-tenant", path, sentence, "name the hosts that the server needs")
    return section != "icann"


def _read_names(texts: Sequence[str] | None, path: Path, out: Collector) -> list[Domain]:
    found = []
    for i, text in enumerate(texts or ()):
        host = read_host(text, (*path, i), out)
        if host is not None and _check_wildcard(host, (*path, i), out):
            found.append(Domain(host, HTTPS, (*path, i)))
    return found


def _read_domains(items: Sequence[Any] | None, path: Path, families: frozenset[int], out: Collector) -> list[Domain]:
    found = []
    for i, item in enumerate(items or ()):
        domain = _read_domain(item, (*path, i), families, out)
        if domain is not None:
            found.append(domain)
    return found


def _read_domain(item: Any, path: Path, families: frozenset[int], out: Collector) -> Domain | None:
    if isinstance(item, str):
        host = read_host(item, path, out)
        return Domain(host, HTTPS, path) if host is not None and _check_wildcard(host, path, out) else None
    host = read_host(item["name"], (*path, "name"), out)
    ports = read_ports(item.get("ports"), (*path, "ports"), out, all_allowed=False, tcp_only=True)
    addresses = read_cidrs(item.get("addresses") or (), (*path, "addresses"), families, out)
    if host is None or not _check_wildcard(host, (*path, "name"), out):
        return None
    return Domain(host, ports or HTTPS, path, addresses)


def _read_cidr_entries(
    items: Sequence[Raw] | None, path: Path, families: frozenset[int], out: Collector
) -> tuple[Cidr, ...]:
    found = []
    for i, item in enumerate(items or ()):
        here = (*path, i)
        block = read_cidr(item["cidr"], (*here, "cidr"), families, out)
        excepts = read_excepts(item.get("except") or (), block, (*here, "except"), out)
        ports = read_ports(item.get("ports"), (*here, "ports"), out, all_allowed=True)
        if "ports" not in item:
            out.add("ports-missing", here, f"cidr {quote(item['cidr'])} has no ports", _PORTS_TODO)
        if block != NO_ADDRESSES and ports:
            found.append(Cidr(block, excepts, ports, here))
    return tuple(found)


_PORTS_TODO = "list the ports, or write ports: all for every protocol and port"


def read_service(item: Raw, path: Path, families: frozenset[int], out: Collector) -> Service:
    """One entry of services; what the Service object must say is left to the plan."""
    mode = item.get("mode", "selector")
    read_name(item["name"], (*path, "name"), "the service's name", out)
    if "namespace" in item:
        read_name(item["namespace"], (*path, "namespace"), "the namespace", out)
    for key, owner in (("podSelector", "selector"), ("cidrs", "cidr")):
        if key in item and mode != owner:
            out.add("service-key", (*path, key), f"{key} does not belong to mode {mode}", f"write mode: {owner}")
            mode = item.get("mode", owner)  # what was meant, so that the slip is one finding
    if mode == "cidr" and not item.get("cidrs"):
        out.add("service-key", path, "mode cidr needs cidrs", "list the addresses of the back-end")
    if mode != "selector" and "ports" not in item:
        out.add("ports-missing", path, f"service {quote(item['name'])} in mode {mode} has no ports", _PORTS_TODO)
    selector = None
    if "podSelector" in item:
        selector = read_selector(item["podSelector"], (*path, "podSelector"), out)
    return Service(
        item["name"],
        item.get("namespace"),
        mode,
        selector,
        read_cidrs(item.get("cidrs") or (), (*path, "cidrs"), families, out),
        read_ports(item.get("ports"), (*path, "ports"), out, all_allowed=True),
        path,
    )


def read_registries(items: Sequence[Any], path: Path, families: frozenset[int], out: Collector) -> Registries:
    """Registry entries: those with a namespace or a mode are services, all others are names."""
    domains, services = [], []
    for i, item in enumerate(items):
        here = (*path, i)
        if isinstance(item, Mapping) and ("namespace" in item or "mode" in item):
            if "addresses" in item:
                todo = "write mode: cidr with cidrs, or remove namespace and mode"
                out.add("registry-mixed", here, "is a service and has addresses", todo)
                continue
            services.append(read_service(item, here, families, out))
            continue
        for key in ("podSelector", "cidrs"):
            if isinstance(item, Mapping) and key in item:
                todo = "write namespace or mode beside it"
                out.add("registry-mixed", here, f"is a name and has {key}", todo)
        domain = _read_domain(item, here, families, out)
        if domain is not None:
            domains.append(domain)
    return Registries(tuple(domains), tuple(services))
