"""What an engine has folded, taken into the flow table: one line of each group is read as without an engine."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from mcpfence.observe.reading import NO_RECORD, why_bad
from mcpfence.observe.record import Record, Seen
from mcpfence.observe.table import Days, FlowTable, oriented
from mcpfence.structs import Struct


class LineGroup(Struct):
    """Lines that are alike but for their time and the port of the caller."""

    read: Callable[[], Iterable[Record]]
    """One of them, read; raises ValueError and the like where it is no record."""
    days: Days
    lines: list[int]
    """The numbers of the first three of them."""
    reply: bool | None = None
    """Which end called, as the query folded them."""
    folded: bool = False
    """Whether the port of one end stands for many."""


class OddLine(Struct):
    """A line that the query is not sure of."""

    line: int


class Misfolded(ValueError):
    """Query and reader do not agree; nothing that was read can be used."""


class FoldQuery(Struct):
    """A query and the meaning of its rows."""

    sql: str
    group_of: Callable[[tuple[Any, ...]], LineGroup | OddLine]
    blanks_count: bool
    """Whether lines without anything count as rows."""


@dataclass(slots=True)
class Folding:
    """Taken row by row; what is left to be read line by line is kept by number."""

    table: FlowTable
    odd: array[int] = field(default_factory=lambda: array("Q"))
    bad: list[tuple[int, str]] = field(default_factory=list)
    bad_lines: int = 0
    rows: int = 0

    def take(self, groups: Iterable[LineGroup | OddLine]) -> None:
        """Take all groups; raises Misfolded."""
        for group in groups:
            if isinstance(group, OddLine):
                self.odd.append(group.line)
                self.rows += 1
            else:
                self._group(group)

    def _group(self, group: LineGroup) -> None:
        records = sum(count for count, _, _ in group.days)
        self.rows += records
        try:
            found = tuple(group.read())
        except NO_RECORD as bad:
            self.bad_lines += records
            self.bad += [(line, why_bad(bad)) for line in group.lines]
            return
        for record in found:
            if group.folded and type(record) is Seen and not self._agree(record, group.reply):
                raise Misfolded("folds otherwise than its reader")
            self.table.take_days(record, group.days)

    def _agree(self, record: Seen, reply: bool | None) -> bool:
        key, was_reply = oriented(record, self.table.scope.ports)
        return (was_reply if key.oriented else None) is reply
