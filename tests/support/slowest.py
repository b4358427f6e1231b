"""Where the time of a run went: the ten slowest groups of pytest-xdist, or files of tests without one, at its end.

Durations are wall time on one worker, summed over a group's tests with their fixtures; they come with the reports, so
from the workers too.
"""

from __future__ import annotations

from collections import Counter

import pytest

SHOWN = 10

_SPENT = pytest.StashKey[Counter[str]]()


def pytest_configure(config: pytest.Config) -> None:
    """Make room for the sums."""
    config.stash[_SPENT] = Counter()
    config.pluginmanager.register(_Gatherer(config.stash[_SPENT]))


class _Gatherer:
    def __init__(self, spent: Counter[str]) -> None:
        self._spent = spent

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Add what one phase of a test took."""
        self._spent[group_of(report.nodeid)] += report.duration  # type: ignore[assignment]


def group_of(nodeid: str) -> str:
    """The group that pytest-xdist has put behind the id of a test, else the test's file."""
    test, _, group = nodeid.rpartition("@")
    return f"group {group}" if test and "]" not in group else nodeid.partition("::")[0]


def lines(spent: Counter[str]) -> list[str]:
    """The slowest, each with its seconds and its share of the sum; none where there are few anyway."""
    if len(spent) <= SHOWN:
        return []
    whole = sum(spent.values()) or 1.0
    return [f"{took:8.1f} s {took / whole:6.1%}  {name}" for name, took in spent.most_common(SHOWN)]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Print them."""
    found = lines(config.stash[_SPENT])
    if found:
        terminalreporter.section("slowest groups and files (seconds on one worker)")
        for line in found:
            terminalreporter.write_line(line)
