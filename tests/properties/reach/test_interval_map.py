"""Functions on the line of whole numbers, against a table of their values."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from mcpfence.net.intervals import canonical
from mcpfence.reach.flows.interval_map import Grouped, combine, combine_all, group, value_at

LINE = range(24)
VALUES = st.sampled_from(["", "a", "b", "ab", "c"])


def function_of(values: list[str]) -> Grouped[str]:
    """The function that has these values in turn; none where the value is empty."""
    return group((canonical([(point, point)]), value) for point, value in enumerate(values) if value)


def joined(left: str | None, right: str | None) -> str | None:
    """The letters of both."""
    return "".join(sorted({*(left or ""), *(right or "")}))


def common(left: str | None, right: str | None) -> str | None:
    """The letters that both have; no value where there is none."""
    return "".join(sorted({*(left or "")} & {*(right or "")})) or None


def table(function: Grouped[str]) -> list[str | None]:
    """The values one by one."""
    return [value_at(function, point) for point in LINE]


functions = st.lists(VALUES, min_size=len(LINE), max_size=len(LINE)).map(function_of)


@given(functions, functions)
def test_combined_point_by_point(left: Grouped[str], right: Grouped[str]) -> None:
    """Each point has the value that is chosen from those of both sides, and the form is the canonical one."""
    for choose in (joined, common):
        found = combine(left, right, choose)
        pairs = zip(table(left), table(right), strict=True)
        expected = [choose(*pair) if pair != (None, None) else None for pair in pairs]

        assert table(found) == expected
        assert found == group((canonical([(n, n)]), value) for n, value in enumerate(expected) if value is not None)


@given(st.lists(functions, max_size=7))
def test_many_combined_are_those_of_one_after_the_other(parts: list[Grouped[str]]) -> None:
    """In rounds or one by one: the same function, in the same form."""
    one_by_one: Grouped[str] = ()
    for part in parts:
        one_by_one = combine(one_by_one, part, joined)

    assert combine_all(parts, joined) == one_by_one
