"""What is told of equal renders from a sample is what reading all of them tells."""

from __future__ import annotations

from typing import Any

import pytest

from explaining import EXAMPLES, view_of
from helpers import NAMESPACE, RELEASE, Raw, catalog
from mcpfence.cli import diff_inputs
from mcpfence.cli.diff_inputs import SideReader
from mcpfence.cli.diff_unchanged import print_the_same, sample
from mcpfence.diff.changes import Difference
from mcpfence.diff.compare import compare
from mcpfence.kube.services import ServiceIndex
from mcpfence.render.objects import Rendering
from mcpfence.render.pipeline import render

OPEN: Raw = {"runtime": "containerized", "egress": {"cidrs": [{"cidr": "10.1.2.3/32", "ports": [443]}]}}
CLOSED: Raw = {"runtime": "containerized", "egress": {"denyAllEgress": True}}
WORKER: Raw = {"namespace": "tools", "podSelector": {"app": "worker"}, "egress": OPEN["egress"]}
MANY: Raw = catalog({f"s{i}": CLOSED if i % 3 else OPEN for i in range(12)}) | {"workloads": {"worker": WORKER}}
AVIATRIX: Raw = {"egress": {"provider": "aviatrix"}}
WILD: Raw = {"runtime": "containerized", "egress": {"domains": ["a.example.com", "*.b.example.com"]}}
REDIS: Raw = {"name": "redis", "podSelector": {"app": "redis"}, "ports": [6379]}
CALLER: Raw = {"runtime": "containerized", "egress": {"services": [REDIS]}}

CATALOGS: dict[str, Raw] = {
    "many": MANY,
    "names": catalog({f"n{i}": WILD for i in range(4)} | {"s": OPEN}) | AVIATRIX,
    "back-ends": catalog({f"c{i}": CALLER for i in range(4)}),
    "several selectors": catalog(
        {f"m{i}": OPEN | {"podSelector": [{"app": f"a{i}"}, {"app": f"b{i}"}]} for i in range(3)}
    ),
    "nothing": catalog({}),
}


def _render(raw: Raw) -> Rendering:
    return render(raw, release=RELEASE, namespace=NAMESPACE, services=ServiceIndex(), allow_empty=True, told=False)


def _reader() -> SideReader:
    return SideReader(RELEASE, NAMESPACE, ())


def _in_full(rendering: Rendering) -> Difference:
    """Both sides parsed apart from each other, so that every pod is looked at."""
    return compare(_reader().manifests(rendering), _reader().manifests(rendering))


@pytest.mark.parametrize("raw", CATALOGS.values(), ids=CATALOGS)
def test_a_sample_tells_what_all_of_it_tells(raw: Raw) -> None:
    """The same count, and nothing else to say, whatever stands in a catalog."""
    rendering = _render(raw)

    assert _reader().compare(rendering, _render(raw)) == _in_full(rendering)


@pytest.mark.parametrize("example", EXAMPLES)
def test_examples(example: str) -> None:
    """The same of every example, also of those of which a sample cannot tell."""
    rendering = view_of(example).rendering

    assert _reader().compare(rendering, rendering) == _in_full(rendering)


def test_what_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of twelve servers and a workload two servers and the workload are read; of what is more than policies all."""
    read: list[str] = []
    manifests = SideReader._manifests

    def noted(self: SideReader, *arguments: Any) -> Any:
        found = manifests(self, *arguments)
        read.extend(document["metadata"]["name"] for document in found.rendered or ())
        return found

    monkeypatch.setattr(SideReader, "_manifests", noted)
    many = _render(MANY)
    assert _reader().compare(many, many).same == len(MANY["servers"]) + 2  # the workload, and pods that nobody named
    assert {name.removeprefix("mcp-").rpartition("-")[0] for name in read} == {
        "server-s0",
        "server-s1",
        "workload-worker",
    }

    running = _render(
        catalog({f"r{i}": {"runtime": "npx", "npxConfig": {"package": "x@1.0.0"}} for i in range(3)})
        | {"run": {"enabled": True}}
    )
    assert sample(running) is None
    assert _reader().compare(running, running) == _in_full(running)


CHANGES: dict[str, Raw] = {
    "a cidr": MANY | {"servers": MANY["servers"] | {"s6": CLOSED}},
    "a word": MANY | {"servers": MANY["servers"] | {"s6": OPEN | {"podSelector": {"app": "another"}}}},
    "a server more": MANY | {"servers": MANY["servers"] | {"s12": CLOSED}},
    "the floor": MANY | {"mcpNamespace": {"networkPolicy": {"enabled": False}}},
    "the pods' addresses": MANY | {"cluster": {"cidrs": {"pods": ["10.99.0.0/16"]}}},
}


@pytest.mark.parametrize("raw", CHANGES.values(), ids=CHANGES)
def test_what_differs_is_read(monkeypatch: pytest.MonkeyPatch, raw: Raw) -> None:
    """Whatever could make the two sides mean different things is no case for a sample."""
    monkeypatch.setattr(diff_inputs, "sample", lambda _: pytest.fail("a sample was taken"))
    old, new = _render(MANY), _render(raw)

    assert not print_the_same(old, new)
    assert _reader().compare(old, new) == compare(_reader().manifests(old), _reader().manifests(new))


def test_comments_change_nothing() -> None:
    """Of two files whose catalogs render alike a sample is enough, however they are written."""
    assert print_the_same(_render(MANY), _render(dict(reversed(MANY.items()))))


def test_what_is_unknown_is_said_of_each() -> None:
    """Where something is unknown of a template, all of it is read, and each server is named."""
    server = {"runtime": "containerized", "egress": {"kubernetesAPI": True}}
    raw = catalog({f"s{i}": server for i in range(3)})
    rendering = _render(
        raw
        | {
            "egress": {"provider": "cilium"},
            "cluster": {"cni": "cilium", "cidrs": {"controlPlane": ["192.168.10.10/32"]}},
        }
    )
    found = _reader().compare(rendering, rendering)

    assert len(sample(rendering) or ()) < len(rendering.objects)
    assert [said.split()[1].rpartition("-")[2] for said in found.remarks] == ["s0", "s1", "s2"]
    assert found == _in_full(rendering)
