"""How `mcpfence observe` reads its files: line by line, or folded by an engine where that is worth it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from functools import partial
from types import TracebackType
from typing import Any, Self

from mcpfence.cli.progress import ReadingProgress
from mcpfence.documents.reader import BadDocument, load_foreign
from mcpfence.documents.values import decode
from mcpfence.findings.finding import McpfenceError, fail
from mcpfence.observe.lines import read_lines
from mcpfence.observe.readers.contract import ReadOptions
from mcpfence.observe.reading import BadLineList, read_log
from mcpfence.observe.report import SourceFile
from mcpfence.observe.sql.fold import LargeLog, NotFolded, read_folded
from mcpfence.observe.sql.parquet import MAGIC, ClusterLog, read_cluster_log, read_parquet
from mcpfence.observe.table import FlowTable
from mcpfence.system.duck import Duck, duck_there
from mcpfence.system.files import read_bytes, read_each
from mcpfence.system.logs import log_files, read_chunks, size_of, unzstd
from mcpfence.system.spark import SparkLog, spark_there

ENGINES = ("python", "duckdb", "spark")
_LARGE = 32 << 20
"""Bytes of all files from which on an engine saves more than its start costs."""


class LogReading:
    """Reads files into a table; an engine, if one is wanted, runs until the end of the block."""

    def __init__(
        self, table: FlowTable, bad: BadLineList, options: ReadOptions, engine: str | None, progress: ReadingProgress
    ) -> None:
        self._table = table
        self._bad = bad
        self._options = options
        self._engine = engine
        self._progress = progress
        self._duck = Duck()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, bad: BaseException | None, at: TracebackType | None) -> None:
        self._duck.close()

    def read_lines_of(self, names: Sequence[str]) -> list[SourceFile]:
        """Read every file line by line; raises McpfenceError with the faults of all of them."""
        return read_each(log_files(names), lambda name, shown_name: [self._read(name, shown_name, "")])

    def read_all(self, names: Sequence[str], wanted: str) -> list[SourceFile]:
        """Read every file; raises McpfenceError with the faults of all of them."""
        if self._engine == "spark":
            return self._by_spark(names)
        names = log_files(names)
        folded = self._is_folded(names)

        def read(name: str, shown_name: str) -> list[SourceFile]:
            if name != "-" and next(read_chunks(name), b"").startswith(MAGIC):
                return [self._parquet(name, shown_name, fold=self._engine != "python")]
            return [self._folded(name, shown_name, wanted) if folded else self._read(name, shown_name, wanted)]

        return read_each(names, read)

    def _by_spark(self, names: Sequence[str]) -> list[SourceFile]:
        """Every log, by its name as Spark reads it."""
        if not spark_there():
            todo = "install mcpfence[spark], or run it by spark-submit"
            raise fail("observe-extra", "--engine spark needs a library", todo)

        def read(name: str, shown_name: str) -> list[SourceFile]:
            view = "mcpfence_log"
            try:
                found = SparkLog(name, view)
                log = ClusterLog(shown_name, found.types, view, found.rows)
                return [read_cluster_log(log, self._table, self._bad)]
            except ValueError as why:
                todo = "look at what Spark says on stderr; it reads VPC flow logs as Parquet alone"
                raise fail("observe-engine", f"cannot be read by Spark: {why}", todo, document=shown_name) from None

        return read_each(names, read)

    def _is_folded(self, names: Iterable[str]) -> bool:
        if self._engine == "duckdb" and not duck_there():
            todo = "install mcpfence[observe], or leave --engine out"
            raise fail("observe-extra", "--engine duckdb needs a library", todo)
        if self._engine is None:
            return duck_there() and sum(map(size_of, names)) >= _LARGE
        return self._engine == "duckdb"

    def _read(self, name: str, shown_name: str, wanted: str) -> SourceFile:
        lines = read_lines(self._progress.watch(read_chunks(name)), unzstd(shown_name))
        return read_log(shown_name, lines, self._table, self._bad, self._options, wanted)

    def _folded(self, name: str, shown_name: str, wanted: str) -> SourceFile:
        if name == "-":
            return self._read(name, shown_name, wanted)._replace(not_folded="stdin can be read once")
        try:
            found = read_folded(self._large(name, shown_name), self._table, self._bad, self._options, wanted)
        except NotFolded as why:
            return self._read(name, shown_name, wanted)._replace(not_folded=str(why))
        except ValueError as why:
            raise _broken(shown_name, why) from None
        self._progress.add(size_of(name))
        return found

    def _parquet(self, name: str, shown_name: str, *, fold: bool) -> SourceFile:
        if not duck_there():
            todo = "install mcpfence[observe], or give the log as text"
            raise fail("observe-extra", "is Parquet, which needs a library", todo, document=shown_name)
        try:
            found = read_parquet(self._large(name, shown_name), self._table, self._bad, fold=fold)
        except ValueError as why:
            raise _broken(shown_name, why) from None
        self._progress.add(size_of(name))
        return found

    def _large(self, name: str, shown_name: str) -> LargeLog:
        chunks = partial(read_chunks, name)
        return LargeLog(shown_name, chunks, unzstd(shown_name), self._duck.path_of(name), self._duck.rows)


def _broken(name: str, why: ValueError) -> McpfenceError:
    """The error of an engine that failed while the table was filled: nothing of it can be used."""
    return fail("observe-engine", f"cannot be read by duckdb: {why}", "read it with --engine python", document=name)


def documents_of(names: Sequence[str]) -> list[Any]:
    """Kubernetes documents of all files, lists unrolled; raises McpfenceError with the faults of all of them."""
    return read_each(names, lambda name, shown_name: _unrolled(decode(read_bytes(name), shown_name), shown_name))


def _unrolled(text: str, name: str) -> list[Any]:
    try:
        documents = [json.loads(text)] if text.lstrip().startswith("{") else list(load_foreign(text))
    except (ValueError, RecursionError, BadDocument):
        sentence = "is no JSON or YAML of Kubernetes"
        raise fail("file-unreadable", sentence, "give what kubectl get -o json prints", document=name) from None
    items = [item for one in documents if isinstance(one, dict) for item in one.get("items") or [one]]
    if not any(isinstance(item, dict) and item.get("kind") in {"Pod", "Service"} for item in items):
        todo = "give what kubectl get pods,services -A -o json prints"
        raise fail("observe-snapshot", "holds no Pod and no Service", todo, document=name)
    return items
