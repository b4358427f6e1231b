"""The rounds of `mcpfence watch`, with somebody else's clock: what is said, what goes on, what ends it."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from edges import CATALOG
from mcpfence.cli.check import CheckInput
from mcpfence.cli.console import Console
from mcpfence.cli.watch import Clock, watch

GOOD = json.dumps(CATALOG)
BAD = json.dumps({**CATALOG, "servers": {"vault": {"runtime": "snail"}}})
CHOICE = (
    'error: values.yaml:1:180 servers.vault.runtime: "snail" is no choice here; '
    "write one of: npx, uvx, containerized, remote, composite [choice]"
)


def rounds(*steps: Callable[[], Any], quiet: bool = False, files: tuple[str, ...] = ("values.yaml",)) -> list[str]:
    """What is said while these things happen, one before each look, and somebody interrupts then."""
    waiting = iter(steps)
    minutes = iter(range(60))

    def wait() -> None:
        step = next(waiting, None)
        if step is None:
            raise KeyboardInterrupt
        step()

    asked = CheckInput(files, (), (), "mcp", "home", allow_empty=False, policies_only=False)
    console = Console(verbose=True, quiet=quiet)
    clock = Clock(wait, lambda: f"10:{next(minutes):02}:00")
    said = io.StringIO()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "stderr", said)
        assert watch(asked, console, clock, summary=False, clear=False) == 0
    assert len(console.sources) <= 1  # those of earlier rounds are forgotten
    return said.getvalue().splitlines()


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("values.yaml").write_text(GOOD)


def save(text: str) -> Callable[[], Any]:
    """Somebody saves the file; the size tells one save from another, whatever the file system's clock."""
    return lambda: Path("values.yaml").write_text(text + " " * (len(text) % 7))


FIRST = ["mcpfence: 10:00:00 watching values.yaml; Ctrl-C ends", "mcpfence: no errors, no warnings, no notes"]


def test_rounds() -> None:
    """One at once, one for each save, none where nothing was saved; positions are those of the new text."""
    assert rounds(lambda: None, save(BAD), lambda: None, save(GOOD)) == [
        *FIRST,
        "mcpfence: 10:01:00 values.yaml changed",
        CHOICE,
        "mcpfence: 1 error, no warnings, no notes",
        "mcpfence: 10:02:00 values.yaml changed",
        "mcpfence: no errors, no warnings, no notes",
    ]


def test_file_in_the_middle_of_a_save() -> None:
    """Half of a file, or none at all, is a finding of its round."""
    assert rounds(save('{"servers": {'), lambda: Path("values.yaml").unlink(), save(GOOD)) == [
        *FIRST,
        "mcpfence: 10:01:00 values.yaml changed",
        "error: values.yaml:2:1: did not find expected node content; mend the YAML [file-unreadable]",
        "mcpfence: 1 error, no warnings, no notes",
        "mcpfence: 10:02:00 values.yaml changed",
        "error: values.yaml: cannot be read (No such file or directory); check the path [file-unreadable]",
        "mcpfence: 1 error, no warnings, no notes",
        "mcpfence: 10:03:00 values.yaml changed",
        "mcpfence: no errors, no warnings, no notes",
    ]


def test_quiet() -> None:
    """-q says errors, and nothing where there are none."""
    assert rounds(save(BAD), save(GOOD), quiet=True) == [CHOICE]


def test_folder_that_goes_while_it_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """Is a finding of its round, too."""
    faults = iter([FileNotFoundError(2, "No such file or directory", "out")])

    def gone(*_: object, **__: object) -> bool:
        fault = next(faults, None)
        if fault:
            raise fault
        return False

    monkeypatch.setattr("mcpfence.cli.watch.tell", gone)
    assert rounds(save(BAD)) == [
        FIRST[0],
        "error: out: cannot be read (No such file or directory); check the path [file-unreadable]",
        "mcpfence: 10:01:00 values.yaml changed",
    ]


def test_nobody_listens_any_more(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the reader of stderr has gone, as `head` does, it ends instead of going on for nobody."""

    class Gone(io.StringIO):
        def write(self, _: str) -> int:
            raise BrokenPipeError(32, "Broken pipe")

    monkeypatch.setattr(sys, "stderr", Gone())
    monkeypatch.setattr("mcpfence.cli.console.forget", lambda _: None)
    asked = CheckInput(("values.yaml",), (), (), "mcp", "home", allow_empty=False, policies_only=False)

    assert watch(asked, Console(), Clock(lambda: pytest.fail("it waits")), summary=False, clear=False) == 1


def test_screen_is_cleared_if_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    """Before each round."""
    cleared: list[int] = []
    monkeypatch.setattr("click.clear", lambda: cleared.append(1))
    steps = iter([save(BAD)])

    def wait() -> None:
        next(steps, lambda: (_ for _ in ()).throw(KeyboardInterrupt))()

    asked = CheckInput(("values.yaml",), (), (), "mcp", "home", allow_empty=False, policies_only=False)
    watch(asked, Console(quiet=True), Clock(wait, str), summary=False, clear=True)

    assert cleared == [1, 1]
