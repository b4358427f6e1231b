"""Google Kubernetes Engine with Dataplane V2: FQDNNetworkPolicy, networking.gke.io/v1alpha1."""

from __future__ import annotations

from mcpfence.providers.contract import Composition, Feature, Kind, NamesAt, Provider
from mcpfence.providers.gke import advice, emit

PROVIDER = Provider(
    name="gke",
    composition=Composition.UNION,
    expresses=frozenset({Feature.NAME, Feature.EXPRESSIONS}),
    names_at=NamesAt.ANYWHERE,
    kinds=(Kind("networking.gke.io", "FQDNNetworkPolicy", "fqdnnetworkpolicies"),),
    findings=advice.FINDINGS,
    prepare=emit.prepare,
    emit=emit.emit,
    remark=advice.remark,
    caution=advice.caution,
    risks=advice.risks,
)
