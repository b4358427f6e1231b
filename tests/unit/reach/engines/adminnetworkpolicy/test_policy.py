"""Admin policies above and below the NetworkPolicies, in the connectivity of a folder."""

from __future__ import annotations

from typing import Any

import pytest

from mcpfence.reach.connectivity.connections import connections
from mcpfence.reach.connectivity.list_form import as_list
from reaching.loading import admin_policy, namespace, pod, policy

APPS = [
    namespace("ns1", {"apps": "all"}),
    namespace("ns3", {"apps": "external"}),
    pod("a", {"app": "a"}, namespace="ns1"),
    pod("b", {"app": "web"}, namespace="ns3", ports=[("dns", "UDP", 80), ("", "TCP", 80)]),
]
EXTERNAL = {
    "pods": {"namespaceSelector": {"matchLabels": {"apps": "external"}}, "podSelector": {"matchLabels": {"app": "web"}}}
}
ALL = {"namespaces": {"matchLabels": {"apps": "all"}}}
OTHERS = {"namespaces": {"matchLabels": {"apps": "external"}}}


def lines(*documents: Any) -> list[str]:
    """The lines of the two apps with some policies."""
    found = connections([*APPS, *documents])
    assert not found.problems
    return as_list(found).splitlines()


def test_rules_decide_in_their_order() -> None:
    """Allow before deny: what the first rule lets pass, the second does not take; addresses and names of ports too."""
    ports = [
        {"portRange": {"protocol": "UDP", "start": 5000, "end": 6000}},
        {"portNumber": {"protocol": "TCP", "port": 8080}},
        {"namedPort": "dns"},
    ]
    peers = [{"networks": ["104.154.164.170/32"]}, EXTERNAL]
    rules = [{"action": "Allow", "to": peers, "ports": ports}, {"action": "Deny", "to": peers}]

    assert [
        line
        for line in lines(admin_policy("p", {"priority": 30, "subject": ALL, "egress": rules}))
        if line.startswith("ns1/a")
    ] == [
        "ns1/a[Pod] => 0.0.0.0-104.154.164.169[External] : All Connections",
        "ns1/a[Pod] => 104.154.164.170-104.154.164.170[External] : TCP 8080,UDP 5000-6000",
        "ns1/a[Pod] => 104.154.164.171-255.255.255.255[External] : All Connections",
        "ns1/a[Pod] => ns3/b[Pod] : TCP 8080,UDP 80,5000-6000",
    ]


def to_others(action: str, **fields: Any) -> dict[str, Any]:
    """A spec with one egress rule from ns1 to ns3."""
    return {"subject": ALL, "egress": [{"action": action, "to": [OTHERS]}], **fields}


NETWORK = policy(
    "np",
    {"policyTypes": ["Egress"], "egress": [{"to": [{"namespaceSelector": {}}], "ports": [{"port": 80}]}]},
    namespace="ns1",
)


@pytest.mark.parametrize(
    ("documents", "passes"),
    [
        ([], "All Connections"),
        ([NETWORK], "TCP 80"),
        ([admin_policy("p", to_others("Deny", priority=1)), NETWORK], None),
        ([admin_policy("p", to_others("Allow", priority=1)), NETWORK], "All Connections"),
        ([admin_policy("p", to_others("Pass", priority=1)), NETWORK], "TCP 80"),
        ([admin_policy("default", to_others("Deny"), baseline=True)], None),
        ([admin_policy("default", to_others("Deny"), baseline=True), NETWORK], "TCP 80"),
        ([admin_policy("default", to_others("Allow"), baseline=True)], "All Connections"),
        (
            [
                admin_policy("p", to_others("Pass", priority=1)),
                admin_policy("default", to_others("Deny"), baseline=True),
            ],
            None,
        ),
        (
            [
                admin_policy("p", to_others("Allow", priority=1)),
                admin_policy("default", to_others("Deny"), baseline=True),
            ],
            "All Connections",
        ),
        (
            [admin_policy("p", to_others("Deny", priority=2)), admin_policy("q", to_others("Allow", priority=1))],
            "All Connections",
        ),
        (
            [admin_policy("p", to_others("Deny", priority=2)), admin_policy("q", to_others("Pass", priority=1))],
            "All Connections",
        ),
        ([admin_policy("p", {**to_others("Deny", priority=1), "subject": OTHERS})], "All Connections"),
    ],
)
def test_the_tiers(documents: list[Any], passes: str | None) -> None:
    """The lowest priority first, then the NetworkPolicies, then the baseline."""
    found = [line for line in lines(*documents) if line.startswith("ns1/a[Pod] => ns3")]

    assert found == ([f"ns1/a[Pod] => ns3/b[Pod] : {passes}"] if passes else [])


def test_both_ends_must_allow() -> None:
    """An Allow for egress opens nothing that the other end's ingress denies."""
    deny = {"subject": OTHERS, "priority": 5, "ingress": [{"action": "Deny", "from": [ALL]}]}

    found = lines(admin_policy("p", to_others("Allow", priority=1)), admin_policy("q", deny))

    assert not [line for line in found if line.startswith("ns1/a[Pod] => ns3")]


def test_nodes_are_said_and_left_out() -> None:
    """Where nodes are is not in the manifests."""
    rule = {"action": "Deny", "to": [{"nodes": {}}, OTHERS]}
    found = connections([*APPS, admin_policy("p", {"priority": 1, "subject": ALL, "egress": [rule]})])

    assert list(found.cautions) == [
        "AdminNetworkPolicy p: spec.egress[0].to[0] speaks of nodes or names, and is not taken into account"
    ]
    assert not [line for line in as_list(found).splitlines() if line.startswith("ns1/a[Pod] => ns3")]


RULE = {"action": "Deny", "to": [ALL]}


def spec(**fields: Any) -> dict[str, Any]:
    """A good spec with some other fields."""
    return {"priority": 1, "subject": ALL, "egress": [RULE], **fields}


@pytest.mark.parametrize(
    ("document", "message"),
    [
        (admin_policy("p", None), "AdminNetworkPolicy p: spec is missing"),
        (admin_policy("p", spec(priority=1001)), "AdminNetworkPolicy p: spec.priority is 1001, not between 0 and 1000"),
        (admin_policy("p", spec(subject={})), "AdminNetworkPolicy p: spec.subject needs either namespaces or pods"),
        (
            admin_policy("p", spec(subject={"namespaces": {}, "pods": {}})),
            "AdminNetworkPolicy p: spec.subject needs either namespaces or pods",
        ),
        (admin_policy("p", spec(egress=[{**RULE, "to": []}])), "AdminNetworkPolicy p: spec.egress[0].to is empty"),
        (admin_policy("p", spec(egress=[{"action": "Deny"}])), "AdminNetworkPolicy p: spec.egress[0].to is empty"),
        (
            admin_policy("p", spec(egress=[{**RULE, "action": "Drop"}])),
            "AdminNetworkPolicy p: spec.egress[0].action is 'Drop', not one of Allow, Deny, Pass",
        ),
        (
            admin_policy("default", {"subject": ALL, "egress": [{**RULE, "action": "Pass"}]}, baseline=True),
            "BaselineAdminNetworkPolicy default: spec.egress[0].action is 'Pass', not one of Allow, Deny",
        ),
        (
            admin_policy("other", {"subject": ALL, "egress": [RULE]}, baseline=True),
            "BaselineAdminNetworkPolicy other: metadata.name is 'other', and only default is a baseline",
        ),
        (
            admin_policy("p", spec(egress=[{**RULE, "to": [{}]}])),
            "AdminNetworkPolicy p: spec.egress[0].to[0] needs exactly one kind of peer",
        ),
        (
            admin_policy("p", spec(egress=[{**RULE, "to": [{"networks": ["10.0.0.0/40"]}]}])),
            "AdminNetworkPolicy p: spec.egress[0].to[0].networks[0] '10.0.0.0/40' is not a CIDR block",
        ),
        (
            admin_policy("p", spec(egress=[{**RULE, "ports": [{}]}])),
            "AdminNetworkPolicy p: spec.egress[0].ports[0] needs exactly one of portNumber, portRange and namedPort",
        ),
        (
            admin_policy("p", spec(egress=[{**RULE, "ports": [{"portRange": {"start": 10, "end": 1}}]}])),
            "AdminNetworkPolicy p: spec.egress[0].ports[0].portRange.end is 1, below start 10",
        ),
    ],
)
def test_admin_policies_that_cannot_be_read(document: Any, message: str) -> None:
    """A problem that names document and field, and no line that rests on it."""
    found = connections([*APPS, document])

    assert [problem.text for problem in found.problems] == [message]
    assert ("ns1/a[Pod]", "egress") in found.unknown
    assert "ns1/a[Pod] =>" not in as_list(found)


def test_two_of_one_priority() -> None:
    """The API does not say which one counts, so neither does."""
    found = connections([*APPS, admin_policy("p", spec()), admin_policy("q", spec())])

    assert [problem.text for problem in found.problems] == [
        "AdminNetworkPolicy p: spec.priority is that of another policy too",
        "AdminNetworkPolicy q: spec.priority is that of another policy too",
    ]
