"""Findings as SARIF 2.1.0, which code hosts show beside the lines, and as Markdown for a pull request."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any
from urllib.parse import quote

from mcpfence import __version__
from mcpfence.findings.finding import Finding, plural
from mcpfence.findings.position import Position, position_text
from mcpfence.findings.table import TABLE
from mcpfence.patterns import regex
from mcpfence.text.markup import markdown_words, sarif_message
from mcpfence.text.masking import told

Placed = Callable[[Finding], Position | None]
"""Where a finding is in the files, if anywhere."""

_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"


_LINE = regex(r":(?P<line>[1-9][0-9]*):(?P<column>[1-9][0-9]*)\Z")


def sarif(
    findings: Sequence[Finding], severity: Callable[[Finding], str], position: Placed, files: Sequence[str]
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
            "message": {"text": sarif_message(finding.message)},
            "locations": [_location(place_of(finding, position, files))],
        }
        for finding in findings
    ]
    driver = {"name": "mcpfence", "version": __version__, "rules": rules}
    return {"$schema": _SCHEMA, "version": "2.1.0", "runs": [{"tool": {"driver": driver}, "results": results}]}


def place_of(finding: Finding, position: Placed, files: Sequence[str]) -> Position:
    """Where a finding is; else the file that it names as its document, with its line if it has one; else the first."""
    found_at = position(finding)
    if found_at is not None:
        return found_at
    for name in files:
        shown = told(name)
        if finding.document == shown or finding.document.startswith(f"{shown}:"):
            found = _LINE.match(finding.document[len(shown) :])
            return Position(name, int(found["line"]), int(found["column"])) if found else Position(name)
    return Position(next(iter(files), "stdin"))


def _location(place: Position) -> dict[str, Any]:
    region = {"startLine": place.line, "startColumn": place.column}
    name = place.file.replace("\\", "/")
    uri = quote(name.encode("utf-8", "surrogateescape"))  # a name that is no UTF-8 has surrogates
    return {"physicalLocation": {"artifactLocation": {"uri": uri}, "region": region}}


def markdown(findings: Sequence[Finding], severity: Callable[[Finding], str], position: Placed) -> str:
    """A heading that says how it stands, and a table of what was found."""
    errors = sum(1 for finding in findings if severity(finding) == "error")
    head = f"### mcpfence: {plural(errors, 'error')}" if errors else "### mcpfence: the catalog holds"
    if not findings:
        return f"{head}\n"
    rows = ["| | where | what | id |", "|---|---|---|---|"]
    for finding in findings:
        where = " ".join(part for part in (position_text(position(finding)), finding.place) if part)
        what = f"{finding.sentence}; {finding.todo}" if finding.todo else finding.sentence
        rows.append(f"| {severity(finding)} | {markdown_words(where)} | {markdown_words(what)} | `{finding.id}` |")
    return "\n".join([head, "", *rows]) + "\n"
