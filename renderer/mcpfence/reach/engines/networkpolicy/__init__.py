"""NetworkPolicy (networking.k8s.io/v1): policies add up, and what none of them allows is denied to pods of any."""

from __future__ import annotations

from mcpfence.net.intervals import Intervals
from mcpfence.reach.engines.contract import CLUSTER, Engine, Reader, Shape


def _reader(_pod_addresses: Intervals) -> Reader:
    from mcpfence.reach.engines.networkpolicy.policy import NetworkPolicyReader

    return NetworkPolicyReader()


ENGINE = Engine(
    name="networkpolicy",
    # `extensions` is what it was before 1.16, with the same fields.
    kinds=frozenset({("networking.k8s.io", "NetworkPolicy"), ("extensions", "NetworkPolicy")}),
    layer=CLUSTER,
    reader=_reader,
    adds_up=True,
    everywhere=True,
    shape=Shape(rules=("ingress", "egress"), pods="podSelector"),
)
