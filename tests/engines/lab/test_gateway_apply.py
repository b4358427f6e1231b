"""The API server, with the real definitions of Gateway API, Istio and Kuadrant, takes every gateway object that we print.

CEL rules of the definitions are evaluated; fields are validated strictly.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from gateways.definitions import ADDED
from gateways.shapes import OIDC, SHAPES, catalog, hosted
from helpers import rendered
from lab.api import Api, Document
from lab.manifests import namespaces_emptied, stored_faults
from tooling import ROOT

EXAMPLES = ("gateway-noauth", "gateway-oidc", "gateway-token-exchange")


@pytest.fixture(autouse=True)
def cleaned(every_kind: Api) -> Iterator[None]:
    """Shapes share names of namespaces, so each test leaves none behind."""
    with namespaces_emptied(every_kind):
        yield


def _apply(api: Api, texts: list[str]) -> list[str]:
    """Create each document strictly; what is wrong with any, or was stored other than it was written."""
    faults: list[str] = []
    for text in texts:
        sent: Document = yaml.load(text, Loader=yaml.CSafeLoader)
        api.make_namespace(sent["metadata"]["namespace"])
        faults += stored_faults(api, text, ADDED.get(sent["kind"], set()))
    return faults


def _documents(raw: dict[str, Any]) -> list[Any]:
    return [yaml.load(text, Loader=yaml.CSafeLoader) for text in _gateway_texts(raw)]


def _gateway_texts(raw: dict[str, Any]) -> list[str]:
    """The texts of everything but policies, which other tests apply, and what runs the servers."""
    skipped = ("NetworkPolicy", "ConfigMap", "Deployment", "ServiceAccount")
    return [
        item.text
        for item in rendered(raw).objects
        if item.kind not in skipped and (item.kind != "Service" or "ExternalName" in item.text)
    ]


@pytest.mark.parametrize("title", SHAPES)
def test_each_shape_is_stored_as_written(every_kind: Api, title: str) -> None:
    """Every kind in every shape: no unknown field, no rule of a definition broken, no warning, nothing changed."""
    texts = _gateway_texts(SHAPES[title])

    assert texts
    assert _apply(every_kind, texts) == []


@pytest.mark.parametrize("example", EXAMPLES)
def test_examples_are_stored_as_written(every_kind: Api, example: str) -> None:
    """The three use cases of docs/gateways.md."""
    raw = yaml.load(
        (ROOT / "values-examples" / example / "values.yaml").read_text(encoding="utf-8"), Loader=yaml.CSafeLoader
    )

    assert _apply(every_kind, _gateway_texts(raw)) == []


def _changed(kind: str, raw: dict[str, Any], path: str, value: Any) -> Document:
    """One object of a catalog with another value at a place."""
    document = next(found for found in _documents(raw) if found["kind"] == kind)
    *steps, last = [int(step) if step.isdigit() else step for step in path.split(".")]
    place: Any = document
    for step in steps:
        place = place[step]
    place[last] = value
    return dict(document)


@pytest.mark.parametrize(
    ("kind", "path", "value", "said"),
    [
        ("HTTPRoute", "spec.rules.0.backendRef", [], 'unknown field "spec.rules[0].backendRef"'),
        ("HTTPRoute", "spec.rules.0.backendRefs.0.port", None, "Must have port for Service reference"),
        ("MCPServerRegistration", "spec.prefix", "my-kube_", "should match '^[a-z0-9][a-z0-9_]*$'"),
        ("MCPServerRegistration", "spec.toolPrefix", "kube_", 'unknown field "spec.toolPrefix"'),
        ("AuthPolicy", "spec.defaults", {"rules": {}}, "mutually exclusive"),
        ("AuthPolicy", "spec.targetRef.namespace", "x", 'unknown field "spec.targetRef.namespace"'),
        ("AuthPolicy", "spec.targetRef.kind", "ListenerSet", "Invalid targetRef.kind"),
    ],
)
def test_the_definitions_judge(every_kind: Api, kind: str, path: str, value: Any, said: str) -> None:
    """One fault in an object, and the API server names it: what passes above has been looked at."""
    raw = catalog({"a": hosted(auth=OIDC)})
    every_kind.make_namespace("mcp")
    answer = every_kind.create(_changed(kind, raw, path, value))

    assert not answer.ok
    assert said in answer.message


def test_a_prefix_cannot_be_changed(every_kind: Api) -> None:
    """The rule behind "it can never be changed" in the catalog's reference."""
    document = _changed("MCPServerRegistration", catalog(), "spec.prefix", "one_")
    every_kind.make_namespace("mcp")
    assert every_kind.create(document).ok
    path = every_kind.path(document)
    patch = {"spec": {"prefix": "two_"}}
    answer = every_kind.request("PATCH", path, patch, content_type="application/merge-patch+json")

    assert "prefix is immutable once set" in answer.message


def test_the_older_version_of_the_api(shared: Path) -> None:
    """With apiVersion: v1alpha1 every object is one of release 0.9, which serves both versions."""
    for file in sorted((shared / "crds" / "kuadrant-mcp" / "v0.9.0").glob("*.yaml")):
        definition = yaml.load(file.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
        schemas = {v["name"]: v["schema"]["openAPIV3Schema"] for v in definition["spec"]["versions"] if v["served"]}
        assert set(schemas) == {"v1", "v1alpha1"}
        raw = SHAPES["every key of a registration"] | {
            "gateway": SHAPES["every key of a registration"]["gateway"]
            | {"apiVersion": "v1alpha1", "virtualServers": {"few": {"tools": ["kube_x"]}}}
        }
        kind = definition["spec"]["names"]["kind"]
        ours = [found for found in _documents(raw) if found["kind"] == kind]
        assert ours
        for document in ours:
            assert document["apiVersion"] == "mcp.kuadrant.io/v1alpha1"
            assert _unknown(document["spec"], schemas["v1alpha1"]["properties"]["spec"]) == []


def _unknown(value: Any, schema: dict[str, Any], path: str = "spec") -> list[str]:
    """Fields that a structural schema does not have."""
    if isinstance(value, dict) and "properties" in schema:
        known = schema["properties"]
        return [
            fault
            for key, below in value.items()
            for fault in ([f"{path}.{key}"] if key not in known else _unknown(below, known[key], f"{path}.{key}"))
        ]
    if isinstance(value, list):
        return [fault for below in value for fault in _unknown(below, schema["items"], f"{path}[]")]
    return []
