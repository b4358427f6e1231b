"""ToolHive's permission profiles: one model in its registries, in the upstream format and in profiles of the operator.

    network:                                  egressDomains: [github.com, "*.github.com"]
      outbound:
        allow_host: [.github.com]
        allow_port: [443]

As ToolHive's proxies read it (stacklok/toolhive, pkg/container/docker: squid, envoy): hosts and ports are a cross
product; a leading dot is the domain itself and every depth below it; insecure_allow_all makes the lists beside it
void; an outbound that lists nothing denies everything; a profile without network, or no profile, allows everything.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from mcpfence.imports.shared.destinations import Destination, egress_keys, read_destination, shown
from mcpfence.imports.shared.format import FieldRow, ImportContext, State
from mcpfence.imports.shared.source import Node
from mcpfence.structs import Struct

HTTPS = (443,)
_MACHINE = ("host.docker.internal", "gateway.docker.internal", "host.containers.internal", "172.17.0.1")


class Granted(Struct):
    """What a profile comes to: the state, the catalog's keys for it, and words for the comment."""

    state: State
    keys: dict[str, Any]
    told: tuple[str, ...] = ()


def rows(prefix: str) -> tuple[FieldRow, ...]:
    """The fields of a profile below `prefix`, for the mapping."""
    at = f"{prefix}.network"
    return (
        FieldRow(
            f"{at}.outbound.allow_host",
            "egressDomains, egress.domains, egress.cidrs",
            "each host on each port of allow_port (absent: 443 alone); .example.com becomes example.com and "
            "*.example.com; localhost and the host of the containers are dropped; no host and no port: denyAllEgress",
        ),
        FieldRow(
            f"{at}.outbound.allow_port", "egress.domains[].ports", "alone (any host on these ports): grants nothing"
        ),
        FieldRow(
            f"{at}.outbound.insecure_allow_all",
            "",
            "nothing is written, so egress.default of the catalog holds; the lists beside it are void in ToolHive too",
        ),
        FieldRow(f"{at}.outbound.allow_transport", "", "gone from ToolHive; names are TCP here"),
        FieldRow(
            f"{at}.mode", "", "none: denyAllEgress; host: a warning, since no policy fences pods on the host's network"
        ),
        FieldRow(f"{at}.inbound", "", "who may call is said under clients and ingress"),
        *(FieldRow(f"{prefix}.{key}", "", "") for key in ("read", "write", "name", "privileged")),
    )


def read_permissions(profile: Node | None, config: str, context: ImportContext) -> Granted:
    """What a profile grants to a server whose settings stand under `config`; None: it has no profile."""
    network = profile.mapping("network") if profile else None
    if network is None:
        return Granted(State.UNDECLARED, {})
    if (mode := network.text("mode")) == "host" and (where := network.get("mode")):
        sentence = "puts the server on the host's network, where no NetworkPolicy holds"
        context.say("import-narrowed", where, sentence, "run it in the pod's own network")
    outbound = network.mapping("outbound")
    if mode == "none" or outbound is None:
        return _nothing(config, "the network is closed there")
    hosts, ports = outbound.items("allow_host"), outbound.ports("allow_port")
    if outbound.flag("insecure_allow_all"):
        return _open(outbound, hosts, ports, context)
    if (transport := outbound.get("allow_transport")) is not None:
        context.say("import-ignored", transport, "ToolHive has no transports any more", "names are TCP here")
    if not hosts and not ports:
        return _nothing(config, "outbound lists nothing, which denies everything there")
    if not hosts:
        where = outbound.get("allow_port") or outbound
        said = ", ".join(map(str, ports))
        sentence = f"allows every host on port {said}, which a catalog cannot say"
        todo = "imported as no host; list the hosts, or write egress.default: internet for every public address"
        context.say("import-narrowed", where, sentence, todo)
        return Granted(State.LISTED, egress_keys((), config), (f"any host on port {said}: imported as no host",))
    if not ports:
        where = outbound.get("allow_host") or outbound
        context.say(
            "import-narrowed", where, "lists hosts for every port", "imported with port 443; add others by hand"
        )
    found = [list(_destinations(host, ports or HTTPS, context)) for host in hosts]
    lost = sum(not items for items in found)
    said = f"allow_host: {len(hosts)} listed" + (f", {lost} of them not imported" if lost else "")
    return Granted(State.LISTED, egress_keys((item for items in found for item in items), config), (said,))


def _nothing(config: str, why: str) -> Granted:
    return Granted(State.NOTHING, {config: {"denyAllEgress": True}}, (f"{why}, so it reaches nothing at all",))


def _open(outbound: Node, hosts: Sequence[Node], ports: Sequence[int], context: ImportContext) -> Granted:
    """Every host; what stands beside it is void in ToolHive, and a hint at what the server needs."""
    void = " (the hosts and ports beside it are void there)" if hosts or ports else ""
    context.say_open(outbound.get("insecure_allow_all") or outbound, f"allows every host{void}")
    beside = [shown(item.value).strip('"') for item in hosts[:6] if isinstance(item.value, str)]
    beside += [f"port {port}" for port in ports]
    told = (f"a hint at what it needs, void in the source: {', '.join(beside)}",) if beside else ()
    return Granted(State.OPEN, {}, told)


def _destinations(host: Node, ports: tuple[int, ...], context: ImportContext) -> Iterator[Destination]:
    """The destinations of one entry of allow_host."""
    text = host.as_text().strip()
    if text == "*":
        sentence = f"{shown(text)} allows every host, which a list in a catalog cannot say"
        todo = "imported as no host; list the hosts, or write egress.default: internet for every public address"
        context.say("import-narrowed", host, sentence, todo)
        return
    if text.lower().rstrip(".") in _MACHINE:
        sentence = f"{shown(text)} is the machine that ToolHive runs on, which it denies before it looks at any list"
        context.say("import-ignored", host, sentence, "nothing to open: left out")
        return
    if text.startswith("*."):
        sentence = (
            f"{shown(text)} lets nothing pass in ToolHive's default proxy (squid), and {shown(text[2:])} and all below "
            "it in its other one (envoy)"
        )
        todo = f"imported as all below, without {shown(text[2:])} itself; remove it if the default holds for you"
        context.say("import-narrowed", host, sentence, todo)
    names = (text[1:], f"*.{text[1:]}") if text.startswith(".") and not text.startswith("..") else (text,)
    for name in names:
        destination = read_destination(name, ports, host, context)
        if destination is None:
            return
        yield destination
