"""The judges' cases: the lines of netpol-analyzer's `list` for real folders of manifests."""

from __future__ import annotations

from pathlib import Path

import pytest

from mcpfence.reach.connectivity.connections import connections
from mcpfence.reach.connectivity.list_form import as_list
from reaching.loading import load_folder
from tooling import MissingComponentError, find_shared


def cases() -> list[str]:
    """The names of the cases; none where the judges are missing, which the first test says."""
    try:
        return sorted(
            path.parent.name for path in (find_shared() / "judges" / "netpol-analyzer").glob("*/expected.txt")
        )
    except MissingComponentError:
        return []


def test_every_judge_is_there(shared: Path) -> None:
    """All 18 cases stand beside the checkout."""
    assert (shared / "judges").is_dir()
    assert len(cases()) == 18


@pytest.mark.parametrize("case", cases())
def test_lines_are_those_of_netpol_analyzer(case: str, shared: Path) -> None:
    """Line for line, in the same order."""
    folder = shared / "judges" / "netpol-analyzer" / case

    found = connections(load_folder(folder / "input"))

    assert as_list(found).splitlines() == (folder / "expected.txt").read_text().splitlines()
    assert not found.problems
