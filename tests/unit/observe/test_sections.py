"""What is told one by one, and what is only counted."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from mcpfence.observe.sections import LeftOut, Mostly, Sections, ToldItem


def filled(sizes: list[int], most: int, in_all: int) -> Sections:
    """Sections of so many things each, the best founded last."""
    found = Sections(most, in_all)
    for number, size in enumerate(sizes):
        for one in range(size):
            found.add((number, "wish"), ToldItem((-one,), (), one), f"to group {one % 2}", (443, "TCP"), 2)
    found.close()
    return found


def test_small_sections_are_told_whole() -> None:
    """Nothing is cut where there is little."""
    found = filled([3], most=5, in_all=20)

    assert found.items((0, "wish")) == [2, 1, 0]
    assert (found.counts(0, ["wish", "unknown"]), found.cuts(0, ["wish", "unknown"])) == ({"wish": 3}, ())
    assert (found.items((1, "wish")), found.counts(1, ["wish"])["wish"]) == ([], 0)


@given(st.lists(st.integers(0, 90), min_size=1, max_size=6), st.integers(1, 30), st.integers(20, 90))
def test_the_best_are_told_and_all_are_counted(sizes: list[int], most: int, in_all: int) -> None:
    """Of each section as many as of any other, the best founded, and no more than are told in all."""
    found = filled(sizes, most, in_all)
    told = [found.items((number, "wish")) for number in range(len(sizes))]
    share = max(map(len, told))

    assert [found.counts(number, ["wish"])["wish"] for number in range(len(sizes))] == sizes
    assert told == [list(range(size))[::-1][: min(size, share)] for size in sizes]
    assert share <= most
    assert sum(map(len, told)) <= max(in_all, most, 10 * len(sizes))
    if share < min(most, max(sizes)):  # one more of each would be too many
        assert sum(min(size, share + 1) for size in sizes) > max(in_all, most) or share < 10


def test_what_the_rest_mostly_is() -> None:
    """The largest groups of all things are told, with their ports and records."""
    found = Sections(1, 1)
    for group, count in (("to a", 1), ("to b", 3), ("to c", 2), ("to d", 4)):
        for one in range(count):
            port = (80 + one, "TCP") if group != "to c" else (0, "ICMP")
            found.add((0, "wish"), ToldItem((), (group, one), (group, one)), group, port, 5)
    found.close()

    assert found.cuts(0, ["wish"]) == (
        LeftOut(
            "wish",
            flows=10,
            told=1,
            records=50,
            mostly=(
                Mostly("to d", 4, 20, ("80/TCP", "81/TCP", "82/TCP"), 4),
                Mostly("to b", 3, 15, ("80/TCP", "81/TCP", "82/TCP"), 3),
                Mostly("to c", 2, 10, ("ICMP",), 1),
            ),
        ),
    )


def test_a_flood_hides_nothing_else() -> None:
    """Of things that are founded alike those of small groups come first; what is founded better comes before all."""
    found = Sections(3, 3)
    for group, count in (("to a flood", 50), ("to others", 2), ("to well known", 1)):
        for one in range(count):
            founded = (-5 if group == "to well known" or (group, one) == ("to a flood", 30) else -1,)
            found.add((0, "wish"), ToldItem(founded, (one,), (group, one)), group, (443, "TCP"), 1)
    found.close()

    assert found.items((0, "wish")) == [("to well known", 0), ("to a flood", 30), ("to others", 0)]
