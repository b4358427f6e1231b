"""One folder an engine: its policies, from parsed documents to what they say, by the contract that `contract` states.

Every folder here with an `ENGINE` is an engine, and has a row in the table; nothing else names them.
"""

from __future__ import annotations

from importlib import import_module

from mcpfence.reach.engines.contract import CLUSTER, Engine

TABLE = [
    "adminnetworkpolicy",
    "antrea",
    "aviatrix",
    "calico",
    "cilium",
    "clusternetworkpolicy",
    "eks",
    "eksclusternetworkpolicy",
    "gke",
    "networkpolicy",
]
"""The folders.  To look for them at each start would load eight modules of Python's own; a test does it."""

_FOUND: dict[str, Engine] = {}


def all_engines() -> dict[str, Engine]:
    """The engines by name; those come first that a proof asks and whose layer is the cluster's."""
    if not _FOUND:
        found: list[Engine] = [import_module(f"{__name__}.{folder}").ENGINE for folder in TABLE]
        found.sort(key=lambda engine: (not engine.proven, engine.layer != CLUSTER, engine.name))
        _FOUND.update({engine.name: engine for engine in found})
    return _FOUND


def by_kind(*, every: bool = False) -> dict[tuple[str, str], Engine]:
    """(API group, kind) -> the engine that reads it; with `every` also those whose word no proof takes."""
    return {kind: engine for engine in all_engines().values() if every or engine.proven for kind in engine.kinds}
