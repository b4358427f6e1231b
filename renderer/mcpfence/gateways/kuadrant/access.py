"""RBAC for OIDC users whose token a Kubernetes MCP server passes on to the API server: reading, in named namespaces.

Kuadrant's guide binds its user to cluster-admin; a tool call is then whatever the model was talked into.  Secrets are
not among what may be read, nor is anything that is not namespaced.
"""

from __future__ import annotations

from collections.abc import Iterator

from mcpfence.catalog.gateway.model import Registration, Users
from mcpfence.documents.writer import Document
from mcpfence.kube.manifest import Manifest, make_manifest
from mcpfence.kube.object_names import limited

_RBAC = "rbac.authorization.k8s.io"
_READ = ["get", "list", "watch"]
_RESOURCES = {
    "": ["configmaps", "events", "persistentvolumeclaims", "pods", "pods/log", "services"],
    "apps": ["daemonsets", "deployments", "replicasets", "statefulsets"],
    "batch": ["cronjobs", "jobs"],
    "events.k8s.io": ["events"],
    "metrics.k8s.io": ["pods"],
    "networking.k8s.io": ["ingresses", "networkpolicies"],
}


def access(item: Registration) -> Iterator[Manifest]:
    """A Role and a RoleBinding in each namespace that the users of a server may read."""
    if item.users is None:
        return
    labels = {"mcpfence.io/server": item.name}
    name = limited(f"mcp-gateway-{item.name}-read")
    api = f"{_RBAC}/v1"
    rules = [{"apiGroups": [group], "resources": found, "verbs": _READ} for group, found in _RESOURCES.items()]
    role = {"apiGroup": _RBAC, "kind": "Role", "name": name}
    for namespace in item.users.namespaces:
        yield make_manifest(api, "Role", namespace, name, labels, {"rules": rules})
        body = {"roleRef": role, "subjects": _subjects(item.users)}
        yield make_manifest(api, "RoleBinding", namespace, name, labels, body)


def _subjects(users: Users) -> list[Document]:
    found = [("Group", name) for name in users.groups] + [("User", name) for name in users.users]
    return [{"apiGroup": _RBAC, "kind": kind, "name": name} for kind, name in found]
