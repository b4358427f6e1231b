"""The step before Calico's policies are enforced: staged policies, which Calico evaluates and never applies.

Source: Calico's reference of StagedKubernetesNetworkPolicy and StagedNetworkPolicy: the spec of the enforced kind
beside `stagedAction`.  Flow logs name them as pending.
"""

from __future__ import annotations

from mcpfence.documents.writer import Document
from mcpfence.providers.calico.emit import API_VERSION
from mcpfence.providers.contract import AuditForm


def _convert(document: Document) -> Document:
    plain = document["apiVersion"] == "networking.k8s.io/v1"
    kind = "StagedKubernetesNetworkPolicy" if plain else "StagedNetworkPolicy"
    return {**document, "apiVersion": API_VERSION, "kind": kind, "spec": {"stagedAction": "Set", **document["spec"]}}


FORM = AuditForm(
    _convert,
    "flow logs name these policies as pending, with Allow or Deny for each flow; delete them once the render is "
    "applied, whose kinds are others",
    network_policies=True,
)
