"""AdminNetworkPolicy and BaselineAdminNetworkPolicy (policy.networking.k8s.io/v1alpha1): tiers around NetworkPolicies.

`mcpfence reach` evaluates them. A proof does not take their word: the API never left alpha, has been replaced, and no
manifest tells whether the cluster's engine implements it.  There they are policies without evaluator.
"""

from __future__ import annotations

from mcpfence.net.intervals import Intervals
from mcpfence.reach.engines.contract import CLUSTER, SUBJECT_NAMESPACES, Engine, Policy, Reader, Shape

_GROUP = "policy.networking.k8s.io"


def _reader(_pod_addresses: Intervals) -> Reader:
    from mcpfence.reach.engines.adminnetworkpolicy.policy import AdminReader

    return AdminReader()


def _settled(found: list[Policy]) -> list[Policy]:
    from mcpfence.reach.engines.adminnetworkpolicy.policy import settled

    return settled(found)


ENGINE = Engine(
    name="adminnetworkpolicy",
    kinds=frozenset({(_GROUP, "AdminNetworkPolicy"), (_GROUP, "BaselineAdminNetworkPolicy")}),
    layer=CLUSTER,
    reader=_reader,
    settle=_settled,
    proven=False,
    shape=Shape(
        rules=("ingress", "egress"),
        denying=frozenset({"Deny"}),
        namespaces=SUBJECT_NAMESPACES,
    ),
)
