"""Ports: the grammar of entries, and the text of a set."""

from __future__ import annotations

import pytest

from helpers import one_egress, planned, reach
from mcpfence.net.ports import ALL_PORTS, canonical_ports, parse_entry, ports_text, tcp

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
