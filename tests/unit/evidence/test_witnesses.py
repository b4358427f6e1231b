"""Witnesses: packets on both sides of each boundary, with the rules that decide on them."""

from __future__ import annotations

from typing import Any

import pytest

from mcpfence.evidence.witnesses import Witness, peer_of, witnesses
from mcpfence.reach.evaluation.evaluator import Evaluator, Pod
from mcpfence.reach.evaluation.policy_set import read_policies
from packing import NAMED, case_of

POD = Pod("mcp", (("app", "web"),))


def policy(**spec: Any) -> dict[str, Any]:
    """A NetworkPolicy for the pod."""
    body = {"podSelector": {"matchLabels": {"app": "web"}}, "policyTypes": ["Egress", "Ingress"], **spec}
    meta = {"name": "p", "namespace": "mcp"}
    return {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": meta, "spec": body}


def shown(*documents: Any, direction: str = "egress") -> dict[str, str]:
    """Each packet in words, with its verdict and the rules behind it."""
    found = witnesses(Evaluator(read_policies(documents)), POD, direction)
    return {
        one.packet.text: f"{'allowed' if one.allowed else 'denied'} by {', '.join(rule.text for rule in one.decided)}"
        for one in found
    }


BLOCK = {"to": [{"ipBlock": {"cidr": "8.8.8.0/24"}}], "ports": [{"port": 443}]}


def test_both_sides_of_a_block_and_its_port() -> None:
    """The first address inside and those on both sides, the ports on both sides, and the other protocol."""
    found = shown(policy(egress=[BLOCK]))

    assert {text: found[text] for text in found if text.startswith("8.8.")} == {
        "8.8.8.0 TCP 443": "allowed by NetworkPolicy mcp/p spec.egress[0]",
        "8.8.7.255 TCP 443": "denied by NetworkPolicy mcp/p",
        "8.8.9.0 TCP 443": "denied by NetworkPolicy mcp/p",
        "8.8.8.0 TCP 442": "denied by NetworkPolicy mcp/p",
        "8.8.8.0 TCP 444": "denied by NetworkPolicy mcp/p",
        "8.8.8.0 UDP 443": "denied by NetworkPolicy mcp/p",
    }


def test_an_except_has_two_sides() -> None:
    """What is cut out of a block is denied, and what stands on either side of it is allowed."""
    rule = {"to": [{"ipBlock": {"cidr": "8.8.8.0/24", "except": ["8.8.8.64/26"]}}], "ports": [{"port": 443}]}
    found = shown(policy(egress=[rule]))

    verdicts = {text.split()[0]: found[text].split()[0] for text in found if text.endswith("TCP 443")}
    assert (verdicts["8.8.8.64"], verdicts["8.8.8.127"]) == ("denied", "denied")
    assert (verdicts["8.8.8.0"], verdicts["8.8.8.128"]) == ("allowed", "allowed")


def test_a_boundary_that_another_rule_opens_is_allowed() -> None:
    """What counts is what all policies let through together."""
    other = {"to": [{"ipBlock": {"cidr": "8.8.9.0/24"}}], "ports": [{"port": 443}]}

    assert shown(policy(egress=[BLOCK, other]))["8.8.9.0 TCP 443"] == "allowed by NetworkPolicy mcp/p spec.egress[1]"


def test_pods_are_told_by_namespace_and_labels() -> None:
    """The pod that is meant, the same one elsewhere, and one with another label."""
    peer = {
        "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "data"}},
        "podSelector": {"matchLabels": {"app": "redis"}},
    }
    found = shown(policy(egress=[{"to": [peer], "ports": [{"port": 6379}]}]))
    verdicts = {text: said.split()[0] for text, said in found.items() if text.endswith("TCP 6379")}

    assert verdicts == {
        "a pod with app=redis in a namespace with kubernetes.io/metadata.name=data TCP 6379": "allowed",
        "a pod with app=redis in a namespace with kubernetes.io/metadata.name=any-other TCP 6379": "denied",
        "a pod with app=redis-not in a namespace with kubernetes.io/metadata.name=data TCP 6379": "denied",
    }


def test_addresses_that_people_know_are_always_there() -> None:
    """The metadata endpoint is denied, whatever is allowed, and so are others; nobody is called by it."""
    found = shown(policy())

    assert found["169.254.169.254 TCP 80"] == "denied by NetworkPolicy mcp/p"
    assert found["10.0.0.1 TCP 443"] == "denied by NetworkPolicy mcp/p"
    assert "169.254.169.254 TCP 80" not in shown(policy(), direction="ingress")


def test_who_may_not_call_is_shown_on_the_port_that_others_may_call() -> None:
    """A pod of the same namespace without labels, and addresses."""
    rule = {"from": [{"podSelector": {"matchLabels": {"app": "gate"}}}], "ports": [{"port": 8080}]}
    found = shown(policy(ingress=[rule]), direction="ingress")

    stranger = "a pod without labels in a namespace with kubernetes.io/metadata.name=mcp TCP 8080"
    assert found[stranger] == "denied by NetworkPolicy mcp/p"
    assert found["10.0.0.1 TCP 8080"] == "denied by NetworkPolicy mcp/p"


def named() -> list[Witness]:
    """What a server with host names sends."""
    case = case_of(NAMED)
    return witnesses(case.evaluator, Pod("mcp", (("app", "search"),)), "egress")


@pytest.mark.parametrize(
    ("name", "somewhere"),
    [
        ("api.example.com", True),
        ("any.cdn.example.com", True),
        ("cdn.example.com", False),
        ("any.api.example.com", False),
        ("example.com", False),
        ("", False),
    ],
)
def test_names_have_two_sides(name: str, somewhere: bool) -> None:
    """An exact name and one below it, a wildcard and its apex, a stranger's name, and no name at all."""
    verdicts = {one.allowed for one in named() if (one.packet.name, one.packet.port) == (name, 443)}

    assert (True in verdicts) is somewhere
    assert verdicts


def test_no_packet_stands_twice_and_the_order_is_stable() -> None:
    """Allowed ones first, then by address, labels and port."""
    found = named()

    assert len({one.packet for one in found}) == len(found)
    assert [one.allowed for one in found] == sorted((one.allowed for one in found), reverse=True)
    assert found == named()


def test_every_witness_names_who_decides() -> None:
    """With an engine beside the NetworkPolicies a packet that passes is let through by a rule, one that does not is stopped."""
    assert [one.packet.text for one in named() if not one.decided] == []
    assert all(rule.allows is one.allowed for one in named() for rule in one.decided)


def test_the_other_end_in_plain_words() -> None:
    """An address, or the labels of a pod and of its namespace."""
    found = [peer_of(one.packet) for one in named()]

    assert {"address": "10.0.0.1"} in found
    assert {"namespace": {"kubernetes.io/metadata.name": "kube-system"}, "labels": {"k8s-app": "kube-dns"}} in found


def test_a_wide_block_has_the_edges_that_people_know() -> None:
    """Of a block with many holes the first and last part are tried, and both sides of what everybody knows."""
    holes = [f"{first}.0.0.0/8" for first in range(2, 60, 2)] + ["169.254.0.0/16"]
    rule = {"to": [{"ipBlock": {"cidr": "0.0.0.0/0", "except": holes}}]}
    found = shown(policy(egress=[rule]))
    denied = {text.split()[0] for text, said in found.items() if said.startswith("denied")}

    assert {"169.254.0.0", "169.254.255.255", "10.0.0.0", "10.255.255.255"} <= denied
    assert "30.0.0.0" not in denied
