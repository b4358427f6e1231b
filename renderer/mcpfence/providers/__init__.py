"""Providers turn fences into the manifests of one enforcement engine, and list what it cannot give.

To add one: a module with a `PROVIDER`, one row in `BUILTIN`, its goldens, one example, one line in the changelog.
"""

from __future__ import annotations

from mcpfence.providers.aviatrix.emit import PROVIDER as AVIATRIX
from mcpfence.providers.contract import Composition, Feature, Provider, features
from mcpfence.providers.networkpolicy.emit import PROVIDER as NETWORK_POLICY_ONLY

BUILTIN: dict[str, Provider] = {
    "none": NETWORK_POLICY_ONLY,
    "aviatrix": AVIATRIX,
}
"""By the value of `egress.provider`.  NetworkPolicies are always emitted; the provider stands beside them."""

__all__ = ["BUILTIN", "Composition", "Feature", "Provider", "features"]
