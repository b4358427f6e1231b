"""Calico's NetworkPolicy and GlobalNetworkPolicy (projectcalico.org): rules in order, policies in order, inside tiers.

The NetworkPolicies of Kubernetes stand among them, in the tier `default` at order 1000.  Staged policies are not
enforced, so nothing reads them.
"""

from __future__ import annotations

from mcpfence.net.intervals import Intervals
from mcpfence.reach.engines.contract import CLUSTER, Engine, Reader, Shape

GROUPS = ("projectcalico.org", "crd.projectcalico.org")
"""What people apply, and how the same objects lie in the API server where an extension server gives the first."""


def _reader(pod_addresses: Intervals) -> Reader:
    from mcpfence.reach.engines.calico.policy import CalicoReader

    return CalicoReader(pod_addresses)


ENGINE = Engine(
    name="calico",
    kinds=frozenset((group, kind) for group in GROUPS for kind in ("NetworkPolicy", "GlobalNetworkPolicy")),
    layer=CLUSTER,
    reader=_reader,
    shape=Shape(rules=("ingress", "egress"), denying=frozenset({"Deny"})),
)
