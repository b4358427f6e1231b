"""Hubble's lines between pods that are none of the catalog's: a cluster writes many, and only their number counts.

A query keeps nothing of such a line that makes it differ from others, but only where it is sure that the reader finds
both ends foreign and no fault in the line.  What it is not sure of stays as it is, and the reader tells.
"""

from __future__ import annotations

from collections.abc import Iterator

from mcpfence.observe.sql.text import literals
from mcpfence.observe.table import RecordScope

_BYTE = r"(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)"
_V4 = rf"{_BYTE}(?:\.{_BYTE}){{3}}"
_FIRST, _WORD = "[1-9a-f][0-9a-f]{0,3}", "[0-9a-f]{1,4}"
_V6 = "|".join(
    (
        rf"{_FIRST}(?::{_WORD}){{7}}",
        *(rf"{_FIRST}(?::{_WORD}){{0,{6 - last}}}:(?::{_WORD}){{{last}}}" for last in range(1, 7)),
        rf"{_FIRST}(?::{_WORD}){{0,6}}::",
    )
)
"""Of IPv6 those that stand for no address of IPv4, in whatever text."""
_IPS = rf'\["(?:{_V4}|{_V6})"(?:,"(?:{_V4}|{_V6})")*\]'
_MORE = r'(?:,"(?:ipVersion|encrypted|source_xlated)":(?:"[A-Za-z0-9.:]*"|true|false))*'


def is_foreign(scope: RecordScope) -> str:
    """A condition for lines that are no odd ones: false where the query is not sure."""
    known = any(":" in address for address in (*scope.addresses, *scope.nodes))
    address = _V4 if known else f"(?:{_V4}|{_V6})"
    ends = ("source", "destination")
    names = [literals([f'"{name}"']) for name in sorted(scope.namespaces)]
    ours = " OR ".join(f"contains(CAST(flow.{end} AS VARCHAR), {name})" for name in names for end in ends)
    sure = (
        rf"""regexp_full_match(flow.IP, '\{{"source":"{address}","destination":"{address}"{_MORE}\}}')""",
        *(part for end in ends for part in _of_end(end, scope)),
        f"""(NOT dns OR (regexp_matches(flow.l7.dns.query, '^"[A-Za-z0-9_-]') AND
          coalesce(regexp_full_match(flow.l7.dns.ips, '{_IPS}'), true)))""",
    )
    return f"""CASE WHEN flow IS NULL OR {ours or "false"} THEN false
      ELSE coalesce({" AND ".join(sure)}, false) END"""


def _of_end(end: str, scope: RecordScope) -> Iterator[str]:
    """What must hold of one end, so that it is foreign and can be read."""
    namespace, labels = (f"json_extract(flow.{end}, '$.{name}')" for name in ("namespace", "labels"))
    ip = f"json_extract_string(flow.IP, '$.{end}')"
    ours = literals(f'"{name}"' for name in sorted(scope.namespaces))
    foreign = f"coalesce({namespace} LIKE '\"_%' AND {namespace} NOT IN ({ours}), false)"
    yield f"({foreign} OR {ip} NOT IN ({literals(sorted(scope.addresses))}))"
    yield f"{ip} NOT IN ({literals(sorted(scope.nodes))})"
    yield f"""coalesce({labels} NOT LIKE '%{{%' AND {labels} NOT LIKE '_%[%', true)"""
    yield f"coalesce(flow.{end}_names LIKE '[%', true)"
