"""`mcpfence render -o DIR` for Git: its index, its header, and `--check`."""

from __future__ import annotations

import json
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

from edges import CATALOG, catalog, container, mcpfence, refusal, values_file
from gittools import scripts_folder
from mcpfence.cli.render_folder import Call
from mcpfence.kube.manifest import floor_policy
from mcpfence.streams.folder_layout import KUSTOMIZATION, folder_layout, kustomization
from mcpfence.system.files import INDEX

ALONE = ("--release", "demo", "-n", "home", "--policies-only")
"""A render without helm."""


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A folder with a catalog, `values.yaml`, and what it renders to, in `manifests`."""
    folder = tmp_path / "repository"
    folder.mkdir()
    values_file(folder, CATALOG)
    done = _render(folder)
    assert done.returncode == 0, done.stderr.decode()
    return folder


def _render(repository: Path, *arguments: str | Path) -> subprocess.CompletedProcess[bytes]:
    return mcpfence("render", "-f", "values.yaml", *ALONE, "-o", "manifests", *arguments, cwd=repository)


def _tree(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


OWN = (
    "networkpolicy-mcp-server-vault-egress.yaml",
    "networkpolicy-mcp-server-vault-ingress.yaml",
)
"""The policies of CATALOG."""
PRUNE = "pass --prune-all to remove them all the same [folder-other]"
REPORT = "configmap-home-demo-mcpfence.yaml"


@pytest.mark.parametrize(
    ("other", "gone"), [(("--release", "demos"), [REPORT]), (("-n", "homes"), [REPORT])], ids=["name", "home"]
)
def test_the_folder_of_another_release_is_not_overwritten(
    repository: Path, other: tuple[str, str], gone: list[str]
) -> None:
    """Its namespace would lose floor and policies at the next sync."""
    before = _tree(repository)
    arguments = ("-f", "values.yaml", *ALONE, *other, "-o", "manifests")
    files = ", ".join(gone)

    assert refusal(mcpfence("render", *arguments, cwd=repository)) == (
        f"error: manifests: holds another release ({REPORT} is its report), and its fences "
        f"would be removed: {files}; choose another folder, or {PRUNE}"
    )
    assert _tree(repository) == before
    assert mcpfence("render", *arguments, "--prune-all", cwd=repository).returncode == 0


def test_the_namespace_does_not_go_unsaid(repository: Path) -> None:
    """A prune deletes a Namespace with every pod in it; who hands it over to somebody else says so."""
    namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "demo-mcp"}}
    folder = repository / "manifests"
    file = folder / "0-namespace-demo-mcp.yaml"
    file.write_text(json.dumps(namespace), encoding="utf-8")
    with (folder / INDEX).open("a", encoding="utf-8") as index:
        index.write(f"{file.name}\n")

    assert refusal(_render(repository)) == (
        "error: manifests: would lose the Namespace itself, and a prune deletes it with everything in it: "
        "0-namespace-demo-mcp.yaml; leave mcpNamespace.create as it was; "
        "if something else holds the Namespace by now, pass --prune-all [folder-other]"
    )
    assert file.exists()
    assert _render(repository, "--prune-all").returncode == 0
    assert not file.exists()


def test_the_fences_of_a_namespace_do_not_go_by_the_way(repository: Path) -> None:
    """A line that fell out of the values file, or came into it, changes the namespace; nobody is left fenced there."""
    before = _tree(repository / "manifests")
    values_file(repository, {**CATALOG, "mcpNamespace": {"name": "tools"}})

    assert refusal(_render(repository)) == (
        f"error: manifests: holds the fences of namespace demo-mcp (so says {REPORT}), which would be replaced; "
        f"write mcpNamespace.name: demo-mcp, choose another folder, or {PRUNE}"
    )
    assert _tree(repository / "manifests") == before

    assert _render(repository, "--prune-all").returncode == 0
    after = _tree(repository / "manifests")
    assert all(b"namespace: tools\n" in after[name] for name in OWN)


def test_a_report_that_is_gone_hides_nothing(repository: Path) -> None:
    """The policies themselves say whose they are."""
    (repository / "manifests" / REPORT).unlink()
    values_file(repository, {**CATALOG, "mcpNamespace": {"name": "tools"}})

    said = (
        f"holds the fences of namespace demo-mcp (so says {OWN[0]}), which would be replaced; write mcpNamespace.name"
    )
    assert said in refusal(_render(repository))


def _with_older_names(folder: Path, fenced: str) -> set[str]:
    """Give the files the names that they had while the fenced namespace was part of them; returns the new names."""
    names = {path.name for path in folder.glob("*.yaml")}
    older = {
        name: name.replace("-", f"-{fenced}-", 1) for name in names if not name.startswith(("kustom", "configmap"))
    }
    older |= {name: name.replace("-", f"-{fenced}-", 1) for name in names if name == "configmap-demo-mcpfence.yaml"}
    for name, old in older.items():
        (folder / name).rename(folder / old)
    text = (folder / INDEX).read_text(encoding="utf-8")
    lines = [older.get(line, line) for line in text.splitlines()]
    (folder / INDEX).write_text("\n".join(lines) + "\n", encoding="utf-8")
    assert names != {path.name for path in folder.glob("*.yaml")}
    return names


def test_folder_with_older_names_has_the_new_ones_after_one_render(repository: Path) -> None:
    """The old files are ours by the index, so they go; the report, here in the fenced namespace, is no other release's."""
    values_file(repository, CATALOG)
    home = ("-n", "demo-mcp", "--prune-all")
    assert _render(repository, *home).returncode == 0
    names = _with_older_names(repository / "manifests", "demo-mcp")
    drift = _render(repository, "-n", "demo-mcp", "--check")
    done = _render(repository, "-n", "demo-mcp")

    assert drift.returncode == 1
    assert (done.returncode, done.stderr.decode().splitlines()[0]) == (
        0,
        "mcpfence: manifests: 3 files written, 1 unchanged, 3 removed",
    )
    assert {path.name for path in (repository / "manifests").glob("*.yaml")} == names
    assert _render(repository, "-n", "demo-mcp", "--check").returncode == 0


def test_older_names_of_another_namespace_are_not_taken_for_ours(repository: Path) -> None:
    """What is fenced is told by the files themselves, whatever they are called."""
    _with_older_names(repository / "manifests", "demo-mcp")
    values_file(repository, {**CATALOG, "mcpNamespace": {"name": "tools"}})

    assert refusal(_render(repository)) == (
        "error: manifests: holds the fences of namespace demo-mcp, which would be removed: "
        "networkpolicy-demo-mcp-mcp-server-vault-egress.yaml, networkpolicy-demo-mcp-mcp-server-vault-ingress.yaml; "
        f"write mcpNamespace.name: demo-mcp, choose another folder, or {PRUNE}"
    )


def test_the_floor_does_not_go_by_the_way(repository: Path) -> None:
    """A render of the policies alone has no floor; where the catalog turns it off, that is what was asked for."""
    floor = "networkpolicy-mcp-default-deny.yaml"
    folder = repository / "manifests"
    (folder / floor).write_text(json.dumps(floor_policy("demo-mcp")), encoding="utf-8")
    with (folder / INDEX).open("a", encoding="utf-8") as index:
        index.write(f"{floor}\n")

    assert refusal(_render(repository)) == (
        f"error: manifests: would lose the floor of its namespace: {floor}; "
        f"render the chart too (without --policies-only), choose another folder, or {PRUNE}"
    )
    assert floor in _tree(folder)

    values_file(repository, {**CATALOG, "mcpNamespace": {"networkPolicy": {"enabled": False}}})
    assert _render(repository).returncode == 0
    assert floor not in _tree(folder)


def test_servers_that_go_are_named(repository: Path) -> None:
    """To remove some is everyday work."""
    values_file(repository, catalog(notes=container(), github=container(), vault=CATALOG["servers"]["vault"]))
    assert b"removed:" not in _render(repository).stderr

    values_file(repository, CATALOG)
    assert _render(repository).stderr.decode().splitlines()[:2] == [
        "mcpfence: manifests: 2 files written, 2 unchanged, 4 removed",
        "mcpfence: manifests: removed: github, notes",
    ]


@pytest.mark.parametrize(
    ("provider", "kind"),
    [
        ("aviatrix", "FirewallPolicy"),
        ("antrea", "NetworkPolicy.crd.antrea.io"),
        ("clusternetworkpolicy", "ClusterNetworkPolicy"),
    ],
)
def test_kinds_of_another_provider_that_go_are_named(repository: Path, provider: str, kind: str) -> None:
    """The server stays, and what closed its names goes: a Git prune would take it out of the cluster."""
    named = container(egress={"domains": ["api.example.com"]})
    values_file(repository, catalog(vault=named) | {"egress": {"provider": provider}})
    assert _render(repository).returncode == 0

    values_file(repository, catalog(vault=named) | {"egress": {"provider": "cilium"}})
    said = _render(repository).stderr.decode().splitlines()
    assert [line for line in said if "removed:" in line] == [f"mcpfence: manifests: removed: {kind} (1)"]


def test_prune_all_needs_a_folder(repository: Path) -> None:
    """On stdout nothing is removed."""
    said = refusal(mcpfence("render", "-f", "values.yaml", *ALONE, "--prune-all", cwd=repository), 2)
    assert said.endswith("--prune-all is about what is removed from a folder; name it with -o.")


# --- the index ---


def test_index_lists_every_object(repository: Path) -> None:
    """In the order in which they are to be applied, below a header that says what the folder is and how it is made."""
    assert (repository / "manifests" / KUSTOMIZATION).read_text(encoding="utf-8") == (
        "# Rendered by mcpfence; edits here do not last. Change the catalog and render again. In this folder that is:\n"
        "#\n"
        "#     mcpfence render -f ../values.yaml --namespace home --release demo --policies-only -o .\n"
        "#\n"
        "# +argocd:skip-file-rendering\n"
        "apiVersion: kustomize.config.k8s.io/v1beta1\n"
        "kind: Kustomization\n"
        "sortOptions: {order: fifo}\n"
        "resources:\n"
        "- networkpolicy-mcp-server-vault-egress.yaml\n"
        "- networkpolicy-mcp-server-vault-ingress.yaml\n"
        "- configmap-home-demo-mcpfence.yaml\n"
    )


def test_the_command_of_the_header_does_what_it_says(repository: Path) -> None:
    """Run in the folder as it is written there, it renders the folder again and changes nothing."""
    before = _tree(repository)
    line = (repository / "manifests" / KUSTOMIZATION).read_text(encoding="utf-8").splitlines()[2]
    command = shlex.split(line.removeprefix("#"))
    for name in ("configmap-home-demo-mcpfence.yaml", KUSTOMIZATION):
        (repository / "manifests" / name).unlink()
    done = mcpfence(*command[1:], cwd=repository / "manifests")

    assert (command[0], done.returncode) == ("mcpfence", 0)
    assert _tree(repository) == before


@pytest.mark.parametrize("way", ["above", "inside", "absolute", "other checkout", "link above the checkout"])
def test_header_is_the_same_from_everywhere(repository: Path, tmp_path: Path, way: str) -> None:
    """Whoever renders, wherever the checkout lies and from whatever folder: the same bytes."""
    expected = _tree(repository)
    if way == "other checkout":
        repository = repository.rename(tmp_path / "elsewhere")
    if way == "link above the checkout":
        (tmp_path / "link").symlink_to(repository)
        repository = tmp_path / "link"
    values, folder, cwd = {
        "above": (f"{repository.name}/values.yaml", f"{repository.name}/manifests", tmp_path),
        "inside": ("../values.yaml", ".", repository / "manifests"),
    }.get(way, (str(repository / "values.yaml"), str(repository / "manifests"), tmp_path))
    for path in repository.glob("manifests/*"):
        path.unlink()
    (repository / "manifests" / ".mcpfence-index").unlink(missing_ok=True)
    done = mcpfence("render", "-f", values, *ALONE, "-o", folder, cwd=cwd)

    assert done.returncode == 0, done.stderr.decode()
    assert _tree(repository) == expected


def _call(*files: str, chart: str | None = None) -> Call:
    return Call(files, "a", "b", chart, policies_only=True, folder=Path("x"))


@pytest.mark.parametrize(
    ("call", "command"),
    [
        (_call("-"), "mcpfence render -f - --namespace a --release b --policies-only -o ."),
        (_call("v.yaml", "w.yaml", chart="charts/c"), "-f ../v.yaml -f ../w.yaml "),
        (_call("v.yaml", chart="charts/c"), "--release b --chart ../charts/c --policies-only -o ."),
        (_call("it's me.yaml"), """-f '../it'"'"'s me.yaml' """),
        (_call("x/v.yaml"), "-f v.yaml "),
        (_call(os.devnull), "-f - "),
        (_call(f"{os.sep}far-away{os.sep}v.yaml"), "-f v.yaml "),
    ],
)
def test_how_the_header_names_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: Call, command: str) -> None:
    """Relative to the folder, quoted for a shell; pipes as stdin, and nothing of this machine's folders."""
    monkeypatch.chdir(tmp_path)

    assert command in call.here
    assert str(tmp_path) not in call.here


def test_index_puts_policies_before_pods() -> None:
    """Kustomize by itself sorts policies behind Deployments, and a pod would run before its fence is there."""
    names = [
        "deployment-n-a.yaml",
        "firewallpolicy-n-a.yaml",
        "networkpolicy-n-a.yaml",
        "role-n-a.yaml",
        "0-namespace-n.yaml",
    ]
    text = kustomization(names, "mcpfence render")

    assert "sortOptions: {order: fifo}\n" in text
    assert re.findall(r"^- (.*)$", text, re.MULTILINE) == [
        *(
            "0-namespace-n.yaml",
            "firewallpolicy-n-a.yaml",
            "networkpolicy-n-a.yaml",
            "role-n-a.yaml",
            "deployment-n-a.yaml",
        ),
    ]


def test_nothing_gets_out_of_the_header() -> None:
    """A line break in the name of a file does not begin a line of the index."""
    text = kustomization(["a.yaml"], "mcpfence render -f 'x\nresources: [evil.yaml]\u2028'")

    assert yaml.safe_load(text)["resources"] == ["a.yaml"]
    assert "\n#     mcpfence render -f 'x\\nresources: [evil.yaml]\\u2028'\n" in text


def test_no_object_takes_the_place_of_the_index() -> None:
    """A document whose own file name would be that of the index gets another one."""
    assert list(folder_layout([], [b"kind: Kustomization\nmetadata: {name: '-'}\n"])) == ["kustomization-2.yaml"]


def test_helm_3_and_4_write_the_same_folder(helm3: Path, helm4: Path, tmp_path: Path) -> None:
    """Who renders with the one and checks with the other sees no difference."""
    values_file(tmp_path, CATALOG)
    arguments = ("render", "-f", "values.yaml", "-o", "manifests")
    first = mcpfence(*arguments, cwd=tmp_path, HELM_BIN=str(helm3))
    second = mcpfence(*arguments, "--check", cwd=tmp_path, HELM_BIN=str(helm4))

    assert (first.returncode, second.returncode) == (0, 0), second.stderr.decode()


def test_index_that_somebody_wrote_is_not_replaced(repository: Path) -> None:
    """A kustomization.yaml that is not in our list: an error, and everything stays as it is."""
    (repository / "manifests" / ".mcpfence-index").unlink()
    for path in repository.glob("manifests/*.yaml"):
        path.unlink()
    mine = repository / "manifests" / KUSTOMIZATION
    mine.write_text("resources: [mine.yaml]\n", encoding="utf-8")
    before = _tree(repository)
    sentence = (
        f"error: manifests{os.sep}kustomization.yaml: exists and was not written by mcpfence; "
        "move it away, or choose an empty folder [output-failed]"
    )

    assert refusal(_render(repository, "-q")) == sentence
    assert refusal(_render(repository, "-q", "--check")) == sentence
    assert _tree(repository) == before


# --- the check ---


def test_check_of_what_was_rendered(repository: Path) -> None:
    """Nothing on stdout, a sentence on stderr, exit code 0, nothing written."""
    times = {path: path.stat().st_mtime_ns for path in repository.rglob("*")}
    done = _render(repository, "--check")

    assert (done.returncode, done.stdout) == (0, b"")
    assert done.stderr.decode().splitlines() == [
        "mcpfence: manifests: 4 files, all of them what the catalog gives",
        "mcpfence: release demo: 1 fence, 3 objects for namespace demo-mcp, provider none",
    ]
    assert {path: path.stat().st_mtime_ns for path in repository.rglob("*")} == times
    assert _render(repository, "--check", "-q").stderr == b""


AGAIN = (
    "render again: mcpfence render -f values.yaml --namespace home --release demo --policies-only -o manifests "
    "[folder-drift]"
)


def test_check_shows_the_difference(repository: Path) -> None:
    """A port that somebody opened by hand: the file, the lines, the command that mends it; nothing is written."""
    path = repository / "manifests" / "networkpolicy-mcp-server-vault-ingress.yaml"
    path.write_text(path.read_text(encoding="utf-8").replace("port: 8080", "port: 22"), encoding="utf-8")
    before = _tree(repository)
    lines = refusal(_render(repository, "--check")).splitlines()
    name = f"manifests{os.sep}{path.name}"

    assert lines[0] == f"mcpfence: {name}: changed"
    assert lines[1:3] == [f"--- {name} (in the folder)", f"+++ {name} (from the catalog)"]
    assert [line for line in lines[3:] if line[:1] in "+-"] == ["-      port: 22", "+      port: 8080"]
    assert lines[-1] == f"error: manifests: is not what the catalog gives: 1 file changed; {AGAIN}"
    assert refusal(_render(repository, "--check", "-q")) == lines[-1]
    assert _tree(repository) == before


def test_the_command_of_the_error_mends_the_folder(repository: Path) -> None:
    """Run as it is written in the message, it makes the check pass."""
    (repository / "manifests" / KUSTOMIZATION).write_text("resources: []\n", encoding="utf-8")
    said = refusal(_render(repository, "--check", "-q"))
    command = shlex.split(said.partition("render again: ")[2].removesuffix(" [folder-drift]"))
    done = mcpfence(*command[1:], cwd=repository)

    assert (command[0], done.returncode, _render(repository, "--check").returncode) == ("mcpfence", 0, 0)


def test_check_after_a_change_of_the_catalog(repository: Path) -> None:
    """A server that is new and one that is gone: what is missing, what is stale, what is changed."""
    values_file(repository, catalog(other=container(egress={"cidrs": []})))
    lines = refusal(_render(repository, "--check")).splitlines()
    said = [line.removeprefix(f"mcpfence: manifests{os.sep}") for line in lines if line.startswith("mcpfence:")]

    assert said == [
        ".mcpfence-index: changed",
        "configmap-home-demo-mcpfence.yaml: changed",
        "kustomization.yaml: changed",
        "networkpolicy-mcp-server-other-egress.yaml: missing",
        "networkpolicy-mcp-server-other-ingress.yaml: missing",
        "networkpolicy-mcp-server-vault-egress.yaml: stale",
        "networkpolicy-mcp-server-vault-ingress.yaml: stale",
    ]
    assert lines[-1] == (
        f"error: manifests: is not what the catalog gives: 2 files missing, 3 files changed, 2 files stale; {AGAIN}"
    )
    assert "-  name: mcp-server-vault-egress" in lines
    assert "+  name: mcp-server-other-egress" in lines


def test_check_of_a_folder_that_is_not_there(tmp_path: Path) -> None:
    """Every file is missing, and none is made."""
    values_file(tmp_path, CATALOG)

    assert refusal(_render(tmp_path, "--check", "-q")) == (
        f"error: manifests: is not what the catalog gives: 5 files missing; {AGAIN}"
    )
    assert not (tmp_path / "manifests").exists()


def test_check_of_a_fleet_cuts_the_difference(tmp_path: Path) -> None:
    """Names of all files, 500 lines of difference, and a line that says so."""
    values_file(tmp_path, catalog(**{f"s{number}": container() for number in range(40)}))
    lines = refusal(_render(tmp_path, "--check")).splitlines()

    assert len([line for line in lines if line.endswith(": missing")]) == 83
    assert "mcpfence: the difference is longer than 500 lines; the rest is not shown" in lines
    assert len(lines) == 83 + 500 + 2


@pytest.mark.parametrize(
    ("before", "after", "shown"),
    [
        (b"\n", b"\r\n", "-kind: NetworkPolicy\\r"),
        (b"egress: []\n", b"egress: []", "-\\ no line break at the end"),
        (b"kind", b"\xff\x1b[2Jkind", "-\ufffd\\x1b[2Jkind: NetworkPolicy"),
    ],
)
def test_differences_that_hide(repository: Path, before: bytes, after: bytes, shown: str) -> None:
    """Line ends of Windows, a missing last line break, and what would clear a terminal are seen as what they are."""
    path = repository / "manifests" / "networkpolicy-mcp-server-vault-egress.yaml"
    path.write_bytes(path.read_bytes().replace(before, after))

    assert shown in refusal(_render(repository, "--check")).splitlines()


def test_manifests_of_others_are_named(repository: Path) -> None:
    """What mcpfence did not write is no difference, and nobody may think that it was looked at."""
    for name in ("allow-all.yaml", "README.md", "b.json"):
        (repository / "manifests" / name).write_text("{}\n", encoding="utf-8")
    done = _render(repository, "--check")

    assert (done.returncode, done.stderr.decode().splitlines()[0]) == (
        0,
        "mcpfence: manifests: not compared, because mcpfence did not write them: allow-all.yaml, b.json",
    )


def test_check_needs_a_folder() -> None:
    """Wrong usage."""
    assert refusal(mcpfence("render", "--check"), code=2).endswith(
        "Error: --check compares a folder with the catalog; name it with -o."
    )


def test_check_with_a_bad_catalog(repository: Path) -> None:
    """Errors of the catalog are said as ever, and nothing is compared."""
    values_file(repository, {**CATALOG, "servers": {"a": {"runtime": "snail"}}})

    assert refusal(_render(repository, "--check", "-q")).startswith(
        'error: values.yaml:18:15 servers.a.runtime: "snail" is no choice here; '
    )


@pytest.mark.skipif(os.geteuid() == 0 and sys.platform != "linux", reason="needs a way to take the right to read")
def test_check_of_a_folder_that_cannot_be_read(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The system's reason."""

    def no(_: Path) -> Any:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "iterdir", no)

    assert refusal(_render(repository, "--check", "-q")) == (
        "error: manifests: cannot be read (Permission denied); check the folder [output-failed]"
    )


# --- nothing outside the folder ---


def _escape(kind: str, repository: Path, outside: Path) -> None:
    """Put something into the repository that leads out of it."""
    folder = repository / "manifests"
    if kind in ("the folder", "a folder above"):
        for path in sorted(folder.rglob("*"), reverse=True):
            path.unlink()
        folder.rmdir()
        folder.symlink_to(outside)
    elif kind == "a file":
        (folder / "configmap-home-demo-mcpfence.yaml").unlink()
        (folder / "configmap-home-demo-mcpfence.yaml").symlink_to(outside / "precious.yaml")
    elif kind == "the index":
        (folder / KUSTOMIZATION).unlink()
        (folder / KUSTOMIZATION).symlink_to(outside / "precious.yaml")
    elif kind == "the list":
        with (folder / ".mcpfence-index").open("a", encoding="utf-8") as listed:
            listed.write("../../outside/precious.yaml\n")
    elif kind == "a stale file":
        with (folder / ".mcpfence-index").open("a", encoding="utf-8") as listed:
            listed.write("stale.yaml\n")
        (folder / "stale.yaml").symlink_to(outside / "precious.yaml")


ESCAPES: Mapping[str, str] = {
    "the folder": "manifests: is a symbolic link; name the folder that it leads to",
    "a folder above": (
        "manifests/deep: stands behind a link; manifests is a symbolic link; name the folder that it leads to"
    ),
    "a file": "manifests/configmap-home-demo-mcpfence.yaml: exists and was not written by mcpfence; "
    "move it away, or choose an empty folder",
    "the index": "manifests/kustomization.yaml: exists and was not written by mcpfence; "
    "move it away, or choose an empty folder",
    "the list": 'manifests/.mcpfence-index: names "../../outside/precious.yaml", which mcpfence never writes; '
    "remove the folder and render again",
    "a stale file": "manifests/stale.yaml: exists and was not written by mcpfence; "
    "move it away, or choose an empty folder",
}


@pytest.mark.parametrize("check", [(), ("--check",)], ids=["write", "check"])
@pytest.mark.parametrize("kind", ESCAPES)
def test_a_repository_that_leads_out(repository: Path, tmp_path: Path, kind: str, check: tuple[str, ...]) -> None:
    """Whatever a pull request puts into the folder: a sentence, and nothing outside is written or removed."""
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "precious.yaml").write_text("precious\n", encoding="utf-8")
    _escape(kind, repository, outside)
    before = _tree(tmp_path)
    folder = "manifests/deep" if kind == "a folder above" else "manifests"
    done = mcpfence("render", "-f", "values.yaml", *ALONE, "-q", "-o", folder, *check, cwd=repository)

    assert refusal(done) == f"error: {ESCAPES[kind]} [output-failed]"
    assert _tree(tmp_path) == before


def test_a_command_of_the_path_does_the_same(repository: Path, tmp_path: Path) -> None:
    """The installed command, in a process of its own, says and does what the tests above see."""
    scripts = scripts_folder(tmp_path / "bin")
    command = [str(scripts / "mcpfence"), "render", "-f", "values.yaml", *ALONE, "-o", "manifests", "--check"]
    done = subprocess.run(command, capture_output=True, check=False, cwd=repository)
    (repository / "manifests" / KUSTOMIZATION).unlink()
    failed = subprocess.run(command, capture_output=True, check=False, cwd=repository)

    assert (done.returncode, done.stdout, failed.returncode, failed.stdout) == (0, b"", 1, b"")
    assert failed.stderr.decode().rstrip().endswith("1 file missing; " + AGAIN)
