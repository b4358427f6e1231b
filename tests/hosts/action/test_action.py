"""The GitHub Action, the GitLab job and the hooks of pre-commit: their commands run as written, their files linted."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from composite import Job, read_action
from edges import catalog, container, mcpfence
from gittools import find_actionlint, scripts_folder
from pages import BLOCKS
from tooling import ROOT, find_helm4, need

ACTION = read_action(ROOT / "action.yml")
HOOKS = yaml.load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
PAGE = {
    match[1]: block.text
    for block in BLOCKS
    if block.page.name == "git.md" and (match := re.match(r"# (\.[\w./-]+)\n", block.text))
}
"""The files that docs/git.md tells people to write, by their names."""

CATALOG = catalog(a=container(egress={"cidrs": [{"cidr": "203.0.113.0/24", "ports": [443]}]}))
WIDER = catalog(a=container(egress={"cidrs": [{"cidr": "203.0.113.0/24", "ports": [22, 443]}]}))
NARROWER = catalog(a=container(egress={"cidrs": []}))
RELEASE = {"release": "mcp", "namespace": "mcp-system"}

pytestmark = pytest.mark.skipif(os.name == "nt", reason="the action runs on Linux")


# --- a repository with a pull request, a runner ---


def _git(folder: Path, *arguments: str) -> str:
    names = ("-c", "user.name=t", "-c", "user.email=t@example.com", "-c", "init.defaultBranch=main")
    command = ["git", *names, "-c", "protocol.file.allow=always", *arguments]
    environment = {**os.environ, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, env=environment)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def _commit(folder: Path, files: Mapping[str, Any]) -> str:
    """Write and commit; the commit."""
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        text = content if isinstance(content, str) else yaml.safe_dump(content, sort_keys=False)
        path.write_text(text, encoding="utf-8")
    if not (folder / ".git").exists():
        _git(folder, "init", "--quiet")
    _git(folder, "add", "--all")
    _git(folder, "commit", "--quiet", "--allow-empty", "--message", "x")
    return _git(folder, "rev-parse", "HEAD")


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

Start = Callable[..., Job]


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


def _comments(job: Job) -> dict[str, str]:
    store = job.temp / "comments.json"
    found: dict[str, str] = json.loads(store.read_text(encoding="utf-8")) if store.exists() else {}
    return found


# --- the action ---


def test_a_pull_request_that_opens_a_port(repository: Path, start: Start) -> None:
    """Everything succeeds; summary and comment say what is opened; the outputs say that something is."""
    base = _commit(repository, {"values.yaml": CATALOG})
    _commit(repository, {"values.yaml": WIDER})
    job = start(repository, base)

    assert set(job.outcomes.values()) == {"success", "skipped"}, job.log
    assert job.outcomes["Compare the rendered folder"] == "skipped"
    assert job.outcomes["Upload the findings"] == "success"
    assert (job.output("changed"), job.output("wider")) == ("true", "true")
    (comment,) = _comments(job).values()
    assert comment.startswith("<!-- mcpfence: mcp -->\n### mcpfence: 1 wider, 1 the same\n")
    assert "+ may reach 203.0.113.0/24 (256 addresses) on TCP 22\n" in comment
    assert job.summary.startswith("### mcpfence: the catalog holds\n")
    assert comment.partition("\n")[2] in job.summary


def test_the_comment_is_written_anew(repository: Path, start: Start) -> None:
    """The second push changes the first one's comment; another release has a comment of its own."""
    base = _commit(repository, {"values.yaml": CATALOG})
    _commit(repository, {"values.yaml": WIDER})
    start(repository, base)
    _commit(repository, {"values.yaml": NARROWER})
    job = start(repository, base)
    start(repository, base, release="other")

    assert (job.output("changed"), job.output("wider")) == ("true", "false")
    assert [text.splitlines()[1] for text in _comments(job).values()] == ["### mcpfence: 1 narrower, 1 the same"] * 2
    assert [text.splitlines()[0] for text in _comments(job).values()] == [
        "<!-- mcpfence: mcp -->",
        "<!-- mcpfence: other -->",
    ]


def test_a_pull_request_of_a_fork(repository: Path, start: Start) -> None:
    """Its token may do nothing: no upload, no comment, a warning; the summary has it all, and nothing fails."""
    base = _commit(repository, {"values.yaml": CATALOG})
    _commit(repository, {"values.yaml": WIDER})
    job = start(repository, base, fork=True)

    assert "failure" not in job.outcomes.values(), job.log
    assert job.outcomes["Upload the findings"] == "skipped"
    assert "::warning title=mcpfence::The pull request could not be commented on; see the summary." in job.log
    assert "+ may reach 203.0.113.0/24 (256 addresses) on TCP 22\n" in job.summary


def test_a_fault_in_the_catalog(repository: Path, start: Start) -> None:
    """An annotation with its line, SARIF for the upload, a table in the summary; the job fails, and compares nothing."""
    base = _commit(repository, {"values.yaml": CATALOG})
    _commit(repository, {"values.yaml": "servers:\n  a: {runtime: snail}\n"})
    job = start(repository, base, folder="manifests")
    sarif = json.loads((job.temp / "mcpfence.sarif").read_text(encoding="utf-8"))

    assert job.outcomes == {
        "Set up Python": "success",
        "Install mcpfence": "success",
        "Read the inputs": "success",
        "Check the catalog": "failure",
        "Upload the findings": "success",
        "Compare the rendered folder": "skipped",
        "Compare with the base": "skipped",
        "Comment on the pull request": "skipped",
    }
    assert (
        "::error file=values.yaml,line=2,col=16,title=mcpfence choice::servers.a.runtime: "
        '"snail" is no choice here; write one of: npx, uvx, containerized, remote, composite\n'
    ) in job.log
    assert sarif["runs"][0]["results"][0]["ruleId"] == "choice"
    assert job.summary.startswith("### mcpfence: 1 error\n")


def test_a_folder_that_is_stale(repository: Path, start: Start) -> None:
    """The job fails with the difference; what the pull request opens is said all the same."""
    base = _commit(repository, {"values.yaml": CATALOG})
    arguments = ("--release", "mcp", "--namespace", "mcp-system", "--policies-only", "-o", "out/manifests", "-q")
    assert mcpfence("render", "-f", "values.yaml", *arguments, cwd=repository).returncode == 0
    _commit(repository, {})
    fresh = start(repository, base, folder="out/manifests", policies_only="true")
    _commit(repository, {"values.yaml": WIDER})
    stale = start(repository, base, folder="out/manifests", policies_only="true")

    assert fresh.outcomes["Compare the rendered folder"] == "success", fresh.log
    assert stale.outcomes["Compare the rendered folder"] == "failure"
    assert "[folder-drift]" in stale.log
    assert stale.outcomes["Comment on the pull request"] == "success"
    assert stale.output("wider") == "true"


def test_a_folder_with_the_chart(repository: Path, start: Start) -> None:
    """With the runner's helm."""
    _commit(repository, {"values.yaml": CATALOG})
    job = start(repository, folder="manifests")
    arguments = ("--release", "mcp", "--namespace", "mcp-system", "-o", "manifests", "-q")
    helm = str(need(find_helm4))
    assert mcpfence("render", "-f", "values.yaml", *arguments, cwd=repository, HELM_BIN=helm).returncode == 0

    assert job.outcomes["Compare the rendered folder"] == "failure"
    assert start(repository, folder="manifests").outcomes["Compare the rendered folder"] == "success"


def test_a_push_is_checked_and_not_compared(repository: Path, start: Start) -> None:
    """There is no base, and no pull request to comment on."""
    _commit(repository, {"values.yaml": CATALOG})
    job = start(repository)

    assert job.outcomes["Check the catalog"] == "success", job.log
    assert job.outcomes["Compare with the base"] == job.outcomes["Comment on the pull request"] == "skipped"


def test_a_catalog_that_is_new(repository: Path, start: Start) -> None:
    """Compared with a catalog of nothing: everything is added."""
    base = _commit(repository, {"README.md": "x\n"})
    _commit(repository, {"values.yaml": CATALOG})
    job = start(repository, base)

    assert (job.output("changed"), job.output("wider")) == ("true", "true"), job.log
    assert "### mcpfence: 1 added" in job.summary


def test_a_base_that_cannot_be_rendered(repository: Path, start: Start) -> None:
    """The pull request that mends a broken catalog goes through, and counts as wider."""
    base = _commit(repository, {"values.yaml": "servers: {a: {runtime: snail}}\n"})
    _commit(repository, {"values.yaml": CATALOG})
    job = start(repository, base)

    assert "failure" not in job.outcomes.values(), job.log
    assert (job.output("changed"), job.output("wider")) == ("true", "true")
    assert "::warning title=mcpfence::The base cannot be compared with this pull request" in job.log


@pytest.mark.parametrize("below", ["", "deploy/"])
def test_several_files_with_spaces_in_a_folder_below(repository: Path, start: Start, below: str) -> None:
    """They are merged in their order, Services are looked up, and the base is rendered from its own files."""
    service = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "redis", "namespace": "data"},
        "spec": {"selector": {"app": "redis"}, "ports": [{"port": 80, "targetPort": 6379}]},
    }
    top = {"servers": {"a": {"egress": {"services": [{"name": "redis", "namespace": "data"}]}}}}
    files = {f"{below}base.yaml": CATALOG, f"{below}my services.yaml": service, f"{below}prod 1.yaml": {}}
    base = _commit(repository, files)
    _commit(repository, {f"{below}prod 1.yaml": top})
    job = start(repository / below, base, values="\n  base.yaml\nprod 1.yaml\n", services="my services.yaml")

    assert "failure" not in job.outcomes.values(), job.log
    assert "+ may reach pods app=redis of namespace data on TCP 6379\n" in job.summary
    assert _git(repository, "worktree", "list").count("\n") == 0


def test_several_files_of_which_the_base_has_none(repository: Path, start: Start) -> None:
    """As with one file."""
    base = _commit(repository, {"README.md": "x\n"})
    _commit(repository, {"base.yaml": CATALOG, "prod.yaml": {}})
    job = start(repository, base, values="base.yaml\nprod.yaml")

    assert "failure" not in job.outcomes.values(), job.log
    assert "### mcpfence: 1 added" in job.summary


def test_a_shallow_checkout(repository: Path, start: Start, tmp_path: Path) -> None:
    """The base is fetched; where that is not possible the message says what to write."""
    base = _commit(repository, {"values.yaml": CATALOG})
    _commit(repository, {"values.yaml": WIDER})
    _git(repository, "config", "uploadpack.allowAnySHA1InWant", "true")
    _git(tmp_path, "clone", "--quiet", "--depth=1", f"file://{repository}", "shallow")
    job = start(tmp_path / "shallow", base)
    missing = start(tmp_path / "shallow", "0" * 40)

    assert job.output("wider") == "true", job.log
    assert missing.outcomes["Compare with the base"] == "failure"
    assert (
        f"::error title=mcpfence::The base {'0' * 40} is not here: check the repository out with fetch-depth: 0."
        in (missing.log)
    )


@pytest.mark.parametrize(
    ("inputs", "step", "said"),
    [
        ({"values": " \n"}, "Read the inputs", "::error title=mcpfence::The input values names no file."),
        ({"release": "A b"}, "Check the catalog", "'A b' is no release name"),
        ({"values": "no.yaml"}, "Check the catalog", "::error title=mcpfence file-unreadable::no.yaml: cannot be read"),
        ({"strict": "true"}, "Check the catalog", "::error file=values.yaml,line="),
    ],
)
def test_inputs_that_are_wrong(repository: Path, start: Start, inputs: Mapping[str, str], step: str, said: str) -> None:
    """The job fails where the fault is, with a sentence."""
    _commit(repository, {"values.yaml": {**CATALOG, "clients": {}}})
    job = start(repository, **inputs)

    assert job.outcomes[step] == "failure"
    assert said in job.log
    assert "Traceback" not in job.log


EVIL = """'; touch owned1 #"; touch owned2 # $(touch owned3) `touch owned4` -o owned5"""


@pytest.mark.parametrize("names", [("values", "services"), ("services", "release", "namespace", "folder", "chart")])
def test_inputs_are_never_commands(repository: Path, start: Start, names: tuple[str, ...]) -> None:
    """Whatever a file, a folder or a release is called, nothing of it is run, and no word of it is an option."""
    base = _commit(repository, {"values.yaml": CATALOG})
    start(repository, base, **dict.fromkeys(names, EVIL))

    assert not list(repository.rglob("owned*"))


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


def test_comments_of_any_length_are_cut(repository: Path, start: Start) -> None:
    """GitHub takes no comment over 65,536 characters; a large change is said in part, with where the rest is."""
    base = _commit(repository, {"values.yaml": "servers: {}\n"})
    many = {
        f"server-{n}": container(egress={"cidrs": [{"cidr": f"203.0.113.{n % 256}/32", "ports": [n]}]})
        for n in range(1, 400)
    }
    _commit(repository, {"values.yaml": catalog(**many)})
    job = start(repository, base)
    (comment,) = _comments(job).values()

    assert 50_000 < len(comment) < 65_536
    assert comment.endswith("... and more: see the summary of the job\n")


def test_annotations_cannot_be_forged() -> None:
    """Line breaks, colons and commas of a catalog end neither a property nor the command."""
    finding = {
        "id": "choice",
        "severity": "note",
        "place": "servers.a\n::set-output name=x::y",
        "position": "a,b%.yaml:3:4",
        "sentence": "100 %\r",
        "todo": "",
    }
    done = subprocess.run(
        [sys.executable, str(ROOT / "action" / "annotate.py")],
        input=json.dumps({"findings": [finding, {**finding, "position": "", "place": "", "todo": "do"}]}),
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
    source = _checkout(tmp_path / "source")
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


def _checkout(folder: Path) -> Path:
    """The files of the working tree that Git knows or would know, in a repository of their own."""
    if not (ROOT / ".git").exists():
        pytest.skip("this is no checkout: clone the repository to run the test")
    listed = _git(ROOT, "ls-files", "--cached", "--others", "--exclude-standard", "-z").split("\0")
    for name in filter(None, listed):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if (ROOT / name).is_symlink() or (ROOT / name).exists():
            shutil.copy2(ROOT / name, path, follow_symlinks=False)
    return folder


# --- linted by actionlint ---


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


def test_the_workflow_of_the_page_calls_the_action(repository: Path, start: Start) -> None:
    """With the inputs that docs/git.md shows, in a repository as it describes."""
    (step,) = [
        step
        for step in yaml.load(PAGE[".github/workflows/mcpfence.yml"], Loader=yaml.CSafeLoader)["jobs"]["mcpfence"][
            "steps"
        ]
        if step["uses"].startswith("OWNER/")
    ]
    helm = str(need(find_helm4))
    arguments = ("--release", "mcp", "--namespace", "mcp-system", "-o", "manifests", "-q")
    base = _commit(repository, {"values.yaml": CATALOG})
    assert mcpfence("render", "-f", "values.yaml", *arguments, cwd=repository, HELM_BIN=helm).returncode == 0
    _commit(repository, {})
    job = start(repository, base, **step["with"])

    assert set(job.outcomes.values()) == {"success"}, job.log
    assert (job.output("changed"), job.output("wider")) == ("false", "false")


# --- GitLab ---

CURL = """\
#!/bin/sh
for argument in "$@"; do echo "$argument"; done > "$HOME/curl.log"
"""


def test_gitlab_job(repository: Path, tmp_path: Path) -> None:
    """The scripts of docs/git.md, as written: they pass, and the note is what `mcpfence diff` says."""
    job = yaml.load(PAGE[".gitlab-ci.yml"], Loader=yaml.CSafeLoader)["mcpfence"]
    base = _commit(repository, {"values.yaml": CATALOG})
    _commit(repository, {"values.yaml": WIDER})
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
    _commit(repository, {"values.yaml": NARROWER})
    assert run(job["script"]) == [0, 1]


# --- pre-commit ---


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
    shown = {
        hook["id"]: hook["args"]
        for hook in yaml.load(PAGE[".pre-commit-config.yaml"], Loader=yaml.CSafeLoader)["repos"][0]["hooks"]
    }
    args = {name: hook["args"] if config == "the hooks alone" else shown[name] for name, hook in hooks.items()}
    _commit(repository, {"values.yaml": CATALOG})
    codes = [_hook(repository, scripts, hooks[name], args[name]).returncode for name in hooks]
    _commit(repository, {})
    again = _hook(repository, scripts, hooks["mcpfence-render"], args["mcpfence-render"])
    clean = _git(repository, "status", "--porcelain")
    (repository / "values.yaml").write_text(yaml.safe_dump(WIDER), encoding="utf-8")
    _hook(repository, scripts, hooks["mcpfence-render"], args["mcpfence-render"])
    changed = _git(repository, "diff", "--name-only").split()
    (repository / "values.yaml").write_text("servers: {a: {runtime: snail}}\n", encoding="utf-8")
    bad = [_hook(repository, scripts, hooks[name], args[name]).returncode for name in hooks]

    assert (list(hooks), codes) == (["mcpfence-check", "mcpfence-render"], [0, 0])
    assert (again.returncode, clean) == (0, "")
    assert any(name.startswith("manifests/networkpolicy-") for name in changed)
    assert bad == [1, 1]


def test_which_files_start_the_hooks() -> None:
    """The patterns of docs/git.md match the catalog, and for the render the folder, too: edits by hand are undone."""
    files = {
        hook["id"]: hook["files"]
        for hook in yaml.load(PAGE[".pre-commit-config.yaml"], Loader=yaml.CSafeLoader)["repos"][0]["hooks"]
    }

    assert re.search(files["mcpfence-check"], "values.yaml")
    assert re.search(files["mcpfence-render"], "manifests/kustomization.yaml")
    assert not re.search(files["mcpfence-check"], "other/values.yaml")


@pytest.mark.slow
def test_real_pre_commit(repository: Path, tmp_path: Path) -> None:
    """pre-commit itself: it clones this repository, installs the package, and runs both hooks."""
    pytest.importorskip("pre_commit", reason="pre-commit is missing: pip install 'mcpfence[dev]'")
    source = _checkout(tmp_path / "source")
    rev = _commit(source, {})
    shown = yaml.load(PAGE[".pre-commit-config.yaml"], Loader=yaml.CSafeLoader)
    shown["repos"][0] |= {"repo": f"file://{source}", "rev": rev}
    shown["repos"][0]["hooks"][1]["args"].append("--policies-only")
    _commit(repository, {"values.yaml": CATALOG, ".pre-commit-config.yaml": shown})
    environment = {**os.environ, "PRE_COMMIT_HOME": str(tmp_path / "cache")}

    def run() -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "pre_commit", "run", "--all-files", "--color=never"]
        return subprocess.run(command, cwd=repository, env=environment, capture_output=True, text=True, check=False)

    first = run()
    _commit(repository, {})
    second = run()
    _commit(repository, {"values.yaml": WIDER})
    third = run()

    assert (first.returncode, second.returncode, third.returncode) == (0, 0, 1), first.stdout + third.stdout
    assert re.search(r"^mcpfence render\.+Failed$", third.stdout, re.MULTILINE)
    assert "files were modified by this hook" in third.stdout
