"""Errors in what all entries share that wait for the entries' own: no provider is asked before those are gone."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from mcpfence.catalog.schema import judge
from mcpfence.catalog.sound_part import of_settings, sound_part, with_entries
from mcpfence.findings.finding import Collector, Finding, McpfenceError
from mcpfence.findings.table import Severity


def errors_that_wait(raw: Any, findings: Sequence[Finding], render: Callable[[Any], object]) -> list[Finding]:
    """What rendering the catalog without its faults would say of its settings, beside what was found already."""
    if not isinstance(raw, Mapping) or not judge(raw, Collector()):
        return []
    paths = [finding.path for finding in findings if finding.severity is Severity.ERROR]
    faults = [
        path[:2] if path and path[-1] == "denyAllEgress" else path for path in paths
    ]  # without it others would be
    for tried in (faults, with_entries(faults)):
        rest = sound_part(raw, tried)
        if rest is None or not rest.whole or not judge(rest.raw, Collector()):
            continue
        try:
            render(rest.raw)
        except McpfenceError as error:
            return [finding for finding in of_settings(error.findings) if finding not in findings]
        return []
    return []
