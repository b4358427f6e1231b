"""The corners of the NetworkPolicy API, one by one: what a policy allows, and whom it isolates."""

from __future__ import annotations

from typing import Any

import pytest

from mcpfence.net.addresses import ALL, cidrs, parse_cidr
from mcpfence.net.intervals import canonical
from mcpfence.reach.engines.networkpolicy.rules import read_rules
from mcpfence.reach.evaluation.evaluator import Evaluator, Subject
from mcpfence.reach.evaluation.policy_set import read_policies
from mcpfence.reach.flows import bounds, flows, label_sets, traffic
from mcpfence.reach.flows.bounds import Bounds, exact
from mcpfence.reach.flows.flows import Reach
from mcpfence.reach.flows.selection import Selects
from reaching.loading import egress_of_rules, ingress_of_rules, policy

WEB = Subject("default", label_sets.box_of({"app": "web"}))
EVERYONE = label_sets.EVERYTHING


def evaluate(*specs: Any, subject: Subject = WEB) -> tuple[Bounds[Reach], Bounds[Reach]]:
    """Ingress and egress of the subject under policies with these specs."""
    found = read_policies([policy(f"p{number}", spec) for number, spec in enumerate(specs)])
    assert not found.problems
    evaluator = Evaluator(found)
    return evaluator.ingress(subject), evaluator.egress(subject)


def to(*pieces: str, ports: tuple[tuple[str, int, int], ...] = ()) -> Reach:
    """Addresses with all traffic, or with these ports."""
    allowed = traffic.plain(canonical(traffic.span(*port) for port in ports)) if ports else traffic.EVERYTHING
    return flows.reach_of(canonical(parse_cidr(piece) for piece in pieces), (), allowed)


@pytest.mark.parametrize(
    ("spec", "isolated"),
    [
        ({"podSelector": {}}, "i"),
        ({}, "i"),
        ({"podSelector": None, "egress": None}, "i"),
        ({"podSelector": {}, "egress": []}, "i"),
        ({"podSelector": {}, "egress": [{"to": [{"podSelector": {}}]}]}, "ie"),
        ({"podSelector": {}, "policyTypes": ["Egress"]}, "e"),
        ({"podSelector": {}, "policyTypes": ["Ingress"], "egress": [{}]}, "i"),
        ({"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}, "ie"),
        ({"podSelector": {}, "policyTypes": [], "egress": [{"to": [{"podSelector": {}}]}]}, "ie"),
        ({"podSelector": {"matchLabels": {"app": "db"}}, "policyTypes": ["Ingress", "Egress"]}, ""),
        ({"podSelector": {"matchExpressions": [{"key": "app", "operator": "In", "values": ["web", "db"]}]}}, "i"),
        ({"podSelector": {"matchExpressions": [{"key": "app", "operator": "DoesNotExist"}]}}, ""),
    ],
)
def test_whom_a_policy_isolates(spec: dict[str, Any], isolated: str) -> None:
    """policyTypes decide, by default Ingress always and Egress if there is an egress rule."""
    ingress, egress = evaluate(spec)

    assert (ingress is not bounds.EVERYTHING) == ("i" in isolated)
    assert (egress is not bounds.EVERYTHING) == ("e" in isolated)


@pytest.mark.parametrize("peers", [{}, {"to": None}, {"to": []}])
def test_absent_and_empty_peers_are_everyone(peers: dict[str, Any]) -> None:
    """No peers mean every pod and every address of both families."""
    assert egress_of_rules([peers], "default").most == flows.reach_of(ALL, [EVERYONE])


@pytest.mark.parametrize("rules", [None, []])
def test_absent_and_empty_rules_allow_nothing(rules: Any) -> None:
    """No rules mean nothing; one empty rule means everything."""
    assert not egress_of_rules(rules, "default").most
    assert not ingress_of_rules(rules, "default").most
    assert egress_of_rules([{}], "default").least == flows.EVERYTHING


@pytest.mark.parametrize(
    ("ports", "points"),
    [
        (None, traffic.EVERY_POINT),
        ([], traffic.EVERY_POINT),
        ([{}], (traffic.span("TCP"),)),
        ([{"protocol": "UDP"}], (traffic.span("UDP"),)),
        ([{"port": 80}], (traffic.span("TCP", 80, 80),)),
        ([{"protocol": "SCTP", "port": 9, "endPort": 9}], (traffic.span("SCTP", 9, 9),)),
        ([{"port": 1, "endPort": 65535}], (traffic.span("TCP"),)),
        ([{"port": 80}, {"port": 81, "endPort": 90}], (traffic.span("TCP", 80, 90),)),
        (
            [{"port": 53, "protocol": "UDP"}, {"port": 53}],
            (traffic.span("TCP", 53, 53), traffic.span("UDP", 53, 53)),
        ),
    ],
)
def test_ports(ports: Any, points: Any) -> None:
    """Absent ports mean every protocol, ICMP included; a protocol alone all of its ports; TCP where none is named."""
    rule = {"to": [{"ipBlock": {"cidr": "10.0.0.0/8"}}], "ports": ports}

    assert egress_of_rules([rule], "default").most == flows.reach_of(
        (parse_cidr("10.0.0.0/8"),), (), traffic.plain(points)
    )


@pytest.mark.parametrize(
    ("peer", "box"),
    [
        ({"podSelector": {}}, label_sets.pods_in("default")),
        ({"podSelector": {"matchLabels": {"a": "1"}}}, label_sets.pods_in("default", label_sets.box_of({"a": "1"}))),
        ({"namespaceSelector": {}}, EVERYONE),
        ({"namespaceSelector": {}, "podSelector": {}}, EVERYONE),
        ({"namespaceSelector": {"matchLabels": {"t": "x"}}}, label_sets.in_namespace(label_sets.box_of({"t": "x"}))),
        (
            {"namespaceSelector": {"matchLabels": {"t": "x"}}, "podSelector": {"matchLabels": {"a": "1"}}},
            (
                *label_sets.in_namespace(label_sets.box_of({"t": "x"})),
                *label_sets.of_pod(label_sets.box_of({"a": "1"})),
            ),
        ),
        (
            {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "data"}}},
            label_sets.pods_in("data"),
        ),
    ],
)
def test_pod_peers(peer: dict[str, Any], box: Any) -> None:
    """A podSelector alone means the policy's own namespace; both in one entry mean both at once."""
    assert egress_of_rules([{"to": [peer]}], "default").most == flows.reach_of((), [box])


def test_two_entries_are_an_or() -> None:
    """The classic mistake: namespaceSelector and podSelector as two entries mean either."""
    peers = [{"namespaceSelector": {"matchLabels": {"t": "x"}}}, {"podSelector": {"matchLabels": {"a": "1"}}}]

    found = ingress_of_rules([{"from": peers}], "default").most

    assert [box for box, _ in found.pods] == [
        label_sets.pods_in("default", label_sets.box_of({"a": "1"})),
        label_sets.in_namespace(label_sets.box_of({"t": "x"})),
    ]


def test_peers_that_select_nothing() -> None:
    """A contradiction in a peer is no error and no pod."""
    never = {"matchLabels": {"a": "1"}, "matchExpressions": [{"key": "a", "operator": "DoesNotExist"}]}

    assert not egress_of_rules([{"to": [{"podSelector": never}]}], "default").most
    assert not egress_of_rules([{"to": [{"podSelector": {}, "namespaceSelector": never}]}], "default").most


def test_except_subtracts_in_its_own_block_only() -> None:
    """Rules add up: what one block leaves out another one may bring back."""
    hole = {"ipBlock": {"cidr": "0.0.0.0/0", "except": ["10.0.0.0/8", "192.168.0.0/16"]}}
    back = {"ipBlock": {"cidr": "192.168.1.0/24"}}

    found = egress_of_rules([{"to": [hole]}, {"to": [back]}], "default").most

    assert not flows.within(to("10.1.2.3/32"), found)
    assert not flows.within(to("192.168.2.0/24"), found)
    assert flows.within(to("192.168.1.0/24", "9.9.9.9/32"), found)


def test_families_are_apart() -> None:
    """0.0.0.0/0 is no IPv6 address."""
    found = egress_of_rules([{"to": [{"ipBlock": {"cidr": "0.0.0.0/0"}}]}], "default").most

    assert [cidrs(members) for members, _ in found.addresses] == [("0.0.0.0/0",)]


def test_host_bits_count_as_older_servers_read_them() -> None:
    """10.1.2.3/8 is 10.0.0.0/8: API servers before 1.36 take and mask it."""
    assert egress_of_rules([{"to": [{"ipBlock": {"cidr": "10.1.2.3/8"}}]}], "default").most == to("10.0.0.0/8")


def test_policies_add_up() -> None:
    """Two policies on one pod allow what either allows; order is nothing."""
    one = {"policyTypes": ["Egress"], "egress": [{"to": [{"ipBlock": {"cidr": "10.0.0.0/8"}}], "ports": [{"port": 1}]}]}
    two = {"policyTypes": ["Egress"], "egress": [{"to": [{"ipBlock": {"cidr": "11.0.0.0/8"}}], "ports": [{"port": 1}]}]}

    _, egress = evaluate(one, two)

    assert egress.most == to("10.0.0.0/7", ports=(("TCP", 1, 1),))
    assert exact(egress)


def test_a_deny_all_beside_an_allow_is_nothing() -> None:
    """A policy without rules takes nothing from another one, and isolates where it stands alone."""
    allow = {"policyTypes": ["Egress"], "egress": [{"to": [{"ipBlock": {"cidr": "10.0.0.0/8"}}]}]}
    deny = {"policyTypes": ["Egress"]}

    assert evaluate(deny)[1] is bounds.NOTHING
    assert evaluate(deny, allow)[1].most == to("10.0.0.0/8")


def test_other_namespaces_are_not_selected() -> None:
    """A policy selects pods of its own namespace only."""
    found = read_policies([policy("p", {"policyTypes": ["Egress"]}, namespace="other")])

    assert Evaluator(found).egress(WEB) is bounds.EVERYTHING
    assert Evaluator(found).egress(Subject("other")) is bounds.NOTHING


def test_objects_without_a_namespace_lie_in_the_given_one() -> None:
    """Charts leave the namespace to helm."""
    document = policy("p", {"policyTypes": ["Egress"]})
    del document["metadata"]["namespace"]

    assert Evaluator(read_policies([document], namespace="mcp")).egress(Subject("mcp")) is bounds.NOTHING


MAYBE = {"podSelector": {"matchLabels": {"tier": "x"}}, "policyTypes": ["Egress"]}
OPEN = [{"to": [{"ipBlock": {"cidr": "10.0.0.0/8"}}]}]


def test_a_compatible_selector_counts_for_widening_only() -> None:
    """A policy for tier=x may select some pods of app=web: its rules widen, its isolation is not relied upon."""
    mine = {"podSelector": {"matchLabels": {"app": "web"}}, "policyTypes": ["Egress"], "egress": OPEN}

    _, alone = evaluate({**MAYBE, "egress": OPEN})
    _, beside = evaluate(mine, {**MAYBE, "egress": [{"to": [{"ipBlock": {"cidr": "11.0.0.0/8"}}]}]})

    assert (alone.least, alone.most) == (to("10.0.0.0/8"), flows.EVERYTHING)
    assert (beside.least, beside.most) == (to("10.0.0.0/8"), to("10.0.0.0/7"))


def test_least_of_several_compatible_policies() -> None:
    """With no sure policy, any one of the compatible ones may be alone: at least passes what all of them allow."""
    other = {"podSelector": {"matchLabels": {"track": "y"}}, "policyTypes": ["Egress"]}

    _, found = evaluate(
        {**MAYBE, "egress": OPEN}, {**other, "egress": [{"to": [{"ipBlock": {"cidr": "10.1.0.0/16"}}]}]}
    )

    assert (found.least, found.most) == (to("10.1.0.0/16"), flows.EVERYTHING)


def test_selecting_says_who_and_how_surely() -> None:
    """The policies around a subject, surely or maybe; those that cannot select it are not among them."""
    found = read_policies(
        [
            policy("all", {}),
            policy("maybe", MAYBE),
            policy("mine", {"podSelector": {"matchLabels": {"app": "web"}}}),
            policy("never", {"podSelector": {"matchLabels": {"app": "db"}}}),
        ]
    )

    assert [(one.title, how) for one, how in Evaluator(found).selecting(WEB)] == [
        ("NetworkPolicy default/all", Selects.SURELY),
        ("NetworkPolicy default/maybe", Selects.MAYBE),
        ("NetworkPolicy default/mine", Selects.SURELY),
    ]


NAMED = [{"to": [{"podSelector": {}}, {"ipBlock": {"cidr": "10.0.0.0/8"}}], "ports": [{"port": "http"}, {"port": 9}]}]


def test_named_ports_of_others_are_bounds() -> None:
    """Egress to a named port: at least nothing, at most every port of the protocol; in a block there may be pods."""
    found = egress_of_rules(NAMED, "default")
    peer = [label_sets.pods_in("default")]

    nine = traffic.plain((traffic.span("TCP", 9, 9),))
    assert flows.same(found.least, flows.reach_of((parse_cidr("10.0.0.0/8"),), peer, nine))
    every = flows.reach_of((parse_cidr("10.0.0.0/8"),), peer, traffic.plain((traffic.span("TCP"),)))
    assert flows.same(found.most, flows.union(found.least, every))


def test_named_ports_without_peers_are_of_pods() -> None:
    """A rule for every peer has every pod among them, so outside addresses, which name no port, stay closed."""
    found = egress_of_rules([{"ports": [{"port": "http"}]}], "default")

    assert found.least == flows.NOTHING
    assert flows.same(found.most, flows.reach_of((), [EVERYONE], traffic.plain((traffic.span("TCP"),))))


def test_named_ports_of_the_subject_are_exact() -> None:
    """Ingress to a named port is exact where the ports of the pods are known, absent names included."""
    rules = [{"ports": [{"port": "http"}, {"port": "none"}, {"protocol": "UDP", "port": "http"}]}]
    ports = {("TCP", "http"): (traffic.span("TCP", 80, 80),)}

    found = ingress_of_rules(rules, "default", ports)

    assert found.least is found.most
    assert found.most == flows.reach_of(ALL, [EVERYONE], traffic.plain((traffic.span("TCP", 80, 80),)))


def test_lists_are_read_once_for_each_object_and_content() -> None:
    """Equal lists of rules are one object after reading, and so are the answers."""
    lists = [[{"to": [{"ipBlock": {"cidr": "10.0.0.0/8"}}]}] for _ in range(2)]
    specs = [
        {"podSelector": {"matchLabels": {"app": str(i)}}, "policyTypes": ["Egress"], "egress": one}
        for i, one in enumerate(lists)
    ]
    found = read_policies([policy(f"p{i}", spec) for i, spec in enumerate(specs)])
    evaluator = Evaluator(found)

    first, second = (evaluator.egress(Subject("default", label_sets.box_of({"app": str(i)}))) for i in range(2))

    assert found.policies[0].egress is found.policies[1].egress
    assert first is second


def test_one_and_true_are_not_equal_lists() -> None:
    """Python takes 1 for true; the API does not, and neither do caches."""
    found = read_policies(
        [policy("a", {"egress": [{"ports": [{"port": 1}]}]}), policy("b", {"egress": [{"ports": [{"port": True}]}]})]
    )

    assert [problem.text for problem in found.problems] == [
        "NetworkPolicy default/b: spec.egress[0].ports[0].port is True, not a whole number"
    ]


def test_rules_keep_their_blocks() -> None:
    """Blocks that touch stay apart beside their union: the text format cuts addresses where blocks end."""
    peers = [{"ipBlock": {"cidr": "10.0.0.0/9"}}, {"ipBlock": {"cidr": "10.128.0.0/9"}}]

    (rule,) = read_rules([{"to": peers}], "default", "egress").items

    assert rule.peers.most_addresses == (parse_cidr("10.0.0.0/8"),)
    assert rule.blocks == ((parse_cidr("10.0.0.0/9"),), (parse_cidr("10.128.0.0/9"),))
