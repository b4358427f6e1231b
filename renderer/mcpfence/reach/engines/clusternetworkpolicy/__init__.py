"""ClusterNetworkPolicy (policy.networking.k8s.io): tiers in front of the NetworkPolicies and behind them.

The API replaced AdminNetworkPolicy; v1alpha2 and v1beta1 have the same fields.  Engines differ in what they make of it,
so what is read are bounds around the API's text, kube-network-policies and Cilium (module `policy`).
"""

from __future__ import annotations

from mcpfence.net.intervals import Intervals
from mcpfence.reach.engines.contract import CLUSTER, SUBJECT_NAMESPACES, Engine, Reader, Shape

GROUP, KIND = "policy.networking.k8s.io", "ClusterNetworkPolicy"


def _reader(pod_addresses: Intervals) -> Reader:
    from mcpfence.reach.engines.clusternetworkpolicy.policy import ClusterPolicyReader

    return ClusterPolicyReader(pod_addresses)


ENGINE = Engine(
    name="clusternetworkpolicy",
    kinds=frozenset({(GROUP, KIND)}),
    layer=CLUSTER,
    reader=_reader,
    shape=Shape(
        rules=("ingress", "egress"),
        denying=frozenset({"Deny"}),
        namespaces=SUBJECT_NAMESPACES,
    ),
)
