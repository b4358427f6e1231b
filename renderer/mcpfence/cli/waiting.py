"""A line on the terminal which says that work goes on, once it takes longer than a second."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from typing import Self, TextIO

from mcpfence.documents.values import ValuesFile
from mcpfence.findings.finding import plural

_BEAT = 1.0
"""Seconds between two looks at the clock; people begin to wonder after the first."""
_RUNNING: ContextVar[Waiting | None] = ContextVar("mcpfence.waiting", default=None)
"""What draws the line of the running command; click's context is not everywhere, for Helm's call does without."""


class Waiting:
    """Draws the line in a thread of its own; a context manager, within which `hide_waiting` takes the line away."""

    def __init__(self, stream: TextIO, doing: Callable[[], str]) -> None:
        self._stream, self._doing = stream, doing
        self._lock, self._ended = threading.Lock(), threading.Event()
        self._drawn = False
        self._thread = threading.Thread(target=self._beat, daemon=True)

    def __enter__(self) -> Self:
        self._before = _RUNNING.set(self)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()
        _RUNNING.reset(self._before)
        self.hide()

    def _beat(self) -> None:
        began = time.monotonic()
        while not self._ended.wait(_BEAT):
            self.draw(int(time.monotonic() - began))

    def draw(self, seconds: int) -> None:
        """Write the line, or write it anew, and leave the cursor in it."""
        with self._lock:
            self._drawn = True
            self._write(f"\r\x1b[Kmcpfence: {self._doing()}, {seconds:,} s ")

    def hide(self) -> None:
        """Take the line away, if there is one, so that something else can be written."""
        with self._lock:
            if self._drawn:
                self._write("\r\x1b[K")
            self._drawn = False

    def _write(self, text: str) -> None:
        try:
            self._stream.write(text)
            self._stream.flush()
        except (OSError, ValueError):  # the terminal has gone: the work goes on all the same
            self._ended.set()


def hide_waiting() -> None:
    """Take the line of the running command away before something else is written; it comes back by itself."""
    waiting = _RUNNING.get()
    if waiting is not None:
        waiting.hide()


def what_is_done(sources: list[ValuesFile]) -> str:
    """`reading` before the values files are there, then how many servers they declare."""
    declared = [source.data.get("servers") for source in list(sources)]
    names = {name for servers in declared if isinstance(servers, Mapping) for name in servers}
    return plural(len(names), "server") if names else "working" if declared else "reading"
