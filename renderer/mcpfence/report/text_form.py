"""The report as text: one line for each server, workload and back-end, to be read and to be searched by line."""

from __future__ import annotations

from collections.abc import Iterator

from mcpfence.explain.text_form import TextLine, Tone
from mcpfence.providers import Provider
from mcpfence.report.overview import Overview, Party
from mcpfence.report.words import caller, enforcers, short, some

_SHOWN = 8
"""Callers and destinations of one line; `explain NAME` has all."""


def overview_text(overview: Overview) -> Iterator[TextLine]:
    """The engine, then a line for each entry."""
    yield TextLine(f"engine: {overview.engine}")
    for entry in overview.entries:
        yield TextLine(entry_line(entry, overview.view.provider), _tone(entry))


def entry_line(entry: Party, provider: Provider) -> str:
    """`github (npx): called by gateway; reaches api.github.com, DNS; enforced by NetworkPolicy`."""
    runtime = f" ({entry.runtime})" if entry.runtime else ""
    name = f"{entry.name if entry.kind == 'server' else entry.title}{runtime}"
    if entry.fence is None:
        return f"{name}: not fenced, no pod here is it{''.join(f'; {said}' for said in entry.holders)}"
    callers = some(list(dict.fromkeys(map(caller, entry.called_by))), _SHOWN) or "nobody"
    parts = [f"called by {callers}", *_reached(entry), f"enforced by {enforcers(entry, provider)}"]
    parts += [f"NOT ENFORCED: {some(list(entry.unenforced), _SHOWN)}"] if entry.unenforced else []
    parts += ["UNDECLARED: nobody has said what it may reach"] if entry.undeclared else []
    parts += [f"LESS THAN THE CATALOG GRANTS: mcpfence explain {entry.name}"] if entry.loses else []
    return f"{name}: {'; '.join(parts)}"


def _reached(entry: Party) -> list[str]:
    if entry.kind == "back-end":
        return []
    what = [text for grant in entry.reaches for text in short(grant)]
    return [f"reaches {some(list(dict.fromkeys(what)), _SHOWN) or 'nothing'}"]


def _tone(entry: Party) -> Tone:
    return "warning" if {"unenforced", "undeclared", "lost"} & set(entry.marks) else "plain"
