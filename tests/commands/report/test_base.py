"""`mcpfence report --base REV`: what has changed since a revision of Git, and what is no revision."""

from __future__ import annotations

import copy
import json
import os
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from edges import catalog, container, mcpfence, refusal
from pull_requests import commit, git
from tooling import ROOT

CIDR = {"cidrs": [{"cidr": "203.0.113.0/24", "ports": [443]}]}
OLD = catalog(same=container(egress=CIDR), wider=container(egress=CIDR), gone=container(egress=CIDR))
NEW = catalog(
    same=container(egress=CIDR), wider=container(egress={"cidrs": [{"cidr": "203.0.113.0/24", "ports": [22, 443]}]})
)


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """OLD is committed and tagged v1, NEW lies in the working tree."""
    for variable in ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE"):
        monkeypatch.delenv(variable, raising=False)
    folder = tmp_path / "repository"
    commit(folder, {"values.yaml": OLD, "deep/README.md": "here\n"})
    git(folder, "tag", "v1")
    (folder / "values.yaml").write_text(json.dumps(NEW), encoding="utf-8")
    return folder


def _base(folder: Path, *arguments: str, cwd: str = ".") -> Any:
    done = mcpfence("report", "--format", "json", *arguments, cwd=folder / cwd)
    assert (done.returncode, done.stderr) == (0, b"")
    document = json.loads(done.stdout)
    schema = json.loads((ROOT / "schemas" / "output" / "report.schema.json").read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator(schema).validate(document)
    return document


def test_what_changed(repository: Path) -> None:
    """Each server has its verdict, those that went stand among the changes, and the words are those of `diff`."""
    document = _base(repository, "-f", "values.yaml", "--base", "v1")
    base = document["base"]

    assert {entry["name"]: entry["change"] for entry in document["entries"]} == {"same": "", "wider": "wider"}
    assert (base["revision"], base["commit"]) == ("v1", git(repository, "rev-parse", "HEAD"))
    assert (base["summary"], base["same"], base["absent"]) == ("1 wider, 1 removed, 2 the same", False, [])
    assert [(change["subjects"], change["verdict"], change["lines"][0]) for change in base["changes"]] == [
        (["server wider"], "wider", "+ may reach 203.0.113.0/24 (256 addresses) on TCP 22"),
        (["server gone"], "removed", "- may reach 203.0.113.0/24 (256 addresses) on TCP 443"),
    ]
    assert document["summary"]["changed"] == 1


@pytest.mark.parametrize("form", ["html", "markdown"])
def test_forms_for_people(repository: Path, form: str) -> None:
    """The page and Markdown say the same; dot and mermaid have no room for it."""
    done = mcpfence("report", "-f", "values.yaml", "--base", "v1", "--format", form, cwd=repository)
    text = done.stdout.decode()

    assert "What changed since v1" in text
    assert "1 wider, 1 removed, 2 the same" in text
    assert "may reach 203.0.113.0/24 (256 addresses) on TCP 22" in text


def test_the_same(repository: Path) -> None:
    """Where nothing changed nothing is marked."""
    git(repository, "checkout", "--quiet", "values.yaml")
    base = _base(repository, "-f", "values.yaml", "--base", "HEAD")["base"]

    assert (base["same"], base["summary"], base["changes"]) == (True, "the same reach (4 subjects compared)", [])


def test_from_a_folder_below_and_through_a_link(repository: Path) -> None:
    """The revision's file is the one that lies at the same place today; a link is followed."""
    (repository / "deep" / "link.yaml").symlink_to("../values.yaml")
    for name in ("../values.yaml", str(repository / "values.yaml"), "link.yaml"):
        assert _base(repository, "-f", name, "--base", "HEAD", cwd="deep")["base"]["summary"].startswith("1 wider")


def test_services_are_those_of_the_revision(repository: Path) -> None:
    """Manifests given with -f are read as they were, too: what a Service selects may be the change."""
    service: dict[str, Any] = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "db", "namespace": "data"},
        "spec": {"selector": {"app": "old"}, "ports": [{"port": 5432}]},
    }
    values = catalog(a=container(egress={"services": [{"name": "db", "namespace": "data"}]}))
    commit(repository, {"values.yaml": values, "service.yaml": json.dumps(service)})
    changed = copy.deepcopy(service)
    changed["spec"]["selector"] = {"app": "new"}
    (repository / "service.yaml").write_text(json.dumps(changed), encoding="utf-8")
    base = _base(repository, "-f", "values.yaml", "-f", "service.yaml", "--base", "HEAD")["base"]

    assert [line for line in base["changes"][0]["lines"] if line.startswith(("+", "-"))] == [
        "+ may reach pods app=new of namespace data on TCP 5432",
        "- may reach pods app=old of namespace data on TCP 5432",
    ]


def test_a_file_that_is_new(repository: Path) -> None:
    """The base is without it, and that is said."""
    (repository / "more.yaml").write_text(json.dumps({"servers": {"fresh": container()}}), encoding="utf-8")
    done = mcpfence(
        "report", "-f", "values.yaml", "-f", "more.yaml", "--base", "v1", "--format", "json", cwd=repository
    )
    base = json.loads(done.stdout)["base"]

    assert done.stderr.decode() == "mcpfence: more.yaml is not in v1; the base is without it\n"
    assert (base["absent"], base["summary"]) == (["more.yaml"], "1 wider, 1 added, 1 removed, 2 the same")


@pytest.mark.parametrize(
    "name", ["nosuch", "HEAD:values.yaml", "HEAD:deep", "v1..HEAD", "^HEAD", "-n", "--all", "", " ", "v1 "]
)
def test_no_revision(repository: Path, name: str) -> None:
    """It is one sentence that says what to write, whatever it looks like."""
    done = mcpfence("report", "-f", "values.yaml", f"--base={name}", cwd=repository)

    assert refusal(done) == (
        f"error: --base {name}: is no revision of this repository; "
        "write a branch, a tag or a commit, such as main or HEAD~1 [file-unreadable]"
    )


def test_no_repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What git says of it is told."""
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    (tmp_path / "values.yaml").write_text(json.dumps(NEW), encoding="utf-8")
    done = mcpfence("report", "-f", "values.yaml", "--base", "main", cwd=tmp_path)

    assert refusal(done) == (
        "error: --base main: is no revision, and git says: not a git repository (or any of the parent directories): "
        ".git; check the path, or the revision [file-unreadable]"
    )


def test_no_git(repository: Path) -> None:
    """Without git there is no revision, and what to do is said."""
    done = mcpfence("report", "-f", "values.yaml", "--base", "main", cwd=repository, PATH=os.devnull)

    assert refusal(done) == (
        "error: --base main: git cannot be run (Not a directory); install git, or name a file or folder [file-unreadable]"
    )


def test_a_file_outside(repository: Path) -> None:
    """A file that no revision of this repository can have is no file that is new."""
    (repository.parent / "values.yaml").write_text(json.dumps(NEW), encoding="utf-8")
    done = mcpfence("report", "-f", "../values.yaml", "--base", "v1", cwd=repository)

    assert refusal(done) == (
        "error: ../values.yaml: is no file or folder, and git says: ../values.yaml: '../values.yaml' is outside "
        f"repository at '{repository.resolve()}'; check the path, or the revision [file-unreadable]"
    )


def test_a_base_with_errors(repository: Path) -> None:
    """Its errors are told as its own, with the file and line of the revision, and no page is made."""
    commit(repository, {"values.yaml": {"servers": {"a": {"runtime": "npx", "x": 1}}}})
    (repository / "values.yaml").write_text(json.dumps(NEW), encoding="utf-8")
    done = mcpfence("report", "-f", "values.yaml", "--base", "HEAD", cwd=repository)

    assert refusal(done).splitlines()[0] == "mcpfence: the base HEAD cannot be compared:"
    assert refusal(done).splitlines()[1].startswith("error: HEAD:values.yaml:4:8 servers.a.x: is no known key; ")
