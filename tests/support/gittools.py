"""The programs of the Git side that tests run, kustomize and actionlint: built by `make tools`, or named by a variable."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import yaml

from edges import environment, mcpfence_command
from tooling import find_built


def find_kustomize() -> Path:
    """A real kustomize; MCPFENCE_KUSTOMIZE names another one."""
    return _find("kustomize")


def find_actionlint() -> Path:
    """The linter of GitHub workflows; MCPFENCE_ACTIONLINT names another one."""
    return _find("actionlint")


def _find(name: str) -> Path:
    return find_built(name, f"MCPFENCE_{name.upper()}").absolute()


def scripts_folder(folder: Path) -> Path:
    """A folder for PATH with the `mcpfence` of the tests in it."""
    folder.mkdir(parents=True, exist_ok=True)
    script = folder / "mcpfence"
    script.write_text(f'#!/bin/sh\nexec {" ".join(mcpfence_command())} "$@"\n', encoding="utf-8")
    script.chmod(0o755)
    return folder


def kustomize(
    program: Path, *arguments: str | Path, scripts: Path | None = None, cwd: Path | None = None
) -> subprocess.CompletedProcess[str]:
    """Run kustomize, with `scripts` first on PATH; whatever comes of it."""
    path = os.pathsep.join([*([str(scripts)] if scripts else []), os.environ["PATH"]])
    command = [str(program), *map(str, arguments)]
    return subprocess.run(
        command, capture_output=True, text=True, encoding="utf-8", check=False, cwd=cwd, env=environment(PATH=path)
    )


def documents(text: str | bytes) -> list[str]:
    """The documents of a stream as sorted lines, so that streams in different order can be compared."""
    found = yaml.load_all(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    return sorted(repr(_sorted(document)) for document in found if document is not None)


def _sorted(value: object) -> object:
    if isinstance(value, dict):
        return {key: _sorted(value[key]) for key in sorted(value, key=str)}
    return [_sorted(item) for item in value] if isinstance(value, list) else value
