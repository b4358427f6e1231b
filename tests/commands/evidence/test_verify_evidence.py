"""`mcpfence verify-evidence`: what it says of packs, good and edited."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from helpers import run_cli
from mcpfence.system.packs import read_pack
from packing import CATALOG, Pack, certificate_of, sealed

LAST = "mcpfence: pack: is not what it says; take it from its source again, or make it anew with mcpfence evidence"


@pytest.fixture(autouse=True)
def pack(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Pack:
    """A pack in the folder `pack`."""
    monkeypatch.chdir(tmp_path)
    Path("values.yaml").write_text(json.dumps(CATALOG), encoding="utf-8")
    assert run_cli("evidence", "-f", "values.yaml", "-o", "pack").code == 0
    return read_pack(Path("pack"))


def test_a_good_pack(pack: Pack) -> None:
    """What was looked at is counted; no catalog is needed."""
    Path("values.yaml").unlink()
    witnesses = sum(
        len(fence[way]["witnesses"])
        for fence in certificate_of(pack)["predicate"]["fences"]
        for way in ("egress", "ingress")
    )
    done = run_cli("verify-evidence", "pack")

    assert (done.code, done.stdout) == (0, "")
    assert done.stderr == (
        "mcpfence: pack: is what it says: 1 manifest file read again, 2 entries contained, "
        f"{witnesses} witnesses sent again\n"
    )


def test_a_changed_manifest(pack: Pack) -> None:
    """What it is and what it should be, from both who speak of it."""
    name = "manifests/rendered.yaml"
    changed = pack[name] + b"# more\n"
    Path("pack", name).write_bytes(changed)
    done = run_cli("verify-evidence", "pack")
    before, after = (hashlib.sha256(data).hexdigest() for data in (pack[name], changed))

    assert (done.code, done.stdout) == (1, "")
    assert done.stderr.splitlines() == [
        f"error: {name}: is not what was certified: its SHA-256 is {after}, not {before} [evidence-differs]",
        f"error: {name}: was changed: its SHA-256 is {after}, and SHA256SUMS has {before} [evidence-differs]",
        LAST,
    ]


def test_a_wider_manifest_with_all_digests_right(pack: Pack) -> None:
    """The packet that may pass, and the rule that lets it through."""
    name = "manifests/rendered.yaml"
    wider = sealed({**pack, name: pack[name].replace(b"8.8.8.0/24", b"8.8.0.0/16")})
    for file, data in wider.items():
        Path("pack", file).write_bytes(data)
    done = run_cli("verify-evidence", "pack")

    assert done.code == 1
    assert (
        "error: server search egress: 8.8.0.0 TCP 443 may pass and is not declared: spec.egress[0] of NetworkPolicy "
        "mcp/mcp-server-search-egress lets it through [evidence-differs]"
    ) in done.stderr.splitlines()


def test_a_missing_and_an_additional_file() -> None:
    """Both are named."""
    Path("pack/report.md").unlink()
    Path("pack/notes.txt").write_text("x", encoding="utf-8")
    said = run_cli("verify-evidence", "pack").stderr

    assert "error: notes.txt: is additional: SHA256SUMS does not list it" in said
    assert "error: report.md: is missing, and SHA256SUMS lists it" in said


def test_what_is_no_pack() -> None:
    """A folder without certificate, and a folder that is not there."""
    Path("empty").mkdir()

    assert "error: certificate.json: cannot be read (it is missing)" in run_cli("verify-evidence", "empty").stderr
    done = run_cli("verify-evidence", "nowhere")
    assert (done.code, done.stderr) == (
        1,
        "error: nowhere: does not exist; name the folder of a pack [file-unreadable]\n",
    )
