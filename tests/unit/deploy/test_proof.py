"""The proof of what runs: pods that their policies do not hold for are never printed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest

import mcpfence.deploy
from mcpfence.catalog.model import Server
from mcpfence.deploy.objects import run_manifests
from mcpfence.documents.writer import Writer
from mcpfence.kube.manifest import Manifest
from mcpfence.proof.prove import OUR_FAULT
from running.runs import CATALOG, refusals

Fault = Callable[[dict[str, dict[str, Any]]], Any]


def _template(documents: dict[str, dict[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = documents["Deployment"]["spec"]["template"]
    return found


FAULTS: dict[str, tuple[Fault, str]] = {
    "labels": (
        lambda documents: _template(documents)["metadata"]["labels"].update(app="other"),
        "its policies do not select the pod of its Deployment",
    ),
    "namespace": (
        lambda documents: documents["Deployment"]["metadata"].update(namespace="default"),
        "its Deployment is in another namespace than its policies",
    ),
    "host network": (
        lambda documents: _template(documents)["spec"].update(hostNetwork=True),
        "its pod has hostNetwork, which no policy holds for",
    ),
    "Service of other pods": (
        lambda documents: documents["Service"]["spec"].update(selector={"app": "other"}),
        "its Service does not select its pod",
    ),
    "Service of all pods": (
        lambda documents: documents["Service"]["spec"].update(selector={}),
        "its Service does not select its pod",
    ),
    "container port": (
        lambda documents: _template(documents)["spec"]["containers"][0]["ports"][0].update(containerPort=9),
        "its pod, its Service and its policies do not agree on the port",
    ),
    "target port": (
        lambda documents: documents["Service"]["spec"]["ports"][0].update(targetPort=9),
        "its pod, its Service and its policies do not agree on the port",
    ),
}


BRIDGED: dict[str, tuple[Fault, str]] = {
    "port of the bridge": (
        lambda documents: _template(documents)["spec"]["containers"][0].update(command=["bridge", "--port", "18099"]),
        "its bridge is not told the port that its policies open",
    ),
    "port of the readiness probe": (
        lambda documents: _template(documents)["spec"]["containers"][0]["readinessProbe"]["exec"].update(command=["x"]),
        "its readiness probe is not told the port that its policies open",
    ),
}


@pytest.mark.parametrize("what", BRIDGED)
def test_planted_fault_before_a_bridged_server_is_refused(what: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """So is a bridge that would listen where no policy leads, or be asked there."""
    assert planted(BRIDGED[what], "everything", monkeypatch)


@pytest.mark.parametrize("what", FAULTS)
def test_planted_fault_is_refused(what: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """An emitter that went wrong in one place is caught by reading the text back."""
    assert planted(FAULTS[what], "notes", monkeypatch)


def planted(fault: tuple[Fault, str], name: str, monkeypatch: pytest.MonkeyPatch) -> bool:
    """Whether a fault in the objects of one server is said, and nothing else is."""
    spoil, sentence = fault

    def faulty(server: Server, namespace: str) -> Iterator[Manifest]:
        made = list(run_manifests(server, namespace))
        spoil({manifest.kind: manifest.document for manifest in made})
        yield from made

    monkeypatch.setattr(mcpfence.deploy, "run_manifests", faulty)
    found = refusals({**CATALOG, "servers": {name: CATALOG["servers"][name]}})
    assert all("[proof-run]" in line for line in found)
    return any(sentence in line for line in found)


def test_no_fault_no_word() -> None:
    """The twin: what is really emitted passes."""
    assert refusals(CATALOG) == []


def test_text_that_reads_otherwise_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """A writer that loses or changes a value anywhere in the object is caught, not only where pods are tied to policies."""
    real = Writer.write

    def lossy(self: Writer, document: Mapping[str, Any]) -> str:
        return real(self, document).replace("readOnlyRootFilesystem: true", "readOnlyRootFilesystem: false")

    monkeypatch.setattr(Writer, "write", lossy)

    assert (
        "servers.notes: the text written for Deployment notes cannot be read back as that object; "
        f"{OUR_FAULT} [proof-text]" in refusals(CATALOG)
    )
