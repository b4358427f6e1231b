"""A CRD that does not know our fields: the API server drops them, and `check` on what it holds says so.

The CRD is that of open source Calico, which has the name of Enterprise's and no `domains`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from helpers import catalog, rendered
from lab.api import Api
from lab.manifests import await_served
from mcpfence.check.audit import audit
from mcpfence.kube.services import ServiceIndex
from tooling import eventually

RAW: dict[str, Any] = catalog(
    {"a": {"runtime": "containerized", "egress": {"domains": ["api.example.com"]}}},
    egress={"provider": "calico", "calico": {"edition": "enterprise"}},
)
CRDS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
NAME = "networkpolicies.projectcalico.org"
PLACE = "/apis/projectcalico.org/v3/namespaces/demo-mcp/networkpolicies"


def definition(shared: Path, edition: str) -> dict[str, Any]:
    """The CRD of an edition."""
    text = (shared / "crds" / edition / "projectcalico.org_networkpolicies.yaml").read_text(encoding="utf-8")
    (found,) = (one for one in yaml.safe_load_all(text) if one and one["metadata"]["name"] == NAME)
    return dict(found)


def install(api: Api, shared: Path, edition: str) -> None:
    """Have the API server know the CRD of this edition, whichever it knew before, and wait until it does."""
    found, there = definition(shared, edition), api.request("GET", f"{CRDS}/{NAME}")
    if there.ok:
        found["metadata"]["resourceVersion"] = there.body["metadata"]["resourceVersion"]
        answer = api.request("PUT", f"{CRDS}/{NAME}", found)
    else:
        answer = api.request("POST", CRDS, found)
    assert answer.ok, answer.message
    await_served(api, "/apis/projectcalico.org/v3/networkpolicies")
    probe = {**ours()[0], "metadata": {"name": "probe", "namespace": "demo-mcp"}}
    knows = edition == "calico-enterprise"
    eventually(
        lambda: api.request("POST", PLACE, probe, query={"fieldValidation": "Strict", "dryRun": "All"}).ok is knows,
        f"the CRD of {edition} is not in force",
    )


def ours() -> list[dict[str, Any]]:
    """What we print, Calico's policy first."""
    found = [yaml.safe_load(item.text) for item in rendered(RAW).objects if item.kind != "ConfigMap"]
    assert found[0]["apiVersion"] == "projectcalico.org/v3"
    return found


@pytest.fixture
def fenced(bare_api: Api) -> Api:
    """A server with the namespace and its NetworkPolicies, and without Calico's policy."""
    bare_api.make_namespace("demo-mcp")
    for document in ours()[1:]:
        answer = bare_api.create(document)
        assert answer.ok or answer.status == 409, answer.message
    if bare_api.request("GET", PLACE).ok:
        bare_api.request("DELETE", PLACE)
    return bare_api


def said(api: Api) -> set[str]:
    """The ids of what `check` finds wrong with what the server holds."""
    held = [*api.items("networking.k8s.io/v1", "NetworkPolicy"), *api.items("projectcalico.org/v3", "NetworkPolicy")]
    found = audit(RAW, held, release="demo", namespace="home", services=ServiceIndex())
    return {one.id for one in found if one.severity.value == "error"} - {"floor-drift"}


def test_enterprise_holds_it_all(fenced: Api, shared: Path) -> None:
    """Strictly, without a warning; and `check` on what is held has nothing to say."""
    install(fenced, shared, "calico-enterprise")
    answer = fenced.create(ours()[0])

    assert (answer.ok, answer.warnings) == (True, ()), answer.message
    assert said(fenced) == set()


def test_open_source_drops_the_names(fenced: Api, shared: Path) -> None:
    """Strictly it refuses; else it warns and drops them, which opens 443 to everywhere, and `check` says both."""
    install(fenced, shared, "calico")
    strict = fenced.create(ours()[0])
    lax = fenced.request("POST", PLACE, ours()[0], query={"fieldValidation": "Warn"})

    assert strict.status == 400
    assert 'unknown field "spec.egress[6].destination.domains"' in strict.message
    assert lax.ok
    assert any("domains" in warning for warning in lax.warnings)
    assert said(fenced) == {"field-pruned", "proof-wider"}


def test_a_definition_that_is_changed_afterwards(fenced: Api, shared: Path) -> None:
    """What was stored whole comes back without the names once the CRD is that of the other edition."""
    install(fenced, shared, "calico-enterprise")
    assert fenced.create(ours()[0]).ok
    assert said(fenced) == set()

    install(fenced, shared, "calico")

    assert said(fenced) == {"field-pruned", "proof-wider"}
