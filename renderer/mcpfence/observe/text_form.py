"""The report as text for people."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from mcpfence.explain.text_form import TextLine
from mcpfence.findings.finding import plural
from mcpfence.findings.position import Position
from mcpfence.observe.json_form import Shape

_FILES = 3
"""So many files that were read line by line are named."""
_SHOWN = 10
"""So many names that were asked for alone are shown."""


def report_text(shape: Shape) -> tuple[TextLine, ...]:
    """All of it: the logs, then each server and workload."""
    lines = [*_head(shape)]
    for one in shape["subjects"]:
        if one["kind"] != "service" or one["wouldBeDenied"] or one["unknown"] or one["deniedAlready"]:
            lines += [TextLine(), *_subject(one)]
    lines += [TextLine(), TextLine(f"ready to enforce: {'yes' if shape['ready'] else 'no'}", "title")]
    lines += [TextLine(f"  {text}") for text in shape["notReadyBecause"]]
    return tuple(lines)


def _head(shape: Shape) -> Iterator[TextLine]:
    window, counts, bad = shape["window"], shape["counts"], shape["notRead"]
    files = sum(item["lines"] for item in shape["files"])
    when = (
        f"{window['first']} to {window['last']}, {plural(len(window['days']), 'day')}" if window["first"] else "unknown"
    )
    yield TextLine(f"window       {when}")
    nodes = f"; {plural(shape['nodes'], 'node')}" if shape["nodes"] else ""
    formats = ", ".join(dict.fromkeys(item["format"] for item in shape["files"]))
    yield TextLine(f"read         {plural(files, 'line')} of {plural(len(shape['files']), 'file')} ({formats}){nodes}")
    yield from _engines(shape["files"])
    yield TextLine(f"flows        {_flows(counts)}")
    if counts["queries"]:
        yield TextLine(f"DNS          {plural(counts['queries'], 'record')}")
    if bad["lines"]:
        yield TextLine(f"not read     {plural(bad['lines'], 'line')}", "warning")
        yield from (TextLine(f"             {text}") for text in bad["first"])
    for item in shape["cannotShow"]:
        yield TextLine(f"cannot show  {item['source']}: {item['why']}")
    yield from (TextLine(f"names        {text}") for text in shape["hints"])


def _engines(files: Sequence[Shape]) -> Iterator[TextLine]:
    """Who read the files, where it was not the reader of lines alone."""
    folded = sum(item["engine"] != "python" for item in files)
    engines = ", ".join(sorted({item["engine"] for item in files} - {"python"}))
    if folded:
        yield TextLine(f"engine       {engines}" + (f" for {folded:,} of {len(files):,} files" * (folded < len(files))))
    told = [item for item in files if item["notFolded"]]
    yield from (TextLine(f"engine       python for {item['name']}: {item['notFolded']}") for item in told[:_FILES])
    if len(told) > _FILES:
        yield TextLine(f"engine       python for {len(told) - _FILES:,} more files")


def _flows(counts: Mapping[str, int]) -> str:
    parts = [plural(counts["records"], "record")]
    words = (
        ("not_ours", "not of the catalog's pods"),
        ("from_nodes", "from nodes' addresses, whose pods cannot be told"),
        ("outside", "outside of --since and --until"),
        ("lost", "lost before they were written"),
    )
    if counts["replies"]:
        replies = "1 reply" if counts["replies"] == 1 else f"{counts['replies']:,} replies"
        parts.append(f"{replies}, counted with what they answer")
    return ", ".join([*parts, *(f"{counts[key]:,} {text}" for key, text in words if counts[key])])


def _subject(one: Shape) -> Iterator[TextLine]:
    parts = [
        f"{count:,} {text}"
        for key, text in (
            ("wouldBeDenied", "would be denied"),
            ("unknown", "unknown"),
            ("deniedAlready", "denied already"),
            ("grantedNotSeen", "granted and not seen"),
        )
        if (count := one["inAll"].get(key) or len(one[key]))
    ]
    seen = f"{one['grantedSeen']:,} granted and seen"
    yield TextLine(f"{one['kind']} {one['name']}: {', '.join([*parts, seen])}", "title")
    if not one["records"]:
        yield TextLine(f"  no record of {one['name']}'s pods: wrong cluster, window or labels?", "warning")
        return
    yield from _section("would be denied", one, "wouldBeDenied", _wish)
    yield from _section("unknown", one, "unknown", _unknown)
    yield from _section("denied already, never proposed", one, "deniedAlready", lambda _: iter(()))
    if one["grantedNotSeen"]:
        yield TextLine("  granted and not seen")
        for line in one["grantedNotSeen"]:
            at = f" ({Position(**line['position']).text})" if line["position"] else ""
            yield TextLine(f"    {line['what']} {line['ports']}: {line['key']}{at}")
    if one["askedOnly"]:
        names, count = one["askedOnly"][:_SHOWN], one["inAll"]["askedOnly"]
        more = f" and {count - len(names):,} more" if count > len(names) else ""
        yield TextLine(f"  asked of DNS, and no flow is known to go there: {', '.join(names)}{more}")
        yield from (TextLine(f"    {text}") for text in _said(one, "askedOnly")[1:])
    for hint in one["hints"]:
        yield TextLine(f"  hint: {hint}")


def _said(one: Shape, part: str) -> list[str]:
    """What is said of a part of which not everything is told."""
    return [text for cut in one["cut"] if cut["part"] == part for text in cut["said"]]


def _section(title: str, one: Shape, part: str, more: Any) -> Iterator[TextLine]:
    items = one[part]
    if items:
        yield TextLine(f"  {title}")
    for item in items:
        who = "to" if item["direction"] == "egress" else "from"
        on = f"on {item['port']}"
        audit = ", in audit" if item["audited"] else ""
        days = f"{plural(len(item['days']), 'day')}, {plural(item['pods'], 'pod')}, {plural(item['records'], 'record')}"
        yield TextLine(f"    {who} {item['what']} {on}: {days}{audit}")
        yield from more(item)
    for place, text in enumerate(_said(one, part)):
        yield TextLine(f"    {'  ' * bool(place)}{text}", "plain" if place else "warning")


def _wish(item: Shape) -> Iterator[TextLine]:
    at = f" ({Position(**item['position']).text})" if item["position"] else ""
    if item["notProposed"]:
        yield TextLine(f"      not proposed: {item['notProposed']}")
        yield TextLine(f"      by hand: {item['todo']}{at}")
    else:
        yield TextLine(f"      {item['because']}")
        yield TextLine(f"      {item['todo']}{at}")


def _unknown(item: Shape) -> Iterator[TextLine]:
    yield TextLine(f"      {item['why']}")
    if item["candidates"]:
        yield TextLine(f"      it may be {', '.join(item['candidates'])}")
