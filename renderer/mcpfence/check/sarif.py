"""Findings as SARIF 2.1.0, which code hosts show beside the lines, and as Markdown for a pull request."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from mcpfence import __version__
from mcpfence.findings.finding import Finding, plural
from mcpfence.findings.table import TABLE

Position = Callable[[Finding], str]
"""`FILE:LINE:COLUMN` of a finding, or an empty string."""

_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"


def sarif(findings: Sequence[Finding], severity: Callable[[Finding], str], position: Position) -> dict[str, Any]:
    """The report of one run."""
    ids = sorted({finding.id for finding in findings})
    rules = [{"id": id, "shortDescription": {"text": TABLE[id].meaning}} for id in ids]
    results = [
        {
            "ruleId": finding.id,
            "level": severity(finding),
            "message": {"text": finding.message},
            **_locations(position(finding)),
        }
        for finding in findings
    ]
    driver = {"name": "mcpfence", "version": __version__, "rules": rules}
    return {"$schema": _SCHEMA, "version": "2.1.0", "runs": [{"tool": {"driver": driver}, "results": results}]}


def _locations(position: str) -> dict[str, Any]:
    file, _, rest = position.partition(":") if position.count(":") == 2 else (position, "", "")
    if not file:
        return {}
    place: dict[str, Any] = {"artifactLocation": {"uri": file.replace("\\", "/")}}
    if rest:
        line, _, column = rest.partition(":")
        place["region"] = {"startLine": int(line), "startColumn": int(column)}
    return {"locations": [{"physicalLocation": place}]}


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
