"""A real linter of workloads, kube-score, has nothing to say about what mcpfence runs."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

import golden
from edges import environment
from tooling import find_kube_score, need

IGNORED = {
    "container-ephemeral-storage-request-and-limit": "sizeLimit bounds each volume, the root file system is read only",
    "container-security-context-user-group-id": "wants an id above 10000; 1000 is the user that images make for it",
    "deployment-replicas": "sessions are kept in one process, so a second pod would answer for the first one's",
    "deployment-strategy": "the old pod ends before the new one starts, for the same reason",
    "networkpolicy-targets-pod": "examples also fence pods that somebody else starts, which are not in their output",
    "pod-probes-identical": "of an image or a uvx server nothing is known but its port",
}
"""Checks that do not count, each with its reason; all others of kube-score's default set do."""

EXCEPTED = {("run-fleet", "playwright", "container-security-context-readonlyrootfilesystem")}
"""What an example does on purpose: a browser keeps its profile in many places of its image."""

BARE = b"""---
apiVersion: apps/v1
kind: Deployment
metadata: {name: bare, namespace: a}
spec:
  replicas: 1
  selector: {matchLabels: {app: bare}}
  template: {metadata: {labels: {app: bare}}, spec: {containers: [{name: bare, image: registry.example.com/bare}]}}
"""


@pytest.fixture(scope="module")
def program() -> Path:
    """A real kube-score."""
    return need(find_kube_score)


def _said(program: Path, manifests: bytes) -> set[tuple[str, str]]:
    """Name of the object and id of the check for everything that is less than well."""
    flags = [f"--ignore-test={check}" for check in IGNORED]
    done = subprocess.run(
        [program, "score", "--output-format", "json", *flags, "-"],
        input=manifests,
        capture_output=True,
        check=False,
        env=environment(),
    )
    scored: list[dict[str, Any]] = json.loads(done.stdout)
    assert scored, done.stderr
    return {
        (item["object_meta"]["name"], check["check"]["id"])
        for item in scored
        for check in item["checks"] or ()
        if not check["skipped"] and check["grade"] < 10
    }


def test_examples_that_run_servers(program: Path) -> None:
    """Every object of every example in which mcpfence runs a server, policies included."""
    examples = {name: golden.rendering_of(name)[0].objects for name in golden.examples()}
    running = {
        name: objects for name, objects in examples.items() if any(item.kind == "Deployment" for item in objects)
    }

    assert running.keys() >= {"run-minimal", "run-fleet", "gateway-noauth"}
    assert {
        (example, *said)
        for example, objects in running.items()
        for said in _said(program, "".join(f"---\n{item.text}" for item in objects).encode())
    } == EXCEPTED


def test_it_would_find_a_fault(program: Path) -> None:
    """A bare Deployment has nothing of what it asks for."""
    assert {check for _, check in _said(program, BARE)} >= {
        *("container-resources", "container-image-tag", "pod-networkpolicy"),
        "container-security-context-readonlyrootfilesystem",
    }
