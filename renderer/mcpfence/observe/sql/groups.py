"""What an engine has folded: asked for in as few questions as its memory allows, and taken into the flow table.

One line of each group is read as without an engine.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

from mcpfence.observe.reading import NO_RECORD, TOLD, why_bad
from mcpfence.observe.record import Record, Seen
from mcpfence.observe.table import Days, FlowTable, oriented
from mcpfence.structs import Struct

AskRows = Callable[[str], Iterable[tuple[Any, ...]]]
"""The rows of a question; raises ValueError, as a rule before the first."""


class GroupRow(Struct):
    """Lines that are alike, as the engine has them."""

    keys: tuple[Any, ...]
    caller: int
    """The smallest of the callers' ports."""
    days: Days
    line: int
    """The first of them."""


class LineGroup(Struct):
    """Lines that are alike but for their time and the port of the caller."""

    read: Callable[[], Iterable[Record]]
    """One of them, read; raises ValueError and the like where it is no record."""
    days: Days
    line: int
    """The number of the first of them."""
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

    lines: str
    """A row for each line: the keys, caller, day, side, first, last, n."""
    keys: tuple[str, ...]
    """What makes lines different, apart from day and side; the first is `odd`, the line's number or 0."""
    group_of: Callable[[GroupRow], LineGroup | OddLine]
    blanks_count: bool
    """Whether lines without anything have numbers."""


_FEW = 300_000
"""So many rows of groups and days can be gathered in memory; more are sorted, which goes to files where it must."""
_DAYS = "mcpfence_days"


def groups_of(query: FoldQuery, ask: AskRows) -> Iterator[GroupRow]:
    """The groups, those of lines that the query is not sure of first.

    Counts, least and greatest are all that is asked for at first: what an engine gathers in lists it must keep in
    memory, and what it counts it can put aside.
    """
    keys = ", ".join(query.keys)
    ((rows,),) = ask(
        f"CREATE OR REPLACE TEMP TABLE {_DAYS} AS SELECT {keys}, min(caller) AS caller, count(*) AS times, "
        f"coalesce(min(first), 0) AS first, coalesce(max(last), 0) AS last, min(n) AS n "
        f"FROM ({query.lines}) AS line GROUP BY {keys}, day, side"
    )
    if rows <= _FEW:
        yield from _gathered(query, ask)
        return
    place = len(query.keys)
    found = ask(f"SELECT {keys}, caller, [times, first, last], n FROM {_DAYS} ORDER BY odd DESC, hash({keys})")
    for key, days in groupby(found, key=lambda row: row[:place]):
        callers, times, lines = zip(*(row[place:] for row in days), strict=True)
        yield GroupRow(key, min(callers), times, min(lines))


def _gathered(query: FoldQuery, ask: AskRows) -> Iterator[GroupRow]:
    keys, place = ", ".join(query.keys), len(query.keys)
    found = ask(
        f"SELECT {keys}, min(caller), list([times, first, last]), min(n) FROM {_DAYS} GROUP BY {keys} ORDER BY odd DESC"
    )
    return (GroupRow(row[:place], *row[place:]) for row in found)


class BadGroup(Struct):
    """Lines that are no records."""

    line: int
    """The first of them."""
    why: str
    lines: int


def first_bad(query: FoldQuery, ask: AskRows, bad: Iterable[BadGroup]) -> dict[int, str]:
    """The first few lines of all bad groups, each with why; asked for only where a group has several.

    They are in the groups that begin first: of as many groups as are told each has a line before those of all others.
    """
    groups = sorted(bad)[:TOLD]
    whys = {group.line: group.why for group in groups}
    if all(group.lines == 1 for group in groups):
        return whys
    same = " AND ".join(f"line.{key} IS NOT DISTINCT FROM bad.{key}" for key in query.keys)
    found = ask(
        f"SELECT line.n, bad.n FROM ({query.lines}) AS line JOIN (SELECT * FROM {_DAYS} "
        f"WHERE n IN ({', '.join(map(str, whys))})) AS bad ON {same} ORDER BY 1 LIMIT {TOLD}"
    )
    return {line: whys[group] for line, group in found}


@dataclass(slots=True)
class Folding:
    """Taken row by row; what is left to be read line by line is kept by number."""

    table: FlowTable
    odd: array[int] = field(default_factory=lambda: array("Q"))
    bad: list[BadGroup] = field(default_factory=list)
    rows: int = 0

    @property
    def bad_lines(self) -> int:
        """How many lines are no records."""
        return sum(group.lines for group in self.bad)

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
            self.bad.append(BadGroup(group.line, why_bad(bad), records))
            return
        for record in found:
            if group.folded and type(record) is Seen and not self._agree(record, group.reply):
                raise Misfolded("folds otherwise than its reader")
            self.table.take_days(record, group.days)

    def _agree(self, record: Seen, reply: bool | None) -> bool:
        key, was_reply = oriented(record, self.table.scope.ports)
        return (was_reply if key.oriented else None) is reply
