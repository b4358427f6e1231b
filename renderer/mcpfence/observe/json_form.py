"""The report as a plain document: what `--format json` prints, and what text, Markdown and HTML are made from.

The shape is stable: keys are only ever added (docs/observe.md).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from mcpfence.explain.grants import Line
from mcpfence.findings.finding import Path, path_text, plural
from mcpfence.findings.position import Position, position_shape
from mcpfence.net.ports import ports_text
from mcpfence.net.public_suffixes import wildcard_base
from mcpfence.observe.gate import gate_reasons
from mcpfence.observe.record import Loss
from mcpfence.observe.report import PARTS, Observed, SubjectReport, Wish
from mcpfence.observe.sections import LeftOut, Mostly
from mcpfence.observe.tallied import Evidenced, SeenTarget
from mcpfence.observe.times import day_of, day_text, time_text

Shape = dict[str, Any]
Place = Callable[[Path], Position | None]
"""Where a path is in the files, if anywhere."""

_ALIKE = 3
"""So many names below one are worth a hint."""


def report_shape(report: Observed, place: Place) -> Shape:
    """The whole report."""
    window = report.window
    reasons = gate_reasons(report)
    return {
        "window": {
            "first": time_text(window.first) if window.records else "",
            "last": time_text(window.last) if window.records else "",
            "days": [day_text(day) for day in _days(report)],
        },
        "nodes": report.nodes,
        "files": [
            {
                "name": item.name,
                "format": item.format,
                "lines": item.lines,
                "records": item.records,
                "engine": item.engine,
                "notFolded": item.not_folded,
            }
            for item in report.files
        ],
        "counts": {key: report.counts.get(key, 0) for key in _COUNTS},
        "notRead": {"lines": report.bad.lines, "first": list(report.bad.first)},
        "cannotShow": [
            {"source": title, "loss": loss.name.lower().replace("_", "-"), "why": loss.sentence, "weak": loss.weak}
            for title, loss in report.losses
        ],
        "hints": list(_how_to_name(report)),
        "minDays": report.min_days,
        "ready": not reasons,
        "notReadyBecause": list(reasons),
        "subjects": [_subject(one, place) for one in report.subjects],
    }


def _how_to_name(report: Observed) -> Iterable[str]:
    """Where names come from, if a source has none and addresses stayed without."""
    if not any(loss is Loss.NO_NAMES for _, loss in report.losses):
        return
    if report.nameless:
        yield (
            f"{plural(report.nameless, 'address')} without a name: CoreDNS tells names with "
            "'dnstap tcp://COLLECTOR:6000 full' in its Corefile; collect them with "
            "'fstrm_capture -t protobuf:dnstap.Dnstap -a 0.0.0.0 -p 6000 -w dns.dnstap', and add --dns dns.dnstap"
        )


_COUNTS = ("records", "replies", "not_ours", "from_nodes", "outside", "lost", "queries")


def _days(report: Observed) -> list[int]:
    if not report.window.records:
        return []
    return list(range(day_of(report.window.first), day_of(report.window.last) + 1))


def _subject(one: SubjectReport, place: Place) -> Shape:
    fence = one.fence
    return {
        "kind": fence.kind,
        "name": fence.name,
        "namespace": fence.namespace,
        "records": one.records,
        "wouldBeDenied": [_wish(wish, place) for wish in one.wishes],
        "grantedNotSeen": [_line(line, place) for line in one.unseen],
        "unknown": [{**_told(target, told), "why": target.why} for target, told in one.unknown],
        "deniedAlready": [_told(target, told) for target, told in one.already],
        "grantedSeen": one.granted,
        "askedOnly": list(one.asked_only),
        "dnsRecords": one.dns_records,
        "hints": list(_hints(one.wishes)),
        "inAll": {_KEYS[part]: one.counts.get(part, 0) for part in PARTS},
        "cut": [_cut(cut) for cut in one.cuts],
    }


_KEYS = {"wish": "wouldBeDenied", "unknown": "unknown", "already": "deniedAlready", "asked": "askedOnly"}


def _cut(cut: LeftOut) -> Shape:
    return {
        "part": _KEYS[cut.part],
        "told": cut.told,
        "notTold": cut.flows - cut.told,
        "records": cut.records,
        "mostly": [
            {
                "what": one.what,
                "flows": one.flows,
                "records": one.records,
                "ports": list(one.ports),
                "portsInAll": one.ports_in_all,
            }
            for one in cut.mostly
        ],
        "said": list(_cut_said(cut)),
    }


def _cut_said(cut: LeftOut) -> Iterable[str]:
    """What stands where the rest would."""
    names = cut.part == "asked"
    proposed = ", nor proposed" if cut.part == "wish" else ""
    yield f"and {cut.flows - cut.told:,} more{' names' * names}, counted and not told one by one{proposed}"
    yield f"of all {cut.flows:,}: {'; '.join(f'{one.flows:,} {one.what}{_on_ports(one)}' for one in cut.mostly)}"
    if not names:
        yield "so many look like a scan, a crawl or names that are made up: find out which before any is granted"


def _on_ports(one: Mostly) -> str:
    if one.ports_in_all > len(one.ports):
        return f" on {plural(one.ports_in_all, 'port')}" if one.ports else ""
    return f" on {', '.join(one.ports)}"


def _told(target: SeenTarget, told: Evidenced) -> Shape:
    return {
        "direction": target.direction,
        "what": what(target, told),
        "port": f"{target.port}/{target.protocol}" if target.port else target.protocol,
        "candidates": list(target.peer.names) if not target.peer.named else [],
        "addresses": list(told.addresses),
        "days": [day_text(day) for day in told.days if day],
        "pods": told.pods,
        "records": told.tally.records,
        "first": time_text(told.tally.first) if told.tally.first else "",
        "last": time_text(told.tally.last) if told.tally.last else "",
        "audited": told.audited,
    }


def what(target: SeenTarget, told: Evidenced) -> str:
    """The other end in a few words."""
    peer = target.peer
    if peer.kind == "pods":
        labels = ",".join(f"{key}={value}" for key, value in peer.labels)
        return f"pods {labels} of namespace {peer.namespace}"
    if peer.named:
        return peer.names[0]
    if peer.kind == "outside":
        return "some public address"
    address = peer.address or ", ".join(told.addresses[:3])
    return address or "an end that is not known"


def _wish(wish: Wish, place: Place) -> Shape:
    proposal = wish.proposal
    return {
        **_told(wish.target, wish.told),
        "because": proposal.why,
        "todo": proposal.todo,
        "key": path_text(proposal.key),
        "position": position_shape(place(proposal.key)) if proposal.key else None,
        "entry": proposal.entry,
        "notProposed": proposal.held,
    }


def _line(line: Line, place: Place) -> Shape:
    name = f"{line.kind} {line.name}" if line.name else ""
    return {
        "what": name or ", ".join(line.what),
        "kind": line.kind,
        "ports": ports_text(line.ports),
        "key": path_text(line.key),
        "position": position_shape(place(line.key)),
    }


def _hints(wishes: Sequence[Wish]) -> Iterable[str]:
    """Wildcards that would cover several of the names; they are never proposed."""
    names = sorted({w.target.peer.names[0] for w in wishes if w.proposal.entry is not None and w.target.peer.named})
    below: dict[str, list[str]] = {}
    for name in names:
        base = name.partition(".")[2]
        if "." in base and wildcard_base(base) == "none":
            below.setdefault(base, []).append(name)
    for base, found in sorted(below.items()):
        if len(found) >= _ALIKE:
            yield f"*.{base} would cover {', '.join(found)}, and every other name below {base}"
