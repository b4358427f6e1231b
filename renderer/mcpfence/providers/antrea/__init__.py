"""Antrea: NetworkPolicy, crd.antrea.io/v1beta1, in front of Kubernetes' NetworkPolicies."""

from __future__ import annotations

from mcpfence.providers.antrea import advice, audit, emit, settings
from mcpfence.providers.contract import Composition, Feature, Kind, Provider

PROVIDER = Provider(
    name="antrea",
    composition=Composition.ORDERED,
    expresses=frozenset({Feature.NAME, Feature.SCTP, Feature.EXPRESSIONS}),
    kinds=(Kind("crd.antrea.io", "NetworkPolicy", "networkpolicies"),),
    settings=settings.SCHEMA,
    findings=advice.FINDINGS,
    emit=emit.emit,
    remark=advice.remark,
    caution=advice.caution,
    audit=audit.FORM,
    risks=advice.risks,
)
