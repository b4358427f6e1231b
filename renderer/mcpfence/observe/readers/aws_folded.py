"""What the query of `mcpfence observe --print-sql` returns: VPC flow logs, folded, as CSV with a header or JSON lines.

    srcaddr,dstaddr,srcport,dstport,protocol,tcp_flags,action,log_status,reply,first_start,last_end,records
    10.0.1.7,192.175.48.6,32768,443,6,2,ACCEPT,OK,0,1793610847,1793610901,12

Athena and Trino quote every field, BigQuery writes numbers of JSON as text; both are read.  A row stands for the
records of one day between two addresses; of the ports of callers it has one.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from mcpfence.observe.lines import LogLine
from mcpfence.observe.readers.aws_vpc import READER as ROWS
from mcpfence.observe.readers.aws_vpc import row_of
from mcpfence.observe.readers.contract import LogReader, ReadLine, ReadOptions, json_object, number_of
from mcpfence.observe.record import BadLine, Dropped, Record, Seen
from mcpfence.observe.times import of_number

FOLDED = (
    *("srcaddr", "dstaddr", "srcport", "dstport", "protocol", "tcp_flags", "action", "log_status", "reply"),
    *("first_start", "last_end", "records"),
)
"""The columns, in the order of the query."""
_NAMES = {"tcp_flags": "tcp-flags", "log_status": "log-status", "first_start": "start", "last_end": "end"}


def _knows(text: str) -> bool:
    return all(f'"{name}"' in text for name in FOLDED) if text.startswith("{") else bool(_header(text))


def _header(text: str) -> list[str]:
    """The columns of a header line; none where it is another one."""
    if "first_start" not in text or "records" not in text:
        return []
    found = next(csv.reader([text]), [])
    return found if set(FOLDED) <= set(found) else []


def _open(_: ReadOptions) -> ReadLine:
    columns: list[Sequence[str]] = [FOLDED]

    def read(line: LogLine) -> Iterable[Record]:
        text = line.text or ""
        if text.startswith("{"):
            return folded_row(json_object(text))
        header = _header(text)
        if header:
            columns[0] = header
            return ()
        words = next(csv.reader([text]), [])
        if len(words) != len(columns[0]):
            raise BadLine(f"has {len(words)} fields, and its header has {len(columns[0])}")
        return folded_row(dict(zip(columns[0], words, strict=True)))

    return read


def folded_row(row: Mapping[str, Any]) -> Iterator[Record]:
    """The records of a row of the result; raises ValueError."""
    lacks = [name for name in FOLDED if name not in row]
    if lacks:
        raise BadLine(f"has no {', '.join(lacks)}")
    times = number_of(row["records"])
    if not times:
        raise BadLine("stands for no record")
    texts = {_NAMES.get(name, name): "-" if row[name] is None else str(row[name]) for name in FOLDED}
    texts["protocol"] = texts["protocol"].replace("-1", "-")
    for record in row_of(texts):
        if isinstance(record, Seen):
            yield record._replace(times=times, last=of_number(number_of(row["last_end"])))
        elif isinstance(record, Dropped):
            yield Dropped(times)
        else:
            yield record


READER = LogReader("aws-vpc-folded", "AWS VPC flow logs, folded by --print-sql", ROWS.losses, _knows, _open)
