"""What FQDNNetworkPolicy lets through, read from documents that no emitter of ours has written."""

from __future__ import annotations

from typing import Any

import pytest

from mcpfence.reach.evaluation.policy_set import read_policies
from passing import passes

Document = dict[str, Any]
HTTPS = [{"protocol": "TCP", "port": 443}]


def policy(spec: object) -> Document:
    """One policy of namespace mcp."""
    metadata = {"name": "p", "namespace": "mcp"}
    return {"apiVersion": "networking.gke.io/v1alpha1", "kind": "FQDNNetworkPolicy", "metadata": metadata, "spec": spec}


def matching(*matches: Document, ports: object = HTTPS) -> Document:
    """A policy with one rule."""
    rule = {"matches": list(matches), **({} if ports is None else {"ports": ports})}
    return policy({"podSelector": {"matchLabels": {"app": "a"}}, "egress": [rule]})


@pytest.mark.parametrize(
    ("match", "expected"),
    [
        # asked: x.io, a.x.io, b.a.x.io, c.b.a.x.io, ax.io, and no name
        ({"name": "x.io"}, "yes no no no no no"),
        ({"name": "X.io."}, "yes no no no no no"),
        ({"pattern": "*.x.io"}, "no yes no no no no"),
        ({"pattern": "*.*.x.io"}, "no no yes no no no"),
        ({"pattern": "*.*.*.x.io"}, "no no no yes no no"),
        ({"pattern": "x.io"}, "yes no no no no no"),
        ({"pattern": "*"}, "yes yes yes yes yes no"),
        # stars of other kinds: nobody says how deep they reach, or the engine's version decides
        ({"pattern": "**.x.io"}, "no maybe maybe maybe no no"),
        ({"pattern": "**x.io"}, "maybe maybe maybe maybe maybe no"),
        ({"pattern": "*x.io"}, "maybe maybe maybe maybe maybe no"),
        ({"pattern": "a*.x.io"}, "no maybe maybe maybe no no"),
        ({"pattern": "b.*.x.io"}, "no maybe maybe maybe no no"),
        ({"pattern": "x.*"}, "maybe maybe maybe maybe maybe no"),
        ({"pattern": "*.*"}, "maybe maybe maybe maybe maybe no"),
        # stored, and stated nowhere
        ({"name": ""}, "maybe maybe maybe maybe maybe maybe"),
        ({"pattern": ""}, "maybe maybe maybe maybe maybe maybe"),
    ],
)
def test_matches(match: Document, expected: str) -> None:
    """A `*` is one label; what is not stated is a bound."""
    asked = ("x.io", "a.x.io", "b.a.x.io", "c.b.a.x.io", "ax.io", "")

    assert passes([matching(match)], *(f"8.8.8.8 443 {name}" for name in asked)) == expected


@pytest.mark.parametrize(
    ("ports", "expected"),
    [
        # asked: 443/TCP, 444/TCP, 443/UDP, 443/SCTP, ICMP
        (HTTPS, "yes no no no no"),
        (None, "yes yes yes maybe maybe"),
        ([], "yes yes yes maybe maybe"),
        ([{"port": 443}], "yes no yes maybe no"),
        ([{"protocol": "ALL", "port": 443}], "yes no yes maybe no"),
        ([{"protocol": "ALL"}], "yes yes yes maybe maybe"),
        ([{"protocol": "UDP"}], "no no yes no no"),
        ([{}], "yes yes yes maybe maybe"),
    ],
)
def test_ports(ports: object, expected: str) -> None:
    """Without a port every port, without a protocol every protocol; whether ALL is more than TCP and UDP is not said."""
    asked = ("443/TCP", "444/TCP", "443/UDP", "443/SCTP", "/ICMP")

    assert passes([matching({"name": "x.io"}, ports=ports)], *(f"8.8.8.8 {one} x.io" for one in asked)) == expected


def test_names_are_open_wherever_they_resolve_to() -> None:
    """Nothing stands in front of them; pods are no targets by the documentation, which is not relied on."""
    asked = (
        "10.0.0.1 443 x.io",
        "169.254.169.254 443 x.io",
        "127.0.0.1 443 x.io",
        "fd00::1 443 x.io",
        "data/b 443 x.io",
    )

    assert passes([matching({"name": "x.io"})], *asked) == "yes yes yes yes maybe"


def test_it_isolates_egress_alone() -> None:
    """What no rule allows is denied; who may call is not its business."""
    assert passes([matching({"name": "x.io"})], "8.8.8.8 443", "data/b 443") == "no no"
    assert passes([matching({"name": "x.io"})], "8.8.8.8 443", direction="ingress") == "yes"


@pytest.mark.parametrize(
    ("spec", "problem"),
    [
        (None, "spec is missing"),
        ({"egress": []}, "spec.podSelector is missing"),
        ({"podSelector": {}}, "spec.egress is empty"),
        ({"podSelector": {}, "policyTypes": []}, "spec.policyTypes is no field of this API"),
        ({"podSelector": {}, "egress": [{}]}, "spec.egress[0].matches is empty"),
        ({"podSelector": {}, "egress": [{"to": []}]}, "spec.egress[0].to is no field of this API"),
        (
            {"podSelector": {}, "egress": [{"matches": [{}]}]},
            "spec.egress[0].matches[0] needs either a name or a pattern",
        ),
        (
            {"podSelector": {}, "egress": [{"matches": [{"name": "*.x.io"}]}]},
            "spec.egress[0].matches[0].name '*.x.io' has a *, which only a pattern may have",
        ),
        (
            {"podSelector": {}, "egress": [{"matches": [{"name": "a..b"}]}]},
            "spec.egress[0].matches[0].name 'a..b' is no host name",
        ),
        (
            {"podSelector": {}, "egress": [{"matches": [{"name": "a.b"}], "ports": [{"port": 1, "endPort": 2}]}]},
            "spec.egress[0].ports[0].endPort is no field of this API",
        ),
        (
            {"podSelector": {}, "egress": [{"matches": [{"name": "a.b"}], "ports": [{"protocol": "SCTP"}]}]},
            "spec.egress[0].ports[0].protocol is 'SCTP', not TCP, UDP or ALL",
        ),
        (
            {"podSelector": {}, "egress": [{"matches": [{"name": "a.b"}], "ports": [{"port": 0}]}]},
            "spec.egress[0].ports[0].port is 0, not between 1 and 65535",
        ),
    ],
)
def test_what_cannot_be_read_is_a_problem(spec: object, problem: str) -> None:
    """It is named with its field, and never raised."""
    found = read_policies([policy(spec)])

    assert [one.text for one in found.problems] == [f"FQDNNetworkPolicy mcp/p: {problem}"]
    assert not found.policies[0].sound
