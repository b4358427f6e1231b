"""Findings as SARIF 2.1.0, which code hosts show beside the lines, and as Markdown for a pull request."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any
from urllib.parse import quote

from mcpfence import __version__
from mcpfence.findings.finding import Finding, plural
from mcpfence.findings.table import TABLE

Position = Callable[[Finding], str]
"""`FILE:LINE:COLUMN` of a finding, or an empty string."""

_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"


_PLACE = re.compile(r"(?P<file>.+?)(?::(?P<line>[1-9][0-9]*):(?P<column>[1-9][0-9]*))?\Z", re.DOTALL)


def sarif(
    findings: Sequence[Finding], severity: Callable[[Finding], str], position: Position, files: Sequence[str]
) -> dict[str, Any]:
    """The report of one run over `files`, values first.

    Every result has a location, for code hosts refuse a whole report for one without: what has no line of its own is
    at the first line of the first file.
    """
    ids = sorted({finding.id for finding in findings})
    rules = [{"id": id, "shortDescription": {"text": TABLE[id].meaning}} for id in ids]
    results = [
        {
            "ruleId": finding.id,
            "level": severity(finding),
            "message": {"text": finding.message},
            "locations": [_location(position(finding) or _read_from(finding, files))],
        }
        for finding in findings
    ]
    driver = {"name": "mcpfence", "version": __version__, "rules": rules}
    return {"$schema": _SCHEMA, "version": "2.1.0", "runs": [{"tool": {"driver": driver}, "results": results}]}


def _read_from(finding: Finding, files: Sequence[str]) -> str:
    """The file that a finding names as its document, with its line if it has one; else the first one."""
    named = (name for name in files if finding.document == name or finding.document.startswith(f"{name}:"))
    return finding.document if next(named, "") else next(iter(files), "stdin")


def _location(place: str) -> dict[str, Any]:
    """`FILE:LINE:COLUMN`, or a file alone, which stands for its first line."""
    found = _PLACE.match(place)
    file, line, column = (found["file"], found["line"], found["column"]) if found else (place, None, None)
    region = {"startLine": int(line or 1), "startColumn": int(column or 1)}
    uri = quote(file.replace("\\", "/"))
    return {"physicalLocation": {"artifactLocation": {"uri": uri}, "region": region}}


def markdown(findings: Sequence[Finding], severity: Callable[[Finding], str], position: Position) -> str:
    """A heading that says how it stands, and a table of what was found."""
    errors = sum(1 for finding in findings if severity(finding) == "error")
    head = f"### mcpfence: {plural(errors, 'error')}" if errors else "### mcpfence: the catalog holds"
    if not findings:
        return f"{head}\n"
    rows = ["| | where | what | id |", "|---|---|---|---|"]
    for finding in findings:
        where = " ".join(part for part in (position(finding), finding.place) if part)
        what = f"{finding.sentence}; {finding.todo}" if finding.todo else finding.sentence
        rows.append(f"| {severity(finding)} | {_cell(where)} | {_cell(what)} | `{finding.id}` |")
    return "\n".join([head, "", *rows]) + "\n"


def _cell(text: str) -> str:
    """Text in a table's cell: no line breaks, no pipes, nothing that Markdown or HTML would act on."""
    for sign in ("&", "<", ">"):
        text = text.replace(sign, {"&": "&amp;", "<": "&lt;", ">": "&gt;"}[sign])
    for sign in ("\\", "|", "*", "_", "`", "[", "]"):
        text = text.replace(sign, f"\\{sign}")
    return " ".join(text.split())
