"""What the docs show is what happens: catalogs pass, and commands print what is shown below them.

Three kinds of code blocks are run, by the words behind the fence:

    yaml NAME        a catalog, or manifests; the console blocks of the page find it as the file NAME
    json NAME        likewise a file, of whatever JSON or lines of it
    console [HELM]   commands behind `$ ` with what they print, run in a folder of their own; a line `...` stands for
                     any lines.  HELM is helm3, helm4, or helm4-home (a Helm 4 that has no plugin yet)
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from pages import BLOCKS, Block
from tooling import PATIENCE, PLUGINS, ROOT, find_helm3, find_helm4, helm_environment, need

CONSOLES = [
    block
    for block in BLOCKS
    if block.kind == "console" and (block.page.parent == ROOT or ROOT / "docs" in block.page.parents)
]
FILES = [block for block in BLOCKS if block.kind in ("yaml", "json") and block.words]
CATALOGS = [block for block in FILES if block.kind == "yaml" and "apiVersion:" not in block.text]

_MARK = "=== end of a command ==="

pytestmark = pytest.mark.skipif(os.name == "nt", reason="the commands are shown as a POSIX shell runs them")


@pytest.mark.parametrize("block", CATALOGS, ids=str)
def test_catalogs_have_no_errors(block: Block, tmp_path: Path) -> None:
    """A catalog that the docs show passes `mcpfence check`."""
    (tmp_path / "values.yaml").write_text(block.text, encoding="utf-8")
    outcome = _shell("mcpfence check -f values.yaml", tmp_path, None, None)

    assert "mcpfence: no errors" in outcome


@pytest.mark.parametrize("block", CONSOLES, ids=str)
def test_shown_output_is_real(block: Block, tmp_path: Path) -> None:
    """Each command of a console block, run as written, prints what the block shows."""
    helm = need({"helm3": find_helm3}.get(block.words[0], find_helm4)) if block.words else None
    folder = tmp_path / "work"
    shutil.copytree(ROOT / "chart", folder / "chart")
    for other in FILES:
        if other.page == block.page:
            (folder / other.words[0]).write_text(other.text, encoding="utf-8")
    commands, expected = _script(block.text)
    script = "\n".join(f"{command}\necho '{_MARK}'" for command in commands)
    plugins = PLUGINS if block.words == ("helm4",) else None
    printed = _shell(script, folder, helm, plugins).split(f"{_MARK}\n")

    for command, shown, said in zip(commands, expected, printed, strict=False):
        assert _matches(shown, said.splitlines()), f"$ {command}\n{said}"


def _script(text: str) -> tuple[list[str], list[list[str]]]:
    """The commands of a console block, and the lines shown below each."""
    commands: list[str] = []
    expected: list[list[str]] = []
    for line in text.splitlines():
        if line.startswith("$ "):
            commands.append(line[2:])
            expected.append([])
        else:
            expected[-1].append(line)
    return commands, expected


def _shell(script: str, folder: Path, helm: Path | None, plugins: Path | None) -> str:
    """What a script prints on stdout and stderr, in a folder, with one helm on PATH."""
    programs = folder.parent / "programs"
    programs.mkdir(exist_ok=True)
    environment = dict(helm_environment(folder.parent / "home", plugins))
    if helm:
        (programs / "helm").symlink_to(helm)
    environment["PATH"] = f"{programs}{os.pathsep}{environment['PATH']}"
    environment["HOME"] = str(folder.parent / "home")
    done = subprocess.run(
        ["sh", "-c", script],
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
        check=False,
        timeout=PATIENCE,
    )
    return done.stdout


def _matches(shown: list[str], said: list[str]) -> bool:
    """Whether the shown lines, with `...` for any lines, are what was said."""
    pieces: list[list[str]] = [[]]
    for line in shown:
        if line == "...":
            pieces.append([])
        else:
            pieces[-1].append(line)
    if said[: len(pieces[0])] != pieces[0]:
        return False
    place = len(pieces[0])
    for piece in pieces[1:-1]:
        starts = (i for i in range(place, len(said) - len(piece) + 1) if said[i : i + len(piece)] == piece)
        start = next(starts, None)
        if start is None:
            return False
        place = start + len(piece)
    last = pieces[-1]
    if len(pieces) == 1:
        return place == len(said)
    return not last or (len(said) - len(last) >= place and said[-len(last) :] == last)


@pytest.mark.parametrize(
    ("shown", "said", "same"),
    [
        ("a b", "a b", True),
        ("a b", "a b c", False),
        ("a ...", "a b c", True),
        ("... c", "a b c", True),
        ("a ... c", "a b c", True),
        ("a ... b ... d", "a b c d", True),
        ("a ... b ... d", "a c b d", True),
        ("a ... d ... b", "a b c d", False),
        ("b ...", "a b c", False),
        ("... b", "a b c", False),
        ("", "a", False),
    ],
)
def test_matching_of_shown_lines(shown: str, said: str, same: bool) -> None:
    """`...` stands for any lines, and nothing else is left out."""
    assert _matches(shown.split(), said.split()) is same
