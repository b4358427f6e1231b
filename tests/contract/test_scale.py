"""Size is no trap: thousands of policies, huge selectors, pods that cannot talk."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar

import pytest

from effort import effort
from mcpfence.kube.services import ServiceIndex
from mcpfence.reach.connectivity.connections import connections
from mcpfence.reach.connectivity.list_form import as_list
from mcpfence.reach.evaluation.evaluator import Evaluator, Subject
from mcpfence.reach.evaluation.policy_set import read_policies
from mcpfence.reach.flows import label_sets
from mcpfence.reach.flows.bounds import exact
from mcpfence.render.pipeline import render
from mcpfence.verify.recheck import recheck
from packing import CATALOG, pack_of
from reaching.loading import pod, policy

T = TypeVar("T")


def within(calls: int, work: Callable[[], T]) -> T:
    """The result of work that must not take more calls: limits are some three times what it takes."""
    result, made = effort(work)
    assert made < calls
    return result


def own(number: int, **fields: Any) -> dict[str, Any]:
    """A spec for the pods of one server."""
    return {"podSelector": {"matchLabels": {"app": f"server-{number}"}}, **fields}


def test_ten_thousand_policies_of_ten_thousand_servers() -> None:
    """Each server finds its own policies among all, and the floor, without asking each."""
    egress = [{"to": [{"ipBlock": {"cidr": "0.0.0.0/0", "except": ["10.0.0.0/8"]}}], "ports": [{"port": 443}]}]
    documents = [policy("floor", {"policyTypes": ["Ingress", "Egress"]})]
    documents += [policy(f"p-{i}", own(i, policyTypes=["Egress"], egress=egress)) for i in range(10_000)]

    def work() -> set[int]:
        evaluator = Evaluator(read_policies(documents))
        subjects = (Subject("default", label_sets.box_of({"app": f"server-{i}"})) for i in range(10_000))
        return {id(evaluator.egress(subject)) for subject in subjects}

    assert len(within(3_000_000, work)) == 1


def test_ten_thousand_policies_for_the_same_pods() -> None:
    """Different rules for every pod of a namespace add up without pods times policies."""
    documents = [
        policy(f"p-{i}", {"ingress": [{"from": [{"podSelector": {"matchLabels": {"app": f"a-{i}"}}}]}]})
        for i in range(10_000)
    ]
    pods = [pod(f"p-{i}", {"app": f"a-{i}"}) for i in range(100)]

    found = within(4_000_000, lambda: connections([*documents, *pods]))

    assert as_list(found).count("default/p-1[Pod] =>") == 100


def test_huge_selectors() -> None:
    """Ten thousand values in one expression are one set."""
    values = [f"server-{i}" for i in range(10_000)]
    peers = [{"podSelector": {"matchExpressions": [{"key": "app", "operator": "In", "values": values}]}}]
    chosen = {"matchExpressions": [{"key": "app", "operator": "NotIn", "values": values[1:]}]}
    documents = [policy("p", {"podSelector": chosen, "ingress": [{"from": peers}]})]
    pods = [pod(f"p-{i}", {"app": f"server-{i}"}) for i in range(500)]

    found = within(1_000_000, lambda: as_list(connections([*documents, *pods])))

    assert sum("=> default/p-0[Pod]" in line for line in found.splitlines()) == 499
    subject = Subject("default", label_sets.box_of({"app": "server-0"}))
    assert exact(within(150_000, lambda: Evaluator(read_policies(documents)).ingress(subject)))


def servers(count: int) -> list[Any]:
    """Servers that only one client may call, each on a port of its own."""
    caller = [{"podSelector": {"matchLabels": {"app": "client"}}}]
    documents: list[Any] = [pod("client", {"app": "client"})]
    for i in range(count):
        documents.append(pod(f"server-{i}", {"app": f"server-{i}"}))
        ingress = [{"from": caller, "ports": [{"port": 1000 + i}]}]
        documents.append(policy(f"p-{i}", own(i, policyTypes=["Ingress", "Egress"], ingress=ingress)))
    return documents


def test_pairs_that_cannot_talk_cost_nothing() -> None:
    """Four times the servers have sixteen times the pairs and four times the lines: the work follows the lines."""

    def calls(count: int) -> int:
        documents = servers(count)
        return effort(lambda: as_list(connections(documents)))[1]

    assert 8 * calls(500) > calls(2_000)


def test_a_thousand_open_pods() -> None:
    """A million lines are the answer, and each takes a few calls."""
    pods = [pod(f"p-{i}", {"app": f"p-{i}"}) for i in range(1_000)]

    text = within(4_000_000, lambda: as_list(connections(pods)))

    assert text.count("\n") == 1_000 * 999 + 2 * 1_000


Raw = dict[str, Any]

SERVER = {"runtime": "containerized", "containerizedConfig": {"image": "x:1"}}


def called_by_one(count: int) -> Raw:
    """Servers that one workload calls, all of them: a gateway."""
    agent = {"namespace": "agents", "podSelector": {"app": "agent"}, "egress": {"servers": "all"}}
    return {"servers": {f"s{count}-{i}": SERVER for i in range(count)}, "workloads": {"agent": agent}}


def by_expressions(count: int) -> Raw:
    """Servers whose pods are told by matchExpressions alone."""
    chosen = [
        {"matchExpressions": [{"key": "app", "operator": "In", "values": [f"s{count}-{i}"]}]} for i in range(count)
    ]
    return {"servers": {f"s{i}": {**SERVER, "podSelector": one} for i, one in enumerate(chosen)}}


def blocks_of_one(count: int) -> Raw:
    """One server that may reach many blocks, each on a port of its own."""
    cidrs = [{"cidr": f"10.{count // 4 + i // 200}.{i % 200}.0/24", "ports": [10 * count + i]} for i in range(count)]
    return {"servers": {"a": {**SERVER, "egress": {"cidrs": cidrs}}}}


def callers_by_two_labels(count: int) -> Raw:
    """One server and its callers of one namespace, of which no two share a key."""
    pods = [{f"a{count}-{i}": "x", f"b{count}-{i}": "y"} for i in range(count)]
    clients = {f"c{i}": {"namespace": "callers", "podSelector": labels} for i, labels in enumerate(pods)}
    return {"servers": {"a": SERVER}, "clients": clients}


@pytest.mark.parametrize("catalog", [called_by_one, by_expressions, blocks_of_one, callers_by_two_labels])
def test_the_work_of_a_render_follows_the_catalog(catalog: Callable[[int], Raw]) -> None:
    """Four times the servers, blocks or callers take four times the work, proof included, and not its square."""

    def calls(count: int) -> int:  # no two catalogs share a word, so that none finds what the other one left in a cache
        work = partial(render, catalog(count), release="demo", namespace="demo", services=ServiceIndex())
        return effort(work)[1]

    calls(10)  # what is done once in a process

    assert calls(400) < 5 * calls(100)


def test_packs_grow_with_their_servers() -> None:
    """Twice as many servers are twice the work, for who makes an evidence pack and for who checks it."""

    def values(count: int) -> dict[str, Any]:
        one = CATALOG["servers"]["search"]
        cidrs = ([{"cidr": f"8.8.{number}.0/24", "ports": [443]}] for number in range(count))
        return {**CATALOG, "servers": {f"s{n}": {**one, "egress": {"cidrs": own}} for n, own in enumerate(cidrs)}}

    packs = [effort(partial(pack_of, values(count))) for count in (20, 40)]
    checks = [effort(partial(recheck, pack)) for pack, _ in packs]

    assert [found.mismatches for found, _ in checks] == [(), ()]
    for (_, few), (_, many) in (packs, checks):
        assert many < 2.1 * few
