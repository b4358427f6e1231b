"""Objects of a gateway that exist are those of the catalog: every place counts, and what the API server adds does not."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from gateways.definitions import FOLDERS
from gateways.mutations import GUARDED
from gateways.shapes import SHAPES
from helpers import NAMESPACE, RELEASE, objects
from mcpfence.catalog.model import Catalog
from mcpfence.findings.finding import Collector
from mcpfence.gateways import gateway_manifests, rivals
from mcpfence.gateways.kuadrant.drift import gateway_drift
from mcpfence.render.pipeline import load_catalog

Raw = dict[str, Any]

EVERY = {**SHAPES, "guarded": GUARDED}


def _catalog(raw: Raw) -> Catalog:
    found = load_catalog(raw, release=RELEASE, namespace=NAMESPACE, out=Collector())
    assert found is not None
    return found


def _manifests(raw: Raw) -> list[Raw]:
    return [copy.deepcopy(manifest.document) for manifest, _, _ in gateway_manifests(_catalog(raw))]


def _places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    if path:
        yield path
    for key, below in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        yield from _places(below, (*path, key))


def _at(document: Raw, path: tuple[Any, ...]) -> Any:
    place: Any = document
    for step in path:
        place = place[step]
    return place


def _changed(document: Raw, path: tuple[Any, ...]) -> Iterator[Raw]:
    """The document without the place, with another value there, and with something more in it."""
    for how in ("removed", "other", "more"):
        found = copy.deepcopy(document)
        above, value = _at(found, path[:-1]), _at(found, path)
        if how == "removed" and path[-1] == "priority" and value == 0:
            continue  # the API's own default
        if how == "removed":
            del above[path[-1]]
        elif how == "other":
            above[path[-1]] = [value]
        elif isinstance(value, dict):
            value["added"] = {}
        elif isinstance(value, list):
            value.append({})
        else:
            continue
        yield found


WHOLE = ("guarded", "external plain http", "token exchange", "filtered list of tools", "every key of a registration")
"""Shapes that have every kind, and every key of it."""


@pytest.mark.parametrize("shape", WHOLE)
def test_every_place_counts(shape: str) -> None:
    """Whatever is taken out, changed or added anywhere but in the metadata is said, of its object and of no other."""
    catalog, count = _catalog(EVERY[shape]), 0
    documents = _manifests(EVERY[shape])
    assert list(gateway_drift(catalog, documents, NAMESPACE)) == []
    for document in documents:
        title = f"{document['kind']} {document['metadata']['namespace']}/{document['metadata']['name']}"
        body = {key: value for key, value in document.items() if key not in ("apiVersion", "kind", "metadata")}
        for path in _places(body):
            for other in _changed(document, path):
                found = [one.sentence.partition(" is not what") for one in gateway_drift(catalog, [other], NAMESPACE)]
                count += 1
                assert [name for name, said, _ in found if said] == [title], path

    assert count > 50


def test_the_last_of_two_is_looked_at() -> None:
    """kubectl applies both, and the last one stays."""
    documents = _manifests(GUARDED)
    weaker = next(copy.deepcopy(one) for one in documents if one["kind"] == "AuthPolicy")
    weaker["spec"]["defaults"]["when"] = [{"predicate": "false"}]

    (found,) = gateway_drift(_catalog(GUARDED), [*documents, weaker], NAMESPACE)
    assert found.sentence == (
        "AuthPolicy gateway-system/mcp-gateway-mcp is not what the catalog gives: "
        "spec.defaults.when[0].predicate is another one"
    )


def test_many_places() -> None:
    """Three are named, the rest is counted, and keys that are no words are quoted."""
    documents = _manifests(GUARDED)
    policy = next(one for one in documents if one["metadata"]["name"] == "a" and one["kind"] == "AuthPolicy")
    policy["spec"] = {"x\n": 1, "rules": {}, "targetRef": 1}

    (found,) = gateway_drift(_catalog(GUARDED), documents, NAMESPACE)
    assert found.message == (
        "servers.a.gateway: AuthPolicy mcp/a is not what the catalog gives: spec.rules.authentication is missing, "
        "spec.rules.authorization is missing, spec.rules.response is missing and 2 more; "
        "render again and apply: these manifests are not what the catalog gives"
    )
    policy["spec"] = {**_manifests(GUARDED)[documents.index(policy)]["spec"], "x\n": 1}
    (found,) = gateway_drift(_catalog(GUARDED), documents, NAMESPACE)
    assert '["x\\n"] is added' in found.message


# --- what an API server adds ---


def _schemas(shared: Path) -> dict[tuple[str, str], Raw]:
    found: dict[tuple[str, str], Raw] = {}
    for folder in FOLDERS:
        for file in sorted((shared / "crds" / folder).glob("*.yaml")):
            for definition in yaml.load_all(file.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader):
                if definition and definition.get("kind") == "CustomResourceDefinition":
                    names = definition["spec"]["names"]["kind"]
                    for version in definition["spec"]["versions"]:
                        api = f"{definition['spec']['group']}/{version['name']}"
                        found[api, names] = version["schema"]["openAPIV3Schema"]
    return found


def _defaulted(value: Any, schema: Raw) -> Any:
    """A value with the defaults of a structural schema, as the API server stores it."""
    if isinstance(value, dict):
        known, more = schema.get("properties", {}), schema.get("additionalProperties")
        for key, below in known.items():
            if key not in value and "default" in below:
                value[key] = copy.deepcopy(below["default"])
        return {
            key: _defaulted(item, known.get(key) or (more if isinstance(more, dict) else {}))
            for key, item in value.items()
        }
    if isinstance(value, list):
        return [_defaulted(item, schema.get("items", {})) for item in value]
    return value


def _live(document: Raw, schemas: dict[tuple[str, str], Raw]) -> Raw:
    found = copy.deepcopy(document)
    schema = schemas.get((found["apiVersion"], found["kind"]))
    if schema is not None:
        found["spec"] = _defaulted(found["spec"], schema["properties"]["spec"])
    elif found["kind"] == "Service":
        found["spec"]["sessionAffinity"] = "None"
    found["metadata"] |= {"uid": "0", "resourceVersion": "1", "generation": 1, "managedFields": []}
    return {**found, "status": {"conditions": [{"type": "Accepted"}], "loadBalancer": {}}}


@pytest.mark.parametrize("shape", EVERY)
def test_what_the_api_server_adds_is_no_difference(shape: str, shared: Path) -> None:
    """The defaults of the definitions themselves, over every object of every shape: nothing is said."""
    schemas = _schemas(shared)
    written = _manifests(EVERY[shape])
    live = [_live(document, schemas) for document in written]

    assert {document["kind"] for document in written} & {kind for _, kind in schemas}
    assert list(gateway_drift(_catalog(EVERY[shape]), live, NAMESPACE)) == []
    assert rivals(objects(EVERY[shape]).values(), live, NAMESPACE) == []


def test_definitions_add_something(shared: Path) -> None:
    """The test above compares with objects that were really changed."""
    schemas = _schemas(shared)
    changed = [one["kind"] for one in _manifests(GUARDED) if _live(one, schemas).get("spec", {}) != one.get("spec", {})]

    assert {"AuthPolicy", "MCPServerRegistration", "MCPGatewayExtension"} <= set(changed)


@pytest.mark.parametrize(("key", "value"), [("metrics", True), ("priority", 1), ("metrics", 0), ("priority", False)])
def test_another_value_than_the_default(key: str, value: Any) -> None:
    """Only the default itself is nothing."""
    documents = _manifests(GUARDED)
    policy = next(one for one in documents if one["metadata"]["name"] == "a" and one["kind"] == "AuthPolicy")
    policy["spec"]["rules"]["authentication"]["oidc"][key] = value

    (found,) = gateway_drift(_catalog(GUARDED), documents, NAMESPACE)
    assert found.sentence.endswith(f": spec.rules.authentication.oidc.{key} is added")
