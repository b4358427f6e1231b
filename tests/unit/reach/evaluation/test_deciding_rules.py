"""Which policy and rule decide on one packet."""

from __future__ import annotations

from mcpfence.net.addresses import parse_address
from mcpfence.reach.evaluation.deciding_rules import Decision, deciding_rules
from mcpfence.reach.evaluation.evaluator import Evaluator, Subject
from mcpfence.reach.evaluation.policy_set import read_policies
from mcpfence.reach.flows import label_sets
from mcpfence.reach.flows.flows import Packet
from reaching.loading import firewall, policy, rule

WEB = Subject("default", label_sets.box_of({"app": "web"}))
PACKET = Packet(address=parse_address("10.1.1.1"), protocol="TCP", port=443, name="x.test")


def egress(*cidrs: str) -> dict[str, object]:
    """A spec with one rule for each block."""
    rules = [{"to": [{"ipBlock": {"cidr": cidr}}]} for cidr in cidrs]
    return {"policyTypes": ["Egress"], "egress": rules}


def evaluator(*documents: object) -> Evaluator:
    """An evaluator of some documents."""
    return Evaluator(read_policies(documents))


def test_every_rule_that_allows_is_named() -> None:
    """Several rules and policies may allow one packet; whoever closes one must close all."""
    found = evaluator(
        policy("a", egress("11.0.0.0/8", "10.0.0.0/8")), policy("b", egress("10.1.0.0/16")), policy("c", {})
    )

    decisions = deciding_rules(found, WEB, "egress", PACKET)

    assert [decision.text for decision in decisions] == [
        "NetworkPolicy default/a spec.egress[1]",
        "NetworkPolicy default/b spec.egress[0]",
    ]
    assert all(decision.allows and decision.sure for decision in decisions)


def test_policies_that_deny_are_named_where_none_allows() -> None:
    """Nothing allows it, so those that isolate the pods deny it."""
    found = evaluator(policy("a", egress("11.0.0.0/8")), policy("b", egress()), policy("c", {}))

    assert deciding_rules(found, WEB, "egress", PACKET) == (
        Decision("NetworkPolicy default/a", "", allows=False, sure=True),
        Decision("NetworkPolicy default/b", "", allows=False, sure=True),
    )


def test_without_policies_nobody_decides() -> None:
    """No policy speaks of the pods in this direction: everything passes."""
    assert deciding_rules(evaluator(policy("c", {})), WEB, "egress", PACKET) == ()


def test_what_only_may_select_or_cannot_be_read() -> None:
    """A compatible policy and an unreadable one may let it through, and it is not sure."""
    maybe = {"podSelector": {"matchLabels": {"tier": "x"}}, **egress("10.0.0.0/8")}
    found = evaluator(policy("maybe", maybe), policy("bad", {"policyTypes": ["Egress"], "egress": [{"to": [{}]}]}))

    assert deciding_rules(found, WEB, "egress", PACKET) == (
        Decision("NetworkPolicy default/bad", "", allows=True, sure=False),
        Decision("NetworkPolicy default/maybe", "spec.egress[0]", allows=True, sure=False),
    )


def test_named_ports_may_allow() -> None:
    """A named port of another pod can be any port."""
    spec = {"policyTypes": ["Egress"], "egress": [{"to": [{"podSelector": {}}], "ports": [{"port": "http"}]}]}
    packet = Packet(namespace=((label_sets.NAMESPACE_NAME, "default"),), protocol="TCP", port=8080)

    (decision,) = deciding_rules(evaluator(policy("a", spec)), WEB, "egress", packet)

    assert decision.text == "NetworkPolicy default/a spec.egress[0]"


GROUPS = [{"name": "net", "selectors": [{"cidr": "10.0.0.0/8"}]}, {"name": "any", "selectors": [{"cidr": "0.0.0.0/0"}]}]
WEB_GROUPS = [{"name": "names", "domains": ["x.test"]}]


def test_the_first_rule_of_a_firewall_that_matches() -> None:
    """Rules of other pods, other names and other addresses are passed over."""
    rules = [
        rule("others", "deny", "any", selector={"matchLabels": {"app": "db"}}),
        rule("udp", "deny", "any", protocol="udp"),
        rule("named", "permit", "net", protocol="tcp", port=443, web="names"),
        rule("deny", "deny", "any"),
    ]
    found = evaluator(firewall("w", {"smartGroups": GROUPS, "webGroups": WEB_GROUPS, "rules": rules}))
    nameless = Packet(address=PACKET.address, protocol="TCP", port=443)

    assert [one.text for one in deciding_rules(found, WEB, "egress", PACKET, "gateway")] == [
        "FirewallPolicy default/w spec.rules[2] named"
    ]
    assert deciding_rules(found, WEB, "egress", nameless, "gateway") == (
        Decision("FirewallPolicy default/w", "spec.rules[3] deny", allows=False, sure=True),
    )


def test_rules_that_may_match_stand_before_the_one_that_does() -> None:
    """What is not sure leaves the next rule to decide as well; an unreadable policy may do anything."""
    rules = [rule("maybe", "deny", "net", selector={"service": "web"}), rule("sure", "permit", "any")]
    found = evaluator(
        firewall("bad", {"rules": [{}]}),
        firewall("w", {"smartGroups": GROUPS, "rules": rules}),
        firewall("x", {"rules": []}),
    )

    assert [(one.field, one.allows, one.sure) for one in deciding_rules(found, WEB, "egress", PACKET, "gateway")] == [
        ("", True, False),
        ("spec.rules[0] maybe", False, False),
        ("spec.rules[1] sure", True, True),
    ]
