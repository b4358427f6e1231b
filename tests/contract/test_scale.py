"""Size is no trap: thousands of policies, huge selectors, pods that cannot talk."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, TypeVar

from mcpfence.reach.connectivity.connections import connections
from mcpfence.reach.connectivity.text_form import as_text
from mcpfence.reach.evaluation.evaluator import Evaluator, Subject
from mcpfence.reach.evaluation.policy_set import read_policies
from mcpfence.reach.flows import label_sets
from mcpfence.reach.flows.bounds import exact
from reaching.loading import pod, policy

T = TypeVar("T")


def within(seconds: float, work: Callable[[], T]) -> T:
    """The result of work that must not take longer: limits are some ten times what it takes."""
    start = time.perf_counter()
    result = work()
    assert time.perf_counter() - start < seconds
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

    assert len(within(10, work)) == 1


def test_ten_thousand_policies_for_the_same_pods() -> None:
    """Different rules for every pod of a namespace add up without pods times policies."""
    documents = [
        policy(f"p-{i}", {"ingress": [{"from": [{"podSelector": {"matchLabels": {"app": f"a-{i}"}}}]}]})
        for i in range(10_000)
    ]
    pods = [pod(f"p-{i}", {"app": f"a-{i}"}) for i in range(100)]

    found = within(30, lambda: connections([*documents, *pods]))

    assert as_text(found).count("default/p-1[Pod] =>") == 100


def test_huge_selectors() -> None:
    """Ten thousand values in one expression are one set."""
    values = [f"server-{i}" for i in range(10_000)]
    peers = [{"podSelector": {"matchExpressions": [{"key": "app", "operator": "In", "values": values}]}}]
    chosen = {"matchExpressions": [{"key": "app", "operator": "NotIn", "values": values[1:]}]}
    documents = [policy("p", {"podSelector": chosen, "ingress": [{"from": peers}]})]
    pods = [pod(f"p-{i}", {"app": f"server-{i}"}) for i in range(500)]

    found = within(10, lambda: as_text(connections([*documents, *pods])))

    assert sum("=> default/p-0[Pod]" in line for line in found.splitlines()) == 499
    subject = Subject("default", label_sets.box_of({"app": "server-0"}))
    assert exact(within(5, lambda: Evaluator(read_policies(documents)).ingress(subject)))


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
    """Four times the servers have sixteen times the pairs and four times the lines: the time follows the lines."""

    def best(count: int) -> float:
        documents = servers(count)
        times = []
        for _ in range(3):
            start = time.perf_counter()
            as_text(connections(documents))
            times.append(time.perf_counter() - start)
        return min(times)

    small, large = best(500), best(2_000)

    assert large / small < 10


def test_a_thousand_open_pods() -> None:
    """A million lines are the answer, and they come in seconds."""
    pods = [pod(f"p-{i}", {"app": f"p-{i}"}) for i in range(1_000)]

    text = within(20, lambda: as_text(connections(pods)))

    assert text.count("\n") == 1_000 * 999 + 2 * 1_000
