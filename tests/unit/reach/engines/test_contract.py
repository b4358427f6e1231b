"""A server that lists thousands of names: every engine's reader takes time of their number, not of its square."""

from __future__ import annotations

from typing import Any

import pytest

from effort import effort
from mcpfence.documents.reader import load_foreign
from mcpfence.kube.services import ServiceIndex
from mcpfence.reach.evaluation.policy_set import read_policies
from mcpfence.render.pipeline import render

PROVIDERS: dict[str, dict[str, Any]] = {
    "antrea": {},
    "aviatrix": {},
    "calico": {"calico": {"edition": "enterprise"}},
    "cilium": {},
    "gke": {},
}


def manifests(provider: str, names: int) -> list[Any]:
    """The policies of one server with so many names."""
    config = {"image": "a:1", "port": 80, "egressDomains": [f"a{number}.example.com" for number in range(names)]}
    catalog = {
        "mcpNamespace": {"name": "mcp"},
        "cluster": {"ipFamilies": ["IPv4"]},
        "egress": {"provider": provider, **PROVIDERS[provider]},
        "servers": {"a": {"runtime": "containerized", "containerizedConfig": config}},
    }
    found = render(catalog, release="r", namespace="n", services=ServiceIndex())
    return [document for item in found.objects for document in load_foreign(item.text)]


@pytest.mark.parametrize("provider", PROVIDERS)
def test_twice_as_many_names_take_twice_as_long(provider: str) -> None:
    """Names are united by halves, whoever reads them."""
    read_policies(manifests(provider, 2))
    less, more = (_reading(manifests(provider, names)) for names in (400, 800))

    assert more < 2.6 * less


def _reading(documents: list[Any]) -> int:
    """How many calls it takes to read policies."""
    return effort(lambda: read_policies(documents))[1]
