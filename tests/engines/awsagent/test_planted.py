"""Widenings that are planted in what eks renders: the proof sees each, and the agent lets the flow through."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest

from awsagent.comparing import AgentTally, Nameless, compare
from awsagent.judge import Agent
from cilium.judge import Document, Question, Refused
from helpers import NAMESPACE, RELEASE, Raw, catalog, objects
from mcpfence.check.audit import audit
from mcpfence.kube.services import index
from mcpfence.reach.engines.eks import rules as reader
from reaching.loading import pod

RAW: Raw = catalog(
    {
        "a": {
            "runtime": "containerized",
            "egress": {
                "domains": ["api.example.com"],
                "cidrs": [
                    {"cidr": "10.1.0.0/16", "except": ["10.1.2.0/24"], "ports": [5432]},
                    {"cidr": "8.8.0.0/16", "ports": ["8000-8010"]},
                ],
            },
        }
    },
    cluster={"profile": "eks", "ipFamilies": ["IPv4"], "cidrs": {"pods": ["10.250.0.0/16"]}},
    dns={"clusterIP": ["10.200.0.10"]},
    egress={"provider": "eks"},
)
ME = "demo-mcp/me"
HERE = pod("me", {"app": "a"}, namespace="demo-mcp")
"""A pod of the server."""


def manifests() -> list[Document]:
    """What eks renders for the server: its policies of both kinds."""
    return [one for one in objects(RAW).values() if one["kind"] != "ConfigMap"]


def edited(edit: Callable[[list[Any], list[Any]], None]) -> list[Document]:
    """The same with the egress rules of its ApplicationNetworkPolicy and of its NetworkPolicy edited."""
    found = copy.deepcopy(manifests())
    lists = [one["spec"]["egress"] for one in found if "egress" in one["spec"]]
    edit(*lists)
    return found


def set_end(rule: Any, last: int) -> None:
    """Widen the range of a rule."""
    rule["ports"][0]["endPort"] = last


HTTPS = [{"protocol": "TCP", "port": 443}]
PLANTED: dict[str, tuple[Callable[[Any, Any], None], str, tuple[str, int]]] = {
    "no except": (lambda _, rules: rules[1]["to"][0]["ipBlock"].pop("except"), "10.1.2.7", ("TCP", 5432)),
    "a port more": (lambda _, rules: set_end(rules[2], 8011), "8.8.1.1", ("TCP", 8011)),
    "no ports": (lambda _, rules: rules[2].pop("ports"), "8.8.1.1", ("UDP", 53)),
    "a wider block": (lambda _, rules: rules[2]["to"][0]["ipBlock"].update(cidr="8.0.0.0/8"), "8.9.0.1", ("TCP", 8000)),
    "a rule for all": (lambda _, rules: rules.append({}), "1.1.1.1", ("TCP", 443)),
    "all of IPv4 beside names": (
        lambda rules, _: rules[1]["to"].append({"ipBlock": {"cidr": "0.0.0.0/0"}}),
        "169.254.169.254",
        ("TCP", 443),
    ),
    "names without names": (
        lambda rules, _: rules[1].update(to=[{"ipBlock": {"cidr": "0.0.0.0/0"}}]),
        "1.1.1.1",
        ("TCP", 443),
    ),
    "the resolver on every port": (lambda rules, _: rules[0].pop("ports"), "10.200.0.10", ("TCP", 443)),
    "host bits": (
        lambda rules, _: rules.append({"to": [{"ipBlock": {"cidr": "10.9.9.9/8"}}], "ports": HTTPS}),
        "10.0.0.1",
        ("TCP", 443),
    ),
}


@pytest.mark.parametrize("fault", PLANTED)
def test_it_is_seen_by_both(agent: Agent, fault: str) -> None:
    """The agent lets through what it denied before, and the proof has it as wider than the catalog."""
    edit, address, point = PLANTED[fault]
    question = Question((ME,), (address,), (point,))
    whole, wider = [HERE, *manifests()], edited(edit)

    assert agent.ask(whole, question)[0].verdicts == Nameless(whole).verdicts(question) == "i"
    assert agent.ask([HERE, *wider], question)[0].verdicts == "a"
    assert "proof-wider" in found(wider)


NAMES: dict[str, Callable[[Any, Any], None]] = {
    "a name more": lambda rules, _: rules[1]["to"][0]["domainNames"].append("evil.example"),
    "a wildcard": lambda rules, _: rules[1]["to"][0].update(domainNames=["*.example.com"]),
    "names on every port": lambda rules, _: rules[1].pop("ports"),
    "names on a port by its name": lambda rules, _: rules[1].update(ports=[{"port": "https"}]),
    "a rule without peers": lambda rules, _: rules[1].pop("to"),
    "an empty peer": lambda rules, _: rules[1].update(to=[{}]),
}


@pytest.mark.parametrize("fault", NAMES)
def test_what_no_agent_judges_is_seen_by_the_proof(fault: str) -> None:
    """Names, and what the API server takes without a word."""
    assert "proof-wider" in found(edited(NAMES[fault]))


def test_as_rendered_nothing_is_found() -> None:
    """The manifests as they are: nothing wider, nothing narrower."""
    assert found(manifests()) == set()


def found(documents: list[Document]) -> set[str]:
    """What the proof says of these manifests."""
    said = audit(RAW, documents, release=RELEASE, namespace=NAMESPACE, services=index([], NAMESPACE))
    return {one.id for one in said if one.id.startswith("proof")}


def test_faulty_reader_disagrees(agent: Agent, monkeypatch: pytest.MonkeyPatch) -> None:
    """A reader that overlooks excepts says something else than the agent, and not before it is broken."""

    def compared() -> int:
        tally = AgentTally()
        rule = {"to": [{"ipBlock": {"cidr": "10.4.0.0/16", "except": ["10.4.4.0/24"]}}], "ports": HTTPS}
        wider = edited(lambda rules, _: rules.append(rule))
        compare(agent, "", [HERE, *wider], tally)
        return tally.wrong

    assert compared() == 0

    real = reader._block
    monkeypatch.setattr(reader, "_block", lambda value, place: real({"cidr": value["cidr"]}, place))

    assert compared() > 0


@pytest.mark.parametrize(
    ("document", "reason"),
    [
        ({"egress": [{"to": [], "ports": HTTPS}]}, "spec.egress[0] has no peers, and what it means is not stated"),
        ({"more": 1}, 'unknown field "spec.more"'),
        ({"policyTypes": []}, "has no policyTypes"),
    ],
)
def test_refusals(agent: Agent, document: Document, reason: str) -> None:
    """What nobody states is not judged, and the next request is."""
    spec = {"podSelector": {}, "policyTypes": ["Egress"], **document}
    metadata = {"name": "x", "namespace": "demo-mcp"}
    api = {"apiVersion": "networking.k8s.aws/v1alpha1", "kind": "ApplicationNetworkPolicy"}

    with pytest.raises(Refused) as refused:
        agent.ask([HERE, {**api, "metadata": metadata, "spec": spec}])

    assert str(refused.value) == f"ApplicationNetworkPolicy demo-mcp/x: {reason}"
    assert agent.ask([HERE], Question((ME,), ("8.8.8.8",), (("TCP", 443),)))[0].verdicts == "a"
