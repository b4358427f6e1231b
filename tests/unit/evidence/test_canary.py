"""The canary's program, run as in the cluster: with nothing but Python, against sockets of this machine."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest

from tooling import ROOT

SOURCE = (ROOT / "renderer" / "mcpfence" / "evidence" / "canary.py").read_text(encoding="utf-8")


@pytest.fixture
def listening() -> Iterator[int]:
    """The port of somebody who takes connections and closes them without a word."""
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        ended = threading.Event()

        def serve() -> None:
            while not ended.is_set():
                try:
                    server.accept()[0].close()
                except OSError:
                    return

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield server.getsockname()[1]
        ended.set()
        with closing(socket.create_connection(server.getsockname())):
            pass
        thread.join()


@pytest.fixture
def nobody() -> int:
    """A port on which nobody listens."""
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        return int(server.getsockname()[1])


def run(port: int, expect: str, *more: str, **keys: Any) -> tuple[int, str]:
    """The exit code and what is printed of one attempt."""
    tried = json.dumps([{"host": "127.0.0.1", "port": port, "expect": expect, **keys}])
    done = subprocess.run(
        [sys.executable, "-I", "-c", SOURCE, tried, *more], capture_output=True, text=True, check=False
    )
    assert done.stderr == ""
    return done.returncode, done.stdout.replace(str(port), "PORT")


def test_an_open_connection(listening: int) -> None:
    """It is right where it was to be allowed, and ends the Job with 1 where it was to be denied."""
    assert run(listening, "allowed") == (0, "ok 127.0.0.1 TCP PORT, to be allowed: open\n0 of 1 wrong\n")
    assert run(listening, "denied") == (1, "WRONG 127.0.0.1 TCP PORT, to be denied: open\n1 of 1 wrong\n")


def test_a_refusal_was_answered_by_somebody(nobody: int) -> None:
    """The packet got there, so it counts as open; not where the cluster's engine refuses what it denies."""
    assert run(nobody, "denied")[0] == 1
    assert run(nobody, "denied", "refusal-is-denial") == (
        0,
        "ok 127.0.0.1 TCP PORT, to be denied: refused\n0 of 1 wrong\n",
    )
    assert run(nobody, "allowed", "refusal-is-denial")[0] == 1


def test_a_name_must_be_answered(listening: int) -> None:
    """A connection that opens and is cut when a name shows in it is denied, as engines do that look at names."""
    code, said = run(listening, "denied", name="api.example.com")

    assert code == 0, said
    assert "connected, and nobody answered the name" in said
