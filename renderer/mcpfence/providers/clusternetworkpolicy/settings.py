"""The keys of `egress.clusternetworkpolicy`."""

from __future__ import annotations

from typing import Any

from mcpfence.catalog.model import Catalog
from mcpfence.net.hosts import is_domain
from mcpfence.plan.fence import ClusterNetwork
from mcpfence.structs import Struct

FIRST, LAST = 100, 999
HIGHEST = 1000
"""The largest priority that the API takes; the smallest is 0."""

_LONGEST_DOMAIN = 200

SCHEMA: dict[str, Any] = {
    "apiVersion": {
        "description": "Version in which objects are written: v1alpha2 is read by every engine that knows the kind. "
        "Default: v1alpha2.",
        "enum": ["v1alpha2", "v1beta1"],
        "default": "v1alpha2",
    },
    "channel": {
        "description": "Channel of the installed CRD. The standard one has no host names, so it is refused. "
        "Default: experimental.",
        "enum": ["experimental", "standard"],
        "default": "experimental",
    },
    "clusterDomain": {
        "description": "Domain of the cluster's own names, which Cilium's pods may resolve. Default: cluster.local.",
        "type": "string",
        "default": "cluster.local",
    },
    "priorities": {
        "description": "First and last priority of the Admin tier for our objects, one each; "
        "the same twice: all share it. Default: [100, 999].",
        "type": "array",
        "items": {"type": "integer"},
        "default": [FIRST, LAST],
    },
}


class Settings(Struct):
    """What a catalog says under `egress.clusternetworkpolicy`; the priorities are first and last, both inside."""

    version: str = "v1alpha2"
    channel: str = "experimental"
    first: int = FIRST
    last: int = LAST
    domain: str = "cluster.local"

    @property
    def ordered(self) -> bool:
        """Whether there is any priority from the first to the last, and the API takes all of them."""
        return 0 <= self.first <= self.last <= HIGHEST

    @property
    def has_domain(self) -> bool:
        """Whether names below the domain can be written: two labels or more, in lower case."""
        return "." in self.domain and is_domain(self.domain, _LONGEST_DOMAIN)


def settings_of(given: ClusterNetwork | Catalog) -> Settings:
    """The settings of a catalog, or of the fences that were planned from it."""
    found = given.provider_settings
    written = found.get("priorities", (FIRST, LAST))
    first, last = written if len(written) == 2 else (LAST, FIRST)  # as if backwards: `caution` says what is wrong
    return Settings(
        found.get("apiVersion", "v1alpha2"),
        found.get("channel", "experimental"),
        first,
        last,
        found.get("clusterDomain", "cluster.local"),
    )
