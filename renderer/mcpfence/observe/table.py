"""The flat table of flows: records of any format, replies folded, equal flows joined by day.

One row stands for every record between the same ends, on the same port, with the same verdict, of one day.  Counts are
records, never connections: most sources report a connection several times, at both ends or at intervals.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from heapq import merge
from itertools import groupby

from mcpfence.observe.record import Dropped, Evidence, FlowEnd, FlowVerdict, Found, Loss, Record, Resolved, Seen
from mcpfence.observe.sorting import MOST_ROWS, Row, SetAside
from mcpfence.observe.times import day_of
from mcpfence.structs import Struct

EPHEMERAL = 32768
"""Where Linux begins to take callers' ports from (net.ipv4.ip_local_port_range)."""
WELL_KNOWN = 1024
"""Below it, ports are servers' own."""


Days = Sequence[Sequence[int]]
"""How often something was seen in parts of the time: times, first and last nanosecond; zeros where it has no time."""


class FlowKey(Struct):
    """What makes two records of a day one row; without `oriented` nothing tells which end called the other."""

    source: FlowEnd
    destination: FlowEnd
    names: tuple[str, ...]
    evidence: Evidence
    protocol: str
    port: int
    verdict: FlowVerdict
    oriented: bool


class Tally(Struct):
    """How often and between which times something was seen."""

    records: int
    first: int
    last: int

    def joined(self, other: Tally) -> Tally:
        """Both together."""
        return Tally(self.records + other.records, min(self.first, other.first), max(self.last, other.last))


NEVER = Tally(0, 1 << 63, 0)
"""Nothing seen yet."""


class RecordScope(Struct):
    """Which records concern the catalog: namespaces with fences, addresses of pods in them, ports that it speaks of."""

    namespaces: frozenset[str]
    addresses: frozenset[str]
    ports: frozenset[int]
    nodes: frozenset[str] = frozenset()
    since: int = 0
    until: int = 1 << 63

    def has(self, end: FlowEnd) -> bool:
        """Whether an end may be one of the catalog's pods."""
        if end.namespace:
            return end.namespace in self.namespaces
        return end.address in self.addresses


DayTally = tuple[int, int, int, int]
"""What was seen on one day: the day, records, first and last nanosecond."""


@dataclass(slots=True)
class FlowTable:
    """Filled record by record; rows beyond some thousands are put aside (`aside`), and joined when they are read."""

    scope: RecordScope
    flows: dict[FlowKey, dict[int, Tally]] = field(default_factory=dict)
    """By day."""
    answers: dict[tuple[FlowEnd, str, str], Tally] = field(default_factory=dict)
    """By client, address ("" where only the question is known) and name."""
    counts: Counter[str] = field(default_factory=Counter)
    """records, replies, not_ours, from_nodes, outside, lost, queries."""
    nodes: set[str] = field(default_factory=set)
    losses: dict[Loss, None] = field(default_factory=dict)
    window: Tally = NEVER
    aside: SetAside = list
    flow_runs: list[Iterable[Row]] = field(default_factory=list)
    answer_runs: list[Iterable[Row]] = field(default_factory=list)
    """Rows that were put aside, each run in order."""

    def take(self, records: Iterable[Record]) -> None:
        """Add the records of one line."""
        for record in records:
            if type(record) is Seen:
                self._flow(record)
            elif type(record) is Resolved:
                self._answer(record)
            elif type(record) is Dropped:
                self.counts["lost"] += record.events
            elif type(record) is Found:
                self.losses[record.loss] = None

    def _flow(self, seen: Seen) -> None:
        last = seen.last or seen.time
        self.counts["records"] += seen.times
        if not self._within(seen.time, last, seen.times):
            return
        if seen.node:
            self.nodes.add(seen.node)
        if self._concerns(seen, seen.times):
            key, reply = oriented(seen, self.scope.ports)
            self.add(key, (Tally(seen.times, seen.time, last),), reply=reply)

    def take_days(self, record: Record, days: Days) -> None:
        """Add one record as often as it was seen, in the parts that `days` tells."""
        if type(record) is Seen:
            self._flow_of_days(record, days)
        elif type(record) is Resolved:
            for times, first, last in days:
                self._answer(record._replace(time=first, last=last, times=times))
        elif type(record) is Dropped:
            self.counts["lost"] += record.events * sum(times for times, _, _ in days)
        else:
            self.take((record,))

    def _flow_of_days(self, seen: Seen, days: Days) -> None:
        """As `_flow`, with what is the same in all days worked out once."""
        kept = []
        for day in days:
            self.counts["records"] += day[0]
            if self._within(day[1], day[2], day[0]):
                kept.append(day)
        if not kept:
            return
        if seen.node:
            self.nodes.add(seen.node)
        if not self._concerns(seen, sum(times for times, _, _ in kept)):
            return
        key, reply = oriented(seen, self.scope.ports)
        self.add(key, (Tally(*day) for day in kept), reply=reply)

    def _concerns(self, seen: Seen, times: int) -> bool:
        """Whether an end may be one of the catalog's pods; counted where not."""
        scope = self.scope
        if scope.has(seen.source) or scope.has(seen.destination):
            return True
        known = scope.nodes.isdisjoint((seen.source.address, seen.destination.address))
        self.counts["not_ours" if known else "from_nodes"] += times
        return False

    def add(self, key: FlowKey, tallies: Iterable[Tally], *, reply: bool) -> None:
        """Join what was seen of one flow, each tally of one day."""
        days = self.flows.setdefault(key, {})
        for tally in tallies:
            if reply:
                self.counts["replies"] += tally.records
            _join(days, day_of(tally.first), tally)
        if len(self.flows) >= MOST_ROWS:
            self.flow_runs.append(self.aside(self._flow_rows()))
            self.flows = {}

    def flows_in_turn(self) -> Iterator[tuple[FlowKey, list[DayTally]]]:
        """All flows in order, with their days in order: the same however they came into the table."""
        if not self.flow_runs:
            for key in sorted(self.flows):
                yield key, _day_tallies(self.flows[key])
            return
        for row, same in groupby(merge(*self.flow_runs, self._flow_rows()), key=lambda found: found[0]):
            source, destination, *rest = row
            days: dict[int, Tally] = {}
            for day, *tally in (day for _, found in same for day in found):
                _join(days, day, Tally(*tally))
            yield FlowKey(FlowEnd(*source), FlowEnd(*destination), *rest), _day_tallies(days)

    def _flow_rows(self) -> list[Row]:
        """What is in memory as rows: ends are plain, and days stand behind."""
        return [
            ((tuple(key.source), tuple(key.destination), *key[2:]), _day_tallies(self.flows[key]))
            for key in sorted(self.flows)
        ]

    def answers_in_turn(self) -> Iterator[tuple[tuple[FlowEnd, str, str], Tally]]:
        """All answers in order."""
        if not self.answer_runs:
            yield from sorted(self.answers.items())
            return
        for row, same in groupby(merge(*self.answer_runs, self._answer_rows()), key=lambda found: found[0]):
            client, address, name = row
            tally = NEVER
            for _, found in same:
                tally = tally.joined(Tally(*found))
            yield (FlowEnd(*client), address, name), tally

    def _answer_rows(self) -> list[Row]:
        return [((tuple(key[0]), *key[1:]), tuple(tally)) for key, tally in sorted(self.answers.items())]

    def forget(self) -> None:
        """Let go of all rows: what was read from them is kept elsewhere."""
        self.flows, self.answers, self.flow_runs, self.answer_runs = {}, {}, [], []

    def _within(self, first: int, last: int, times: int) -> bool:
        """Whether a record lies in the window that was asked for; it counts for the window that was seen."""
        if first and not (self.scope.since <= last and first <= self.scope.until):
            self.counts["outside"] += times
            return False
        if first:
            window = self.window
            if first < window.first or last > window.last:
                self.window = window.joined(Tally(1, first, last))
        return True

    def _answer(self, found: Resolved) -> None:
        self.counts["queries"] += found.times
        last = found.last or found.time
        if not self._within(found.time, last, found.times) or not self.scope.has(found.client):
            return
        if found.node:
            self.nodes.add(found.node)
        tally = Tally(found.times, found.time, last)
        for address in found.addresses or ("",):
            key = (found.client, address, found.name)
            before = self.answers.get(key)
            self.answers[key] = tally if before is None else before.joined(tally)
        if len(self.answers) >= MOST_ROWS:
            self.answer_runs.append(self.aside(self._answer_rows()))
            self.answers = {}


def _join(days: dict[int, Tally], day: int, tally: Tally) -> None:
    before = days.get(day)
    days[day] = tally if before is None else before.joined(tally)


def _day_tallies(days: dict[int, Tally]) -> list[DayTally]:
    return [(day, *tally) for day, tally in sorted(days.items())]


def oriented(seen: Seen, ports: frozenset[int]) -> tuple[FlowKey, bool]:
    """The row of a record, from who called to who was called, and whether the record was a reply."""
    reply = seen.reply if seen.reply is not None else _by_ports(seen.source_port, seen.port, ports)
    if seen.protocol == "ICMP" and reply is None:
        reply = False
    source, destination, port = seen.source, seen.destination, seen.port
    if reply:
        source, destination, port = destination, source, seen.source_port
    key = FlowKey(source, destination, seen.names, seen.evidence, seen.protocol, port, seen.verdict, reply is not None)
    return key, reply is True


def _by_ports(source: int, destination: int, known: frozenset[int]) -> bool | None:
    """Whether a record is a reply, told by its ports where nothing else tells; None where they do not either.

    A caller's port is one of the ephemeral ones, and a server's is not, or is one that the catalog speaks of.
    """
    if not source:
        return False  # the log has the port of one end alone: of the one that was called
    for of_server in (known.__contains__, EPHEMERAL.__gt__, WELL_KNOWN.__gt__):
        if of_server(source) != of_server(destination):
            return of_server(source)
    return None
