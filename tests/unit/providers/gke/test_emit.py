"""What gke emits for a fence, what it loses and what it refuses."""

from __future__ import annotations

from typing import Any

import pytest

from helpers import Raw, catalog, errors_of, objects, one_egress, rendered

GKE: Raw = {"cluster": {"profile": "gke", "ipFamilies": ["IPv4"]}, "egress": {"provider": "gke"}}


def raw(**egress: Any) -> Raw:
    """A catalog of one server with this egress, on GKE."""
    return one_egress(**egress) | GKE


def test_names() -> None:
    """One rule for each set of ports; a wildcard is one pattern for each depth, never two stars in a row."""
    domains = ["api.example.com", "*.example.com", {"name": "x.example.com", "ports": [8443, "9000-9002"]}]
    spec = objects(raw(domains=domains))["FQDNNetworkPolicy mcp-server-a"]["spec"]

    assert spec == {
        "podSelector": {"matchLabels": {"app": "a"}},
        "egress": [
            {
                "matches": [
                    {"pattern": "*.example.com"},
                    {"pattern": "*.*.example.com"},
                    {"pattern": "*.*.*.example.com"},
                    {"name": "api.example.com"},
                ],
                "ports": [{"protocol": "TCP", "port": 443}],
            },
            {
                "matches": [{"name": "x.example.com"}],
                "ports": [{"protocol": "TCP", "port": port} for port in (8443, 9000, 9001, 9002)],
            },
        ],
    }


def test_the_network_policy_opens_nothing_for_names() -> None:
    """It carries DNS, blocks and pods, as under no engine at all."""
    found = objects(raw(domains=["api.example.com"], cidrs=[{"cidr": "10.1.0.0/16", "ports": [5432]}]))
    rules = found["NetworkPolicy mcp-server-a-egress"]["spec"]["egress"]

    assert [peer["ipBlock"]["cidr"] for rule in rules for peer in rule["to"] if "ipBlock" in peer] == [
        "169.254.20.10/32",
        "169.254.169.254/32",
        "10.1.0.0/16",
    ]


@pytest.mark.parametrize(
    "egress", [{"default": "deny"}, {"default": "internet"}, {"cidrs": [{"cidr": "10.1.0.0/16", "ports": "all"}]}]
)
def test_without_names_no_object(egress: Raw) -> None:
    """An FQDNNetworkPolicy without rules is refused by the API server, and none is needed."""
    assert {title.split()[0] for title in objects(raw(**egress))} == {"NetworkPolicy", "ConfigMap"}


def test_deeper_names_are_lost() -> None:
    """Each server with a wildcard loses what is deeper than three labels, in its own words; others lose nothing."""
    servers = {
        name: {"runtime": "containerized", "egress": {"domains": domains}}
        for name, domains in {"a": ["*.a.io"], "b": ["*.b.io", "x.y.io"], "c": ["x.y.io"]}.items()
    }

    assert [one.text for one in rendered(catalog(servers) | GKE).narrowings] == [
        "server a loses names ?.?.?.*.a.io: a * of GKE is one label, so wildcards reach 3 labels down",
        "server b loses names ?.?.?.*.b.io: a * of GKE is one label, so wildcards reach 3 labels down",
    ]


def test_long_ranges_are_refused() -> None:
    """There are no ranges, and up to twenty ports are written out."""
    assert errors_of(raw(domains=[{"name": "a.example.com", "ports": ["8000-8019"]}])) == []
    assert errors_of(raw(domains=[{"name": "a.example.com", "ports": ["8000-8020", 443]}])) == [
        "servers.a: names on 8000-8020/TCP: FQDNNetworkPolicy has no ranges, and over 20 ports are not written out; "
        "list the ports that the server calls, at most 20 in a row [gke-ports]"
    ]


@pytest.mark.parametrize("name", ["_dmarc.example.com", "a_.example.com", "*._x.example.com"])
def test_names_that_the_api_server_refuses(name: str) -> None:
    """A label that begins or ends with an underscore would make it refuse the whole object."""
    assert errors_of(raw(domains=[name, "a_b.example.com"])) == [
        f"servers.a: {name}: FQDNNetworkPolicy takes no label that begins or ends with _; "
        "list its addresses under egress.cidrs, or leave it out [gke-name]"
    ]


def test_sctp_is_refused() -> None:
    """Neither kind of GKE has it."""
    assert errors_of(raw(cidrs=[{"cidr": "10.1.0.0/16", "ports": ["3868/SCTP"]}])) == [
        "egress.provider: provider gke cannot express SCTP ports, which these need: server a; "
        "change them, or the provider [provider-cannot]"
    ]


def test_elsewhere_is_a_warning() -> None:
    """The kind exists on GKE alone."""
    found = rendered(raw(default="deny") | {"cluster": {"profile": "aks", "ipFamilies": ["IPv4"]}}).findings

    assert [one.message for one in found if one.id == "gke-profile"] == [
        "egress.provider: FQDNNetworkPolicy exists on GKE alone, and the profile is aks; "
        "write cluster.profile: gke, or another egress.provider"
    ]


def test_risks() -> None:
    """That names are open anywhere, and which judge has seen the patterns, stands in every report."""
    report = objects(raw(domains=["a.example.com"]))["ConfigMap demo-mcpfence"]["data"]["residualRisk"]

    assert "rebinding: a name is open wherever it resolves to" in report
    assert "judged by Cilium's" in report
