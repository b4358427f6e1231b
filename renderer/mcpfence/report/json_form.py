"""The report as a plain document: what `--format json` prints, and what the page, Markdown and text are made of.

Keys are only ever added (docs/report.md).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

from mcpfence.diff.forms import change_lines, summary
from mcpfence.findings.finding import Finding, Path, path_text, plural
from mcpfence.findings.position import Position, position_shape
from mcpfence.findings.table import Severity
from mcpfence.net.ports import ports_text
from mcpfence.providers import Provider
from mcpfence.report.overview import Base, Grant, Overview, Party
from mcpfence.report.words import DESTINATIONS, caller, enforcers, short

Place = Callable[[Path], Position | None]
Shape = dict[str, Any]

_CHANGED = 1000
"""Lines of one change that the report keeps; `diff` has all."""


def report_shape(overview: Overview, place: Place) -> Shape:
    """The whole report."""
    catalog = overview.view.catalog
    return {
        "release": catalog.release,
        "namespace": catalog.namespace,
        "provider": catalog.provider,
        "engine": overview.engine,
        "floor": overview.floor,
        "summary": _summary(overview),
        "entries": [_entry(entry, place, overview.view.provider) for entry in overview.entries],
        "workLeft": [work for entry in overview.entries for work in _work_left(entry, place)],
        "warnings": [
            _finding(item, place) for item in overview.view.rendering.findings if item.severity is Severity.WARNING
        ],
        "metadataEndpoints": [{"address": text, "why": why} for text, why in overview.endpoints],
        "residualRisk": list(overview.risks),
        "base": _base(overview.base) if overview.base else None,
    }


def _summary(overview: Overview) -> Shape:
    kinds = Counter(entry.kind if entry.fence else "elsewhere" for entry in overview.entries)
    marks = Counter(mark for entry in overview.entries for mark in entry.marks)
    return {
        "servers": kinds["server"],
        "workloads": kinds["workload"],
        "backEnds": kinds["back-end"],
        "notFenced": kinds["elsewhere"],
        "undeclared": marks["undeclared"],
        "unenforced": marks["unenforced"],
        "internet": marks["internet"],
        "lost": marks["lost"],
        "changed": marks["changed"],
    }


def _entry(entry: Party, place: Place, provider: Provider) -> Shape:
    fence = entry.fence
    return {
        "kind": entry.kind,
        "name": entry.name,
        "runtime": entry.runtime,
        **_key(entry.path, place),
        "fenced": fence is not None,
        "namespace": fence.namespace if fence else "",
        "podSelectors": [selector.text for selector in fence.selectors] if fence else [],
        "marks": list(entry.marks),
        "calledBy": [_caller(grant, place) for grant in entry.called_by],
        "reaches": [_reached(grant, place) for grant in entry.reaches],
        "reachesNothingBecause": entry.nothing,
        "unenforcedNames": list(entry.unenforced),
        "enforcedBy": enforcers(entry, provider),
        "manifests": list(entry.manifests),
        "loses": list(entry.loses),
        "heldBy": list(entry.holders),
        "change": entry.change or "",
    }


def _caller(grant: Grant, place: Place) -> Shape:
    line = grant.line
    return {"kind": line.kind, "name": line.name, "caller": caller(grant), **_line(grant, place)}


def _reached(grant: Grant, place: Place) -> Shape:
    return {
        "kind": grant.line.kind,
        "class": grant.destination,
        "what": short(grant),
        **_line(grant, place),
        "enforcement": grant.enforcement,
    }


def _line(grant: Grant, place: Place) -> Shape:
    line = grant.line
    return {
        "peers": list(line.what),
        "ports": [ports_text((item,)) for item in line.ports],
        "rules": list(grant.rules),
        **_key(line.key, place),
        "why": line.why,
    }


def _key(path: Path, place: Place) -> Shape:
    return {"key": path_text(path), "position": position_shape(place(path))}


def _work_left(entry: Party, place: Place) -> list[Shape]:
    """What somebody still has to decide: servers of which nobody said what they may reach, names without an engine."""
    found: list[Shape] = []
    if entry.undeclared:
        classes = dict.fromkeys(DESTINATIONS[grant.destination] for grant in entry.reaches)
        found.append(
            {
                "title": entry.title,
                "what": "undeclared",
                "sentence": f"nobody has said what it may reach; as it stands: {', '.join(classes) or 'nothing'}",
                "todo": "list its destinations under egress, or write denyAllEgress: true",
                **_key(entry.path, place),
            }
        )
    if entry.unenforced:
        grant = next(grant for grant in entry.reaches if grant.names)
        found.append(
            {
                "title": entry.title,
                "what": "unenforced",
                "sentence": f"{plural(len(entry.unenforced), 'name')} that nothing enforces: "
                f"every public address is open on {ports_text(grant.line.ports)}",
                "todo": "choose an engine that knows host names (egress.provider)",
                **_key(grant.line.key, place),
            }
        )
    return found


def _finding(finding: Finding, place: Place) -> Shape:
    return {
        "id": finding.id,
        "place": finding.place,
        "position": position_shape(place(finding.path)) if finding.path and not finding.document else None,
        "sentence": finding.sentence,
        "todo": finding.todo,
    }


def _base(base: Base) -> Shape:
    found = base.difference
    return {
        "revision": base.revision,
        "commit": base.commit,
        "absent": list(base.absent),
        "same": not found.different,
        "summary": summary(found),
        "changes": [
            {
                "subjects": [pods.title for pods in change.subjects],
                "verdict": change.verdict,
                "mixed": change.mixed,
                "lines": change_lines(change, _CHANGED),
            }
            for change in found.changes
        ],
        "doubts": list(found.doubts),
        "remarks": list(found.remarks),
    }
