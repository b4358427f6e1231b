"""`mcpfence diff` as a command: whole outputs, files, folders, streams, revisions of Git, trouble."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import pytest

from diffing import (
    BASE,
    DENY_ALL,
    NEW,
    OLD,
    TWO_RULES,
    Document,
    catalogs,
    deployment,
    diff,
    difference,
    edited,
    json_file,
    policy,
    to,
    told,
)
from edges import carrier
from gateways.shapes import SHAPES
from helpers import objects, run_cli
from mcpfence import __version__
from mcpfence.diff.changes import Change
from mcpfence.diff.forms import as_markdown, as_text

# --- whole outputs ---

TEXT = """\
2 wider, 1 added, 1 removed, 1 the same

server notion: wider
+ may reach 3.0.0.0/9 (8.4 M addresses) on TCP 443
  for example 3.0.0.0 TCP 443

server redis-tool: wider and narrower
+ may reach pods app=redis of namespace data on TCP 6380
  for example a pod with app=redis in a namespace with kubernetes.io/metadata.name=data TCP 6380
- may reach pods app=redis of namespace data on TCP 6379
  for example a pod with app=redis in a namespace with kubernetes.io/metadata.name=data TCP 6379

server fresh: added
+ may be reached by pods app=gateway of namespace gateway on TCP 8080
  for example a pod with app=gateway in a namespace with kubernetes.io/metadata.name=gateway TCP 8080

server vault: removed
- may be reached by pods app=gateway of namespace gateway on TCP 8080
  for example a pod with app=gateway in a namespace with kubernetes.io/metadata.name=gateway TCP 8080
"""

MARKDOWN = """\
### mcpfence: 2 wider, 1 added, 1 removed, 1 the same

**Wider:** `server notion`

```diff
+ may reach 3.0.0.0/9 (8.4 M addresses) on TCP 443
  for example 3.0.0.0 TCP 443
```

**Wider and narrower:** `server redis-tool`

```diff
+ may reach pods app=redis of namespace data on TCP 6380
  for example a pod with app=redis in a namespace with kubernetes.io/metadata.name=data TCP 6380
- may reach pods app=redis of namespace data on TCP 6379
  for example a pod with app=redis in a namespace with kubernetes.io/metadata.name=data TCP 6379
```

**Added:** `server fresh`

```diff
+ may be reached by pods app=gateway of namespace gateway on TCP 8080
  for example a pod with app=gateway in a namespace with kubernetes.io/metadata.name=gateway TCP 8080
```

<details><summary>1 removed</summary>

**Removed:** `server vault`

```diff
- may be reached by pods app=gateway of namespace gateway on TCP 8080
  for example a pod with app=gateway in a namespace with kubernetes.io/metadata.name=gateway TCP 8080
```

</details>
"""

NOTHING: Document = {"everything": False, "flows": [], "example": None}

JSON: Document = {
    "format": "mcpfence.diff/v1",
    "version": __version__,
    "ok": True,
    "findings": [],
    "same": False,
    "summary": {
        "wider": 1,
        "added": 0,
        "unclear": 0,
        "narrower": 0,
        "removed": 0,
        "notEvaluated": 0,
        "same": 3,
    },
    "changes": [
        {
            "subjects": [
                {
                    "title": "server notion",
                    "old": [{"namespace": "tools", "pods": "app=notion"}],
                    "new": [{"namespace": "tools", "pods": "app=notion"}],
                }
            ],
            "verdict": "wider",
            "egress": {
                "gained": {
                    "everything": False,
                    "flows": [
                        {
                            "addresses": ["3.0.0.0-3.127.255.255"],
                            "counts": {"IPv4": 8388608},
                            "traffic": {"TCP": ["443"]},
                        }
                    ],
                    "example": {"address": "3.0.0.0", "protocol": "TCP", "port": 443},
                },
                "lost": NOTHING,
            },
            "ingress": {"gained": NOTHING, "lost": NOTHING},
            "doubts": [],
            "remarks": [],
        }
    ],
    "doubts": [],
    "remarks": [],
}


def test_text(tmp_path: Path) -> None:
    """Widening first, each subject with what it gains and loses, and one flow for each; exit 1."""
    done = diff(tmp_path, OLD, NEW)

    assert (done.code, done.stdout, done.stderr) == (1, TEXT, "")


def test_markdown(tmp_path: Path) -> None:
    """The summary is the first line; what narrows is folded."""
    done = diff(tmp_path, OLD, NEW, "--format", "markdown")

    assert (done.code, done.stdout, done.stderr) == (1, MARKDOWN, "")


def test_json(tmp_path: Path) -> None:
    """Everything in full, for programs."""
    wider = edited(OLD, lambda raw: raw["servers"]["notion"]["egress"]["cidrs"][0].update(cidr="3.0.0.0/8"))
    done = diff(tmp_path, OLD, wider, "--format", "json")

    assert (done.code, json.loads(done.stdout)) == (1, JSON)


def test_same_in_all_forms(tmp_path: Path) -> None:
    """Exit 0 and one line that says so."""
    outcomes = {form: diff(tmp_path, OLD, OLD, "--format", form) for form in ("text", "markdown", "json")}

    assert [outcome.code for outcome in outcomes.values()] == [0, 0, 0]
    assert outcomes["text"].stdout == "the same reach (4 subjects compared)\n"
    assert outcomes["markdown"].stdout == "### mcpfence: the same reach (4 subjects compared)\n"
    assert json.loads(outcomes["json"].stdout)["same"] is True


def test_names_and_packets_of_a_firewall(tmp_path: Path) -> None:
    """Under Aviatrix names are compared, and addresses beside them say under which names they are new."""
    old = edited(
        OLD,
        lambda raw: raw.update(egress={"provider": "aviatrix"}),
        lambda raw: raw["servers"]["notion"]["egress"].update(domains=["api.notion.com"]),
    )
    new = edited(
        old, lambda raw: raw["servers"]["notion"]["egress"].update(domains=["api.notion.com", "*.notion.so"], cidrs=[])
    )
    done = diff(tmp_path, old, new)

    assert done.stdout == (
        "1 wider, 3 the same\n"
        "\n"
        "server notion: wider and narrower\n"
        "+ may reach *.notion.so on TCP 443\n"
        "  for example 1.1.1.1 TCP 443 as any.notion.so\n"
        "- may reach 3.128.0.0/9 (8.4 M addresses) on TCP 443 as any name or none but api.notion.com, *.notion.so\n"
        "  for example 3.128.0.0 TCP 443\n"
    )


# --- Markdown ---


def test_markdown_folds_long_lists() -> None:
    """Eight lines are in the open, the others behind a triangle."""
    rules = [to(f"192.0.2.{number * 16}/28", 1000 + number) for number in range(14)]
    text = as_markdown(difference(BASE, [*BASE, policy("many", egress=rules)]))
    shown, folded = re.findall(r"```diff\n(.*?)\n```", text, re.DOTALL)

    assert (len(shown.splitlines()), len(folded.splitlines())) == (8, 7)
    assert "<details><summary>7 more lines</summary>" in text


def test_markdown_fits_into_a_comment() -> None:
    """Code hosts refuse more than 65,536 characters; what is left out is counted."""
    new = [
        policy(
            f"p{number}",
            {"matchLabels": {"app": f"web-{number}-{'x' * 40}"}},
            egress=[to(f"10.{number // 250}.{number % 250}.0/24")],
        )
        for number in range(500)
    ]
    found = difference([DENY_ALL], [DENY_ALL, *new])
    text = as_markdown(found)

    assert len(found.changes) == 500
    assert len(text) < 65_536
    assert re.search(
        r"\n\d+ of the changes do not fit into a comment; `mcpfence diff --format text` shows them.\n\Z", text
    )


def test_markdown_of_foreign_words_is_inert() -> None:
    """Labels of other people cannot leave their code spans, nor bring lines or colours of their own."""
    evil = policy(selector={"matchLabels": {"app": "`</details>\n@team \x1b[31m"}}, egress=[{}])
    for form in (as_markdown, as_text):
        text = form(difference([DENY_ALL], [DENY_ALL, evil]))
        line = next(line for line in text.splitlines() if "</details>" in line)

        assert "\x1b" not in text
        assert "\n@team" not in text
        assert line.count("``") == (2 if form is as_markdown else 0)
        assert line.count("`") == (5 if form is as_markdown else 1)


# --- where sides come from ---


def _git(folder: Path, *arguments: str) -> None:
    settings = ["-c", "user.name=a", "-c", "user.email=a@example.com", "-c", "commit.gpgsign=false"]
    subprocess.run(["git", *settings, *arguments], cwd=folder, check=True, capture_output=True)


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository with OLD committed and NEW in the working tree, as a catalog and as a folder of manifests."""
    folder = tmp_path / "repository"
    (folder / "manifests" / "deep").mkdir(parents=True)
    (folder / "values.yaml").write_text(json.dumps(OLD), encoding="utf-8")
    (folder / "manifests" / "floor.yaml").write_text(json.dumps(DENY_ALL), encoding="utf-8")
    (folder / "manifests" / "deep" / "web.json").write_text(json.dumps(BASE[1]), encoding="utf-8")
    (folder / "manifests" / ".hidden").mkdir()
    (folder / "manifests" / ".hidden" / "broken.yaml").write_text("{", encoding="utf-8")
    (folder / "manifests" / "README.md").write_text("{", encoding="utf-8")
    _git(folder, "init", "--quiet", "--initial-branch=main")
    _git(folder, "add", ".")
    _git(folder, "commit", "--quiet", "--message=first")
    (folder / "values.yaml").write_text(json.dumps(NEW), encoding="utf-8")
    (folder / "manifests" / "deep" / "web.json").unlink()
    monkeypatch.chdir(folder)
    for variable in ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE"):
        monkeypatch.delenv(variable, raising=False)
    return folder


def test_catalog_of_a_revision(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """REV:PATH is what `git show` prints, from the top of the repository; ./ is from here; no REV is the index."""
    assert repository.is_dir()
    assert run_cli("diff", "HEAD:values.yaml", "values.yaml").stdout == TEXT
    assert run_cli("diff", "main:values.yaml", "HEAD:values.yaml").code == 0
    assert run_cli("diff", ":values.yaml", "HEAD:values.yaml").code == 0
    monkeypatch.chdir(repository / "manifests")
    assert run_cli("diff", "HEAD:./../values.yaml", "../values.yaml").stdout == TEXT


def test_folder_of_a_revision(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """All YAML and JSON below it, wherever the command runs; what lies in hidden folders is nobody's."""
    done = run_cli("diff", "HEAD:manifests", "manifests")
    monkeypatch.chdir(repository / "manifests")

    assert (done.code, done.stdout.splitlines()[2:4]) == (
        1,
        [
            "pods app=web of namespace shop: narrower",
            "- may reach 192.0.2.0/24 (256 addresses) on TCP 443",
        ],
    )
    assert run_cli("diff", "HEAD:manifests/", str(repository / "manifests")).stdout == done.stdout
    assert run_cli("diff", "HEAD:manifests", "HEAD:manifests").code == 0


def test_a_hidden_file_is_a_manifest(repository: Path) -> None:
    """kubectl, given the folder, applies it like any other, so both sides read it."""
    (repository / "manifests" / ".web.json").write_text(json.dumps(BASE[1]), encoding="utf-8")
    assert run_cli("diff", "HEAD:manifests", "manifests").code == 0
    _git(repository, "add", ".")
    _git(repository, "commit", "--quiet", "--message=second")

    assert run_cli("diff", "HEAD~1:manifests", "HEAD:manifests").code == 0


def test_file_with_a_colon_is_ajson_file(tmp_path: Path) -> None:
    """What exists under the very name is no revision."""
    (tmp_path / "HEAD:a.yaml").write_text(json.dumps(OLD), encoding="utf-8")

    assert run_cli("diff", str(tmp_path / "HEAD:a.yaml"), str(tmp_path / "HEAD:a.yaml")).code == 0


def test_stdin(tmp_path: Path) -> None:
    """One side may come through a pipe."""
    (tmp_path / "old.yaml").write_text(json.dumps(OLD), encoding="utf-8")
    done = run_cli("diff", str(tmp_path / "old.yaml"), "-", stdin=json.dumps(NEW).encode())

    assert (done.code, done.stdout) == (1, TEXT)


def test_stream_with_the_catalog_in_it(tmp_path: Path) -> None:
    """What `helm template` prints has no policies yet: they are put in, and compared with the catalog itself."""
    content = {"version": "0.1.0", "release": "demo", "namespace": "default", "catalog": OLD}
    carrier = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "demo-mcpfence-catalog", "labels": {"mcpfence.io/carrier": "catalog"}},
        "data": {"catalog": json.dumps(content)},
    }
    floor = edited(DENY_ALL, lambda made: made["metadata"].update(namespace="tools"))
    done = diff(tmp_path, [floor, carrier], NEW, "--release", "demo")

    assert (done.code, done.stdout) == (1, TEXT)
    assert diff(tmp_path, [floor, carrier], OLD, "--release", "demo").code == 0


def test_catalog_beside_its_manifests(tmp_path: Path) -> None:
    """A catalog and what was rendered of it, floor included, are the same."""
    run_cli("render", "-f", str(json_file(tmp_path, OLD)), "--policies-only", "-o", str(tmp_path / "out"))
    floor = edited(DENY_ALL, lambda made: made["metadata"].update(namespace="tools"))
    (tmp_path / "out" / "floor.yaml").write_text(json.dumps(floor), encoding="utf-8")
    with (tmp_path / "out" / "kustomization.yaml").open("a", encoding="utf-8") as index:
        index.write("- floor.yaml\n")

    done = run_cli("diff", str(json_file(tmp_path, OLD)), str(tmp_path / "out"))

    assert (done.code, done.stdout) == (0, "the same reach (4 subjects compared)\n")


def test_services_beside_a_catalog(tmp_path: Path) -> None:
    """--with names manifests that say which pods a Service means."""
    service = {"selector": {"app": "redis"}, "ports": [{"port": 6379}]}
    document = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "redis", "namespace": "data"},
        "spec": service,
    }
    bare = edited(
        OLD,
        lambda raw: raw["servers"]["redis-tool"]["egress"].update(services=[{"name": "redis", "namespace": "data"}]),
    )
    found = json_file(tmp_path, document, "services.yaml")

    assert diff(tmp_path, OLD, bare).code == 1
    assert diff(tmp_path, OLD, bare, "--with", str(found)).code == 0


def test_nothing_against_something(tmp_path: Path) -> None:
    """An empty file is a side without anything, as for diff(1)."""
    lines = diff(tmp_path, "", [policy(egress=TWO_RULES), deployment()]).stdout.splitlines()

    assert "1 added" in lines[0] or "2 added" in lines[0]
    empty = diff(tmp_path, "", "# nothing\n")
    assert (empty.code, empty.stderr) == (
        0,
        "mcpfence: neither side holds a policy or a workload; are these the right paths?\n",
    )


def test_left_out(tmp_path: Path) -> None:
    """Documents that are no objects hold no policy; they are named."""
    done = diff(tmp_path, [*BASE, {"replicas": 3}], BASE)

    assert (done.code, done.stderr) == (
        0,
        f"mcpfence: document 3 of {tmp_path / 'old.yaml'} is no Kubernetes object and was left out\n",
    )


def test_new_warnings_are_said(tmp_path: Path) -> None:
    """What the render of NEW warns of and that of OLD does not; --strict makes it trouble."""
    whole = edited(OLD, lambda raw: raw["clients"].update(all={"namespace": "all"}))

    assert diff(tmp_path, OLD, whole).stderr.startswith(f"warning: {tmp_path / 'new.yaml'}:1:")
    assert diff(tmp_path, whole, whole).stderr == ""
    assert (diff(tmp_path, OLD, whole, "--strict").code, diff(tmp_path, OLD, whole, "--strict").stdout) == (1, "")


# --- trouble ---

BAD: dict[str, tuple[str, str]] = {
    "missing": ("nosuch.yaml", "nosuch.yaml: cannot be read (No such file or directory); check the path"),
    "no YAML": ("bad.yaml", "bad.yaml:2:1: did not find expected node content; mend the YAML"),
    "no UTF-8": ("latin.yaml", "latin.yaml: is no UTF-8 at byte 4; save it as UTF-8"),
    "a list": ("list.yaml", "list.yaml: is a list, not a mapping; write keys such as servers: at its top"),
    "an empty folder": (
        "empty",
        "empty: holds no file that ends in .yaml, .yml, .json; check the path",
    ),
    "a folder of values": (
        "values",
        "values: holds no Kubernetes manifests; name the catalog itself, or a folder of manifests",
    ),
    "a bad catalog": (
        "catalog.yaml",
        "catalog.yaml:1:1 server: is no known key; did you mean servers? Else write one of: clients, cluster, dns, "
        "egress, gateway, guard, mcpNamespace, mcpServerDefaults, rbac, run, servers, workloads",
    ),
    "an unknown revision": (
        "nosuch:values.yaml",
        "nosuch:values.yaml: is no file or folder, and git says: invalid object name 'nosuch'.; "
        "check the path, or the revision",
    ),
    "an unknown path": (
        "HEAD:nosuch.yaml",
        "HEAD:nosuch.yaml: is no file or folder, and git says: path 'nosuch.yaml' does not exist in 'HEAD'; "
        "check the path, or the revision",
    ),
    "a link": ("HEAD:linked", "HEAD:linked/values.yaml: is a symbolic link; name the file that it leads to"),
    "an empty folder of a revision": (
        "HEAD:manifests/deep/nothing",
        "HEAD:manifests/deep/nothing: holds no file that ends in .yaml, .yml, .json; check the path",
    ),
}


@pytest.fixture
def troubled(repository: Path) -> Path:
    """The repository with what cannot be read."""
    (repository / "empty").mkdir()
    (repository / "values").mkdir()
    (repository / "linked").mkdir()
    (repository / "manifests" / "deep" / "nothing").mkdir(parents=True)
    (repository / "manifests" / "deep" / "nothing" / "note.txt").write_text("x", encoding="utf-8")
    for name in ("a.yaml", "b.yaml"):
        (repository / "values" / name).write_text("replicas: 3\n", encoding="utf-8")
    (repository / "linked" / "values.yaml").symlink_to("../values.yaml")
    (repository / "bad.yaml").write_text("x: [\n", encoding="utf-8")
    (repository / "latin.yaml").write_bytes(b'x: "\xe9"\n')
    (repository / "list.yaml").write_text("[1, 2]\n", encoding="utf-8")
    (repository / "catalog.yaml").write_text("server: {}\n", encoding="utf-8")
    _git(repository, "add", "linked", "manifests")
    _git(repository, "commit", "--quiet", "--message=second")
    return repository


@pytest.mark.parametrize(("path", "sentence"), BAD.values(), ids=BAD)
@pytest.mark.parametrize("side", ["OLD", "NEW"])
@pytest.mark.usefixtures("troubled")
def test_trouble(path: str, sentence: str, side: str) -> None:
    """Exit 1, nothing on stdout, the side, the place and what to do."""
    done = run_cli("diff", *([path, "values.yaml"] if side == "OLD" else ["values.yaml", path]))
    said = done.stderr.splitlines()

    assert (done.code, done.stdout, said[0]) == (1, "", f"mcpfence: {side} ({path}) cannot be compared:")
    assert re.sub(r" \[[a-z-]+\]\Z", "", said[1]) == f"error: {sentence}"


def test_trouble_on_both_sides(tmp_path: Path) -> None:
    """All of it is said at once."""
    done = diff(tmp_path, "x: [", "y: [")

    assert done.code == 1
    assert [line.split(" (")[0] for line in done.stderr.splitlines() if line.startswith("mcpfence")] == [
        "mcpfence: OLD",
        "mcpfence: NEW",
    ]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("-", "-"), "stdin can be read once: give - for one file only."),
        (("a.yaml",), "Missing argument 'NEW'."),
        (
            ("a.yaml", "b.yaml", "--format", "html"),
            "Invalid value for '--format': 'html' is not one of 'text', 'json', 'markdown'.",
        ),
        (
            ("a.yaml", "b.yaml", "-n", "UPPER"),
            "Invalid value for '-n' / '--namespace': 'UPPER' is no namespace: lower-case letters, digits and -, 63 at most.",
        ),
    ],
)
def test_wrong_usage(arguments: tuple[str, ...], sentence: str) -> None:
    """Exit 2 with the sentence."""
    done = run_cli("diff", *arguments)

    assert (done.code, done.stdout) == (2, "")
    assert f"Error: {sentence}" in done.stderr.replace("\n", " ").replace("  ", " ")


def test_empty_stdin(tmp_path: Path) -> None:
    """A command before the pipe that failed is trouble, not a side without anything."""
    done = run_cli("diff", str(json_file(tmp_path, OLD)), "-")

    assert (done.code, done.stdout) == (1, "")
    assert "the stream on stdin is empty; check the command before the pipe" in done.stderr


def test_git_that_is_missing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """It is said, and what to do."""
    monkeypatch.setenv("PATH", str(tmp_path))
    done = run_cli("diff", "HEAD:values.yaml", str(json_file(tmp_path, OLD)))

    assert done.code == 1
    assert (
        "error: HEAD:values.yaml: git cannot be run (No such file or directory); install git, or name a file or folder"
        in done.stderr
    )


def test_log_file_that_cannot_be_written(tmp_path: Path) -> None:
    """Trouble before any work."""
    done = diff(tmp_path, OLD, NEW, "--log-file", str(tmp_path / "no" / "log"))

    assert (done.code, done.stdout) == (1, "")


def test_a_change_without_anything_is_told() -> None:
    """An added server that may do nothing is still an addition."""
    bare = edited(OLD, lambda raw: raw.update(clients={}))
    found = catalogs(edited(bare, lambda raw: raw["servers"].pop("vault")), bare)

    assert told(found) == ["server vault: added", "+ reaches nothing, and nothing reaches it"]
    assert isinstance(found.changes[0], Change)


@pytest.mark.parametrize("empty", [{"servers": {}}, {"mcpNamespace": {"name": "mcp"}}])
def test_a_catalog_that_declares_nothing(tmp_path: Path, empty: Document) -> None:
    """It may be a side, before the first server or behind the last, and each is named on stderr unless --quiet."""
    said = "declares neither servers nor workloads; is it the right file?\n"
    before, after = diff(tmp_path, empty, OLD), diff(tmp_path, OLD, empty)

    assert before.code == 1
    assert before.stderr.startswith(f"mcpfence: OLD ({tmp_path / 'old.yaml'}) {said}")
    assert after.stderr.startswith(f"mcpfence: NEW ({tmp_path / 'new.yaml'}) {said}")
    assert "removed" in after.stdout
    same = diff(tmp_path, empty, empty)
    assert same.stderr.count(said) == 2
    assert diff(tmp_path, empty, OLD, "--quiet").stderr == ""


def test_a_stream_whose_catalog_declares_nothing(tmp_path: Path) -> None:
    """What helm prints of the chart, too."""
    (tmp_path / "stream.yaml").write_bytes(carrier({"servers": {}}))
    done = run_cli("diff", str(tmp_path / "stream.yaml"), str(tmp_path / "stream.yaml"))

    assert done.code == 0
    assert done.stderr.count("declares neither servers nor workloads") == 2


# --- what is no reach ---


def test_who_may_call_through_a_gateway() -> None:
    """An AuthPolicy that goes, comes or says something else is named, of catalogs as of manifests; defaults are not."""
    raw = SHAPES["oidc for one server alone"]
    opened = {
        **raw,
        "servers": {**raw["servers"], "a": {**raw["servers"]["a"], "gateway": {"service": {"name": "svc"}}}},
    }
    opened["servers"]["a"]["gateway"]["service"]["port"] = 8000
    said = "AuthPolicy mcp/a (kuadrant.io), which says who may call through a gateway"
    assert catalogs(raw, opened).doubts == (f"only in OLD: {said}",)
    assert catalogs(opened, raw).doubts == (f"only in NEW: {said}",)

    before, after, live = (list(objects(raw).values()) for _ in range(3))
    policy_of(after)["spec"]["rules"]["authentication"]["public"] = {"anonymous": {}}
    policy_of(live)["spec"]["rules"]["authentication"]["oidc"]["priority"] = 0
    policy_of(live)["status"] = {"conditions": []}
    assert difference(before, after).doubts == (f"another one in NEW: {said}",)
    assert difference(before, after).different
    assert not difference(before, live).different


def test_a_policy_that_makes_one() -> None:
    """An OIDCPolicy makes an AuthPolicy for its target."""
    made: Document = {
        "apiVersion": "extensions.kuadrant.io/v1alpha1",
        "kind": "OIDCPolicy",
        "metadata": {"name": "a", "namespace": "mcp"},
        "spec": {"targetRef": {"kind": "HTTPRoute", "name": "a"}},
    }
    assert difference([], [made]).doubts == (
        "only in NEW: OIDCPolicy mcp/a (extensions.kuadrant.io), which says who may call through a gateway",
    )


def policy_of(documents: list[Document]) -> Document:
    """The AuthPolicy among documents."""
    return next(document for document in documents if document["kind"] == "AuthPolicy")


def test_rights_of_a_server() -> None:
    """A Role of ours with one verb more is named; Roles of others are not ours to compare."""
    ours = [one for one in objects(SHAPES["every key of a registration"]).values() if one["kind"] == "Role"]
    other = json.loads(json.dumps(ours))
    other[0]["rules"][0]["verbs"].append("delete")
    said = "Role shop/mcp-gateway-a-read (rbac.authorization.k8s.io), which says what a server or its users may do"

    assert difference(ours, other).doubts == (f"another one in NEW: {said}",)
    for document in (*ours, *other):
        del document["metadata"]["labels"]
    assert difference(ours, other).doubts == ()
