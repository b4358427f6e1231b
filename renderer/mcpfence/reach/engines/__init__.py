"""One folder an engine: its policies, from parsed documents to what they say, by the contract that `contract` states.

Every folder here with an `ENGINE` is an engine; nothing else lists them, so that a new one is its folder alone.
"""

from __future__ import annotations

import pkgutil
from importlib import import_module

from mcpfence.reach.engines.contract import CLUSTER, Engine

_FOUND: dict[str, Engine] = {}


def all_engines() -> dict[str, Engine]:
    """The engines by name; those come first that a proof asks and whose layer is the cluster's."""
    if not _FOUND:
        folders = [folder.name for folder in pkgutil.iter_modules(__path__) if folder.ispkg]
        found: list[Engine] = [import_module(f"{__name__}.{folder}").ENGINE for folder in folders]
        found.sort(key=lambda engine: (not engine.proven, engine.layer != CLUSTER, engine.name))
        _FOUND.update({engine.name: engine for engine in found})
    return _FOUND


def by_kind(*, every: bool = False) -> dict[tuple[str, str], Engine]:
    """(API group, kind) -> the engine that reads it; with `every` also those whose word no proof takes."""
    return {kind: engine for engine in all_engines().values() if every or engine.proven for kind in engine.kinds}
