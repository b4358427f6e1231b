"""What one server needs at the gateway: its route and its registration.

Three shapes (facts on gateways, A3), by the kind of back-end:

    Service       HTTPRoute -> Service in the servers' namespace                                in-cluster server
    Hostname      HTTPRoute with URLRewrite -> ServiceEntry (HTTPS) + DestinationRule (TLS)     external, https
    ExternalName  HTTPRoute -> Service of type ExternalName + ServiceEntry (HTTP)               external, http, legacy

Defaults of the API are written out, so that what is stored is what was printed and GitOps tools see no drift.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from mcpfence.catalog.gateway.model import Gateway, Registration, SecretKey
from mcpfence.documents.writer import Document
from mcpfence.kube.manifest import Manifest, make_manifest
from mcpfence.kube.object_names import limited

GATEWAY_API = "gateway.networking.k8s.io"


def server_manifests(gateway: Gateway, item: Registration) -> Iterator[Manifest]:
    """The objects of one registration but for its policy and for what the mesh needs to know (`mesh`)."""
    if item.backend.kind == "ExternalName":
        yield _external_name(item)
    yield _make(f"{GATEWAY_API}/v1", "HTTPRoute", item, _route(gateway, item))
    yield _make(f"mcp.kuadrant.io/{gateway.version}", "MCPServerRegistration", item, _registration(item))


def _make(api: str, kind: str, item: Registration, spec: Document) -> Manifest:
    return make_manifest(api, kind, item.namespace, item.name, {"mcpfence.io/server": item.name}, {"spec": spec})


def _route(gateway: Gateway, item: Registration) -> Document:
    """Exactly one hostname, one rule and one back-end: the controller takes no other route (A2)."""
    rule: Document = {"matches": [{"path": {"type": "PathPrefix", "value": item.endpoint}}]}
    reference: Document = {"group": "", "kind": "Service"}
    if item.backend.kind == "Hostname":
        # Envoy would send the route's own hostname, which the server elsewhere does not know.
        rule["filters"] = [{"type": "URLRewrite", "urlRewrite": {"hostname": item.backend.name}}]
        reference = {"group": "networking.istio.io", "kind": "Hostname"}
    name = _external_service(item) if item.backend.kind == "ExternalName" else item.backend.name
    rule["backendRefs"] = [{**reference, "name": name, "port": item.backend.port, "weight": 1}]
    parent = {
        "group": GATEWAY_API,
        "kind": "Gateway",
        "name": gateway.name,
        "namespace": gateway.namespace,
        "sectionName": item.section,
    }
    return {"parentRefs": [parent], "hostnames": [item.hostname], "rules": [rule]}


def _external_name(item: Registration) -> Manifest:
    """A Service that is another name for the server; its port says that it speaks plain HTTP."""
    port = {
        "name": "http",
        "port": item.backend.port,
        "targetPort": item.backend.port,
        "protocol": "TCP",
        "appProtocol": "http",
    }
    spec = {"type": "ExternalName", "externalName": item.backend.name, "ports": [port]}
    labels = {"mcpfence.io/server": item.name}
    return make_manifest("v1", "Service", item.namespace, _external_service(item), labels, {"spec": spec})


def _external_service(item: Registration) -> str:
    return limited(f"{item.name}-external")


def _registration(item: Registration) -> Document:
    """The registration; its targetRef names no namespace, since the controller looks in its own alone (A1)."""
    spec: Document = {
        "targetRef": {"group": GATEWAY_API, "kind": "HTTPRoute", "name": item.name},
        "prefix": item.prefix,
        "path": item.endpoint,
        "state": item.state,
        "userSpecificList": "Enabled" if item.per_user else "Disabled",
    }
    optional: dict[str, Any] = {
        "credentialRef": _reference(item.credential),
        "caCertSecretRef": _reference(item.ca),
        "category": list(item.category),
        "hint": item.hint,
        "tags": list(item.tags),
    }
    spec.update((key, value) for key, value in optional.items() if value)
    if item.elicitation is not None:
        spec["tokenURLElicitation"] = {"url": item.elicitation} if item.elicitation else {}
    return spec


def _reference(secret: SecretKey | None) -> Document | None:
    return {"name": secret.name, "key": secret.key} if secret else None
