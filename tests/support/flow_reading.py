"""Lines through the reader of one format."""

from __future__ import annotations

from mcpfence.observe.lines import LogLine
from mcpfence.observe.readers.contract import LogReader, ReadOptions
from mcpfence.observe.record import Record, Resolved, Seen


def read_all(reader: LogReader, *texts: str, time: int = 0, vpc_format: str = "") -> list[Record]:
    """The records of some lines of one file."""
    read = reader.open(ReadOptions(vpc_format))
    return [record for number, text in enumerate(texts, 1) for record in read(LogLine(number, text, time))]


def read_flow(reader: LogReader, *texts: str, time: int = 0) -> Seen:
    """The one flow of some lines."""
    (found,) = read_all(reader, *texts, time=time)
    assert isinstance(found, Seen)
    return found


def read_answer(reader: LogReader, text: str) -> Resolved:
    """The one answer, or question, of a line."""
    (found,) = read_all(reader, text)
    assert isinstance(found, Resolved)
    return found
