"""Calico's policies in front of NetworkPolicies: what packets do under Felix is what `mcpfence.reach` says.

Felix of open source Calico knows no names: blocks of addresses stand for them (`packets.calico`), so order, tiers, denied
ranges, selectors and ports are judged here, and how a name is learned is not.
"""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

from figures import Figure
from packet_api import CALICO_VERSION
from packet_world import Pod, Probe, World
from packets.calico import calico_scene, edges_of_names, with_names
from packets.cast import dice
from packets.judge import Judge
from packets.plan import plan
from packets.play import check_baseline, compare, enforce, heading, patiently, stage
from packets.scenes import random_catalogs

TITLE = "real packets under Calico's own policies (open/closed by kind of edge)"
CATALOGS, SECONDS = 12, 60.0
"""So many random catalogs at most, and no new one after so many seconds."""

CATALOG: dict[str, Any] = {
    "cluster": {"ipFamilies": ["IPv4", "IPv6"]},
    "clients": {"gateway": {"namespace": "gateways", "podSelector": {"app": "gateway"}}},
    "servers": {
        "named": {
            "runtime": "containerized",
            "containerizedConfig": {"image": "x", "port": 8081},
            "egress": {
                "domains": ["api.example.com", {"name": "*.example.net", "ports": [443, "8443-8445"]}],
                "cidrs": [
                    {"cidr": "10.20.0.0/16", "except": ["10.20.8.0/24"], "ports": [5432]},
                    {"cidr": "203.0.113.0/24", "ports": ["443-444", "4433/UDP"]},
                    {"cidr": "2606:4700::/32", "ports": [443]},
                ],
                "services": [{"name": "redis", "namespace": "data", "podSelector": {"app": "redis"}, "ports": [6379]}],
            },
        },
        "closed": {"runtime": "containerized", "egress": {"denyAllEgress": True}},
        "browser": {"runtime": "containerized", "egress": {"default": "internet"}},
    },
}


def test_catalogs(world: World, figure: Figure) -> None:
    """A catalog with everything, and random ones, as many as fit into a minute."""
    began = time.monotonic()
    figure(TITLE, heading())
    for number, raw in enumerate([CATALOG, *map(with_names, random_catalogs(CATALOGS))]):
        if number and time.monotonic() - began > SECONDS:
            break
        found = calico_scene(f"calico {number:02}", with_names(raw))
        pods = stage(world, found)
        judge = Judge(found.judged)
        aims = plan(world, pods, [*found.policies, *edges_of_names(found)], judge, dice(found.name))
        check_baseline(world, [aim.probe for aim in aims])
        enforce(world, found)
        tally = compare(world, found.name, aims, judge)
        figure(TITLE, tally.line())
        assert not tally.disagreements, "\n".join(tally.disagreements[:30])
        assert tally.probes


# --- what policies of others do to ours ---


def policy(name: str, spec: dict[str, Any]) -> dict[str, Any]:
    """A policy of Calico's for the pods app=x of namespace facts, as it is stored."""
    whole = {"selector": "app == 'x'", "order": 500, "types": ["Egress"], **spec}
    metadata = {"name": f"default.{name}", "namespace": "facts"}
    return {
        "apiVersion": CALICO_VERSION,
        "kind": "NetworkPolicy",
        "metadata": metadata,
        "spec": {k: v for k, v in whole.items() if v is not None},
    }


def core(egress: list[Any]) -> dict[str, Any]:
    """A NetworkPolicy of Kubernetes for the same pods."""
    spec = {"podSelector": {"matchLabels": {"app": "x"}}, "policyTypes": ["Egress"], "egress": egress}
    metadata = {"name": "core", "namespace": "facts"}
    return {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": metadata, "spec": spec}


def web(**destination: Any) -> dict[str, Any]:
    """A rule that allows TCP 443."""
    return {"action": "Allow", "protocol": "TCP", "destination": {"ports": [443], **destination}}


DENY = {"action": "Deny"}
ONE = [{"to": [{"ipBlock": {"cidr": "1.1.1.1/32"}}], "ports": [{"protocol": "TCP", "port": 443}]}]
EIGHT = web(nets=["8.8.8.8/32"])
SCENES: dict[str, list[dict[str, Any]]] = {
    "a deny at 500 closes what a NetworkPolicy allows": [core(ONE), policy("p", {"egress": [EIGHT, DENY]})],
    "without it both allow": [core(ONE), policy("p", {"egress": [EIGHT]})],
    "an allow at 2000 opens what a NetworkPolicy isolates": [core([]), policy("p", {"order": 2000, "egress": [EIGHT]})],
    "and so does one without order": [core([]), policy("p", {"order": None, "egress": [EIGHT]})],
    "a deny at 2000 takes nothing": [core(ONE), policy("p", {"order": 2000, "egress": [DENY]})],
    "equal orders go by name": [policy("a", {"egress": [EIGHT]}), policy("b", {"egress": [DENY]})],
    "the other way round": [policy("b", {"egress": [EIGHT]}), policy("a", {"egress": [DENY]})],
    "empty egress is the end of the tier": [core(ONE), policy("p", {"egress": []})],
    "names that were dropped open everything": [core([]), policy("p", {"egress": [web(), DENY]})],
    "a denied block before an allowed one": [
        policy("p", {"egress": [{"action": "Deny", "destination": {"nets": ["8.0.0.0/8"]}}, web(), DENY]})
    ],
    "nets without some": [policy("p", {"egress": [web(nets=["0.0.0.0/0"], notNets=["8.0.0.0/8"]), DENY]})],
    "a range of ports": [policy("p", {"egress": [web(nets=["1.1.1.1/32"], ports=["80:443"]), DENY]})],
    "a selector means the own namespace": [policy("p", {"egress": [web(selector="app == 'peer'"), DENY]})],
    "another namespace by its name": [
        policy(
            "p",
            {"egress": [web(selector="app == 'peer'", namespaceSelector="projectcalico.org/name == 'other'"), DENY]},
        )
    ],
    "pods alone": [
        policy(
            "p",
            {
                "egress": [
                    web(
                        selector="projectcalico.org/orchestrator == 'k8s' && app in {'peer', 'y'}",
                        namespaceSelector="all()",
                    ),
                    DENY,
                ]
            },
        )
    ],
    "not in, has, brackets": [
        policy("p", {"egress": [web(selector="!(app not in {'peer'}) && has(app)", namespaceSelector="all()"), DENY]})
    ],
    "types by default": [policy("p", {"types": None, "egress": [EIGHT]})],
    "logs and passes": [
        core([]),
        policy("p", {"egress": [{"action": "Log"}, {**EIGHT, "action": "Pass"}, web(nets=["1.1.1.1/32"]), DENY]}),
    ],
}


@pytest.fixture(scope="module")
def facts(world: World) -> list[Probe]:
    """Packets of one pod to addresses and to pods of two namespaces."""
    world.clear()
    for name in ("facts", "other"):
        world.label_namespace(name)
    x = world.pod("facts", "x", {"app": "x"})
    peers = [world.pod(namespace, "peer", {"app": "peer"}) for namespace in ("facts", "other")]
    world.settle()
    outside = [
        Probe(x, x.addresses[":" in address], world.outside, address, "TCP", port)
        for address in ("1.1.1.1", "8.8.8.8", "169.254.169.254", "10.0.0.1", "2606:4700::1111")
        for port in (80, 443, 444)
    ]
    inside = [
        Probe(x, ours, peer, theirs, "TCP", 443)
        for peer in peers
        for ours, theirs in zip(x.addresses, peer.addresses, strict=True)
    ]
    probes = [*outside, *inside]
    assert all(isinstance(probe.source, Pod) for probe in probes)
    check_baseline(world, probes)
    return probes


@pytest.mark.parametrize("title", SCENES)
def test_facts(world: World, facts: list[Probe], title: str) -> None:
    """What the reader says of Calico's policies beside NetworkPolicies, each sentence with packets."""
    world.clear()
    for document in SCENES[title]:
        world.apply(json.dumps(document))
    world.settle()
    judge = Judge(SCENES[title])
    verdicts = [judge.allows(probe) for probe in facts]
    results = patiently(world, facts, verdicts)

    assert {verdict for verdict in verdicts if verdict is not None}
    for probe, verdict, result in zip(facts, verdicts, results, strict=True):
        if verdict is not None:
            assert verdict == result.open, (title, probe.address, probe.port, verdict, result.word)


def test_a_malformed_selector_is_ignored(world: World, facts: list[Probe]) -> None:
    """It is stored, and Felix drops the policy: the reader says that anything may pass, which is no less than that."""
    world.clear()
    world.apply(json.dumps(policy("p", {"selector": "app = 'x'", "egress": [DENY]})))
    world.settle()

    assert all(result.open for result in patiently(world, facts, [True] * len(facts)))
