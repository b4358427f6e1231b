"""The GitHub Action in repositories with pull requests: what it says, comments, uploads, and never runs."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path

import pytest
import yaml

from composite import Job
from edges import catalog, container, mcpfence
from pull_requests import CATALOG, NARROWER, PAGE, WIDER, Start, commit, git
from tooling import find_helm4, need

pytestmark = pytest.mark.skipif(os.name == "nt", reason="the action runs on Linux")


def _comments(job: Job) -> dict[str, str]:
    store = job.temp / "comments.json"
    found: dict[str, str] = json.loads(store.read_text(encoding="utf-8")) if store.exists() else {}
    return found


def test_a_pull_request_that_opens_a_port(repository: Path, start: Start) -> None:
    """Everything succeeds; summary and comment say what is opened; the outputs say that something is."""
    base = commit(repository, {"values.yaml": CATALOG})
    commit(repository, {"values.yaml": WIDER})
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
    base = commit(repository, {"values.yaml": CATALOG})
    commit(repository, {"values.yaml": WIDER})
    start(repository, base)
    commit(repository, {"values.yaml": NARROWER})
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
    base = commit(repository, {"values.yaml": CATALOG})
    commit(repository, {"values.yaml": WIDER})
    job = start(repository, base, fork=True)

    assert "failure" not in job.outcomes.values(), job.log
    assert job.outcomes["Upload the findings"] == "skipped"
    assert "::warning title=mcpfence::The pull request could not be commented on; see the summary." in job.log
    assert "+ may reach 203.0.113.0/24 (256 addresses) on TCP 22\n" in job.summary


def test_a_fault_in_the_catalog(repository: Path, start: Start) -> None:
    """An annotation with its line, SARIF for the upload, a table in the summary; the job fails, and compares nothing."""
    base = commit(repository, {"values.yaml": CATALOG})
    commit(repository, {"values.yaml": "servers:\n  a: {runtime: snail}\n"})
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
    base = commit(repository, {"values.yaml": CATALOG})
    arguments = ("--release", "mcp", "--namespace", "mcp-system", "--policies-only", "-o", "out/manifests", "-q")
    assert mcpfence("render", "-f", "values.yaml", *arguments, cwd=repository).returncode == 0
    commit(repository, {})
    fresh = start(repository, base, folder="out/manifests", policies_only="true")
    commit(repository, {"values.yaml": WIDER})
    stale = start(repository, base, folder="out/manifests", policies_only="true")

    assert fresh.outcomes["Compare the rendered folder"] == "success", fresh.log
    assert stale.outcomes["Compare the rendered folder"] == "failure"
    assert "[folder-drift]" in stale.log
    assert stale.outcomes["Comment on the pull request"] == "success"
    assert stale.output("wider") == "true"


def test_a_folder_with_the_chart(repository: Path, start: Start) -> None:
    """With the runner's helm."""
    commit(repository, {"values.yaml": CATALOG})
    job = start(repository, folder="manifests")
    arguments = ("--release", "mcp", "--namespace", "mcp-system", "-o", "manifests", "-q")
    helm = str(need(find_helm4))
    assert mcpfence("render", "-f", "values.yaml", *arguments, cwd=repository, HELM_BIN=helm).returncode == 0

    assert job.outcomes["Compare the rendered folder"] == "failure"
    assert start(repository, folder="manifests").outcomes["Compare the rendered folder"] == "success"


def test_a_push_is_checked_and_not_compared(repository: Path, start: Start) -> None:
    """There is no base, and no pull request to comment on."""
    commit(repository, {"values.yaml": CATALOG})
    job = start(repository)

    assert job.outcomes["Check the catalog"] == "success", job.log
    assert job.outcomes["Compare with the base"] == job.outcomes["Comment on the pull request"] == "skipped"


def test_a_catalog_that_is_new(repository: Path, start: Start) -> None:
    """Compared with a catalog of nothing: everything is added."""
    base = commit(repository, {"README.md": "x\n"})
    commit(repository, {"values.yaml": CATALOG})
    job = start(repository, base)

    assert (job.output("changed"), job.output("wider")) == ("true", "true"), job.log
    assert "### mcpfence: 1 added" in job.summary


def test_a_base_that_cannot_be_rendered(repository: Path, start: Start) -> None:
    """The pull request that mends a broken catalog goes through, and counts as wider."""
    base = commit(repository, {"values.yaml": "servers: {a: {runtime: snail}}\n"})
    commit(repository, {"values.yaml": CATALOG})
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
    base = commit(repository, files)
    commit(repository, {f"{below}prod 1.yaml": top})
    job = start(repository / below, base, values="\n  base.yaml\nprod 1.yaml\n", services="my services.yaml")

    assert "failure" not in job.outcomes.values(), job.log
    assert "+ may reach pods app=redis of namespace data on TCP 6379\n" in job.summary
    assert git(repository, "worktree", "list").count("\n") == 0


def test_several_files_of_which_the_base_has_none(repository: Path, start: Start) -> None:
    """As with one file."""
    base = commit(repository, {"README.md": "x\n"})
    commit(repository, {"base.yaml": CATALOG, "prod.yaml": {}})
    job = start(repository, base, values="base.yaml\nprod.yaml")

    assert "failure" not in job.outcomes.values(), job.log
    assert "### mcpfence: 1 added" in job.summary


def test_a_shallow_checkout(repository: Path, start: Start, tmp_path: Path) -> None:
    """The base is fetched; where that is not possible the message says what to write."""
    base = commit(repository, {"values.yaml": CATALOG})
    commit(repository, {"values.yaml": WIDER})
    git(repository, "config", "uploadpack.allowAnySHA1InWant", "true")
    git(tmp_path, "clone", "--quiet", "--depth=1", f"file://{repository}", "shallow")
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
    commit(repository, {"values.yaml": {**CATALOG, "clients": {}}})
    job = start(repository, **inputs)

    assert job.outcomes[step] == "failure"
    assert said in job.log
    assert "Traceback" not in job.log


EVIL = """'; touch owned1 #"; touch owned2 # $(touch owned3) `touch owned4` -o owned5"""


@pytest.mark.parametrize("names", [("values", "services"), ("services", "release", "namespace", "folder", "chart")])
def test_inputs_are_never_commands(repository: Path, start: Start, names: tuple[str, ...]) -> None:
    """Whatever a file, a folder or a release is called, nothing of it is run, and no word of it is an option."""
    base = commit(repository, {"values.yaml": CATALOG})
    start(repository, base, **dict.fromkeys(names, EVIL))

    assert not list(repository.rglob("owned*"))


def test_comments_of_any_length_are_cut(repository: Path, start: Start) -> None:
    """GitHub takes no comment over 65,536 characters; a large change is said in part, with where the rest is."""
    base = commit(repository, {"values.yaml": "servers: {}\n"})
    many = {
        f"server-{n}": container(egress={"cidrs": [{"cidr": f"203.0.113.{n % 256}/32", "ports": [n]}]})
        for n in range(1, 400)
    }
    commit(repository, {"values.yaml": catalog(**many)})
    job = start(repository, base)
    (comment,) = _comments(job).values()

    assert 50_000 < len(comment) < 65_536
    assert comment.endswith("... and more: see the summary of the job\n")


def test_the_workflow_of_the_page_calls_the_action(repository: Path, start: Start) -> None:
    """With the inputs that docs/git.md shows, in a repository as it describes."""
    (step,) = [
        step
        for step in yaml.safe_load(PAGE[".github/workflows/mcpfence.yml"])["jobs"]["mcpfence"]["steps"]
        if step["uses"].startswith("OWNER/")
    ]
    helm = str(need(find_helm4))
    arguments = ("--release", "mcp", "--namespace", "mcp-system", "-o", "manifests", "-q")
    base = commit(repository, {"values.yaml": CATALOG})
    assert mcpfence("render", "-f", "values.yaml", *arguments, cwd=repository, HELM_BIN=helm).returncode == 0
    commit(repository, {})
    job = start(repository, base, **step["with"])

    assert set(job.outcomes.values()) == {"success"}, job.log
    assert (job.output("changed"), job.output("wider")) == ("false", "false")
