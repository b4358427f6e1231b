"""Calico Enterprise and Calico Cloud: NetworkPolicy, projectcalico.org/v3, in front of Kubernetes' NetworkPolicies."""

from __future__ import annotations

from mcpfence.providers.calico import advice, audit, emit, settings
from mcpfence.providers.contract import Composition, Feature, Kind, Provider

PROVIDER = Provider(
    name="calico",
    composition=Composition.ORDERED,
    expresses=frozenset({Feature.NAME, Feature.SCTP, Feature.EXPRESSIONS}),
    kinds=(Kind("projectcalico.org", "NetworkPolicy", "networkpolicies"),),
    settings=settings.SCHEMA,
    findings=advice.FINDINGS,
    emit=emit.emit,
    remark=advice.remark,
    caution=advice.caution,
    audit=audit.FORM,
    risks=advice.risks,
)
