"""Hubble's lines, folded by DuckDB: JSON stays as it was written, and only times and ports are looked at.

What DuckDB 2.0 does with lines of JSON, tried: a line that it cannot read is a row of nulls; lines of white space are
no rows; deep nesting and long lines do no harm.  It takes a comma before a closing bracket, and the first of two equal
keys, where Python refuses and takes the last: no producer writes either.
"""

from __future__ import annotations

from typing import Any

from mcpfence.observe.lines import LogLine
from mcpfence.observe.readers.contract import ReadLine
from mcpfence.observe.sql.groups import FoldQuery, LineGroup, OddLine
from mcpfence.observe.sql.text import by_ports, literals, port_is_odd, side_of_window
from mcpfence.observe.table import RecordScope
from mcpfence.observe.times import DAY

_END = "STRUCT(ID JSON, namespace JSON, labels JSON, pod_name JSON)"
_PORTS = "STRUCT(source_port VARCHAR, destination_port VARCHAR)"
_FLOW = (
    f'STRUCT("time" VARCHAR, verdict JSON, IP STRUCT(source JSON, destination JSON), l4 STRUCT(TCP {_PORTS}, '
    f"UDP {_PORTS}, SCTP {_PORTS}, ICMPv4 JSON, ICMPv6 JSON), source {_END}, destination {_END}, source_names JSON, "
    "destination_names JSON, source_service JSON, destination_service JSON, is_reply JSON, traffic_direction JSON, "
    'trace_observation_point JSON, node_name JSON, aggregate JSON, l7 STRUCT("type" JSON, dns STRUCT(query JSON, '
    "ips JSON)))"
)
_OTHERS = ("node_status", "agent_event", "debug_event")
_COLUMNS = (("flow", _FLOW), ("lost_events", "JSON"), ("node_name", "JSON"), ("time", "VARCHAR"), ("message", "JSON"))

_KEPT = (
    *("verdict", "traffic_direction", "trace_observation_point", "is_reply", "source_names", "destination_names"),
    *("source_service", "destination_service", "node_name", "aggregate"),
)
_OF_END = ("ID", "namespace", "labels", "pod_name")
_FALSE = "('0', '0.0', '-0', '\"\"', 'false', '[]', '{}', 'null')"
"""What counts as nothing in an ID."""
_TIME = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?Z"


def hubble_query(path: str, packing: str, scope: RecordScope, read: ReadLine) -> FoldQuery:
    """The query for a file; `packing` is `none`, `gzip` or `zstd`."""
    return FoldQuery(_sql(path, packing, scope), lambda row: _group(row, read), blanks_count=False)


def _sql(path: str, packing: str, scope: RecordScope) -> str:
    columns = ", ".join(f"{name}: '{kind}'" for name, kind in (*_COLUMNS, *((name, "JSON") for name in _OTHERS)))
    source = (
        f"read_json('{path}', format = 'newline_delimited', ignore_errors = true, compression = '{packing}', "
        f"columns = {{{columns}}})"
    )
    ours = literals(f'"{name}"' for name in sorted({"", *scope.namespaces}))
    foreign = " AND ".join(
        f"flow.{end}.namespace LIKE '\"_%' AND flow.{end}.namespace NOT IN ({ours})"
        for end in ("source", "destination")
    )
    key = ", ".join(f"key{number}" for number in range(len(_keys())))
    keys = ", ".join(f"CASE WHEN odd = 0 THEN {text} END AS key{number}" for number, text in enumerate(_keys()))
    return f"""
WITH line AS (SELECT row_number() OVER () AS n, * FROM {source}),
part AS (
  SELECT *, flow.l7.dns IS NOT NULL AS dns, coalesce(({foreign}), false) AS others,
    coalesce(nullif(flow."time", ''), "time") AS moment,
    CASE WHEN flow.l4.TCP IS NOT NULL THEN 'TCP' WHEN flow.l4.UDP IS NOT NULL THEN 'UDP'
      WHEN flow.l4.SCTP IS NOT NULL THEN 'SCTP'
      WHEN flow.l4.ICMPv4 IS NOT NULL OR flow.l4.ICMPv6 IS NOT NULL THEN 'ICMPv4' END AS layer
  FROM line),
timed AS (
  SELECT *,
    CASE WHEN regexp_full_match(moment, '{_TIME}') THEN epoch_ns(TRY_CAST(moment AS TIMESTAMP_NS)) END AS t,
    CASE layer WHEN 'TCP' THEN flow.l4.TCP.source_port WHEN 'UDP' THEN flow.l4.UDP.source_port
      WHEN 'SCTP' THEN flow.l4.SCTP.source_port END AS sp,
    CASE layer WHEN 'TCP' THEN flow.l4.TCP.destination_port WHEN 'UDP' THEN flow.l4.UDP.destination_port
      WHEN 'SCTP' THEN flow.l4.SCTP.destination_port END AS dp
  FROM part),
ported AS (
  SELECT *, coalesce(TRY_CAST(sp AS USMALLINT), 0) AS s, coalesce(TRY_CAST(dp AS USMALLINT), 0) AS d,
    CASE WHEN message IS NOT NULL THEN n
      WHEN flow IS NULL THEN
        CASE WHEN lost_events IS NULL AND {" AND ".join(f"{name} IS NULL" for name in _OTHERS)} THEN n ELSE 0 END
      WHEN flow.verdict IS NULL OR t IS NULL OR t < 0 THEN n
      WHEN dns THEN CASE WHEN flow.l7.dns.query IS NULL THEN n ELSE 0 END
      WHEN flow.is_reply NOT IN ('true', 'false') OR (flow.l4 IS NOT NULL AND layer IS NULL)
        OR {port_is_odd("sp")} OR {port_is_odd("dp")} THEN n
      ELSE 0 END AS odd,
    coalesce(flow.source.ID NOT IN {_FALSE}, false) AS near, coalesce(flow.destination.ID NOT IN {_FALSE}, false) AS far
  FROM timed),
told AS (
  SELECT *, CASE WHEN flow.is_reply = 'true' THEN true WHEN flow.is_reply = 'false' THEN false
      WHEN near <> far AND flow.traffic_direction = '"EGRESS"' THEN far
      WHEN near <> far AND flow.traffic_direction = '"INGRESS"' THEN near
      ELSE {by_ports("s", "d", scope.ports)} END AS reply
  FROM ported),
cut AS (
  SELECT n, odd, {keys}, CASE WHEN odd = 0 AND NOT dns THEN reply END AS reply,
    CASE WHEN odd = 0 THEN t // {DAY} END AS day, {side_of_window("t", "t", scope)} AS side, t, sp, dp
  FROM told),
days AS (
  SELECT odd, {key}, reply, count(*) AS c, coalesce(min(t), 0) AS a, coalesce(max(t), 0) AS z, min(sp) AS sp,
    min(dp) AS dp, min(n, 3) AS ns
  FROM cut GROUP BY odd, {key}, reply, day, side)
SELECT odd, {key}, reply, min(sp), min(dp), list([c, a, z]), list_slice(list_sort(flatten(list(ns))), 1, 3)
FROM days GROUP BY odd, {key}, reply"""


def _keys() -> tuple[str, ...]:
    """What makes two lines different, apart from times: the text of each part, as `_text` reads them back."""
    called = "CASE WHEN dns THEN NULL WHEN reply THEN sp ELSE dp END"
    return (
        "CASE WHEN flow IS NOT NULL THEN 'flow' ELSE coalesce(CAST(lost_events AS VARCHAR), '') END",
        "CASE WHEN flow IS NOT NULL THEN node_name END",
        *(f"flow.{name}" for name in _KEPT),
        *(f"flow.IP.{end}" for end in ("source", "destination")),
        *(f"flow.{end}.{name}" for end in ("source", "destination") for name in _OF_END),
        'flow.l7."type"',
        "flow.l7.dns.query",
        "flow.l7.dns.ips",
        "CASE WHEN NOT dns THEN layer END",
        called,
    )


def _group(row: tuple[Any, ...], read: ReadLine) -> LineGroup | OddLine:
    odd, *keys, reply, source_port, port, days, lines = row
    if odd:
        return OddLine(odd)
    text = _text(keys, reply, source_port, port)
    return LineGroup(lambda: read(LogLine(0, text)), days, lines, reply, folded=True)


def _text(keys: list[Any], reply: bool | None, source_port: str | None, port: str | None) -> str:
    """The line of a group; its time is nobody's."""
    kind, node, *rest = keys
    if kind != "flow":
        return f'{{"lost_events":{kind}}}' if kind else '{"agent_event":{}}'
    kept, rest = rest[: len(_KEPT)], rest[len(_KEPT) :]
    addresses, rest = rest[:2], rest[2:]
    source, destination, (said, query, ips, layer, called) = rest[:4], rest[4:8], rest[8:]
    parts = [
        ("time", '"1970-01-01T00:00:00Z"'),
        *zip(_KEPT, kept, strict=True),
        ("IP", _object(zip(("source", "destination"), addresses, strict=True))),
        ("source", _object(zip(_OF_END, source, strict=True))),
        ("destination", _object(zip(_OF_END, destination, strict=True))),
    ]
    if query is not None:
        parts.append(("l7", _object([("type", said), ("dns", _object([("query", query), ("ips", ips)]))])))
    if layer:
        ends = (called, port) if reply else (source_port, called)
        ports = _object(zip(("source_port", "destination_port"), ends, strict=True))
        parts.append(("l4", _object([(layer, ports)])))
    return _object([("flow", _object(parts)), ("node_name", node)])


def _object(parts: Any) -> str:
    """An object of texts that are JSON; None is left out."""
    return "{" + ",".join(f'"{key}":{text}' for key, text in parts if text is not None) + "}"
