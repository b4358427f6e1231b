"""What ApplicationNetworkPolicy lets through, read from documents that no emitter of ours has written."""

from __future__ import annotations

from typing import Any

import pytest

from mcpfence.reach.evaluation.policy_set import read_policies
from passing import passes

Document = dict[str, Any]
APP = {"podSelector": {"matchLabels": {"app": "a"}}}
HTTPS = [{"protocol": "TCP", "port": 443}]


def policy(
    spec: object, *, kind: str = "ApplicationNetworkPolicy", version: str = "networking.k8s.aws/v1alpha1"
) -> Any:
    """One policy of namespace mcp."""
    return {"apiVersion": version, "kind": kind, "metadata": {"name": "p", "namespace": "mcp"}, "spec": spec}


def egress(*rules: Document) -> Document:
    """A policy for app=a with these rules."""
    return dict(policy({**APP, "policyTypes": ["Egress"], "egress": list(rules)}))


def names(*written: str, ports: object = HTTPS) -> Document:
    """A rule for names."""
    return {"to": [{"domainNames": list(written)}], **({} if ports is None else {"ports": ports})}


def block(cidr: str, *excepts: str) -> Document:
    """A rule for a block on 443."""
    return {"to": [{"ipBlock": {"cidr": cidr, "except": list(excepts)}}], "ports": HTTPS}


ANY = ("8.8.8.8 443", "8.8.8.8 80", "data/x 443", "8.8.8.8 443/UDP")


@pytest.mark.parametrize(
    ("rules", "asked", "expected"),
    [
        # a name is open wherever it resolves to, and nothing is open without it
        ([names("api.example.com")], ("8.8.8.8 443 api.example.com", "8.8.8.8 443"), "yes no"),
        (
            [names("api.example.com")],
            ("10.0.0.1 443 api.example.com", "169.254.169.254 443 api.example.com"),
            "yes yes",
        ),
        ([names("api.example.com")], ("data/x 443 api.example.com", "8.8.8.8 80 api.example.com"), "yes no"),
        ([names("api.example.com")], ("::1 443 api.example.com", "8.8.8.8 443 x.api.example.com"), "yes no"),
        ([names("*.x.io")], ("8.8.8.8 443 x.io", "8.8.8.8 443 a.x.io", "8.8.8.8 443 b.a.x.io"), "no yes yes"),
        # names in other letters than the engine may compare
        (
            [names("API.x.io", "b.x.io.")],
            ("8.8.8.8 443 api.x.io", "8.8.8.8 443 b.x.io", "8.8.8.8 443 c.x.io"),
            "maybe maybe no",
        ),
        # ports of names
        ([names("a.x.io", ports=None)], ("8.8.8.8 9 a.x.io", "8.8.8.8 9/UDP a.x.io", "8.8.8.8 9"), "yes yes no"),
        ([names("a.x.io", ports=[])], ("8.8.8.8 9 a.x.io",), "yes"),
        ([names("a.x.io", ports=[{"port": 8, "endPort": 10}])], ("8.8.8.8 10 a.x.io", "8.8.8.8 11 a.x.io"), "yes no"),
        ([names("a.x.io", ports=[{"protocol": "UDP"}])], ("8.8.8.8 9/UDP a.x.io", "8.8.8.8 9 a.x.io"), "yes no"),
        ([names("a.x.io", ports=[{"port": "https"}])], ("8.8.8.8 9 a.x.io", "8.8.8.8 9/UDP a.x.io"), "maybe no"),
        ([names("a.x.io", ports=[{"port": 9, "endPort": 8}])], ("8.8.8.8 9 a.x.io", "8.8.8.8 5 a.x.io"), "maybe maybe"),
        ([names("a.x.io", ports=[{"endPort": 8}])], ("8.8.8.8 9 a.x.io",), "maybe"),
        ([names("a.x.io", ports=[{"port": 0}])], ("8.8.8.8 9 a.x.io",), "maybe"),
        ([names("a.x.io", ports=[{"port": 70000}])], ("8.8.8.8 9 a.x.io",), "maybe"),
        ([names("a.x.io", ports=[{"port": True}])], ("8.8.8.8 9 a.x.io",), "maybe"),
        ([names("a.x.io", ports=[{"protocol": "tcp", "port": 9}])], ("8.8.8.8 53/UDP a.x.io",), "maybe"),
        ([names("a.x.io", ports=[{"port": 9}, {"port": "x"}])], ("8.8.8.8 9 a.x.io", "8.8.8.8 8 a.x.io"), "yes maybe"),
        # a rule without peers, and peers that may mean anything
        ([{"ports": HTTPS}], ANY, "maybe no maybe no"),
        ([{}], ANY, "maybe maybe maybe maybe"),
        ([{"to": [], "ports": HTTPS}], ANY, "maybe no maybe no"),
        ([{"to": [{}], "ports": HTTPS}], ANY, "maybe no maybe no"),
        ([{"to": [{"ipBlock": {"cidr": "8.0.0.0/8"}, "podSelector": {}}], "ports": HTTPS}], ANY, "maybe no maybe no"),
        (
            [{"to": [{}, {"ipBlock": {"cidr": "8.0.0.0/8"}}], "ports": HTTPS}],
            ("8.8.8.8 443", "9.9.9.9 443"),
            "yes maybe",
        ),
        # blocks
        ([block("10.0.0.0/8", "10.1.0.0/16")], ("10.0.0.1 443", "10.1.0.1 443", "11.0.0.1 443"), "yes no no"),
        ([block("10.0.0.1/8")], ("10.9.9.9 443",), "yes"),
        ([block("10.0.0.0/8", "11.0.0.0/8")], ("10.0.0.1 443", "11.0.0.1 443"), "yes no"),
        ([block("10.0.0.0/8", "10.0.0.0/8")], ("10.0.0.1 443", "11.0.0.1 443"), "maybe no"),
        ([block("10.0.0.0/8", "nonsense")], ("10.0.0.1 443",), "maybe"),
        ([block("nonsense")], ("8.8.8.8 443", "8.8.8.8 80"), "maybe no"),
        ([block("10.0.0.0/255.0.0.0")], ("8.8.8.8 443",), "maybe"),
        ([block("10.0.0.1")], ("8.8.8.8 443",), "maybe"),
        ([block("::ffff:10.0.0.0/104")], ("10.0.0.1 443",), "maybe"),
        # pods
        ([{"to": [{"podSelector": {"matchLabels": {"app": "b"}}}]}], ("mcp/b 1", "mcp/c 1", "data/b 1"), "yes no no"),
        ([{"to": [{"namespaceSelector": {}}], "ports": HTTPS}], ("data/b 443", "8.8.8.8 443"), "yes no"),
        # nothing at all
        ([], ANY, "no no no no"),
    ],
)
def test_egress(rules: list[Document], asked: tuple[str, ...], expected: str) -> None:
    """What is not stated is a bound: it may pass, and does not surely."""
    assert passes([egress(*rules)], *asked) == expected


def test_it_adds_up_with_network_policies() -> None:
    """Either allows; what neither does is denied."""
    other = policy(
        {**APP, "policyTypes": ["Egress"], "egress": [block("10.0.0.0/8")]},
        kind="NetworkPolicy",
        version="networking.k8s.io/v1",
    )

    asked = ("10.0.0.1 443", "8.8.8.8 443 a.x.io", "8.8.8.8 443")
    assert passes([other, egress(names("a.x.io"))], *asked) == "yes yes no"


def test_ingress() -> None:
    """Callers are pods and addresses; the other direction stays open."""
    rule = {"from": [{"podSelector": {"matchLabels": {"app": "b"}}}], "ports": [{"port": 80}]}
    found = policy({**APP, "policyTypes": ["Ingress"], "ingress": [rule]})

    assert passes([found], "mcp/b 80", "mcp/b 81", "mcp/c 80", direction="ingress") == "yes no no"
    assert passes([found], "8.8.8.8 80") == "yes"


@pytest.mark.parametrize(
    ("spec", "problem"),
    [
        (None, "spec is missing"),
        ({}, "spec.podSelector is missing"),
        ({"podSelector": {}, "more": 1}, "spec.more is no field of this API"),
        (
            {"podSelector": {}, "egress": []},
            "spec.policyTypes is absent, and whether both directions are then closed is not known",
        ),
        ({"podSelector": {}, "policyTypes": ["egress"]}, "spec.policyTypes[0] is 'egress', not Ingress or Egress"),
        ({"egress": "x"}, "spec.egress is 'x', not a list"),
        ({"egress": ["x"]}, "spec.egress[0] is 'x', not a mapping"),
        ({"egress": [{"from": []}]}, "spec.egress[0].from is no field of this API"),
        (
            {"ingress": [{"from": [{"domainNames": ["a.x.io"]}]}]},
            "spec.ingress[0].from[0].domainNames is no field of this API",
        ),
        ({"egress": [{"to": [{"domainNames": []}]}]}, "spec.egress[0].to[0].domainNames is empty"),
        ({"egress": [{"to": [{"domainNames": [1]}]}]}, "spec.egress[0].to[0].domainNames[0] is 1, not a string"),
        (
            {"egress": [{"to": [{"domainNames": ["a.*.io"]}]}]},
            "spec.egress[0].to[0].domainNames[0] 'a.*.io' has a * that is not the whole first label",
        ),
        (
            {"egress": [{"to": [{"domainNames": ["a.x.io"], "ipBlock": {"cidr": "10.0.0.0/8"}}]}]},
            "spec.egress[0].to[0] has domainNames beside other peers",
        ),
        ({"egress": [{"to": [{"ipBlock": {}}]}]}, "spec.egress[0].to[0].ipBlock.cidr is null, not a string"),
        ({"egress": [{"ports": [{"number": 1}]}]}, "spec.egress[0].ports[0].number is no field of this API"),
    ],
)
def test_what_cannot_be_read_is_a_problem(spec: Any, problem: str) -> None:
    """It is named with its field, never raised, and may let everything through."""
    if spec and "podSelector" not in spec and spec != {}:
        spec = {**APP, "policyTypes": ["Ingress", "Egress"], **spec}
    found = read_policies([policy(spec)])

    assert [one.text for one in found.problems] == [f"ApplicationNetworkPolicy mcp/p: {problem}"]
    assert not found.policies[0].sound


def test_equal_lists_are_one_object() -> None:
    """Servers whose rules are equal share them, so that they are compared once."""
    first, second = egress(names("a.x.io")), egress(names("a.x.io"))
    second["metadata"] = {"name": "q", "namespace": "mcp"}
    found = read_policies([first, second]).policies

    assert found[0].egress is found[1].egress
