"""A line tells on a terminal that long work goes on, and leaves no trace in what is printed."""

from __future__ import annotations

import io
import json
import os
import pty
import re
import subprocess
from pathlib import Path

import pytest

from edges import CATALOG, carrier, environment, mcpfence_command
from mcpfence.cli.waiting import Waiting, what_is_done
from mcpfence.documents.values import read_source
from tooling import PATIENCE

ERASED = b"\r\x1b[K"


def test_line_comes_and_goes_without_a_trace(tmp_path: Path) -> None:
    """While `check` waits for a pipe the terminal says so; when the catalog is there, it says what it always says."""
    fifo = tmp_path / "values.yaml"
    os.mkfifo(fifo)
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [*mcpfence_command(), "check", "-f", str(fifo), "--no-summary"],
        stderr=theirs,
        stdout=theirs,
        env=environment(NO_COLOR="1", TERM="xterm"),
        cwd=tmp_path,
    )
    os.close(theirs)
    seen = b""
    while b"mcpfence: reading, " not in seen:
        seen += os.read(ours, 1000)
    fifo.write_text(json.dumps(CATALOG), encoding="utf-8")
    seen += everything(ours)
    code = process.wait(PATIENCE)

    line, _, rest = seen.rpartition(ERASED)
    assert code == 0
    assert re.match(rb"\r\x1b\[Kmcpfence: reading, [1-9][0-9]* s ", line)
    assert rest.decode().splitlines() == ["mcpfence: no errors, no warnings, no notes"]


def everything(terminal: int) -> bytes:
    """What is still written to a terminal until its last writer has gone."""
    found = b""
    while True:
        try:
            piece = os.read(terminal, 65536)
        except OSError:  # as Linux says it
            return found
        if not piece:
            return found
        found += piece


def test_line_is_drawn_anew_and_taken_away_once() -> None:
    """Each beat replaces the line; hiding what is not there writes nothing."""
    stream = io.StringIO()
    waiting = Waiting(stream, lambda: "10,000 servers")

    waiting.hide()
    waiting.draw(1)
    waiting.draw(1200)
    waiting.hide()
    waiting.hide()

    assert stream.getvalue() == (
        "\r\x1b[Kmcpfence: 10,000 servers, 1 s \r\x1b[Kmcpfence: 10,000 servers, 1,200 s \r\x1b[K"
    )


@pytest.mark.parametrize(
    ("texts", "words"),
    [
        ([], "reading"),
        (["clients: {}"], "working"),
        (["servers: {a: {runtime: npx}}", "servers: {a: {}, b: {}}"], "2 servers"),
        (["servers: [a]"], "working"),
    ],
)
def test_what_is_being_done(texts: list[str], words: str) -> None:
    """What the values files say, as soon as they are there."""
    assert what_is_done([read_source("values.yaml", text) for text in texts]) == words


def test_a_terminal_that_has_gone(tmp_path: Path) -> None:
    """Nobody sees the line any more; the work goes on."""
    stream = (tmp_path / "gone").open("w", encoding="utf-8")
    stream.close()

    with Waiting(stream, lambda: "working") as waiting:
        waiting.draw(1)


def test_helm_s_call_leaves_no_trace_either(tmp_path: Path) -> None:
    """`post-render` without options goes its own way to the same line, which is gone before anything is said."""
    ours, theirs = pty.openpty()
    command, pipe = [*mcpfence_command(), "post-render"], subprocess.PIPE
    with (
        (tmp_path / "out").open("wb") as out,
        subprocess.Popen(
            command, stdin=pipe, stdout=out, stderr=theirs, env=environment(NO_COLOR="1", TERM="xterm")
        ) as process,
    ):
        os.close(theirs)
        seen = b""
        while b"mcpfence: reading, " not in seen:
            seen += os.read(ours, 1000)
        process.communicate(carrier())
        seen += everything(ours)

    assert process.returncode == 0
    assert seen.rpartition(ERASED)[2].decode().splitlines() == [
        "mcpfence: release demo: 1 fence, 3 objects for namespace demo-mcp, provider none"
    ]
