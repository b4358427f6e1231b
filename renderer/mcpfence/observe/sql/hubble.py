"""Hubble's lines, folded by DuckDB: JSON stays as it was written, and only times and ports are looked at.

What DuckDB 2.0 does with lines of JSON, tried: a line that it cannot read is a row of nulls; lines of white space are
no rows; deep nesting and long lines do no harm.  It takes a comma before a closing bracket, and the first of two equal
keys, where Python refuses and takes the last: no producer writes either.
"""

from __future__ import annotations

import json
from typing import Any

from mcpfence.observe.lines import LogLine
from mcpfence.observe.readers.contract import ReadLine
from mcpfence.observe.sql.foreign import is_foreign
from mcpfence.observe.sql.groups import FoldQuery, GroupRow, LineGroup, OddLine
from mcpfence.observe.sql.text import by_ports, port_is_odd, side_of_window
from mcpfence.observe.table import RecordScope
from mcpfence.observe.times import DAY

_PORTS = "STRUCT(source_port VARCHAR, destination_port VARCHAR)"
_FLOW = (
    f'STRUCT("time" VARCHAR, verdict VARCHAR, IP JSON, l4 STRUCT(TCP {_PORTS}, UDP {_PORTS}, SCTP {_PORTS}, '
    "ICMPv4 JSON, ICMPv6 JSON), source JSON, destination JSON, source_names JSON, destination_names JSON, "
    "source_service JSON, destination_service JSON, is_reply JSON, traffic_direction VARCHAR, "
    "trace_observation_point VARCHAR, node_name JSON, aggregate JSON, "
    'l7 STRUCT("type" VARCHAR, dns STRUCT(query JSON, ips JSON)))'
)
"""VARCHAR will do where a text is compared with fixed words: whatever else stands there becomes none of them."""
_OTHERS = ("node_status", "agent_event", "debug_event")
_COLUMNS = (("flow", _FLOW), ("lost_events", "JSON"), ("node_name", "JSON"), ("time", "VARCHAR"), ("message", "JSON"))

_WORDS = ("verdict", "traffic_direction", "trace_observation_point")
_PARTS = ("is_reply", "node_name", "aggregate")
_ENDS = (
    *("IP", "source", "destination", "source_names", "destination_names"),
    *("source_service", "destination_service"),
)
"""What tells of the ends: not kept of lines that are foreign."""
_FALSE = "('0', '0.0', '-0', '\"\"', 'false', '[]', '{}', 'null')"
"""What counts as nothing in an ID."""
_TIME = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?Z"


def hubble_query(path: str, packing: str, scope: RecordScope, read: ReadLine) -> FoldQuery:
    """The query for a file; `packing` is `none`, `gzip` or `zstd`."""
    keys = ("odd", *(f"key{number}" for number in range(len(_keys()))), "reply")
    return FoldQuery(_lines(path, packing, scope), keys, lambda row: _group(row, read), blanks_count=False)


def _lines(path: str, packing: str, scope: RecordScope) -> str:
    columns = ", ".join(f"{name}: '{kind}'" for name, kind in (*_COLUMNS, *((name, "JSON") for name in _OTHERS)))
    source = (
        f"read_json('{path}', format = 'newline_delimited', ignore_errors = true, compression = '{packing}', "
        f"columns = {{{columns}}})"
    )
    keys = ", ".join(f"CASE WHEN odd = 0 THEN {text} END AS key{number}" for number, text in enumerate(_keys()))
    return f"""
WITH line AS (SELECT row_number() OVER () AS n, * FROM {source}),
part AS (
  SELECT *, flow.l7.dns IS NOT NULL AS dns, coalesce(nullif(flow."time", ''), "time") AS moment,
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
        OR flow.traffic_direction LIKE '[%' OR flow.traffic_direction LIKE '{{%'
        OR {port_is_odd("sp")} OR {port_is_odd("dp")} THEN n
      ELSE 0 END AS odd, {is_foreign(scope)} AS away
  FROM timed),
told AS (
  SELECT *, CASE WHEN flow.is_reply = 'true' THEN true WHEN flow.is_reply = 'false' THEN false
      ELSE coalesce({_of_drop()}, {by_ports("s", "d", scope.ports)}) END AS reply
  FROM ported)
SELECT n, odd, {keys}, CASE WHEN odd = 0 AND NOT dns AND NOT away THEN reply END AS reply,
  CASE WHEN reply THEN d ELSE s END AS caller, CASE WHEN odd = 0 THEN t // {DAY} END AS day,
  {side_of_window("t", "t", scope)} AS side, t AS first, t AS last
FROM told"""


def _of_drop() -> str:
    """Whether a line without `is_reply` is a reply, told by its direction: that of the end with an ID."""
    near, far = (
        f"coalesce(json_extract(flow.{end}, '$.ID') NOT IN {_FALSE}, false)" for end in ("source", "destination")
    )
    return f"""CASE WHEN {near} = {far} THEN NULL WHEN flow.traffic_direction = 'EGRESS' THEN {far}
      WHEN flow.traffic_direction = 'INGRESS' THEN {near} END"""


def _keys() -> tuple[str, ...]:
    """What makes two lines different, apart from times: the text of each part, as `_text` reads them back."""
    ends = (
        *(f"flow.{name}" for name in _ENDS),
        "flow.l7.dns.ips",
        "CASE WHEN NOT dns THEN layer END",
        "CASE WHEN dns THEN NULL WHEN reply THEN s ELSE d END",
    )
    lost = "coalesce(CAST(lost_events AS VARCHAR), '')"
    return (
        f"CASE WHEN away THEN 'foreign' WHEN flow IS NOT NULL THEN 'flow' ELSE {lost} END",
        "CASE WHEN flow IS NOT NULL THEN node_name END",
        *(f"flow.{name}" for name in (*_WORDS, *_PARTS)),
        'flow.l7."type"',
        "CASE WHEN away AND dns THEN '\"x\"' ELSE flow.l7.dns.query END",
        *(f"CASE WHEN NOT away THEN {text} END" for text in ends),
    )


def _group(row: GroupRow, read: ReadLine) -> LineGroup | OddLine:
    odd, kind, *keys, reply = row.keys
    if odd:
        return OddLine(odd)
    text = _text(kind, keys, row.caller, reply=reply)
    return LineGroup(lambda: read(LogLine(0, text)), row.days, row.line, reply, folded=kind == "flow")


def _text(kind: str, keys: list[Any], caller: int, *, reply: bool | None) -> str:
    """The line of a group; its time is nobody's."""
    if kind not in {"flow", "foreign"}:
        return f'{{"lost_events":{kind}}}' if kind else '{"agent_event":{}}'
    node, *rest = keys
    words, parts, said, query = rest[:3], rest[3:6], rest[6], rest[7]
    ends, (ips, layer, called) = rest[8:-3], rest[-3:]
    told = [
        ("time", '"1970-01-01T00:00:00Z"'),
        *((name, None if word is None else json.dumps(word)) for name, word in zip(_WORDS, words, strict=True)),
        *zip(_PARTS, parts, strict=True),
        *zip(_ENDS, ends, strict=True),
    ]
    if query is not None:
        of_dns = _object([("query", query), ("ips", ips)])
        told.append(("l7", _object([("type", None if said is None else json.dumps(said)), ("dns", of_dns)])))
    if layer:
        ports = (called, caller) if reply else (caller, called)
        told.append(("l4", _object([(layer, _object(zip(("source_port", "destination_port"), ports, strict=True)))])))
    return _object([("flow", _object(told)), ("node_name", node)])


def _object(parts: Any) -> str:
    """An object of texts that are JSON; None is left out."""
    return "{" + ",".join(f'"{key}":{text}' for key, text in parts if text is not None) + "}"
