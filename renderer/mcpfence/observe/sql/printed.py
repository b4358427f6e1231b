"""The query as text for somebody else's engine: whoever may ask it runs it, and gives the small result back."""

from __future__ import annotations

import re
from collections.abc import Sequence

from mcpfence.observe.sql.flat import DIALECTS, MAY_MISS, NUMBERS, TEXTS, Dialect, flat_query, limits_of
from mcpfence.observe.table import RecordScope
from mcpfence.observe.times import time_text

PRINTED = tuple(name for name in DIALECTS if name != "duckdb")
TABLE = "vpc_flow_logs"
_PART = re.compile(r"[A-Za-z0-9_-]+\Z")
_ALL_TIME = 1 << 63


def is_table(name: str) -> bool:
    """Whether a name of parts with dots can stand in a query."""
    return all(_PART.match(part) for part in name.split("."))


def lacking(fields: Sequence[str]) -> tuple[str, ...]:
    """The columns that the query needs and a log of these fields has not."""
    have = {name.replace("-", "_") for name in fields}
    return tuple(name for name in (*TEXTS, *NUMBERS) if name not in have and name not in MAY_MISS)


def printed_query(name: str, table: str, scope: RecordScope, addresses: frozenset[str], fields: Sequence[str]) -> str:
    """The query for an engine, with what it is and what to do with it; `fields` are those of the log, if not all."""
    dialect = DIALECTS[name]
    have = {one.replace("-", "_") for one in fields} or {*TEXTS, *NUMBERS}
    query = flat_query(
        dialect,
        _quoted(dialect, table),
        scope,
        [one for one in MAY_MISS if one not in have],
        limits_of(scope, addresses),
    )
    return "".join(f"-- {line}\n" for line in _said(dialect, scope, addresses)) + f"{query}\n"


def _quoted(dialect: Dialect, table: str) -> str:
    """The table's name; parts are quoted one by one, so that none is a word of the language."""
    return ".".join(f"{dialect.quote}{part}{dialect.quote}" for part in table.split("."))


def _said(dialect: Dialect, scope: RecordScope, addresses: frozenset[str]) -> list[str]:
    ports = ", ".join(map(str, sorted(scope.ports)))
    since = f" from {time_text(scope.since)}" if scope.since else ""
    until = f" until {time_text(scope.until)}" if scope.until < _ALL_TIME else ""
    rows = f"of {len(addresses):,} addresses of pods" if addresses else "of all addresses (give --pods for fewer)"
    return [
        f"VPC flow logs, folded for mcpfence observe by {dialect.title}: rows {rows}{since}{until}.",
        f"Ports of the catalog: {ports or 'none'}; print the query again when they change.",
        "Give the result to mcpfence observe as it comes: CSV with its header, or JSON lines.",
    ]
