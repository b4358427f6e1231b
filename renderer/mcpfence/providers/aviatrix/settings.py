"""The keys of `egress.aviatrix`."""

from __future__ import annotations

from typing import Any

from mcpfence.catalog.model import Catalog
from mcpfence.plan.fence import ClusterNetwork
from mcpfence.structs import Struct

SCHEMA: dict[str, Any] = {
    "ipv6": {
        "description": "true: every rule to 0.0.0.0/0 is emitted for ::/0 too. "
        "false: no IPv6 destination outside the cluster. Default: false.",
        "type": "boolean",
        "default": False,
    },
    "crd": {
        "description": "Version of the FirewallPolicy CRD whose fields may be used. "
        "Empty: only fields of the oldest one. Default: empty.",
        "enum": ["", "10.1"],
        "default": "",
    },
}


class Settings(Struct):
    """What a catalog says under `egress.aviatrix`."""

    ipv6: bool = False
    crd: str = ""


def settings_of(given: ClusterNetwork | Catalog) -> Settings:
    """The settings of a catalog, or of the fences that were planned from it."""
    return Settings(**given.provider_settings)


def opens(catalog: Catalog) -> frozenset[int]:
    """The IP families in which destinations outside the cluster are opened: without `ipv6` IPv4 alone."""
    families = catalog.cluster.families
    return families if settings_of(catalog).ipv6 else families - {6}
