"""The hooks of pre-commit: their commands run as written, by a stand-in and by the real pre-commit."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from gittools import scripts_folder
from mcpfence.formatting.formatter import formatted
from pull_requests import CATALOG, PAGE, WIDER, checkout, commit, git
from tooling import ROOT, find_helm4, need

pytestmark = pytest.mark.skipif(os.name == "nt", reason="the action runs on Linux")
HOOKS = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))


def _hook(
    repository: Path, scripts: Path, hook: Mapping[str, Any], args: list[str]
) -> subprocess.CompletedProcess[str]:
    """Run a hook's entry as pre-commit does: its words, then the arguments, then no file names."""
    assert hook["pass_filenames"] is False
    path = os.pathsep.join([str(scripts), os.environ["PATH"]])
    command = [*shlex.split(hook["entry"]), *args]
    return subprocess.run(
        command, cwd=repository, env={**os.environ, "PATH": path}, capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize("config", ["the hooks alone", "as docs/git.md has them"])
def test_hooks(repository: Path, tmp_path: Path, config: str) -> None:
    """The check passes or fails with the catalog; the render changes what Git knows, which is how it fails."""
    scripts = scripts_folder(tmp_path / "scripts")
    (scripts / "helm").symlink_to(need(find_helm4))
    hooks = {hook["id"]: hook for hook in HOOKS}
    shown = {hook["id"]: hook["args"] for hook in yaml.safe_load(PAGE[".pre-commit-config.yaml"])["repos"][0]["hooks"]}
    args = {name: hook["args"] if config == "the hooks alone" else shown[name] for name, hook in hooks.items()}
    commit(repository, {"values.yaml": CATALOG})
    codes = [_hook(repository, scripts, hooks[name], args[name]).returncode for name in hooks]
    commit(repository, {})
    again = _hook(repository, scripts, hooks["mcpfence-render"], args["mcpfence-render"])
    clean = git(repository, "status", "--porcelain")
    (repository / "values.yaml").write_text(yaml.safe_dump(WIDER), encoding="utf-8")
    _hook(repository, scripts, hooks["mcpfence-render"], args["mcpfence-render"])
    changed = git(repository, "diff", "--name-only").split()
    (repository / "values.yaml").write_text("servers: {a: {runtime: snail}}\n", encoding="utf-8")
    bad = [_hook(repository, scripts, hooks[name], args[name]).returncode for name in hooks]

    assert (list(hooks), codes) == (["mcpfence-check", "mcpfence-fmt", "mcpfence-render"], [0, 0, 0])
    assert (again.returncode, clean) == (0, "")
    assert any(name.startswith("manifests/networkpolicy-") for name in changed)
    assert bad == [1, 0, 1]


def test_fmt_hook(repository: Path, tmp_path: Path) -> None:
    """It writes the catalog in another form, which is how it fails; the second time there is nothing to do."""
    scripts = scripts_folder(tmp_path / "scripts")
    (hook,) = (hook for hook in HOOKS if hook["id"] == "mcpfence-fmt")
    text = "servers:\n    a: {runtime: 'npx'}  # why\n"
    commit(repository, {"values.yaml": text})
    first = _hook(repository, scripts, hook, hook["args"])
    changed = git(repository, "diff", "--name-only").split()
    second = _hook(repository, scripts, hook, hook["args"])

    assert (first.returncode, second.returncode, changed) == (0, 0, ["values.yaml"])
    assert (repository / "values.yaml").read_text(encoding="utf-8") == "servers:\n  a: {runtime: npx}  # why\n"


def test_which_files_start_the_hooks() -> None:
    """The patterns of docs/git.md match the catalog, and for the render the folder, too: edits by hand are undone."""
    files = {hook["id"]: hook["files"] for hook in yaml.safe_load(PAGE[".pre-commit-config.yaml"])["repos"][0]["hooks"]}

    assert files["mcpfence-fmt"] == files["mcpfence-check"]
    assert re.search(files["mcpfence-check"], "values.yaml")
    assert re.search(files["mcpfence-render"], "manifests/kustomization.yaml")
    assert not re.search(files["mcpfence-check"], "other/values.yaml")


def _tidy(catalog: Mapping[str, Any]) -> str:
    return formatted(yaml.safe_dump(catalog, sort_keys=False), "values.yaml")


@pytest.mark.slow
def test_real_pre_commit(repository: Path, tmp_path: Path) -> None:
    """pre-commit itself: it clones this repository, installs the package, and runs the hooks."""
    pytest.importorskip("pre_commit", reason="pre-commit is missing: pip install 'mcpfence[dev]'")
    source = checkout(tmp_path / "source")
    rev = commit(source, {})
    shown = yaml.safe_load(PAGE[".pre-commit-config.yaml"])
    shown["repos"][0] |= {"repo": f"file://{source}", "rev": rev}
    shown["repos"][0]["hooks"][-1]["args"].append("--policies-only")
    commit(repository, {"values.yaml": _tidy(CATALOG), ".pre-commit-config.yaml": shown})
    environment = {**os.environ, "PRE_COMMIT_HOME": str(tmp_path / "cache")}

    def run() -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "pre_commit", "run", "--all-files", "--color=never"]
        return subprocess.run(command, cwd=repository, env=environment, capture_output=True, text=True, check=False)

    first = run()
    commit(repository, {})
    second = run()
    commit(repository, {"values.yaml": _tidy(WIDER)})
    third = run()

    assert (first.returncode, second.returncode, third.returncode) == (0, 0, 1), first.stdout + third.stdout
    assert re.search(r"^mcpfence render\.+Failed$", third.stdout, re.MULTILINE)
    assert "files were modified by this hook" in third.stdout
