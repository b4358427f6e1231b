"""FQDNNetworkPolicy (networking.gke.io/v1alpha1), of GKE: it adds up with the namespace's NetworkPolicies."""

from __future__ import annotations

from mcpfence.net.intervals import Intervals
from mcpfence.reach.engines.contract import POLICIES, Engine, Reader, Shape


def _reader(_pod_addresses: Intervals) -> Reader:
    from mcpfence.reach.engines.gke.policy import FqdnPolicyReader

    return FqdnPolicyReader()


ENGINE = Engine(
    name="gke",
    kinds=frozenset({("networking.gke.io", "FQDNNetworkPolicy")}),
    layer=POLICIES.layer,
    reader=_reader,
    adds_up=True,
    shape=Shape(rules=("egress",), pods="podSelector"),
)
