"""Pods that policies allow and that are not in the input of `reach`."""

from __future__ import annotations

from typing import Any

from mcpfence.reach.connectivity.connections import connections


def pod(name: str, namespace: str = "a", **labels: str) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "namespace": namespace, "labels": labels}}


def policy(name: str, **spec: Any) -> dict[str, Any]:
    head = {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": {"name": name, "namespace": "a"}}
    return {**head, "spec": {"podSelector": {"matchLabels": {"app": "web"}}, **spec}}


def peer(namespace: str, **labels: str) -> dict[str, Any]:
    space = {"matchLabels": {"kubernetes.io/metadata.name": namespace}}
    return {"namespaceSelector": space, "podSelector": {"matchLabels": labels}}


OUT = policy("out", egress=[{"to": [peer("data", app="redis")]}], policyTypes=["Egress"])
IN = policy("in", ingress=[{"from": [peer("gateway", app="gw"), peer("b")]}], policyTypes=["Ingress"])


def test_absent_peers_are_named_with_the_policies() -> None:
    """Whom policies allow and nobody knows is said in both directions; peers that are there are not."""
    found = connections([pod("web", app="web"), pod("x", "b"), OUT, IN])

    assert found.absent == (
        "no pods app=redis of namespace data are in the input, so no line shows who reaches them: "
        "NetworkPolicy a/out allows it",
        "no pods app=gw of namespace gateway are in the input, so no line shows what they reach: "
        "NetworkPolicy a/in allows it",
    )


def test_nothing_is_absent_where_all_are_there() -> None:
    """With the peers in the input nothing is missing, whatever else is allowed."""
    assert not connections([pod("web", app="web"), pod("r", "data", app="redis"), OUT]).absent


def test_policies_of_pods_that_are_not_there_name_nobody() -> None:
    """A policy that selects no pod of the input opens nothing for those that are there."""
    assert not connections([pod("other", app="other"), OUT, IN]).absent


def test_many_policies_are_counted() -> None:
    """One sentence for one kind of pods, however many policies allow them."""
    many = [{**OUT, "metadata": {"name": f"out-{i}", "namespace": "a"}} for i in range(4)]
    (sentence,) = connections([pod("web", app="web"), *many]).absent

    assert sentence.endswith(": NetworkPolicy a/out-0, NetworkPolicy a/out-1 and 2 more allow it")
