"""Names of addresses by what DNS told the same pod before."""

from __future__ import annotations

from mcpfence.observe.answers import MOST_NAMES, AnswerBook, Candidates

POD = ("mcp", "a")


def book(*rows: tuple[str, str, str, int]) -> AnswerBook:
    """Answers by pod, address and name, each at one time."""
    return AnswerBook(sorted(("mcp", *row) for row in rows))


def test_one_name_told_before() -> None:
    """One name is the address's, however long ago it was told."""
    assert book(("a", "x", "a.example", 5)).names_of(POD, "x", 10**18, 10**18) == Candidates(
        ("a.example",), before=True
    )


def test_a_name_told_later() -> None:
    """An answer behind the flow names nothing; one in between is a candidate, and proves nothing of the first flow."""
    found = book(("a", "x", "a.example", 5))

    assert found.names_of(POD, "x", 1, 4) == Candidates((), before=False)
    assert found.names_of(POD, "x", 1, 9) == Candidates(("a.example",), before=False)


def test_flows_of_whole_seconds() -> None:
    """An answer in the second of a flow that has no fraction came before it; one of the next second did not."""
    second = 1_793_610_847 * 10**9
    found = book(("a", "x", "a.example", second + 4 * 10**8))

    assert found.names_of(POD, "x", second, second) == Candidates(("a.example",), before=True)
    assert found.names_of(POD, "x", second + 3 * 10**8, second + 3 * 10**8) == Candidates((), before=False)
    assert found.names_of(POD, "x", second - 10**9, second - 10**9) == Candidates((), before=False)


def test_several_names() -> None:
    """All names that were told of one address are candidates; of several times of one name the first counts."""
    found = book(("a", "x", "a.example", 5), ("a", "x", "b.example", 7), ("a", "x", "b.example", 6))

    assert found.names_of(POD, "x", 6, 6) == Candidates(("a.example", "b.example"), before=True)


def test_answers_of_others() -> None:
    """What another pod was told, or of another address, is no name of this pod's flows."""
    found = book(("0", "x", "0.example", 5), ("a", "w", "w.example", 5), ("a", "y", "y.example", 5), ("b", "x", "b", 5))

    assert found.names_of(POD, "x", 9, 9) == Candidates((), before=False)
    assert found.names_of(POD, "y", 9, 9) == Candidates(("y.example",), before=True)
    assert found.names_of(POD, "z", 9, 9) == Candidates((), before=False)
    assert found.names_of(("mcp", "b"), "x", 9, 9) == Candidates(("b",), before=True)


def test_more_names_than_anybody_reads() -> None:
    """A pod that was told any number of names for one address has none for it, and the next address is not hurt."""
    rows = [("a", "x", f"n{number}.example", 5) for number in range(MOST_NAMES + 1)]
    found = book(*rows, ("a", "y", "y.example", 5))

    assert found.names_of(POD, "x", 9, 9) == Candidates((), before=False, many=True)
    assert found.names_of(POD, "y", 9, 9) == Candidates(("y.example",), before=True)
    assert len(book(*rows[1:]).names_of(POD, "x", 9, 9).names) == MOST_NAMES
