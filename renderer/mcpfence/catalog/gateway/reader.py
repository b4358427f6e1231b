"""From the `gateway` keys of a catalog to a `Gateway`, and a `Registration` for each server that has a gateway key."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from mcpfence.catalog.fields import has_template, read_name
from mcpfence.catalog.gateway.auth_reader import read_auth
from mcpfence.catalog.gateway.fields import read_hostname, read_object_name, read_secret_name
from mcpfence.catalog.gateway.hard_rules import check_rules
from mcpfence.catalog.gateway.model import Auth, Extension, Gateway, Listener, Registration, ToolsList, VirtualServer
from mcpfence.catalog.gateway.registration_reader import read_registration
from mcpfence.catalog.gateway.warnings import remark
from mcpfence.catalog.model import Catalog
from mcpfence.findings.finding import Collector, Path, quote
from mcpfence.net.ports import LAST_PORT

Raw = Mapping[str, Any]

_AT: Path = ("gateway",)
_PRIVATE = re.compile(r"(?:https?://)?[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?(?::[0-9]{1,5})?\Z")
_NO_AUTH = Auth("none", "", "", tool_roles=True, exchange=None, path=(*_AT, "auth"))


def read_gateway(catalog: Catalog, raw: Raw, out: Collector) -> Catalog:
    """The catalog with its gateway and its registrations; hard rules of the gateway are checked, remarks made."""
    written = {name: item for name, item in (raw.get("servers") or {}).items() if "gateway" in item}
    keys = raw.get("gateway") or {}
    if keys.get("provider", "none") == "none":
        for name in sorted(written):
            sentence = "the server is to be registered, and no gateway is declared"
            out.add("gateway-missing", ("servers", name, "gateway"), sentence, "write gateway.provider: kuadrant")
        return catalog
    gateway = _read(keys, out)
    servers = dict(catalog.servers)
    for name in sorted(written):
        server = servers[name]
        found = read_registration(written[name], server, gateway, catalog.namespace, out)
        servers[name] = server._replace(gateway=found)
    catalog = catalog._replace(gateway=gateway, servers=servers)
    check_rules(catalog, gateway, registrations(catalog), out)
    if not out.failed:
        remark(catalog, gateway, registrations(catalog), out)
    return catalog


def registrations(catalog: Catalog) -> list[Registration]:
    """Every registration, ordered by name."""
    return [server.gateway for server in catalog.servers.values() if server.gateway is not None]


def _read(raw: Raw, out: Collector) -> Gateway:
    """The root's keys; the structure has been judged before."""
    name, namespace = raw.get("name", "mcp-gateway"), raw.get("namespace", "gateway-system")
    # The name becomes a label of the Gateway's pods, so it is held to a label's form.
    read_name(name, (*_AT, "name"), "the Gateway's name", out)
    read_name(namespace, (*_AT, "namespace"), "the namespace", out)
    read_object_name(raw.get("gatewayClassName", "istio"), (*_AT, "gatewayClassName"), "the GatewayClass", out)
    section = raw.get("sectionName", "mcp")
    public = raw.get("publicHost", "")
    if public:
        read_hostname(public, (*_AT, "publicHost"), out)
    listeners = _read_listeners(raw.get("listeners") or (), public, out)
    if not public:
        public = next((item.hostname for item in listeners if item.name == section and "*" not in item.hostname), "")
    authorino = raw.get("authorinoNamespace", "kuadrant-system")
    read_name(authorino, (*_AT, "authorinoNamespace"), "the namespace", out)
    if raw.get("create", False) and "type" not in (raw.get("auth") or {}):
        sentence = "a Gateway is created, and nothing says who may call the servers behind it"
        todo = "write auth.type: oidc or tokenExchange, or auth: {type: none} to let everybody call them who reaches it"
        out.add("gateway-auth", (*_AT, "auth"), sentence, todo)
    allowed = raw.get("allowedNamespaces") or ()
    for i, item in enumerate(allowed):
        read_name(item, (*_AT, "allowedNamespaces", i), "the namespace", out)
    return Gateway(
        provider=raw["provider"],
        name=name,
        namespace=namespace,
        version=raw.get("apiVersion", "v1"),
        create=raw.get("create", False),
        gateway_class=raw.get("gatewayClassName", "istio"),
        public_host=public,
        section=section,
        server_section=raw.get("serverSectionName", "mcps"),
        listeners=listeners,
        allowed_namespaces=tuple(sorted(set(allowed))),
        extension=_read_extension(raw.get("extension") or {}, out),
        auth=read_auth(raw.get("auth") or {}, _NO_AUTH, (*_AT, "auth"), out),
        tools_list=_read_tools_list(raw.get("toolsList") or {}, out),
        authorino_namespace=authorino,
        virtual_servers=tuple(
            _read_virtual(key, item, out) for key, item in sorted((raw.get("virtualServers") or {}).items())
        ),
    )


def _read_listeners(raw: Any, public: str, out: Collector) -> tuple[Listener, ...]:
    """The listeners as written; without any, the two that Kuadrant's own installation has."""
    at = (*_AT, "listeners")
    if not raw:
        return (
            Listener("mcp", public, 8080, "HTTP", (), at),
            Listener("mcps", "*.mcp.local", 8080, "HTTP", (), at),
        )
    found = []
    for i, item in enumerate(raw):
        path = (*at, i)
        read_name(item["name"], (*path, "name"), "the listener's name", out)
        port = item.get("port", 8080)
        if not 1 <= port <= LAST_PORT:
            out.add("port-bad", (*path, "port"), f"{quote(port)} is outside 1 to 65535", "write a port of that range")
        certificates = tuple(
            read_secret_name(text, (*path, "certificates", j), out)
            for j, text in enumerate(item.get("certificates") or ())
        )
        hostname = read_hostname(item["hostname"], (*path, "hostname"), out)
        found.append(Listener(item["name"], hostname, port, item.get("protocol", "HTTP"), certificates, path))
    return tuple(found)


def _read_extension(raw: Raw, out: Collector) -> Extension:
    at = (*_AT, "extension")
    name, namespace = raw.get("name", "mcp-gateway"), raw.get("namespace", "mcp-system")
    read_name(name, (*at, "name"), "the MCPGatewayExtension's name", out)
    read_name(namespace, (*at, "namespace"), "the namespace", out)
    store = raw.get("sessionStore", "")
    if store:
        read_secret_name(store, (*at, "sessionStore"), out)
    seconds = raw.get("backendPingIntervalSeconds", 60)
    if not 10 <= seconds <= 7200:
        sentence = f"{quote(seconds)} is outside 10 to 7200"
        out.add("gateway-extension", (*at, "backendPingIntervalSeconds"), sentence, "write a number of that range")
    return Extension(
        create=raw.get("create", False),
        name=name,
        namespace=namespace,
        private_host=_read_private_host(raw.get("privateHost", ""), (*at, "privateHost"), out),
        session_store=store,
        ping_seconds=seconds,
        log_level=raw.get("logLevel", "info"),
    )


def _read_private_host(text: str, path: Path, out: Collector) -> str:
    """HOST[:PORT] by which the broker calls the Gateway, with https:// before it where the listener has TLS."""
    if text and not has_template(text, path, out) and not _PRIVATE.match(text):
        todo = "write HOST:PORT, with https:// before it where the listener has TLS"
        out.add("gateway-extension", path, "is no host that can be called", todo)
    return text


def _read_tools_list(raw: Raw, out: Collector) -> ToolsList | None:
    at = (*_AT, "toolsList")
    keys = ("privateKeySecret", "publicKeySecret")
    given = [key for key in keys if raw.get(key)]
    if not given:
        return None
    for key in keys:
        if key in given:
            read_secret_name(raw[key], (*at, key), out)
        else:
            sentence = "the list of tools is filtered with a key pair, and one half of it is not named"
            out.add("gateway-auth", at, sentence, f"write gateway.toolsList.{key}")
    return ToolsList(raw.get(keys[0]) or "", raw.get(keys[1]) or "")


def _read_virtual(name: str, raw: Raw, out: Collector) -> VirtualServer:
    path = (*_AT, "virtualServers", name)
    read_name(name, path, "the virtual server's name", out)
    return VirtualServer(
        name=name,
        description=raw.get("description", ""),
        tools=tuple(sorted(set(raw["tools"]))),
        prompts=tuple(sorted(set(raw.get("prompts") or ()))),
        path=path,
    )
