"""The pod of a server: admitted by the restricted Pod Security level, without a token unless it needs one."""

from __future__ import annotations

from typing import Any

from mcpfence.catalog.run.model import EnvVar, Run
from mcpfence.catalog.run.pod_labels import OWN_LABELS, server_labels
from mcpfence.documents.writer import Document

HOME = "/home/mcp"
FILES = "/files"
TEMPORARY = "/tmp"  # noqa: S108 - a volume inside the pod

_START_SECONDS = 300
"""How long a server may take until it listens: npx and uvx fetch their package first."""


CHECKSUM = "mcpfence.io/config-checksum"


def pod_labels(name: str, run: Run) -> dict[str, str]:
    """Whose the pod is, and what its fence selects it by, which comes first where both name a key."""
    return {**OWN_LABELS, **server_labels(name, run.release), **dict(run.labels)}


def pod_template(name: str, account: str, run: Run) -> Document:
    """The template of the Deployment; every setting that the restricted level asks for is written."""
    placement = run.placement
    spec: Document = {
        "serviceAccountName": account,
        "automountServiceAccountToken": run.account.token,
        # Other Services of the namespace are nobody's business in the environment of third-party code.
        "enableServiceLinks": False,
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": run.user,
            "runAsGroup": run.user,
            "fsGroup": run.user,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
    }
    if placement.runtime_class:
        spec["runtimeClassName"] = placement.runtime_class
    if placement.pull_secrets:
        spec["imagePullSecrets"] = [{"name": secret} for secret in placement.pull_secrets]
    if placement.node_selector:
        spec["nodeSelector"] = dict(placement.node_selector)
    if placement.affinity:
        spec["affinity"] = placement.affinity
    if placement.tolerations:
        spec["tolerations"] = [dict(item) for item in placement.tolerations]
    spec["containers"] = [_container(run)]
    spec["volumes"] = _volumes(run)
    metadata: Document = {"labels": pod_labels(name, run), "annotations": {CHECKSUM: run.checksum}}
    return {"metadata": metadata, "spec": spec}


def _container(run: Run) -> Document:
    container: Document = {"name": "mcp", "image": run.image, "imagePullPolicy": run.placement.pull_policy}
    if run.command:
        container["command"] = list(run.command)
    if run.args:
        container["args"] = list(run.args)
    container["env"] = [_env(item) for item in _variables(run)]
    container["ports"] = [{"name": "mcp", "containerPort": run.port, "protocol": "TCP"}]
    if run.resources:
        container["resources"] = run.resources
    probe = {"tcpSocket": {"port": run.port}}
    container["startupProbe"] = {**probe, "periodSeconds": 5, "failureThreshold": _START_SECONDS // 5}
    container["readinessProbe"] = _readiness(run) if run.readiness else {**probe, "periodSeconds": 10}
    container["livenessProbe"] = {**probe, "periodSeconds": 20, "failureThreshold": 3}
    container["securityContext"] = {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": run.read_only,
        "runAsNonRoot": True,
        # ALL holds it, but Kyverno's drop-cap-net-raw looks for the name.
        "capabilities": {"drop": ["ALL", "NET_RAW"]},
    }
    container["volumeMounts"] = [{"name": name, "mountPath": path} for name, path in _folders(run)]
    if any(item.file for item in run.env):
        container["volumeMounts"].append({"name": "files", "mountPath": FILES, "readOnly": True})
    return container


def _readiness(run: Run) -> Document:
    """Asks the server itself, less often than a port is tried: each time a process starts in the container."""
    return {"exec": {"command": list(run.readiness)}, "periodSeconds": 30, "timeoutSeconds": 10}


def _variables(run: Run) -> list[EnvVar]:
    """HOME lies on a volume, since npx and uvx keep what they fetch below it; a HOME of the user's own wins."""
    own = [] if any(item.key == "HOME" for item in run.env) else [EnvVar("HOME", HOME)]
    return [*own, *run.env]


def _env(item: EnvVar) -> Document:
    if item.file:
        return {"name": item.key, "value": f"{FILES}/{item.key}"}
    if item.secret:
        return {"name": item.key, "valueFrom": {"secretKeyRef": {"name": item.secret, "key": item.secret_key}}}
    return {"name": item.key, "value": item.value or ""}


def _folders(run: Run) -> list[tuple[str, str]]:
    """Writable volumes as (name, path)."""
    own = [("tmp", TEMPORARY), ("home", HOME)]
    return own + [(f"writable-{number}", path) for number, path in enumerate(run.writable)]


def _volumes(run: Run) -> list[Document]:
    # What fills a volume ends its own pod, not the node's disk with everybody else's.
    volumes: list[Document] = [{"name": name, "emptyDir": {"sizeLimit": run.volume_size}} for name, _ in _folders(run)]
    sources: list[Any] = [
        {"secret": {"name": item.secret, "items": [{"key": item.secret_key, "path": item.key}]}}
        for item in run.env
        if item.file
    ]
    if sources:
        volumes.append({"name": "files", "projected": {"defaultMode": 0o440, "sources": sources}})
    return volumes
