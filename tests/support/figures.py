"""Figures that tests find on their way (sizes, times, numbers of probes), printed at the end of the run.

They travel in the tests' reports, so they arrive from pytest-xdist's workers too.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

_KEY = "mcpfence figure"

Figure = Callable[[str, str], None]
"""Takes a title, under which figures of several tests are put together, and one line."""


@pytest.fixture
def figure(request: pytest.FixtureRequest) -> Figure:
    """Says something at the end of the run, whether the test passes or not."""
    return lambda title, line: request.node.user_properties.append((_KEY, (title, line)))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Prints all figures, by title."""
    found: dict[str, list[str]] = {}
    for outcome in ("passed", "failed"):
        for report in terminalreporter.getreports(outcome):
            for key, value in report.user_properties if report.when == "call" else ():
                if key == _KEY:
                    title, line = value
                    found.setdefault(title, []).append(line)
    for title, lines in sorted(found.items()):
        terminalreporter.section(title)
        for line in sorted(lines):
            terminalreporter.line(line)
