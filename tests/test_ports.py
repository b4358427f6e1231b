"""Ports: the grammar of entries, and the canonical set that a list of them means."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers import one_egress, planned, reach
from mcpfence.net.ports import ALL_PORTS, PROTOCOLS, PortRange, canonical_ports, parse_entry, ports_text, tcp

ENTRIES = {
    443: ("TCP", 443, 443),
    1: ("TCP", 1, 1),
    65535: ("TCP", 65535, 65535),
    "53/UDP": ("UDP", 53, 53),
    "53/udp": ("UDP", 53, 53),
    "443/TCP": ("TCP", 443, 443),
    "36412/SCTP": ("SCTP", 36412, 36412),
    "8000-8010": ("TCP", 8000, 8010),
    "8000-8010/UDP": ("UDP", 8000, 8010),
    "1-65535": ("TCP", 1, 65535),
    "80-80": ("TCP", 80, 80),
}


@pytest.mark.parametrize(("entry", "expected"), ENTRIES.items())
def test_entries(entry: int | str, expected: tuple[str, int, int]) -> None:
    """N, N-M, N/PROTO and N-M/PROTO; TCP unless UDP or SCTP is written."""
    assert parse_entry(entry) == expected


@given(
    st.integers() | st.text(max_size=12) | st.from_regex(r"[0-9]{1,6}(-[0-9]{1,6})?(/[A-Za-z]{3,4})?", fullmatch=True)
)
def test_every_entry_is_judged(entry: int | str) -> None:
    """Any entry is refused with a sentence and an advice, or is a range inside 1 to 65535 that its text gives back."""
    refusal, item = "", PortRange("TCP", 1, 1)
    try:
        item = parse_entry(entry)
    except ValueError as bad:
        refusal = str(bad)
    if refusal:
        assert "; write " in refusal
        return
    assert 1 <= item.first <= item.last <= 65535
    assert item.protocol in PROTOCOLS
    assert parse_entry(item.text) == item


ranges = st.builds(
    lambda protocol, first, span: PortRange(protocol, first, first + span),
    st.sampled_from(PROTOCOLS),
    st.integers(1, 40),
    st.integers(0, 6),
)


def members(items: tuple[PortRange, ...] | list[PortRange]) -> set[tuple[str, int]]:
    """Every (protocol, port) of some ranges."""
    return {(item.protocol, port) for item in items for port in range(item.first, item.last + 1)}


@given(st.lists(ranges, max_size=8))
def test_canonical_set_means_the_same(items: list[PortRange]) -> None:
    """The canonical form has the same ports, in any order of the entries, sorted, with a gap between two ranges."""
    canonical = canonical_ports(items)

    assert members(canonical) == members(items)
    assert canonical_ports(reversed(items)) == canonical
    assert canonical_ports(canonical) == canonical
    for left, right in itertools.pairwise(canonical):
        assert PROTOCOLS.index(left.protocol) <= PROTOCOLS.index(right.protocol)
        assert left.protocol != right.protocol or left.last + 1 < right.first


@given(st.lists(ranges, max_size=3))
def test_every_port_swallows_all_others(items: list[PortRange]) -> None:
    """`all` beside other entries is `all`."""
    assert canonical_ports([*items, *ALL_PORTS]) == ALL_PORTS


def test_texts() -> None:
    """Sets of ports as messages and reports write them."""
    assert ports_text(tcp(443, 80, 81)) == "80-81/TCP, 443/TCP"
    assert ports_text(canonical_ports([parse_entry("53/UDP"), parse_entry(53)])) == "53/TCP, 53/UDP"
    assert ports_text(ALL_PORTS) == "every protocol and port"


def test_ports_of_a_cidr() -> None:
    """Entries of one list are merged into one set; `all` is every protocol and port."""
    plan = planned(
        one_egress(
            cidrs=[
                {"cidr": "10.1.0.0/16", "ports": [443, "440-445", "53/UDP", 443.0]},
                {"cidr": "10.2.0.0/16", "ports": "all"},
            ]
        )
    )

    assert reach(plan["server a"].egress) == {
        "cidr": ["10.1.0.0/16 on 440-445/TCP, 53/UDP", "10.2.0.0/16 on every protocol and port"]
    }
