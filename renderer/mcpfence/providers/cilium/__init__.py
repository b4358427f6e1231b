"""Cilium: a CiliumNetworkPolicy (cilium.io/v2) beside the NetworkPolicies, for names, DNS and the API server."""

from __future__ import annotations

from mcpfence.providers.cilium import advice, audit, emit, settings
from mcpfence.providers.contract import Composition, Feature, Kind, Provider

PROVIDER = Provider(
    name="cilium",
    composition=Composition.UNION,
    expresses=frozenset({Feature.NAME, Feature.SCTP, Feature.EXPRESSIONS}),
    kinds=(Kind("cilium.io", "CiliumNetworkPolicy", "ciliumnetworkpolicies"),),
    settings=settings.SCHEMA,
    findings=advice.FINDINGS,
    takes=emit.TAKES,
    filters_dns="cilium-dns-open",
    prepare=emit.prepare,
    emit=emit.emit,
    remark=advice.remark,
    caution=advice.caution,
    audit=audit.FORM,
    risks=advice.risks,
)
