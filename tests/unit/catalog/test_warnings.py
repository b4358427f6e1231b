"""Warnings and notes of a whole catalog: what its engine cannot do, and what people run into."""

from __future__ import annotations

import pytest

from helpers import CLIENT, Raw, catalog, one, one_egress, planned, rendered

OBOT = {"obot": {"namespace": "obot", "podSelector": {"app.kubernetes.io/name": "obot", "x": "y"}}}


def test_floor_off() -> None:
    """Without the floor pods that nobody selects are not fenced: a warning; no server's isolation depends on it."""
    off = one() | {"mcpNamespace": {"networkPolicy": {"enabled": False}}}

    assert planned(off).messages("floor-off") == [
        "mcpNamespace.networkPolicy.enabled: the floor is off: pods of the namespace that no server or workload selects are "
        "not fenced at all; remove mcpNamespace.networkPolicy.enabled: false"
    ]
    assert [item.text for item in rendered(off).objects[:-1]] == [item.text for item in rendered(one()).objects[:-1]]


EKS: dict[str, tuple[Raw, set[str]]] = {
    # what: (keys of the catalog, findings)
    "both families": ({"cluster": {"profile": "eks"}}, {"eks-ipv6", "eks-dns"}),
    "IPv6": ({"cluster": {"profile": "eks", "ipFamilies": ["IPv6"]}}, {"eks-ipv6", "eks-dns"}),
    "IPv4": ({"cluster": {"profile": "eks", "ipFamilies": ["IPv4"]}}, {"eks-dns"}),
    "IPv4 with the Service's address": (
        {"cluster": {"profile": "eks", "ipFamilies": ["IPv4"]}, "dns": {"clusterIP": ["172.20.0.10"]}},
        set(),
    ),
    "another profile": ({"cluster": {"profile": "aks"}}, set()),
}


@pytest.mark.parametrize(("keys", "expected"), EKS.values(), ids=EKS)
def test_eks(keys: Raw, expected: set[str]) -> None:
    """EKS with IPv6 is a warning (its engine does not police IPv4 egress there), without dns.clusterIP a note."""
    assert planned(one() | keys).ids == expected


@pytest.mark.parametrize("profile", ["generic", "eks", "aks", "gke", "openshift", "k3s"])
def test_aviatrix_runs_on_aws_and_azure(profile: str) -> None:
    """Aviatrix on gke, openshift or k3s is a warning."""
    raw = one() | {"egress": {"provider": "aviatrix"}, "cluster": {"profile": profile, "ipFamilies": ["IPv4"]}}

    assert ("aviatrix-profile" in planned(raw).ids) == (profile in {"gke", "openshift", "k3s"})
    assert "aviatrix-profile" not in planned(one() | {"cluster": {"profile": profile}}).ids


def test_cilium_matches_no_pods_or_nodes_by_address() -> None:
    """Under Cilium a client by the addresses of nodes or pods, and kubernetesAPI, are warnings; elsewhere they are not."""
    cluster = {"cidrs": {"nodes": ["10.1.0.0/16"], "pods": ["10.2.0.0/16"], "controlPlane": ["10.3.0.1/32"]}}
    clients = {
        "nodes": {"cidrs": ["10.1.0.0/24"]},
        "pods": {"cidrs": ["10.2.3.0/24"]},
        "outside": {"cidrs": ["198.51.100.0/28"]},
        "gateway": CLIENT["gateway"],
    }
    raw = catalog(
        {"a": {"runtime": "containerized", "egress": {"kubernetesAPI": True}}},
        clients=clients,
        workloads={"w": {"podSelector": {"app": "w"}, "egress": {"kubernetesAPI": True}}},
    )

    assert {"cilium-cidr", "cilium-ingress-cidr"}.isdisjoint(planned(raw | {"cluster": cluster}).ids)
    assert planned(raw | {"cluster": {**cluster, "cni": "cilium"}}).messages("cilium-ingress-cidr") == [
        f"clients.{name}.cidrs: Cilium 1.19.0 to 1.19.4 admits every pod of the servers' namespace where a policy admits "
        "cidrs; use Cilium 1.19.5 or later"
        for name in ("nodes", "outside", "pods")
    ]
    assert planned(raw | {"cluster": {**cluster, "cni": "cilium"}}).messages("cilium-cidr") == [
        "clients.nodes.cidrs: 10.1.0.0/24 holds pods or nodes, which no CIDR rule matches under Cilium; name the caller by "
        "namespace and podSelector",
        "clients.pods.cidrs: 10.2.3.0/24 holds pods or nodes, which no CIDR rule matches under Cilium; name the caller by "
        "namespace and podSelector",
        "servers.a.egress.kubernetesAPI: under Cilium no CIDR rule matches the API server where it runs on nodes of the "
        "cluster; check the connection, or run the API server outside the cluster's nodes",
        "workloads.w.egress.kubernetesAPI: under Cilium no CIDR rule matches the API server where it runs on nodes of the "
        "cluster; check the connection, or run the API server outside the cluster's nodes",
    ]


def test_obot_generates_labels() -> None:
    """Where Obot is a client, a server without a podSelector gets a warning: its pods are not called app: NAME."""
    servers = {
        "a": {"runtime": "containerized"},
        "b": {"runtime": "containerized", "podSelector": {"app": "ms1abc"}},
        "r": {"runtime": "remote", "remoteConfig": {"hostname": "r.example.com"}},
    }

    assert planned(catalog(servers, clients=OBOT)).messages("obot-labels") == [
        "clients.obot: Obot labels its pods app: GENERATED-ID, not by name; without a podSelector: a; write each server's "
        "podSelector; `kubectl get pods --show-labels` shows the generated labels"
    ]
    assert "obot-labels" not in planned(catalog(servers)).ids
    assert "obot-labels" not in planned(catalog({"b": servers["b"]}, clients=OBOT)).ids


def test_obot_with_many_servers() -> None:
    """The first five servers are named, the others counted."""
    servers = {f"s{i}": {"runtime": "containerized"} for i in range(8)}
    (said,) = planned(catalog(servers, clients=OBOT)).messages("obot-labels")

    assert "without a podSelector: s0, s1, s2, s3, s4 and 3 more;" in said


def test_names_on_other_ports_than_the_webs() -> None:
    """Aviatrix matches names only where TLS or HTTP shows them: other ports than 80 and 443 are a warning."""
    raw = one_egress(
        domains=[{"name": "db.example.com", "ports": [443, 5432]}, {"name": "a.example.com", "ports": [80, 443]}]
    )

    found = rendered(raw | {"egress": {"provider": "aviatrix"}}).findings

    assert [finding.message for finding in found] == [
        "servers.a: names on 5432/TCP match only TLS with SNI or HTTP; list databases, SSH and mail servers by their "
        "addresses under egress.cidrs"
    ]


def test_wildcards_under_aviatrix_are_an_assumption() -> None:
    """How the vendor reads a wildcard is not stated: one note in each render that has any."""
    egress = {"provider": "aviatrix"}
    servers = {name: {"runtime": "containerized", "egress": {"domains": ["*.example.com"]}} for name in "ab"}
    found = [finding.id for finding in rendered(catalog(servers, egress=egress)).findings]

    assert found == ["aviatrix-wildcard"]
    assert rendered(one_egress(domains=["a.example.com"]) | {"egress": egress}).findings == ()


def test_sound_catalog_has_no_findings() -> None:
    """A catalog in order is silent."""
    assert planned(one()).findings == ()


API = {"cluster": {"cidrs": {"controlPlane": ["10.3.0.1/32"]}}}


def test_kubernetes_api_alone_grants_no_dns() -> None:
    """A server that asks for kubernetes.default.svc by name gets no answer: a note."""
    assert planned(one_egress(kubernetesAPI=True) | API).messages("kubernetes-api-dns") == [
        "servers.a.egress.kubernetesAPI: opens the API server's addresses and no DNS, so kubernetes.default.svc does not "
        "resolve; write dns: true beside it if the server asks by name"
    ]


@pytest.mark.parametrize("more", [{"dns": True}, {"dns": False}, {"default": "internet"}])
def test_kubernetes_api_with_a_word_on_dns(more: Raw) -> None:
    """Where DNS is granted, or refused in writing, there is nothing to say."""
    assert "kubernetes-api-dns" not in planned(one_egress(kubernetesAPI=True, **more) | API).ids
