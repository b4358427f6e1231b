"""One server's `gateway` key: what becomes of it at the gateway, or why it cannot be registered."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from mcpfence.catalog.fields import has_template, read_name
from mcpfence.catalog.gateway.auth_reader import read_auth
from mcpfence.catalog.gateway.fields import (
    read_endpoint,
    read_hostname,
    read_https,
    read_remote_host,
    read_secret,
    split_url,
)
from mcpfence.catalog.gateway.model import Backend, Gateway, Registration, Users
from mcpfence.catalog.model import Server
from mcpfence.findings.finding import Collector, Path, quote
from mcpfence.net.ports import LAST_PORT

Raw = Mapping[str, Any]

SERVICE_PORT = 80
"""The port of the Service that mcpfence makes for a server that it runs."""

_PREFIX = re.compile(r"[a-z0-9][a-z0-9_]*\Z")
_EVERYBODY = ("system:anonymous", "system:authenticated", "system:serviceaccounts", "system:unauthenticated")


def read_registration(
    raw: Raw, server: Server, gateway: Gateway, namespace: str, out: Collector
) -> Registration | None:
    """The registration of a server; None after an error that leaves nothing to register."""
    keys, path = raw["gateway"], (*server.path, "gateway")
    backend = _backend(raw, server, out)
    if backend is None:
        return None
    hostname, section = _place(keys, server, backend, gateway, out)
    credential, ca = keys.get("credentialRef"), keys.get("caCertSecretRef")
    elicitation = keys.get("tokenURLElicitation")
    return Registration(
        name=server.name,
        namespace=namespace,
        prefix=_prefix(keys, server.name, path, out),
        endpoint=_endpoint(keys, server, out),
        hostname=hostname,
        section=section,
        backend=backend,
        auth=read_auth(keys["auth"], gateway.auth, (*path, "auth"), out) if keys.get("auth") else gateway.auth,
        path=path,
        credential=read_secret(credential, "token", (*path, "credentialRef"), out) if credential else None,
        ca=read_secret(ca, "ca.crt", (*path, "caCertSecretRef"), out) if ca else None,
        state=keys.get("state", "Enabled"),
        category=_texts(keys, "category", 3, path, out),
        hint=_text(keys.get("hint", ""), 256, (*path, "hint"), out),
        tags=_texts(keys, "tags", 10, path, out),
        per_user=keys.get("userSpecificList", "Disabled") == "Enabled",
        elicitation=None if elicitation is None else _elicitation(elicitation, path, out),
        users=_users(keys["kubernetesUsers"], (*path, "kubernetesUsers"), out) if "kubernetesUsers" in keys else None,
    )


def _prefix(keys: Raw, name: str, path: Path, out: Collector) -> str:
    """The prefix of the server's tools; by default its name, in which no underscore can be, so no two are the same."""
    prefix = keys.get("prefix", f"{name.replace('-', '_')}_")
    at = (*path, "prefix")
    if has_template(prefix, at, out):
        return str(prefix)
    if not prefix or len(prefix) > 63 or not _PREFIX.match(prefix):
        if "-" in prefix:
            todo = f"write {prefix.replace('-', '_')}"[:90]
        else:
            todo = "write 1 to 63 lower-case letters, digits and _, not beginning with _"
        out.add("gateway-prefix", at, f"{quote(prefix)} is no prefix that the gateway takes", todo)
    return str(prefix)


def _endpoint(keys: Raw, server: Server, out: Collector) -> str:
    """The HTTP path.  That of a URL never leaves the values file, since it may be a credential."""
    path = (*server.path, "gateway")
    if "path" in keys:
        return read_endpoint(keys["path"], (*path, "path"), out)
    if server.runtime == "remote":
        sentence = "the path of the URL is not taken over, since paths often are credentials"
        out.add("gateway-path", path, sentence, "write path with the HTTP path of the MCP endpoint, such as /mcp")
    return "/mcp"


# --- where the gateway sends its calls ---


def _backend(raw: Raw, server: Server, out: Collector) -> Backend | None:
    keys, path = raw["gateway"], (*server.path, "gateway")
    if server.runtime == "composite":
        sentence = "a composite server only groups others and has no endpoint"
        out.add("gateway-url", path, sentence, "register its components, and make a virtual server of their tools")
        return None
    if server.runtime == "remote":
        if "service" in keys:
            sentence = "a remote server is reached by its URL, not by a Service"
            out.add("gateway-key", (*path, "service"), sentence, "remove it")
        return _remote(raw, server, out)
    if "backend" in keys:
        sentence = "a server that runs here is reached by its Service"
        out.add("gateway-key", (*path, "backend"), sentence, "remove it")
    return _hosted(keys, server, path, out)


def _hosted(keys: Raw, server: Server, path: Path, out: Collector) -> Backend | None:
    service = keys.get("service")
    if service is None:
        if server.run is not None:
            return Backend("Service", server.name, SERVICE_PORT)
        sentence = "mcpfence does not run this server, so it does not know its Service"
        todo = (
            "write service: {name: SERVICE, port: PORT} of the servers' namespace, or let mcpfence run it (run: true)"
        )
        out.add("gateway-service", path, sentence, todo)
        return None
    read_name(service["name"], (*path, "service", "name"), "the Service", out)
    port = service.get("port", SERVICE_PORT)
    if not 1 <= port <= LAST_PORT:
        at = (*path, "service", "port")
        out.add("port-bad", at, f"{quote(port)} is outside 1 to 65535", "write a port of that range")
    return Backend("Service", service["name"], port)


def _remote(raw: Raw, server: Server, out: Collector) -> Backend | None:
    path = (*server.path, "gateway")
    config = raw.get("remoteConfig") or {}
    if not config.get("fixedURL"):
        sentence = "the server does not run here and has no fixed URL, so there is nothing to register"
        out.add("gateway-url", path, sentence, "write remoteConfig.fixedURL, or remove the gateway key")
        return None
    url = config["fixedURL"]
    found = split_url(url)
    at = (*server.path, "remoteConfig", "fixedURL")
    if found is None:
        if "{" not in url and "$" not in url:
            sentence = "the URL cannot be read or has a user name"
            out.add("gateway-url", at, sentence, "write https://HOST[:PORT]/PATH")
        return None
    scheme, host, port = found
    legacy = raw["gateway"].get("backend", "Hostname") == "ExternalName"
    if scheme == "http" and not legacy:
        sentence = "the URL is plain HTTP, and the gateway calls a Hostname back-end over HTTPS always"
        todo = "write an https URL, or backend: ExternalName for the old way with its own listener (docs/gateways.md)"
        out.add("gateway-url", at, sentence, todo)
        return None
    if scheme == "https" and legacy:
        sentence = "an ExternalName back-end is for plain HTTP, and the URL is https"
        out.add("gateway-key", (*path, "backend"), sentence, "remove it")
        return None
    name = read_remote_host(host, at, out)
    return None if name is None else Backend("ExternalName" if legacy else "Hostname", name, port)


def _place(keys: Raw, server: Server, backend: Backend, gateway: Gateway, out: Collector) -> tuple[str, str]:
    """Hostname and listener of the route.

    An ExternalName back-end is called by its own name at the gateway too: with another hostname the route and its
    policy are passed by (Kuadrant's issue 389).
    """
    path = (*server.path, "gateway")
    if backend.kind == "ExternalName":
        if keys.get("hostname", backend.name) != backend.name:
            sentence = f"an ExternalName back-end has the hostname {backend.name} at the gateway too"
            out.add("gateway-hostname", (*path, "hostname"), sentence, "remove it")
        found = next((item.name for item in gateway.listeners if item.hostname == backend.name), None)
        if found is None:
            sentence = f"an ExternalName back-end needs a listener of the Gateway with the hostname {backend.name}"
            todo = f"add {{name: {server.name}, hostname: {backend.name}, port: PORT}} to gateway.listeners"
            out.add("gateway-listener", path, sentence, todo)
            return "", gateway.server_section
        return backend.name, found
    listener = gateway.listener(gateway.server_section)
    base = listener.hostname if listener else "*.mcp.local"
    if "hostname" in keys:
        return read_hostname(keys["hostname"], (*path, "hostname"), out), gateway.server_section
    name = f"{server.name}.{base.removeprefix('*.')}" if base.startswith("*.") else base
    if not name:  # the listener's hostname was none, which has been said
        return "", gateway.server_section
    return read_hostname(name, path, out), gateway.server_section


# --- small things ---


def _text(text: str, limit: int, path: Path, out: Collector) -> str:
    if len(text) > limit:
        out.add("gateway-text", path, f"is {len(text):,} characters long", f"write at most {limit}")
    return text


def _texts(keys: Raw, key: str, most: int, path: Path, out: Collector) -> tuple[str, ...]:
    texts = tuple(sorted(set(keys.get(key) or ())))
    if len(texts) > most:
        out.add("gateway-text", (*path, key), f"has {len(texts)} entries", f"write at most {most}")
    for i, text in enumerate(keys.get(key) or ()):
        if not text.strip():
            out.add("text-empty", (*path, key, i), "is empty", "remove it")
        _text(text, 128, (*path, key, i), out)
    return texts


def _elicitation(raw: Raw, path: Path, out: Collector) -> str:
    url = raw.get("url", "")
    return read_https(url, (*path, "tokenURLElicitation", "url"), out) if url else ""


def _users(raw: Raw, path: Path, out: Collector) -> Users:
    """Who may read which namespaces; names that stand for everybody are refused."""
    for i, name in enumerate(raw["namespaces"]):
        read_name(name, (*path, "namespaces", i), "the namespace", out)
    subjects = [(key, i, name) for key in ("users", "groups") for i, name in enumerate(raw.get(key) or ())]
    if not subjects:
        todo = "write users or groups as the API server sees them, with the prefix of its OIDC settings"
        out.add("gateway-users", path, "names nobody", todo)
    for key, i, name in subjects:
        if not name.strip():
            out.add("text-empty", (*path, key, i), "is empty", "remove it")
        elif name in _EVERYBODY:
            who = "every pod of the cluster" if "accounts" in name else "everybody who can reach the API server"
            sentence = f"{quote(name)} is {who}"
            out.add("gateway-users", (*path, key, i), sentence, "name the users or a group of them")
    return Users(
        tuple(sorted(set(raw["namespaces"]))),
        tuple(sorted(set(raw.get("users") or ()))),
        tuple(sorted(set(raw.get("groups") or ()))),
    )
