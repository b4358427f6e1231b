"""What an engine has folded: asked for in as few questions as its memory allows, and taken into the flow table.

One line of each group is read as without an engine.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
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
"""So many rows of groups and days can be gathered in memory; of more some at a time, each of which reads all of them.

A sort of as many rows as a log has lines was seen to find no room in DuckDB's memory, whatever it may put into files.
"""
_WORTH = 2
"""So many days a group must have on average for that to pay."""
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
        yield from _gathered(query, ask, "true")
        return
    yield from _gathered(query, ask, "odd > 0")
    ((different,),) = ask(f"SELECT approx_count_distinct(hash({keys})) FROM {_DAYS} WHERE odd = 0")
    if rows < _WORTH * different:
        yield from _as_they_lie(query, ask)
        return
    parts = -(-rows // _FEW)
    for part in range(parts):
        yield from _gathered(query, ask, f"odd = 0 AND hash({keys}) % {parts} = {part}")


def _gathered(query: FoldQuery, ask: AskRows, where: str) -> Iterator[GroupRow]:
    """Groups with all their days, which the engine keeps in memory."""
    keys, place = ", ".join(query.keys), len(query.keys)
    found = ask(
        f"SELECT {keys}, min(caller), list([times, first, last]), min(n) FROM {_DAYS} "
        f"WHERE {where} GROUP BY {keys} ORDER BY odd DESC"
    )
    return (GroupRow(row[:place], *row[place:]) for row in found)


def _as_they_lie(query: FoldQuery, ask: AskRows) -> Iterator[GroupRow]:
    """Each day by itself: where next to everything differs the table joins them, and no engine has to sort."""
    keys, place = ", ".join(query.keys), len(query.keys)
    found = ask(f"SELECT {keys}, caller, [[times, first, last]], n FROM {_DAYS} WHERE odd = 0")
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
        f"SELECT line.n, min(bad.n) FROM ({query.lines}) AS line JOIN (SELECT * FROM {_DAYS} "
        f"WHERE n IN ({', '.join(map(str, whys))})) AS bad ON {same} GROUP BY line.n ORDER BY 1 LIMIT {TOLD}"
    )
    return {line: whys[group] for line, group in found}


@dataclass(slots=True)
class Folding:
    """Taken row by row; what is left to be read line by line is kept by number."""

    table: FlowTable
    odd: array[int] = field(default_factory=lambda: array("Q"))
    bad: list[BadGroup] = field(default_factory=list)
    """The first few."""
    bad_lines: int = 0
    """How many lines are no records."""
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
            self.bad = sorted([*self.bad, BadGroup(group.line, why_bad(bad), records)])[:TOLD]
            self.bad_lines += records
            return
        for record in found:
            if group.folded and type(record) is Seen and not self._agree(record, group.reply):
                raise Misfolded("folds otherwise than its reader")
            self.table.take_days(record, group.days)

    def _agree(self, record: Seen, reply: bool | None) -> bool:
        key, was_reply = oriented(record, self.table.scope.ports)
        return (was_reply if key.oriented else None) is reply
