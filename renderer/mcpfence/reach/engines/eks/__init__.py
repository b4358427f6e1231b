"""ApplicationNetworkPolicy (networking.k8s.aws/v1alpha1), of EKS: it adds up with the namespace's NetworkPolicies."""

from __future__ import annotations

from mcpfence.net.intervals import Intervals
from mcpfence.reach.documents.fields import mapping
from mcpfence.reach.documents.label_selectors import read_selector
from mcpfence.reach.engines.contract import POLICIES, Engine, Reader, Selection, Shape


def _reader(_pod_addresses: Intervals) -> Reader:
    from mcpfence.reach.engines.eks.policy import ApplicationPolicyReader

    return ApplicationPolicyReader()


def _endpoint(spec: object) -> Selection:
    """A PolicyEndpoint is what the controller made of a policy: its pods are those of its selector."""
    selector = mapping(spec, "").get("podSelector")
    return Selection(local=True, pods=read_selector(selector or {}, ""), told=True)


ENGINE = Engine(
    name="eks",
    kinds=frozenset({("networking.k8s.aws", "ApplicationNetworkPolicy")}),
    layer=POLICIES.layer,
    reader=_reader,
    unevaluated={("networking.k8s.aws", "PolicyEndpoint"): _endpoint},
    adds_up=True,
    shape=Shape(rules=("ingress", "egress"), pods="podSelector"),
)
