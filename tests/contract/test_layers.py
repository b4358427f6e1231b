"""The layers of the package, which pyproject.toml holds as data: imports run downwards only."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from gen_docs import layers
from tooling import ROOT

LINTER = Path(sys.executable).parent / "lint-imports"


def linted(folder: Path) -> subprocess.CompletedProcess[str]:
    """What import-linter says of the package in a folder, by the contracts of this project."""
    return subprocess.run(
        [LINTER, "--config", ROOT / "pyproject.toml", "--no-cache"],
        cwd=folder,
        env={"PYTHONPATH": str(folder), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )


def test_imports_run_downwards() -> None:
    """No package imports one above it or beside it, in no function either, and the judge imports net and itself alone."""
    done = linted(ROOT / "renderer")

    assert done.returncode == 0, done.stdout
    assert "Contracts: 4 kept, 0 broken." in done.stdout


@pytest.mark.parametrize(
    ("module", "line", "broken"),
    [
        ("net/ports.py", "from mcpfence.catalog import fields", "imports run downwards"),
        ("proof/prove.py", "def late():\n    from mcpfence.render import report", "imports run downwards"),
        ("cidrs/text.py", "from mcpfence.imports import FORMATS", "imports run downwards"),
        ("reach/flows/host_names.py", "from mcpfence.reach.engines import contract", "the judge is layered, too"),
        (
            "verify/recheck.py",
            "from mcpfence.findings import finding",
            "the re-checker knows the judge and what reads YAML for it",
        ),
        ("reach/flows/traffic.py", "from mcpfence.findings import table", "the judge knows numbers and itself alone"),
    ],
)
def test_an_import_that_runs_back_is_seen(tmp_path: Path, module: str, line: str, broken: str) -> None:
    """The check can fail: upwards, inside a function, sideways, and out of the judge."""
    for path in (ROOT / "renderer" / "mcpfence").rglob("*.py"):
        if "chart" not in path.parts:
            copy = tmp_path / path.relative_to(ROOT / "renderer")
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_bytes(path.read_bytes())
    with (tmp_path / "mcpfence" / module).open("a") as file:
        file.write(f"\n{line}\n")

    done = linted(tmp_path)

    assert done.returncode == 1
    assert f"{broken} BROKEN" in done.stdout


def test_every_package_has_its_layer() -> None:
    """The contract names each package once, so that a new one cannot stand outside it."""
    there = {path.parent.name for path in (ROOT / "renderer" / "mcpfence").glob("*/__init__.py")}

    assert sorted(layers(ROOT)) == sorted(there)
