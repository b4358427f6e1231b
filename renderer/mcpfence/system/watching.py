"""Files that are watched: looked at again and again, by time and size, and said to have changed when they have.

Looking costs one call per file, works on every file system (network shares and mounts of containers tell no changes),
and needs no library.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from mcpfence.system.files import manifests_below

INTERVAL = 0.3
"""Seconds between two looks: less than people notice."""
Look = Mapping[str, tuple[int, int, int] | None]
"""Each file with what tells one content from another; None where it is not there."""


def pause() -> None:
    """Wait until the next look."""
    time.sleep(INTERVAL)


def time_of_day() -> str:
    """Now, as `14:03:12`."""
    return time.strftime("%H:%M:%S")


def look_at(files: Sequence[str], charts: Sequence[str] = ()) -> Look:
    """The files, the manifests in folders, and whatever is in the folders of charts."""
    found: dict[str, tuple[int, int, int] | None] = {}
    for name in files:
        folder = Path(name)
        try:
            below = list(map(str, manifests_below(folder))) if folder.is_dir() else [name]
        except OSError:
            below = []  # it goes while it is looked at
        found |= {file: _state(file) for file in below}
    for chart in charts:
        found |= {file: _state(file) for file in _inside(chart)}
    return found


def _inside(folder: str) -> Iterator[str]:
    for above, _, names in os.walk(folder):  # unlike rglob it does not mind what goes meanwhile
        yield from (str(Path(above, name)) for name in names)


def _state(name: str) -> tuple[int, int, int] | None:
    try:
        found = Path(name).stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino


def changes(look: Callable[[], Look], wait: Callable[[], None]) -> Iterator[tuple[str, ...]]:
    """Nothing at first, then the names of what has changed, each time that something has; without end.

    What is saved while the last change is worked on is seen afterwards: the look is older than the work.
    """
    before = look()
    yield ()
    while True:
        wait()
        now = look()
        changed = tuple(sorted(name for name in {*before, *now} if before.get(name) != now.get(name)))
        before = now
        if changed:
            yield changed
