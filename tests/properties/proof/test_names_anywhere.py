"""Providers that keep names nowhere: what they render is proven, and a name or an address more is seen."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from helpers import NAMESPACE, RELEASE, rendered
from mcpfence.check.audit import audit
from mcpfence.documents.reader import load_foreign
from mcpfence.findings.finding import McpfenceError
from mcpfence.findings.table import Severity
from mcpfence.kube.services import index
from mcpfence.providers import NamesAt, all_providers
from strategies import Cluster, catalogs

CLUSTERS = {
    "eks": Cluster(({"provider": "eks"},), families=((4,), (4, 6)), profiles=("eks",), plain=()),
    "gke": Cluster(({"provider": "gke"},), profiles=("gke",), plain=("gke",)),
}
RESOLVERS = {"eks": {"clusterIP": ["10.200.0.10"]}, "gke": {}}
REFUSALS = {"eks": {"eks-entries"}, "gke": {"gke-ports"}}
"""What a random catalog may ask for that the engine has not."""


def test_every_such_provider_is_looked_at() -> None:
    """A provider that keeps names nowhere has a row here."""
    assert {one.name for one in all_providers() if one.names_at is NamesAt.ANYWHERE} == CLUSTERS.keys()


@pytest.mark.parametrize("name", CLUSTERS)
def test_random_catalogs(name: str) -> None:
    """Each is rendered and proven, or refused for what the engine has not; a wider name or block is found by `check`."""
    seen = {"rendered": 0, "names": 0}

    @settings(max_examples=60, suppress_health_check=list(HealthCheck))
    @given(catalogs(CLUSTERS[name]))
    def judged(raw: Any) -> None:
        raw = {**raw, "dns": {**raw["dns"], **RESOLVERS[name]}}
        try:
            found = rendered(raw)
        except McpfenceError as refused:
            assert {one.id for one in refused.findings if one.severity is Severity.ERROR} <= REFUSALS[name]  # noqa: PT017
            return
        seen["rendered"] += 1
        documents = [part for item in found.objects for part in load_foreign(item.text)]
        assert _proof(raw, documents) == set()
        for place, one in enumerate(documents):
            if one["kind"] not in ("NetworkPolicy", "ConfigMap"):
                seen["names"] += 1
                assert "proof-wider" in _proof(raw, _with_a_name_more(documents, place))
                assert "proof-narrower" in _proof(raw, [*documents[:place], *documents[place + 1 :]])
                break

    judged()
    assert seen["rendered"] > 20
    assert seen["names"] > 5


def _with_a_name_more(documents: list[Any], place: int) -> list[Any]:
    found = copy.deepcopy(documents)
    rule = found[place]["spec"]["egress"][-1]
    if "matches" in rule:
        rule["matches"].append({"name": "evil.test.example"})
    else:
        rule["to"][0]["domainNames"].append("evil.test.example")
    return found


def _proof(raw: Any, documents: list[Any]) -> set[str]:
    said = audit(raw, documents, release=RELEASE, namespace=NAMESPACE, services=index([], NAMESPACE))
    return {one.id for one in said if one.id.startswith("proof")}
