"""Destinations of a source as the catalog's egress keys: judged one by one, refused one by one, never widened.

A source that lists destinations gets a written list even if none of them is left, because a server without any list
would fall under the catalog's stance.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from mcpfence.findings.finding import quote
from mcpfence.imports.shared.format import ImportContext
from mcpfence.imports.shared.source import Node
from mcpfence.net.addresses import parse_cidr
from mcpfence.net.hosts import BadHost, parse_host
from mcpfence.net.public_suffixes import wildcard_base
from mcpfence.net.special_ranges import metadata, special
from mcpfence.structs import Struct

HTTPS = (443,)


class Destination(Struct):
    """A host name (or wildcard), or an address block, on TCP ports (each once, in order)."""

    host: str
    ports: tuple[int, ...]
    is_cidr: bool = False


def shown(text: str) -> str:
    """A foreign host or URL quoted for a message, without what may be a password in it."""
    return quote(re.sub(r"[?#].*", "?...", text[:4096], flags=re.DOTALL))


def read_destination(text: str, ports: Sequence[int], node: Node, context: ImportContext) -> Destination | None:
    """A host name, `*.` name or IP address as a destination; None, and a finding, where a catalog cannot have it."""
    wanted = tuple(sorted(set(ports)))
    address = _address(text)
    if address is not None:
        return _read_address(address, wanted, node, context)
    try:
        host = parse_host(text)
        if host.startswith("*.") and wildcard_base(host.removeprefix("*.")) == "icann":
            raise BadHost("host-public-suffix", "is a wildcard on a public suffix", "write the domain that you mean")
    except BadHost as bad:
        if bad.id == "host-localhost":
            context.say("import-ignored", node, f"{shown(text)} is the pod itself", "nothing to open: left out")
        else:
            refuse_destination(node, f"{shown(text)} {bad.sentence}", context)
        return None
    return Destination(host, wanted)


def refuse_destination(node: Node, sentence: str, context: ImportContext) -> None:
    """One destination is not imported; the server is, without it."""
    todo = "this destination was not imported; add what the server needs to its egress by hand"
    context.say("import-destination-refused", node, sentence, todo)


def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(text.strip("[]") if text.startswith("[") else text)
    except ValueError:
        return None


def _read_address(
    address: ipaddress.IPv4Address | ipaddress.IPv6Address, ports: tuple[int, ...], node: Node, context: ImportContext
) -> Destination | None:
    if address.is_loopback:
        context.say("import-ignored", node, f"{address} is the pod itself", "nothing to open: left out")
        return None
    cidr = f"{address}/{address.max_prefixlen}"
    try:
        first, _ = parse_cidr(cidr)
    except ValueError as bad:
        refuse_destination(node, f"{address} {str(bad).partition('; ')[0]}", context)
        return None
    if any(low <= first <= high for low, high in metadata()):
        refuse_destination(node, f"{address} is a metadata endpoint of a cloud", context)
        return None
    if address.is_multicast or address.is_unspecified:
        refuse_destination(node, f"{address} is no address of one host", context)
        return None
    if any(low <= first <= high for low, high in special()):
        sentence = f"opens {address}, which is no public address"
        context.say("import-private", node, sentence, "make sure that it is the host you mean in your network")
    return Destination(cidr, ports, is_cidr=True)


def egress_keys(destinations: Iterable[Destination], config: str) -> dict[str, Any]:
    """The keys of a server that lists exactly these destinations: `config` (containerizedConfig ...) and egress.

    Names on 443 alone stand under egressDomains; an empty list is written where nothing is left.
    """
    hosts: dict[tuple[str, bool], set[int]] = {}
    for item in destinations:
        hosts.setdefault((item.host, item.is_cidr), set()).update(item.ports)
    names = {host: sorted(ports) for (host, is_cidr), ports in sorted(hosts.items()) if not is_cidr}
    short = [host for host, ports in names.items() if tuple(ports) == HTTPS]
    long = [{"name": host, "ports": ports} for host, ports in names.items() if tuple(ports) != HTTPS]
    cidrs = [{"cidr": host, "ports": sorted(ports)} for (host, is_cidr), ports in sorted(hosts.items()) if is_cidr]
    keys: dict[str, Any] = {}
    if short or not (long or cidrs):
        keys[config] = {"egressDomains": short}
    egress = {key: value for key, value in (("domains", long), ("cidrs", cidrs)) if value}
    if egress:
        keys["egress"] = egress
    return keys


def merged(server: Mapping[str, Any], keys: Mapping[str, Any]) -> dict[str, Any]:
    """The server with further keys; those of its runtime's settings go into them."""
    result = dict(server)
    for key, value in keys.items():
        result[key] = {**result[key], **value} if isinstance(result.get(key), Mapping) else value
    return result
