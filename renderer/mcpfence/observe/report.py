"""Everything that logs say about a catalog: for each server and workload, and for the logs themselves."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from mcpfence.explain.context import View
from mcpfence.explain.grants import Line
from mcpfence.findings.finding import fail, quote
from mcpfence.observe.answers import AnswerBook
from mcpfence.observe.attribution import Attribution
from mcpfence.observe.judge import Evidenced, Judge, Judged, SeenTarget, is_host
from mcpfence.observe.proposals import Proposal, propose
from mcpfence.observe.record import Loss
from mcpfence.observe.snapshot import Snapshot
from mcpfence.observe.table import FlowTable, Tally
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


class SubjectReport(Struct):
    """What was seen of one fence's pods."""

    judged: Judged
    wishes: tuple[Wish, ...]
    unknown: tuple[tuple[SeenTarget, Evidenced], ...]
    already: tuple[tuple[SeenTarget, Evidenced], ...]
    granted: int
    """How many things that are granted were seen."""
    unseen: tuple[Line, ...]
    asked_only: tuple[str, ...]
    """Names that its pods asked DNS for and that no flow is known to have gone to."""

    @property
    def title(self) -> str:
        """`server github`."""
        return self.judged.fence.title


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

    @property
    def losses(self) -> tuple[tuple[str, Loss], ...]:
        """What each source cannot show, each once."""
        return tuple(dict.fromkeys((item.title, loss) for item in self.files for loss in item.losses))


def make_report(
    view: View, table: FlowTable, snapshot: Snapshot, files: Sequence[SourceFile], bad: BadLines, min_days: int
) -> Observed:
    """Judge the flows of a table; raises McpfenceError where it holds no record of the catalog's pods."""
    attribution = Attribution(view, snapshot)
    book = AnswerBook(table.answers, attribution.client_of)
    judge = Judge(view)
    pods: dict[tuple[str, str], set[tuple[str, str]]] = {}
    counts = dict(table.counts)
    for key, tally in table.in_turn():
        found = list(attribution.observations(key, tally, book))
        if not found:
            counts["not_ours"] = counts.get("not_ours", 0) + tally.records
        for seen in found:
            judge.take(seen)
            pods.setdefault((seen.fence.kind, seen.fence.name), set()).add((seen.fence.namespace, seen.pod))
    subjects = [_subject(view, one, book, pods.get(name, set()), min_days) for name, one in judge.found.items()]
    if not any(one.judged.records for one in subjects):
        raise _not_ours(view, files)
    return Observed(view, tuple(subjects), tuple(files), table.window, len(table.nodes), counts, bad, min_days)


def _not_ours(view: View, files: Sequence[SourceFile]) -> Exception:
    names = [quote(fence.name)[1:-1] for fence in view.fences if fence.kind != "service"]
    shown = ", ".join(names[:5]) + (f" and {len(names) - 5:,} more" if len(names) > 5 else "")
    sentence = f"no record of pods of {shown or 'any server'} in namespace {view.catalog.namespace}"
    todo = "is it the right cluster, window, namespace (-n, --release) and podSelector? Logs of addresses need --pods"
    raise fail("observe-not-ours", sentence, todo, document=files[0].name if len(files) == 1 else "")


def _subject(
    view: View, judged: Judged, book: AnswerBook, pods: Iterable[tuple[str, str]], min_days: int
) -> SubjectReport:
    already = tuple(judged.of("already"))
    denied = {(target.direction, target.peer, target.protocol, target.port) for target, _ in already}
    wishes = []
    for target, told in judged.of("wish"):
        held = ""
        if (target.direction, target.peer, target.protocol, target.port) in denied:
            held = "it was denied at other times: find out by what"
        elif len(told.days) < min_days:
            held = f"seen on {len(told.days)} of the {min_days} days that --min-days asks for"
        wishes.append(Wish(target, told, propose(view, judged.fence, target, told, held)))
    used = {name for _, target in judged.outcomes for name in target.peer.names}
    asked = {name for pod in pods for name in book.asked.get(pod, ())}
    return SubjectReport(
        judged,
        tuple(wishes),
        tuple(judged.of("unknown")),
        already,
        sum(1 for _ in judged.of("granted")),
        judged.unseen,
        tuple(sorted(name for name in asked - used if is_host(name))),
    )
