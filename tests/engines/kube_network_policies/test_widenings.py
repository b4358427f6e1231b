"""Planted widenings: what makes the engine let more through, the proof sees in the same manifests."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import yaml

from cilium.judge import Document, Judge, Question
from helpers import NAMESPACE, RELEASE, Raw, one_egress
from mcpfence.check.audit import audit
from mcpfence.kube.services import index
from mcpfence.render.pipeline import render
from reaching.loading import namespace, pod
from tiers.reached import Reached

SERVICE = {"name": "cache", "namespace": "data", "podSelector": {"app": "redis"}, "ports": [6379]}
RAW: Raw = one_egress(
    domains=["api.example.com"], cidrs=[{"cidr": "10.20.0.0/16", "ports": [5432]}], services=[SERVICE]
) | {"egress": {"provider": "clusternetworkpolicy"}}
PODS = [
    namespace("evil"),
    namespace("data"),
    pod("a", {"app": "a"}, namespace="demo-mcp"),
    pod("redis", {"app": "redis"}, namespace="data"),
    pod("redis", {"app": "redis"}, namespace="evil"),
    pod("dns", {"k8s-app": "kube-dns"}, namespace="evil"),
]
Spec = dict[str, Any]
Change = Callable[[Spec], object]


def documents(change: Change | None = None) -> list[Document]:
    """The rendered policies, the ClusterNetworkPolicy changed."""
    found = render(RAW, release=RELEASE, namespace=NAMESPACE, services=index([], NAMESPACE))
    every = [yaml.load(item.text, Loader=yaml.CSafeLoader) for item in found.objects]
    for one in every:
        if one["kind"] == "ClusterNetworkPolicy" and change is not None:
            change(one["spec"])
    return every


def rule(spec: Spec, name: str) -> Spec:
    """The rule of a name."""
    found: Spec = next(one for one in spec["egress"] if one["name"] == name)
    return found


def without(spec: Spec, name: str) -> None:
    """Remove a rule."""
    spec["egress"].remove(rule(spec, name))


def name_first(spec: Spec) -> None:
    """Put the names in front of the deny."""
    found = rule(spec, "name")
    spec["egress"].remove(found)
    spec["egress"].insert(0, found)


WIDENINGS: dict[str, tuple[Change, str, tuple[str, int], str]] = {
    "no deny of the rest, which the NetworkPolicy still denies": (
        lambda spec: rule(spec, "all").update(action="Accept"),
        "8.8.8.8",
        ("TCP", 22),
        "",
    ),
    "names in front of the deny of private addresses": (name_first, "10.0.0.1", ("TCP", 443), "api.example.com"),
    "no deny of private addresses": (
        lambda spec: without(spec, "not-public"),
        "169.254.169.254",
        ("TCP", 443),
        "api.example.com",
    ),
    "the metadata endpoint not among them": (
        lambda spec: rule(spec, "not-public")["to"][1]["networks"].remove("169.254.0.0/16"),
        "169.254.169.254",
        ("TCP", 443),
        "api.example.com",
    ),
    "a name resolves to a pod": (
        lambda spec: rule(spec, "not-public").update(to=[{"networks": ["10.0.0.0/8"]}]),
        "evil/redis",
        ("TCP", 443),
        "api.example.com",
    ),
    "a wildcard instead of a name": (
        lambda spec: rule(spec, "name").update(to=[{"domainNames": ["*.example.com"]}]),
        "8.8.8.8",
        ("TCP", 443),
        "other.example.com",
    ),
    "names on every port": (
        lambda spec: rule(spec, "name").pop("protocols"),
        "8.8.8.8",
        ("TCP", 80),
        "api.example.com",
    ),
    "pods of every namespace": (
        lambda spec: rule(spec, "service")["to"][0]["pods"].pop("namespaceSelector"),
        "evil/redis",
        ("TCP", 6379),
        "",
    ),
    "DNS to every resolver": (
        lambda spec: rule(spec, "dns")["to"][0]["pods"].pop("namespaceSelector"),
        "evil/dns",
        ("UDP", 53),
        "",
    ),
    "an except forgotten": (
        lambda spec: rule(spec, "cidr")["to"][0].update(networks=["10.20.0.0/15"]),
        "10.21.0.1",
        ("TCP", 5432),
        "",
    ),
    "one port more": (
        lambda spec: rule(spec, "cidr").update(
            protocols=[{"tcp": {"destinationPort": {"range": {"start": 5432, "end": 5433}}}}]
        ),
        "10.20.0.1",
        ("TCP", 5433),
        "",
    ),
}


@pytest.mark.parametrize("title", WIDENINGS)
def test_widening_is_seen_by_both(judge: Judge, title: str) -> None:
    """The engine lets the flow pass that it did not, reach says that it may, and the proof refuses the manifests."""
    change, target, point, name = WIDENINGS[title]
    question = Question(("demo-mcp/a",), (target,), (point,), name)
    before, after = [*PODS, *_policies(documents())], [*PODS, *_policies(documents(change))]

    assert judge.ask(before, question)[0].verdicts == "i"
    assert judge.ask(after, question)[0].verdicts == "a"
    assert Reached(before).verdicts(question) == ("i", "i")
    assert Reached(after).verdicts(question)[1] == "a"
    assert "proof-wider" in findings(documents(change))
    assert "proof-wider" not in findings(documents())


FOREIGN: dict[str, tuple[str, int, Spec, str]] = {
    "an Admin policy in front": (
        "Admin",
        0,
        {"action": "Accept", "to": [{"networks": ["9.9.9.0/24"]}]},
        "a",
    ),
    "an Admin policy behind": (
        "Admin",
        1000,
        {"action": "Accept", "to": [{"networks": ["9.9.9.0/24"]}]},
        "i",
    ),
    "an Admin policy that passes on to the NetworkPolicies": (
        "Admin",
        0,
        {"action": "Pass", "to": [{"networks": ["9.9.9.0/24"]}]},
        "i",
    ),
    "a Baseline policy behind ours": (
        "Baseline",
        0,
        {"action": "Accept", "to": [{"networks": ["9.9.9.0/24"]}]},
        "i",
    ),
}


@pytest.mark.parametrize("title", FOREIGN)
def test_policies_of_others(judge: Judge, title: str) -> None:
    """What is accepted in front of ours opens the server, and nothing else does; the proof says the same."""
    tier, priority, egress, letter = FOREIGN[title]
    spec = {"tier": tier, "priority": priority, "subject": {"namespaces": {}}, "egress": [egress]}
    foreign = {
        "apiVersion": "policy.networking.k8s.io/v1alpha2",
        "kind": "ClusterNetworkPolicy",
        "metadata": {"name": "theirs"},
        "spec": spec,
    }
    policies = [*_policies(documents()), foreign]
    question = Question(("demo-mcp/a",), ("9.9.9.9",), (("TCP", 22),))

    assert judge.ask([*PODS, *policies], question)[0].verdicts == letter
    assert Reached([*PODS, *policies]).verdicts(question) == (letter, letter)
    assert ("proof-wider" in findings(policies)) == (letter == "a")


def test_passing_on_leaves_names_to_the_network_policy(judge: Judge) -> None:
    """Somebody's Pass in front takes the names away, and opens nothing: the NetworkPolicy has no public range."""
    spec = {
        "tier": "Admin",
        "priority": 0,
        "subject": {"namespaces": {}},
        "egress": [{"action": "Pass", "to": [{"networks": ["0.0.0.0/0"]}]}],
    }
    foreign = {
        "apiVersion": "policy.networking.k8s.io/v1alpha2",
        "kind": "ClusterNetworkPolicy",
        "metadata": {"name": "theirs"},
        "spec": spec,
    }
    policies = [*_policies(documents()), foreign]
    question = Question(("demo-mcp/a",), ("9.9.9.9",), (("TCP", 443),), "api.example.com")

    assert judge.ask([*PODS, *policies], question)[0].verdicts == "i"
    assert Reached([*PODS, *policies]).verdicts(question) == ("i", "i")
    assert "proof-narrower" in findings(policies)


def findings(policies: list[Document]) -> set[str]:
    """What `check` finds in manifests."""
    found = audit(RAW, policies, release=RELEASE, namespace=NAMESPACE, services=index([], NAMESPACE))
    return {one.id for one in found}


def _policies(every: list[Document]) -> list[Document]:
    return [one for one in every if one["kind"].endswith("Policy")]
