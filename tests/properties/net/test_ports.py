"""Laws of ports: every entry is judged, and a canonical set means what its entries mean."""

from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st

from mcpfence.net.ports import ALL_PORTS, PROTOCOLS, PortRange, canonical_ports, parse_entry


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
