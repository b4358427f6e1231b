"""The shards that a folder holds already: where their servers are, and what of them may not go without a word."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mcpfence.argocd.shard_groups import Member
from mcpfence.argocd.shards import Shard
from mcpfence.findings.finding import Finding
from mcpfence.structs import Struct


class EarlierShard(Struct):
    """One shard of an earlier cut: the namespace of its servers (empty where its values name none), its members."""

    namespace: str
    members: frozenset[Member]


Earlier = Mapping[str, EarlierShard]
"""By the number in figures."""


def earlier_shard(values: Mapping[str, Any]) -> EarlierShard:
    """What the values of a shard say."""
    named = values.get("mcpNamespace")
    written = {kind: values.get(kind) for kind in ("servers", "workloads")}
    return EarlierShard(
        str((named.get("name") if isinstance(named, Mapping) else None) or ""),
        frozenset((kind, name) for kind, found in written.items() if isinstance(found, Mapping) for name in found),
    )


def replaced_namespaces(earlier: Earlier, shards: tuple[Shard, ...], folder: str) -> list[Finding]:
    """An error for the first shard that would fence another namespace, and leave its pods where they are unfenced."""
    for shard in shards:
        before, now = earlier.get(shard.number), shard.rendering.catalog.namespace
        if before is None or before.namespace in ("", now):
            continue
        sentence = f"shard {shard.number} fences namespace {before.namespace}, and would fence {now} in its place"
        todo = (
            "write mcpNamespace.name and --name as they were, choose another folder, or pass --prune-all to remove "
            "the fences of the old namespaces all the same"
        )
        return [Finding("folder-other", (), sentence, todo, folder)]
    return []


def removed_members(earlier: Earlier, shards: tuple[Shard, ...]) -> list[str]:
    """The names of the servers and workloads that no shard has any more."""
    there = {name for one in shards for kind in ("servers", "workloads") for name in one.values.get(kind, ())}
    return sorted({name for one in earlier.values() for _, name in one.members} - there)
