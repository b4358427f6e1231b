"""Canaries: one Job for each server, whose pod tries the server's witnesses and fails if one of them is not as proven.

A fence can only be tried from a pod that it is for, so the canary has the labels by which the server's policies select
pods, and nothing else of the server: no token, no environment, no volume, no port, no identity.  No policy is made for
it: it may do what its labels could do before.  It is never ready, so no Service sends callers to it.
"""

from __future__ import annotations

import json
import pkgutil
from collections.abc import Iterable, Iterator
from typing import Any

from mcpfence.documents.writer import Writer
from mcpfence.evidence.certificate import Sent
from mcpfence.evidence.live_tests import Attempt, attempts
from mcpfence.kube.manifest import Manifest, make_manifest
from mcpfence.kube.object_names import limited

CANARY = "mcpfence.io/canary"
_USER = 65532
_NEVER = 86_400


def jobs(sent: Iterable[Sent], image: str, *, by_name_shown: bool, refuses: bool) -> bytes:
    """The Jobs of all servers as YAML; `refuses`: the cluster's engine refuses connections that it denies."""
    data = pkgutil.get_data("mcpfence", "evidence/canary.py")
    if data is None:  # it travels with this module
        raise FileNotFoundError("evidence/canary.py")
    writer, source = Writer(), data.decode()
    made = _jobs(sent, image, source, by_name_shown=by_name_shown, refuses=refuses)
    return "".join(f"---\n{writer.write(one.document)}" for one in made).encode()


def _jobs(sent: Iterable[Sent], image: str, source: str, *, by_name_shown: bool, refuses: bool) -> Iterator[Manifest]:
    names: dict[str, int] = {}
    for one in sent:
        tried = attempts(one, by_name_shown=by_name_shown)
        if one.fence.kind != "server" or not tried:
            continue
        number = names[one.fence.name] = names.get(one.fence.name, 0) + 1
        name = limited(f"mcp-canary-{one.fence.name}" + (f"-{number}" if number > 1 else ""))
        yield _job(name, one, tried, image, ["python3", "-c", source, _words(tried), *_flags(refuses=refuses)])


def _words(tried: Iterable[Attempt]) -> str:
    said = []
    for one in tried:
        shown = {"name": one.host} if one.shown else {}
        said.append({"host": one.host, "port": one.port, "expect": one.expect, **shown})
    return json.dumps(said)


def _flags(*, refuses: bool) -> list[str]:
    return ["refusal-is-denial"] if refuses else []


def _job(name: str, one: Sent, tried: list[Attempt], image: str, command: list[str]) -> Manifest:
    labels = {CANARY: limited(one.fence.name)}
    pod = {"metadata": {"labels": {**dict(one.pod.labels), **labels}}, "spec": _pod(image, command)}
    spec = {
        "backoffLimit": 0,
        "activeDeadlineSeconds": 120 + 10 * len(tried),
        "ttlSecondsAfterFinished": _NEVER,
        "template": pod,
    }
    return make_manifest("batch/v1", "Job", one.pod.namespace, name, labels, {"spec": spec})


def _pod(image: str, command: list[str]) -> dict[str, Any]:
    """A pod that the restricted Pod Security level admits, and that has nothing which could be of use to anybody."""
    return {
        "restartPolicy": "Never",
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": _USER,
            "runAsGroup": _USER,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "containers": [
            {
                "name": "canary",
                "image": image,
                "command": command,
                "resources": {
                    "requests": {"cpu": "10m", "memory": "32Mi"},
                    "limits": {"cpu": "500m", "memory": "128Mi"},
                },
                # A pod is not ready before its first probe succeeds, and this one comes after the Job's end.
                "readinessProbe": {
                    "exec": {"command": ["python3", "-c", "raise SystemExit(1)"]},
                    "initialDelaySeconds": _NEVER,
                },
                "securityContext": {
                    "allowPrivilegeEscalation": False,
                    "readOnlyRootFilesystem": True,
                    "runAsNonRoot": True,
                    "capabilities": {"drop": ["ALL", "NET_RAW"]},
                },
            }
        ],
    }
