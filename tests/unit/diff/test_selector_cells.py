"""The pods that `diff` compares: the cells into which selectors cut them."""

from __future__ import annotations

import pytest

from diffing import difference, policy
from mcpfence.diff.selector_cells import SelectorCells
from mcpfence.reach.flows import label_sets
from mcpfence.reach.flows.label_sets import MISSING, PRESENT, box_of, one_of

A, B, DB = box_of({"app": "a"}), box_of({"app": "b"}), box_of({"tier": "db"})
NO_TIER = (("tier", MISSING),)


def test_cell_of_a_selector() -> None:
    """A pod that no other selector selects, but for those that it implies."""
    cells = SelectorCells([("n", ()), ("n", A), ("n", DB), ("other", B)])

    assert cells.of("n", A) == [(("app", "a"),)]
    assert cells.of("n", ()) == [()]
    assert cells.of("n", label_sets.intersect(A, DB) or ()) == [(("app", "a"), ("tier", "db"))]
    assert cells.of("other", B) == [(("app", "b"),)]


def test_cell_beside_narrower_selectors() -> None:
    """What they select is cut out, whatever the labels that a pod would have by itself."""
    either = (("app", one_of(["a", "b"])),)
    cells = SelectorCells([("n", either), ("n", A), ("n", NO_TIER)])

    assert cells.of("n", either) == [(("app", "b"), ("tier", "any"))]


def test_cells_of_the_parts() -> None:
    """Where the others take all pods between them, each of the parts is a cell."""
    cells = SelectorCells([("n", A), ("n", NO_TIER), ("n", (("tier", PRESENT),))])

    assert sorted(cells.of("n", A)) == [(("app", "a"),), (("app", "a"), ("tier", "any"))]
    assert cells.given_up == set()


def test_a_search_without_end_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is said whose pods could not be told apart, and that is a difference."""
    monkeypatch.setattr("mcpfence.diff.selector_cells._STEPS", 0)
    found = difference([policy(egress=[])], [policy(egress=[])])

    assert found.doubts == ("pods app=web of namespace shop are selected in more ways than could be looked at",)


def test_too_many_overlaps_are_said(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody is told that nothing is gained where nobody has looked."""
    monkeypatch.setattr("mcpfence.diff.compare._PAIRS", 0)
    debug = policy("debug", {"matchLabels": {"debug": "yes"}}, egress=[{}])
    found = difference([policy(egress=[])], [policy(egress=[]), debug])

    assert found.doubts == (
        "selectors of namespace shop overlap more than could be looked at: some pods of two of them",
    )
