"""Whether the logs say that the catalog can be enforced: what speaks against it, a sentence each."""

from __future__ import annotations

from collections.abc import Iterator

from mcpfence.findings.finding import plural
from mcpfence.observe.report import Observed
from mcpfence.observe.times import day_of


def gate_reasons(report: Observed) -> tuple[str, ...]:
    """Why not to enforce yet; nothing where every flow is granted and the logs can be relied on."""
    return tuple(_reasons(report))


def _reasons(report: Observed) -> Iterator[str]:
    for one in report.subjects:
        wishes, unknown = one.counts["wish"], one.counts["unknown"]
        if wishes:
            yield f"{one.title}: {plural(wishes, 'flow')} would be denied"
        if unknown:
            yield f"{one.title}: of {plural(unknown, 'flow')} it is not known whether the catalog grants them"
        if not one.records and one.fence.kind != "service":
            yield f"{one.title}: no record of its pods"
    for title, loss in report.losses:
        if loss.weak:
            yield f"{title}: {loss.sentence}"
    if report.counts.get("lost"):
        yield f"{plural(report.counts['lost'], 'event')} were lost before they reached the log"
    if report.bad.lines:
        yield f"{plural(report.bad.lines, 'line')} could not be read"
    days = day_of(report.window.last) - day_of(report.window.first) + 1 if report.window.records else 0
    if days < report.min_days:
        yield f"the records are of {plural(days, 'day')}, and --min-days asks for {report.min_days}"
