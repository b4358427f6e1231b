"""Explanations and verdicts as plain documents: what `--format json` prints, and what templates read.

The command line puts the head that all outputs have before it.  Keys are only ever added (docs/explain.md).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from mcpfence.explain.endpoint import End
from mcpfence.explain.explanation import Elsewhere, Explanation
from mcpfence.explain.grants import Line
from mcpfence.explain.verdicts import Verdict
from mcpfence.findings.finding import Finding, Path, path_text
from mcpfence.findings.position import Position, position_shape
from mcpfence.net.ports import Ports, ports_text
from mcpfence.plan.blocked_ranges import BlockedRange
from mcpfence.reach.evaluation.deciding_rules import Decision

Place = Callable[[Path], Position | None]
"""Where a path is in the files, if anywhere."""

Shape = dict[str, Any]


def explanation_shape(explained: Explanation, place: Place) -> Shape:
    """The whole fence."""
    fence, catalog = explained.fence, explained.view.catalog
    public = sorted({f"IPv{number}" for number in _families(explained)})
    return {
        "kind": fence.kind,
        "name": fence.name,
        "runtime": fence.runtime,
        "namespace": fence.namespace,
        "podSelectors": [selector.text for selector in fence.selectors],
        "provider": catalog.provider,
        "manifests": list(explained.manifests),
        "floor": explained.floor,
        "reaches": [_line(line, place, public) for line in explained.reaches],
        "namesAnywhere": explained.names_anywhere,
        "reachesNothingBecause": explained.nothing,
        "calledBy": [_line(line, place, []) for line in explained.called_by],
        "metadataEndpoints": [{"address": text, "why": why} for text, why in explained.endpoints],
        "blocked": [_blocked_range(row) for row in explained.blocked],
        "loses": [narrowing.text for narrowing in explained.loses],
        "findings": [_finding(item, place) for item in explained.findings],
        "residualRisk": list(explained.risks),
    }


def elsewhere_shape(explained: Elsewhere) -> Shape:
    """A server without pods."""
    server = explained.server
    return {
        "kind": "server",
        "name": server.name,
        "runtime": server.runtime,
        "fenced": False,
        "groups": list(server.components),
        "usedBy": list(explained.callers),
    }


def verdicts_shape(explained: Explanation, verdicts: tuple[Verdict, ...], place: Place) -> Shape:
    """The answers; `allowed` only if all of them are."""
    return {
        "kind": explained.fence.kind,
        "name": explained.fence.name,
        "runtime": explained.fence.runtime,
        "allowed": all(verdict.allowed for verdict in verdicts),
        "verdicts": [_verdict(verdict, place) for verdict in verdicts],
    }


def _families(explained: Explanation) -> list[int]:
    prepared, _ = explained.view.prepared(explained.fence)
    return [4 if block.block[0] < 1 << 32 else 6 for block in prepared.public]


def _line(line: Line, place: Place, public: list[str]) -> Shape:
    return {
        "kind": line.kind,
        "name": line.name,
        "peers": list(line.what),
        "ports": _ports(line.ports),
        "atPublic": public if line.named else [],
        **_key(line.key, place),
        "why": line.why,
    }


def _ports(ports: Ports) -> list[str]:
    return [ports_text((item,)) for item in ports]


def _key(path: Path, place: Place) -> Shape:
    return {"key": path_text(path), "position": position_shape(place(path))}


def _blocked_range(row: BlockedRange) -> Shape:
    return {"cidr": row.cidr, "why": row.why, "source": row.source}


def _finding(finding: Finding, place: Place) -> Shape:
    return {
        "id": finding.id,
        "severity": finding.severity.value,
        "place": finding.place,
        "position": position_shape(place(finding.path)) if finding.path and not finding.document else None,
        "sentence": finding.sentence,
        "todo": finding.todo,
    }


def _verdict(verdict: Verdict, place: Place) -> Shape:
    return {
        "direction": "egress" if verdict.flag == "to" else "ingress",
        "target": verdict.target.said,
        "ports": _ports(verdict.target.ports),
        "answer": verdict.answer,
        "sentence": verdict.sentence,
        "ends": [_end(end) for end in verdict.ends],
        "grants": [{**_key(line.key, place), "why": line.why} for line in verdict.grants],
        "remedies": [
            {"why": item.why, "todo": item.todo, "key": path_text(item.key), "possible": bool(item.key)}
            for item in verdict.remedies
        ],
        "notes": list(verdict.notes),
    }


def _end(end: End) -> Shape:
    return {
        "of": end.whose,
        "direction": end.direction,
        "answer": end.answer,
        "passedBy": [_decision(one) for one in end.passed],
        "stoppedBy": [_decision(one) for one in end.stopped],
    }


def _decision(decision: Decision) -> Shape:
    return {"policy": decision.policy, "rule": decision.field, "sure": decision.sure}
