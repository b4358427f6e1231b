"""The chart's baseline: the NetworkPolicy that denies every pod of the namespace what nothing else allows."""

from __future__ import annotations

from typing import Any

FLOOR = "mcp-default-deny"
"""Its name (chart/templates/floor.yaml)."""


def floor_document(namespace: str) -> dict[str, Any]:
    """What the chart puts below every policy: no rules, every pod of the namespace, both directions."""
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": FLOOR, "namespace": namespace},
        "spec": {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]},
    }
