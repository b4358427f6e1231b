"""The keys of `egress.calico`."""

from __future__ import annotations

from typing import Any

from mcpfence.catalog.model import Catalog
from mcpfence.plan.fence import ClusterNetwork
from mcpfence.structs import Struct

SCHEMA: dict[str, Any] = {
    "edition": {
        "description": "Which Calico the cluster runs. Open source Calico drops host names from its policies, "
        "and what is left opens every address. No default: it must be written.",
        "enum": ["enterprise", "cloud"],
    },
    "order": {
        "description": "Order of the policies in the tier default; NetworkPolicies of Kubernetes stand at 1000. "
        "Default: 500.",
        "type": "integer",
        "default": 500,
    },
}


LAST_ORDER = 999
"""The largest order in front of the NetworkPolicies; the smallest is 0."""


class Settings(Struct):
    """What a catalog says under `egress.calico`; no edition where it says none."""

    edition: str = ""
    order: int = 500

    @property
    def is_in_front(self) -> bool:
        """Whether policies of this order are asked before NetworkPolicies."""
        return 0 <= self.order <= LAST_ORDER


def settings_of(given: ClusterNetwork | Catalog) -> Settings:
    """The settings of a catalog, or of the fences that were planned from it."""
    return Settings(**given.provider_settings)
