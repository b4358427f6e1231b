"""Selectors: told apart without comparing each with each, and written as kubectl takes them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

import mcpfence.kube.selectors
from mcpfence.kube.selectors import Expression, Selector, labels_of, overlaps

SIZE = 2_000


def in_app(number: int) -> Selector:
    """A selector by an expression alone."""
    return Selector((), (Expression("app", "In", (f"server-{number}", f"old-{number}")),))


@pytest.mark.parametrize(
    "selector",
    [
        lambda i: labels_of({"app": f"server-{i}", "tier": "mcp"}),
        in_app,
        lambda i: labels_of({"app": f"server-{i}"}) if i % 2 else in_app(i),
        lambda i: labels_of({"part-of": "mcp", ("app" if i % 4 else "name"): f"server-{i}", "kind": f"{i % 4}"}),
        lambda i: labels_of({"team": f"{i % 40}", "name": f"server-{i // 40}"}),
    ],
    ids=["labels", "expressions", "both", "several-keys", "two-keys-together"],
)
def test_overlaps_compares_few(selector: Callable[[int], Selector], monkeypatch: pytest.MonkeyPatch) -> None:
    """Thousands of servers that some key tells apart are not compared each with each."""
    calls = 0

    def counted(*requirements: Any) -> bool:
        nonlocal calls
        calls += 1
        return agree(*requirements)

    agree = mcpfence.kube.selectors._agree
    monkeypatch.setattr(mcpfence.kube.selectors, "_agree", counted)
    entries = [(selector(i), i) for i in range(SIZE)]
    entries.append((Selector(selector(7).labels, selector(7).expressions), SIZE))
    found = overlaps(entries, limit=25)

    assert [(left[1], right[1]) for left, right in found] == [(7, SIZE)]
    assert 0 < calls < 100


def test_keys_that_tell_little_apart_do_not_pile_up() -> None:
    """A thousand keys that tell one pair apart each are no reason to go a thousand calls deep."""
    entries = [(labels_of({f"key-{i // 2}": f"{i % 2}"}), 0) for i in range(2_000)]

    assert overlaps(entries, limit=25) == []


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
