"""NetworkPolicies: both directions for every fence under every provider, and what they may open under each."""

from __future__ import annotations

from typing import Any

import pytest

from helpers import CLIENT, Raw, catalog, objects, one, one_egress

REDIS = {"name": "redis", "namespace": "data", "podSelector": {"app": "redis"}, "ports": [6379]}
EGRESS, INGRESS = "NetworkPolicy mcp-server-a-egress", "NetworkPolicy mcp-server-a-ingress"


def rules(raw: Raw, title: str = EGRESS) -> list[Any]:
    """The rules of one rendered policy."""
    spec = objects(raw)[title]["spec"]
    found: list[Any] = spec[spec["policyTypes"][0].lower()]
    return found


@pytest.mark.parametrize("provider", ["none", "aviatrix"])
def test_every_fence_has_both_policies(provider: str) -> None:
    """Every hosted server and every workload has both policies with explicit policyTypes; a back-end its ingress."""
    servers: Raw = {
        "a": {"runtime": "npx"},
        "b": {"runtime": "uvx", "egress": {"denyAllEgress": True}, "ingress": {"from": []}},
        "c": {"runtime": "containerized", "egress": {"services": [{**REDIS, "namespace": "demo-mcp"}]}},
        "r": {"runtime": "remote", "remoteConfig": {"hostname": "r.example.com"}},
    }
    made = objects(catalog(servers, workloads={"w": {"podSelector": {"app": "w"}}}, egress={"provider": provider}))
    policies = {title: item["spec"] for title, item in made.items() if item["kind"] == "NetworkPolicy"}

    fenced = ["mcp-server-a", "mcp-server-b", "mcp-server-c", "mcp-workload-w"]
    expected = {f"NetworkPolicy {name}-{way}" for name in fenced for way in ("egress", "ingress")}
    assert set(policies) == expected | {"NetworkPolicy mcp-service-redis-ingress"}
    for title, spec in policies.items():
        way = title.rsplit("-", 1)[1]
        assert spec["policyTypes"] == [way.capitalize()]
        assert set(spec) == {"podSelector", "policyTypes", way}
        assert spec["podSelector"]["matchLabels"]


def test_labels_and_names() -> None:
    """Every object says who manages it, what it is part of, and what it belongs to."""
    made = objects(one() | {"egress": {"provider": "aviatrix"}, "workloads": {"w": {"podSelector": {"app": "w"}}}})
    labels = {title: item["metadata"]["labels"] for title, item in made.items()}

    assert all(found["app.kubernetes.io/managed-by"] == "mcpfence" for found in labels.values())
    assert all(found["app.kubernetes.io/part-of"] == "mcpfence" for found in labels.values())
    assert {
        title: found.get("mcpfence.io/server") for title, found in labels.items() if "server" in title
    } == dict.fromkeys((EGRESS, INGRESS, "FirewallPolicy mcp-server-a"), "a")
    assert labels["NetworkPolicy mcp-workload-w-egress"]["mcpfence.io/workload"] == "w"


def test_rules_of_pods_ports_and_blocks() -> None:
    """Pods are selected by the name of their namespace and their labels, addresses stand in ipBlocks, ranges in endPort."""
    cidr = {"cidr": "10.1.0.0/16", "except": ["10.1.2.0/24"], "ports": [443, "8000-8010", "53/UDP", "1/SCTP"]}
    found = rules(one_egress(services=[REDIS], cidrs=[cidr, {"cidr": "fd00:1::/32", "ports": "all"}], dns=False))

    assert found == [
        {
            "to": [
                {
                    "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "data"}},
                    "podSelector": {"matchLabels": {"app": "redis"}},
                }
            ],
            "ports": [{"protocol": "TCP", "port": 6379}],
        },
        {
            "to": [{"ipBlock": {"cidr": "10.1.0.0/16", "except": ["10.1.2.0/24"]}}],
            "ports": [
                {"protocol": "TCP", "port": 443},
                {"protocol": "TCP", "port": 8000, "endPort": 8010},
                {"protocol": "UDP", "port": 53},
                {"protocol": "SCTP", "port": 1},
            ],
        },
        {"to": [{"ipBlock": {"cidr": "fd00:1::/32"}}]},
    ]


def test_every_rule_has_peers() -> None:
    """A rule without `to` or `from` would mean everybody: none is ever written, whatever the catalog."""
    raw = catalog(
        {"a": {"runtime": "npx", "egress": {"default": "internet", "dns": True}}, "b": {"runtime": "uvx"}},
        clients={**CLIENT, "all": {"namespace": "x"}, "edge": {"cidrs": ["198.51.100.0/28"]}},
        workloads={"w": {"podSelector": {"app": "w"}, "egress": {"servers": "all"}}},
    )
    for item in objects(raw).values():
        for way, peers in (("egress", "to"), ("ingress", "from")):
            assert all(rule[peers] for rule in item.get("spec", {}).get(way, []))
            assert all(peer for rule in item.get("spec", {}).get(way, []) for peer in rule[peers])


def test_callers_that_differ_in_one_label_are_one_peer() -> None:
    """Many servers that share a back-end become one peer with a list of values: policies stay small."""
    service = {"name": "redis", "podSelector": {"app": "redis"}, "ports": [6379]}
    servers = {name: {"runtime": "containerized", "egress": {"services": [service]}} for name in "abc"}
    found = rules(catalog(servers), "NetworkPolicy mcp-service-redis-ingress")

    assert found == [
        {
            "from": [
                {"podSelector": {"matchExpressions": [{"key": "app", "operator": "In", "values": ["a", "b", "c"]}]}}
            ],
            "ports": [{"protocol": "TCP", "port": 6379}],
        }
    ]


def test_names_open_nothing_alone_and_the_public_ranges_under_a_layer() -> None:
    """NetworkPolicies know no names: a layered engine needs the public ranges on the names' ports, and only those."""
    raw = one_egress(domains=["a.example.com", {"name": "b.example.com", "ports": [8443]}], dns=False)
    found = rules(raw | {"egress": {"provider": "aviatrix", "aviatrix": {"ipv6": True}}})

    assert [[peer["ipBlock"]["cidr"] for peer in rule["to"]] for rule in found] == [["0.0.0.0/0", "2000::/3"]]
    assert found[0]["ports"] == [{"protocol": "TCP", "port": 443}, {"protocol": "TCP", "port": 8443}]
    assert all("10.0.0.0/8" in peer["ipBlock"]["except"] for peer in found[0]["to"][:1])


def test_expressions_in_selectors() -> None:
    """The provider none writes matchExpressions as they are, for the server's own pods and for its peers."""
    selector = {
        "matchLabels": {"x": "y"},
        "matchExpressions": [{"key": "app", "operator": "NotIn", "values": ["b", "a"]}],
    }
    service = {**REDIS, "podSelector": {"matchExpressions": [{"key": "db", "operator": "Exists"}]}}
    made = objects(one(podSelector=selector, egress={"services": [service], "dns": False}))

    assert made[INGRESS]["spec"]["podSelector"] == {
        "matchLabels": {"x": "y"},
        "matchExpressions": [{"key": "app", "operator": "NotIn", "values": ["a", "b"]}],
    }
    assert made[EGRESS]["spec"]["egress"][0]["to"][0]["podSelector"] == {
        "matchExpressions": [{"key": "db", "operator": "Exists"}]
    }
