"""Explanations as text for people: short lines, aligned, at most 100 columns."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Callable, Iterable, Iterator
from itertools import groupby
from typing import Literal, Self

from mcpfence.explain.endpoint import End
from mcpfence.explain.explanation import Elsewhere, Explanation
from mcpfence.explain.grants import Line, families_text
from mcpfence.explain.verdicts import Verdict
from mcpfence.findings.finding import Path, path_text
from mcpfence.findings.position import Position, position_text
from mcpfence.net.ports import ports_text
from mcpfence.plan.blocked_ranges import TABLE, BlockedRange
from mcpfence.reach.evaluation.deciding_rules import Decision
from mcpfence.structs import Struct
from mcpfence.text.printable import printable

WIDTH = 100
_LABEL = 12
"""Columns of the labels; a longer one (a client's name) gets a line of its own."""

_LONGEST = 60
"""Of a word that is kept in one piece."""

Tone = Literal["plain", "title", "allowed", "denied", "partly", "unknown", "warning", "note"]
Place = Callable[[Path], Position | None]
"""`values.yaml:41:9` of a path; empty where no file has it."""


class _Toned(Struct):
    """The parts of a line."""

    text: str = ""
    tone: Tone = "plain"


class TextLine(_Toned):
    """One line that shows all its characters; a title is toned whole, of every other line the first word."""

    __slots__ = ()

    def __new__(cls, text: str = "", tone: Tone = "plain") -> Self:
        """The line, whatever foreign text is in it."""
        return super().__new__(cls, printable(text), tone)


_LABELS = {"kubernetesAPI": "API server", "cloudIdentity": "identity", "unenforced": "any name"}


def answer_text(
    about: Explanation | Elsewhere, verdicts: Iterable[Verdict], place: Place, *, verbose: bool = False
) -> tuple[TextLine, ...]:
    """The answers to what was asked; where nothing was, the whole fence."""
    if isinstance(about, Elsewhere):
        return elsewhere_text(about)
    lines: list[TextLine] = []
    for verdict in verdicts:
        lines += [*([TextLine()] if lines else []), *verdict_text(verdict, place)]
    return tuple(lines) if lines else explanation_text(about, verbose=verbose)


def explanation_text(explained: Explanation, *, verbose: bool = False) -> tuple[TextLine, ...]:
    """The whole fence."""
    fence = explained.fence
    runtime = f" ({fence.runtime})" if fence.runtime else ""
    lines = [TextLine(f"{fence.title}{runtime}", "title")]
    lines += _row("pods", [f"{selector.text} of namespace {fence.namespace}" for selector in fence.selectors])
    floor = [f"{explained.floor} (the chart's floor)"] if explained.floor else []
    lines += _row("enforced by", [*explained.manifests, *floor])
    lines += _row("proven", ["read back, these manifests allow what stands below and nothing else"])
    if fence.kind != "service":
        lines += [TextLine(), TextLine("may reach", "title"), *_reaches(explained)]
    lines += [TextLine(), TextLine("may be called by", "title"), *_callers(explained.called_by)]
    if fence.kind != "service":
        lines += [*_blocked(explained, verbose), *_losses(explained)]
    if explained.findings:
        lines += [TextLine(), TextLine("findings", "title")]
        for finding in explained.findings:
            tone: Tone = "warning" if finding.severity.value == "warning" else "note"
            wrapped = _wrap(f"{finding.severity.value}: {finding.message} [{finding.id}]", 2, 4)
            lines += [TextLine(text, tone if place == 0 else "plain") for place, text in enumerate(wrapped)]
    lines += [TextLine(), TextLine("what no manifest stops", "title")]
    for risk in explained.risks:
        lines += [TextLine(text) for text in _wrap(risk, 2, 4)]
    return tuple(lines)


def elsewhere_text(explained: Elsewhere) -> tuple[TextLine, ...]:
    """A server without pods."""
    server = explained.server
    lines = [TextLine(f"server {server.name} ({server.runtime})", "title")]
    if server.runtime == "composite":
        lines += _row("groups", [", ".join(server.components) or "nothing"])
        lines += _row("fence", ["none: it has no pods; each of these keeps its own fence"])
    else:
        lines += _row("fence", ["none: it runs elsewhere, and no pod of this cluster is it"])
    lines += _row("used by", explained.callers) if explained.callers else []
    return tuple(lines)


def verdict_text(verdict: Verdict, place: Place) -> tuple[TextLine, ...]:
    """One answer: the sentence, what decides, what grants it or would."""
    wrapped = _wrap(f"{verdict.answer}: {verdict.sentence}", 0, 2)
    lines = [TextLine(wrapped[0], verdict.answer), *(TextLine(text) for text in wrapped[1:]), TextLine()]
    for label, texts in (("passed by", _passed(verdict.ends)), ("stopped by", _stopped(verdict.ends))):
        lines += _row(label, texts)
    lines += _row("granted by", [_key(line, place) for line in verdict.grants])
    lines += _row("because", [remedy.why for remedy in verdict.remedies])
    lines += _row("to allow it", [remedy.todo for remedy in verdict.remedies])
    lines += _row("note", verdict.notes)
    return tuple(lines)


def decision_text(decision: Decision) -> str:
    """`NetworkPolicy mcp/web spec.egress[1]`, or that no rule of it allows."""
    text = decision.text if decision.sure else f"{decision.text} (not for every flow of the question)"
    return text if decision.allows or decision.field else f"{text}: no rule allows it"


def _passed(ends: Iterable[End]) -> list[str]:
    return [decision_text(one) for end in ends for one in end.passed]


def _stopped(ends: Iterable[End]) -> list[str]:
    return [decision_text(one) for end in ends for one in end.stopped]


def _key(line: Line, place: Place) -> str:
    where = position_text(place(line.key))
    return f"{path_text(line.key)}{f' ({where})' if where else ''}{f': {line.why}' if line.why else ''}"


# --- sections ---


def _reaches(explained: Explanation) -> list[TextLine]:
    if not explained.reaches:
        return _row("nothing", [explained.nothing])
    prepared, _ = explained.view.prepared(explained.fence)
    public = f", at public {families_text(prepared.public)} addresses" if prepared.public else ""
    if public and explained.names_anywhere:
        public += " and wherever else they resolve to"
    lines: list[TextLine] = []
    for _, group in groupby(explained.reaches, key=_alike):
        found = list(group)
        first = found[0]
        what = ", ".join(item for line in found for item in line.what)
        key = path_text(first.key if len(found) == 1 else first.key[:-1])
        lines += _row(
            _LABELS.get(first.kind, first.kind),
            [f"{what} on {ports_text(first.ports)}{public if first.named else ''}", _by(key, first.why)],
        )
    return lines


def _alike(line: Line) -> tuple[object, ...]:
    """Names of one list on the same ports stand together; everything else stands alone."""
    listed = line.key[:-1] if line.named and isinstance(line.key[-1], int) else line.key
    return line.kind, listed, line.ports, line.why


def _by(key: str, why: str) -> str:
    return f"by {key}: {why}" if why else f"by {key}"


def _callers(lines: Iterable[Line]) -> list[TextLine]:
    said: list[TextLine] = []
    for line in lines:
        who = f"{line.kind} {line.name}" if line.kind != "client" else line.name
        what = f"{', '.join(line.what)} on {ports_text(line.ports)}"
        said += _row(who, [what, _by(path_text(line.key), line.why)])
    return said or _row("nobody", ["no client is declared that may, and nothing in the catalog calls it"])


def _blocked(explained: Explanation, verbose: bool) -> list[TextLine]:
    """What stays closed, by source; why each range does only with -v."""
    if not explained.endpoints:
        return []
    anywhere = explained.names_anywhere
    lines = [TextLine(), TextLine(f"closed to {'' if anywhere else 'names, '}stances and listed cidrs", "title")]
    if verbose:
        lines += _row("metadata", [f"{text:<20} {why}" for text, why in explained.endpoints], 21)
    else:
        lines += _row("metadata", [", ".join(text for text, _ in explained.endpoints)])
    if not explained.blocked:
        return lines
    lines += [TextLine(), TextLine(f"closed to {'' if anywhere else 'names and '}stances", "title")]
    for label, rows in groupby(explained.blocked, key=_blocked_label):
        if verbose:
            lines += _row(label, [f"{row.cidr:<20} {row.why}" for row in rows], 21)
        else:
            found = list(rows)
            source = "" if found[0].source == TABLE else f", by {', '.join(dict.fromkeys(row.source for row in found))}"
            lines += _row(label, [", ".join(dict.fromkeys(row.cidr for row in found)) + source])
    return lines if verbose else [*lines, *_row("", ["(-v says why each of them is)"])]


def _blocked_label(row: BlockedRange) -> str:
    return {TABLE: "built in", "cluster.profile": "profile", "cluster.nat64": "NAT64"}.get(
        row.source, row.source.split(".")[0] if row.source != "egress.except" else "except"
    )


def _losses(explained: Explanation) -> list[TextLine]:
    if not explained.loses:
        return []
    lines = [TextLine(), TextLine(f"lost under provider {explained.view.provider.name}", "title")]
    for narrowing in explained.loses:
        lines += [TextLine(text) for text in _wrap(narrowing.text, 2, 4)]
    return lines


# --- layout ---


def _row(label: str, texts: Iterable[str], hang: int = 2) -> list[TextLine]:
    """A label with its texts below each other, whose further lines hang in; nothing without texts."""
    lines: list[str] = []
    for text in texts:
        lines += _wrap(text, _LABEL + 3, _LABEL + 3 + hang)
    if not lines:
        return []
    if len(label) > _LABEL:
        return [TextLine(f"  {label}"), *map(TextLine, lines)]
    return [TextLine(f"  {label:<{_LABEL}} {lines[0].lstrip()}".rstrip()), *map(TextLine, lines[1:])]


def _wrap(text: str, first: int, rest: int) -> list[str]:
    """Lines of at most WIDTH columns; selectors that would not fit may break behind a comma."""
    words = (re.sub(r",(?=\S)", ", ", word) if len(word) > _LONGEST else word for word in printable(text).split(" "))
    return textwrap.wrap(
        " ".join(words),
        WIDTH,
        initial_indent=" " * first,
        subsequent_indent=" " * rest,
        break_long_words=False,
        break_on_hyphens=False,
    )


def shown(lines: Iterable[TextLine]) -> Iterator[str]:
    """The lines without tones."""
    return (line.text for line in lines)
