"""Cases of imports: a folder with input, and the catalog and messages that must come of it, whole.

    cases/FORMAT/CASE/input/...        what is imported, in the folder input (or as `arguments` says)
    cases/FORMAT/CASE/arguments        optional: the arguments behind `mcpfence import`, one line as in a shell
    cases/FORMAT/CASE/expected.yaml    what is printed; absent where nothing is
    cases/FORMAT/CASE/expected.txt     every message, and the exit code

`make golden` rewrites the expected files; read the difference as somebody who attacks the servers would.
"""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest

from helpers import Outcome, run_cli

CASES = Path(__file__).parent / "cases"
_ALL = sorted(folder for folder in CASES.glob("*/*") if folder.is_dir())


def _title(folder: Path) -> str:
    return folder.relative_to(CASES).as_posix()


def _run(folder: Path) -> Outcome:
    written = folder / "arguments"
    line = written.read_text(encoding="utf-8") if written.is_file() else f"{folder.parent.name} input"
    stdin = (folder / "stdin").read_bytes() if (folder / "stdin").is_file() else b""
    return run_cli("import", *shlex.split(line), "-v", stdin=stdin)


@pytest.mark.golden
@pytest.mark.parametrize("folder", _ALL, ids=_title)
def test_import_gives_the_expected_catalog_and_messages(
    folder: Path, monkeypatch: pytest.MonkeyPatch, *, update_golden: bool
) -> None:
    """Each case prints exactly its catalog and says exactly its messages, with its exit code."""
    monkeypatch.chdir(folder)
    outcome = _run(folder)
    said = f"{outcome.stderr}exit {outcome.code}\n"
    printed, messages = folder / "expected.yaml", folder / "expected.txt"
    if update_golden:
        printed.write_text(outcome.stdout, encoding="utf-8") if outcome.stdout else printed.unlink(missing_ok=True)
        messages.write_text(said, encoding="utf-8")

    assert said == messages.read_text(encoding="utf-8")
    assert outcome.stdout == (printed.read_text(encoding="utf-8") if printed.is_file() else "")


@pytest.mark.parametrize("printed", sorted(CASES.glob("*/*/expected.yaml")), ids=lambda path: _title(path.parent))
def test_expected_catalogs_pass_check(printed: Path) -> None:
    """What a case prints is a catalog that `mcpfence check` accepts."""
    outcome = run_cli("check", "-f", str(printed))

    assert outcome.code == 0, outcome.stderr


@pytest.mark.parametrize("folder", _ALL, ids=_title)
def test_import_is_the_same_twice(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Importing the same input again gives the same bytes."""
    monkeypatch.chdir(folder)

    assert _run(folder) == _run(folder)


def test_every_printed_secret_is_absent() -> None:
    """What cases mark as a secret (the word TOPSECRET) is in none of their expected files."""
    leaks = [
        path.relative_to(CASES).as_posix()
        for path in CASES.rglob("expected.*")
        if "TOPSECRET" in path.read_text(encoding="utf-8")
    ]

    assert leaks == []


def test_cases_use_every_format() -> None:
    """Each format has cases of its own."""
    from mcpfence.imports import FORMATS

    assert set(FORMATS) - {folder.parent.name for folder in _ALL} == set()
