"""AWS VPC flow logs as text, of any version: with the header line of S3, with --vpc-format, else in the default format.

    2 123456789012 eni-0a1b2c3d4e5f60718 10.0.1.7 192.175.48.6 41233 443 6 12 3481 1793610847 1793610901 ACCEPT OK

`pkt-srcaddr` and `pkt-dstaddr` are the packet's own addresses, which are the pod's where an interface has several.
No field of any version names a pod.  Each direction is a row; tcp-flags (an OR over the window, SYN 2, SYN-ACK 18) tell
which of them the client's is.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence

from mcpfence.observe.lines import LogLine
from mcpfence.observe.readers.contract import (
    LogReader,
    ReadLine,
    ReadOptions,
    address_of,
    number_of,
    port_of,
    protocol_of,
)
from mcpfence.observe.record import BadLine, Dropped, FlowEnd, FlowVerdict, Loss, Record, Seen
from mcpfence.observe.times import of_number

DEFAULT = (
    *("version", "account-id", "interface-id", "srcaddr", "dstaddr", "srcport", "dstport"),
    *("protocol", "packets", "bytes", "start", "end", "action", "log-status"),
)
VERDICTS: Mapping[str, FlowVerdict] = {"ACCEPT": "allowed", "REJECT": "denied"}

_LINE = re.compile(r"2 (?:\d{12}|unknown|-) eni-\S+ (?:\S+ ){10}(?:OK|NODATA|SKIPDATA)\Z")
_FIELD = re.compile(r"\$\{([a-z0-9-]+)\}")
_SYN, _SYN_ACK = 2, 18


def header_of(text: str) -> list[str]:
    """The fields of a header line; none where it is another one."""
    words = text.split()
    return words if {"srcaddr", "dstaddr"} <= set(words) or {"pkt-srcaddr", "pkt-dstaddr"} <= set(words) else []


def _knows(text: str) -> bool:
    return _LINE.match(text) is not None or bool(header_of(text))


def fields_of(options: ReadOptions) -> Sequence[str]:
    """The fields of a row where no header tells them."""
    return listed_fields(options.vpc_format) or DEFAULT


def listed_fields(text: str) -> list[str]:
    """The fields that --vpc-format lists, as AWS writes them (`${version} ...`) or with spaces alone."""
    return _FIELD.findall(text) or text.split()


def _open(options: ReadOptions) -> ReadLine:
    found = [_reader(fields_of(options))]

    def read(line: LogLine) -> Iterable[Record]:
        text = line.text or ""
        header = header_of(text)
        if header:
            found[0] = _reader(header)
            return ()
        return found[0](text)

    return read


def _reader(fields: Sequence[str]) -> Callable[[str], Iterable[Record]]:
    """The function that reads rows of these fields."""

    def read(text: str) -> Iterable[Record]:
        words = text.split()
        if len(words) != len(fields):
            raise BadLine(f"has {len(words)} fields, and the format has {len(fields)}: give --vpc-format")
        return row_of(dict(zip(fields, words, strict=True)))

    return read


def row_of(row: Mapping[str, str]) -> Iterable[Record]:
    """The record of a row by field, `-` for what is not there; raises ValueError."""
    status = row.get("log-status")
    if status == "NODATA":
        return ()
    if status == "SKIPDATA":
        return (Dropped(1),)
    verdict = VERDICTS.get(row.get("action", "-"), "allowed" if row.get("action", "-") == "-" else None)
    if verdict is None:
        raise BadLine("has an action that is none")
    source, destination = (_address(row, side) for side in ("src", "dst"))
    if not source or not destination:
        raise BadLine("has no addresses")
    first, last = (of_number(number_of(row.get(name))) for name in ("start", "end"))
    return (
        Seen(
            first or last,
            FlowEnd(address=source),
            FlowEnd(address=destination),
            port_of(row.get("srcport")),
            port_of(row.get("dstport")),
            protocol_of(row.get("protocol", "-")),
            verdict,
            _reply(row.get("tcp-flags")),
            last=last,
        ),
    )


def _address(row: Mapping[str, str], side: str) -> str:
    return address_of(row.get(f"pkt-{side}addr")) or address_of(row.get(f"{side}addr"))


def _reply(flags: str | None) -> bool | None:
    found = number_of(flags) & _SYN_ACK
    return True if found == _SYN_ACK else False if found == _SYN else None


READER = LogReader(
    "aws-vpc",
    "AWS VPC flow logs",
    (
        Loss.NO_NAMES,
        Loss.IP_ONLY,
        Loss.AGGREGATED,
        Loss.OTHER_DENIED,
        Loss.NO_REPLY_MARK,
        Loss.NOT_ON_NODE,
    ),
    _knows,
    _open,
)
