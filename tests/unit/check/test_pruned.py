"""`check` names the fields that we print and an object does not have, of every kind; what a cluster adds is no matter."""

from __future__ import annotations

import json
from typing import Any

import pytest
import yaml

from helpers import catalog
from mcpfence.check.audit import audit
from mcpfence.kube.services import ServiceIndex
from mcpfence.render.pipeline import render

NAMED: dict[str, Any] = {"a": {"runtime": "containerized", "egress": {"domains": ["api.example.com"]}}}
PROVIDERS: dict[str, Any] = {
    "none": catalog({"a": {"runtime": "containerized"}}),
    "aviatrix": catalog(NAMED, egress={"provider": "aviatrix"}),
    "calico": catalog(NAMED, egress={"provider": "calico", "calico": {"edition": "enterprise"}}),
    "antrea": catalog(NAMED, egress={"provider": "antrea"}),
}
TODO = "give the cluster the CRD that knows the field (edition, channel, version), and apply again with `--validate=strict`"


def live(raw: Any) -> list[Any]:
    """The objects of a catalog as a cluster that knows all of their fields holds them."""
    found = [
        yaml.safe_load(item.text)
        for item in render(raw, release="r", namespace="home", services=ServiceIndex()).objects
    ]
    for document in found:
        document["metadata"] |= {"uid": "u", "resourceVersion": "1", "managedFields": [{"manager": "kubectl"}]}
        document.setdefault("status", {"phase": "Active"})
    return found


def pruned(raw: Any, documents: list[Any]) -> list[str]:
    """What is said of dropped fields."""
    found = audit(raw, documents, release="r", namespace="home", services=ServiceIndex())
    return [one.message for one in found if one.id == "field-pruned"]


def without(documents: list[Any], field: str) -> list[Any]:
    """The documents as they come out of a server that does not know a field."""

    def drop(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: drop(item) for key, item in value.items() if key != field}
        return [drop(item) for item in value] if isinstance(value, list) else value

    return [document | {"spec": drop(document["spec"])} if "spec" in document else document for document in documents]


@pytest.mark.parametrize("provider", PROVIDERS)
def test_what_was_stored_whole_lacks_nothing(provider: str) -> None:
    """Neither what a cluster adds nor an empty list that it leaves out of its own types is a loss."""
    found = live(PROVIDERS[provider])
    for document in found:
        if document["apiVersion"] == "networking.k8s.io/v1":
            document["spec"] = {key: value for key, value in document["spec"].items() if value}
        if "spec" in document:
            document["spec"]["added"] = {"by": "the server"}

    assert pruned(PROVIDERS[provider], found) == []


@pytest.mark.parametrize(
    ("provider", "field", "says"),
    [
        (
            "calico",
            "domains",
            "NetworkPolicy.projectcalico.org r-mcp/mcp-server-a-names: lacks spec.egress[6].destination.domains",
        ),
        ("calico", "order", "NetworkPolicy.projectcalico.org r-mcp/mcp-server-a-names: lacks spec.order"),
        ("antrea", "fqdn", "NetworkPolicy.crd.antrea.io r-mcp/mcp-server-a-names: lacks spec.egress[2].to[0].fqdn"),
        ("aviatrix", "webGroups", "FirewallPolicy r-mcp/mcp-server-a: lacks spec.webGroups, and 1 more field"),
    ],
)
def test_a_dropped_field_is_named(provider: str, field: str, says: str) -> None:
    """With its object and its place, and what to do."""
    raw = PROVIDERS[provider]

    assert pruned(raw, without(live(raw), field)) == [
        f"{says}, which mcpfence prints: an API server drops what its CRD does not know; {TODO}"
    ]


@pytest.mark.parametrize("provider", PROVIDERS)
def test_every_field_of_every_policy_is_missed(provider: str) -> None:
    """Whatever field an API server drops from a policy of ours, it is said."""
    raw = PROVIDERS[provider]
    whole = live(raw)
    policies = [document for document in whole if document["kind"] != "ConfigMap"]
    fields = {key for document in policies for key in keys(document["spec"])} - {"endPort"}

    for field in fields:
        assert pruned(raw, without(whole, field)), field


def keys(value: Any) -> set[str]:
    """Every key of a document that has a value, outside the maps of labels."""
    if isinstance(value, list):
        return {key for item in value for key in keys(item)}
    if not isinstance(value, dict):
        return set()
    found = {key for key, item in value.items() if item}
    return found | {key for name, item in value.items() if name != "matchLabels" for key in keys(item)}


def test_an_object_that_is_not_there_has_no_fields() -> None:
    """A namesake of another group is another object, and one that is missing is not the matter here."""
    raw = PROVIDERS["calico"]
    found = [document for document in live(raw) if document["apiVersion"] != "projectcalico.org/v3"]
    namesake = json.loads(json.dumps(found[0])) | {"apiVersion": "crd.antrea.io/v1beta1", "spec": {}}
    namesake["metadata"]["name"] = "mcp-server-a-names"

    assert pruned(raw, [*found, namesake]) == []
