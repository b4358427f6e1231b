"""Selectors: told apart without comparing each with each, and written as kubectl takes them."""

from __future__ import annotations

import pytest

import mcpfence.kube.selectors
from mcpfence.kube.selectors import Expression, Selector, compatible, labels_of, overlaps


def test_overlaps_is_linear_where_all_have_app(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ten thousand servers with a label app of their own are told apart without comparing each with each."""
    calls = 0

    def counted(left: Selector, right: Selector) -> bool:
        nonlocal calls
        calls += 1
        return compatible(left, right)

    monkeypatch.setattr(mcpfence.kube.selectors, "compatible", counted)
    entries = [(labels_of({"app": f"server-{i}", "tier": "mcp"}), i) for i in range(10_000)]
    entries.append((labels_of({"app": "server-7"}), 10_000))
    found = overlaps(entries, limit=25)

    assert [(left[1], right[1]) for left, right in found] == [(7, 10_000)]
    assert calls < 100


def test_text_is_kubectls() -> None:
    """Messages write a selector as `kubectl --selector` takes it."""
    selector = Selector(
        (("app", "a"),),
        (
            Expression("b", "In", ("x", "y")),
            Expression("c", "NotIn", ("z",)),
            Expression("d", "Exists"),
            Expression("e", "DoesNotExist"),
        ),
    )

    assert selector.text == "app=a,b in (x,y),c notin (z),d,!e"
    assert len(selector.digest) == 8
