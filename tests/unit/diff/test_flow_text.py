"""The words in which `diff` tells what pods may reach."""

from __future__ import annotations

import pytest

from diffing import OLD, catalogs, edited, told
from mcpfence.diff.flow_text import addresses_text, count_text, names_text, ports_text
from mcpfence.net.addresses import parse_cidr
from mcpfence.net.intervals import canonical
from mcpfence.reach.flows import host_names, traffic

# --- cells ---


# --- words ---


@pytest.mark.parametrize(
    ("blocks", "text"),
    [
        (["0.0.0.0/0", "::/0"], "every address"),
        (["0.0.0.0/0"], "every IPv4 address"),
        (["0.0.0.0/0", "2001:db8::/32"], "every IPv4 address and 2001:db8::/32 (2^96 addresses)"),
        (["10.0.0.1/32"], "10.0.0.1"),
        (["10.0.0.0/31", "10.1.0.0/16"], "10.0.0.0/31, 10.1.0.0/16 (65,538 addresses)"),
        (["fd00::1/128"], "fd00::1"),
        (["::/3", "8000::/16"], "::/3, 8000::/16 (over 2^125 addresses)"),
    ],
)
def test_addresses_in_words(blocks: list[str], text: str) -> None:
    """Blocks with how many addresses they hold."""
    assert addresses_text(canonical(map(parse_cidr, blocks))) == text


@pytest.mark.parametrize(
    ("count", "text"),
    [(1, "1"), (65536, "65,536"), (999_999, "999,999"), (8388608, "8.4 M"), (1 << 32, "4.3 B"), (1 << 64, "2^64")],
)
def test_counts_in_words(count: int, text: str) -> None:
    """Small ones exactly, large ones with a unit, endless ones as powers."""
    assert count_text(count) == text


@pytest.mark.parametrize(
    ("found", "text"),
    [
        (host_names.names_of(["a.example.com", "*.example.org"]), "a.example.com, *.example.org"),
        (
            host_names.subtract(host_names.names_of(["*.x.io"]), host_names.names_of(["a.x.io"])),
            "*.x.io but not a.x.io",
        ),
        (host_names.subtract(host_names.ANY, host_names.names_of(["a.x.io"])), "any name or none but a.x.io"),
        (host_names.EVERY_NAME, "any name"),
        (host_names.NAMELESS, "no name at all"),
    ],
)
def test_names_in_words(found: host_names.Names, text: str) -> None:
    """Patterns, what is taken out of them, and flows without a name."""
    assert names_text(found) == text


@pytest.mark.parametrize(
    ("points", "text"),
    [
        (traffic.EVERY_POINT, "every protocol and port"),
        ((traffic.span("TCP", 443, 443),), "TCP 443"),
        ((traffic.span("TCP", 443, 443), traffic.span("TCP", 8000, 8010)), "TCP 443, 8000-8010"),
        ((traffic.span("TCP"), traffic.span("UDP", 53, 53)), "every TCP port and UDP 53"),
        ((traffic.span("ICMP"),), "ICMP"),
    ],
)
def test_ports_in_words(points: tuple[tuple[int, int], ...], text: str) -> None:
    """Protocols in their order, ranges as ranges."""
    assert ports_text(points) == text


def test_the_stance_internet_in_words() -> None:
    """What it opens is said in words, not in a hundred blocks."""
    new = edited(OLD, lambda raw: raw["servers"]["notion"]["egress"].update(default="internet"))

    assert told(catalogs(OLD, new))[:3] == [
        "server notion: wider",
        "+ may reach nearly every public IPv4 address (3.7 B) on every protocol and port",
        "+ may reach 3.128.0.0/9 (8.4 M addresses) on every protocol and port but TCP 443",
    ]
