"""`mcpfence evidence`: what is written, when nothing is, and what is said."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
import yaml

from helpers import run_cli
from mcpfence.system.packs import read_pack
from packing import CATALOG

VALUES = json.dumps(CATALOG)


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("values.yaml").write_text(VALUES, encoding="utf-8")


def test_a_pack_of_a_catalog() -> None:
    """Certificate, manifests, report and sums; what is certified is what `render` prints; nothing on stdout."""
    done = run_cli("evidence", "-f", "values.yaml", "-o", "pack")
    pack = read_pack(Path("pack"))

    assert (done.code, done.stdout) == (0, "")
    assert done.stderr == (
        f"mcpfence: pack: 4 files, 2 entries, {pack['certificate.json'].count(b'verdict')} witnesses; "
        "checked again before it was written\n"
    )
    assert sorted(pack) == ["SHA256SUMS", "certificate.json", "manifests/rendered.yaml", "report.md"]
    assert pack["manifests/rendered.yaml"].decode() == run_cli("render", "--policies-only", "-f", "values.yaml").stdout


def test_two_runs_write_the_same_bytes() -> None:
    """Into a new folder, and over an earlier pack."""
    run_cli("evidence", "-f", "values.yaml", "-o", "a", "--netassert", "--job", "a.example.com/python:3")
    run_cli("evidence", "-f", "values.yaml", "-o", "b")
    assert (
        run_cli("evidence", "-f", "values.yaml", "-o", "b", "--netassert", "--job", "a.example.com/python:3").code == 0
    )

    assert read_pack(Path("a")) == read_pack(Path("b"))


def test_sha256sum_takes_the_sums() -> None:
    """Anybody can check the files without mcpfence."""
    run_cli("evidence", "-f", "values.yaml", "-o", "pack")
    done = subprocess.run(
        ["sha256sum", "--check", "--strict", "SHA256SUMS"], cwd="pack", capture_output=True, check=False
    )

    assert done.returncode == 0, done.stderr


def test_given_manifests_are_certified_byte_for_byte() -> None:
    """Git's own files, comments and all, with the floor among them."""
    Path("m").mkdir()
    rendered = run_cli("render", "--policies-only", "-f", "values.yaml").stdout
    floor = {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": "mcp-default-deny", "namespace": "mcp"},
        "spec": {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]},
    }
    Path("m/policies.yaml").write_text(f"# as reviewed\n{rendered}", encoding="utf-8")
    Path("m/floor.yaml").write_text(json.dumps(floor), encoding="utf-8")
    namespace = "m/namespace.yaml"
    Path(namespace).write_text(yaml.safe_dump(_namespace()), encoding="utf-8")
    done = run_cli("evidence", "-f", "values.yaml", "m", "-o", "pack")
    pack = read_pack(Path("pack"))

    assert done.code == 0, done.stderr
    assert pack["manifests/policies.yaml"] == Path("m/policies.yaml").read_bytes()
    assert b"The floor stands: every pod of the namespace is isolated" in pack["report.md"]


def _namespace() -> dict[str, object]:
    level = {f"pod-security.kubernetes.io/{mode}": "restricted" for mode in ("enforce", "audit", "warn")}
    versions = {f"{key}-version": "latest" for key in level}
    labels = {"kubernetes.io/metadata.name": "mcp", **level, **versions}
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "mcp", "labels": labels}}


def test_manifests_that_are_wider_give_no_pack() -> None:
    """The proof of `check` stands before every pack."""
    wide = run_cli("render", "--policies-only", "-f", "values.yaml").stdout.replace("8.8.8.0/24", "8.8.0.0/16")
    Path("wide.yaml").write_text(wide, encoding="utf-8")
    done = run_cli("evidence", "-f", "values.yaml", "wide.yaml", "--policies-only", "-o", "pack")

    assert done.code == 1
    assert "servers.search: may reach 8.8.0.0 TCP 443, which the catalog does not grant" in done.stderr
    assert not Path("pack").exists()


def test_a_file_of_kustomize_is_read_as_check_reads_it() -> None:
    """It needs no kind, and its components may change policies: the same errors as of `check`, and no pack.

    Files are called as they would be in the pack.
    """
    Path("m").mkdir()
    rendered = run_cli("render", "--policies-only", "-f", "values.yaml").stdout
    Path("m/policies.yaml").write_text(rendered, encoding="utf-8")
    Path("m/kustomization.yaml").write_text("components:\n- ../wide\n", encoding="utf-8")
    done = run_cli("evidence", "-f", "values.yaml", "m", "--policies-only", "-o", "pack")
    checked = run_cli("check", "-f", "values.yaml", "m", "--policies-only", "-q")

    assert (done.code, checked.code) == (1, 1)
    assert "[policy-not-evaluated]" in checked.stderr
    named = checked.stderr.replace(" m/kustomization.yaml", " manifests/kustomization.yaml")
    assert set(named.splitlines()) <= set(done.stderr.splitlines())
    assert not Path("pack").exists()


def test_a_catalog_with_errors_gives_no_pack() -> None:
    """As everywhere: a sentence with a place, exit code 1, and nothing written."""
    Path("values.yaml").write_text("servers: {a: {runtime: npx, x: 1}}\n", encoding="utf-8")
    done = run_cli("evidence", "-f", "values.yaml", "-o", "pack")

    assert (done.code, done.stdout) == (1, "")
    assert done.stderr.startswith("error: values.yaml:1:")
    assert "servers.a.x" in done.stderr
    assert not Path("pack").exists()


def test_warnings_are_errors_with_strict() -> None:
    """Then nothing is written either."""
    raw = {**CATALOG, "servers": {"a": {"runtime": "npx", "npxConfig": {"package": "a"}}}}
    Path("values.yaml").write_text(json.dumps(raw), encoding="utf-8")

    assert run_cli("evidence", "-f", "values.yaml", "-o", "pack", "--strict").code == 1
    assert not Path("pack").exists()
    assert run_cli("evidence", "-f", "values.yaml", "-o", "pack").code == 0


def test_a_folder_that_is_no_pack_is_left_alone() -> None:
    """Whatever is in it stays."""
    Path("mine").mkdir()
    Path("mine/notes.txt").write_text("x", encoding="utf-8")
    done = run_cli("evidence", "-f", "values.yaml", "-o", "mine")

    assert done.code == 1
    assert done.stderr == (
        "error: mine: holds something else than an evidence pack; "
        "choose a folder that is empty or not there yet [output-failed]\n"
    )
    assert [path.name for path in Path("mine").iterdir()] == ["notes.txt"]


def test_a_pack_with_a_further_file_is_left_alone() -> None:
    """A file that somebody put into a pack would be lost with it."""
    run_cli("evidence", "-f", "values.yaml", "-o", "pack")
    Path("pack/notes.txt").write_text("x", encoding="utf-8")

    assert (
        "pack: holds something else than an evidence pack"
        in run_cli("evidence", "-f", "values.yaml", "-o", "pack").stderr
    )


def test_an_edited_pack_is_made_anew() -> None:
    """What was changed in it is mended by the next run."""
    run_cli("evidence", "-f", "values.yaml", "-o", "pack")
    before = read_pack(Path("pack"))
    Path("pack/report.md").write_text("x", encoding="utf-8")

    assert run_cli("evidence", "-f", "values.yaml", "-o", "pack").code == 0
    assert read_pack(Path("pack")) == before


def test_live_tests_are_written_on_request() -> None:
    """They are files of the pack like others, and the certificate has their digests."""
    run_cli("evidence", "-f", "values.yaml", "-o", "pack", "--netassert", "--job", "a.example.com/python:3.13")
    files = json.loads(Path("pack/certificate.json").read_text(encoding="utf-8"))["predicate"]["files"]

    assert sorted(files) == ["jobs.yaml", "netassert.yaml", "report.md"]
    assert run_cli("verify-evidence", "pack").code == 0


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("-o", "pack"), "Nothing to certify: name a values file with -f, or in .mcpfence.yaml."),
        (("-f", "values.yaml"), "A pack is a folder: name it with -o."),
        (("-f", "values.yaml", "-o", "-"), "A pack is a folder: name it with -o."),
        (("-f", "values.yaml", "-o", "p", "--policies-only"), "--policies-only is about manifests: name them."),
        (("-f", "-", "-", "-o", "p"), "stdin can be read once: give - for one file only."),
        (
            ("-f", "values.yaml", "-o", "p", "--job", "a b"),
            "--job wants the reference of an image, such as registry.example.com/python:3.13.",
        ),
    ],
)
def test_wrong_usage(arguments: tuple[str, ...], sentence: str) -> None:
    """Each slip has a sentence, and exit code 2."""
    done = run_cli("evidence", *arguments)

    assert (done.code, done.stderr.splitlines()[-1]) == (2, f"Error: {sentence}")


def test_a_secret_among_the_manifests() -> None:
    """It is named, and nothing is written."""
    rendered = run_cli("render", "--policies-only", "-f", "values.yaml").stdout
    stray = "---\napiVersion: v1\nkind: Secret\nmetadata: {name: a, namespace: b}\nstringData: {x: hunter2}\n"
    Path("m.yaml").write_text(rendered + stray, encoding="utf-8")
    done = run_cli("evidence", "-f", "values.yaml", "m.yaml", "--policies-only", "-o", "pack")

    assert done.code == 1
    assert (
        "error: Secret b/a: is a Secret, and a pack is made to be shown; leave its file out: no fence needs it "
        "[evidence-secret]"
    ) in done.stderr
    assert "hunter2" not in done.stderr


def test_the_project_file_stands_in() -> None:
    """In a folder of a project the values file need not be named."""
    Path(".mcpfence.yaml").write_text("values: [values.yaml]\n", encoding="utf-8")

    assert run_cli("evidence", "-o", "pack").code == 0
