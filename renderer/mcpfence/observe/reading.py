"""One log file read to its end: its format found, its lines turned into records, what cannot be read counted."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice

from mcpfence.findings.finding import fail
from mcpfence.observe.lines import LONGEST, Damaged, LogLine
from mcpfence.observe.readers import READERS, SNIFFED, sniff
from mcpfence.observe.readers.contract import LogReader, ReadLine, ReadOptions
from mcpfence.observe.record import BadLine, Loss
from mcpfence.observe.report import BadLines, SourceFile
from mcpfence.observe.table import FlowTable
from mcpfence.structs import Struct

_FIRST = 3
"""So many lines that cannot be read are told one by one."""


@dataclass(slots=True)
class BadLineList:
    """Lines that could not be read, filled while files are read."""

    count: int = 0
    first: list[tuple[str, int, str]] = field(default_factory=list)
    """File, number and why of the first few."""

    def add(self, name: str, number: int, why: str, times: int = 1) -> None:
        """Note a line, or the first of several."""
        self.count += times
        if len(self.first) < _FIRST:
            self.first.append((name, number, why))

    @property
    def told(self) -> BadLines:
        """What the report says of them."""
        return BadLines(self.count, tuple(f"{name}:{number}: {why}" for name, number, why in self.first))


def read_log(
    name: str, lines: Iterator[LogLine], table: FlowTable, bad: BadLineList, options: ReadOptions, wanted: str = ""
) -> SourceFile:
    """Read one file into the table; raises McpfenceError where it is empty or of no known format."""
    head, damage = _head(lines)
    texts = [line.text for line in head if line.text is not None]
    if not head and not damage:
        raise fail("observe-empty", "is empty", "name a log that holds records", document=name)
    reader = READERS[wanted] if wanted else sniff(texts)
    if reader is None:
        sentence = f"holds nothing of a known format{f': it {damage}' if damage else ''}"
        todo = f"name its format with --log-format: {', '.join(READERS)}"
        raise fail("observe-format", sentence, todo, document=name)
    began = Beginning.of(table)
    number = _read(name, reader.open(options), (head, lines), table, bad)
    if damage:
        bad.add(name, number, damage)
    return began.file(name, reader, number, table)


class Beginning(Struct):
    """What a table held before a file was read."""

    records: int
    losses: frozenset[Loss]

    @classmethod
    def of(cls, table: FlowTable) -> Beginning:
        """As it is now."""
        return cls(table.counts["records"] + table.counts["queries"], frozenset(table.losses))

    def file(self, name: str, reader: LogReader, lines: int, table: FlowTable) -> SourceFile:
        """The file that was read since then."""
        found = tuple(loss for loss in table.losses if loss not in self.losses)
        records = table.counts["records"] + table.counts["queries"] - self.records
        return SourceFile(name, reader.name, reader.title, (*reader.losses, *found), lines, records)


def _head(lines: Iterator[LogLine]) -> tuple[list[LogLine], str]:
    """The lines by which a format is known, and what is wrong with the file where it ends among them."""
    head: list[LogLine] = []
    try:
        head.extend(islice(lines, SNIFFED))
    except Damaged as why:
        return head, str(why)
    return head, ""


def _read(name: str, read: ReadLine, parts: Iterable[Iterable[LogLine]], table: FlowTable, bad: BadLineList) -> int:
    """Read all lines; returns the number of the last one."""
    number = 0
    for part in parts:
        try:
            for line in part:
                number = line.number
                take_line(name, line, read, table, bad)
        except Damaged as why:
            bad.add(name, number, str(why))
    return number


NO_RECORD = (ValueError, TypeError, KeyError, AttributeError, IndexError, RecursionError)
"""What readers raise for a line that is none."""


def take_line(name: str, line: LogLine, read: ReadLine, table: FlowTable, bad: BadLineList) -> None:
    """Read one line into the table."""
    if line.text is None:
        bad.add(name, line.number, f"is longer than {LONGEST >> 20} MiB")
        return
    try:
        table.take(read(line))
    except NO_RECORD as why:
        bad.add(name, line.number, why_bad(why))


def why_bad(why: Exception) -> str:
    """What is said of a line that is no record."""
    return str(why) if isinstance(why, BadLine) else "is no record of the format"
