"""How `mcpfence observe` reads its files: line by line, or folded by an engine where that is worth it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from types import TracebackType

from mcpfence.findings.finding import McpfenceError, fail
from mcpfence.observe.lines import read_lines
from mcpfence.observe.readers.contract import ReadOptions
from mcpfence.observe.reading import BadLineList, read_log
from mcpfence.observe.report import SourceFile
from mcpfence.observe.sql.fold import LargeLog, NotFolded, read_folded
from mcpfence.observe.sql.parquet import MAGIC, read_parquet
from mcpfence.observe.table import FlowTable
from mcpfence.system.duck import Duck, duck_there
from mcpfence.system.files import read_each
from mcpfence.system.logs import read_chunks, size_of, unzstd

ENGINES = ("python", "duckdb")
_LARGE = 32 << 20
"""Bytes of all files from which on an engine saves more than its start costs."""


class LogReading:
    """Reads files into a table; an engine, if one is wanted, runs until the end of the block."""

    def __init__(self, table: FlowTable, bad: BadLineList, options: ReadOptions, engine: str | None) -> None:
        self._table = table
        self._bad = bad
        self._options = options
        self._engine = engine
        self._duck = Duck()

    def __enter__(self) -> LogReading:
        return self

    def __exit__(self, kind: type[BaseException] | None, bad: BaseException | None, at: TracebackType | None) -> None:
        self._duck.close()

    def read_all(self, names: Sequence[str], wanted: str) -> list[SourceFile]:
        """Read every file; raises McpfenceError with the faults of all of them."""
        folded = self._is_folded(names)

        def read(name: str, shown_name: str) -> list[SourceFile]:
            if name != "-" and next(read_chunks(name), b"").startswith(MAGIC):
                return [self._parquet(name, shown_name, fold=self._engine != "python")]
            return [self._folded(name, shown_name, wanted) if folded else self._read(name, shown_name, wanted)]

        return read_each(names, read)

    def _is_folded(self, names: Iterable[str]) -> bool:
        if self._engine == "duckdb" and not duck_there():
            todo = "install mcpfence[observe], or leave --engine out"
            raise fail("observe-extra", "--engine duckdb needs a library", todo)
        if self._engine is None:
            return duck_there() and sum(map(size_of, names)) >= _LARGE
        return self._engine == "duckdb"

    def _read(self, name: str, shown_name: str, wanted: str) -> SourceFile:
        lines = read_lines(read_chunks(name), unzstd(shown_name))
        return read_log(shown_name, lines, self._table, self._bad, self._options, wanted)

    def _folded(self, name: str, shown_name: str, wanted: str) -> SourceFile:
        if name == "-":
            return self._read(name, shown_name, wanted)._replace(not_folded="stdin can be read once")
        try:
            return read_folded(self._large(name, shown_name), self._table, self._bad, self._options, wanted)
        except NotFolded as why:
            return self._read(name, shown_name, wanted)._replace(not_folded=str(why))
        except ValueError as why:
            raise _broken(shown_name, why) from None

    def _parquet(self, name: str, shown_name: str, *, fold: bool) -> SourceFile:
        if not duck_there():
            todo = "install mcpfence[observe], or give the log as text"
            raise fail("observe-extra", "is Parquet, which needs a library", todo, document=shown_name)
        try:
            return read_parquet(self._large(name, shown_name), self._table, self._bad, fold=fold)
        except ValueError as why:
            raise _broken(shown_name, why) from None

    def _large(self, name: str, shown_name: str) -> LargeLog:
        chunks = partial(read_chunks, name)
        return LargeLog(shown_name, chunks, unzstd(shown_name), self._duck.path_of(name), self._duck.rows)


def _broken(name: str, why: ValueError) -> McpfenceError:
    """The error of an engine that failed while the table was filled: nothing of it can be used."""
    return fail("observe-engine", f"cannot be read by duckdb: it {why}", "read it with --engine python", document=name)
