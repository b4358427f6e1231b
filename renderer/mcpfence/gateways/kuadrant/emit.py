"""Kuadrant's MCP Gateway: an Envoy that calls the servers, and a broker that lists their tools.

One server of a catalog,

    servers:
      github: {runtime: containerized, run: true, gateway: {prefix: gh_, auth: {type: oidc, issuerUrl: https://...}}}

becomes an HTTPRoute `github` (github.mcp.local -> Service github:80), an MCPServerRegistration `github` that points at
it, and an AuthPolicy `github` on it.  In tokens and headers the server is called NAMESPACE/github.

What is odd about the gateway (facts on gateways, A1 to A5):
- It derives the server's URL from the route, so the route has exactly one hostname, one rule and one back-end.
- The registration, its route and its Secrets are in one namespace; targetRef.namespace is not looked at.
- An AuthPolicy is in the namespace of what it targets; the Secrets that it names are in Authorino's.
- Two kinds of pods call each server: Envoy for tools/call, the broker for discovery and pings (`callers`).
"""

from __future__ import annotations

from collections.abc import Iterator

from mcpfence.catalog.gateway.model import Gateway, Registration
from mcpfence.catalog.model import Catalog
from mcpfence.findings.finding import Path
from mcpfence.gateways.kuadrant.access import access
from mcpfence.gateways.kuadrant.auth_policies import policies
from mcpfence.gateways.kuadrant.infrastructure import infrastructure
from mcpfence.gateways.kuadrant.mesh import mesh_manifests
from mcpfence.gateways.kuadrant.routes import server_manifests
from mcpfence.kube.manifest import Manifest

Emitted = tuple[Manifest, str, Path]
"""An object, whose it is in words, and where that was written."""


def emit(catalog: Catalog, gateway: Gateway) -> Iterator[Emitted]:
    """Every object that the registrations of a catalog need."""
    found = [server.gateway for server in catalog.servers.values() if server.gateway is not None]
    for manifest in infrastructure(gateway, catalog.namespace, found):
        yield manifest, "the gateway", ("gateway",)
    for item, manifest in mesh_manifests(gateway, found):
        yield manifest, _title(item), item.path
    for item in found:
        for manifest in (*server_manifests(gateway, item), *access(item)):
            yield manifest, _title(item), item.path
    for owner, manifest in policies(gateway, found):
        yield manifest, _title(owner) if owner else "the gateway", owner.path if owner else ("gateway", "auth")


def _title(item: Registration) -> str:
    return f"server {item.name}"
