"""Workers give back what thousands of random catalogs left in the caches of mcpfence, which one process never fills."""

from __future__ import annotations

import gc
import os
import sys
from pathlib import Path

import pytest

_MOST = 1 << 30
"""Bytes that a worker may hold between two tests."""
_GROWTH = 1 << 28
"""Bytes by which one that stays large may grow before it is asked again: what is not in a cache does not go away."""
_STATM = Path("/proc/self/statm")


class Keeper:
    """Empties the caches of a worker that has grown, and not after every test of one that stays large."""

    def __init__(self) -> None:
        self._most = _MOST

    def pytest_runtest_teardown(self) -> None:
        """Look how large the worker is."""
        if _resident() > self._most:
            empty_caches()
            self._most = max(_MOST, _resident() + _GROWTH)


def pytest_configure(config: pytest.Config) -> None:
    """One keeper a worker."""
    config.pluginmanager.register(Keeper(), "memory-keeper")


def empty_caches() -> None:
    """Forget whatever functions of mcpfence remember."""
    for name, module in list(sys.modules.items()):
        if name.partition(".")[0] == "mcpfence":
            for value in list(vars(module).values()):
                clear = getattr(value, "cache_clear", None)
                if clear is not None:
                    clear()
    gc.collect()


def _resident() -> int:
    """Bytes of this process; 0 where nothing tells."""
    try:
        return int(_STATM.read_text(encoding="ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return 0
