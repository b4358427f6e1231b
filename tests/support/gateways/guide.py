"""Manifests with the defects of a published guide to Kuadrant's MCP Gateway (facts on gateways, A8), written anew.

The shape is the guide's: an ExternalName Service, a route with the external hostname, a token exchange, a Secret, and a
binding to cluster-admin.  Values are our own.
"""

from __future__ import annotations

import base64
import copy
from collections.abc import Callable
from typing import Any

Raw = dict[str, Any]

HOST = "machine.example.net"
ISSUER = "https://id.example.com/realms/mcp"
_TOOL = "request.headers['x-mcp-toolname']"
_SERVER = "request.headers['x-mcp-servername']"
_CLAIMS = "auth.authorization.token.claims"


def _object(api: str, kind: str, name: str, namespace: str = "apps", **body: Any) -> Raw:
    return {"apiVersion": api, "kind": kind, "metadata": {"name": name, "namespace": namespace}, **body}


def guide() -> list[Raw]:
    """Everything that the guide applies."""
    route = {
        "parentRefs": [{"name": "mcp-gateway", "namespace": "gateway-system"}],
        "hostnames": [HOST],
        "rules": [
            {
                "matches": [{"path": {"type": "PathPrefix", "value": "/mcp"}}],
                "backendRefs": [{"group": "", "kind": "Service", "name": "kube-external", "port": 9999}],
            }
        ],
    }
    service = {"type": "ExternalName", "externalName": HOST, "ports": [{"name": "http", "port": 9999}]}
    entry = {"hosts": [HOST], "ports": [{"number": 9999, "name": "https", "protocol": "HTTP"}], "resolution": "DNS"}
    target = {"group": "gateway.networking.k8s.io", "kind": "HTTPRoute", "name": "kube"}
    registration = {"prefix": "kube_", "targetRef": target}
    binding = {
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "cluster-admin"},
        "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": f"{ISSUER}#ada"}],
    }
    return [
        _object("gateway.networking.k8s.io/v1", "HTTPRoute", "kube", spec=route),
        _object("v1", "Service", "kube-external", spec=service),
        _object("networking.istio.io/v1beta1", "ServiceEntry", "kube", spec=entry),
        _object("mcp.kuadrant.io/v1alpha1", "MCPServerRegistration", "kube-server", spec=registration),
        _object("kuadrant.io/v1", "AuthPolicy", "kube-auth", spec=_policy()),
        _object("v1", "Secret", "token-exchange", stringData={"client": "Basic c29tZTpjbGllbnQ="}),
        _object("rbac.authorization.k8s.io/v1", "ClusterRoleBinding", "oidc-admin", namespace="", **binding),
    ]


def _policy() -> Raw:
    roles = f"{_CLAIMS}.resource_access.exists(p, p == {_SERVER}) ? {_CLAIMS}.resource_access[{_SERVER}].roles : []"
    exchange = {
        "url": f"{ISSUER}/token",
        "method": "POST",
        "credentials": {"authorizationHeader": {"prefix": "Basic"}},
        "sharedSecretRef": {"name": "token-exchange", "key": "client"},
        "bodyParameters": {"audience": {"expression": _SERVER}},
    }
    tool = {"patternMatching": {"patterns": [{"predicate": f"{_TOOL} in ({roles})"}]}}
    return {
        "targetRef": {"group": "gateway.networking.k8s.io", "kind": "HTTPRoute", "name": "kube"},
        "rules": {
            "authentication": {"keycloak": {"jwt": {"issuerUrl": ISSUER}}},
            "metadata": {"oauth-token-exchange": {"http": exchange}},
            "authorization": {"tool-access-check": tool},
        },
    }


def encoded(documents: list[Raw]) -> list[Raw]:
    """The same as a cluster would print them: Secrets in base64."""
    found = copy.deepcopy(documents)
    for document in found:
        for key, value in document.pop("stringData", {}).items():
            document.setdefault("data", {})[key] = base64.b64encode(value.encode()).decode()
    return found


def changed(kind: str, change: Callable[[Raw], None]) -> list[Raw]:
    """The guide's manifests with a change to the object of one kind."""
    found = guide()
    for document in found:
        if document["kind"] == kind:
            change(document)
    return found


SAID = {
    "Secret apps/token-exchange: spec.rules.metadata.oauth-token-exchange of AuthPolicy apps/kube-auth names it, and "
    "Authorino reads Secrets of its own namespace; make it in namespace kuadrant-system [defect-secret-namespace]",
    "Secret apps/token-exchange: key client begins with the word Basic, which "
    "spec.rules.metadata.oauth-token-exchange of AuthPolicy apps/kube-auth adds once more; "
    "write base64 of ID:SECRET alone [defect-basic-twice]",
    "MCPServerRegistration apps/kube-server: tokens and headers call the server apps/kube-server, and its route is "
    "called kube; give both one name: older releases and guides take the route's in aud and resource_access "
    "[defect-name]",
    "MCPServerRegistration apps/kube-server: v1alpha1 is served by no release after 0.9; "
    "write apiVersion: mcp.kuadrant.io/v1 [defect-version]",
    "AuthPolicy apps/kube-auth: spec.rules.authorization.tool-access-check.predicate reads x-mcp-toolname of every "
    "request, and the router's initialize has none; "
    "add when: [{predicate: \"request.headers.exists(h, h == 'x-mcp-toolname')\"}] [defect-unguarded]",
    "AuthPolicy apps/kube-auth: spec.rules.authorization.tool-access-check.predicate compares bare names with roles, "
    "and roles are called tool:NAME; write 'tool:' + the header [defect-role-name]",
    'ServiceEntry apps/kube: port 9999 is called "https" and speaks HTTP; '
    "name the port by its protocol: Istio goes by both [defect-port-name]",
    f"HTTPRoute apps/kube: calls {HOST} through an ExternalName Service, which needs a listener of its own; "
    "write a Hostname back-end with ServiceEntry and DestinationRule, if the server speaks TLS [defect-external-name]",
    'ClusterRoleBinding oidc-admin: gives "https://id.example.com/realms/mcp#ada" every right, and tools use them as '
    "the model is told to; bind a Role that reads what the tools need; servers.X.gateway.kubernetesUsers makes one "
    "[defect-cluster-admin]",
}
"""What is said of the guide's manifests: each of its seven defects, and the version."""
