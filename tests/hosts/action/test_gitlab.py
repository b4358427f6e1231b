"""The GitLab job of docs/git.md: its commands run as written."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
import yaml

from edges import mcpfence
from gittools import scripts_folder
from pull_requests import CATALOG, NARROWER, PAGE, WIDER, commit

pytestmark = pytest.mark.skipif(os.name == "nt", reason="the action runs on Linux")

CURL = """\
#!/bin/sh
for argument in "$@"; do echo "$argument"; done > "$HOME/curl.log"
"""


def test_gitlab_job(repository: Path, tmp_path: Path) -> None:
    """The scripts of docs/git.md, as written: they pass, and the note is what `mcpfence diff` says."""
    job = yaml.safe_load(PAGE[".gitlab-ci.yml"])["mcpfence"]
    base = commit(repository, {"values.yaml": CATALOG})
    commit(repository, {"values.yaml": WIDER})
    arguments = ("--release", "mcp", "--namespace", "mcp-system", "--policies-only", "-o", "manifests", "-q")
    assert mcpfence("render", "-f", "values.yaml", *arguments, cwd=repository).returncode == 0
    scripts = scripts_folder(tmp_path / "scripts")
    (scripts / "curl").write_text(CURL, encoding="utf-8")
    (scripts / "curl").chmod(0o755)
    environment = {
        "PATH": os.pathsep.join([str(scripts), os.environ["PATH"]]),
        "HOME": str(tmp_path),
        "CI_MERGE_REQUEST_DIFF_BASE_SHA": base,
        "CI_API_V4_URL": "https://git.example.com/api/v4",
        "CI_PROJECT_ID": "3",
        "CI_MERGE_REQUEST_IID": "5",
        "MCPFENCE_TOKEN": "token",
    }

    def run(lines: list[str]) -> list[int]:
        return [
            subprocess.run(["bash", "-c", line], cwd=repository, env=environment, check=False).returncode
            for line in lines
        ]

    assert run(job["script"]) == [0, 0]
    assert run(job["after_script"]) == [1, 0]
    note = (repository / "mcpfence.md").read_text(encoding="utf-8")
    assert "+ may reach 203.0.113.0/24 (256 addresses) on TCP 22\n" in note
    assert (tmp_path / "curl.log").read_text(encoding="utf-8").splitlines()[-2:] == [
        "body@mcpfence.md",
        "https://git.example.com/api/v4/projects/3/merge_requests/5/notes",
    ]
    commit(repository, {"values.yaml": NARROWER})
    assert run(job["script"]) == [0, 1]
