"""The Gateway, the broker's extension, the grant between them, and virtual servers: what registrations stand on."""

from __future__ import annotations

from collections.abc import Iterator

from mcpfence.catalog.gateway.model import Gateway, Listener, Registration, VirtualServer
from mcpfence.documents.writer import Document
from mcpfence.gateways.kuadrant.routes import GATEWAY_API
from mcpfence.kube.manifest import Manifest, make_manifest
from mcpfence.kube.object_names import limited


def infrastructure(gateway: Gateway, servers: str, registrations: list[Registration]) -> Iterator[Manifest]:
    """The Gateway and the MCPGatewayExtension where we are asked to make them; `servers` is the servers' namespace."""
    labels = {"mcpfence.io/gateway": gateway.name}
    if gateway.create:
        spec = _gateway(gateway, servers)
        api = f"{GATEWAY_API}/v1"
        yield make_manifest(api, "Gateway", gateway.namespace, gateway.name, labels, {"spec": spec})
    extension = gateway.extension
    if extension.create:
        if extension.namespace != gateway.namespace:
            # v1beta1 is served by every release of Gateway API, v1 only from 1.5 on (facts on gateways, A3).
            api, name = f"{GATEWAY_API}/v1beta1", limited(f"{extension.namespace}-to-{gateway.name}")
            grant = {"spec": _grant(gateway)}
            yield make_manifest(api, "ReferenceGrant", gateway.namespace, name, labels, grant)
        api, spec = f"mcp.kuadrant.io/{gateway.version}", _extension(gateway, registrations)
        yield make_manifest(api, "MCPGatewayExtension", extension.namespace, extension.name, labels, {"spec": spec})
    for virtual in gateway.virtual_servers:
        api = f"mcp.kuadrant.io/{gateway.version}"
        body = {"spec": _virtual(virtual)}
        yield make_manifest(api, "MCPVirtualServer", servers, virtual.name, labels, body)


def _gateway(gateway: Gateway, servers: str) -> Document:
    """The Gateway whole, with every listener; a patch would be lost at the next apply of whoever owns it."""
    listeners = [_listener(gateway, item, servers) for item in gateway.listeners]
    return {"gatewayClassName": gateway.gateway_class, "listeners": listeners}


def _listener(gateway: Gateway, listener: Listener, servers: str) -> Document:
    """One listener; only namespaces that have a reason to may attach routes to it."""
    brokers = {gateway.extension.namespace} if listener.name == gateway.section else set()
    others = {servers} if listener.name != gateway.section or gateway.section == gateway.server_section else set()
    namespaces = sorted(brokers | others | set(gateway.allowed_namespaces))
    expression = {"key": "kubernetes.io/metadata.name", "operator": "In", "values": namespaces}
    found: Document = {
        "name": listener.name,
        "hostname": listener.hostname,
        "port": listener.port,
        "protocol": listener.protocol,
        "allowedRoutes": {"namespaces": {"from": "Selector", "selector": {"matchExpressions": [expression]}}},
    }
    if listener.certificates:
        references = [{"group": "", "kind": "Secret", "name": name} for name in listener.certificates]
        found["tls"] = {"mode": "Terminate", "certificateRefs": references}
    return found


def _grant(gateway: Gateway) -> Document:
    """The extension of one namespace may refer to this one Gateway in another."""
    return {
        "from": [{"group": "mcp.kuadrant.io", "kind": "MCPGatewayExtension", "namespace": gateway.extension.namespace}],
        "to": [{"group": GATEWAY_API, "kind": "Gateway", "name": gateway.name}],
    }


def _extension(gateway: Gateway, registrations: list[Registration]) -> Document:
    """The broker of this Gateway; targetRef names its namespace always, since the controller takes it as it is (A1)."""
    extension = gateway.extension
    spec: Document = {
        "targetRef": {
            "group": GATEWAY_API,
            "kind": "Gateway",
            "name": gateway.name,
            "namespace": gateway.namespace,
            "sectionName": gateway.section,
        },
        "publicHost": gateway.public_host,
        "httpRouteManagement": "Enabled",
        "backendPingIntervalSeconds": extension.ping_seconds,
        "logLevel": extension.log_level,
        "urlElicitation": "Enabled" if any(item.elicitation is not None for item in registrations) else "Disabled",
    }
    if extension.private_host:
        spec["privateHost"] = extension.private_host
    if extension.session_store:
        spec["sessionStore"] = {"secretName": extension.session_store}
    if gateway.tools_list is not None:
        spec["trustedHeadersKey"] = {"secretName": gateway.tools_list.public_key, "generate": "Disabled"}
    issuers = {auth.issuer for auth in (gateway.auth, *(item.auth for item in registrations)) if auth.checks_tokens}
    if issuers:
        spec["oauthProtectedResource"] = {
            "authorizationServers": sorted(issuers),
            "resource": f"{gateway.origin}/mcp",
            "bearerMethodsSupported": ["header"],
        }
    return spec


def _virtual(virtual: VirtualServer) -> Document:
    spec: Document = {"tools": list(virtual.tools)}
    if virtual.description:
        spec["description"] = virtual.description
    if virtual.prompts:
        spec["prompts"] = list(virtual.prompts)
    return spec
