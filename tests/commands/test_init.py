"""`mcpfence init`: from what lies in a folder to a catalog that was checked, and a project file."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from edges import mcpfence

SERVERS = {
    "mcpServers": {
        "github": {"command": "npx", "args": ["-y", "@example/server-github"], "env": {"GITHUB_TOKEN": "x"}},
        "docs": {"type": "http", "url": "https://docs.example.com/mcp"},
    }
}
NODES: dict[str, Any] = {
    "apiVersion": "v1",
    "kind": "List",
    "items": [
        {
            "apiVersion": "v1",
            "kind": "Node",
            "metadata": {"name": "n1", "labels": {}},
            "status": {
                "addresses": [{"type": "InternalIP", "address": "192.168.10.5"}],
                "nodeInfo": {"kubeletVersion": "v1.33.1-eks-1a2b3c4"},
            },
        }
    ],
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with the servers of an editor."""
    (tmp_path / ".git").mkdir()
    (tmp_path / ".mcp.json").write_text(json.dumps(SERVERS))
    return tmp_path


def values(folder: Path) -> Any:
    """The catalog that was written."""
    return yaml.safe_load((folder / "values.yaml").read_text())


def test_from_an_editor_to_a_checked_catalog(folder: Path) -> None:
    """All files are there, what is open is said, and the next commands need no options."""
    done = mcpfence("init", cwd=folder)

    assert (done.returncode, done.stdout) == (0, b"")
    assert done.stderr.decode().splitlines()[-5:] == [
        "mcpfence: 2 servers: 1 hosted, 1 remote or composite",
        "mcpfence: of the hosted ones 1 with nothing declared",
        "mcpfence: those with nothing declared are listed at the end of the catalog: they reach nothing until you say what",
        "mcpfence: values.yaml, .mcpfence.yaml and .mcpfence.schema.json written: no errors, 2 warnings",
        "mcpfence: next: mcpfence explain github, mcpfence check, mcpfence render",
    ]
    assert sorted(values(folder)["servers"]) == ["docs", "github"]
    assert (folder / ".mcpfence.yaml").read_text() == (
        "values: values.yaml\nrelease: mcp\nnamespace: mcp-system\noutput: manifests\n"
    )
    first, _, _ = (folder / "values.yaml").read_text().partition("\n")
    assert (folder / first.removeprefix("# yaml-language-server: $schema=")).read_bytes() == mcpfence("schema").stdout
    assert mcpfence("fmt", "--check", cwd=folder).returncode == 0
    assert mcpfence("check", cwd=folder).returncode == 0
    assert b"server github (npx)" in mcpfence("explain", "github", cwd=folder).stdout


def test_what_the_cluster_tells(folder: Path) -> None:
    """Profile and ranges come from what kubectl printed, each with its source; the rest of the catalog stays."""
    (folder / "nodes.json").write_text(json.dumps(NODES))

    done = mcpfence("init", "--from", "nodes.json", "--release", "tools", "-n", "tools-system", cwd=folder)

    assert done.returncode == 0, done.stderr.decode()
    cluster = values(folder)["cluster"]
    assert (cluster["profile"], cluster["cidrs"]["nodes"]) == ("eks", ["192.168.10.5/32"])
    assert "release: tools\nnamespace: tools-system\n" in (folder / ".mcpfence.yaml").read_text()


@pytest.mark.skipif(os.name == "nt", reason="the program on PATH is a script")
def test_run_shows_each_command_and_only_reads(folder: Path) -> None:
    """With --run kubectl is asked; what it is asked is shown first, and begins with get."""
    (folder / "bin").mkdir()
    program = folder / "bin" / "kubectl"
    program.write_text(
        f"#!{sys.executable}\nimport sys\nsys.exit(0 if 'nodes' in sys.argv and print({json.dumps(NODES)!r}) is None else 1)\n"
    )
    program.chmod(0o755)

    done = mcpfence("init", "--run", "--context", "prod", cwd=folder, PATH=f"{folder / 'bin'}")

    asked = [line for line in done.stderr.decode().splitlines() if line.startswith("$ ")]
    assert asked[0] == "$ kubectl --context=prod get nodes --output=json"
    assert all(line.startswith("$ kubectl --context=prod get ") for line in asked)
    assert values(folder)["cluster"]["profile"] == "eks"


def test_files_that_are_there_stay(folder: Path) -> None:
    """Neither file is replaced unasked, and nothing else is written."""
    (folder / ".mcpfence.yaml").write_text("values: mine.yaml\n")

    done = mcpfence("init", cwd=folder)

    assert (done.returncode, done.stderr.decode()) == (
        1,
        "error: .mcpfence.yaml: exists already; "
        "go on with mcpfence check, or replace it with --force [import-output]\n",
    )
    assert not (folder / "values.yaml").exists()
    assert mcpfence("init", "--force", cwd=folder).returncode == 0
    assert "values.yaml" in (folder / ".mcpfence.yaml").read_text()


def test_nothing_to_begin_with(tmp_path: Path) -> None:
    """It is said what was looked for, and what else could be named."""
    done = mcpfence("init", cwd=tmp_path)

    assert (done.returncode, done.stderr.decode()) == (
        1,
        "error: none of .mcp.json, mcp.json, .cursor/mcp.json, .vscode/mcp.json, claude_desktop_config.json, "
        "librechat.yaml lies here; name files or folders, as for mcpfence import auto; "
        "or begin with an example of values-examples/ [import-nothing]\n",
    )


def test_a_file_that_cannot_be_read_writes_nothing(folder: Path) -> None:
    """The place is told, and the folder is as before."""
    (folder / ".mcp.json").write_text('{"mcpServers": ')

    done = mcpfence("init", cwd=folder)

    assert done.returncode == 1
    assert done.stderr.decode() == (
        "error: .mcp.json:2:1: did not find expected node content; "
        "mend it and import it again; nothing of this file was imported [import-unreadable]\n"
    )
    assert sorted(path.name for path in folder.iterdir()) == [".git", ".mcp.json"]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--run", "--from", "x.json"), "Error: --run asks the cluster: leave --from out."),
        (("-", "--from", "-"), "Error: stdin can be read once: give - for one file only."),
    ],
)
def test_wrong_usage(folder: Path, arguments: tuple[str, ...], sentence: str) -> None:
    """What contradicts itself is said before any work."""
    done = mcpfence("init", *arguments, cwd=folder)

    assert (done.returncode, done.stderr.decode().splitlines()[-1]) == (2, sentence)
