"""Rows: the words in which a set of flows is written down, and what is none."""

from __future__ import annotations

from typing import Any

import pytest

from mcpfence.net.addresses import parse_cidr
from mcpfence.reach.flows import flows, host_names, label_sets, traffic
from mcpfence.reach.flows.plain_form import reach_of_rows, read_names, rows_of

WEB = (traffic.span("TCP", 443, 443),)


def test_addresses_with_names() -> None:
    """Ranges of both families, one port, and patterns."""
    blocks = (parse_cidr("192.0.2.0/31"), parse_cidr("2001:db8::1/128"))
    shown = traffic.named(WEB, host_names.names_of(["*.example.com"]))

    assert rows_of(flows.reach_of(blocks, (), shown)) == [
        {"addresses": ["192.0.2.0-192.0.2.1", "2001:db8::1"], "flows": ["TCP 443"], "names": ["*.example.com"]}
    ]


def test_pods_with_their_namespaces() -> None:
    """Labels that must be there, must not have a value, or may be missing."""
    box = (("app", label_sets.one_of(["a"])), ("tier", label_sets.none_of(["db"])), ("x", label_sets.PRESENT))
    found = flows.reach_of((), [label_sets.pods_in("data", box)], traffic.plain((traffic.span("UDP"),)))

    assert rows_of(found) == [
        {
            "pods": {"app": {"in": ["a"]}, "tier": {"notIn": ["db"], "missing": True}, "x": {"notIn": []}},
            "namespaces": {"kubernetes.io/metadata.name": {"in": ["data"]}},
            "flows": ["UDP"],
        }
    ]


def test_everything_and_nothing() -> None:
    """All protocols by their names alone; no row at all."""
    assert [row["flows"] for row in rows_of(flows.EVERYTHING)] == [["TCP", "UDP", "SCTP", "ICMP", "other"]] * 2
    assert rows_of(flows.NOTHING) == []
    assert reach_of_rows([]) == flows.NOTHING


def test_the_longer_pattern_decides() -> None:
    """Whatever the order in which they stand."""
    found = read_names(("!a.example.com", "*.example.com"))

    assert host_names.contains(found, "b.example.com")
    assert not host_names.contains(found, "a.example.com")
    assert found == read_names(("*.example.com", "!a.example.com"))


ROW = {"addresses": ["192.0.2.1"], "flows": ["TCP 443"]}


@pytest.mark.parametrize(
    "row",
    [
        {"addresses": ["192.0.2.1"]},
        {**ROW, "addresses": ["192.0.2.2-192.0.2.1"]},
        {**ROW, "addresses": ["192.0.2.1-2001:db8::1"]},
        {**ROW, "addresses": ["192.0.2.0/24"]},
        {**ROW, "addresses": [1]},
        {**ROW, "flows": ["TCP 0"]},
        {**ROW, "flows": ["TCP 2-1"]},
        {**ROW, "flows": ["TCP 65536"]},
        {**ROW, "flows": ["ICMP 8"]},
        {**ROW, "flows": ["GRE"]},
        {**ROW, "flows": ["TCP x"]},
        {**ROW, "names": ["a..b"]},
        {**ROW, "names": ["*.*.a"]},
        {**ROW, "names": ["a.*"]},
        {"flows": ["TCP"], "pods": {}},
        {"flows": ["TCP"], "pods": {"a": {}}, "namespaces": {}},
        {"flows": ["TCP"], "pods": {"a": {"in": "b"}}, "namespaces": {}},
        {"flows": ["TCP"], "pods": {"a": {"in": [1]}}, "namespaces": {}},
    ],
)
def test_what_is_no_row_is_refused(row: dict[str, Any]) -> None:
    """It never becomes a set of flows that was not meant."""
    with pytest.raises((ValueError, KeyError, TypeError, AttributeError)):
        reach_of_rows([row])
