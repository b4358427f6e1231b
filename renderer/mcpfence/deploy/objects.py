"""The objects of a server that runs: ServiceAccount, Role and RoleBinding where it has rights, Service, Deployment."""

from __future__ import annotations

from collections.abc import Iterator

from mcpfence.catalog.model import Server
from mcpfence.catalog.run.model import Run
from mcpfence.catalog.run.pod_labels import server_labels
from mcpfence.deploy.pods import pod_template
from mcpfence.kube.manifest import Manifest, make_manifest
from mcpfence.kube.object_names import object_name

SERVICE_PORT = 80
"""On which every Service answers, whatever port its pods listen on."""

_WAVE = {"argocd.argoproj.io/sync-wave": "1"}
"""Argo CD applies the policies, which are in wave 0 or before, and waits for them before it makes a pod."""


def run_manifests(server: Server, namespace: str) -> Iterator[Manifest]:
    """Everything that runs one server in the namespace of the fences; nothing where somebody else runs it."""
    run = server.run
    if run is None:
        return
    labels = server_labels(server.name, run.release)
    account = object_name("server", server.name)
    yield make_manifest(
        "v1",
        "ServiceAccount",
        namespace,
        account,
        labels,
        {"automountServiceAccountToken": run.account.token},
        dict(run.account.annotations),
    )
    yield from _rights(run, account, namespace, labels)
    port = {"name": "http", "port": SERVICE_PORT, "protocol": "TCP", "targetPort": run.port}
    spec = {"type": "ClusterIP", "selector": dict(run.labels), "ports": [port]}
    yield make_manifest("v1", "Service", namespace, server.name, labels, {"spec": spec})
    deployment = {
        "replicas": 1,
        # A server keeps sessions and may hold a lock: the old pod ends before the new one starts.
        "strategy": {"type": "Recreate"},
        "selector": {"matchLabels": dict(run.labels)},
        "template": pod_template(server.name, account, run),
    }
    yield make_manifest("apps/v1", "Deployment", namespace, server.name, labels, {"spec": deployment}, _WAVE)


def _rights(run: Run, account: str, namespace: str, labels: dict[str, str]) -> Iterator[Manifest]:
    """A Role and its binding in each namespace where the rules hold."""
    if not run.account.rules:
        return
    order = ("apiGroups", "resources", "resourceNames", "verbs")
    rules = [{key: rule[key] for key in order if key in rule} for rule in run.account.rules]
    for place in run.account.namespaces or (namespace,):
        yield make_manifest("rbac.authorization.k8s.io/v1", "Role", place, account, labels, {"rules": rules})
        body = {
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": account},
            "subjects": [{"kind": "ServiceAccount", "name": account, "namespace": namespace}],
        }
        yield make_manifest("rbac.authorization.k8s.io/v1", "RoleBinding", place, account, labels, body)
