"""Blocked ranges: no public range of any render holds a private, special or metadata address.

The ranges are written down here a second time, from the same sources, and are looked for in the rendered text with
Python's own `ipaddress`, so that a slip in our table or our arithmetic shows.
"""

from __future__ import annotations

import ipaddress
import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers import Raw, errors_of, objects, one, one_egress
from mcpfence.net.addresses import ALL, ALL_V4, ALL_V6, V6_BASE, cidrs, parse_address, parse_cidr
from mcpfence.net.intervals import Intervals, canonical, contains, intersect, is_subset, subtract
from mcpfence.net.special_ranges import METADATA, NAT64, blocked, metadata, nat64_images, special

RANGES = """
0.0.0.0/8 10.0.0.0/8 100.64.0.0/10 127.0.0.0/8 169.254.0.0/16 168.63.129.16/32 172.16.0.0/12 192.0.0.0/24 192.0.2.0/24
192.88.99.0/24 192.168.0.0/16 198.18.0.0/15 198.51.100.0/24 203.0.113.0/24 224.0.0.0/4 240.0.0.0/4
::/128 ::1/128 ::/96 ::/3 4000::/2 8000::/1 64:ff9b::/96 64:ff9b:1::/48 100::/64 2001::/23 2001:db8::/32 2002::/16 3fff::/20 5f00::/16 fc00::/7
fe80::/10 fec0::/10 ff00::/8
""".split()  # noqa: SIM905
POINTS = """
169.254.169.254 169.254.169.253 169.254.169.252 169.254.170.2 169.254.170.23 169.254.42.42 169.254.20.10 168.63.129.16
100.100.100.200 192.0.0.192 255.255.255.255 fd00:ec2::254 fd00:ec2::23 fd20:ce::254 fd00:42::42
64:ff9b::a9fe:a9fe 64:ff9b::a83f:8110 64:ff9b::a00:1 2002:a9fe:a9fe::1 2002:a83f:8110:ffff:ffff:ffff:ffff:ffff 3fff::1
::a9fe:a9fe ff02::1 100:0:0:1::1 ::ffff:0:a9fe:a9fe ::ffff:a9fe:a9fe 200::1 3ff:ffff::1 64:ff9b:2::1 1fff:ffff::1
4000::1 5eff::1 6000::1 8000::1 c000::1 e000::1 f000::1 fe00::1
""".split()  # noqa: SIM905
PUBLIC = """
1.1.1.1 8.8.8.8 9.255.255.255 11.0.0.0 100.63.255.255 100.128.0.0 126.255.255.255 128.0.0.0 168.63.129.15 168.63.129.17
169.253.255.255 169.255.0.0 172.15.255.255 172.32.0.0 191.255.255.255 192.0.1.0 192.0.3.0 192.88.98.255 192.88.100.0
192.167.255.255 192.169.0.0 198.17.255.255 198.20.0.0 198.51.99.255 198.51.101.0 203.0.112.255 203.0.114.0
223.255.255.255 2000::1 2606:4700:4700::1111 2001:200::1 2001:4860:4860::8888 2001:db7:ffff::1 2001:db9::1 2003::1 2400::1
2a00:1450::1 3ffe:ffff::1 3fff:1000::1 3fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff
""".split()  # noqa: SIM905


def allowed(raw: dict[str, Any]) -> list[tuple[Any, list[Any]]]:
    """The ipBlocks of server a's egress as (network, excepts) of `ipaddress`."""
    policy = objects(raw)["NetworkPolicy mcp-server-a-egress"]
    blocks = [peer["ipBlock"] for rule in policy["spec"]["egress"] for peer in rule["to"] if "ipBlock" in peer]
    return [
        (ipaddress.ip_network(block["cidr"]), [ipaddress.ip_network(text) for text in block.get("except", [])])
        for block in blocks
        if block["cidr"] in ("0.0.0.0/0", "64:ff9b::/96", "2000::/3")
    ]


def reaches(blocks: list[tuple[Any, list[Any]]], text: str) -> bool:
    """Whether an address is in one of the blocks and in none of its excepts."""
    address = ipaddress.ip_address(text)
    return any(address in block and not any(address in out for out in excepts) for block, excepts in blocks)


INTERNET = one_egress(default="internet")


@pytest.mark.parametrize("text", [*POINTS, *RANGES])
def test_internet_reaches_no_blocked_range(text: str) -> None:
    """First, last and some random addresses of each range are cut out of the public blocks that are rendered."""
    network = ipaddress.ip_network(text)
    blocks, chance = allowed(INTERNET), random.Random(text)  # noqa: S311
    picked = [network[0], network[-1], *(network[chance.randrange(network.num_addresses)] for _ in range(50))]

    assert not [str(address) for address in picked if reaches(blocks, str(address))]


@pytest.mark.parametrize("text", PUBLIC)
def test_internet_reaches_public_addresses(text: str) -> None:
    """The addresses right beside the blocked ranges, and well-known public ones, stay open."""
    assert reaches(allowed(INTERNET), text)


def test_table_is_exactly_the_sources() -> None:
    """The built-in table is these ranges, neither more nor less, and public IPv6 lies in 2000::/3."""
    assert special() == canonical(map(parse_cidr, RANGES))
    assert is_subset(subtract((ALL_V6,), special()), (parse_cidr("2000::/3"),))


def test_excepts_are_canonical() -> None:
    """The excepts that are rendered are sorted, collapsed, inside their block, and never IPv4-mapped."""
    for block, excepts in allowed(INTERNET):
        assert excepts == list(ipaddress.collapse_addresses(excepts)) == sorted(excepts)
        assert all(out.subnet_of(block) and out != block for out in excepts)
        assert not any(out.version == 6 and out.overlaps(ipaddress.ip_network("::ffff:0:0/96")) for out in excepts)


def test_families_stand_in_blocks_of_their_own() -> None:
    """IPv4 and IPv6 are two blocks; with one family in cluster.ipFamilies there is one."""
    assert [str(block) for block, _ in allowed(INTERNET)] == ["0.0.0.0/0", "2000::/3"]
    assert [str(block) for block, _ in allowed({**INTERNET, "cluster": {"ipFamilies": ["IPv4"]}})] == ["0.0.0.0/0"]
    assert [str(block) for block, _ in allowed({**INTERNET, "cluster": {"ipFamilies": ["IPv6"]}})] == ["2000::/3"]


def test_ranges_of_the_cluster_are_blocked() -> None:
    """cluster.cidrs, egress.except and the profile's own range are blocked beside the table."""
    cluster = {
        "profile": "gke",
        "cidrs": {
            "nodes": ["51.1.0.0/16"],
            "pods": ["52.1.0.0/16"],
            "services": ["53.1.0.0/16", "2a00:1::/32"],
            "controlPlane": ["54.1.1.1/32"],
        },
    }
    blocks = allowed({**INTERNET, "cluster": cluster, "egress": {"except": ["55.1.0.0/16"]}})

    closed = ["51.1.2.3", "52.1.2.3", "53.1.2.3", "2a00:1::1", "54.1.1.1", "55.1.2.3", "34.118.224.1", "34.118.239.255"]
    assert [text for text in closed if reaches(blocks, text)] == []
    opened = ["51.2.0.1", "54.1.1.2", "55.2.0.0", "34.118.223.255", "34.118.240.0", "2a00:2::1"]
    assert [text for text in opened if not reaches(blocks, text)] == []
    assert reaches(allowed(INTERNET), "34.118.224.1")  # without the profile it is an address like any other


def test_names_reach_no_blocked_range() -> None:
    """Under a layered provider the public ranges of names are the same ones."""
    raw = one_egress(domains=["api.example.com"])
    blocks = allowed({**raw, "egress": {"provider": "aviatrix", "aviatrix": {"ipv6": True}}})

    assert [str(block) for block, _ in blocks] == ["0.0.0.0/0", "2000::/3"]
    assert not [text for text in POINTS if reaches(blocks, text)]
    assert all(reaches(blocks, text) for text in PUBLIC)


def test_nat64_opens_images_of_public_addresses_only() -> None:
    """With cluster.nat64 the image of an IPv4 address is open exactly where the address is."""
    raw = {**INTERNET, "cluster": {"nat64": True, "cidrs": {"pods": ["52.1.0.0/16"]}}}
    blocks = allowed(raw)
    v4 = [text for text in [*POINTS, *PUBLIC, "52.1.2.3", "52.2.0.1", "10.1.2.3"] if "." in text]

    for text in v4:
        image = ipaddress.ip_address(int(ipaddress.ip_address("64:ff9b::")) + int(ipaddress.ip_address(text)))
        assert reaches(blocks, str(image)) == reaches(blocks, text), text
    assert not reaches(blocks, "64:ff9b:1::1")
    assert not reaches(allowed(INTERNET), "64:ff9b::808:808")


def test_nat64_range_can_be_excepted_again() -> None:
    """egress.except closes NAT64 addresses that cluster.nat64 opens."""
    raw = {**INTERNET, "cluster": {"nat64": True}, "egress": {"except": ["64:ff9b::800:0/104"]}}

    assert not reaches(allowed(raw), "64:ff9b::808:808")
    assert reaches(allowed(raw), "64:ff9b::909:909")


pieces = st.builds(
    lambda base, first, span: (base + first, base + min(first + span, 2**32 - 1)),
    st.sampled_from([0, V6_BASE + (0x20 << 120), V6_BASE + (0x64FF9B << 96)]),
    st.integers(0, 2**32 - 1),
    st.integers(0, 2**20),
)


@given(st.lists(pieces, max_size=4), st.booleans())
def test_public_and_blocked_share_nothing(extra: list[tuple[int, int]], nat64: bool) -> None:
    """Whatever is added, the blocked ranges hold it and, but for NAT64 images, the whole table."""
    added = canonical(extra)
    ranges = blocked(added, nat64=nat64)

    assert ranges == canonical(ranges)
    assert is_subset(added, ranges)
    assert is_subset(metadata(), ranges)
    table = subtract(special(), (parse_cidr(NAT64),)) if nat64 else special()
    assert is_subset(table, ranges)
    if nat64:
        assert intersect(ranges, (parse_cidr(NAT64),)) == canonical(
            [*nat64_images(intersect(ranges, (ALL_V4,))), *intersect(added, (parse_cidr(NAT64),))]
        )


def test_metadata_endpoints_and_their_images() -> None:
    """Every endpoint of the list, and for IPv4 its NAT64 and all its 6to4 images, is a metadata address."""
    points = metadata()
    for text in [text for text, _ in METADATA]:
        address = ipaddress.ip_address(text)
        assert contains(points, parse_address(text))
        if address.version == 4:
            nat64 = ipaddress.IPv6Address(int(ipaddress.IPv6Address("64:ff9b::")) + int(address))
            sixtofour = ipaddress.IPv6Network((int(ipaddress.IPv6Address("2002::")) + (int(address) << 80), 48))
            assert contains(points, parse_address(str(nat64)))
            assert is_subset((parse_cidr(str(sixtofour)),), points)
    listed = "169.254.169.254 169.254.169.252 169.254.170.2 169.254.170.23 169.254.42.42 168.63.129.16 100.100.100.200"
    listed += " 192.0.0.192 fd00:ec2::254 fd00:ec2::23 fd20:ce::254 fd00:42::42"
    assert {text for text, _ in METADATA} == set(listed.split())


def test_cidrs_give_the_set_back() -> None:
    """Blocks made of the public ranges are the public ranges again, each block as large as it can be."""
    public = subtract(ALL, special())
    texts = cidrs(public)

    assert canonical(map(parse_cidr, texts)) == public
    for version in (4, 6):
        nets: list[Any] = [net for net in map(ipaddress.ip_network, texts) if net.version == version]
        assert nets == list(ipaddress.collapse_addresses(nets))


@given(st.lists(pieces, max_size=5).map(canonical))
def test_cidrs_and_intervals_agree(members: Intervals) -> None:
    """Any set of addresses is the union of its blocks."""
    assert canonical(map(parse_cidr, cidrs(members))) == members


def test_mapped_addresses_are_blocked_and_never_emitted() -> None:
    """IPv4-mapped addresses are blocked, because packets may carry them, and no block or except may name them."""
    assert contains(special(), V6_BASE + (0xFFFF << 32) + 0x0A000001)
    with pytest.raises(ValueError, match="IPv4-mapped"):
        parse_cidr("::ffff:0:0/96")


def test_families_never_run_into_each_other() -> None:
    """The last IPv4 address and the first IPv6 address are no neighbours on the line."""
    assert canonical([ALL_V4, ALL_V6]) == ALL


def test_deny_reaches_nothing_public() -> None:
    """A server of stance deny has no public block at all."""
    assert allowed(one()) == []


EXCEPTED = {
    "IPv4, and with it its images": (["0.0.0.0/0"], ["2000::/3"]),
    "IPv4 in halves": (["0.0.0.0/1", "128.0.0.0/1"], ["2000::/3"]),
    "IPv6": (["::/0"], ["0.0.0.0/0"]),
    "public IPv6": (["2000::/3"], ["0.0.0.0/0", "64:ff9b::/96"]),
    "NAT64": (["64:ff9b::/96"], ["0.0.0.0/0", "2000::/3"]),
}


@pytest.mark.parametrize(
    "egress", [{"unenforcedDomains": "internet"}, {"provider": "aviatrix", "aviatrix": {"ipv6": True}}]
)
@pytest.mark.parametrize(("excepts", "left"), EXCEPTED.values(), ids=EXCEPTED)
def test_blocks_of_which_nothing_is_left(excepts: list[str], left: list[str], egress: Raw) -> None:
    """A block that is excepted as a whole stands in no policy: an except must be a smaller part of its block."""
    keys = {"cluster": {"nat64": True}, "egress": egress | {"except": excepts}}

    for raw in (INTERNET, one_egress(domains=["api.example.com"])):
        assert [str(block) for block, _ in allowed(raw | keys)] == left


def test_nothing_public_is_left() -> None:
    """Excepts that leave no public address at all are an error: internet and names would open nothing."""
    assert errors_of({**INTERNET, "egress": {"except": ["0.0.0.0/0", "2000::/3"]}}) == [
        "egress.except: egress.except and cluster.cidrs leave no public address, so neither internet nor a name opens "
        "any; list narrower ranges; to deny every server the internet write egress.default: deny [public-none]"
    ]
