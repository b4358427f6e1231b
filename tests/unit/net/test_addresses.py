"""Addresses of both families on one line: the fewest blocks, and what is none."""

from __future__ import annotations

import pytest

from mcpfence.net.addresses import (
    ALL,
    ALL_V4,
    ALL_V6,
    cidrs,
    parse_address,
    parse_cidr,
)
from mcpfence.net.intervals import canonical, subtract


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


@pytest.mark.parametrize("text", ["10.0.0", "10.0.0.1/32", "fe80::1%eth0", "host"])
def test_what_is_no_address(text: str) -> None:
    """Only plain addresses are addresses."""
    with pytest.raises(ValueError, match=r"."):
        parse_address(text)
