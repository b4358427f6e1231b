"""The files of the action and the workflows: pinned, linted, installable, and nothing in them that runs an input."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from composite import Job
from gittools import find_actionlint
from pull_requests import ACTION, PAGE, checkout
from tooling import ROOT, need

pytestmark = pytest.mark.skipif(os.name == "nt", reason="the action runs on Linux")


def test_no_script_has_an_expression_in_it() -> None:
    """What an expression puts into a script is run by bash; so all of them go through the environment."""
    steps = ACTION["runs"]["steps"]

    assert [step["name"] for step in steps if "${{" in step.get("run", "")] == []
    assert [step["name"] for step in steps if ("run" in step) == ("uses" in step)] == []


def test_actions_of_others_are_pinned_by_commit() -> None:
    """A tag can be moved; a commit cannot. The version stands behind it."""
    for path in (ROOT / "action.yml", *(ROOT / ".github" / "workflows").glob("*.yml")):
        for line in path.read_text(encoding="utf-8").splitlines():
            if re.match(r"[ -]*uses:", line) and not line.endswith("uses: ./"):
                assert re.search(r"uses: [\w-]+/[\w/-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$", line), line


def test_annotations_cannot_be_forged() -> None:
    """Line breaks, colons and commas of a catalog end neither a property nor the command."""
    finding = {
        "id": "choice",
        "severity": "note",
        "place": "servers.a\n::set-output name=x::y",
        "position": {"file": "a,b%.yaml", "line": 3, "column": 4},
        "sentence": "100 %\r",
        "todo": "",
    }
    done = subprocess.run(
        [sys.executable, str(ROOT / "action" / "annotate.py")],
        input=json.dumps({"findings": [finding, {**finding, "position": None, "place": "", "todo": "do"}]}),
        capture_output=True,
        text=True,
        check=True,
    )

    assert done.stdout.splitlines() == [
        "::notice file=a%2Cb%25.yaml,line=3,col=4,title=mcpfence choice::"
        "servers.a%0A::set-output name=x::y: 100 %25%0D",
        "::notice title=mcpfence choice::100 %25%0D; do",
    ]


def test_constraints_pin_every_dependency() -> None:
    """What the action installs is written down to the last digit."""
    lines = (ROOT / "action" / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pinned = {line.partition("==")[0].lower() for line in lines if not line.startswith("#")}
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    needed = [*project["project"]["dependencies"], *project["build-system"]["requires"]]

    assert {re.split(r"[<>=\[; ]", name)[0].lower() for name in needed} <= pinned
    assert all(re.fullmatch(r"[\w.-]+==[\w.]+|#.*", line) for line in lines)


@pytest.mark.slow
def test_install_step_as_written(tmp_path: Path) -> None:
    """A virtual environment of its own, with this checkout and the pinned dependencies."""
    (step,) = [step for step in ACTION["runs"]["steps"] if step["name"] == "Install mcpfence"]
    action = {**ACTION, "runs": {"steps": [step]}}
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "python").symlink_to(sys.executable)
    source = checkout(tmp_path / "source")
    contexts = {"github": {"action_path": str(source)}}
    path = os.pathsep.join([str(tmp_path / "bin"), os.environ["PATH"]])
    job = Job(action, tmp_path, tmp_path, contexts, path)
    works = job.run()
    installed = tmp_path / "mcpfence" / "bin"
    frozen = subprocess.run([installed / "python", "-m", "pip", "freeze"], capture_output=True, text=True, check=False)
    pinned = (ROOT / "action" / "constraints.txt").read_text(encoding="utf-8").lower().replace("_", "-")
    version = subprocess.run([installed / "mcpfence", "--version"], capture_output=True, text=True, check=False)

    assert works, job.log
    assert version.stdout.startswith("mcpfence ")
    for line in frozen.stdout.lower().replace("_", "-").splitlines():
        assert line in pinned or line.startswith("mcpfence @ file:"), line


@pytest.fixture(scope="module")
def actionlint() -> Path:
    """The linter."""
    return need(find_actionlint)


def _lint(program: Path, folder: Path) -> str:
    command = [str(program), "-no-color", "-shellcheck=", "-pyflakes="]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    return done.stdout + done.stderr


def _workflow(folder: Path, text: str) -> Path:
    """A repository with this action in it and one workflow that calls it as a local one, so that inputs are judged."""
    (folder / ".github" / "workflows").mkdir(parents=True)
    (folder / ".git").mkdir()
    shutil.copy(ROOT / "action.yml", folder / "action.yml")
    text = text.replace("OWNER/mcpfence@COMMIT", "./")
    (folder / ".github" / "workflows" / "x.yml").write_text(text, encoding="utf-8")
    return folder


def test_workflows_are_linted(actionlint: Path, tmp_path: Path) -> None:
    """Ours, the action's own metadata, and the workflow of docs/git.md with its inputs."""
    for path in (ROOT / ".github" / "workflows").glob("*.yml"):
        folder = _workflow(tmp_path / path.stem, path.read_text(encoding="utf-8"))
        assert _lint(actionlint, folder) == ""
    shown = PAGE[".github/workflows/mcpfence.yml"]

    assert _lint(actionlint, _workflow(tmp_path / "docs", shown)) == ""


def test_the_linter_would_find_a_fault(actionlint: Path, tmp_path: Path) -> None:
    """A misspelt input and an unknown context are seen."""
    shown = PAGE[".github/workflows/mcpfence.yml"].replace("folder: manifests", "foldr: ${{ nope.x }}")
    said = _lint(actionlint, _workflow(tmp_path / "docs", shown))

    assert 'input "foldr" is not defined in action "mcpfence"' in said
    assert 'undefined variable "nope"' in said
