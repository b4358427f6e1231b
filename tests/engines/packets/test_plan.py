"""The plan itself: which packets are tried, and why some are not."""

from __future__ import annotations

from typing import Any

import pytest

from packets.cast import RESOLVER, WRONG_RESOLVER, cast, dice
from packets.plan import edges, port_edges, spans, uncarried
from reaching.loading import policy


@pytest.mark.parametrize(
    ("block", "expected"),
    [
        ("203.0.113.0/24", ["203.0.112.255", "203.0.113.0", "203.0.113.255", "203.0.114.0"]),
        ("203.0.113.7/32", ["203.0.113.6", "203.0.113.7", "203.0.113.8"]),
        ("0.0.0.0/0", []),
        ("127.0.0.0/8", ["126.255.255.255", "128.0.0.0"]),
        ("224.0.0.0/4", ["223.255.255.255", "240.0.0.0"]),
        ("240.0.0.0/4", ["240.0.0.0"]),
        (
            "fc00::/7",
            ["fbff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "fc00::", "fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "fe00::"],
        ),
        ("fe80::/10", ["fe7f:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "fec0::"]),
    ],
)
def test_edges_of_a_block(block: str, expected: list[str]) -> None:
    """First and last address and the neighbours outside, less those that no packet can have."""
    assert edges(block) == expected


@pytest.mark.parametrize(
    ("address", "reason"),
    [
        ("127.0.0.1", "loopback: never leaves the pod"),
        ("::1", "loopback: never leaves the pod"),
        ("0.0.0.0", "unspecified: no packet carries it"),  # noqa: S104  # an address to ask about
        ("224.0.0.1", "multicast or broadcast: no connection has it as an end"),
        ("255.255.255.255", "multicast or broadcast: no connection has it as an end"),
        ("ff02::1", "multicast or broadcast: no connection has it as an end"),
        ("fe80::1", "link-local IPv6: never crosses a router"),
        ("::ffff:10.0.0.1", "IPv4-mapped: the kernel sends IPv4"),
        ("169.254.169.254", ""),
        ("240.0.0.1", ""),
        ("0.0.0.1", ""),
        ("64:ff9b::a00:1", ""),
    ],
)
def test_addresses_that_no_packet_can_have(address: str, reason: str) -> None:
    """Left out for a reason; metadata endpoints and the neighbours of multicast are not among them."""
    assert uncarried(address) == reason


@pytest.mark.parametrize(
    ("span", "expected"),
    [
        (("TCP", 443, 443), [("TCP", 442), ("TCP", 443), ("TCP", 444), ("UDP", 443)]),
        (("UDP", 8000, 8010), [("UDP", 7999), ("UDP", 8000), ("UDP", 8010), ("UDP", 8011), ("TCP", 8000)]),
        (("TCP", 1, 65535), [("TCP", 1), ("TCP", 65535), ("UDP", 1)]),
    ],
)
def test_edges_of_ports(span: tuple[str, int, int], expected: list[tuple[str, int]]) -> None:
    """One before, first, last, one behind, and the first under the other protocol."""
    assert port_edges(span) == expected


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ({}, [("TCP", 1, 65535), ("UDP", 1, 65535)]),
        (
            {"ports": [{"port": 443}, {"protocol": "UDP", "port": 8000, "endPort": 8010}]},
            [("TCP", 443, 443), ("UDP", 8000, 8010)],
        ),
        ({"ports": [{"protocol": "UDP"}]}, [("UDP", 1, 65535)]),
        ({"ports": [{"protocol": "SCTP", "port": 1}]}, []),
        ({"ports": [{"port": "web"}, {"port": "gone"}]}, [("TCP", 8081, 8081)]),
    ],
)
def test_ports_of_a_rule(rule: dict[str, Any], expected: list[tuple[str, int, int]]) -> None:
    """Absent ports are all of both protocols; SCTP and names that nobody has cannot be probed."""
    assert spans(rule, {("TCP", "web"): 8081}) == expected


def test_cast_has_those_who_just_miss() -> None:
    """For each selector a pod that it selects, one with another label, one elsewhere; and both resolvers."""
    peer = {
        "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "gateways"}},
        "podSelector": {"matchLabels": {"app": "gateway"}},
    }
    spec = {"podSelector": {"matchLabels": {"app": "a"}}, "policyTypes": ["Ingress"], "ingress": [{"from": [peer]}]}

    found = {(role.namespace, role.labels, role.part) for role in cast([policy("p", spec, namespace="mcp")], dice(1))}

    assert found == {
        ("mcp", (("app", "a"),), "subject"),
        ("gateways", (("app", "gateway"),), "peer"),
        ("gateways", (("app", "other"),), "near"),
        ("elsewhere", (("app", "gateway"),), "near"),
        ("kube-system", tuple(RESOLVER.items()), "resolver"),
        ("kube-system", tuple(WRONG_RESOLVER.items()), "resolver"),
    }


def test_servers_with_the_same_rules_play_once() -> None:
    """The second of two servers that differ in their names alone would tell nothing new."""
    specs = [{"podSelector": {"matchLabels": {"app": name}}, "policyTypes": ["Egress"]} for name in ("a", "b")]
    policies = [policy(f"p{index}", spec, namespace="mcp") for index, spec in enumerate(specs)]

    assert [role.labels for role in cast(policies, dice(1)) if role.part == "subject"] == [(("app", "a"),)]
