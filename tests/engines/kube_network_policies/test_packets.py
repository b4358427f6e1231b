"""Real packets through kube-network-policies: names open when they were resolved, and nothing else does."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import pytest
import yaml

from cilium.judge import Document, Question
from figures import Figure
from helpers import NAMESPACE, RELEASE, Raw, one_egress
from mcpfence.kube.services import index
from mcpfence.render.pipeline import render
from packets import needs
from reaching.loading import namespace
from tiers.judge import find_kube_network_policies
from tiers.reached import Reached
from tiers.wire import Wire
from tooling import need

pytestmark = [pytest.mark.lab, pytest.mark.xdist_group("tiers-packets")]
TITLE = "ClusterNetworkPolicy: packets through kube-network-policies and reach"

SERVICE = {"name": "cache", "namespace": "data", "podSelector": {"app": "redis"}, "ports": [6379]}
RAW: Raw = one_egress(
    domains=["api.example.com", {"name": "*.example.net", "ports": [8443]}],
    cidrs=[{"cidr": "10.20.0.0/16", "ports": [5432]}, {"cidr": "2001:db8:20::/48", "ports": [5432]}],
    services=[SERVICE],
) | {
    "cluster": {"ipFamilies": ["IPv4", "IPv6"]},
    "egress": {"provider": "clusternetworkpolicy"},
    "clients": {"gateway": {"namespace": "gateways", "podSelector": {"app": "gateway"}}},
}
NAMES = {
    "api.example.com": ["1.2.3.7", "2a00:1::7", "10.66.0.7", "169.254.169.254", "127.0.0.1"],
    "a.example.net": ["1.2.3.8", "2a00:1::8"],
    "b.a.example.net": ["1.2.3.9"],
    "example.net": ["1.2.3.10"],
    "sub.api.example.com": ["1.2.3.11"],
    "elsewhere.example.org": ["1.2.3.12", "2a00:1::12"],
}
UNNAMED = (
    "198.51.100.1",
    "10.20.0.0",
    "10.20.255.255",
    "10.21.0.0",
    "10.19.255.255",
    "2001:db8:20::1",
    "2001:db8:21::1",
)
PORTS = (80, 443, 444, 5431, 5432, 6379, 8443)
SERVER = "demo-mcp/a"
LABELS = {SERVER: {"app": "a"}, "data/redis": {"app": "redis"}, "evil/redis": {"app": "redis"}}
CALLERS = {"gateways/gateway": {"app": "gateway"}, "gateways/other": {"app": "other"}}
SERVER_PORTS = (8099, 8100)


class Flow(NamedTuple):
    """One packet to try, and the name that its address was resolved from."""

    source: str
    target: str
    port: int
    name: str = ""


@pytest.fixture(scope="module")
def wire(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Wire]:
    """The network, with everybody in it."""
    need(needs.machine)
    need(needs.queues)
    program = need(find_kube_network_policies)
    with Wire(program, tmp_path_factory.mktemp("tiers") / "engine.log") as made:
        for title, labels in (LABELS | CALLERS).items():
            space, _, name = title.partition("/")
            made.pod(space, name, labels)
        resolver = made.pod("kube-system", "dns", {"k8s-app": "kube-dns"})
        made.serve_names(resolver, NAMES)
        yield made


def policies(change: Callable[[list[Document]], object] = bool) -> list[Document]:
    """What the catalog renders to, of policies, and an edit of it."""
    found = render(RAW, release=RELEASE, namespace=NAMESPACE, services=index([], NAMESPACE))
    every = [yaml.load(item.text, Loader=yaml.CSafeLoader) for item in found.objects]
    kept = [one for one in every if one["kind"] in ("NetworkPolicy", "ClusterNetworkPolicy")]
    change(kept)
    return kept


def flows() -> Iterator[Flow]:
    """From the server to everything, and from everybody to the server."""
    for name, addresses in NAMES.items():
        yield from (
            Flow(SERVER, address, port, name) for address in addresses for port in PORTS if address[:4] != "127."
        )
    yield from (Flow(SERVER, address, port) for address in UNNAMED for port in PORTS)
    yield from (Flow(SERVER, pod, port) for pod in ("data/redis", "evil/redis") for port in PORTS)
    yield from (Flow(caller, SERVER, port) for caller in CALLERS for port in SERVER_PORTS)


def compare(wire: Wire, documents: list[Document], names: bool = True) -> tuple[list[Flow], list[str]]:
    """The flows that got through, and those of which `reach` says otherwise; `names`: they are looked up before."""
    wire.judge(documents)
    server, resolver = wire.pods[SERVER], wire.pods["kube-system/dns"]
    if names:
        for name, addresses in NAMES.items():
            assert set(addresses) <= set(wire.look_up(server, resolver.addresses[0], name))
    reached = Reached([*wire.documents(), namespace("evil"), *documents])
    asked = list(flows())
    results = wire.probe([_probe(wire, flow) for flow in asked])
    opened, wrong = [], []
    for flow, result in zip(asked, results, strict=True):
        name = flow.name if names else ""
        least, most = reached.verdicts(Question((flow.source,), (flow.target,), (("TCP", flow.port),), name))
        if result.open:
            opened.append(flow)
        if result.open is not (least == "a") or least != most:
            wrong.append(f"{flow}: packets {result.word}, reach {least} to {most}")
    return opened, wrong


def _probe(wire: Wire, flow: Flow) -> tuple[Any, Any, str, str, int]:
    source, pod = wire.pods[flow.source], wire.pods.get(flow.target)
    if pod is None:
        return source, wire.outside, flow.target, "TCP", flow.port
    return source, pod, pod.addresses[0], "TCP", flow.port


def test_packets_pass_as_the_proof_says(wire: Wire, figure: Figure) -> None:
    """Names once they are resolved, on their ports, at public addresses; blocks, Services and callers as listed."""
    opened, wrong = compare(wire, policies())

    figure(TITLE, f"{len(list(flows())):>6,} packets {len(opened):>6,} open {len(wrong):>3,} disagreements")
    assert wrong == []
    assert {(flow.target, flow.port) for flow in opened if flow.name} == {
        ("1.2.3.7", 443),
        ("2a00:1::7", 443),
        ("1.2.3.8", 8443),
        ("2a00:1::8", 8443),
        ("1.2.3.9", 8443),
    }
    assert {(flow.source, flow.target, flow.port) for flow in opened if not flow.name} == {
        (SERVER, "10.20.0.0", 5432),
        (SERVER, "10.20.255.255", 5432),
        (SERVER, "2001:db8:20::1", 5432),
        (SERVER, "data/redis", 6379),
        ("gateways/gateway", SERVER, 8099),
    }


def test_nothing_is_open_by_name_before_it_was_resolved(wire: Wire) -> None:
    """The same packets without a lookup: what is listed by address, and no more."""
    opened, wrong = compare(wire, policies(), names=False)

    assert wrong == []
    assert [flow for flow in opened if flow.name] == []
    assert len(opened) == 5


def test_no_other_resolver_is_asked(wire: Wire) -> None:
    """DNS goes to the cluster's own resolver alone, in both families."""
    wire.judge(policies())
    server = wire.pods[SERVER]
    wire.serve_names(wire.outside, NAMES)

    told = [wire.look_up(server, address, "api.example.com") for address in ("198.51.100.53", "2a00:1::53")]

    assert told == [["no answer", "no answer"]] * 2
    assert wire.look_up(server, wire.pods["kube-system/dns"].addresses[1], "a.example.net") == NAMES["a.example.net"]


def _rules(documents: list[Document]) -> list[dict[str, Any]]:
    (one,) = (one for one in documents if one["kind"] == "ClusterNetworkPolicy")
    rules: list[dict[str, Any]] = one["spec"]["egress"]
    return rules


def _without(name: str) -> Callable[[list[Document]], None]:
    def change(documents: list[Document]) -> None:
        rules = _rules(documents)
        rules[:] = [rule for rule in rules if rule["name"] != name]

    return change


WIDENINGS: dict[str, tuple[Callable[[list[Document]], object], tuple[str, int]]] = {
    "names at private addresses": (_without("not-public"), ("10.66.0.7", 443)),
    "names at the metadata endpoint": (_without("not-public"), ("169.254.169.254", 443)),
    "a rule in front": (
        lambda documents: _rules(documents).insert(
            0, {"action": "Accept", "to": [{"networks": ["198.51.100.0/24"]}], "name": "theirs"}
        ),
        ("198.51.100.1", 80),
    ),
}


@pytest.mark.parametrize("title", WIDENINGS)
def test_a_planted_widening_lets_packets_through(wire: Wire, title: str) -> None:
    """The packets pass, and `reach` says so of the same ones."""
    change, (address, port) = WIDENINGS[title]

    opened, wrong = compare(wire, policies(change))

    assert wrong == []
    assert (address, port) in {(flow.target, flow.port) for flow in opened}
