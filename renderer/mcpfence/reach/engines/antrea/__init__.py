"""Antrea's NetworkPolicy and ClusterNetworkPolicy (crd.antrea.io/v1beta1): tiers before and behind NetworkPolicies."""

from __future__ import annotations

from mcpfence.net.intervals import Intervals
from mcpfence.reach.engines.contract import CLUSTER, Engine, Reader, Shape


def _reader(pod_addresses: Intervals) -> Reader:
    from mcpfence.reach.engines.antrea.policy import AntreaReader

    return AntreaReader(pod_addresses)


ENGINE = Engine(
    name="antrea",
    kinds=frozenset({("crd.antrea.io", "NetworkPolicy"), ("crd.antrea.io", "ClusterNetworkPolicy")}),
    layer=CLUSTER,
    reader=_reader,
    shape=Shape(rules=("ingress", "egress"), denying=frozenset({"Drop", "Reject"})),
)
