"""Canaries of evidence packs, as the API server sees them: taken strictly, and admitted by the restricted level."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from edges import mcpfence
from lab.api import Api
from lab.manifests import namespaces_emptied, texts
from tooling import ROOT

RESTRICTED = {f"pod-security.kubernetes.io/{mode}": "restricted" for mode in ("enforce", "warn")}


@pytest.mark.parametrize("name", ["aks-aviatrix", "run-fleet"])
def test_canaries_are_taken_and_their_pods_admitted(api: Api, name: str, tmp_path: Path) -> None:
    """Each Job without a warning, in a namespace that warns; and each pod of one, where nothing less is admitted."""
    values = ROOT / "values-examples" / name / "values.yaml"
    done = mcpfence("evidence", "-f", values, "-o", tmp_path / "pack", "--job", "registry.example.com/python:3.13")
    assert done.returncode == 0, done.stderr
    jobs = texts((tmp_path / "pack" / "jobs.yaml").read_bytes())
    assert jobs
    with namespaces_emptied(api):
        for text in jobs:
            job: dict[str, Any] = yaml.safe_load(text)
            namespace = job["metadata"]["namespace"]
            api.make_namespace(namespace, **RESTRICTED)
            answer = api.create(text)
            assert answer.ok, answer.message
            assert answer.warnings == ()
            template = job["spec"]["template"]
            meta = {**template["metadata"], "name": job["metadata"]["name"], "namespace": namespace}
            admitted = api.create({"apiVersion": "v1", "kind": "Pod", **template, "metadata": meta})
            assert admitted.ok, admitted.message


@pytest.mark.parametrize(("level", "admitted"), [("restricted", False), ("baseline", True)])
def test_what_netassert_puts_beside_a_server(api: Api, level: str, admitted: bool) -> None:
    """Its container drops no capabilities (internal/kubeops/containers.go), so the chart's own level refuses it."""
    security = {"runAsNonRoot": True, "allowPrivilegeEscalation": False}
    own = {"name": "mcp", "image": "a:1", "securityContext": {**security, "capabilities": {"drop": ["ALL"]}}}
    profile = {"seccompProfile": {"type": "RuntimeDefault"}}
    pod = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "server", "namespace": f"netassert-{level}"},
        "spec": {"securityContext": profile, "containers": [own]},
    }
    beside = {"ephemeralContainers": [{"name": "netassertv2-client", "image": "a:1", "securityContext": security}]}
    with namespaces_emptied(api):
        api.make_namespace(f"netassert-{level}", **{"pod-security.kubernetes.io/enforce": level})
        assert api.create(pod).ok
        answer = api.request(
            "PATCH",
            f"{api.path(pod)}/ephemeralcontainers",
            {"spec": beside},
            content_type="application/strategic-merge-patch+json",
        )
        assert answer.ok is admitted, answer.message
        assert admitted or "unrestricted capabilities" in answer.message
