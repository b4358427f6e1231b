"""Addresses as logs write them."""

from __future__ import annotations

import pytest

from mcpfence.net.addresses import parse_address
from mcpfence.observe.addresses import canonical_address, line_address, split_port


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ("192.175.48.6", "192.175.48.6"),
        ("::ffff:192.175.48.6", "192.175.48.6"),
        ("::FFFF:C0AF:3006", "192.175.48.6"),
        ("2620:4F:8000::1", "2620:4f:8000::1"),
        ("fe80::1%eth0", "fe80::1"),
        ("[2620:4f:8000::1]", "2620:4f:8000::1"),
    ],
)
def test_one_address_has_one_text(text: str, same: str) -> None:
    """IPv4-mapped IPv6 is IPv4, hex is small, zones and brackets go."""
    assert canonical_address(text) == same
    assert line_address(text) == parse_address(same)


def test_what_is_no_address() -> None:
    """A text that is none has no place on the line, and is refused where one is needed."""
    assert line_address("github") is None
    with pytest.raises(ValueError, match="github"):
        canonical_address("github")


def test_ports_behind_addresses() -> None:
    """Both families, with brackets around IPv6."""
    assert split_port("192.175.48.6:443") == ("192.175.48.6", 443)
    assert split_port("[2620:4f:8000::1]:443") == ("2620:4f:8000::1", 443)
    for text in ("192.175.48.6", "192.175.48.6:", "192.175.48.6:70000", "a:1"):
        with pytest.raises(ValueError, match=r"without a port|does not appear"):
            split_port(text)
