"""Rows in order, held in memory or put aside."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcpfence.observe import sorting
from mcpfence.observe.sorting import RowSorter


@given(st.lists(st.tuples(st.integers(0, 9), st.text(max_size=2)), max_size=40))
def test_the_same_rows_in_order(rows: list[tuple[int, str]]) -> None:
    """However few rows fit into memory, all come out in order, as often as they are read."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sorting, "MOST_ROWS", 3)
        found = RowSorter()
        for row in rows:
            found.add(row)
        assert list(found) == list(found) == sorted(rows)


def test_no_more_than_that_is_in_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows are put aside as soon as there are so many, each run in order."""
    monkeypatch.setattr(sorting, "MOST_ROWS", 2)
    runs: list[list[tuple[int, ...]]] = []

    def aside(rows: list[tuple[int, ...]]) -> list[tuple[int, ...]]:
        runs.append(rows)
        return rows

    found = RowSorter(aside)
    for number in (5, 4, 3, 2, 1):
        found.add((number,))
    assert runs == [[(4,), (5,)], [(2,), (3,)]]
    assert list(found) == [(1,), (2,), (3,), (4,), (5,)]
