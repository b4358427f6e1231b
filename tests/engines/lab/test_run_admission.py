"""Pods of servers that mcpfence runs: admitted at the level restricted, in the namespace that the chart renders."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from edges import mcpfence
from lab.api import Api, Document
from tooling import ROOT

EXAMPLES = sorted(
    folder.name
    for folder in (ROOT / "values-examples").iterdir()
    if "\nrun:\n" in (folder / "values.yaml").read_text(encoding="utf-8")
)


def _rendered(name: str, *more: str | Path) -> list[Document]:
    values = ROOT / "values-examples" / name / "values.yaml"
    done = mcpfence("render", "-f", values, "--policies-only", *more)
    assert done.returncode == 0, done.stderr.decode()
    return list(yaml.load_all(done.stdout, Loader=yaml.CSafeLoader))


@pytest.fixture
def restricted(api: Api) -> Iterator[str]:
    """A namespace with the levels that the chart writes."""
    levels = {f"pod-security.kubernetes.io/{mode}": "restricted" for mode in ("enforce", "audit", "warn")}
    api.make_namespace("run-admission", **levels)
    yield "run-admission"
    api.empty("run-admission")


def _pods(documents: list[Document], namespace: str) -> Iterator[Document]:
    """The pods that the Deployments would make."""
    for document in documents:
        if document["kind"] == "Deployment":
            template = copy.deepcopy(document["spec"]["template"])
            template["metadata"] |= {"name": document["metadata"]["name"], "namespace": namespace}
            yield {"apiVersion": "v1", "kind": "Pod", **template}


def test_examples_run_something() -> None:
    """The list is not empty by mistake."""
    assert {"run-fleet", "run-minimal"} <= set(EXAMPLES)


@pytest.mark.parametrize("name", EXAMPLES)
def test_every_pod_is_admitted(api: Api, restricted: str, name: str) -> None:
    """No refusal, and no warning either, which `warn: restricted` would give."""
    _runtime_class(api)
    pods = list(_pods(_rendered(name), restricted))
    answers = {pod["metadata"]["name"]: api.create(pod) for pod in pods}

    assert len(pods) >= 2
    said = {name: (answer.ok, answer.message, answer.warnings) for name, answer in answers.items()}
    assert said == dict.fromkeys(answers, (True, "", ()))


def _runtime_class(api: Api) -> None:
    """The RuntimeClass that an example names must be there, or admission refuses its pods."""
    body = {"apiVersion": "node.k8s.io/v1", "kind": "RuntimeClass", "metadata": {"name": "gvisor"}, "handler": "runsc"}
    answer = api.create(body)
    assert answer.ok or answer.status == 409, answer.message


SPOILS: dict[str, Any] = {
    "root": lambda spec: spec["securityContext"].update(runAsUser=0),
    "escalation": lambda spec: spec["containers"][0]["securityContext"].update(allowPrivilegeEscalation=True),
    "capabilities": lambda spec: spec["containers"][0]["securityContext"].pop("capabilities"),
    "seccomp": lambda spec: spec["securityContext"].pop("seccompProfile"),
    "host path": lambda spec: spec["volumes"].append({"name": "h", "hostPath": {"path": "/"}}),
}


@pytest.mark.parametrize("what", SPOILS)
def test_without_a_setting_it_is_refused(api: Api, restricted: str, what: str) -> None:
    """The twin: each setting that we write is one that admission asks for."""
    pod = next(_pods(_rendered("run-minimal"), restricted))
    SPOILS[what](pod["spec"])
    answer = api.create(pod)

    assert answer.status == 403
    assert "violates PodSecurity" in answer.message
