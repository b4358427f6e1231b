"""One log file read to its end: its format found, its lines turned into records, what cannot be read counted."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice

from mcpfence.findings.finding import fail
from mcpfence.observe.lines import LONGEST, Damaged, LogLine
from mcpfence.observe.readers import READERS, SNIFFED, sniff
from mcpfence.observe.readers.contract import LogReader, ReadOptions
from mcpfence.observe.record import BadLine
from mcpfence.observe.report import BadLines, SourceFile
from mcpfence.observe.table import FlowTable

_FIRST = 3
"""So many lines that cannot be read are told one by one."""


@dataclass(slots=True)
class BadLineList:
    """Lines that could not be read, filled while files are read."""

    count: int = 0
    first: list[str] = field(default_factory=list)

    def add(self, name: str, number: int, why: str) -> None:
        """Note one line."""
        self.count += 1
        if len(self.first) < _FIRST:
            self.first.append(f"{name}:{number}: {why}")

    @property
    def told(self) -> BadLines:
        """What the report says of them."""
        return BadLines(self.count, tuple(self.first))


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
    before = table.counts["records"] + table.counts["queries"]
    known = set(table.losses)
    number = _read(name, reader, head, lines, table, bad, options)
    if damage:
        bad.add(name, number, damage)
    found = tuple(loss for loss in table.losses if loss not in known)
    records = table.counts["records"] + table.counts["queries"] - before
    return SourceFile(name, reader.name, reader.title, (*reader.losses, *found), number, records)


def _head(lines: Iterator[LogLine]) -> tuple[list[LogLine], str]:
    """The lines by which a format is known, and what is wrong with the file where it ends among them."""
    head: list[LogLine] = []
    try:
        head.extend(islice(lines, SNIFFED))
    except Damaged as why:
        return head, str(why)
    return head, ""


def _read(
    name: str,
    reader: LogReader,
    head: list[LogLine],
    lines: Iterator[LogLine],
    table: FlowTable,
    bad: BadLineList,
    options: ReadOptions,
) -> int:
    """Read all lines; returns the number of the last one."""
    read, take, number = reader.open(options), table.take, 0
    for part in (head, lines):
        try:
            for line in part:
                number = line.number
                if line.text is None:
                    bad.add(name, number, f"is longer than {LONGEST >> 20} MiB")
                    continue
                try:
                    take(read(line))
                except BadLine as why:
                    bad.add(name, number, str(why))
                except (ValueError, TypeError, KeyError, AttributeError, IndexError, RecursionError):
                    bad.add(name, number, "is no record of the format")
        except Damaged as why:
            bad.add(name, number, str(why))
    return number
