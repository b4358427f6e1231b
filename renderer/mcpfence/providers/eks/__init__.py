"""Amazon EKS Auto Mode: ApplicationNetworkPolicy, networking.k8s.aws/v1alpha1."""

from __future__ import annotations

from mcpfence.providers.contract import Composition, Feature, Kind, NamesAt, Provider
from mcpfence.providers.eks import advice, emit

PROVIDER = Provider(
    name="eks",
    composition=Composition.UNION,
    expresses=frozenset({Feature.NAME, Feature.SCTP, Feature.EXPRESSIONS}),
    names_at=NamesAt.ANYWHERE,
    kinds=(Kind("networking.k8s.aws", "ApplicationNetworkPolicy", "applicationnetworkpolicies"),),
    findings=advice.FINDINGS,
    prepare=emit.prepare,
    emit=emit.emit,
    remark=advice.remark,
    caution=advice.caution,
    risks=advice.risks,
)
