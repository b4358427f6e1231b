"""The keys of `egress.antrea`."""

from __future__ import annotations

from typing import Any

from mcpfence.catalog.model import Catalog
from mcpfence.plan.fence import ClusterNetwork
from mcpfence.structs import Struct

SCHEMA: dict[str, Any] = {
    "tier": {
        "description": "Tier of the policies, one of those that Antrea makes itself and asks before NetworkPolicies. "
        "Default: application.",
        "enum": ["emergency", "securityops", "networkops", "platform", "application"],
        "default": "application",
    },
    "priority": {
        "description": "Priority of the policies in their tier; the lowest number is asked first. Default: 50.",
        "type": "integer",
        "default": 50,
    },
}


LAST_PRIORITY = 10_000
"""The largest priority that the API takes; the smallest is 1."""


class Settings(Struct):
    """What a catalog says under `egress.antrea`."""

    tier: str = "application"
    priority: int = 50

    @property
    def has_priority(self) -> bool:
        """Whether the API takes the priority."""
        return 1 <= self.priority <= LAST_PRIORITY


def settings_of(given: ClusterNetwork | Catalog) -> Settings:
    """The settings of a catalog, or of the fences that were planned from it."""
    return Settings(**given.provider_settings)
