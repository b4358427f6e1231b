"""Engines that a cluster could have, by its CRDs: named, never chosen."""

from __future__ import annotations

from typing import Any

import pytest

from edges import NAMESPACE, RELEASE, catalog, container
from mcpfence.check.audit import audit
from mcpfence.kube.services import index
from mcpfence.providers import all_providers

CILIUM = (
    "egress.provider: the CRD ciliumnetworkpolicies.cilium.io is there, so the cluster's engine may be cilium; "
    "write cilium if it runs and enforces host names (docs/providers.md has what it needs)"
)


def crd(name: str) -> dict[str, Any]:
    """A definition as kubectl gives it, as far as it is looked at."""
    return {"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "metadata": {"name": name}}


def proposed(raw: Any, *names: str) -> list[str]:
    """What is proposed where a cluster knows these kinds."""
    listed = {"apiVersion": "v1", "kind": "List", "items": [crd(name) for name in names]}
    found = audit(raw, [listed], release=RELEASE, namespace=NAMESPACE, services=index([], NAMESPACE))
    return [finding.message for finding in found if finding.id == "provider-possible"]


def test_names_without_a_provider() -> None:
    """A catalog that is refused for its names hears which engine could take them."""
    raw = catalog(github=container(egress={"domains": ["api.github.com"]}))

    assert proposed(raw, "ciliumnetworkpolicies.cilium.io", "widgets.example.com") == [CILIUM]


def test_a_catalog_that_stands() -> None:
    """It is a note beside whatever else is found, too."""
    assert proposed(catalog(github=container()), "ciliumnetworkpolicies.cilium.io") == [CILIUM]


@pytest.mark.parametrize("provider", [one.name for one in all_providers() if one.kinds])
def test_every_engine_is_known_by_its_kind(provider: str) -> None:
    """The CRDs of each provider's kinds propose it, and it alone."""
    (row,) = (one for one in all_providers() if one.name == provider)
    (said,) = proposed(catalog(github=container()), *(f"{kind.plural}.{kind.group}" for kind in row.kinds))

    assert f"the cluster's engine may be {provider};" in said


def test_nothing_where_one_is_chosen_or_none_is_there() -> None:
    """A choice is never doubted by a CRD."""
    chosen = {**catalog(github=container()), "egress": {"provider": "aviatrix"}}

    assert proposed(chosen, "ciliumnetworkpolicies.cilium.io") == []
    assert proposed(catalog(github=container()), "widgets.example.com") == []
