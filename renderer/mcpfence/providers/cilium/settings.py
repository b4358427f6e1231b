"""The keys of `egress.cilium`."""

from __future__ import annotations

import re
from typing import Any

from mcpfence.catalog.model import Catalog
from mcpfence.plan.fence import ClusterNetwork
from mcpfence.structs import Struct

_VERSION = re.compile(r"1\.[0-9]{1,2}\Z")

SCHEMA: dict[str, Any] = {
    "version": {
        "description": "Oldest Cilium that the policies must work on, such as 1.19. "
        "Wildcards need 1.19: before, **.x was one label. Default: 1.19.",
        "type": "string",
        "default": "1.19",
    },
    "sni": {
        "description": "true: where a name is granted on port 443, the TLS handshake must show it, too. "
        "Needs Cilium's Envoy. Default: false.",
        "type": "boolean",
        "default": False,
    },
    "clusterDomain": {
        "description": "Domain of the cluster's own names, which resolvers put behind others. Default: cluster.local.",
        "type": "string",
        "default": "cluster.local",
    },
    "searchDomains": {
        "description": "Further search domains of the pods' resolv.conf, such as eu-west-1.compute.internal: "
        "the DNS proxy then passes granted names with these behind them. Default: [].",
        "type": "array",
        "items": {"type": "string"},
        "uniqueItems": True,
        "default": [],
    },
}

WILDCARDS_FROM = (1, 19)
"""The first release in which `**.x` is one or more labels; before it was one label (pull request 43420)."""


LONGEST_DOMAIN = 63
"""Characters of a search domain: so much of a name's 253 is left for the name itself."""
MOST_DOMAINS = 6
"""Search domains beside the cluster's own: each stands behind every name, and resolvers ask that many."""


class Settings(Struct):
    """What a catalog says under `egress.cilium`."""

    version: str = "1.19"
    sni: bool = False
    clusterDomain: str = "cluster.local"  # noqa: N815 - the key as it is written
    searchDomains: tuple[str, ...] = ()  # noqa: N815 - the key as it is written

    @property
    def wildcards(self) -> bool:
        """Whether the oldest release reads `**.x` as one or more labels."""
        return self.has_version and tuple(map(int, self.version.split("."))) >= WILDCARDS_FROM

    @property
    def has_version(self) -> bool:
        """Whether the version is one of Cilium's, as 1.19."""
        return _VERSION.match(self.version) is not None


def settings_of(given: ClusterNetwork | Catalog) -> Settings:
    """The settings of a catalog, or of the fences that were planned from it."""
    return Settings(**given.provider_settings)
