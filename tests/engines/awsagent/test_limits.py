"""What the agent does that the API does not say, shown one by one: why eks refuses entries and takes blocks apart."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from awsagent.comparing import Nameless
from awsagent.judge import Agent
from cilium.judge import Document, Question
from mcpfence.providers.eks.advice import MOST_ENTRIES
from reaching.loading import pod, policy

ONE = ("default/one",)


def around(*rules: Any) -> list[Document]:
    """A pod, and its policy with these egress rules."""
    spec = {"podSelector": {"matchLabels": {"app": "one"}}, "policyTypes": ["Egress"], "egress": list(rules)}
    return [pod("one", {"app": "one"}), policy("it", spec)]


def rule(cidr: str, *ports: int, excepts: tuple[str, ...] = ()) -> Document:
    """A rule for a block."""
    block = {"cidr": cidr, **({"except": list(excepts)} if excepts else {})}
    return {"to": [{"ipBlock": block}], "ports": [{"protocol": "TCP", "port": port} for port in ports]}


def open_ports(judge: Agent, documents: list[Document], address: str, ports: Iterable[int]) -> int:
    """On how many of the ports the agent lets the pod reach an address."""
    question = Question(ONE, (address,), tuple(("TCP", port) for port in ports))
    return judge.ask(documents, question)[0].verdicts.count("a")


def test_entries_beyond_twenty_four_are_dropped(agent: Agent) -> None:
    """As many as it holds are kept, and of one more some entry is lost: here by two blocks that cover one address."""
    ports = range(1000, 1000 + MOST_ENTRIES)
    full = rule("10.1.0.0/16", *ports)

    assert open_ports(agent, around(full), "10.1.2.3", ports) == MOST_ENTRIES

    more = around(full, rule("10.1.2.0/24", 2000))
    assert open_ports(agent, more, "10.1.9.9", ports) == MOST_ENTRIES
    # In one question: each is a translation of its own, and which entry is lost is different each time.
    assert open_ports(agent, more, "10.1.2.3", (*ports, 2000)) == MOST_ENTRIES


def test_an_except_cuts_other_blocks(agent: Agent) -> None:
    """What another rule opens around an except is closed inside of it; prefixes without excepts are exact."""
    excepted = rule("10.1.0.0/16", 443, excepts=("10.1.2.0/24",))
    documents = around(excepted, rule("10.1.0.0/16", 80))
    question = Question(ONE, ("10.1.2.3", "10.1.3.3"), (("TCP", 80), ("TCP", 443)))

    assert Nameless(documents).verdicts(question) == "aiaa"
    assert agent.ask(documents, question)[0].verdicts == "iiaa"

    apart = [rule(cidr, 443) for cidr in ("10.1.0.0/23", "10.1.3.0/24", "10.1.4.0/22", "10.1.8.0/21", "10.1.128.0/17")]
    documents = around(*apart, rule("10.1.0.0/16", 80))
    assert agent.ask(documents, question)[0].verdicts == Nameless(documents).verdicts(question) == "aiaa"


def test_families_stand_apart(agent: Agent) -> None:
    """A block of IPv4 says nothing of IPv6, and the other way round."""
    documents = around(rule("0.0.0.0/0", 443), rule("2000::/3", 80))
    question = Question(ONE, ("8.8.8.8", "2606:4700::1"), (("TCP", 443), ("TCP", 80)))

    assert agent.ask(documents, question)[0].verdicts == Nameless(documents).verdicts(question) == "aiia"


def test_a_pod_without_policies_is_open_and_one_without_rules_is_not(agent: Agent) -> None:
    """Isolation without any rule is closed."""
    question = Question(ONE, ("8.8.8.8",), (("TCP", 443),))

    assert agent.ask(around()[:1], question)[0].verdicts == "a"
    assert agent.ask(around(), question)[0].verdicts == "i"
