"""The workflow that releases: nothing in it that others can use, and nothing that the dry run does not know."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import yaml

import release
import release_build
from tooling import ROOT

TEXT = (ROOT / ".github" / "workflows" / "release.yml").read_text(encoding="utf-8")
JOBS: dict[str, Any] = yaml.safe_load(TEXT)["jobs"]


def _zizmor(folder: Path) -> subprocess.CompletedProcess[str]:
    command = [str(Path(sys.executable).parent / "zizmor"), "--offline", "--no-progress", "--format=plain", "."]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


def test_workflows_and_action_are_audited() -> None:
    """zizmor finds nothing in the workflows, the action and the hooks of this repository."""
    done = _zizmor(ROOT)

    assert done.returncode == 0, done.stdout + done.stderr
    assert "No findings to report" in done.stdout


def test_the_audit_would_find_a_fault(tmp_path: Path) -> None:
    """A moved pin and an expression in a script are seen."""
    shutil.copytree(ROOT / ".github", tmp_path / ".github")
    path = tmp_path / ".github" / "workflows" / "release.yml"
    text = re.sub(r"actions/checkout@[0-9a-f]{40}", "actions/checkout@v4", TEXT)
    path.write_text(text.replace('check "$GITHUB_REF_NAME"', "check ${{ github.ref_name }}"), encoding="utf-8")
    done = _zizmor(tmp_path)

    assert done.returncode != 0
    assert {"unpinned-uses", "template-injection"} <= set(re.findall(r"\[([a-z-]+)\]", done.stdout))


def test_each_job_has_the_rights_that_it_needs() -> None:
    """Nothing is published before it is tested, made and tried, and only the last jobs may write."""
    needs = {name: job.get("needs", []) for name, job in JOBS.items()}
    rights = {
        name: {key for key, value in job["permissions"].items() if value == "write"} for name, job in JOBS.items()
    }

    assert needs == {
        "test": [],
        "files": "test",
        "registry": "files",
        "pypi": ["files", "registry"],
        "release": ["files", "pypi"],
    }
    assert yaml.safe_load(TEXT)["permissions"] == {}
    assert rights == {
        "test": set(),
        "files": {"id-token", "attestations"},
        "registry": {"packages", "id-token", "attestations"},
        "pypi": {"id-token"},
        "release": {"contents"},
    }


def test_the_key_is_where_it_signs_alone() -> None:
    """One step of one job in an environment of its own sees the secret."""
    seeing = [(name, step["name"]) for name, job in JOBS.items() for step in job["steps"] if "secrets." in str(step)]

    assert seeing == [("files", "Make the files")]
    assert JOBS["files"]["environment"] == "release"
    assert TEXT.count(f"secrets.{release_build.KEY}") == 1


def test_it_makes_what_the_dry_run_needs() -> None:
    """The programs that are built before are those of `make release-dry-run`, and its verbs are verbs of release.py."""
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    (wanted,) = re.findall(r"^release-dry-run: (.*) ##", makefile, re.MULTILINE)
    verbs = re.findall(r"tools/release\.py (\w+)", TEXT)

    assert f"run: make {wanted}\n" in TEXT
    assert verbs == ["check", "build", "try"]
    assert all(
        re.search(rf"^    python tools/release\.py {verb} ", str(release.__doc__), re.MULTILINE) for verb in verbs
    )


def test_files_that_it_names_are_made() -> None:
    """Paths below dist/ in the workflow are those of the files of a release."""
    files = release_build.Files(Path("dist"), "0.1.0")
    made = {files.wheel, files.sdist, files.chart, files.plugin, files.kubectl, files.krew, files.formula, files.sbom}
    made |= {Path("dist/notes.md"), Path("dist/SHA256SUMS")}
    named = set(re.findall(r"\bdist/[\w./*-]+", TEXT)) - {"dist/pypi"}

    assert {path for path in named if not any(one.match(path) for one in made)} == set()


def test_releasing_is_ten_lines() -> None:
    """RELEASING.md says what a person does, in ten lines."""
    lines = [line for line in (ROOT / "RELEASING.md").read_text(encoding="utf-8").splitlines() if line.strip()]

    assert len(lines) <= 11
    for word in (
        "tools/gen_version.py",
        "CHANGELOG.md",
        "make release-dry-run",
        "git tag",
        "REGISTRY",
        release_build.KEY,
    ):
        assert word in "\n".join(lines)
