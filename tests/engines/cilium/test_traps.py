"""What is read wrongly most easily in Cilium's policies: what the engine does, and that reach says so."""

from __future__ import annotations

from typing import Any

import pytest

from cilium.judge import Document, Judge, Question, Refused
from mcpfence.net.addresses import parse_address
from mcpfence.reach.evaluation.evaluator import Evaluator, Pod
from mcpfence.reach.evaluation.policy_set import read_policies
from mcpfence.reach.flows import flows
from mcpfence.reach.flows.flows import Packet
from reaching.loading import namespace, pod, policy

WEB = pod("web", {"app": "web"})
RESOLVER = pod("dns", {"k8s-app": "kube-dns"}, namespace="kube-system")
PODS = [namespace("kube-system"), WEB, RESOLVER]
TLS: Document = {"ports": [{"port": "443", "protocol": "TCP"}]}
DNS_PORTS = {"ports": [{"port": "53", "protocol": "UDP"}]}
KUBE_DNS = {"matchLabels": {"k8s:io.kubernetes.pod.namespace": "kube-system", "k8s-app": "kube-dns"}}
NAMES = [{"matchName": "api.example.com"}]
LISTED: Document = {"toEndpoints": [KUBE_DNS], "toPorts": [{**DNS_PORTS, "rules": {"dns": NAMES}}]}
TO_NAMES: Document = {"toFQDNs": NAMES, "toPorts": [TLS]}
POINTS = (("TCP", 443), ("TCP", 444), ("UDP", 443))


def cilium(name: str = "it", **spec: Any) -> Document:
    """A CiliumNetworkPolicy for the pod `web`."""
    chosen = {"endpointSelector": {"matchLabels": {"app": "web"}}, **spec}
    metadata = {"name": name, "namespace": "default"}
    return {"apiVersion": "cilium.io/v2", "kind": "CiliumNetworkPolicy", "metadata": metadata, "spec": chosen}


def said(documents: list[Document], address: str, name: str = "") -> str:
    """What reach says of the pod `web` on POINTS: 1 it passes, 0 it does not, ? at least not, at most it does."""
    found = Evaluator(read_policies(documents)).egress(Pod("default", (("app", "web"),), {}))
    letters = []
    for protocol, port in POINTS:
        packet = Packet(address=parse_address(address), protocol=protocol, port=port, name=name)
        least, most = flows.includes(found.least, packet), flows.includes(found.most, packet)
        letters.append("1" if least else "?" if most else "0")
    return "".join(letters)


@pytest.mark.parametrize(
    ("spec", "address", "name", "expected"),
    [
        pytest.param({"egress": [{"toFQDNs": [], "toPorts": [TLS]}]}, "8.8.8.8", "", "100", id="no names: anywhere"),
        pytest.param({"egress": [{"toFQDNs": []}]}, "8.8.8.8", "", "000", id="no names, no ports: nothing"),
        pytest.param({"egress": [{"toCIDR": [], "toPorts": [TLS]}]}, "8.8.8.8", "", "000", id="no blocks: nobody"),
        pytest.param({"egress": [{"toCIDR": ["8.0.0.0/8"], "toPorts": []}]}, "8.8.8.8", "", "111", id="no ports: all"),
        pytest.param(
            {"egress": [{"toCIDR": ["8.0.0.0/8"], "toPorts": [{"ports": []}]}]}, "8.8.8.8", "", "000", id="empty ports"
        ),
        pytest.param(
            {"egress": [{"toCIDR": ["8.0.0.0/8"], "toPorts": [{"ports": [{"port": "0", "protocol": "TCP"}]}]}]},
            "8.8.8.8",
            "",
            "110",
            id="port 0: every port",
        ),
        pytest.param(
            {"egress": [{"toCIDR": ["8.0.0.0/8"], "toPorts": [{"ports": [{"port": "443"}]}]}]},
            "8.8.8.8",
            "",
            "101",
            id="no protocol: all three",
        ),
        pytest.param({"egress": [{}]}, "8.8.8.8", "", "000", id="an empty rule isolates"),
        pytest.param({"egressDeny": [{}]}, "8.8.8.8", "", "000", id="an empty denial isolates"),
        pytest.param({"egressDeny": [{"toCIDR": ["10.0.0.0/8"]}]}, "8.8.8.8", "", "000", id="a denial isolates"),
        pytest.param(
            {"egressDeny": [{"toCIDR": ["10.0.0.0/8"]}], "enableDefaultDeny": {"egress": False}},
            "8.8.8.8",
            "",
            "111",
            id="a denial without isolation",
        ),
        pytest.param(
            {"egress": [{"toEntities": ["world"]}], "egressDeny": [{"toCIDRSet": [{"cidr": "8.0.0.0/8"}]}]},
            "8.8.8.8",
            "",
            "000",
            id="a denial beats an allow",
        ),
        pytest.param({"egress": [LISTED, TO_NAMES]}, "10.0.0.1", "api.example.com", "100", id="a private answer opens"),
        pytest.param(
            {"egress": [LISTED, TO_NAMES], "egressDeny": [{"toCIDR": ["10.0.0.0/8"]}]},
            "10.0.0.1",
            "api.example.com",
            "000",
            id="unless it is denied",
        ),
    ],
)
def test_both_say_the_same(judge: Judge, spec: Document, address: str, name: str, expected: str) -> None:
    """Empty lists, absent ports, denials: what the engine lets through is what reach says."""
    documents = [*PODS, cilium(**spec)]
    answer = judge.ask(documents, Question(("default/web",), (address,), POINTS, name))[0].verdicts

    assert "".join("01"[letter in "ae"] for letter in answer) == expected
    assert said(documents, address, name) == expected


@pytest.mark.parametrize(
    "spec",
    [
        {"egress": []},
        {"egress": [], "enableDefaultDeny": {"egress": True}},
        {"egress": [{"toCIDR": ["8.8.8.8/32"], "toFQDNs": NAMES}]},
        {"egress": [{"toPorts": [{"ports": [{"port": str(port), "protocol": "TCP"} for port in range(1, 42)]}]}]},
        {"egress": [{"toPorts": [{**DNS_PORTS, "rules": {"dns": [{}]}}]}]},
        {"egress": [{"toCIDRSet": [{"cidr": "10.0.0.0/8", "except": ["11.0.0.0/8"]}]}]},
        {"egress": [{"toFQDNs": NAMES, "toPort": [TLS]}]},
        {"egressDeny": [{"toFQDNs": NAMES}]},
    ],
)
def test_what_is_refused_enforces_nothing(judge: Judge, spec: Document) -> None:
    """The API server stores some of these and the agent refuses them: for reach they may mean anything."""
    documents = [*PODS, cilium(**spec)]
    with pytest.raises(Refused):
        judge.ask(documents, Question(("default/web",), ("8.8.8.8",), POINTS))

    assert said(documents, "8.8.8.8") == "???"


PLAIN: Document = {"toEndpoints": [KUBE_DNS], "toPorts": [DNS_PORTS]}


def network_policy(ports: list[Document] | None) -> Document:
    """A NetworkPolicy that lets `web` ask the resolver."""
    to = [{"namespaceSelector": {}, "podSelector": {"matchLabels": {"k8s-app": "kube-dns"}}}]
    rule: Document = {"to": to, **({"ports": ports} if ports else {})}
    return policy("np", {"podSelector": {}, "policyTypes": ["Egress"], "egress": [rule]})


@pytest.mark.parametrize(
    ("others", "letters"),
    [
        pytest.param([], "yr", id="alone"),
        pytest.param([network_policy([{"protocol": "UDP", "port": 53}])], "yy", id="a NetworkPolicy opens the port"),
        pytest.param([cilium("other", egress=[PLAIN])], "yy", id="another policy opens the port"),
        pytest.param([cilium("other", egress=[{"toPorts": [DNS_PORTS]}])], "yy", id="to anybody"),
        pytest.param([network_policy(None)], "yr", id="every port"),
        pytest.param([network_policy([{"protocol": "UDP", "port": 50, "endPort": 60}])], "yr", id="a range"),
    ],
)
def test_an_open_port_lifts_the_filter(judge: Judge, others: list[Document], letters: str) -> None:
    """A plain allow of the resolver's port passes every name, a range or a rule for every port does not."""
    question = Question(
        ("default/web",), ("kube-system/dns",), (("UDP", 53),), lookups=("api.example.com", "evil.test")
    )

    assert judge.ask([*PODS, cilium(egress=[LISTED, TO_NAMES]), *others], question)[0].lookups == letters


def test_an_empty_list_of_names_asks_no_proxy(judge: Judge) -> None:
    """`rules.dns: []` filters nothing, and nothing is learnt."""
    rule = {"toEndpoints": [KUBE_DNS], "toPorts": [{**DNS_PORTS, "rules": {"dns": []}}]}
    question = Question(
        ("default/web",), ("kube-system/dns",), (("UDP", 53),), lookups=("api.example.com", "evil.test")
    )

    assert judge.ask([*PODS, cilium(egress=[rule])], question)[0].lookups == "uu"
