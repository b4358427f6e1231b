"""Laws of addresses: blocks and sets of both families, to text and back."""

from __future__ import annotations

import ipaddress

from hypothesis import given
from hypothesis import strategies as st

from mcpfence.net.addresses import (
    V6_BASE,
    cidrs,
    family,
    format_address,
    parse_address,
    parse_cidr,
)
from mcpfence.net.intervals import canonical, subtract

networks = st.one_of(
    st.builds(
        lambda base, bits: ipaddress.ip_network((base, bits), strict=False),
        st.integers(0, 2**32 - 1),
        st.integers(0, 32),
    ),
    st.builds(
        lambda base, bits: ipaddress.IPv6Network((base, bits), strict=False),
        st.integers(0, 2**128 - 1),
        st.integers(0, 95),
    ),
)


@given(networks)
def test_a_block_is_its_first_and_last_address(network: ipaddress.IPv4Network | ipaddress.IPv6Network) -> None:
    """Blocks of both families are what the standard library says of them."""
    first, last = parse_cidr(str(network))

    assert (format_address(first), format_address(last)) == (str(network[0]), str(network[-1]))
    assert family(first) == family(last) == network.version


@given(networks)
def test_a_block_comes_back_as_itself(network: ipaddress.IPv4Network | ipaddress.IPv6Network) -> None:
    """One block is written as one block, in canonical text."""
    assert cidrs((parse_cidr(str(network)),)) == (str(network),)


@given(st.lists(networks, max_size=5), st.lists(networks, max_size=5))
def test_blocks_of_a_set_are_the_set(
    added: list[ipaddress.IPv4Network | ipaddress.IPv6Network],
    removed: list[ipaddress.IPv4Network | ipaddress.IPv6Network],
) -> None:
    """The CIDR blocks of a set are disjoint, ascending and make up exactly the set."""
    members = subtract(
        canonical(parse_cidr(str(item)) for item in added), canonical(parse_cidr(str(item)) for item in removed)
    )

    blocks = [parse_cidr(text) for text in cidrs(members)]

    assert canonical(blocks) == members
    assert blocks == sorted(blocks)
    assert sum(last - first + 1 for first, last in blocks) == sum(last - first + 1 for first, last in members)


@given(st.one_of(st.ip_addresses(v=4), st.ip_addresses(v=6)))
def test_an_address_comes_back_as_itself(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> None:
    """Text to number to text is the same address."""
    number = parse_address(str(address))

    assert format_address(number) == str(address)
    assert (number >= V6_BASE) == (address.version == 6)
