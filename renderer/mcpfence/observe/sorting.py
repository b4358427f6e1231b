"""Rows in order, however many: what does not fit is put aside in sorted runs, which are merged when they are read.

Rows are plain tuples of texts, numbers and tuples, so that whoever keeps them can write them down.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from heapq import merge
from typing import Any

Row = tuple[Any, ...]
SetAside = Callable[[list[Row]], Iterable[Row]]
"""Takes sorted rows, and gives them back as often as they are asked for; `list` keeps them where they are."""

MOST_ROWS = 30_000
"""So many rows of one kind are held in memory."""


class RowSorter:
    """Filled row by row, then read in order, as often as wanted."""

    def __init__(self, aside: SetAside = list) -> None:
        self._aside = aside
        self._rows: list[Row] = []
        self._runs: list[Iterable[Row]] = []

    def add(self, row: Row) -> None:
        """One row more."""
        self._rows.append(row)
        if len(self._rows) >= MOST_ROWS:
            self._rows.sort()
            self._runs.append(self._aside(self._rows))
            self._rows = []

    def __iter__(self) -> Iterator[Row]:
        self._rows.sort()
        return merge(*self._runs, self._rows) if self._runs else iter(self._rows)
