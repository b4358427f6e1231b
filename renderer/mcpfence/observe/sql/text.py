"""Pieces of SQL that queries have in common; each says what the table says in Python."""

from __future__ import annotations

from collections.abc import Iterable

from mcpfence.observe.table import EPHEMERAL, WELL_KNOWN, RecordScope


def literals(texts: Iterable[str]) -> str:
    """Texts as a list of SQL; one that nothing equals where there are none."""
    return ", ".join("'" + text.replace("'", "''") + "'" for text in texts) or "''"


def by_ports(source: str, destination: str, known: Iterable[int]) -> str:
    """Whether a record is a reply, told by its ports (see table.by_ports); null where they do not tell."""
    ports = ", ".join(map(str, sorted(known))) or "-1"
    pairs = (
        (f"{source} IN ({ports})", f"{destination} IN ({ports})"),
        (f"{source} < {EPHEMERAL}", f"{destination} < {EPHEMERAL}"),
        (f"{source} < {WELL_KNOWN}", f"{destination} < {WELL_KNOWN}"),
    )
    told = " ".join(
        f"WHEN ({one}) AND NOT ({other}) THEN true WHEN ({other}) AND NOT ({one}) THEN false" for one, other in pairs
    )
    return f"CASE WHEN {source} = 0 THEN false {told} END"


def port_is_odd(name: str) -> str:
    """Whether a text is neither null nor the usual text of a port, for DuckDB."""
    return f"coalesce(CAST(TRY_CAST({name} AS USMALLINT) AS VARCHAR) <> {name}, {name} IS NOT NULL)"


def side_of_window(first: str, last: str, scope: RecordScope) -> str:
    """-1 before the window, 1 behind it, 0 within."""
    if not scope.since and scope.until >= 1 << 63:
        return "0"
    return f"CASE WHEN {last} < {scope.since} THEN -1 WHEN {first} > {scope.until} THEN 1 ELSE 0 END"
