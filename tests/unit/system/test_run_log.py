"""The log of runs under Helm 4: where it lies, what begins a run, how large it gets, and what it never does."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from edges import mcpfence
from mcpfence.cli.console import Console
from mcpfence.render.report import LOG
from mcpfence.system.run_log import FULL, PLACE, begin_run_log

STREAM = b"""---
apiVersion: v1
kind: ConfigMap
metadata: {name: c, namespace: home, labels: {mcpfence.io/carrier: catalog}}
data: {catalog: '{"version": "0.1.0", "release": "rel", "namespace": "home", "catalog": %s}'}
"""
GOOD = STREAM % b'{"mcpNamespace": {"networkPolicy": {"enabled": false}}}'
BAD = STREAM % b'{"serverz": {}}'
SEPARATOR = r"--- \d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ mcpfence 0\.1\.0 post-render"


def _helm4(folder: Path, *arguments: str, stdin: bytes = GOOD) -> tuple[int, list[str]]:
    """The exit code of a run as Helm 4 starts it, and the lines of the log below `folder`."""
    found = mcpfence(
        "post-render", "--allow-empty", *arguments, stdin=stdin, XDG_STATE_HOME=str(folder), HELM_PLUGIN_NAME="mcpfence"
    )
    log = folder / PLACE
    return found.returncode, log.read_text(encoding="utf-8").splitlines() if log.is_file() else []


def test_each_run_has_its_time_and_what_it_said(tmp_path: Path) -> None:
    """A success, a failure and wrong usage stand one below the other."""
    codes = [_helm4(tmp_path)[0], _helm4(tmp_path, stdin=BAD)[0]]
    third, lines = _helm4(tmp_path, "--frob")
    starts = [number for number, line in enumerate(lines) if line.startswith("--- ")]

    assert [*codes, third] == [0, 1, 2]
    assert [bool(re.fullmatch(SEPARATOR, lines[number])) for number in starts] == [True, True, False]
    assert len(starts) == 3
    assert "mcpfence: release rel: " in "".join(lines[: starts[1]])
    assert "error: serverz: is no known key" in "".join(lines[starts[1] : starts[2]])
    assert "No such option" in "".join(lines[starts[2] :])


def test_a_log_that_is_named_is_the_only_one(tmp_path: Path) -> None:
    """--log-file says where; nothing else is written, and no line is added to it."""
    code, lines = _helm4(tmp_path, "--log-file", str(tmp_path / "own"))

    assert (code, lines) == (0, [])
    assert "\nmcpfence: release rel: " in (tmp_path / "own").read_text(encoding="utf-8")


def test_without_helm4_there_is_none(tmp_path: Path) -> None:
    """Whoever calls mcpfence otherwise sees stderr."""
    assert mcpfence("post-render", "--allow-empty", stdin=GOOD, XDG_STATE_HOME=str(tmp_path)).returncode == 0
    assert list(tmp_path.iterdir()) == []


def _folder(path: Path) -> None:
    path.mkdir()


def _link(path: Path) -> None:
    path.symlink_to(path.parent.parent / "elsewhere")


def _pipe(path: Path) -> None:
    os.mkfifo(path)


@pytest.mark.parametrize("lay", [_folder, _link, _pipe])
def test_what_cannot_be_written_never_stops_a_render(tmp_path: Path, lay: Callable[[Path], None]) -> None:
    """A folder in its place, a link to somewhere else, a pipe that nobody reads: the render is as without a log."""
    (tmp_path / PLACE).parent.mkdir()
    lay(tmp_path / PLACE)

    assert begin_run_log({"XDG_STATE_HOME": str(tmp_path)}, "x") is None
    assert _helm4(tmp_path) == (0, [])
    assert not (tmp_path / "elsewhere").exists()


def test_a_file_in_the_place_of_the_folder(tmp_path: Path) -> None:
    """Nor does a home folder that is none."""
    (tmp_path / "mcpfence").write_text("x", encoding="utf-8")

    assert _helm4(tmp_path) == (0, [])


def test_a_full_log_moves_away(tmp_path: Path) -> None:
    """One earlier log is kept, so there are never more than two, each of about its size."""
    log = tmp_path / PLACE
    log.parent.mkdir()
    for text in ("a" * (FULL + 1), "b" * (FULL + 1)):
        log.write_text(text, encoding="utf-8")
        begin_run_log({"XDG_STATE_HOME": str(tmp_path)}, "run")

    assert sorted(path.name for path in log.parent.iterdir()) == ["helm.log", "helm.log.1"]
    assert log.with_name("helm.log.1").read_text(encoding="utf-8")[:1] == "b"
    assert log.stat().st_size < 100


def test_one_run_cannot_fill_the_disk(tmp_path: Path) -> None:
    """Behind so much a line says that there is more; everything stands on stderr all the same."""
    log = tmp_path / "log"
    console = Console(log_file=str(log), log_room=20)
    for letter in "abc":
        console.say(letter * 15)

    assert log.read_text(encoding="utf-8").splitlines() == ["a" * 15, "mcpfence: the rest is not in this log"]


def test_only_its_owner_reads_it(tmp_path: Path) -> None:
    """What a catalog says is nobody else's business."""
    _helm4(tmp_path)

    assert (tmp_path / PLACE).stat().st_mode & 0o777 == 0o600
    assert (tmp_path / PLACE).parent.stat().st_mode & 0o077 == 0


def test_where_it_lies(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Below ~/.local/state, also where the variable holds no absolute path."""
    monkeypatch.setenv("HOME", str(tmp_path))
    place = str(tmp_path / ".local" / "state" / "mcpfence" / "helm.log")

    assert place.removeprefix(str(tmp_path)) in LOG, "the report names it"
    assert [begin_run_log(variables, "x") for variables in ({}, {"XDG_STATE_HOME": "here"})] == [place, place]
