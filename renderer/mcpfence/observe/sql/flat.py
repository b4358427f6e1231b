"""The one query that folds VPC flow logs, for every engine: ANSI SQL over flat columns, nothing nested.

Engines differ in how they quote names and in little else; what they differ in is not used: no integer division, no bit
operations, no dates, and no name that stands for a column and for what is made of it.  Structs never reach an engine:
ClickHouse reads them by position where a query means names.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator

from mcpfence.observe.sql.text import by_ports, literals, side_of_window
from mcpfence.observe.table import RecordScope
from mcpfence.structs import Struct

_DAY = 86_400


class Dialect(Struct):
    """How one engine writes what ANSI SQL does not settle."""

    name: str
    title: str
    quote: str


DIALECTS: dict[str, Dialect] = {
    row.name: row
    for row in (
        Dialect("athena", "Amazon Athena", '"'),
        Dialect("bigquery", "BigQuery", "`"),
        Dialect("clickhouse", "ClickHouse", '"'),
        Dialect("duckdb", "DuckDB", '"'),
        Dialect("spark", "Spark", "`"),
        Dialect("trino", "Trino", '"'),
    )
}

TEXTS = ("srcaddr", "dstaddr", "pkt_srcaddr", "pkt_dstaddr", "action", "log_status")
NUMBERS = ("srcport", "dstport", "protocol", "start", "end", "tcp_flags")
"""The columns that are read; of these pkt_srcaddr, pkt_dstaddr and tcp_flags may be missing."""
MAY_MISS = ("pkt_srcaddr", "pkt_dstaddr", "tcp_flags", "log_status")


class Beside(Struct):
    """What an engine of our own is asked for on top; the columns must be in the table."""

    keys: tuple[str, ...] = ()
    carried: tuple[str, ...] = ()
    selected: str = ""


def flat_query(
    dialect: Dialect,
    table: str,
    scope: RecordScope,
    missing: Collection[str] = (),
    limits: str = "",
    beside: Beside | None = None,
) -> str:
    """The query; `table` is a name of the engine's, `missing` are columns that it lacks, `limits` conditions."""
    more = beside or Beside()
    keys, carried = ("".join(f", {name}" for name in names) for names in (more.keys, more.carried))
    same = f"source, target, ip_number, verdict, status, began, ending{keys}{carried}"
    where = f"\n      WHERE {limits}" if limits else ""
    return f"""SELECT source AS srcaddr, target AS dstaddr,
  CASE WHEN reply = 1 THEN called ELSE MIN(caller) END AS srcport,
  CASE WHEN reply = 1 THEN MIN(caller) ELSE called END AS dstport,
  ip_number AS protocol, flags AS tcp_flags, verdict AS action, status AS log_status, reply,
  MIN(began) AS first_start, MAX(ending) AS last_end, COUNT(*) AS records{keys}{more.selected}
FROM (
  SELECT {same}, flags, side, reply, began - MOD(began, {_DAY}) AS midnight,
    CASE WHEN reply = 1 THEN sport ELSE dport END AS called, CASE WHEN reply = 1 THEN dport ELSE sport END AS caller
  FROM (
    SELECT {same}, flags, side, sport, dport,
      CASE WHEN flags = 18 THEN 1 WHEN flags = 2 THEN 0
        ELSE {_numbers(by_ports("sport", "dport", scope.ports))} END AS reply
    FROM (
      SELECT {same}, {_side(scope, beside)} AS side,
        CASE WHEN MOD(bits, 4) < 2 THEN 0 WHEN MOD(bits, 32) < 16 THEN 2 ELSE 18 END AS flags,
        CASE WHEN {_OFF} THEN {_NO_PORT} ELSE port_1 END AS sport,
        CASE WHEN {_OFF} THEN {_NO_PORT} ELSE port_2 END AS dport
      FROM (
        SELECT {", ".join(_columns(dialect, missing))}{keys}{carried}
        FROM {table}
      ) AS named{where}
    ) AS checked
  ) AS oriented
) AS folded
GROUP BY source, target, ip_number, flags, verdict, status, reply, called, midnight, side{keys}"""


_OFF = "port_1 < 0 OR port_1 > 65535 OR port_2 < 0 OR port_2 > 65535"
_NO_PORT = 65536
"""What stands for ports that are none, so that they share a row with nothing else."""


def _columns(dialect: Dialect, missing: Collection[str]) -> Iterator[str]:
    """The table's columns under names of ours, without nulls."""

    def column(name: str) -> str:
        return f"{dialect.quote}{name}{dialect.quote}"

    for side, name in (("src", "source"), ("dst", "target")):
        packets = "" if f"pkt_{side}addr" in missing else f"NULLIF({column(f'pkt_{side}addr')}, '-'), "
        yield f"COALESCE({packets}{column(f'{side}addr')}, '-') AS {name}"
    yield f"COALESCE({column('srcport')}, 0) AS port_1"
    yield f"COALESCE({column('dstport')}, 0) AS port_2"
    yield f"COALESCE({column('protocol')}, -1) AS ip_number"
    yield "0 AS bits" if "tcp_flags" in missing else f"COALESCE({column('tcp_flags')}, 0) AS bits"
    yield f"COALESCE({column('action')}, '-') AS verdict"
    yield "'-' AS status" if "log_status" in missing else f"COALESCE({column('log_status')}, '-') AS status"
    yield f"COALESCE(NULLIF({column('start')}, 0), {column('end')}, 0) AS began"
    yield f"COALESCE(NULLIF({column('end')}, 0), {column('start')}, 0) AS ending"


def limits_of(scope: RecordScope, addresses: Iterable[str]) -> str:
    """Conditions that leave out rows of other times, and of addresses that are none of these (if there are any).

    What the log has skipped is counted at any time, as the reader does.
    """
    parts = []
    if scope.since:
        parts.append(f"ending >= {-(-scope.since // 10**9)}")
    if scope.until < 1 << 63:
        parts.append(f"began <= {scope.until // 10**9}")
    listed = literals(sorted(addresses))
    if listed != literals(()):
        parts.append(f"(source IN ({listed}) OR target IN ({listed}))")
    return f"{' AND '.join(parts)} OR status = 'SKIPDATA'" if parts else ""


def _side(scope: RecordScope, beside: Beside | None) -> str:
    """The side of the window, for an engine whose rows outside of it are counted."""
    if beside is None:
        return "0"
    return side_of_window("began * 1000000000", "ending * 1000000000", scope)


def _numbers(text: str) -> str:
    """Truth as numbers: engines write it in several ways."""
    return text.replace("THEN true", "THEN 1").replace("THEN false", "THEN 0")
