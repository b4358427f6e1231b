"""What common baselines ask of a pod, in our own words: nothing is left to say about what mcpfence runs.

The rules are those of kube-linter's default set and of Kyverno's pod-security (restricted) and best-practices sets that
look at a Deployment, its pod or its Service.  docs/run.md says which further ones hold on purpose not.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
import yaml

import golden

Document = dict[str, Any]
Rule = Callable[[Document], Any]
"""Whether an object keeps it."""

_VOLUMES = {"configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "persistentVolumeClaim", "projected", "secret"}


def _template(deployment: Document) -> Document:
    found: Document = deployment["spec"]["template"]
    return found


def _pod(deployment: Document) -> Document:
    found: Document = _template(deployment)["spec"]
    return found


def _resources(container: Document, kind: str) -> set[str]:
    return set(container.get("resources", {}).get(kind, {}))


def _security(container: Document, key: str) -> Any:
    return container.get("securityContext", {}).get(key)


def _dropped(container: Document) -> list[str]:
    found: list[str] = (_security(container, "capabilities") or {}).get("drop", [])
    return found


CONTAINER: dict[str, Rule] = {
    "kube-linter unset-cpu-requirements": lambda c: "cpu" in _resources(c, "requests") & _resources(c, "limits"),
    "kube-linter unset-memory-requirements": lambda c: "memory" in _resources(c, "requests") & _resources(c, "limits"),
    "kube-linter latest-tag": lambda c: re.search(r":(?!latest$)[^/:]+$", c["image"]),
    "kube-linter no-readiness-probe": lambda c: "readinessProbe" in c,
    "kube-linter no-liveness-probe": lambda c: "livenessProbe" in c,
    "kube-linter no-read-only-root-fs": lambda c: _security(c, "readOnlyRootFilesystem") is True,
    "kube-linter run-as-non-root": lambda c: _security(c, "runAsNonRoot") is True,
    "Kyverno require-requests-limits": lambda c: (
        {"cpu", "memory"} <= _resources(c, "requests") and "memory" in _resources(c, "limits")
    ),
    "Kyverno require-drop-all": lambda c: "ALL" in _dropped(c),
    "Kyverno drop-cap-net-raw": lambda c: {"NET_RAW", "CAP_NET_RAW"} & {*_dropped(c)},
    "Kyverno require-pod-probes": lambda c: c.keys() & {"livenessProbe", "readinessProbe", "startupProbe"},
    "Kyverno disallow-privilege-escalation": lambda c: _security(c, "allowPrivilegeEscalation") is False,
}
"""Rules of the one container."""

DEPLOYMENT: dict[str, Rule] = {
    "kube-linter default-service-account": lambda d: _pod(d).get("serviceAccountName", "default") != "default",
    "Kyverno require-labels": lambda d: (
        {"app.kubernetes.io/name", "app.kubernetes.io/instance"} <= _template(d)["metadata"]["labels"].keys()
    ),
    "Kyverno require-run-as-non-root-user": lambda d: _pod(d).get("securityContext", {}).get("runAsUser", 0) > 0,
    "Kyverno restrict-seccomp-strict": lambda d: (
        _pod(d).get("securityContext", {}).get("seccompProfile") == {"type": "RuntimeDefault"}
    ),
    "Kyverno restrict-volume-types": lambda d: all(
        volume.keys() - {"name"} <= _VOLUMES for volume in _pod(d).get("volumes", [])
    ),
    "Kyverno require-emptydir-requests-and-limits": lambda d: all(
        volume.get("emptyDir", {"sizeLimit": ""}).keys() == {"sizeLimit"} for volume in _pod(d).get("volumes", [])
    ),
    "Kyverno disallow-default-namespace": lambda d: d["metadata"].get("namespace", "default") != "default",
}
"""Rules of the Deployment and its pod."""

EXCEPTED = {"run-fleet playwright": {"kube-linter no-read-only-root-fs"}}
"""What an example does on purpose: a browser keeps its profile in many places of its image."""

BARE: Document = {
    "metadata": {"name": "bare"},
    "spec": {
        "template": {
            "metadata": {"labels": {"app": "bare"}},
            "spec": {
                "containers": [{"name": "bare", "image": "registry.example.com/bare"}],
                "volumes": [{"name": "a", "emptyDir": {}}, {"name": "b", "hostPath": {"path": "/srv"}}],
            },
        }
    },
}


def _broken(deployment: Document) -> set[str]:
    container = _pod(deployment)["containers"][0]
    broken = {name for name, keeps in CONTAINER.items() if not keeps(container)}
    return broken | {name for name, keeps in DEPLOYMENT.items() if not keeps(deployment)}


@pytest.fixture(scope="module")
def deployments() -> dict[str, Document]:
    """Every Deployment of the examples, by example and name."""
    found: dict[str, Document] = {}
    for example in golden.examples():
        for item in golden.rendering_of(example)[0].objects:
            if item.kind == "Deployment":
                found[f"{example} {item.name}"] = yaml.load(item.text, Loader=yaml.CSafeLoader)
    return found


def test_examples_keep_the_baselines(deployments: dict[str, Document]) -> None:
    """No rule has anything to say about any server of any example but those that are excepted."""
    assert {name: broken for name, item in deployments.items() if (broken := _broken(item))} == EXCEPTED


def test_all_that_runs_is_looked_at(deployments: dict[str, Document]) -> None:
    """The smallest example, the fleet, and one behind a gateway."""
    assert {"run-minimal fetch", "run-fleet everything", "gateway-noauth time"} <= deployments.keys()


def test_bare_pod_breaks_every_rule() -> None:
    """A rule that nothing breaks is none."""
    assert _broken(BARE) == CONTAINER.keys() | DEPLOYMENT.keys()
