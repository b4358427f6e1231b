"""The table of mutants, kind by kind, gathered from all workers and shown behind the tests.

A test hands its rows over with `record_property(PROPERTY, rows)`; `mutant_table` hangs the rest into pytest.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

PROPERTY = "mutants"


class Row(NamedTuple):
    """What became of the mutants of one kind; `wrong` are those on which the proof and brute force disagree."""

    kind: str
    applied: int = 0
    caught: int = 0
    harmless: int = 0
    wrong: int = 0


def count(outcomes: Iterable[tuple[str, bool, bool]]) -> list[list[object]]:
    """Rows of (kind, whether reach changed, whether the proof found something), as plain lists: they travel."""
    found: dict[str, Row] = {}
    for kind, changed, caught in outcomes:
        row = Row(kind, 1, int(changed and caught), int(not changed and not caught), int(changed is not caught))
        found[kind] = joined(found.get(kind, Row(kind)), row)
    return [list(row) for row in found.values()]


def joined(left: Row, right: Row) -> Row:
    """Both counts of one kind."""
    sums = [one + other for one, other in zip(left[1:], right[1:], strict=True)]
    return Row(left.kind, *sums)


def merge(parts: Iterable[Iterable[Iterable[object]]]) -> list[Row]:
    """Rows of all workers, which arrive as plain lists, in the order of their kinds."""
    found: dict[str, Row] = {}
    for part in parts:
        for values in part:
            row = Row(*values)  # type: ignore[arg-type]  # what `count` made, after a way through JSON
            found[row.kind] = joined(found.get(row.kind, Row(row.kind)), row)
    return sorted(found.values())


def lines(rows: Iterable[Row]) -> list[str]:
    """The table as people read it, with sums at the end."""
    every = list(rows)
    total = Row(f"{len(every)} kinds")
    for row in every:
        total = joined(total, row)
    head = f"{'kind of edit':<46}{'applied':>9}{'caught':>9}{'harmless':>10}"
    return [head, *(_line(row) for row in every), _line(total)]


def _line(row: Row) -> str:
    wrong = f"   {row.wrong} WRONG" if row.wrong else ""
    return f"{row.kind:<46}{row.applied:>9,}{row.caught:>9,}{row.harmless:>10,}{wrong}"
