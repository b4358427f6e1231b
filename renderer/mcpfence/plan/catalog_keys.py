"""The keys of the catalog that a fence stands for, for whoever meets its policies in a cluster.

Lists are named as a whole, without the number of the entry, so that fences that differ in their names alone have equal
keys but for the name of what they are for.
"""

from __future__ import annotations

from collections.abc import Iterable

from mcpfence.plan.fence import Allow, CatalogKeys, Fence

_OF_ALL = {
    "dns": "dns",
    "gateway": "gateway",
    "unenforced": "egress.unenforcedDomains",
    "workload": "workloads.*.egress.servers",
    "backend": "*.egress.services",
}
"""Kinds of allows that have one key, whoever the fence is for."""
_OF_EACH = ("cloudIdentity", "kubernetesAPI")
"""Kinds of allows that are a key below `egress` of what the fence is for."""


def catalog_keys(fence: Fence, name: str) -> CatalogKeys:
    """The keys behind the rules of a fence, sorted, as if what it is for had this name; its entry where it has none."""
    own = ".".join(map(str, fence.path[:2]))
    other = ".".join([*map(str, fence.path[:1]), name])
    lists = {item.source.partition("[")[0] for item in fence.names}
    egress = {key.partition(":")[0] for key in lists} | _keys(fence.egress, own)
    return CatalogKeys(_told(egress or {own}, own, other), _told(_keys(fence.ingress, own) or {own}, own, other))


def _told(keys: Iterable[str], own: str, other: str) -> tuple[str, ...]:
    at = len(own)
    told = [other + key[at:] if key.startswith(own) and key[at : at + 1] in ("", ".") else key for key in keys]
    return tuple(sorted(told))


def _keys(allows: Iterable[Allow], own: str) -> set[str]:
    found = set()
    for allow in allows:
        kind = allow.kind
        if kind in _OF_ALL:
            found.add(_OF_ALL[kind])
        elif kind in _OF_EACH:
            found.add(f"{own}.egress.{kind}")
        elif kind == "client" and not allow.source.startswith(own):
            found.add("clients")  # the default: every declared client
        else:
            found.add(allow.source.partition("[")[0])
    return found
