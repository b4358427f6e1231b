"""Flows as the fences see them, pod by pod: joined with what DNS told the pod, and judged.

Flows and answers are put into the order of pods and addresses, so that both are read once, side by side, and no more of
them is in memory than what is looked at.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

from mcpfence.explain.context import View
from mcpfence.observe.answers import AnswerBook, Candidates
from mcpfence.observe.attribution import Attribution, Direction, FlowSide, Peer
from mcpfence.observe.record import FlowVerdict
from mcpfence.observe.snapshot import Snapshot
from mcpfence.observe.sorting import Row, RowSorter
from mcpfence.observe.table import DayTally, FlowKey, FlowTable
from mcpfence.plan.fence import Fence
from mcpfence.structs import Struct


class Observation(Struct):
    """One flow from the side of one fence, at a time when both ends and the names were the same."""

    fence: Fence
    direction: Direction
    pod: str
    peer: Peer
    protocol: str
    port: int
    verdict: FlowVerdict
    oriented: bool


class Sightings:
    """What a table holds of the catalog's pods."""

    def __init__(self, view: View, table: FlowTable, snapshot: Snapshot) -> None:
        self._fences = view.fences
        self._numbers = {(fence.kind, fence.name): number for number, fence in enumerate(view.fences)}
        self._answers, self._flows = RowSorter(table.aside), RowSorter(table.aside)
        self._fences_of: dict[tuple[str, str], set[int]] = {}
        self.foreign = 0
        """Records of which neither end is a pod with a fence."""
        attribution = Attribution(view, snapshot)
        for (client, address, name), tally in table.answers_in_turn():
            pod = attribution.client_of(client, tally)
            if pod is not None:
                self._answers.add((*pod, address, name, tally.first))
        for key, days in table.flows_in_turn():
            self._add(key, days, attribution)
        table.forget()

    def _add(self, key: FlowKey, days: Sequence[DayTally], attribution: Attribution) -> None:
        ours = 0
        counted: set[int] = set()
        for side in attribution.sides(key, days):
            self._flows.add(self._row(side, key))
            for day in side.days:
                if day[0] not in counted:
                    counted.add(day[0])
                    ours += day[1]
        self.foreign += sum(day[1] for day in days) - ours

    def _row(self, side: FlowSide, key: FlowKey) -> Row:
        """The side of a flow as a plain row, in the order of pods and of the addresses that need a name."""
        peer, number = side.peer, self._numbers[side.fence.kind, side.fence.name]
        wanted = peer.address if side.direction == "egress" and peer.kind == "address" and not peer.names else ""
        what = (number, side.direction, tuple(peer), key.protocol, side.port, key.verdict, key.oriented)
        return (side.pod.namespace, side.pod.name, wanted, what, tuple(side.days))

    def observations(self) -> Iterator[tuple[Observation, Sequence[DayTally]]]:
        """Every flow with its days, parted where the names of an address changed."""
        book = AnswerBook(self._answers)
        for namespace, name, wanted, what, days in self._flows:
            number, direction, plain, protocol, port, verdict, oriented = what
            self._fences_of.setdefault((namespace, name), set()).add(number)
            peer = Peer(*plain)
            parts = _named(peer, days, book, (namespace, name)) if wanted else ((peer, days),)
            for known, part in parts:
                yield (
                    Observation(
                        self._fences[number], direction, name or namespace, known, protocol, port, verdict, oriented
                    ),
                    part,
                )

    def asked(self) -> Iterator[tuple[int, str]]:
        """Names that pods asked for, answered or not, with the number of their fence; behind `observations`."""
        for pod, rows in groupby(self._answers, key=lambda row: row[:2]):
            numbers = self._fences_of.get(pod, ())
            for name, _ in groupby(rows, key=lambda row: row[3]):
                yield from ((number, name) for number in sorted(numbers))


def _named(
    peer: Peer, days: Sequence[DayTally], book: AnswerBook, pod: tuple[str, str]
) -> Iterator[tuple[Peer, Sequence[DayTally]]]:
    """An address with the names that the pod was told, parted by what was known on the days."""
    told = ((book.names_of(pod, peer.address, day[2], day[3]), day) for day in days)
    for found, part in groupby(told, key=lambda item: item[0]):
        yield _with_names(peer, found), [day for _, day in part]


def _with_names(peer: Peer, found: Candidates) -> Peer:
    if found.many:
        return peer._replace(why="its pod was told more names for it than can be looked at")
    late = "" if found.before or not found.names else "no answer of DNS before it tells its name"
    return peer._replace(names=found.names, named=found.before and len(found.names) == 1, why=late)
