"""The flat table: replies folded, equal flows joined."""

from __future__ import annotations

import pytest

from mcpfence.observe.record import Dropped, FlowEnd, Found, Loss, Resolved, Seen
from mcpfence.observe.table import FlowTable, RecordScope, Tally, oriented
from mcpfence.observe.times import DAY

US, THEM = FlowEnd("mcp", "a-1", "app=a", "10.0.0.1"), FlowEnd(address="192.175.48.6")
SCOPE = RecordScope(frozenset({"mcp"}), frozenset({"10.0.0.1"}), frozenset({8443}), frozenset({"10.9.9.9"}))


def seen(source: int, port: int, *, reply: bool | None = None, time: int = DAY, back: bool = False) -> Seen:
    """A record between us and them."""
    ends = (THEM, US) if back else (US, THEM)
    return Seen(time, *ends, source, port, "TCP", "allowed", reply)


@pytest.mark.parametrize(
    ("source", "port", "reply"),
    [
        (41233, 443, False),
        (443, 41233, True),
        (41233, 40000, None),
        (41233, 8443, False),
        (8443, 41233, True),
        (8443, 5000, True),
        (5000, 443, False),
        (443, 5000, True),
        (5000, 6000, None),
        (443, 80, None),
        (0, 443, False),
    ],
)
def test_ports_tell_replies_where_nothing_else_does(source: int, port: int, reply: bool | None) -> None:
    """Catalogued ports first, then ephemeral ones, then well-known ones; where all fail it is unknown."""
    key, was_reply = oriented(seen(source, port), SCOPE.ports)

    assert (key.oriented, was_reply) == (reply is not None, reply is True)
    assert (key.source, key.port) == ((THEM, source) if reply else (US, port))


def test_a_marked_reply_is_its_request() -> None:
    """A record that is marked as a reply joins the row of what it answers, whatever its ports are."""
    table = FlowTable(SCOPE)
    table.take([seen(50000, 40000, reply=False), seen(40000, 50000, reply=True, time=DAY + 5, back=True)])

    assert list(table.flows.values()) == [{1: Tally(2, DAY, DAY + 5)}]
    assert (table.counts["records"], table.counts["replies"]) == (2, 1)


def test_days_are_rows() -> None:
    """A flow of two days has two rows, so that days can be counted."""
    table = FlowTable(SCOPE)
    table.take([seen(50000, 443), seen(50001, 443), seen(50001, 443, time=3 * DAY)])

    assert [(day, tally.records) for days in table.flows.values() for day, tally in days.items()] == [(1, 2), (3, 1)]


def test_what_is_not_ours_is_counted_alone() -> None:
    """Records of other namespaces take no memory; those of a node's address are told apart."""
    other = FlowEnd("other", "b-1", "app=b", "10.0.0.2")
    node = FlowEnd(address="10.9.9.9")
    table = FlowTable(SCOPE)
    table.take([Seen(DAY, other, THEM, 50000, 443, "TCP", "allowed", None)])
    table.take([Seen(DAY, node, THEM, 50000, 443, "TCP", "allowed", None)])

    assert not table.flows
    assert (table.counts["not_ours"], table.counts["from_nodes"]) == (1, 1)


def test_the_window() -> None:
    """Records outside of what was asked for are counted and kept out of the window that was seen."""
    table = FlowTable(SCOPE._replace(since=2 * DAY, until=3 * DAY))
    table.take([seen(50000, 443), seen(50000, 443, time=2 * DAY), seen(50000, 443, time=3 * DAY + 1)])

    assert table.counts["outside"] == 2
    assert table.window == Tally(1, 2 * DAY, 2 * DAY)


def test_answers_losses_and_lost_events() -> None:
    """Answers are joined by client, address and name; lost events are counted, losses kept once."""
    table = FlowTable(SCOPE)
    answer = Resolved(DAY, US, "api.example.com", ("192.175.48.6",))
    table.take([answer, answer._replace(time=2 * DAY), Resolved(DAY, THEM, "x.example.com"), Dropped(3), Dropped(4)])
    table.take([Found(Loss.AGGREGATED), Found(Loss.AGGREGATED)])

    assert table.answers == {(US, "192.175.48.6", "api.example.com"): Tally(2, DAY, 2 * DAY)}
    assert (table.counts["queries"], table.counts["lost"], list(table.losses)) == (3, 7, [Loss.AGGREGATED])
