"""What the tests of the action can ask for: a repository, and the action started in it."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import pytest

from composite import Job
from gittools import scripts_folder
from pull_requests import ACTION, RELEASE, Start
from tooling import ROOT, find_helm4, need

GH = """\
#!/usr/bin/env python3
# Stands in for gh: knows the comments of one pull request.
import json, os, pathlib, sys
store = pathlib.Path(os.environ["HOME"], "comments.json")
comments = json.loads(store.read_text()) if store.exists() else {}
arguments = sys.argv[1:]
with open(os.path.join(os.environ["HOME"], "gh.log"), "a") as log:
    print(json.dumps([os.environ.get("GH_TOKEN"), *arguments]), file=log)
if os.environ["GH_TOKEN"] == "of-a-fork":
    print("gh: Resource not accessible by integration (HTTP 403)", file=sys.stderr)
    sys.exit(1)
assert arguments.pop(0) == "api"
if "--method" not in arguments:
    mark = arguments[arguments.index("--jq") + 1].split('startswith("')[1].split('")')[0]
    print("\\n".join(key for key, body in comments.items() if body.startswith(mark)))
else:
    method, path = arguments[arguments.index("--method") + 1 :][:2]
    body = pathlib.Path(arguments[arguments.index("--field") + 1].removeprefix("body=@")).read_text()
    key = path.rpartition("/")[2] if method == "PATCH" else str(len(comments) + 1)
    comments[key] = body
    store.write_text(json.dumps(comments))
"""


@pytest.fixture
def start(tmp_path: Path) -> Start:
    """Starts the action in a checkout, as a runner does for a pull request; returns what it left behind."""
    scripts = scripts_folder(tmp_path / "scripts")
    (scripts / "gh").write_text(GH, encoding="utf-8")
    (scripts / "gh").chmod(0o755)
    (scripts / "python").symlink_to(sys.executable)
    (scripts / "helm").symlink_to(need(find_helm4))
    temp = tmp_path / "runner"
    temp.mkdir()

    def run(workspace: Path, base: str = "", *, fork: bool = False, **inputs: str) -> Job:
        event: dict[str, Any] = {}
        if base:
            event = {"pull_request": {"base": {"sha": base}, "number": 7, "head": {"repo": {"fork": fork}}}}
        github = {
            "action_path": str(ROOT),
            "event_name": "pull_request" if base else "push",
            "event": event,
            "token": "of-a-fork" if fork else "token",
        }
        contexts = {"github": github, "runner": {"temp": str(temp)}}
        given = {key.replace("_", "-"): value for key, value in {**RELEASE, **inputs}.items()}
        assert given.keys() <= ACTION["inputs"].keys()
        path = os.pathsep.join([str(scripts), os.environ["PATH"]])
        job = Job(ACTION, workspace, temp, contexts, path, given, skip=frozenset({"Install mcpfence"}))
        job.run()
        return job

    return run


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A repository that does not exist yet."""
    folder = tmp_path / "a repository"
    folder.mkdir()
    return folder
