"""Manifests that could be a policy and that readers of YAML read differently, for the commands that read them as files."""

from __future__ import annotations

from pathlib import Path

import pytest

from doubtful import DOUBTFUL, SEEN, UNREAD
from edges import CATALOG, NAMESPACE, RELEASE, values_file
from helpers import run_cli

TEXTS: dict[str, bytes] = {
    **{name: str(row[0]).encode() for name, row in DOUBTFUL.items()},
    **UNREAD,
}
IDS = ("[policy-unreadable]", "[file-unreadable]")


@pytest.mark.parametrize("name", TEXTS)
def test_nobody_is_told_that_all_is_well(name: str, tmp_path: Path) -> None:
    """`check`, `reach` and `diff`, from a file, and `check` from stdin too."""
    file = tmp_path / "debug.yaml"
    file.write_bytes(TEXTS[name])
    values = ("-f", str(values_file(tmp_path, CATALOG)), "--release", RELEASE, "-n", NAMESPACE)
    for arguments, stdin, code in (
        (("check", *values, "--policies-only", str(file)), b"", 1),
        (("check", *values, "--policies-only", "-"), TEXTS[name], 1),
        (("reach", str(file)), b"", 1),
        (("diff", str(file), str(file)), b"", 1),
    ):
        done = run_cli(*arguments, stdin=stdin)

        assert (done.code, done.stdout) == (code, ""), arguments
        assert any(id in done.stderr for id in IDS), done.stderr


@pytest.mark.parametrize("name", SEEN)
def test_a_policy_in_other_words_is_one(name: str, tmp_path: Path) -> None:
    """`check` says what it opens."""
    file = tmp_path / "debug.yaml"
    file.write_text(SEEN[name])
    values = ("-f", str(values_file(tmp_path, CATALOG)), "--release", RELEASE, "-n", NAMESPACE)

    assert "NetworkPolicy demo-mcp/debug lets it through" in run_cli("check", *values, str(file)).stderr
