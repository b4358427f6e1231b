"""Findings for the CI that runs the check: GitHub's workflow commands, and JUnit XML, which most others show."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Callable, Sequence

from mcpfence.check.sarif import Placed, place_of
from mcpfence.findings.finding import Finding
from mcpfence.findings.position import Position
from mcpfence.text.printable import printable

_LEVELS = {"error": "error", "warning": "warning", "note": "notice"}


def github(
    findings: Sequence[Finding], severity: Callable[[Finding], str], position: Placed, files: Sequence[str]
) -> str:
    """One workflow command a finding, which GitHub Actions shows beside the line.

    Source: GitHub's page on workflow commands: `%`, line breaks, and in properties `:` and `,` are escaped.
    """
    lines = []
    for finding in findings:
        place = place_of(finding, position, files)
        where = {
            "file": place.file,
            "line": str(place.line),
            "col": str(place.column),
            "title": f"mcpfence {finding.id}",
        }
        properties = ",".join(f"{key}={_property(value)}" for key, value in where.items())
        lines.append(f"::{_LEVELS[severity(finding)]} {properties}::{_data(finding.message)}\n")
    return "".join(lines)


def _data(text: str) -> str:
    return printable(text).replace("%", "%25")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


def junit(
    findings: Sequence[Finding], severity: Callable[[Finding], str], position: Placed, files: Sequence[str]
) -> bytes:
    """A test suite with a case for each finding: errors fail, the others pass and say so; none: one that passes."""
    failures = sum(severity(finding) == "error" for finding in findings)
    counts = {"name": "mcpfence check", "tests": str(len(findings) or 1), "failures": str(failures)}
    root = ET.Element("testsuites", counts)
    suite = ET.SubElement(root, "testsuite", {**counts, "errors": "0", "skipped": "0"})
    for finding in findings:
        _case(suite, finding, severity(finding), place_of(finding, position, files))
    if not findings:
        ET.SubElement(suite, "testcase", {"classname": "mcpfence", "name": "the catalog holds"})
    ET.indent(root)
    text: bytes = ET.tostring(root, encoding="utf-8", xml_declaration=True)
    return text + b"\n"


def _case(suite: ET.Element, finding: Finding, severity: str, place: Position) -> None:
    message, file = printable(finding.message), printable(place.file)
    title = f"{finding.id}: {printable(finding.place)}" if finding.place else finding.id
    case = ET.SubElement(
        suite, "testcase", {"classname": "mcpfence", "name": title, "file": file, "line": str(place.line)}
    )
    where = f"{file}:{place.line}:{place.column} {message}"
    if severity == "error":
        ET.SubElement(case, "failure", {"message": message, "type": finding.id}).text = where
    else:
        ET.SubElement(case, "system-out").text = f"{severity}: {where}"
