"""Names of addresses by what DNS told the same pod before."""

from __future__ import annotations

from mcpfence.observe.answers import AnswerBook, Candidates
from mcpfence.observe.record import FlowEnd
from mcpfence.observe.table import Tally

A, B = FlowEnd("mcp", "a"), FlowEnd("mcp", "b")
POD = ("mcp", "a")


def book(*rows: tuple[FlowEnd, str, str, int]) -> AnswerBook:
    """Answers, each at one time."""
    answers = {(client, address, name): Tally(1, time, time) for client, address, name, time in rows}
    return AnswerBook(answers, lambda end, _: (end.namespace, end.pod) if end.pod else None)


def test_one_name_told_before() -> None:
    """One name is the address's, however long ago it was told."""
    assert book((A, "x", "a.example", 5)).names_of(POD, "x", 10**18, 10**18) == Candidates(("a.example",), before=True)


def test_a_name_told_later() -> None:
    """An answer behind the flow names nothing; one in between is a candidate, and proves nothing of the first flow."""
    found = book((A, "x", "a.example", 5))

    assert found.names_of(POD, "x", 1, 4) == Candidates((), before=False)
    assert found.names_of(POD, "x", 1, 9) == Candidates(("a.example",), before=False)


def test_flows_of_whole_seconds() -> None:
    """An answer in the second of a flow that has no fraction came before it; one of the next second did not."""
    second = 1_793_610_847 * 10**9
    found = book((A, "x", "a.example", second + 4 * 10**8))

    assert found.names_of(POD, "x", second, second) == Candidates(("a.example",), before=True)
    assert found.names_of(POD, "x", second + 3 * 10**8, second + 3 * 10**8) == Candidates((), before=False)
    assert found.names_of(POD, "x", second - 10**9, second - 10**9) == Candidates((), before=False)


def test_several_names() -> None:
    """All names that were told of one address are candidates."""
    found = book((A, "x", "a.example", 5), (A, "x", "b.example", 6))

    assert found.names_of(POD, "x", 9, 9) == Candidates(("a.example", "b.example"), before=True)


def test_answers_of_others() -> None:
    """What another pod was told, or whoever is no pod, is no name of this pod's flows; questions are kept."""
    found = book((B, "x", "a.example", 5), (FlowEnd(address="10.0.0.9"), "x", "c.example", 5), (A, "", "q.example", 1))

    assert found.names_of(POD, "x", 9, 9) == Candidates((), before=False)
    assert found.asked == {POD: {"q.example"}, ("mcp", "b"): {"a.example"}}
