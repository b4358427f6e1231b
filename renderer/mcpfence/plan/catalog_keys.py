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
    egress = _keys(fence.egress, own, other)
    egress |= {_renamed(key.partition(":")[0], own, other) for key in lists}
    ingress = _keys(fence.ingress, own, other)
    return CatalogKeys(tuple(sorted(egress)) or (other,), tuple(sorted(ingress)) or (other,))


def _keys(allows: Iterable[Allow], own: str, other: str) -> set[str]:
    found = set()
    for allow in allows:
        kind = allow.kind
        if kind in _OF_ALL:
            found.add(_OF_ALL[kind])
        elif kind in _OF_EACH:
            found.add(f"{other}.egress.{kind}")
        elif kind == "client" and not allow.source.startswith(own):
            found.add("clients")  # the default: every declared client
        else:
            found.add(_renamed(allow.source.partition("[")[0], own, other))
    return found


def _renamed(key: str, own: str, other: str) -> str:
    """A key with `other` in the place of the entry `own`, where it is that entry or lies below it."""
    inside = key.startswith(own) and key[len(own) : len(own) + 1] in ("", ".")
    return other + key[len(own) :] if inside else key
