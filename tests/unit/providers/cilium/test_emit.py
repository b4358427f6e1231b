"""What provider cilium emits for a fence, what it narrows and what it refuses."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from helpers import Raw, errors_of, objects, one, one_egress, rendered

CILIUM: Raw = {"egress": {"provider": "cilium"}}
TO_KUBE_DNS = [{"matchLabels": {"k8s:io.kubernetes.pod.namespace": "kube-system", "k8s-app": "kube-dns"}}]


def catalog(settings: Raw | None = None, **egress: Any) -> Raw:
    """A catalog of one server under cilium, with the engine's settings."""
    return one_egress(**egress) | {"egress": {"provider": "cilium", "cilium": settings or {}}}


def spec(raw: Raw) -> Any:
    """The spec of the server's CiliumNetworkPolicy."""
    return objects(raw)["CiliumNetworkPolicy mcp-server-a"]["spec"]


def rules(raw: Raw, peer: str) -> list[Any]:
    """The egress rules with one kind of peer."""
    return [rule for rule in spec(raw)["egress"] if peer in rule]


def asked(raw: Raw) -> list[str]:
    """The names that the DNS proxy passes."""
    found = rules(raw, "toEndpoints")[0]["toPorts"][0]["rules"]["dns"]
    return [next(iter(one.values())) for one in found]


def empty_lists(value: Any, path: str = "") -> Iterator[str]:
    """Where empty lists stand."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from empty_lists(inner, f"{path}.{key}")
    elif isinstance(value, list):
        if not value:
            yield path
        for inner in value:
            yield from empty_lists(inner, path)


def test_names_stand_in_one_rule_for_each_set_of_ports() -> None:
    """Wildcards in Cilium's own form, ports as text, isolation of egress alone."""
    raw = catalog(domains=["api.example.com", "*.example.net", {"name": "db.example.com", "ports": ["5432-5433"]}])

    assert rules(raw, "toFQDNs") == [
        {
            "toFQDNs": [{"matchPattern": "**.example.net"}, {"matchName": "api.example.com"}],
            "toPorts": [{"ports": [{"port": "443", "protocol": "TCP"}]}],
        },
        {
            "toFQDNs": [{"matchName": "db.example.com"}],
            "toPorts": [{"ports": [{"port": "5432", "endPort": 5433, "protocol": "TCP"}]}],
        },
    ]
    assert spec(raw)["enableDefaultDeny"] == {"egress": True, "ingress": False}


def test_dns_stands_here_and_not_in_the_network_policy() -> None:
    """Resolvers by their labels, names with the search domains behind them."""
    raw = catalog({"searchDomains": ["b.example", "a.example"]}, domains=["api.example.com"])
    found = objects(raw)

    assert rules(raw, "toEndpoints")[0]["toEndpoints"] == TO_KUBE_DNS
    assert asked(raw) == [
        "api.example.com",
        "api.example.com.demo-mcp.svc.cluster.local",
        "api.example.com.svc.cluster.local",
        "api.example.com.cluster.local",
        "api.example.com.a.example",
        "api.example.com.b.example",
    ]
    assert found["NetworkPolicy mcp-server-a-egress"]["spec"]["egress"] == []


@pytest.mark.parametrize(
    ("egress", "names"),
    [
        ({"services": [{"name": "r", "podSelector": {"app": "r"}, "ports": [1]}]}, ["**.corp.local"]),
        (
            {"services": [{"name": "r", "podSelector": {"app": "r"}, "ports": [1]}], "domains": ["a.example.com"]},
            ["**.corp.local", "a.example.com"],
        ),
        ({"default": "internet"}, ["*"]),
        ({"cidrs": [{"cidr": "10.1.0.0/16", "ports": [1]}], "dns": True}, ["**.corp.local"]),
    ],
)
def test_what_may_be_asked(egress: Raw, names: list[str]) -> None:
    """The cluster's own names where pods may be reached, every name under `internet`."""
    assert asked(catalog({"clusterDomain": "corp.local"}, **egress)) == names


def test_blocked_ranges_are_denied_in_front_of_names() -> None:
    """All of them; a listed one is an except, and denied on the ports that are not listed."""
    raw = catalog(
        domains=["api.example.com"],
        cidrs=[
            {"cidr": "10.20.0.0/16", "ports": [5432]},
            {"cidr": "10.20.30.0/24", "ports": ["53/UDP"]},
            {"cidr": "10.30.0.0/16", "ports": "all"},
            {"cidr": "8.8.8.8/32", "ports": [853]},
        ],
    )
    whole, *parts = spec(raw)["egressDeny"]
    blocks = {one["cidr"]: one.get("except") for one in whole["toCIDRSet"]}

    assert blocks["10.0.0.0/8"] == ["10.20.0.0/16", "10.30.0.0/16"]
    assert blocks["127.0.0.0/8"] is None
    assert {"169.254.0.0/16", "168.63.129.16/32", "::/3", "8000::/1"} <= blocks.keys()
    denied = {part["toCIDRSet"][-1]["cidr"]: part["toPorts"][0]["ports"] for part in parts}
    assert list(denied) == ["169.254.20.10/32", "10.20.128.0/17", "10.20.30.0/24"]
    assert denied["10.20.128.0/17"] == [
        {"port": "1", "endPort": 5431, "protocol": "TCP"},
        {"port": "5433", "endPort": 65535, "protocol": "TCP"},
        {"port": "1", "endPort": 65535, "protocol": "UDP"},
        {"port": "1", "endPort": 65535, "protocol": "SCTP"},
    ]
    assert [one["port"] for one in denied["10.20.30.0/24"]] == ["1", "5433", "1", "54", "1"]


def test_who_names_nothing_and_asks_nothing_has_no_object() -> None:
    """Its NetworkPolicy says it all."""
    for egress in ({"cidrs": [{"cidr": "10.1.0.0/16", "ports": [1]}]}, {"default": "deny"}):
        assert [title for title in objects(catalog(**egress)) if title.startswith("Cilium")] == []


def test_more_than_forty_ports_stand_in_several_entries() -> None:
    """The CRD takes forty in one."""
    ports = list(range(1000, 1090, 2))
    found = rules(catalog(domains=[{"name": "a.example.com", "ports": ports}]), "toFQDNs")[0]["toPorts"]

    assert [len(entry["ports"]) for entry in found] == [40, 5]


def test_sni() -> None:
    """On port 443 the handshake must show the name; other ports stand in a rule of their own."""
    raw = catalog({"sni": True}, domains=["*.example.net", {"name": "api.example.com", "ports": [443, 8443]}])
    found = rules(raw, "toFQDNs")

    assert [(rule["toPorts"][0].get("serverNames"), rule["toPorts"][0]["ports"][0]["port"]) for rule in found] == [
        (["**.example.net", "api.example.com"], "443"),
        (None, "8443"),
    ]


def test_the_api_server_is_an_entity() -> None:
    """Beside its addresses in the NetworkPolicy, which match it only outside the nodes."""
    raw = catalog(kubernetesAPI=True) | {"cluster": {"cidrs": {"controlPlane": ["192.168.1.1/32"]}}}

    assert rules(raw, "toEntities")[0] == {
        "toEntities": ["kube-apiserver"],
        "toPorts": [{"ports": [{"port": "443", "protocol": "TCP"}, {"port": "6443", "protocol": "TCP"}]}],
    }


def test_no_list_is_empty() -> None:
    """An empty one would mean everything, nothing, or that the agent refuses the object."""
    every = [
        catalog(domains=["a.example.com"]),
        catalog(default="internet"),
        catalog(
            cidrs=[{"cidr": "10.1.0.0/16", "ports": [f"1-65535/{one}" for one in ("TCP", "UDP", "SCTP")]}], dns=True
        ),
        catalog(
            domains=["a.example.com"],
            cidrs=[{"cidr": "10.1.0.0/16", "ports": [f"1-65535/{one}" for one in ("TCP", "UDP", "SCTP")]}],
        ),
    ]
    for raw in every:
        assert list(empty_lists(spec(raw))) == []


def test_names_without_dns_are_lost() -> None:
    """Nothing is learnt: a narrowing that is listed."""
    found = rendered(catalog(domains=["api.example.com"], dns=False))

    assert [one.text for one in found.narrowings] == [
        "server a loses name 0.0.0.0/0, 2000::/3: dns is off, and Cilium opens for names only what it has learnt from "
        "answers to the server's own questions"
    ]
    assert not any(item.kind == "CiliumNetworkPolicy" for item in found.objects)


@pytest.mark.parametrize(
    ("raw", "sentence"),
    [
        (
            catalog({"version": "1.18"}, domains=["*.example.com"]),
            "servers.a: *.example.com is one label deep on Cilium 1.18, and deeper names would be denied; write "
            'egress.cilium.version: "1.19" if no node runs an older one, or list the names [cilium-wildcard]',
        ),
        (
            catalog(domains=[f"{'a' * 60}.{'b' * 60}.{'c' * 60}.{'d' * 50}.com"]),
            f"servers.a: {'a' * 60}.{'b' * 60}.{'c' * 60}.{'d' * 50}.com is too long to be looked up with the search "
            "domains behind it; list its addresses under egress.cidrs [cilium-name-long]",
        ),
        (
            catalog(domains=["a.example.com"]) | {"dns": {"ports": ["53-200/UDP"]}},
            "dns.ports: the DNS proxy takes single ports of UDP and TCP, and dns.ports lists 53-200/UDP; list the ports "
            "on which your resolvers listen [cilium-dns-ports]",
        ),
        (
            one("npx", podSelector={"app": "a", "pod-template-hash": "5d4f"}) | CILIUM,
            "servers.a: its podSelector has pod-template-hash, by which Cilium does not know pods as Kubernetes does; "
            "select the pods by labels of your own, such as app [cilium-label]",
        ),
        (
            catalog(domains=["a.example.com"]) | {"cluster": {"profile": "gke"}},
            "egress.provider: the profile is gke, and GKE's managed Cilium enforces no CiliumNetworkPolicy with host "
            "names; where you run your own Cilium write cluster.profile: generic, else choose another egress.provider "
            "[cilium-managed]",
        ),
    ],
)
def test_refusals(raw: Raw, sentence: str) -> None:
    """What the oldest release, the format or a managed cluster cannot give is refused, with what to do."""
    assert errors_of(raw) == [sentence]


def test_an_older_release_takes_names_without_wildcards() -> None:
    """Only wildcards need 1.19."""
    assert errors_of(catalog({"version": "1.18"}, domains=["api.example.com"])) == []
