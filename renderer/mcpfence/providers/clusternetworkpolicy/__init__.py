"""ClusterNetworkPolicy of the network-policy-api: tiers around the NetworkPolicies, with host names."""

from __future__ import annotations

from mcpfence.providers.clusternetworkpolicy import advice, emit, settings
from mcpfence.providers.contract import Composition, Feature, Kind, Provider

PROVIDER = Provider(
    name="clusternetworkpolicy",
    composition=Composition.ORDERED,
    expresses=frozenset(Feature),
    kinds=(Kind(emit.GROUP, emit.KIND, "clusternetworkpolicies", cluster_wide=True),),
    settings=settings.SCHEMA,
    findings=advice.FINDINGS,
    emit=emit.emit,
    remark=advice.remark,
    caution=advice.caution,
    risks=advice.risks,
    arrange=advice.arrange,
)
