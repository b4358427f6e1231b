"""The hooks of the test run itself: engines end with their group, caches are emptied, the slowest groups are shown."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

import memory
from slowest import group_of, lines
from tooling import ROOT

CONFTEST = """\
import pathlib, pytest

def say(word):
    with pathlib.Path(__file__).with_name("said").open("a") as file:
        print(word, file=file)

@pytest.fixture(scope="session")
def world():
    say("world starts")
    yield
    say("world ends")

@pytest.fixture(scope="session")
def client(world):
    say("client starts")
    yield
    say("client ends")

@pytest.fixture(scope="session")
def other():
    yield
    say("session ends")
"""

TESTS = """\
import memory
import pytest
from conftest import say

@pytest.mark.xdist_group("one")
def test_first(client, other):
    say("first")

def test_alone():
    say("alone")

@pytest.mark.xdist_group("one")
def test_second(world):
    say("second")

@pytest.mark.xdist_group("two")
def test_again(client):
    say("again")
"""


def _run(folder: Path, *arguments: str) -> str:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT / "tests" / "support"), str(folder)])}
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "group_ends", "-p", "slowest"]
    done = subprocess.run(
        [*command, *arguments, "."], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_engines_end_with_their_group(tmp_path: Path) -> None:
    """What stands upon an engine ends, then the engine, behind the group's last test; the next group starts anew."""
    (tmp_path / "conftest.py").write_text(CONFTEST, encoding="utf-8")
    (tmp_path / "test_it.py").write_text(TESTS, encoding="utf-8")
    _run(tmp_path, "-p", "no:randomly")

    assert (tmp_path / "said").read_text(encoding="utf-8").splitlines() == [
        *("world starts", "client starts", "first", "alone", "second", "client ends", "world ends"),
        *("world starts", "client starts", "again", "client ends", "world ends"),
        "session ends",
    ]


DURATIONS = """\
import memory
import pytest

@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    report = yield
    report.duration = 0.2 if item.get_closest_marker("xdist_group") else 0.1
    return report
"""


def test_slowest_groups_are_shown(tmp_path: Path) -> None:
    """Behind a run on several workers stand ten rows, the slowest first; a group is one row."""
    (tmp_path / "conftest.py").write_text(DURATIONS, encoding="utf-8")
    tests = "import pytest\n@pytest.mark.xdist_group('g')\n@pytest.mark.parametrize('n', 'ab@')\ndef test_it(n): pass\n"
    (tmp_path / "test_slow.py").write_text(tests, encoding="utf-8")
    for number in range(10):
        (tmp_path / f"test_{number}.py").write_text("def test_it(): pass\n", encoding="utf-8")
    shown = _run(tmp_path, "-n", "2", "--dist", "loadgroup")
    table = shown.partition("slowest groups and files")[2].splitlines()[1:11]

    # Three tests of three phases each; the ten files take 0.3 s each.
    assert table[0].split() == ["1.8", "s", "37.5%", "group", "g"]
    assert [row.split()[0] for row in table[1:] if ".py" in row] == ["0.3"] * 9


def test_few_files_need_no_table() -> None:
    """Where there are ten rows or fewer, nothing is shown."""
    assert lines(Counter({str(number): 1.0 for number in range(10)})) == []


@pytest.mark.parametrize(
    ("nodeid", "group"),
    [
        ("tests/a/test_x.py::test_y[1]", "tests/a/test_x.py"),
        ("tests/a/test_x.py::test_y[1]@lab", "group lab"),
        ("tests/a/test_x.py::test_y[a@b]", "tests/a/test_x.py"),
        ("tests/a/test_x.py::test_y[a@b]@lab", "group lab"),
    ],
)
def test_group_of_a_report(nodeid: str, group: str) -> None:
    """pytest-xdist puts the group behind an @; one inside of a parameter is none."""
    assert group_of(nodeid) == group


def test_what_does_not_go_away_is_not_asked_for_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker that stays at two GiB is emptied once, and again when it has grown by half a GiB."""
    held, emptied = [2 << 30], []
    monkeypatch.setattr(memory, "_resident", lambda: held[0])
    monkeypatch.setattr(memory, "empty_caches", lambda: emptied.append(held[0]))
    keeper = memory.Keeper()

    for size in ((1 << 30) - 1, 2 << 30, 2 << 30, 5 << 29, 5 << 29):
        held[0] = size
        keeper.pytest_runtest_teardown()

    assert emptied == [2 << 30, 5 << 29]
