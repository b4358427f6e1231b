"""What eks emits for a fence, what it refuses, and how blocks are written that the agent would cut."""

from __future__ import annotations

from typing import Any

import pytest

from helpers import Raw, catalog, errors_of, objects, one_egress, rendered

EKS: Raw = {
    "cluster": {"profile": "eks", "ipFamilies": ["IPv4"], "cidrs": {"pods": ["10.250.0.0/16"]}},
    "dns": {"clusterIP": ["172.20.0.10"]},
    "egress": {"provider": "eks"},
}
DNS_RULE = {
    "to": [{"ipBlock": {"cidr": "169.254.20.10/32"}}, {"ipBlock": {"cidr": "172.20.0.10/32"}}],
    "ports": [{"protocol": "TCP", "port": 53}, {"protocol": "UDP", "port": 53}],
}


def raw(**egress: Any) -> Raw:
    """A catalog of one server with this egress, on EKS."""
    return one_egress(**egress) | EKS


def test_names() -> None:
    """One rule for each set of ports, behind the addresses of the resolver; numbers for ports, always."""
    domains = ["api.example.com", "*.example.com", {"name": "x.example.com", "ports": [8443, "9000-9010"]}]
    spec = objects(raw(domains=domains))["ApplicationNetworkPolicy mcp-server-a"]["spec"]

    assert spec == {
        "podSelector": {"matchLabels": {"app": "a"}},
        "policyTypes": ["Egress"],
        "egress": [
            DNS_RULE,
            {
                "to": [{"domainNames": ["*.example.com", "api.example.com"]}],
                "ports": [{"protocol": "TCP", "port": 443}],
            },
            {
                "to": [{"domainNames": ["x.example.com"]}],
                "ports": [{"protocol": "TCP", "port": 8443}, {"protocol": "TCP", "port": 9000, "endPort": 9010}],
            },
        ],
    }


def test_the_network_policy_opens_nothing_for_names() -> None:
    """It carries DNS, blocks and pods, as under no engine at all."""
    domains, cidrs = ["api.example.com"], [{"cidr": "10.1.0.0/16", "ports": [5432]}]
    found = objects(raw(domains=domains, cidrs=cidrs))["NetworkPolicy mcp-server-a-egress"]

    blocks = [peer["ipBlock"]["cidr"] for rule in found["spec"]["egress"] for peer in rule["to"] if "ipBlock" in peer]
    assert blocks == ["169.254.20.10/32", "172.20.0.10/32", "10.1.0.0/16"]


@pytest.mark.parametrize(
    "egress", [{"default": "deny"}, {"default": "internet"}, {"cidrs": [{"cidr": "10.1.0.0/16", "ports": "all"}]}]
)
def test_without_names_no_object(egress: Raw) -> None:
    """NetworkPolicies say all that there is to say."""
    assert {title.split()[0] for title in objects(raw(**egress))} == {"NetworkPolicy", "ConfigMap"}


def test_without_dns_no_resolver() -> None:
    """`dns: false` beside names is the user's own word, with a warning; the object then opens no resolver."""
    found = objects(raw(domains=["api.example.com"], dns=False))["ApplicationNetworkPolicy mcp-server-a"]

    assert [list(rule["to"][0]) for rule in found["spec"]["egress"]] == [["domainNames"]]


def test_several_selectors() -> None:
    """One object for each, with the expressions of a selector as they stand."""
    selectors = [
        {"app": "a", "id": "1"},
        {"matchLabels": {"app": "a"}, "matchExpressions": [{"key": "id", "operator": "In", "values": ["2"]}]},
    ]
    servers = {"a": {"runtime": "containerized", "podSelector": selectors, "egress": {"domains": ["api.example.com"]}}}
    found = [
        doc["spec"]["podSelector"] for title, doc in objects(catalog(servers) | EKS).items() if title.startswith("App")
    ]

    assert sorted(map(len, found)) == [1, 2]


CIDR, HOLE = "10.1.0.0/16", "10.1.2.0/24"


@pytest.mark.parametrize(
    ("other", "apart"),
    [
        # the agent keeps the except as a denial of its own, which would cut what a wider block opens there
        ({"cidr": CIDR, "ports": [80]}, True),
        ({"cidr": "10.0.0.0/15", "ports": [80]}, True),
        ({"cidr": "10.1.2.0/23", "ports": [80]}, True),
        # the block of the except itself, and what lies inside or outside of it, have entries of their own
        ({"cidr": HOLE, "ports": [80]}, False),
        ({"cidr": "10.1.2.128/25", "ports": [80]}, False),
        ({"cidr": "10.1.3.0/24", "ports": [80]}, False),
        # equal blocks with equal excepts are one entry
        ({"cidr": CIDR, "except": [HOLE], "ports": [80]}, False),
    ],
)
def test_excepts_that_would_cut_other_blocks(other: Raw, apart: bool) -> None:
    """Such a block is written as the prefixes that are left of it; every other one keeps its excepts."""
    entries = [{"cidr": CIDR, "except": [HOLE], "ports": [443]}, other]
    found = objects(raw(cidrs=entries))["NetworkPolicy mcp-server-a-egress"]["spec"]["egress"]
    written = [peer["ipBlock"] for rule in found for peer in rule["to"] if rule["ports"][0]["port"] == 443]

    if apart:
        assert [block["cidr"] for block in written] == [
            "10.1.0.0/23",
            "10.1.3.0/24",
            "10.1.4.0/22",
            "10.1.8.0/21",
            "10.1.16.0/20",
            "10.1.32.0/19",
            "10.1.64.0/18",
            "10.1.128.0/17",
        ]
        assert not any("except" in block for block in written)
    else:
        assert written[0] == {"cidr": CIDR, "except": [HOLE]}


PORTS_24 = [*range(1000, 1048, 2)]


def test_twenty_four_entries_are_kept() -> None:
    """As many entries as the agent holds; a range is one."""
    assert errors_of(raw(cidrs=[{"cidr": CIDR, "ports": [*PORTS_24[:23], "2000-2999"]}], dns=False)) == []


@pytest.mark.parametrize(
    ("egress", "said"),
    [
        (
            {"cidrs": [{"cidr": CIDR, "ports": [*PORTS_24, 2000]}], "dns": False},
            "25 entries of protocol and port cover 10.1.0.0/32",
        ),
        # entries of wider blocks count for the narrower ones
        (
            {"cidrs": [{"cidr": CIDR, "ports": PORTS_24}, {"cidr": HOLE, "ports": [2000]}], "dns": False},
            "25 entries of protocol and port cover 10.1.2.0/32",
        ),
        # names may resolve to a block's addresses
        (
            {"cidrs": [{"cidr": CIDR, "ports": PORTS_24}], "domains": ["a.example.com"], "dns": False},
            "25 entries of protocol and port cover 10.1.0.0/32",
        ),
        (
            {"domains": [{"name": "a.example.com", "ports": [*PORTS_24, 2000]}], "dns": False},
            "25 entries of protocol and port cover the addresses of its names",
        ),
        # pods may have any of the addresses that pods have
        (
            {
                "services": [{"name": "x", "namespace": "data", "mode": "namespace", "ports": [*PORTS_24, 2000]}],
                "dns": False,
            },
            "25 entries of protocol and port cover pods",
        ),
    ],
)
def test_more_entries_are_refused(egress: Raw, said: str) -> None:
    """The agent would keep whichever come first."""
    assert errors_of(raw(**egress)) == [
        f"servers.a: {said} in egress, and the agent of EKS keeps 24 of them, whichever come first; "
        "write neighbouring ports as ranges, or split what the server may reach over fewer ports [eks-entries]"
    ]


def test_entries_that_never_meet() -> None:
    """What covers different addresses is counted apart."""
    cidrs = [{"cidr": CIDR, "ports": PORTS_24}, {"cidr": "10.3.0.0/16", "ports": [2000]}]

    assert errors_of(raw(cidrs=cidrs, dns=False)) == []


def test_entries_of_callers() -> None:
    """The ports of a server count for each of its callers."""
    servers = {"a": {"runtime": "containerized", "ingress": {"ports": [*PORTS_24, 2000]}}}

    assert errors_of(catalog(servers) | EKS)[0].startswith(
        "servers.a: 25 entries of protocol and port cover pods in ingress"
    )


def test_a_resolver_must_be_known() -> None:
    """No pod of Auto Mode answers DNS; a resolver that is listed by address will do."""
    without = {**EKS, "dns": {}}

    assert errors_of(one_egress(domains=["a.example.com"]) | without) == [
        "dns.clusterIP: EKS Auto Mode answers DNS at the address of Service kube-system/kube-dns alone, and it is not known; "
        "write dns.clusterIP: [ADDRESS] with what `kubectl get service kube-dns -n kube-system` prints [eks-resolver]"
    ]
    assert errors_of(one_egress(default="internet") | without) == []
    unresolved = errors_of(
        one_egress(domains=["a.example.com"], services=[{"name": "redis", "namespace": "b"}]) | without
    )
    assert [line.rpartition("[")[2] for line in unresolved] == ["eks-resolver]", "service-unresolved]"]
    assert errors_of(one_egress(domains=["a.example.com"]) | {**EKS, "dns": {"peers": [{"cidr": "10.9.9.9/32"}]}}) == []


def test_an_ipv6_block_that_the_agent_takes_for_a_host() -> None:
    """It stands in two halves; blocks of other sizes, and IPv4 hosts, stand as they are."""
    found = objects(
        raw(
            cidrs=[
                {"cidr": cidr, "ports": [5432]}
                for cidr in ("fd00:1::/32", "fd00:2::/33", "fd00:4::/31", "10.20.0.1/32", "fd00:8::/32")
            ]
        )
        | {"cluster": {"profile": "eks", "ipFamilies": ["IPv4", "IPv6"]}}
    )
    rules = found["NetworkPolicy mcp-server-a-egress"]["spec"]["egress"]

    assert [peer["ipBlock"]["cidr"] for rule in rules if rule["ports"][0]["port"] == 5432 for peer in rule["to"]] == [
        "fd00:1::/33",
        "fd00:1:8000::/33",
        "fd00:2::/33",
        "fd00:4::/31",
        "10.20.0.1/32",
        "fd00:8::/33",
        "fd00:8:8000::/33",
    ]


def test_names_that_the_api_server_refuses() -> None:
    """A label that ends with an underscore would make it refuse the whole object."""
    assert errors_of(raw(domains=["a_.example.com", "_dmarc.example.com", "a_b.example.com"])) == [
        "servers.a: a_.example.com: ApplicationNetworkPolicy takes no label that ends with _; "
        "list its addresses under egress.cidrs, or leave it out [eks-name]"
    ]


def test_ipv6_clusters_are_refused() -> None:
    """There nothing polices IPv4, the metadata endpoint included."""
    cluster = {"profile": "eks", "ipFamilies": ["IPv6"]}

    assert errors_of(one_egress(default="deny") | {"cluster": cluster, "egress": {"provider": "eks"}}) == [
        "cluster.ipFamilies: in IPv6 clusters of EKS pods reach every IPv4 address, whatever policies say; write "
        "cluster.ipFamilies: [IPv4] if it is an IPv4 cluster; no fence holds in an IPv6 cluster of EKS [eks-ipv6-only]"
    ]


def test_elsewhere_is_a_warning() -> None:
    """The kind exists on EKS alone."""
    found = rendered(raw(default="deny") | {"cluster": {"profile": "gke", "ipFamilies": ["IPv4"]}}).findings

    assert [one.message for one in found if one.id == "eks-profile"] == [
        "egress.provider: ApplicationNetworkPolicy exists on EKS alone, and the profile is gke; "
        "write cluster.profile: eks, or another egress.provider"
    ]


def test_risks() -> None:
    """That names are open anywhere, and that nothing has judged them, stands in every report."""
    report = objects(raw(domains=["a.example.com"]))["ConfigMap demo-mcpfence"]["data"]["residualRisk"]

    assert "rebinding: a name is open wherever it resolves to" in report
    assert "no engine has judged these rules" in report
