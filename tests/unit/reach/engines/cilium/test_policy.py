"""What CiliumNetworkPolicies let through, read from documents that no emitter of ours has written."""

from __future__ import annotations

from typing import Any

import pytest

from mcpfence.net.addresses import parse_address
from mcpfence.reach.evaluation.evaluator import Evaluator, Pod
from mcpfence.reach.evaluation.policy_set import read_policies
from mcpfence.reach.flows import flows
from mcpfence.reach.flows.flows import Packet

Document = dict[str, Any]
WEB = {"matchLabels": {"app": "web"}}
TLS: Document = {"ports": [{"port": "443", "protocol": "TCP"}]}
DNS: Document = {
    "toEndpoints": [{"matchLabels": {"k8s:io.kubernetes.pod.namespace": "kube-system"}}],
    "toPorts": [{"ports": [{"port": "53"}], "rules": {"dns": [{"matchPattern": "*"}]}}],
}


def policy(spec: Any, *, kind: str = "CiliumNetworkPolicy", name: str = "p") -> Document:
    """One policy of namespace mcp."""
    metadata = {"name": name, **({} if "Clusterwide" in kind else {"namespace": "mcp"})}
    return {"apiVersion": "cilium.io/v2", "kind": kind, "metadata": metadata, "spec": spec}


def verdict(documents: list[Document], packet: Packet, namespace: str = "mcp", direction: str = "egress") -> str:
    """1: it passes, 0: it does not, ?: at least it does not, at most it does."""
    found = Evaluator(read_policies(documents)).reach(Pod(namespace, (("app", "web"),), {}), direction)
    return "1" if flows.includes(found.least, packet) else "?" if flows.includes(found.most, packet) else "0"


def outside(port: int = 443, *, address: str = "8.8.8.8", protocol: str = "TCP", name: str = "") -> Packet:
    """A packet to an address."""
    return Packet(address=parse_address(address), protocol=protocol, port=port, name=name)


def inside(namespace: str, *, port: int = 443, **labels: str) -> Packet:
    """A packet to a pod."""
    space = (("kubernetes.io/metadata.name", namespace), ("team", namespace))
    return Packet(namespace=space, pod=tuple(sorted(labels.items())), protocol="TCP", port=port)


@pytest.mark.parametrize(
    ("rules", "packet", "expected"),
    [
        ({"egress": [{"toEndpoints": [{}]}]}, inside("mcp"), "1"),
        ({"egress": [{"toEndpoints": [{}]}]}, inside("other"), "0"),
        ({"egress": [{"toEndpoints": [{"matchLabels": {"app": "x"}}]}]}, inside("mcp", app="x"), "1"),
        ({"egress": [{"toEndpoints": [{"matchLabels": {"k8s:app": "x"}}]}]}, inside("mcp", app="y"), "0"),
        (
            {"egress": [{"toEndpoints": [{"matchLabels": {"io.kubernetes.pod.namespace": "data", "app": "x"}}]}]},
            inside("data", app="x"),
            "1",
        ),
        (
            {"egress": [{"toEndpoints": [{"matchLabels": {"k8s:io.cilium.k8s.namespace.labels.team": "data"}}]}]},
            inside("data"),
            "1",
        ),
        ({"egress": [{"toCIDR": ["0.0.0.0/0", "::/0"]}]}, inside("mcp"), "0"),
        ({"egress": [{"toCIDR": ["8.8.8.8"]}]}, outside(), "1"),
        ({"egress": [{"toCIDRSet": [{"cidr": "8.0.0.0/8", "except": ["8.8.0.0/16"]}]}]}, outside(), "0"),
        ({"egress": [{"toEntities": ["world"]}]}, outside(), "1"),
        ({"egress": [{"toEntities": ["world"]}]}, inside("mcp"), "0"),
        ({"egress": [{"toEntities": ["cluster"]}]}, inside("other"), "1"),
        ({"egress": [{"toEntities": ["cluster"]}]}, outside(), "?"),
        ({"egress": [{"toEntities": ["all"]}]}, inside("other"), "1"),
        ({"egress": [{"toEntities": ["none"]}]}, outside(), "0"),
        ({"egress": [{"toEntities": ["kube-apiserver"]}]}, outside(), "?"),
        ({"egress": [{"toEntities": ["init"]}]}, inside("mcp"), "?"),
        ({"egress": [{"toPorts": [TLS]}]}, inside("other"), "1"),
        ({"egress": [{"icmps": [{"fields": [{"type": 8}]}]}]}, outside(8, protocol="ICMP"), "?"),
        ({"egress": [{"icmps": [{"fields": [{"type": 8}]}]}]}, outside(), "0"),
        ({"egress": [{"toCIDR": ["8.8.8.8/32"], "toPorts": [{"ports": [{"port": "http"}]}]}]}, outside(), "?"),
        (
            {"egress": [{"toPorts": [{"ports": [{"port": "443", "protocol": "TCP"}], "rules": {"http": [{}]}}]}]},
            outside(),
            "?",
        ),
        ({"egress": [{"toPorts": [{**TLS, "serverNames": ["a.example.com"]}]}]}, outside(), "?"),
        ({"egress": [{"toPorts": [{**TLS, "listener": {"name": "x"}}]}]}, outside(), "?"),
        ({"egress": [{"toPorts": [TLS], "authentication": {"mode": "required"}}]}, outside(), "?"),
        ({"egress": [{"toPorts": [{"ports": [{"port": "0"}]}]}]}, outside(53, protocol="UDP"), "1"),
        ({"egress": [{"toPorts": [{"ports": [{"port": "0"}]}]}]}, outside(8, protocol="ICMP"), "?"),
        ({"ingress": [{}]}, outside(), "1"),
        ({"ingress": [{}], "enableDefaultDeny": {"egress": True}}, outside(), "1"),
        ({"egress": [{"toCIDR": ["10.0.0.0/8"]}], "enableDefaultDeny": {"egress": False}}, outside(), "1"),
    ],
)
def test_rules(rules: Document, packet: Packet, expected: str) -> None:
    """Peers, ports and isolation; what a proxy or the cluster decides is at least nothing."""
    assert verdict([policy({"endpointSelector": WEB, **rules})], packet) == expected


@pytest.mark.parametrize(
    ("entry", "name", "expected"),
    [
        ({"matchName": "api.example.com"}, "api.example.com", "1"),
        ({"matchName": "API.example.com."}, "api.example.com", "1"),
        ({"matchName": "api.example.com"}, "x.api.example.com", "0"),
        ({"matchPattern": "**.example.com"}, "a.example.com", "1"),
        ({"matchPattern": "***.example.com"}, "c.b.a.example.com", "1"),
        ({"matchPattern": "**.example.com"}, "example.com", "0"),
        ({"matchPattern": "*.example.com"}, "a.example.com", "?"),
        ({"matchPattern": "*.example.com"}, "example.com", "0"),
        ({"matchPattern": "*example.com"}, "xexample.com", "?"),
        ({"matchPattern": "**.*.example.com"}, "b.a.example.com", "?"),
        ({"matchPattern": "a.**.example.com"}, "a.b.example.com", "?"),
        ({"matchPattern": "*"}, "any.test", "1"),
        ({"matchPattern": "**."}, "any.test", "1"),
        ({"matchPattern": "**"}, "", "0"),
    ],
)
def test_names(entry: Document, name: str, expected: str) -> None:
    """`**.x` is one or more labels below x; what stars elsewhere match is only bounded; no name, no flow."""
    spec = {"endpointSelector": WEB, "egress": [DNS, {"toFQDNs": [entry], "toPorts": [TLS]}]}

    assert verdict([policy(spec)], outside(name=name)) == expected


def test_a_name_that_nobody_may_ask_for_is_not_sure() -> None:
    """Addresses are learnt from answers that the DNS proxy sees; another policy may let it ask."""
    to_name = {"toFQDNs": [{"matchName": "api.example.com"}], "toPorts": [TLS]}
    other = {**DNS, "toPorts": [{"ports": [{"port": "53"}], "rules": {"dns": [{"matchName": "other.example.com"}]}}]}

    nobody = {"toEndpoints": [], "toPorts": DNS["toPorts"]}

    for rules in ([to_name], [to_name, other], [to_name, nobody]):
        assert verdict([policy({"endpointSelector": WEB, "egress": rules})], outside(name="api.example.com")) == "?"


def test_names_that_the_handshake_must_show() -> None:
    """serverNames take away: a name that is not among them is not sure."""
    for shown, expected in ((["**.example.com"], "1"), (["b.example.com"], "?")):
        rule = {"toFQDNs": [{"matchName": "a.example.com"}], "toPorts": [{**TLS, "serverNames": shown}]}
        spec = {"endpointSelector": WEB, "egress": [DNS, rule]}

        assert verdict([policy(spec)], outside(name="a.example.com")) == expected


def test_denials_come_before_allows_of_any_policy() -> None:
    """A denial of one policy beats what another one allows, a NetworkPolicy's too, in whatever order they stand."""
    deny = policy({"endpointSelector": WEB, "egressDeny": [{"toCIDR": ["8.8.0.0/16"], "toPorts": [TLS]}]}, name="a")
    allow = policy({"endpointSelector": WEB, "egress": [{"toEntities": ["world"]}]}, name="b")
    rules = {"podSelector": {}, "policyTypes": ["Egress"], "egress": [{}]}
    metadata = {"name": "n", "namespace": "mcp"}
    network = {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": metadata, "spec": rules}

    for documents in ([deny, allow], [allow, deny], [network, deny], [deny, network]):
        assert verdict(documents, outside()) == "0"
        assert verdict(documents, outside(444)) == "1"


def test_both_directions_of_one_object() -> None:
    """Each list of rules stands in its own direction, with its own isolation."""
    spec = {
        "endpointSelector": WEB,
        "ingress": [{"fromCIDR": ["10.0.0.0/8"]}],
        "ingressDeny": [{"fromCIDR": ["10.1.0.0/16"]}],
        "egress": [{"toCIDR": ["8.8.8.8/32"]}],
        "enableDefaultDeny": {"egress": False},
    }
    documents = [policy(spec)]

    assert verdict(documents, outside(address="10.0.0.1"), direction="ingress") == "1"
    assert verdict(documents, outside(address="10.1.0.1"), direction="ingress") == "0"
    assert verdict(documents, outside(address="11.0.0.1"), direction="ingress") == "0"
    assert verdict(documents, outside(address="11.0.0.1")) == "1"


@pytest.mark.parametrize(
    ("selector", "namespace", "expected"),
    [
        ({}, "other", "0"),
        (WEB, "other", "0"),
        ({"matchLabels": {"k8s:io.kubernetes.pod.namespace": "mcp"}}, "mcp", "0"),
        ({"matchLabels": {"k8s:io.kubernetes.pod.namespace": "mcp"}}, "other", "1"),
        ({"matchLabels": {"app": "db"}}, "mcp", "1"),
    ],
)
def test_clusterwide(selector: Document, namespace: str, expected: str) -> None:
    """A clusterwide policy selects pods of any namespace; peers without a namespace are those of every one."""
    one = policy({"endpointSelector": selector, "egress": [{}]}, kind="CiliumClusterwideNetworkPolicy")

    assert verdict([one], outside(), namespace) == expected


def test_policies_for_nodes_select_no_pod() -> None:
    """A nodeSelector speaks of nodes."""
    one = policy({"nodeSelector": {}, "egress": [{}]}, kind="CiliumClusterwideNetworkPolicy")

    assert verdict([one], outside()) == "1"
    assert read_policies([one]).problems == ()


PORTS_41 = [{"port": str(port)} for port in range(1, 42)]


@pytest.mark.parametrize(
    ("spec", "problem"),
    [
        (None, "spec is missing"),
        ({"egress": [{}]}, "spec.endpointSelector is missing"),
        ({"endpointSelector": WEB}, "spec has no rule, so the agent refuses it and enforces nothing of it"),
        (
            {"endpointSelector": WEB, "egress": []},
            "spec has no rule, so the agent refuses it and enforces nothing of it",
        ),
        ({"endpointSelector": WEB, "egres": [{}]}, "spec.egres is no field of this API"),
        (
            {"endpointSelector": WEB, "egress": [{"toCIDRs": [], "toPorts": [TLS]}]},
            "spec.egress[0].toCIDRs is no field of this API",
        ),
        (
            {"endpointSelector": WEB, "egress": [{"toServices": []}]},
            "spec.egress[0].toServices is no field of this API",
        ),
        (
            {"endpointSelector": WEB, "egressDeny": [{"toFQDNs": []}]},
            "spec.egressDeny[0].toFQDNs is no field of this API",
        ),
        (
            {"endpointSelector": WEB, "egress": [{"toCIDR": ["8.8.8.8/32"], "toEntities": ["world"]}]},
            "spec.egress[0].toEntities stands beside toCIDR, which the agent refuses",
        ),
        (
            {"endpointSelector": WEB, "egress": [{"toEntities": ["moon"]}]},
            "spec.egress[0].toEntities names 'moon', which is no entity",
        ),
        (
            {"endpointSelector": WEB, "egress": [{"toCIDRSet": [{"cidrGroupRef": "x"}]}]},
            "spec.egress[0].toCIDRSet[0].cidrGroupRef is no field of this API",
        ),
        (
            {"endpointSelector": WEB, "egress": [{"toCIDRSet": [{"cidr": "10.0.0.0/8", "except": ["11.0.0.0/8"]}]}]},
            "spec.egress[0].toCIDRSet[0].except[0] '11.0.0.0/8' does not lie in the cidr",
        ),
        (
            {"endpointSelector": WEB, "egress": [{"toCIDR": ["x"]}]},
            "spec.egress[0].toCIDR[0] 'x' is no block of addresses ('x' does not appear to be an IPv4 or IPv6 network)",
        ),
        (
            {"endpointSelector": WEB, "egress": [{"toPorts": [{"ports": PORTS_41}]}]},
            "spec.egress[0].toPorts[0].ports has 41 ports, more than the 40 that the agent takes",
        ),
        (
            {"endpointSelector": WEB, "egress": [{"toPorts": [{"ports": [{"port": 443}]}]}]},
            "spec.egress[0].toPorts[0].ports[0].port is 443, not a string",
        ),
        (
            {"endpointSelector": WEB, "egress": [{"toPorts": [{"ports": [{"protocol": "TCP"}]}]}]},
            "spec.egress[0].toPorts[0].ports[0].port is null, not a string",
        ),
        (
            {"endpointSelector": WEB, "egress": [{"toPorts": [{"ports": [{"port": "443", "protocol": "ICMP"}]}]}]},
            "spec.egress[0].toPorts[0].ports[0].protocol is 'ICMP', not TCP, UDP, SCTP or ANY",
        ),
        (
            {"endpointSelector": WEB, "egress": [{"toPorts": [{"ports": [{"port": "a--b"}]}]}]},
            "spec.egress[0].toPorts[0].ports[0].port is 'a--b', neither a number nor the name of a port",
        ),
        (
            {"endpointSelector": WEB, "egress": [{"toPorts": [{"ports": [{"port": "444", "endPort": 443}]}]}]},
            "spec.egress[0].toPorts[0].ports[0].endPort is 443, which makes no range with port 444",
        ),
        (
            {"endpointSelector": WEB, "egress": [{"toFQDNs": [{"matchName": "*.example.com"}]}]},
            "spec.egress[0].toFQDNs[0].matchName is '*.example.com', which is no host name",
        ),
        (
            {"endpointSelector": WEB, "egress": [{"toFQDNs": [{}]}]},
            "spec.egress[0].toFQDNs[0] needs either matchName or matchPattern",
        ),
        (
            {"endpointSelector": {"matchLabels": {"pod-template-hash": "x"}}, "egress": [{}]},
            "spec.endpointSelector selects by pod-template-hash, which Cilium leaves out of the labels that it knows pods by",
        ),
        (
            {"endpointSelector": {"matchLabels": {"reserved:host": ""}}, "egress": [{}]},
            "spec.endpointSelector selects by reserved:host, which no manifest tells",
        ),
        (
            {"endpointSelector": {"matchLabels": {"k8s:io.kubernetes.pod.namespace": "x"}}, "egress": [{}]},
            "spec.endpointSelector selects by namespace, and the policy lies in one",
        ),
        (
            {"endpointSelector": WEB, "egress": [{}], "enableDefaultDeny": {"egress": "yes"}},
            "spec.enableDefaultDeny.egress is 'yes', not true or false",
        ),
        (
            {"endpointSelector": WEB, "egress": [{"toPorts": [TLS], "icmps": [{}]}]},
            "spec.egress[0].icmps stands beside toPorts, which the agent refuses",
        ),
        (
            {
                "endpointSelector": WEB,
                "egress": [{"toPorts": [{"ports": [{"port": "0"}], "rules": DNS["toPorts"][0]["rules"]}]}],
            },
            "spec.egress[0].toPorts[0].rules stands beside port 0, which the agent refuses",
        ),
        (
            {
                "endpointSelector": WEB,
                "egress": [{"toPorts": [{**DNS["toPorts"][0], "ports": [{"port": "53", "endPort": 54}]}]}],
            },
            "spec.egress[0].toPorts[0].ports[0].endPort stands beside rules.dns, which the agent refuses",
        ),
    ],
)
def test_what_cannot_be_read_is_a_problem(spec: Any, problem: str) -> None:
    """It is named with its field and never raised, and the policy may then mean anything for the pods that it selects."""
    documents = [policy(spec)]

    assert [found.text for found in read_policies(documents).problems] == [f"CiliumNetworkPolicy mcp/p: {problem}"]
    assert verdict(documents, outside()) == "?"


def test_several_specs_are_a_problem() -> None:
    """The list `specs` is not read."""
    document = {**policy({}), "specs": [{"endpointSelector": WEB, "egress": [{}]}]}

    assert [found.text for found in read_policies([document]).problems] == [
        "CiliumNetworkPolicy mcp/p: specs is not read: write one object for each entry"
    ]
