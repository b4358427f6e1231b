"""One meaning for each letter of an option, and one table of exit codes, for all commands."""

from __future__ import annotations

import importlib
from pathlib import Path

import click
import pytest

from helpers import run_cli
from mcpfence.cli.main import _COMMANDS

MEANINGS = {
    "-f": {"values"},
    "-h": {"help"},
    "-n": {"namespace"},
    "-o": {"output"},
    "-q": {"quiet"},
    "-v": {"verbose"},
}
"""Of each letter the long name that it always has."""


def _options() -> list[tuple[str, click.Parameter]]:
    found = []
    for name, (module, _) in _COMMANDS.items():
        command: click.Command = importlib.import_module(module).command
        commands = list(command.commands.values()) if isinstance(command, click.Group) else [command]
        found += [(name, param) for one in commands for param in one.params]
    return found


def test_a_letter_has_one_meaning() -> None:
    """The same letter is the same word in every command, and no letter is without a row here."""
    found: dict[str, set[str]] = {}
    for _, param in _options():
        longs = {name.removeprefix("--") for name in param.opts if name.startswith("--")}
        for letter in (name for name in param.opts if name.startswith("-") and not name.startswith("--")):
            found[letter] = found.get(letter, longs) & longs

    assert all(found.values()), found
    assert {letter: names & MEANINGS[letter] for letter, names in found.items()} == {
        letter: MEANINGS[letter] for letter in found
    }


@pytest.mark.parametrize("command", ["check", "diff", "explain", "reach"])
def test_a_form_is_no_place_to_write(command: str) -> None:
    """Whoever writes -o json, as kubectl has it, is told the option."""
    done = run_cli(command, "x", "-o", "json")

    assert (done.code, done.stdout) == (2, "")
    assert "-o is where to write; for the form write --format json." in done.stderr


@pytest.mark.parametrize(
    "arguments",
    [("render", "-o"), ("import", "docker", "x", "-o"), ("cidrs", "aws", "x", "-o"), ("observe", "x", "-o")],
)
def test_no_folder_or_file_is_named_like_a_form(arguments: tuple[str, ...], tmp_path: Path) -> None:
    """It would be made silently, and is not what was meant."""
    done = run_cli(*arguments, "json")

    assert (done.code, done.stdout) == (2, "")
    assert "-o is where to write, and json is a form; for a path of that name write ./json." in done.stderr
    assert not (tmp_path / "json").exists()


GOOD = "clients: {g: {namespace: g, podSelector: {app: g}}}\nservers: {a: {runtime: containerized}}\n"
BAD = "servers: {a: {runtime: npx, x: 1}}\n"
POD = "apiVersion: v1\nkind: Pod\nmetadata: {name: web, namespace: a}\n"
UNREAD = (
    f"{POD}---\napiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {{name: q, namespace: a}}\nspec: 1\n"
)

CODES = {
    ("check", "-f", "good.yaml"): 0,
    ("check", "-f", "bad.yaml"): 1,
    ("check",): 2,
    ("render", "--policies-only", "-f", "good.yaml"): 0,
    ("render", "--policies-only", "-f", "bad.yaml"): 1,
    ("render", "--policies-only", "-f", "good.yaml", "-o", "folder", "--check"): 1,
    ("render", "--no-such-option"): 2,
    ("diff", "good.yaml", "good.yaml"): 0,
    ("diff", "good.yaml", "pod.yaml"): 1,
    ("diff", "good.yaml", "bad.yaml"): 1,
    ("diff", "good.yaml", "none.yaml"): 1,
    ("diff", "good.yaml"): 2,
    ("explain", "a", "-f", "good.yaml", "--from", "g"): 0,
    ("explain", "a", "-f", "good.yaml", "--to", "8.8.8.8"): 1,
    ("explain", "b", "-f", "good.yaml"): 1,
    ("explain", "-f", "good.yaml"): 0,
    ("explain", "-f", "good.yaml", "--format", "json"): 2,
    ("report", "-f", "good.yaml"): 0,
    ("report", "-f", "bad.yaml"): 1,
    ("report", "-f", "good.yaml", "--base", "nosuch"): 1,
    ("report",): 2,
    ("explain", "a", "-f", "good.yaml", "--to", "a b"): 2,
    ("reach", "pod.yaml"): 0,
    ("reach", "unread.yaml"): 1,
    ("reach", "none.yaml"): 1,
    ("reach",): 2,
    ("import", "mcp-json", "none.yaml"): 1,
    ("import", "no-such-format", "pod.yaml"): 2,
    ("cidrs", "aws", "none.yaml"): 1,
    ("cidrs", "no-such-cloud"): 2,
    ("post-render",): 1,
    ("post-render", "--no-such-option"): 2,
    ("krm",): 1,
    ("krm", "--no-such-option"): 2,
    ("chart",): 0,
    ("schema",): 0,
    ("helm-plugin",): 0,
    ("completion", "bash"): 0,
    ("completion", "no-such-shell"): 2,
    ("argocd", "no-such-command"): 2,
    ("observe", "none.log", "-f", "good.yaml"): 1,
    ("observe",): 2,
    ("evidence", "-f", "good.yaml", "-o", "pack"): 0,
    ("evidence", "-f", "bad.yaml", "-o", "pack"): 1,
    ("evidence", "-f", "good.yaml"): 2,
    ("verify-evidence", "none"): 1,
    ("verify-evidence",): 2,
    ("init", "--no-such-option"): 2,
    ("fmt", "good.yaml"): 0,
    ("fmt", "--check", "good.yaml"): 0,
    ("fmt", "none.yaml"): 1,
    ("fmt", "pod.yaml"): 1,
    ("fmt",): 2,
    ("watch",): 2,
    ("config",): 0,
    ("config", "--no-such-option"): 2,
    ("no-such-command",): 2,
}


@pytest.mark.parametrize(
    ("arguments", "code"), CODES.items(), ids=lambda part: " ".join(part) if isinstance(part, tuple) else ""
)
def test_exit_codes(arguments: tuple[str, ...], code: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """0 done, 1 found something or failed, 2 wrong usage: the table of docs/render-paths.md."""
    monkeypatch.chdir(tmp_path)
    for name, text in (("good", GOOD), ("bad", BAD), ("pod", POD), ("unread", UNREAD)):
        Path(f"{name}.yaml").write_text(text, encoding="utf-8")
    done = run_cli(*arguments)

    assert done.code == code, done.stderr
    if code == 2:
        assert done.stdout == ""


def test_every_command_has_its_codes() -> None:
    """A command that joins is tried here."""
    assert {arguments[0] for arguments in CODES} >= set(_COMMANDS)
