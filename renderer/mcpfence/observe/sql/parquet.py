"""VPC flow logs as Parquet: always read by DuckDB, folded by it or handed over row by row."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from mcpfence.findings.finding import fail
from mcpfence.observe.readers.aws_folded import folded_row
from mcpfence.observe.readers.aws_vpc import READER, row_of
from mcpfence.observe.reading import NO_RECORD, BadLineList, Beginning, why_bad
from mcpfence.observe.report import SourceFile
from mcpfence.observe.sql.flat import DIALECTS, MAY_MISS, NUMBERS, TEXTS, flat_query, limits_of
from mcpfence.observe.sql.fold import LargeLog
from mcpfence.observe.sql.groups import Folding, first_bad, groups_of
from mcpfence.observe.sql.vpc import checked_times, parquet_fault, parquet_query
from mcpfence.observe.table import FlowTable
from mcpfence.structs import Struct

MAGIC = b"PAR1"
"""What a Parquet file begins with."""


def read_parquet(log: LargeLog, table: FlowTable, bad: BadLineList, *, fold: bool) -> SourceFile:
    """Read one file into the table; raises McpfenceError, and ValueError where the engine fails."""
    try:
        types = {name: kind for name, kind, *_ in log.rows(f"DESCRIBE SELECT * FROM read_parquet('{log.path}')")}
    except ValueError:
        todo = "fetch it again"
        raise fail("observe-parquet", "begins as Parquet and cannot be read as such", todo, document=log.name) from None
    _refuse(parquet_fault(types), log.name)
    began = Beginning.of(table)
    if not fold:
        rows = _row_by_row(log, types, table, bad)
        return began.file(log.name, READER, rows, table)
    query, folding = parquet_query(log.path, table.scope, types), Folding(table)
    folding.take(map(query.group_of, groups_of(query, log.rows)))
    told = first_bad(query, log.rows, folding.bad)
    bad.extend(((log.name, number, why) for number, why in told.items()), folding.bad_lines)
    return began.file(log.name, READER, folding.rows, table)._replace(engine="duckdb")


def _refuse(fault: str, name: str) -> None:
    """Raises McpfenceError where there is a fault."""
    if fault:
        todo = "give VPC flow logs as AWS delivers them: fields as columns, ports and times as integers"
        raise fail("observe-parquet", fault, todo, document=name)


class ClusterLog(Struct):
    """A Parquet log that an engine of many machines reads."""

    name: str
    types: Mapping[str, str]
    """Columns with the engine's own types."""
    view: str
    rows: Callable[[str], Iterable[Mapping[str, Any]]]


_TYPES = {"string": "VARCHAR", "tinyint": "TINYINT", "smallint": "SMALLINT", "int": "INTEGER", "bigint": "BIGINT"}


def read_cluster_log(log: ClusterLog, table: FlowTable, bad: BadLineList) -> SourceFile:
    """Fold one log by Spark into the table; raises McpfenceError, and ValueError where the engine fails."""
    types = {name: _TYPES.get(kind, kind) for name, kind in log.types.items()}
    _refuse(parquet_fault(types), log.name)
    began, scope = Beginning.of(table), table.scope
    missing = [name for name in MAY_MISS if name not in types]
    query = flat_query(DIALECTS["spark"], log.view, scope, missing, limits_of(scope, scope.addresses))
    count = 0
    for row in log.rows(query):
        count += 1
        try:
            table.take(folded_row(row))
        except NO_RECORD as why:
            bad.add(log.name, count, why_bad(why), times=row["records"])
    return began.file(log.name, READER, count, table)._replace(engine="spark")


def _row_by_row(log: LargeLog, types: dict[str, str], table: FlowTable, bad: BadLineList) -> int:
    """Each row as the reader of text has it; returns how many there are."""
    names = [name for name in (*TEXTS, *NUMBERS) if name in types]
    fields = [name.replace("_", "-") for name in names]
    columns = ", ".join(f"""coalesce(CAST("{name}" AS VARCHAR), '-')""" for name in names)
    count = 0
    for row in log.rows(f"SELECT {columns} FROM (SELECT {checked_times()} FROM read_parquet('{log.path}'))"):
        count += 1
        texts = dict(zip(fields, row, strict=True))
        try:
            table.take(row_of(texts))
        except NO_RECORD as why:
            bad.add(log.name, count, why_bad(why))
    return count
