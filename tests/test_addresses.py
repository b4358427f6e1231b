"""Addresses of both families on one line."""

from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcpfence.net.addresses import (
    ALL,
    ALL_V4,
    ALL_V6,
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


def test_fewest_blocks() -> None:
    """Everything but one address of a /30 takes two blocks, no more."""
    hole = subtract((parse_cidr("10.0.0.0/30"),), (parse_cidr("10.0.0.1/32"),))

    assert cidrs(hole) == ("10.0.0.0/32", "10.0.0.2/31")


def test_families_stay_apart() -> None:
    """The last IPv4 and the first IPv6 address are no neighbours: their intervals never become one."""
    assert canonical([ALL_V4, ALL_V6]) == ALL
    assert cidrs(ALL) == ("0.0.0.0/0", "::/0")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("10.0.0.0", "has no prefix length; write 10.0.0.0/32 for one address"),
        ("::1", "has no prefix length; write ::1/128 for one address"),
        ("fe80::1%eth0/64", "has a zone id"),
        ("10.0.0.0/33", "is not a CIDR block"),
        ("10.0.0.0/", "is not a CIDR block"),
        ("10.0.0/8", "is not a CIDR block"),
        ("010.0.0.0/8", "is not a CIDR block"),
        ("anywhere", "is not a CIDR block"),
        ("10.0.0.0/08", "has a prefix length that is not a plain number"),
        ("10.0.0.0/255.0.0.0", "has a prefix length that is not a plain number"),
        ("10.0.0.1/8", "has host bits set; write 10.0.0.0/8"),
        ("::ffff:0:0/96", "is an IPv4-mapped IPv6 block; write the IPv4 block"),
        ("::ffff:10.0.0.0/104", "is an IPv4-mapped IPv6 block; write the IPv4 block"),
    ],
)
def test_what_is_no_block(text: str, reason: str) -> None:
    """What an API server refuses is refused, each with its reason."""
    with pytest.raises(ValueError, match=r".") as caught:
        parse_cidr(text)

    assert str(caught.value) == reason


@given(st.one_of(st.ip_addresses(v=4), st.ip_addresses(v=6)))
def test_an_address_comes_back_as_itself(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> None:
    """Text to number to text is the same address."""
    number = parse_address(str(address))

    assert format_address(number) == str(address)
    assert (number >= V6_BASE) == (address.version == 6)


@pytest.mark.parametrize("text", ["10.0.0", "10.0.0.1/32", "fe80::1%eth0", "host"])
def test_what_is_no_address(text: str) -> None:
    """Only plain addresses are addresses."""
    with pytest.raises(ValueError, match=r"."):
        parse_address(text)
