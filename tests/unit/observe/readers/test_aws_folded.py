"""What the query of --print-sql returns, as different engines write it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from flow_reading import read_all
from mcpfence.observe.readers import sniff
from mcpfence.observe.readers.aws_folded import FOLDED, READER
from mcpfence.observe.record import BadLine, Dropped, FlowEnd, Seen

SECOND = 10**9
HEADER = ",".join(FOLDED)
FIELDS = ("10.0.1.7", "192.175.48.6", 32768, 443, 6, 2, "ACCEPT", "OK", 0, 1793610847, 1793700000, 12)
ROW = ",".join(map(str, FIELDS))
RECORD = Seen(
    1793610847 * SECOND,
    FlowEnd(address="10.0.1.7"),
    FlowEnd(address="192.175.48.6"),
    32768,
    443,
    "TCP",
    "allowed",
    reply=False,
    last=1793700000 * SECOND,
    times=12,
)


def quoted(row: str) -> str:
    """Every field in quotes, as Athena and Trino write them."""
    return ",".join(f'"{field}"' for field in row.split(","))


def as_json(*, text: bool) -> str:
    """A line of JSON; BigQuery writes its numbers as text."""
    return json.dumps(dict(zip(FOLDED, map(str, FIELDS) if text else FIELDS, strict=True)))


@pytest.mark.parametrize(
    "lines",
    [(HEADER, ROW), (quoted(HEADER), quoted(ROW)), (as_json(text=True),), (as_json(text=False),), (ROW,)],
    ids=["plain", "quoted", "numbers as text", "json", "without its header"],
)
def test_rows(lines: tuple[str, ...]) -> None:
    """A row is so many records, whatever engine wrote it."""
    assert read_all(READER, *lines) == [RECORD]
    if len(lines) > 1 or lines[0].startswith("{"):
        assert sniff(list(lines)) is READER


def test_other_columns_and_their_order() -> None:
    """The header tells where a column is; others do not matter."""
    names, fields = [*FOLDED[::-1], "region"], [*map(str, FIELDS[::-1]), "eu"]

    assert read_all(READER, ",".join(names), ",".join(fields)) == [RECORD]


def test_rows_that_are_no_flows() -> None:
    """NODATA is nothing; SKIPDATA is as many events lost as the row stands for."""
    assert read_all(READER, HEADER, ROW.replace("OK", "NODATA")) == []
    assert read_all(READER, HEADER, ROW.replace("OK", "SKIPDATA")) == [Dropped(12)]


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"records": 0}, "stands for no record"),
        ({"records": "many"}, "has a number that is none"),
        ({"dstport": 65536}, "has a port outside 0 to 65535"),
        ({"srcaddr": None}, "has no addresses"),
        ({"action": "MAYBE"}, "has an action that is none"),
    ],
)
def test_bad_rows(change: dict[str, Any], why: str) -> None:
    """What is no row says why."""
    with pytest.raises(BadLine, match=f"^{why}$"):
        read_all(READER, json.dumps(dict(zip(FOLDED, FIELDS, strict=True)) | change))


def test_rows_that_lack_something() -> None:
    """A row without a column, and one of another length than its header, say so."""
    with pytest.raises(BadLine, match=r"^has no records$"):
        read_all(READER, json.dumps(dict(zip(FOLDED[:-1], FIELDS[:-1], strict=True))))
    with pytest.raises(BadLine, match=r"^has 1 fields, and its header has 12$"):
        read_all(READER, HEADER, "x")
