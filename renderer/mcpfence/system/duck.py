"""DuckDB, an embedded engine for SQL, in a process of its own (`duck_worker`); files reach it under names of ours."""

from __future__ import annotations

import json
import marshal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

Row = tuple[Any, ...]


class DuckFailed(ValueError):
    """The engine could not answer; the message is what it said, half a sentence."""


def duck_there() -> bool:
    """Whether the engine is installed."""
    return find_spec("duckdb") is not None


class Duck:
    """One engine, started with the first question, and once more behind a question that it did not survive."""

    def __init__(self) -> None:
        self._scratch: tempfile.TemporaryDirectory[str] | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._files = 0
        self._busy = False

    def close(self) -> None:
        """End it, and remove what it left."""
        self._stop()
        if self._scratch is not None:
            self._scratch.cleanup()

    def path_of(self, name: str) -> str:
        """A path for SQL without signs that mean something there: a link to the file."""
        self._files += 1
        link = Path(self._folder()) / f"log{self._files}"
        link.symlink_to(Path(name).absolute())
        return str(link)

    def rows(self, sql: str) -> Iterator[Row]:
        """The rows of an answer; raises DuckFailed, as a rule before the first."""
        if self._busy:  # whoever asked last did not want it all
            self._stop()
        process = self._started()
        if process.stdin is None:  # pragma: no cover - it is a pipe
            return
        try:
            process.stdin.write(json.dumps(sql).encode() + b"\n")
            process.stdin.flush()
        except OSError:
            self._stop()
            raise DuckFailed("its process has ended") from None
        self._busy = True
        kind, said = self._receive(process)
        if kind == "error":
            self._busy = False
            raise DuckFailed(said)
        while (batch := self._receive(process)) is not None:
            if isinstance(batch, tuple):
                self._busy = False
                raise DuckFailed(batch[1])
            yield from batch
        self._busy = False

    def _folder(self) -> str:
        if self._scratch is None:
            self._scratch = tempfile.TemporaryDirectory(prefix="mcpfence-", ignore_cleanup_errors=True)
        return self._scratch.name

    def _started(self) -> subprocess.Popen[bytes]:
        if self._process is None or self._process.poll() is not None:
            self._stop()
            command = [sys.executable, "-P", "-m", "mcpfence.system.duck_worker", self._folder()]
            self._process = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
            )
        return self._process

    def _receive(self, process: subprocess.Popen[bytes]) -> Any:
        if process.stdout is not None:
            size = process.stdout.read(4)
            data = process.stdout.read(int.from_bytes(size, "big"))
            if len(size) == 4 and len(data) == int.from_bytes(size, "big"):
                return marshal.loads(data)  # noqa: S302 - what our own process wrote
        self._stop()
        raise DuckFailed("its process has ended")

    def _stop(self) -> None:
        self._busy = False
        if self._process is None:
            return
        process, self._process = self._process, None
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                try:
                    pipe.close()
                except OSError:  # what was not written yet
                    continue
