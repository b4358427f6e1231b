"""Aviatrix Distributed Cloud Firewall for Kubernetes: FirewallPolicy, networking.aviatrix.com/v1alpha1."""

from __future__ import annotations

from mcpfence.providers.aviatrix import advice, audit, emit, settings
from mcpfence.providers.contract import Composition, Feature, Kind, Provider

PROVIDER = Provider(
    name="aviatrix",
    composition=Composition.LAYERED,
    expresses=frozenset({Feature.NAME}),
    kinds=(Kind("networking.aviatrix.com", "FirewallPolicy", "firewallpolicies"),),
    settings=settings.SCHEMA,
    findings=advice.FINDINGS,
    prepare=emit.prepare,
    emit=emit.emit,
    remark=advice.remark,
    caution=advice.caution,
    audit=audit.FORM,
    risks=advice.risks,
    opens=settings.opens,
)
