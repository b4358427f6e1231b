"""A fault of mcpfence itself: fail closed, one sentence, no traceback, no value."""

from __future__ import annotations

import pytest

from helpers import run_cli


def test_fault_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    """An exception that nobody expected ends with exit code 1, names its place and shows none of its text."""

    def broken(*_: object, **__: object) -> None:
        raise KeyError("a-secret-value")

    monkeypatch.setattr("mcpfence.cli.fill.post_render", broken)
    outcome = run_cli("post-render", stdin=b"---\na: 1\n")

    assert (outcome.code, outcome.stdout) == (1, "")
    assert outcome.stderr.startswith("error: mcpfence failed with KeyError at test_internal_fault.py:")
    assert outcome.stderr.endswith(
        ", and nothing was printed; please report it; with MCPFENCE_DEBUG=1 it shows where [internal]\n"
    )
    assert "a-secret-value" not in outcome.stderr


def test_debug_shows_where(monkeypatch: pytest.MonkeyPatch) -> None:
    """With MCPFENCE_DEBUG the exception itself is raised."""

    def broken(*_: object, **__: object) -> None:
        raise KeyError("x")

    monkeypatch.setattr("mcpfence.cli.fill.post_render", broken)
    monkeypatch.setenv("MCPFENCE_DEBUG", "1")

    with pytest.raises(KeyError):
        run_cli("post-render", stdin=b"---\na: 1\n")
