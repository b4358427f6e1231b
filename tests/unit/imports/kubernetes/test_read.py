"""The format kubernetes: what is imported reaches, and is reached by, what it is today or less, never more."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
import yaml

from helpers import run_cli
from mcpfence.documents.reader import load_foreign
from mcpfence.imports.run import Imported, Request, import_texts
from mcpfence.imports.shared.source import Text
from mcpfence.kube.services import index
from mcpfence.reach.connectivity import connections, text_form
from mcpfence.render.pipeline import render
from tooling import TESTS

CASES = TESTS / "commands" / "imports" / "cases" / "kubernetes"
_NAMESPACES = {"equal": "tools", "chosen": "tools", "labelled": "shop", "wider": "mcp", "one-end": "mcp"}


def _imported(documents: Any, *only: str) -> Imported:
    return import_texts([Text("cluster.json", json.dumps(documents))], Request(format="kubernetes", only=only))


def _cluster(case: str) -> dict[str, Any]:
    return dict(yaml.safe_load((CASES / case / "input" / "cluster.yaml").read_text(encoding="utf-8")))


def _replaced(items: list[Any], catalog: Mapping[str, Any]) -> list[Any]:
    """The objects of a cluster with the catalog's policies, and the floor, in place of those of its namespace."""
    namespace = catalog["mcpNamespace"]["name"]
    found = render(catalog, release="r", namespace="default", services=index((), "default"))
    floor = {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": "floor", "namespace": namespace},
        "spec": {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]},
    }
    others = [
        item for item in items if item["kind"] != "NetworkPolicy" or item["metadata"].get("namespace") != namespace
    ]
    return [*others, floor, *(one for item in found.objects for one in load_foreign(item.text))]


@pytest.mark.parametrize("case", ["equal", "chosen"])
def test_what_is_equal_is_equal(case: str) -> None:
    """With the catalog's policies in place of the old ones, who reaches whom is the same, line for line."""
    items = _cluster(case)["items"]
    catalog = yaml.safe_load((CASES / case / "expected.yaml").read_text(encoding="utf-8"))
    before, after = (text_form.as_text(connections.connections(one)) for one in (items, _replaced(items, catalog)))

    assert before.count("\n") > 1
    assert after == before


@pytest.mark.parametrize("case", _NAMESPACES)
def test_nothing_is_reached_that_is_not_reached_today(case: str) -> None:
    """No workload reaches or is reached by anything new, pair by pair and at every address."""
    items = _cluster(case)["items"]
    catalog = yaml.safe_load((CASES / case / "expected.yaml").read_text(encoding="utf-8"))
    before, after = connections.connections(items), connections.connections(_replaced(items, catalog))
    there = {(source, target): points for source, found in before.inside.items() for target, points in found}

    for source, found in after.inside.items():
        for target, points in found:
            assert set(_points(points)) <= set(_points(there.get((source, target), ()))), (source, target)
    for title in after.workloads:
        for new, old in ((after.outward[title], before.outward[title]), (after.inward[title], before.inward[title])):
            assert _flat(new) <= _flat(old)


def _points(points: Any) -> Iterator[int]:
    for first, last in points:
        yield from range(first, last + 1)


def _flat(outside: Any) -> set[tuple[int, int]]:
    """(address, point) where blocks of either begin and end, so that what is not contained shows."""
    probes = {
        1,
        0x08080808,
        0x0A000001,
        0x0A090807,
        0x0A140001,
        0xA9FEA9FE,
        0x0A018001,
        0x0A010001,
        1 << 33,
        0xC0A80701,
    }
    found = set()
    for members, allowed in outside:
        for address in probes:
            if any(first <= address <= last for first, last in members):
                found |= {(address, point) for points, _ in allowed for point in _some(points)}
    return found


def _some(points: Any) -> set[int]:
    ports = (53, 80, 443, 8000, 8080, 8081, 9090)
    wanted = {base * 65536 + port for base in range(4) for port in ports}
    return {point for point in wanted if any(first <= point <= last for first, last in points)}


def test_a_back_end_that_lets_nobody_in_stays_closed() -> None:
    """A catalog opens both ends of a services entry; where the other end's policies do not, the entry is left out."""
    found = _imported(_cluster("one-end"))

    assert yaml.safe_load(found.text)["servers"]["search"]["egress"]["services"] == []
    said = "Deployment mcp/search may call closed by its own policies, and not by those of closed; left out; a catalog"
    assert any(said in finding.message for finding in found.findings if finding.id == "import-narrowed")


def test_auto_takes_no_manifest() -> None:
    """Any manifest would be of this format: it has to be named."""
    found = import_texts([Text("cluster.json", json.dumps(_cluster("equal")))], Request())

    assert found.text == ""
    (message,) = [finding.message for finding in found.findings if finding.id == "import-unreadable"]
    assert message.startswith("cluster.json:1: holds nothing that a known format has; name its format (")


def test_only_chooses_the_servers() -> None:
    """--only decides which workloads are servers; the others of the namespace become workloads."""
    found = _imported(_cluster("equal"), "redis")
    catalog = yaml.safe_load(found.text)

    assert set(catalog["servers"]) == {"redis"}
    assert set(catalog["workloads"]) == {"notes", "search-mcp"}


def test_only_that_names_nothing_is_an_error() -> None:
    """A name that no workload has is said, with the nearest one there is no server to propose."""
    outcome = run_cli("import", "kubernetes", str(CASES / "equal" / "input"), "--only", "nothing")

    assert (outcome.code, outcome.stdout) == (1, "")
    assert 'error: --only "nothing" is in no entry; write' in outcome.stderr


def _policy(**spec: Any) -> dict[str, Any]:
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": "p", "namespace": "mcp"},
        "spec": {"podSelector": {}, "policyTypes": ["Egress"], **spec},
    }


def _with(policy: Any) -> Imported:
    workload = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "a", "namespace": "mcp"},
        "spec": {
            "selector": {"matchLabels": {"app": "a"}},
            "template": {"metadata": {"labels": {"app": "a"}}, "spec": {"containers": [{"image": "example/a:1"}]}},
        },
    }
    return _imported({"kind": "List", "items": [workload, policy]})


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        ({"ports": [{"port": 443}]}, "has no `to`, which opens every address and every pod; imported the public IPv4 addresses alone; list what else is needed"),
        ({"to": [{"ipBlock": {"cidr": "0.0.0.0/0"}}], "ports": [{"port": 443}]}, 'opens "0.0.0.0/0", and in it private or special ranges (0.0.0.0/8, 10.0.0.0/8, 100.64.0.0/11 ...); imported the public addresses alone; list the private ones needed'),
        ({"to": [{"namespaceSelector": {}}], "ports": [{"port": 443}]}, "means every namespace of the cluster, those to come included; left out; name the namespaces that are needed"),
        ({"to": [{"podSelector": {}}]}, "opens every pod of mcp, and with them every server; left out; list the back-ends that are needed"),
        ({"to": [{"podSelector": {"matchLabels": {"app": "a"}}}]}, "opens Deployment mcp/a, which is a server of this catalog; left out; declare the caller as a client of that server"),
        ({"to": [{"ipBlock": {"cidr": "169.254.169.254/32"}}]}, '"169.254.169.254/32" is nothing but a metadata endpoint of a cloud; this destination was not imported; add what the server needs to its egress by hand'),
    ],
    ids=["no to", "all addresses", "all namespaces", "own namespace", "a server", "metadata"],
)  # fmt: skip
def test_what_is_wider_than_a_catalog_should_say(rule: dict[str, Any], said: str) -> None:
    """Each kind of rule that is too wide is narrowed or left out, and one sentence says it at its line."""
    found = _with(_policy(egress=[rule]))
    messages = [
        finding.message for finding in found.findings if finding.id in ("import-narrowed", "import-destination-refused")
    ]
    server = yaml.safe_load(found.text)["servers"]["a"]

    assert any(message.endswith(f": {said}") for message in messages), messages
    cidrs = server["egress"].get("cidrs", [])
    assert all("10.0.0.0/8" in entry["except"] and "169.254.0.0/16" in entry["except"] for entry in cidrs)
    assert server["egress"].get("services", []) == []


_WRONG: tuple[Any, ...] = (5, True, "", "x\ny: {}", [], {}, [5], None, "0.0.0.0/0", {"matchLabels": {"app": "redis"}})


def _mutations(value: Any) -> Iterator[Any]:
    """The document with each of its values, one after the other, replaced by two wrong ones, or left out."""
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for number, (key, below) in enumerate(list(pairs)):
        for wrong in (_WRONG[number % len(_WRONG)], _WRONG[(number * 3 + 1) % len(_WRONG)]):
            copied = copy.copy(value)
            copied[key] = wrong
            yield copied
        shorter = copy.copy(value)
        del shorter[key]
        yield shorter
        for changed in _mutations(below):
            copied = copy.copy(value)
            copied[key] = changed
            yield copied


@pytest.mark.parametrize("case", ["equal", "labelled", "wider"])
def test_any_value_may_be_anything_and_nothing_gets_wider(case: str) -> None:
    """Whatever a cluster's objects say: no fault, a catalog that reads back, and nothing beyond today's reach."""
    for number, cluster in enumerate(_mutations(_cluster(case))):
        if number % 9 == 0:
            found = _imported(cluster)
            assert "internal" not in {finding.id for finding in found.findings}
            assert not found.text or isinstance(yaml.safe_load(found.text), dict)
            wider = [finding.message for finding in found.findings if "more than today" in finding.message]
            assert wider == []
