"""Sets of flows: one form for each, no trap of size, and packets that read well."""

from __future__ import annotations

from typing import Any

import pytest

from mcpfence.net.addresses import parse_cidr
from mcpfence.reach.flows import flows, host_names, label_sets, traffic


def test_the_address_part_has_one_form() -> None:
    """Equal sets of addresses are equal values, however they were put together."""
    halves = [flows.reach_of((parse_cidr(text),)) for text in ("10.0.0.0/9", "10.128.0.0/9")]
    whole = flows.reach_of((parse_cidr("10.0.0.0/8"),))

    assert flows.union(*halves) == whole
    assert hash(flows.union(*halves)) == hash(whole)


def test_boxes_that_only_together_cover_a_third() -> None:
    """app=p with and without tier is app=p: no single box covers it, both together do."""
    one = flows.reach_of(pods=[label_sets.pods_in("a", label_sets.box_of({"app": "p"}))])
    parts = [
        flows.reach_of(pods=[label_sets.pods_in("a", (("app", label_sets.one_of("p")), ("tier", values)))])
        for values in (label_sets.PRESENT, label_sets.MISSING)
    ]

    assert flows.same(flows.union_of(parts), one)
    assert not flows.within(one, parts[0])


def test_thousands_of_boxes_are_no_trap() -> None:
    """A peer that none of ten thousand others covers is found at once, although each of them meets it."""
    many = flows.union_of(
        flows.reach_of(pods=[label_sets.pods_in("a", label_sets.box_of({f"key-{number}": "x"}))])
        for number in range(10_000)
    )
    everyone = flows.reach_of(pods=[label_sets.pods_in("a")])

    packet = flows.witness_outside(everyone, many)

    assert packet is not None
    assert packet.namespace == ((label_sets.NAMESPACE_NAME, "a"),)
    assert flows.within(many, everyone)


def test_packets_read_well() -> None:
    """A message shows a packet in one line; addresses and ports that people know come first."""
    web = traffic.named((traffic.span("TCP", 1, 1000),), host_names.names_of(["api.example.com"]))
    redis = [label_sets.pods_in("data", label_sets.box_of({"app": "redis"}))]
    shown_packets = [
        flows.witness(flows.reach_of((parse_cidr("169.254.0.0/16"),))),
        flows.witness(flows.reach_of((parse_cidr("203.0.113.0/24"),), (), web)),
        flows.witness(flows.reach_of((), redis, traffic.plain((traffic.span("TCP", 6379, 6379),)))),
        flows.witness(flows.reach_of((parse_cidr("2001:db8::/32"),), (), traffic.plain((traffic.span("ICMP"),)))),
    ]

    assert [packet.text for packet in shown_packets if packet] == [
        "169.254.169.254 TCP 443",
        "203.0.113.0 TCP 443 as api.example.com",
        "a pod with app=redis in a namespace with kubernetes.io/metadata.name=data TCP 6379",
        "2001:db8:: ICMP",
    ]


# --- selectors of many keys ---


def callers(count: int) -> list[label_sets.Box]:
    """Pods of one namespace by two labels each, of which no two share a key."""
    return [label_sets.pods_in("n", label_sets.box_of({f"a{i}": "x", f"b{i}": "y"})) for i in range(count)]


def test_what_stands_on_both_sides_is_not_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two hundred boxes that overlap each other in every way: equal sets are compared without cutting any."""
    cuts: list[object] = []
    real = flows._without

    def counted(*given: Any) -> Any:
        cuts.append(given)
        return real(*given)

    monkeypatch.setattr(flows, "_without", counted)
    left, right = flows.reach_of((), callers(200)), flows.reach_of((), callers(201))

    assert flows.within(left, right)
    assert flows.minus(left, right) == flows.NOTHING
    assert cuts == []
    assert not flows.within(right, left)


def test_too_many_parts_are_refused() -> None:
    """The difference of one such box and many others has 2^n parts: it is not built, and the witness is found."""
    one, *others = callers(30)
    left, right = flows.reach_of((), [one]), flows.reach_of((), others)

    with pytest.raises(flows.TooManyParts, match="label selectors overlap in more ways than could be looked at"):
        flows.minus(left, right)
    assert flows.minus_at_most(left, right) == left
    packet = flows.witness_outside(left, right)
    assert packet is not None
    assert flows.includes(left, packet)
    assert not flows.includes(right, packet)


def test_callers_have_addresses_that_people_believe() -> None:
    """In an example a caller is no metadata endpoint, unless nobody else is left."""
    everywhere = flows.reach_of((parse_cidr("0.0.0.0/0"),))
    private = flows.reach_of((parse_cidr("10.0.0.0/8"),))
    endpoint = flows.reach_of((parse_cidr("169.254.169.254/32"),))
    packet = flows.witness(everywhere)
    assert packet is not None

    assert packet.text.startswith("169.254.169.254 ")
    assert flows.of_caller(packet, everywhere, flows.NOTHING).text.startswith("10.0.0.1 ")
    assert flows.of_caller(packet, everywhere, private).text.startswith("192.168.0.1 ")
    assert flows.of_caller(packet, endpoint, flows.NOTHING) == packet
