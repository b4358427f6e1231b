"""Provider cilium against the engine: planted widenings are seen by both, names by the DNS proxy, an older release."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import yaml

import golden
from cilium.judge import Document, Judge, Question, find_older_cilium
from cilium.named_flows import TITLE, Count, compare, scene
from figures import Figure
from helpers import CLIENT, Raw, planned, rendered
from mcpfence.net.addresses import format_address
from mcpfence.proof.prove import counterexamples, subjects
from mcpfence.providers import provider_of
from mcpfence.reach.evaluation.evaluator import Evaluator
from mcpfence.reach.evaluation.policy_set import read_policies
from reaching.loading import namespace, pod, policy
from tooling import need

CATALOG: Raw = {
    "egress": {"provider": "cilium", "cilium": {"searchDomains": ["corp.example"]}},
    "cluster": {"ipFamilies": ["IPv4", "IPv6"]},
    "clients": CLIENT,
    "servers": {
        "a": {
            "runtime": "containerized",
            "containerizedConfig": {"image": "x", "port": 8080},
            "egress": {
                "domains": ["api.example.com", {"name": "*.example.net", "ports": [443, 8443]}],
                "cidrs": [{"cidr": "10.20.0.0/16", "ports": [5432]}],
            },
        }
    },
}
SPACE = "demo-mcp"
SERVER = f"{SPACE}/server"
RESOLVER = "kube-system/resolver"


def documents() -> list[Document]:
    """What is rendered, with a pod of the server and one of the resolver."""
    policies = [yaml.safe_load(item.text) for item in rendered(CATALOG).objects if item.kind.endswith("Policy")]
    pods = [
        pod("server", {"app": "a"}, namespace=SPACE),
        pod("resolver", {"k8s-app": "kube-dns"}, namespace="kube-system"),
    ]
    return [namespace(SPACE), namespace("kube-system"), *pods, *policies]


@pytest.fixture(scope="module")
def older() -> Iterator[Judge]:
    """The engine of the oldest release that is supported."""
    running = Judge(need(find_older_cilium))
    yield running
    running.close()


def spec_of(found: list[Document]) -> Any:
    """The spec of the CiliumNetworkPolicy."""
    return next(one["spec"] for one in found if one["kind"] == "CiliumNetworkPolicy")


def names_rule(found: list[Document]) -> Any:
    """The first rule for names."""
    return next(rule for rule in spec_of(found)["egress"] if "toFQDNs" in rule)


def planted(name: str, change: Callable[[list[Document]], None]) -> Any:
    """One widening."""
    return pytest.param(change, id=name)


def _foreign(found: list[Document], spec: Document) -> None:
    found.append(policy("foreign", {"podSelector": {}, "policyTypes": ["Egress"], **spec}, namespace=SPACE))


WIDENINGS = [
    planted("the blocked ranges are not denied", lambda found: spec_of(found).pop("egressDeny")),
    planted("a listed range is open on every port", lambda found: spec_of(found)["egressDeny"].pop()),
    planted(
        "one blocked range is missing",
        lambda found: spec_of(found)["egressDeny"][0].update(
            toCIDRSet=[
                one for one in spec_of(found)["egressDeny"][0]["toCIDRSet"] if not one["cidr"].startswith("169.254")
            ]
        ),
    ),
    planted(
        "an except is too wide",
        lambda found: next(
            one for one in spec_of(found)["egressDeny"][0]["toCIDRSet"] if one["cidr"] == "10.0.0.0/8"
        ).update({"except": ["10.16.0.0/12"]}),
    ),
    planted("no names, so anywhere", lambda found: names_rule(found).update(toFQDNs=[])),
    planted("no ports, so every port", lambda found: names_rule(found).update(toPorts=[])),
    planted("port 0", lambda found: names_rule(found)["toPorts"][0]["ports"][0].update(port="0")),
    planted("one port more", lambda found: names_rule(found)["toPorts"][0]["ports"][0].update(port="443", endPort=444)),
    planted("no protocol", lambda found: names_rule(found)["toPorts"][0]["ports"][0].pop("protocol")),
    planted("one name more", lambda found: names_rule(found)["toFQDNs"].append({"matchName": "evil.test"})),
    planted(
        "a name becomes a pattern", lambda found: names_rule(found).update(toFQDNs=[{"matchPattern": "**.example.com"}])
    ),
    planted("the world", lambda found: spec_of(found)["egress"].append({"toEntities": ["world"]})),
    planted(
        "another policy opens a public block",
        lambda found: _foreign(found, {"egress": [{"to": [{"ipBlock": {"cidr": "8.8.8.0/24"}}]}]}),
    ),
]


@pytest.mark.parametrize("change", WIDENINGS)
def test_planted_widenings_are_seen_by_both(judge: Judge, change: Callable[[list[Document]], None]) -> None:
    """The flow by which the proof says that more passes than the catalog grants passes the engine, and did not before."""
    before = documents()
    after = copy.deepcopy(before)
    change(after)
    fence = planned(CATALOG)["server a"]
    subject = subjects(fence)[0]
    assert list(counterexamples(fence, subject, Evaluator(read_policies(before)))) == []

    found = next(one for one in counterexamples(fence, subject, Evaluator(read_policies(after))) if one.wider).packet

    assert found.address is not None
    assert found.port is not None
    question = Question((SERVER,), (format_address(found.address),), ((found.protocol, found.port),), found.name)
    assert judge.ask(before, question)[0].verdicts == "i"
    assert judge.ask(after, question)[0].verdicts == "a"


LOOKUPS = {
    "api.example.com": "y",
    "API.Example.COM.": "y",
    "api.example.com.demo-mcp.svc.cluster.local": "y",
    "api.example.com.svc.cluster.local": "y",
    "api.example.com.cluster.local": "y",
    "api.example.com.corp.example": "y",
    "a.example.net": "y",
    "c.b.a.example.net": "y",
    "a.example.net.svc.cluster.local": "y",
    "example.net": "r",
    "example.com": "r",
    "x.api.example.com": "r",
    "evil.test": "r",
    "secret.evil.test": "r",
    "redis.data.svc.cluster.local": "r",
    "api.example.com.evil.test": "r",
    "xapi.example.com": "r",
}


def test_the_proxy_passes_granted_names_alone(judge: Judge) -> None:
    """Each name and what resolvers put behind it; no other, so nothing leaves in questions."""
    question = Question((SERVER,), (RESOLVER,), (("UDP", 53), ("TCP", 53)), lookups=tuple(LOOKUPS))

    assert judge.ask(documents(), question)[0].lookups == "".join(LOOKUPS.values()) * 2


@pytest.mark.parametrize(
    ("egress", "letters"),
    [
        pytest.param({"services": [{"name": "r", "podSelector": {"app": "r"}, "ports": [1]}]}, "yyr", id="a service"),
        pytest.param({"default": "internet"}, "yyy", id="the stance internet"),
        pytest.param({"cidrs": [{"cidr": "10.20.0.0/16", "ports": [5432]}], "dns": True}, "yyr", id="dns alone"),
        pytest.param({"cidrs": [{"cidr": "10.20.0.0/16", "ports": [5432]}]}, "nnn", id="addresses alone"),
    ],
)
def test_other_servers_ask_for_what_they_need(judge: Judge, egress: Raw, letters: str) -> None:
    """Who reaches pods may ask for the cluster's names, `internet` for every name, and who asks for nothing for none."""
    raw = {**CATALOG, "servers": {"a": {**CATALOG["servers"]["a"], "egress": egress}}}
    policies = [yaml.safe_load(item.text) for item in rendered(raw).objects if item.kind.endswith("Policy")]
    names = ("r.demo-mcp.svc.cluster.local", "r.demo-mcp.cluster.local", "api.example.com")
    question = Question((SERVER,), (RESOLVER,), (("UDP", 53),), lookups=names)

    assert judge.ask([*documents()[:4], *policies], question)[0].lookups == letters


def test_the_example_on_both_releases(judge: Judge, older: Judge, figure: Figure) -> None:
    """The example of the provider means the same to the newest release and to the oldest one that is supported."""
    own = [
        yaml.safe_load(item.text) for item in golden.rendering_of("cilium")[0].objects if item.kind.endswith("Policy")
    ]
    for name, engine in (("example, 1.20", judge), ("example, 1.19", older)):
        count = Count()
        for number in range(4):
            compare(engine, name, scene(own, seed=number), count, seed=number)
        for row in count.rows(name):
            figure(TITLE, row)

        assert count.disagreements == []
        assert count.allowed


def test_wildcards_are_any_depth_on_both_releases(judge: Judge, older: Judge) -> None:
    """From 1.19 on `**.x` is one or more labels below x; before it was one, which is why it is refused there."""
    asked = [
        Question((SERVER,), ("8.8.8.8",), (("TCP", 443),), name)
        for name in ("example.net", "a.example.net", "c.b.a.example.net")
    ]
    for engine in (judge, older):
        assert [one.verdicts for one in engine.ask(documents(), *asked)] == ["i", "a", "a"]


def test_every_granted_kind_has_its_object() -> None:
    """The NetworkPolicy leaves DNS to the CiliumNetworkPolicy, and only that."""
    assert provider_of("cilium").takes == {"dns"}
    found = {one["metadata"]["name"]: one["spec"] for one in documents()[4:]}
    assert [rule["to"] for rule in found["mcp-server-a-egress"]["egress"]] == [[{"ipBlock": {"cidr": "10.20.0.0/16"}}]]
