"""Rows in a temporary file."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest

from mcpfence.findings.finding import McpfenceError
from mcpfence.system.aside import RowFile


def rows(start: int, count: int) -> list[tuple[object, ...]]:
    """Rows with all that rows hold."""
    return [(number, "text \ud800 ü", ("a", (1 << 62, True)), ()) for number in range(start, start + count)]


def test_runs_are_read_side_by_side() -> None:
    """Every run gives its rows in order, as often as they are asked for, while others are read and written."""
    with RowFile() as aside:
        first, second = aside(rows(0, 300)), aside(rows(1000, 300))
        pairs = list(zip(first, second, strict=True))
        assert pairs == list(zip(rows(0, 300), rows(1000, 300), strict=True))
        begun = iter(first)
        assert next(begun) == rows(0, 1)[0]
        third = aside(rows(5, 1))
        assert (list(third), list(begun)) == (rows(5, 1), rows(1, 299))
        assert list(aside([])) == []


def test_nothing_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The file has no name, and no file is made where nothing is put aside."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with RowFile() as aside:
        aside(rows(0, 1))
        assert list(tmp_path.iterdir()) == []
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "none"))
    with RowFile():
        pass


def test_no_room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder that takes no file is an error that names it."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "none"))
    with RowFile() as aside, pytest.raises(McpfenceError) as told:
        aside(rows(0, 1))

    assert told.value.findings[0].message == (
        "what is in work cannot be put into a temporary file (No such file or directory); "
        f"make room in {tmp_path / 'none'}, or name another folder with TMPDIR"
    )


def test_a_full_disk() -> None:
    """What cannot be written to its end is an error, too."""
    with RowFile() as aside, Path("/dev/full").open("r+b", buffering=0) as full:
        aside(rows(0, 1))
        real, aside._file = aside._file, full
        with pytest.raises(McpfenceError, match=r"temporary file \(No space left on device\)"):
            aside(rows(0, 1))
        aside._file = real
