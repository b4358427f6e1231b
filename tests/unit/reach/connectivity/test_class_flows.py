"""Flows of classes of pods: what many rules cost."""

from __future__ import annotations

from typing import Any

from effort import effort
from mcpfence.reach.connectivity.connections import connections


def _policy(name: str, rules: list[dict[str, Any]]) -> dict[str, Any]:
    meta = {"name": name, "namespace": "default"}
    spec = {"podSelector": {}, "policyTypes": ["Egress"], "egress": rules}
    return {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": meta, "spec": spec}


def _rule(number: int) -> dict[str, Any]:
    block = {"ipBlock": {"cidr": f"10.{number // 250}.{number % 250}.0/25"}}
    return {"to": [block], "ports": [{"port": 1000 + number}]}


POD = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a", "labels": {"app": "a"}}, "spec": {"containers": []}}


def _work(number: int, policies: int) -> int:
    """How many functions are called for so many blocks with a port each, in so many policies."""
    share = number // policies
    made = [_policy(f"p{n}", [_rule(n * share + one) for one in range(share)]) for n in range(policies)]
    return effort(lambda: connections([*made, POD], namespace="default"))[1]


def test_work_grows_with_the_rules() -> None:
    """Blocks that have a port each, in one policy and in many: not with their square."""
    assert _work(800, 1) < 8 * _work(200, 1)
    assert _work(400, 400) < 8 * _work(100, 100)
