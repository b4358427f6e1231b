"""Shows the table of mutants behind the tests; under xdist the reports of the workers bring the rows along.

A plugin of the whole run: with several workers nobody reads a conftest.py of the folder of those tests in time.
"""

from __future__ import annotations

from typing import Any

import pytest

from proof.table import PROPERTY, lines, merge

_ROWS = pytest.StashKey[list[Any]]()


def pytest_configure(config: pytest.Config) -> None:
    """Make room for the rows."""
    config.stash[_ROWS] = []
    config.pluginmanager.register(_Gatherer(config.stash[_ROWS]))


class _Gatherer:
    def __init__(self, rows: list[Any]) -> None:
        self._rows = rows

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Take the rows out of a report."""
        if report.when == "call":
            self._rows += [value for name, value in report.user_properties if name == PROPERTY]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Print the table, if any mutant was judged."""
    rows: list[Any] = config.stash[_ROWS]
    if rows:
        terminalreporter.section("mutants of rendered policies: what the proof caught, what changes no reach")
        for line in lines(merge(rows)):
            terminalreporter.write_line(line)
