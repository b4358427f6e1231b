"""What every catalog of the lab has that wants FirewallPolicies."""

from __future__ import annotations

from typing import Any

AZURE: dict[str, Any] = {
    "cluster": {
        "profile": "aks",
        "ipFamilies": ["IPv4"],
        "cidrs": {"pods": ["10.1.0.0/16"], "services": ["10.2.0.0/16"]},
    },
    "egress": {"provider": "aviatrix"},
    "clients": {"gateway": {"namespace": "gateways", "podSelector": {"app": "gateway"}}},
}
"""AKS with Aviatrix, IPv4, one client."""
