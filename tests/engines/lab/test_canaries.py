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
