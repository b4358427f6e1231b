"""Catalogs that are refused, each with every sentence that says so: the files in `cases/`, one for each subject."""

from __future__ import annotations

from pathlib import Path

import pytest

from bad_input import Case, hold, read_cases, rewrite

CASES = Path(__file__).parent / "cases"


def _row(case: Case) -> object:
    """One worker has all cases of a file, so two of them never write it at once."""
    return pytest.param(case, id=case.title, marks=pytest.mark.xdist_group(f"bad-input-{case.file.stem}"))


@pytest.mark.golden
@pytest.mark.parametrize("case", [_row(case) for case in read_cases(CASES)])
def test_catalog_is_refused(
    case: Case, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, update_golden: bool
) -> None:
    """Each fault of a catalog is said once, with its place in the file, what is wrong and what to do."""
    monkeypatch.chdir(tmp_path)
    if update_golden:
        case = rewrite(case)

    hold(case)
