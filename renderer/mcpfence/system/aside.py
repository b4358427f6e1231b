"""Rows that do not fit into memory: in one temporary file without a name, which is gone with its owner."""

from __future__ import annotations

import marshal
import tempfile
from collections.abc import Iterator
from types import TracebackType
from typing import Any, BinaryIO, Self

from mcpfence.findings.finding import McpfenceError, fail

Row = tuple[Any, ...]

_TOGETHER = 128
"""So many rows of a run are read at once."""


class RowFile:
    """Takes rows run by run, each to be read in its order as often as wanted, several side by side."""

    def __init__(self) -> None:
        self._file: BinaryIO | None = None
        self._end = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, bad: BaseException | None, at: TracebackType | None) -> None:
        if self._file is not None:
            self._file.close()

    def __call__(self, rows: list[Row]) -> _RowRun:
        """Write rows down; raises McpfenceError."""
        parts: list[tuple[int, int]] = []
        try:
            if self._file is None:
                self._file = tempfile.TemporaryFile(prefix="mcpfence-", buffering=0)  # noqa: SIM115 - open until the end
            for start in range(0, len(rows), _TOGETHER):
                data = marshal.dumps(rows[start : start + _TOGETHER])
                parts.append((self._end, len(data)))
                self._write(self._file, data)
        except OSError as bad:
            raise _no_room(bad) from None
        return _RowRun(self, parts)

    def _write(self, file: BinaryIO, data: bytes) -> None:
        file.seek(self._end)
        rest = memoryview(data)
        while rest:
            rest = rest[file.write(rest) :]
        self._end += len(data)

    def read(self, start: int, length: int) -> list[Row]:
        """Some rows; raises McpfenceError."""
        data = b""
        try:
            if self._file is not None:
                self._file.seek(start)
                while len(data) < length and (more := self._file.read(length - len(data))):
                    data += more
        except OSError as bad:
            raise _no_room(bad) from None
        found: list[Row] = marshal.loads(data)  # noqa: S302 - what this process wrote into a file without a name
        return found


class _RowRun:
    """The rows of one run."""

    def __init__(self, file: RowFile, parts: list[tuple[int, int]]) -> None:
        self._file = file
        self._parts = parts

    def __iter__(self) -> Iterator[Row]:
        for start, length in self._parts:
            yield from self._file.read(start, length)


def _no_room(bad: OSError) -> McpfenceError:
    sentence = f"what is in work cannot be put into a temporary file ({bad.strerror or type(bad).__name__})"
    return fail("observe-room", sentence, f"make room in {tempfile.gettempdir()}, or name another folder with TMPDIR")
