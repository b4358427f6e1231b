"""Whose an address was."""

from __future__ import annotations

from typing import Any

import pytest

from flow_samples import GITHUB, POD, pod
from mcpfence.observe.record import FlowEnd
from mcpfence.observe.snapshot import read_snapshot
from mcpfence.observe.times import parse_time

NOON = parse_time("2026-11-01T12:00:00Z")


def owner(documents: list[Any], first: str, last: str = "") -> str:
    """The pod that had github's address at some times; nothing where that is not sure."""
    found = read_snapshot(documents).owner(GITHUB, parse_time(first), parse_time(last or first))
    return found.pod if found else ""


def test_from_its_start_on() -> None:
    """A pod has its address from its start, and nobody is known to have had it before."""
    assert owner([pod()], "2026-11-01T00:00:00Z") == POD
    assert owner([pod()], "2026-10-31T23:59:59Z") == ""


def test_a_reused_address() -> None:
    """Of two pods with one address each has its own time; what spans both is nobody's, never the last one's."""
    pods = [pod("b-2-y", start="2026-11-01T12:00:00Z"), pod("a-1-x")]

    assert owner(pods, "2026-11-01T06:00:00Z") == "a-1-x"
    assert owner(pods, "2026-11-01T12:00:00Z") == "b-2-y"
    assert owner(pods, "2026-11-01T06:00:00Z", "2026-11-01T13:00:00Z") == ""


def test_several_snapshots() -> None:
    """A pod that stands in two snapshots is one, and has ended where a later one says so."""
    ended = {"state": {"terminated": {"finishedAt": "2026-11-01T06:00:00Z"}}}
    pods = [pod(), pod(phase="Succeeded", statuses=[ended])]

    for documents in (pods, pods[::-1]):
        assert owner(documents, "2026-11-01T05:00:00Z") == POD
        assert owner(documents, "2026-11-01T07:00:00Z") == ""


def test_the_network_of_the_node() -> None:
    """A pod on its node's network has no address of its own; the node's is known as a node's."""
    found = read_snapshot([pod(host=True, address="10.0.1.9")])

    assert found.owner("10.0.1.9", NOON, NOON) is None
    assert found.node_addresses == {"10.0.1.9"}


@pytest.mark.parametrize("name", [POD, "github-6d8f9c7b5-zzzzz", "github-6d8f9c7b5-*"])
def test_labels_by_name(name: str) -> None:
    """A pod that is gone has the labels that its siblings share; `-*` is what Calico writes of a name."""
    pods = [pod(), pod("github-6d8f9c7b5-y3", labels={"app": "github", "only": "here"})]
    labels = read_snapshot(pods).labels_of(FlowEnd("mcp-servers", name))

    assert dict(labels or ())["app"] == "github"
    assert read_snapshot(pods).labels_of(FlowEnd("mcp-servers", "other-6d8f9c7b5-x")) is None
    assert read_snapshot(pods).labels_of(FlowEnd("elsewhere", name)) is None


def test_pods_of_a_workload() -> None:
    """Pods of a Deployment share labels under its own name too, whatever their ReplicaSets are called."""
    labels = {"app": "github", "pod-template-hash": "6d8f9c7b5"}
    newer = pod("github-77777-aaaaa", labels={"app": "github", "pod-template-hash": "77777", "new": "yes"})
    found = read_snapshot([pod(labels=labels), newer, pod("web-55-x", labels={"app": "web"})])

    assert found.labels_of(FlowEnd("mcp-servers", "github-*")) == (("app", "github"),)
    assert found.labels_of(FlowEnd("mcp-servers", "github-77777-*")) == tuple(
        sorted(newer["metadata"]["labels"].items())
    )
    assert found.labels_of(FlowEnd("mcp-servers", "web-*")) is None


def test_services() -> None:
    """A Service is known by its name and by each of its addresses; a headless one has none."""
    service = {
        "kind": "Service",
        "metadata": {"name": "redis", "namespace": "data"},
        "spec": {
            "clusterIP": "10.96.0.9",
            "clusterIPs": ["10.96.0.9", "fd00::9"],
            "selector": {"app": "redis"},
            "ports": [{"port": 6379}],
        },
    }
    headless = {"kind": "Service", "metadata": {"name": "h"}, "spec": {"clusterIP": "None", "ports": []}}
    found = read_snapshot([service, headless])

    assert found.cluster_ips == {"10.96.0.9": ("data", "redis"), "fd00::9": ("data", "redis")}
    for end in (FlowEnd(address="fd00::9"), FlowEnd(service="data/redis", address="10.244.0.9")):
        assert (found.service_at(end) or [""])[0] == ("data", "redis")
    assert found.service_at(FlowEnd("data", "redis-0", "app=redis", "10.96.0.9")) is None


@pytest.mark.parametrize(
    "broken", [{}, {"kind": "Pod"}, {"kind": "Pod", "status": {"podIP": 7}}, {"kind": "Service"}, 3, None]
)
def test_odd_documents(broken: Any) -> None:
    """What is not as Kubernetes writes it tells nothing."""
    assert read_snapshot([broken]).owners == {}
