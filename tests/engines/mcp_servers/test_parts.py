"""What these tests need of the machine, and what they say where it is missing."""

from __future__ import annotations

from pathlib import Path

import pytest

from mcp_servers import parts
from tooling import MissingComponentError, need


def program(folder: Path, name: str, says: str) -> None:
    """A program that prints one line."""
    path = folder / name
    path.write_text(f"#!/bin/sh\necho {says}\n", encoding="ascii")
    path.chmod(0o755)


def test_servers_that_are_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without what `make tools` fetches, or with half of it, the message says how to get it."""
    monkeypatch.setenv("MCPFENCE_MCP", str(tmp_path))
    (tmp_path / "npm-cache").mkdir()
    with pytest.raises(MissingComponentError) as half:
        parts.find_parts()
    (tmp_path / ".made").touch()

    assert parts.find_parts() == tmp_path
    assert str(half.value) == (
        "the real MCP servers are missing: run `make tools` (needs npm), or set MCPFENCE_MCP to their folder"
    )


def test_newer_client_that_is_missing(tmp_path: Path) -> None:
    """A folder that was made before it was wanted is named, and made again by `make tools`."""
    with pytest.raises(MissingComponentError) as caught:
        parts.find_newer_client(tmp_path)

    assert str(caught.value) == (
        "the newer MCP client is missing: run `make tools` (needs pip), or set MCPFENCE_MCP to its folder"
    )


@pytest.mark.parametrize("version", ["v18.20.4", "nonsense", ""])
def test_node_that_is_too_old(tmp_path: Path, version: str) -> None:
    """A Node.js before 20, or one that does not say what it is, is named as missing."""
    program(tmp_path, "node", version)
    program(tmp_path, "npx", "10.0.0")

    with pytest.raises(MissingComponentError) as caught:
        parts.find_node(str(tmp_path))

    assert str(caught.value) == (
        f"Node.js 20 or later with npx is missing in {tmp_path}: on Debian and Ubuntu install nodejs and npm"
    )


def test_node_without_npx(tmp_path: Path) -> None:
    """Debian's nodejs comes without npx, which is in its package npm."""
    program(tmp_path, "node", "v22.1.0")
    with pytest.raises(MissingComponentError):
        parts.find_node(str(tmp_path))
    program(tmp_path, "npx", "10.0.0")

    assert parts.find_node(str(tmp_path)) == tmp_path / "node"


def test_commands_that_are_missing(tmp_path: Path) -> None:
    """What containers are made with is named with the packages that have it."""
    with pytest.raises(MissingComponentError) as caught:
        parts.find_commands((f"{tmp_path}/unshare", "/bin/sh", f"{tmp_path}/python3"))

    assert str(caught.value) == (
        f"{tmp_path}/unshare, {tmp_path}/python3: missing; on Debian and Ubuntu install util-linux and python3"
    )


def test_missing_part_is_a_skip_or_a_failure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A skip that names what is missing; where everything is required, a failure."""
    monkeypatch.setenv("MCPFENCE_MCP", str(tmp_path))
    monkeypatch.delenv("MCPFENCE_REQUIRE_ALL", raising=False)
    with pytest.raises(pytest.skip.Exception, match="the real MCP servers are missing"):
        need(parts.find_parts)
    monkeypatch.setenv("MCPFENCE_REQUIRE_ALL", "1")

    with pytest.raises(pytest.fail.Exception, match=r"^MCPFENCE_REQUIRE_ALL=1, but the real MCP servers are missing"):
        need(parts.find_parts)
