"""A view for one fence: that one is proven, whatever it is called by, and faults of others are left to `check`."""

from __future__ import annotations

from typing import Any

import pytest

from helpers import NAMESPACE, RELEASE, Raw, catalog, errors_of
from mcpfence.explain.context import View, make_view
from mcpfence.findings.finding import McpfenceError
from mcpfence.kube.services import ServiceIndex
from mcpfence.providers.networkpolicy.emit import network_policies

CLOSED: Raw = {"runtime": "containerized", "egress": {"denyAllEgress": True}}
OPEN: Raw = {"runtime": "containerized", "egress": {"cidrs": [{"cidr": "10.1.2.3/32", "ports": [443]}]}}
WORKER: Raw = {"namespace": "tools", "podSelector": {"app": "worker"}, "egress": OPEN["egress"]}
CATALOG = catalog({"closed": CLOSED, "open": OPEN}) | {"workloads": {"worker": WORKER}}


def _view(raw: Raw, name: str) -> View:
    return make_view(raw, release=RELEASE, namespace=NAMESPACE, services=ServiceIndex(), name=name)


@pytest.fixture
def careless(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is written for cidrs opens every address."""

    def widened(*arguments: Any) -> list[Any]:
        found = list(network_policies(*arguments))
        for manifest in found:
            for rule in manifest.document["spec"].get("egress", ()):
                rule["to"] = [{"ipBlock": {"cidr": "0.0.0.0/0"}} if "ipBlock" in peer else peer for peer in rule["to"]]
        return found

    monkeypatch.setattr("mcpfence.render.assembly.network_policies", widened)


@pytest.mark.usefixtures("careless")
@pytest.mark.parametrize("name", ["open", "server/open", "worker", "workload/worker"])
def test_the_one_that_is_explained_is_proven(name: str) -> None:
    """A fault in its own manifests is found, by whatever name it is asked for."""
    with pytest.raises(McpfenceError) as refused:
        _view(CATALOG, name)

    assert {item.id for item in refused.value.findings} == {"proof-wider"}
    assert {item.path[-1] for item in refused.value.findings} == {name.rpartition("/")[2]}


@pytest.mark.usefixtures("careless")
def test_others_are_left_to_those_who_print() -> None:
    """A fault in others' manifests is none of its own, and a render of all of them finds it."""
    assert _view(CATALOG, "closed").fences
    assert _view(CATALOG, "workload/closed").fences  # no such workload: nothing is told, and nothing proven
    assert [message.rpartition("[")[2] for message in errors_of(CATALOG)] == ["proof-wider]"]


@pytest.mark.parametrize("name", ["closed", "other"])
def test_who_might_add_to_its_policies_is_refused(name: str) -> None:
    """Two that could select one pod would add up, so that neither of them can be told."""
    raw = catalog({"closed": CLOSED | {"podSelector": {"app": "x"}}, "other": OPEN | {"podSelector": {"tier": "y"}}})
    with pytest.raises(McpfenceError) as refused:
        _view(raw, name)

    assert [item.id for item in refused.value.findings] == ["selector-overlap"]


def test_no_report_of_what_was_not_proven() -> None:
    """Who has one fence proven gets no object that counts the others as proven."""
    whole = make_view(CATALOG, release=RELEASE, namespace=NAMESPACE, services=ServiceIndex(), told=True)
    one = make_view(CATALOG, release=RELEASE, namespace=NAMESPACE, services=ServiceIndex(), told=True, name="closed")

    assert [item.kind for item in whole.rendering.objects if item not in one.rendering.objects] == ["ConfigMap"]
