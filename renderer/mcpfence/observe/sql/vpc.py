"""VPC flow logs, folded by DuckDB: rows of text are split and told apart from what is none; Parquet has its columns.

Tried with DuckDB 2.0: as a file of one column, text keeps its lines whatever stands in them; a carriage return within,
bytes that are no UTF-8 and lines above the limit end the query, and the file is read line by line then.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from mcpfence.observe.readers.aws_vpc import header_of, row_of
from mcpfence.observe.sql.flat import DIALECTS, MAY_MISS, NUMBERS, TEXTS, Beside, flat_lines
from mcpfence.observe.sql.groups import FoldQuery, GroupRow, LineGroup, Misfolded, OddLine
from mcpfence.observe.table import RecordScope

_SECOND = 10**9
_LAST_SECOND = 10**11
"""Larger numbers are no seconds."""
_TYPES = {"srcport": "USMALLINT", "dstport": "USMALLINT", "protocol": "UTINYINT", "start": "UBIGINT", "end": "UBIGINT"}
_SKIPPED = "('NODATA', 'SKIPDATA')"


def vpc_query(path: str, packing: str, scope: RecordScope, fields: Sequence[str]) -> FoldQuery:
    """The query for a file of text with these fields (names with hyphens, as a header has them)."""
    places = {name.replace("-", "_"): f"w[{place}]" for place, name in enumerate(fields, 1)}
    missing = [name for name in (*TEXTS, *NUMBERS) if name not in places]
    source = (
        f"read_csv('{path}', delim = '\\x1f', quote = '', escape = '', comment = '', header = false, "
        f"auto_detect = false, columns = {{'line': 'VARCHAR'}}, max_line_size = 1048577, new_line = '\\n', "
        f"compression = '{packing}')"
    )
    skipped = f"coalesce({places['log_status']} IN {_SKIPPED}, false)" if "log_status" in places else "false"
    odd = " OR ".join(_odd(name, places[name]) for name in NUMBERS if name in places)
    timeless = " AND ".join(
        f"coalesce({places[name]} IN ('-', '0'), true)" for name in ("start", "end") if name in places
    )
    typed = ", ".join(_typed(name, places.get(name)) for name in (*TEXTS, *NUMBERS))
    table = f"""(
      SELECT n, odd, head, {typed} FROM (
        SELECT n, w, head, {skipped} AS skipped, CASE WHEN {skipped} AND len(w) = {len(fields)} THEN 0
          WHEN len(w) <> {len(fields)} OR contains(line, '  ') OR contains(line, chr(9)) OR strlen(line) <> length(line)
            OR head IS NOT NULL OR {odd} OR ({timeless or "true"})
          THEN n ELSE 0 END AS odd
        FROM (
          SELECT n, line, string_split(line, ' ') AS w, CASE WHEN contains(line, 'srcaddr') THEN line END AS head
          FROM (SELECT row_number() OVER () AS n, line FROM {source}) WHERE trim(line) <> ''
        )
      )
    ) AS line"""
    return FoldQuery(_lines(table, scope, missing), _KEYS, lambda row: _group(row, fields), blanks_count=True)


def parquet_query(path: str, scope: RecordScope, types: Mapping[str, str]) -> FoldQuery:
    """The query for a Parquet file of these columns."""
    missing = [name for name in (*TEXTS, *NUMBERS) if name not in types]
    table = f"""(
      SELECT {checked_times()}, file_row_number + 1 AS n, 0 AS odd, CASE WHEN {_TIMELESS} THEN 'time' END AS head
      FROM read_parquet('{path}', file_row_number = true)) AS line"""
    return FoldQuery(_lines(table, scope, missing), _KEYS, lambda row: _group(row, ()), blanks_count=True)


_TIMELESS = f"""NOT (coalesce("start", 0) BETWEEN 0 AND {_LAST_SECOND - 1}
  AND coalesce("end", 0) BETWEEN 0 AND {_LAST_SECOND - 1})"""
"""Whether a row of Parquet has a time that is none: no seconds, as AWS writes them."""


def checked_times() -> str:
    """All columns of a Parquet file; times that are none are -1, which no reader takes."""
    parts = (
        f'CASE WHEN {_TIMELESS} THEN -1 ELSE TRY_CAST("{name}" AS BIGINT) END AS "{name}"' for name in ("start", "end")
    )
    return f"* REPLACE ({', '.join(parts)})"


def parquet_fault(types: Mapping[str, str]) -> str:
    """What is wrong with the columns of a Parquet file, half a sentence; nothing if they are those of a flow log."""
    lacks = [name for name in (*TEXTS, *NUMBERS) if name not in types and name not in MAY_MISS]
    if lacks:
        return f"has no column {', '.join(lacks)}"
    wrong = [f"{name} as {types[name]}" for name in NUMBERS if name in types and types[name] not in _INTEGERS]
    wrong += [f"{name} as {types[name]}" for name in TEXTS if name in types and types[name] != "VARCHAR"]
    return f"has {', '.join(wrong)}" if wrong else ""


_INTEGERS = {f"{sign}{kind}" for sign in ("", "U") for kind in ("TINYINT", "SMALLINT", "INTEGER", "BIGINT")}


def _odd(name: str, text: str) -> str:
    """Whether a field is not the usual text of its number."""
    kind = _TYPES.get(name, "USMALLINT")
    value = f"TRY_CAST({text} AS {kind})"
    bound = f" OR {value} >= {_LAST_SECOND}" if kind == "UBIGINT" else ""
    none = f"{text} <> '-'" if name != "protocol" else "true"
    return f"coalesce(CAST({value} AS VARCHAR) <> {text}{bound}, {none})"


def _typed(name: str, text: str | None) -> str:
    """A field as a column, null where a row has none of it."""
    if text is None:
        return f'NULL AS "{name}"'
    fit = "odd = 0" if name == "log_status" else "odd = 0 AND NOT skipped"
    value = f"TRY_CAST({text} AS BIGINT)" if name in NUMBERS else text
    return f'CASE WHEN {fit} THEN {value} END AS "{name}"'


_KEYS = ("odd", "head", "source", "target", "ip_number", "flags", "verdict", "status", "reply", "called")


def _lines(table: str, scope: RecordScope, missing: Sequence[str]) -> str:
    """The rows of the flat query, and their numbers."""
    lacks = [name for name in missing if name in MAY_MISS]
    flat = flat_lines(DIALECTS["duckdb"], table, scope, lacks, beside=Beside(("odd", "head"), ("n",)))
    return f"""SELECT {", ".join(_KEYS)}, caller, midnight AS day, side, began AS first, ending AS last, n
FROM ({flat})"""


def _group(row: GroupRow, fields: Sequence[str]) -> LineGroup | OddLine:
    odd, head, source, destination, protocol, flags, action, status, reply, called = row.keys
    if odd:
        if head is not None and header_of(head) not in ([], list(fields)):
            raise Misfolded("its fields change in the middle")
        return OddLine(odd)
    source_port, port = (called, row.caller) if reply == 1 else (row.caller, called)
    days = row.days
    texts = {
        "srcaddr": source,
        "dstaddr": destination,
        "srcport": str(source_port),
        "dstport": str(port),
        "protocol": str(protocol) if protocol >= 0 else "-",
        "tcp-flags": str(flags),
        "action": action,
        "log-status": status,
        "start": str(days[0][1]),
        "end": str(days[0][2]),
    }
    told = None if reply is None else reply == 1
    times = [[count, first * _SECOND, last * _SECOND] for count, first, last in days]
    return LineGroup(lambda: row_of(texts), times, row.line, told, folded=True)
