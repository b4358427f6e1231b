"""Everything that logs say about a catalog: for each server and workload, and for the logs themselves."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby

from mcpfence.explain.context import View
from mcpfence.explain.grants import Line
from mcpfence.findings.finding import fail, quote
from mcpfence.observe.judge import NO_NAME, Judge, Outcome, is_host
from mcpfence.observe.proposals import NAMELESS, Proposal, propose, reason_against
from mcpfence.observe.record import Loss
from mcpfence.observe.sections import MOST_IN_ALL, MOST_TOLD, LeftOut, Sections, ToldItem
from mcpfence.observe.sightings import Sightings
from mcpfence.observe.snapshot import Snapshot
from mcpfence.observe.sorting import RowSorter, SetAside
from mcpfence.observe.table import FlowTable, Tally
from mcpfence.observe.tallied import Evidenced, SeenTarget, TargetTallies, Told, names_below
from mcpfence.plan.fence import Fence
from mcpfence.structs import Struct


class BadLines(Struct):
    """Lines that could not be read: how many, and the first of them as `FILE:LINE: why`."""

    lines: int = 0
    first: tuple[str, ...] = ()


class SourceFile(Struct):
    """One file that was read."""

    name: str
    format: str
    title: str
    losses: tuple[Loss, ...]
    lines: int
    records: int
    engine: str = "python"
    """What read it."""
    not_folded: str = ""
    """Why another engine than was asked for did, half a sentence."""


class Wish(Struct):
    """A flow that passed and that today's catalog would deny."""

    target: SeenTarget
    told: Evidenced
    proposal: Proposal


PARTS = ("wish", "unknown", "already", "asked")
"""What is told thing by thing."""


class SubjectReport(Struct):
    """What was seen of one fence's pods."""

    fence: Fence
    records: int
    wishes: tuple[Wish, ...]
    unknown: tuple[tuple[SeenTarget, Evidenced], ...]
    already: tuple[tuple[SeenTarget, Evidenced], ...]
    asked_only: tuple[str, ...]
    """Names that its pods asked DNS for and that no flow is known to have gone to."""
    counts: Mapping[str, int]
    """How many things each part has: all of them, told or not."""
    cuts: tuple[LeftOut, ...]
    """The parts of which not everything is told."""
    granted: int
    """How many things that are granted were seen."""
    unseen: tuple[Line, ...]
    dns_records: int

    @property
    def title(self) -> str:
        """`server github`."""
        return self.fence.title


class Observed(Struct):
    """The whole report."""

    view: View
    subjects: tuple[SubjectReport, ...]
    files: tuple[SourceFile, ...]
    window: Tally
    nodes: int
    counts: Mapping[str, int]
    bad: BadLines
    min_days: int
    nameless: int = 0
    """How many addresses are told of that a name would decide."""

    @property
    def losses(self) -> tuple[tuple[str, Loss], ...]:
        """What each source cannot show, each once."""
        return tuple(dict.fromkeys((item.title, loss) for item in self.files for loss in item.losses))


class Logs(Struct):
    """What was read."""

    table: FlowTable
    files: Sequence[SourceFile]
    bad: BadLines


def make_report(view: View, logs: Logs, snapshot: Snapshot, min_days: int = 1, most: int | None = None) -> Observed:
    """Judge the flows of a table, which is empty then; raises McpfenceError where it has none of the catalog's pods."""
    table, files = logs.table, logs.files
    counts, window, nodes = dict(table.counts), table.window, len(table.nodes)
    sightings, judge = Sightings(view, table, snapshot), Judge(view)
    counts["not_ours"] = counts.get("not_ours", 0) + sightings.foreign
    tallies, records = TargetTallies(view, table.aside), [0] * len(view.fences)
    numbers = {(fence.kind, fence.name): number for number, fence in enumerate(view.fences)}
    for seen, days in sightings.observations():
        tallies.add(seen, *judge.outcome(seen), days)
        records[numbers[seen.fence.kind, seen.fence.name]] += sum(day[1] for day in days)
    if not any(records):
        raise _not_ours(view, files)
    book = _Findings(view, table.aside, min_days, most)
    for told in tallies:
        book.take(told)
    book.take_asked(sightings.asked())
    subjects = [
        book.subject(number, fence, records[number], judge.used[fence.kind, fence.name].unseen)
        for number, fence in enumerate(view.fences)
    ]
    return Observed(view, tuple(subjects), tuple(files), window, nodes, counts, logs.bad, min_days, book.nameless)


class _Entry(Struct):
    """One thing of a section."""

    target: SeenTarget
    told: Evidenced
    denied: bool
    """Whether it was denied at other times."""


class _Findings:
    """Things as they come, sorted into the parts of the report."""

    def __init__(self, view: View, aside: SetAside, min_days: int, most: int | None) -> None:
        self._view, self._min_days = view, min_days
        self._sections = Sections(most or MOST_TOLD, max(MOST_IN_ALL, most or 0))
        self._names = RowSorter(aside)
        self._granted: Counter[int] = Counter()
        self._dns: Counter[int] = Counter()
        self.nameless = 0

    def take(self, told: Told) -> None:
        """One thing: sorted in by what came out of it."""
        denied = any(outcome == "already" for outcome, _, _ in told.outcomes)
        for outcome, target, seen in told.outcomes:
            for name in target.peer.names:
                self._names.add((told.fence, names_below(name), name, False))
            if outcome == "granted":
                self._granted[told.fence] += 1
            elif outcome == "dns":
                self._dns[told.fence] += seen.tally.records
            elif outcome != "node":
                founded = (_needs_a_person(target), -len(seen.days), -seen.pods)
                item = ToldItem(founded, (-seen.tally.records, target.order), _Entry(target, seen, denied))
                port = (target.port, target.protocol)
                self._sections.add((told.fence, outcome), item, told.group, port, seen.tally.records)
                self.nameless += self._is_nameless(self._view.fences[told.fence], outcome, target, seen)

    def _is_nameless(self, fence: Fence, outcome: Outcome, target: SeenTarget, seen: Evidenced) -> bool:
        if outcome == "wish" and target.port and _needs_a_person(target):
            return reason_against(self._view, fence, target, seen) == NAMELESS
        return target.why == NO_NAME

    def take_asked(self, asked: Iterable[tuple[int, str]]) -> None:
        """Names that were asked for, which count where no flow is known to have gone there; the last to be taken."""
        for number, name in asked:
            self._names.add((number, names_below(name), name, True))
        for (number, group, name), rows in groupby(self._names, key=lambda row: row[:3]):
            if next(rows)[3] and is_host(name):
                self._sections.add((number, "asked"), ToldItem((), (name,), name), group, (0, ""), 0)
        self._sections.close()

    def subject(self, number: int, fence: Fence, records: int, unseen: tuple[Line, ...]) -> SubjectReport:
        """All of one fence."""
        wishes, unknown, already = (
            sorted(self._sections.items((number, part)), key=lambda entry: entry.target.order)
            for part in ("wish", "unknown", "already")
        )
        return SubjectReport(
            fence,
            records,
            tuple(self._wish(fence, entry) for entry in wishes),
            tuple((entry.target, entry.told) for entry in unknown),
            tuple((entry.target, entry.told) for entry in already),
            tuple(self._sections.items((number, "asked"))),
            self._sections.counts(number, PARTS),
            self._sections.cuts(number, PARTS),
            self._granted[number],
            unseen,
            self._dns[number],
        )

    def _wish(self, fence: Fence, entry: _Entry) -> Wish:
        held, target, seen = "", entry.target, entry.told
        if entry.denied:
            held = "it was denied at other times: find out by what"
        elif len(seen.days) < self._min_days:
            held = f"seen on {len(seen.days)} of the {self._min_days} days that --min-days asks for"
        return Wish(target, seen, propose(self._view, fence, target, seen, held))


def _needs_a_person(target: SeenTarget) -> bool:
    """Whether it is an address without a name, of which there may be any number: the last that is told."""
    return target.peer.kind == "address" and not target.peer.names


def _not_ours(view: View, files: Sequence[SourceFile]) -> Exception:
    names = [quote(fence.name)[1:-1] for fence in view.fences if fence.kind != "service"]
    shown = ", ".join(names[:5]) + (f" and {len(names) - 5:,} more" if len(names) > 5 else "")
    sentence = f"no record of pods of {shown or 'any server'} in namespace {view.catalog.namespace}"
    todo = "is it the right cluster, window, namespace (-n, --release) and podSelector? Logs of addresses need --pods"
    raise fail("observe-not-ours", sentence, todo, document=files[0].name if len(files) == 1 else "")
