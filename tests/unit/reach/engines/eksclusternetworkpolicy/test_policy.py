"""What ClusterNetworkPolicy of AWS may let through and take away, read from documents that we did not write."""

from __future__ import annotations

from typing import Any

import pytest

from mcpfence.reach.evaluation.policy_set import read_policies
from passing import passes

Document = dict[str, Any]
SUBJECT = {"pods": {"namespaceSelector": {}, "podSelector": {"matchLabels": {"app": "a"}}}}
HTTPS = [{"portNumber": {"protocol": "TCP", "port": 443}}]


def cluster_policy(
    *rules: Document, tier: str = "Admin", priority: int = 100, name: str = "c", **spec: Any
) -> Document:
    """A policy of the whole cluster with these egress rules."""
    found = {"tier": tier, "priority": priority, "subject": SUBJECT, "egress": list(rules), **spec}
    return {
        "apiVersion": "networking.k8s.aws/v1alpha1",
        "kind": "ClusterNetworkPolicy",
        "metadata": {"name": name},
        "spec": found,
    }


def rule(action: str, *networks: str, ports: object = HTTPS) -> Document:
    """A rule for networks on 443."""
    return {"action": action, "to": [{"networks": list(networks)}], **({} if ports is None else {"ports": ports})}


def network_policy(*rules: Document) -> Document:
    """A NetworkPolicy around app=a."""
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": "n", "namespace": "mcp"},
        "spec": {"podSelector": {}, "policyTypes": ["Egress"], "egress": list(rules)},
    }


BLOCK = network_policy({"to": [{"ipBlock": {"cidr": "10.0.0.0/8"}}], "ports": [{"port": 443}]})
SHUT = network_policy()
ASKED = ("10.0.0.1 443", "10.1.0.1 443", "11.0.0.1 443")


@pytest.mark.parametrize(
    ("documents", "expected"),
    [
        # a Deny may not be in force, and may be: it takes away at most
        ([BLOCK, cluster_policy(rule("Deny", "10.1.0.0/16"))], "yes maybe no"),
        # an Accept in front of the namespaces' policies may open what they close
        ([BLOCK, cluster_policy(rule("Accept", "11.0.0.0/8"))], "yes yes maybe"),
        ([SHUT, cluster_policy(rule("Accept", "0.0.0.0/0"))], "maybe maybe maybe"),
        # Deny beats Accept in one object, wherever it stands; neither is surely in force
        ([SHUT, cluster_policy(rule("Accept", "10.0.0.0/8"), rule("Deny", "10.1.0.0/16"))], "maybe maybe no"),
        ([SHUT, cluster_policy(rule("Deny", "10.1.0.0/16"), rule("Accept", "10.0.0.0/8"))], "maybe maybe no"),
        ([BLOCK, cluster_policy(rule("Pass", "10.0.0.0/8"), rule("Deny", "10.0.0.0/8"))], "maybe maybe no"),
        # a Baseline Accept opens pods that are isolated by a policy without rules
        ([SHUT, cluster_policy(rule("Accept", "10.0.0.0/8"), tier="Baseline")], "maybe maybe no"),
        ([SHUT, cluster_policy(rule("Deny", "10.0.0.0/8"), tier="Baseline")], "no no no"),
        # a Baseline Deny says nothing of what a policy of the namespace allows
        ([BLOCK, cluster_policy(rule("Deny", "0.0.0.0/0"), tier="Baseline")], "yes yes no"),
        ([cluster_policy(rule("Deny", "10.1.0.0/16"), tier="Baseline")], "yes maybe yes"),
        # equal priorities have no order
        (
            [
                SHUT,
                cluster_policy(rule("Accept", "10.0.0.0/8")),
                cluster_policy(rule("Deny", "10.0.0.0/8"), name="d"),
            ],
            "maybe maybe no",
        ),
        # host bits are masked
        ([BLOCK, cluster_policy(rule("Deny", "10.1.2.3/16"))], "yes maybe no"),
    ],
)
def test_tiers_and_actions(documents: list[Document], expected: str) -> None:
    """What may pass at most is what some reading lets through."""
    assert passes(documents, *ASKED) == expected


@pytest.mark.parametrize(
    ("ports", "asked", "expected"),
    [
        (None, ("10.0.0.1 9/UDP",), "maybe"),
        (
            [{"portRange": {"protocol": "UDP", "start": 8, "end": 10}}],
            ("10.0.0.1 10/UDP", "10.0.0.1 11/UDP"),
            "maybe no",
        ),
        ([{"portNumber": {"port": 9}}], ("10.0.0.1 9", "10.0.0.1 9/UDP"), "maybe no"),
        ([{"namedPort": "https"}], ("10.0.0.1 9", "10.0.0.1 9/UDP"), "maybe maybe"),
        ([{}], ("10.0.0.1 9",), "maybe"),
        ([{"portNumber": {"protocol": "tcp", "port": 9}}], ("10.0.0.1 1/UDP",), "maybe"),
    ],
)
def test_ports(ports: object, asked: tuple[str, ...], expected: str) -> None:
    """A port by its name may be any; so may what the API server does not check."""
    assert passes([SHUT, cluster_policy(rule("Accept", "10.0.0.0/8", ports=ports))], *asked) == expected


def test_peers() -> None:
    """Pods, whole namespaces and names; networks may be the addresses of pods."""
    boxes = [
        {"action": "Accept", "to": [{"namespaces": {"matchLabels": {"kubernetes.io/metadata.name": "data"}}}]},
        {"action": "Accept", "to": [{"domainNames": ["*.x.io"]}], "ports": HTTPS},
    ]

    asked = ("data/b 1", "mcp/b 1", "10.0.0.1 443 a.x.io", "10.0.0.1 443")
    assert passes([SHUT, cluster_policy(*boxes)], *asked) == "maybe no maybe no"
    assert passes([SHUT, cluster_policy(rule("Accept", "10.0.0.0/8"))], "data/b 443", "data/b 80") == "maybe no"


@pytest.mark.parametrize(
    ("spec", "problem"),
    [
        ({"tier": "admin"}, "spec.tier is 'admin', not Admin or Baseline"),
        ({"priority": 1001}, "spec.priority is 1001, not between 0 and 1000"),
        ({"subject": {}}, "spec.subject needs either namespaces or pods"),
        ({"more": 1}, "spec.more is no field of this API"),
        (
            {"egress": [{"action": "Allow", "to": []}]},
            "spec.egress[0].action is 'Allow', not one of Deny, Accept, Pass",
        ),
        ({"egress": [{"action": "Deny"}]}, "spec.egress[0].to is empty"),
        ({"egress": [{"action": "Deny", "to": [{}]}]}, "spec.egress[0].to[0] needs exactly one kind of peer"),
        (
            {"ingress": [{"action": "Deny", "from": [{"networks": ["10.0.0.0/8"]}]}]},
            "spec.ingress[0].from[0].networks is no field of this API",
        ),
        ({"egress": [rule("Deny", "x")]}, "spec.egress[0].to[0].networks has 'x', which is no CIDR block"),
        (
            {"egress": [rule("Deny", "10.0.0.0/8", ports=[{"portRange": {"start": 2, "end": 1}}])]},
            "spec.egress[0].ports[0].portRange.end is 1, below start 2",
        ),
        (
            {"egress": [{"action": "Accept", "to": [{"domainNames": ["a..b"]}]}]},
            "spec.egress[0].to[0].domainNames has a name that is no host name",
        ),
    ],
)
def test_what_cannot_be_read_is_a_problem(spec: Any, problem: str) -> None:
    """It is named with its field, never raised, and may open or close everything."""
    found = read_policies([SHUT, {**cluster_policy(), "spec": {**cluster_policy()["spec"], **spec}}])

    assert [one.text for one in found.problems] == [f"ClusterNetworkPolicy c: {problem}"]
