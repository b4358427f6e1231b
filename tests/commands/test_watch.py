"""`mcpfence watch` as people start it: a process, a save, a line; and what cannot be watched."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from edges import CATALOG, environment, mcpfence, mcpfence_command, refusal
from tooling import PATIENCE, eventually


@pytest.fixture
def process(tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A watch of values.yaml, as the project file has it, whose words go into a file."""
    (tmp_path / "values.yaml").write_text(json.dumps(CATALOG))
    (tmp_path / ".mcpfence.yaml").write_text("values: values.yaml\n")
    with (tmp_path / "said").open("wb") as said:
        started = subprocess.Popen(
            [*mcpfence_command(), "watch"],
            cwd=tmp_path,
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=said,
            env=environment(),
            # Whoever runs the tests in the background has it ignored, and so would what they start.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509
        )
        try:
            yield started
        finally:
            started.kill()
            started.wait(PATIENCE)


@pytest.mark.skipif(os.name == "nt", reason="sends SIGINT")
def test_save_and_interrupt(process: subprocess.Popen[bytes], tmp_path: Path) -> None:
    """A save is answered; Ctrl-C ends it with exit code 0. Nothing clears what is no terminal."""

    def said(word: str) -> str:
        return eventually(
            lambda: text if word in (text := (tmp_path / "said").read_text()) else None, f"{word} is said"
        )

    assert said("no notes").count("watching values.yaml; Ctrl-C ends") == 1
    (tmp_path / "values.yaml").write_text("servers: {vault: {runtime: snail}}\n")
    text = said("1 error")
    process.send_signal(signal.SIGINT)

    assert process.wait(PATIENCE) == 0
    assert "values.yaml changed\nerror: values.yaml:1:28 servers.vault.runtime:" in text
    assert "\x1b" not in text
    assert "Traceback" not in (tmp_path / "said").read_text()


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ((), "Error: Nothing to check: name a values file with -f, or in .mcpfence.yaml."),
        (("-f", "-"), "Error: stdin cannot be watched: name files."),
        (("-f", "values.yaml", "-"), "Error: stdin cannot be watched: name files."),
        (("-f", "values.yaml", "--policies-only"), "Error: --policies-only is about manifests: name them."),
    ],
)
def test_wrong_usage(arguments: tuple[str, ...], sentence: str, tmp_path: Path) -> None:
    """Exit code 2, before anything is watched."""
    assert refusal(mcpfence("watch", *arguments, cwd=tmp_path), code=2).splitlines()[-1] == sentence
