"""ClusterNetworkPolicy (networking.k8s.aws/v1alpha1), of EKS: tiers around NetworkPolicies, without an order of rules.

It shares nothing but its name with the kind of the network-policy-api.
"""

from __future__ import annotations

from mcpfence.net.intervals import Intervals
from mcpfence.reach.engines.contract import ADMIN, SUBJECT_NAMESPACES, Engine, Reader, Selection, Shape
from mcpfence.reach.flows.label_sets import EVERYTHING


def _reader(pod_addresses: Intervals) -> Reader:
    from mcpfence.reach.engines.eksclusternetworkpolicy.policy import AwsClusterPolicyReader

    return AwsClusterPolicyReader(pod_addresses)


def _endpoint(_spec: object) -> Selection:
    """A ClusterPolicyEndpoint is what the controller made of a policy: pods of any namespace, by their addresses."""
    return Selection(local=False, pods=EVERYTHING, told=False)


ENGINE = Engine(
    name="eksclusternetworkpolicy",
    kinds=frozenset({("networking.k8s.aws", "ClusterNetworkPolicy")}),
    layer=ADMIN.layer,
    reader=_reader,
    unevaluated={("networking.k8s.aws", "ClusterPolicyEndpoint"): _endpoint},
    shape=Shape(
        rules=("ingress", "egress"),
        denying=frozenset({"Deny"}),
        namespaces=SUBJECT_NAMESPACES,
    ),
)
