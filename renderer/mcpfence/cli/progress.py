"""How far the reading of long logs has come: bytes of bytes, on stderr, on a terminal alone."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Self

import click

_PATIENCE = 1.0
"""Seconds after which people begin to wonder."""
_UNITS = ((1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB"))


class ReadingProgress:
    """A bar that shows up once reading takes more than a second; a context manager.

    `total` are the bytes of all files, 0 where they are not known, as of stdin: then there is no bar, and neither is
    there one where stderr is no terminal, nor with `quiet`.
    """

    def __init__(self, total: int, *, quiet: bool, clock: Callable[[], float] = time.monotonic) -> None:
        self._total, self._done, self._clock = total, 0, clock
        self._shown = total > 0 and not quiet and sys.stderr is not None and sys.stderr.isatty()
        self._began = clock()
        self._bar: Any = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.render_finish()

    def watch(self, chunks: Iterable[bytes]) -> Iterator[bytes]:
        """The chunks, counted as they are taken."""
        for chunk in chunks:
            self.add(len(chunk))
            yield chunk

    def add(self, size: int) -> None:
        """So many bytes have been read."""
        if not self._shown:
            return
        self._done += size
        if self._bar is not None:
            self._bar.update(size, self._words)
        elif self._clock() - self._began > _PATIENCE:
            self._bar = click.progressbar(
                length=self._total, label="reading", file=sys.stderr, item_show_func=lambda words: words
            )
            self._bar.update(self._done, self._words)

    @property
    def _words(self) -> str:
        return f"{size_text(self._done)} of {size_text(self._total)}"


def size_text(size: int) -> str:
    """`1.2 GiB`."""
    for unit, name in _UNITS:
        if size >= unit:
            return f"{size / unit:.1f} {name}"
    return f"{size} bytes"
