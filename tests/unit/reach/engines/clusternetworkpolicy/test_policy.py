"""What ClusterNetworkPolicies let through, read from documents that no emitter of ours has written."""

from __future__ import annotations

from typing import Any

import pytest

from mcpfence.net.addresses import ALL, parse_address, parse_cidr
from mcpfence.net.intervals import Intervals, contains
from mcpfence.reach.evaluation.evaluator import Evaluator, Pod
from mcpfence.reach.evaluation.policy_set import read_policies
from mcpfence.reach.flows import host_names, interval_map, label_sets, traffic
from mcpfence.reach.flows.flows import Reach
from reaching.loading import policy

GROUP = "policy.networking.k8s.io"
EVERYBODY: dict[str, Any] = {"namespaces": {}}
WEB = [{"tcp": {"destinationPort": {"number": 443}}}]
DENY_ALL = {"action": "Deny", "to": [{"networks": ["0.0.0.0/0", "::/0"]}, {"namespaces": {}}]}
NAMED = {"action": "Accept", "to": [{"domainNames": ["api.example.com"]}], "protocols": WEB}
ISOLATED = policy("np", {"podSelector": {}, "policyTypes": ["Egress"]}, namespace="mcp")

REFUSED, MAYBE, SURE = "refused", "maybe", "sure"


def tiered(*egress: Any, tier: str = "Admin", priority: int = 10, name: str = "p", **keys: Any) -> dict[str, Any]:
    """A policy with these egress rules."""
    spec = {"tier": tier, "priority": priority, "subject": EVERYBODY, "egress": list(egress), **keys}
    return {
        "apiVersion": f"{GROUP}/v1alpha2",
        "kind": "ClusterNetworkPolicy",
        "metadata": {"name": name},
        "spec": {key: value for key, value in spec.items() if value is not None},
    }


def passes(
    documents: list[Any],
    peer: str,
    point: tuple[str, int] = ("TCP", 443),
    name: str = "",
    pods: Intervals = ALL,
    direction: str = "egress",
) -> str:
    """Whether a flow of pod mcp/app=a passes: sure, maybe, refused.  `peer` is an address or `namespace/app`."""
    found = read_policies(documents, pod_addresses=pods)
    assert not found.problems, found.problems
    bounds = Evaluator(found).reach(Pod("mcp", (("app", "a"),)), direction)
    least, most = (_passes(one, peer, point, name) for one in (bounds.least, bounds.most))
    assert most or not least
    return SURE if least else MAYBE if most else REFUSED


def _passes(reach: Reach, peer: str, point: tuple[str, int], name: str) -> bool:
    if "/" in peer:
        space, app = peer.split("/")
        box = dict(label_sets.pods_in(space, label_sets.box_of({"app": app})))
        labels = {key: next(iter(values.values)) for key, values in box.items()}
        found = [allowed for one, allowed in reach.pods if label_sets.matches(one, labels)]
    else:
        one = interval_map.value_at(reach.addresses, parse_address(peer))
        found = [one] if one else []
    value = traffic.span(point[0], point[1], point[1])[0]
    return any(
        contains(points, value) and host_names.contains(names, name) for allowed in found for points, names in allowed
    )


def problem(document: Any) -> str:
    """The one problem of a document."""
    (found,) = read_policies([document]).problems
    return found.text


# --- order, tiers, actions ---


def test_first_rule_decides() -> None:
    """In the list of one policy, and by priority between policies."""
    accept = {"action": "Accept", "to": [{"networks": ["8.8.8.0/24"]}]}

    assert passes([tiered(accept, DENY_ALL)], "8.8.8.8") == SURE
    assert passes([tiered(DENY_ALL, accept)], "8.8.8.8") == REFUSED
    assert passes([tiered(accept, priority=2), tiered(DENY_ALL, priority=1, name="q")], "8.8.8.8") == REFUSED
    assert passes([tiered(accept, priority=1), tiered(DENY_ALL, priority=2, name="q")], "8.8.8.8") == SURE


def test_no_default_deny() -> None:
    """A policy that only accepts closes nothing."""
    assert passes([tiered(NAMED)], "8.8.8.8", ("TCP", 22)) == SURE


def test_equal_priorities_are_bounds() -> None:
    """Which of two equal ones decides is undefined, so what one accepts and the other denies may pass."""
    accept = {"action": "Accept", "to": [{"networks": ["8.8.8.0/24"]}]}

    assert passes([tiered(accept), tiered(DENY_ALL, name="q")], "8.8.8.8") == MAYBE


@pytest.mark.parametrize(
    ("action", "tier", "found"),
    [
        ("Accept", "Admin", SURE),
        ("Deny", "Admin", REFUSED),
        ("Pass", "Admin", REFUSED),
        ("Accept", "Baseline", MAYBE),
        ("Deny", "Baseline", REFUSED),
        ("Pass", "Baseline", REFUSED),
    ],
)
def test_tiers_around_a_network_policy(action: str, tier: str, found: str) -> None:
    """Admin stands in front of the isolation, Baseline behind it; what that accepts one engine opens all the same."""
    rule = {"action": action, "to": [{"networks": ["8.8.8.0/24"]}]}

    assert passes([tiered(rule, tier=tier), ISOLATED], "8.8.8.8") == found


@pytest.mark.parametrize(("action", "found"), [("Accept", SURE), ("Deny", REFUSED), ("Pass", SURE)])
def test_baseline_without_network_policy(action: str, found: str) -> None:
    """It decides on pods that no NetworkPolicy isolates."""
    rule = {"action": action, "to": [{"networks": ["8.8.8.0/24"]}]}

    assert passes([tiered(rule, tier="Baseline")], "8.8.8.8") == found


def test_pass_skips_the_rest_of_the_tier() -> None:
    """Later rules and later policies of the tier do not see what was passed on."""
    on = {"action": "Pass", "to": [{"networks": ["8.8.8.0/24"]}]}

    assert passes([tiered(on, DENY_ALL)], "8.8.8.8") == SURE
    assert passes([tiered(on, priority=1), tiered(DENY_ALL, priority=2, name="q")], "8.8.8.8") == SURE


# --- names ---


@pytest.mark.parametrize(
    ("pattern", "name", "found"),
    [
        ("api.example.com", "api.example.com", SURE),
        ("api.example.com", "x.api.example.com", REFUSED),
        ("api.example.com", "", REFUSED),
        ("*.example.com", "example.com", REFUSED),
        ("*.example.com", "a.example.com", SURE),
        ("*.example.com", "d.c.b.a.example.com", SURE),
        ("*.example.com", "notexample.com", REFUSED),
        ("API.example.com", "api.example.com", MAYBE),
        ("api.example.com.", "api.example.com", MAYBE),
    ],
)
def test_names(pattern: str, name: str, found: str) -> None:
    """`*` is one or more labels; upper case and a trailing dot are compared as they stand by one engine."""
    rule = {"action": "Accept", "to": [{"domainNames": [pattern]}], "protocols": WEB}

    assert passes([tiered(rule, DENY_ALL)], "8.8.8.8", name=name) == found


def test_names_open_what_they_resolve_to() -> None:
    """Every address, private ones too, and at most pods; a Deny in front takes that away."""
    private = {"action": "Deny", "to": [{"networks": ["10.0.0.0/8"]}, {"namespaces": {}}]}

    assert passes([tiered(NAMED, DENY_ALL)], "10.0.0.1", name="api.example.com") == SURE
    assert passes([tiered(NAMED, DENY_ALL)], "data/db", name="api.example.com") == MAYBE
    assert passes([tiered(private, NAMED, DENY_ALL)], "10.0.0.1", name="api.example.com") == REFUSED
    assert passes([tiered(private, NAMED, DENY_ALL)], "data/db", name="api.example.com") == REFUSED


def test_names_on_other_protocols_may_go_anywhere() -> None:
    """UDP shows no name, so a rule with names and UDP may open every address."""
    rule = {
        "action": "Accept",
        "to": [{"domainNames": ["api.example.com"]}],
        "protocols": [{"udp": {"destinationPort": {"number": 443}}}],
    }

    assert passes([tiered(rule, DENY_ALL)], "8.8.8.8", ("UDP", 443)) == MAYBE
    assert passes([tiered(rule, DENY_ALL)], "8.8.8.8", ("TCP", 443), "api.example.com") == REFUSED
    every = {"action": "Accept", "to": [{"domainNames": ["api.example.com"]}]}
    assert passes([tiered(every, DENY_ALL)], "8.8.8.8", ("ICMP", 1)) == MAYBE


def test_names_open_dns_to_resolvers_of_every_namespace() -> None:
    """One engine lets DNS pass to what is labelled kube-dns; on the port that it calls dns, which is not known."""
    documents = [tiered(NAMED, DENY_ALL)]
    bounds = Evaluator(read_policies(documents)).egress(Pod("mcp", (("app", "a"),)))
    resolver = {"namespace kubernetes.io/metadata.name": "evil", "pod k8s-app": "kube-dns"}

    assert not [one for one, _ in bounds.least.pods if label_sets.matches(one, resolver)]
    assert [one for one, _ in bounds.most.pods if label_sets.matches(one, resolver)]


# --- peers ---


@pytest.mark.parametrize(
    ("peer", "found"),
    [
        ({"pods": {"podSelector": {"matchLabels": {"app": "db"}}}}, SURE),
        (
            {"pods": {"podSelector": {}, "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "x"}}}},
            REFUSED,
        ),
        ({"namespaces": {"matchLabels": {"kubernetes.io/metadata.name": "data"}}}, SURE),
        ({}, MAYBE),
        ({"nodes": {}}, REFUSED),
        ({"networks": ["10.0.0.0/8"]}, REFUSED),
    ],
)
def test_peers_that_are_accepted(peer: Any, found: str) -> None:
    """Pods without a namespaceSelector are those of every namespace; an empty peer may be anything."""
    documents = [tiered({"action": "Accept", "to": [peer]}), ISOLATED]

    assert passes(documents, "data/db") == found


@pytest.mark.parametrize(
    ("peer", "pods", "found"),
    [
        ({"namespaces": {}}, "10.4.0.0/14", REFUSED),
        ({"networks": ["0.0.0.0/0"]}, "10.4.0.0/14", MAYBE),
        ({"networks": ["8.0.0.0/8"]}, "10.4.0.0/14", SURE),
        ({}, "10.4.0.0/14", MAYBE),
    ],
)
def test_peers_that_are_denied(peer: Any, pods: str, found: str) -> None:
    """Networks hold pods in one engine and not in the other, so what they deny may pass."""
    documents = [tiered({"action": "Deny", "to": [peer]})]

    assert passes(documents, "data/db", pods=(parse_cidr(pods),)) == found


def test_nodes_leave_nothing_sure() -> None:
    """One engine refuses the whole policy, its other rules too; where the nodes are is not known either."""
    documents = [tiered(DENY_ALL, {"action": "Accept", "to": [{"nodes": {}}]})]

    assert passes(documents, "8.8.8.8") == MAYBE


def test_networks_beside_names_in_one_peer() -> None:
    """The standard channel drops the names without a word: the addresses are sure, the names are not."""
    rule = {"action": "Accept", "to": [{"networks": ["8.8.8.0/24"], "domainNames": ["api.example.com"]}]}
    documents = [tiered(rule, DENY_ALL)]

    assert passes(documents, "8.8.8.8") == SURE
    assert passes(documents, "9.9.9.9", name="api.example.com") == MAYBE
    assert passes(documents, "9.9.9.9", ("TCP", 80)) == REFUSED


def test_families_are_apart() -> None:
    """0.0.0.0/0 alone leaves IPv6 open."""
    rule = {"action": "Deny", "to": [{"networks": ["0.0.0.0/0"]}]}

    assert passes([tiered(rule)], "8.8.8.8") == REFUSED
    assert passes([tiered(rule)], "2600::1") == SURE


@pytest.mark.parametrize(
    ("point", "found"),
    [
        (("TCP", 99), REFUSED),
        (("TCP", 100), SURE),
        (("TCP", 200), SURE),
        (("TCP", 201), REFUSED),
        (("UDP", 100), REFUSED),
    ],
)
def test_ranges_of_ports(point: tuple[str, int], found: str) -> None:
    """Both ends are inside, and only of that protocol."""
    ports = [{"tcp": {"destinationPort": {"range": {"start": 100, "end": 200}}}}]
    rule = {"action": "Accept", "to": [{"networks": ["8.8.8.0/24"]}], "protocols": ports}

    assert passes([tiered(rule, DENY_ALL)], "8.8.8.8", point) == found


def test_named_port_may_be_any() -> None:
    """Which number a destination gives a name is not known."""
    rule = {"action": "Accept", "to": [{"namespaces": {}}], "protocols": [{"destinationNamedPort": "web"}]}

    assert passes([tiered(rule, DENY_ALL)], "data/db", ("UDP", 7)) == MAYBE


def test_ingress() -> None:
    """The other direction has pods alone as peers, and egress rules say nothing of it."""
    document = tiered(egress=None, ingress=[{"action": "Deny", "from": [{"namespaces": {}}]}])

    assert passes([document], "data/db", direction="ingress") == REFUSED
    assert passes([document], "data/db") == SURE
    assert passes([tiered(DENY_ALL)], "data/db", direction="ingress") == SURE


def test_newer_version_is_read_alike() -> None:
    """v1beta1 has the same fields."""
    assert passes([{**tiered(DENY_ALL), "apiVersion": f"{GROUP}/v1beta1"}], "8.8.8.8") == REFUSED


# --- what cannot be read ---


@pytest.mark.parametrize(
    ("document", "said"),
    [
        ({**tiered(), "apiVersion": f"{GROUP}/v1"}, f"apiVersion is '{GROUP}/v1', not {GROUP}/v1alpha2 or v1beta1"),
        ({**tiered(), "spec": None}, "spec is missing"),
        (tiered(more=1), "spec.more is no field of this API"),
        (tiered(tier="admin"), "spec.tier is 'admin', not Admin or Baseline"),
        (tiered(priority=1001), "spec.priority is 1001, not between 0 and 1000"),
        (tiered(subject={}), "spec.subject needs either namespaces or pods"),
        (tiered(subject={"pods": {}}), "spec.subject.pods.podSelector is missing"),
        (
            tiered({"action": "Allow", "to": [EVERYBODY]}),
            "spec.egress[0].action is 'Allow', not one of Accept, Deny, Pass",
        ),
        (tiered({"action": "Deny", "to": []}), "spec.egress[0].to is empty"),
        (tiered({"action": "Deny"}), "spec.egress[0].to is empty"),
        (tiered({"action": "Deny", "to": [{"fqdns": ["x"]}]}), "spec.egress[0].to[0].fqdns is no field of this API"),
        (
            tiered({"action": "Deny", "to": [{"namespaces": {}, "networks": ["10.0.0.0/8"]}]}),
            "spec.egress[0].to[0] needs exactly one kind of peer",
        ),
        (
            tiered({"action": "Deny", "to": [{"domainNames": ["a.example.com"]}]}),
            "spec.egress[0].to has domainNames in a rule that says Deny, which is for Accept alone",
        ),
        (
            tiered({"action": "Accept", "to": [{"domainNames": ["*"]}]}),
            "spec.egress[0].to[0].domainNames[0] '*' is every name, which the API does not take",
        ),
        (
            tiered({"action": "Accept", "to": [{"domainNames": ["a.*.com"]}]}),
            "spec.egress[0].to[0].domainNames[0] 'a.*.com' has a * that is not the whole first label",
        ),
        (
            tiered({"action": "Deny", "to": [{"networks": ["10.0.0.1/8"]}]}),
            "spec.egress[0].to[0].networks[0] '10.0.0.1/8' has host bits set; write 10.0.0.0/8",
        ),
        (tiered({"action": "Deny", "to": [{"networks": []}]}), "spec.egress[0].to[0].networks is empty"),
        (
            tiered({"action": "Deny", "to": [EVERYBODY], "protocols": []}),
            "spec.egress[0].protocols is empty",
        ),
        (
            tiered({"action": "Deny", "to": [EVERYBODY], "protocols": [{"tcp": {}}]}),
            "spec.egress[0].protocols[0].tcp.destinationPort is missing",
        ),
        (
            tiered({"action": "Deny", "to": [EVERYBODY], "protocols": [{"tcp": None, "udp": None}]}),
            "spec.egress[0].protocols[0] needs exactly one of tcp, udp, sctp and destinationNamedPort",
        ),
        (
            tiered(
                {
                    "action": "Deny",
                    "to": [EVERYBODY],
                    "protocols": [{"tcp": {"destinationPort": {"range": {"start": 5, "end": 5}}}}],
                }
            ),
            "spec.egress[0].protocols[0].tcp.destinationPort.range.end is 5, not above start 5",
        ),
        (tiered(*[DENY_ALL] * 26), "spec.egress has 26 rules, and at most 25 are taken"),
        (
            tiered({"action": "Deny", "to": [EVERYBODY] * 26}),
            "spec.egress[0].to has 26 peers, and at most 25 are taken",
        ),
    ],
)
def test_what_cannot_be_read_is_a_problem(document: Any, said: str) -> None:
    """It is named with its field, and never raised; its pods may then do anything."""
    assert problem(document) == f"ClusterNetworkPolicy p: {said}"
    bounds = Evaluator(read_policies([document, ISOLATED])).egress(Pod("mcp", (("app", "a"),)))
    assert _passes(bounds.most, "8.8.8.8", ("TCP", 443), "")
    assert not bounds.least
