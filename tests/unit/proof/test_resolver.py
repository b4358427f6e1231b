"""Policies beside ours that open the resolver, where an engine's own objects say which names may be asked."""

from __future__ import annotations

from typing import Any

import pytest

from helpers import NAMESPACE, RELEASE, Raw, one_egress
from mcpfence.kube.services import index
from mcpfence.render.pipeline import render

RAW: Raw = one_egress(domains=["api.example.com"]) | {"egress": {"provider": "cilium"}}
TO_DNS: Raw = {
    "to": [
        {
            "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "kube-system"}},
            "podSelector": {"matchLabels": {"k8s-app": "kube-dns"}},
        }
    ]
}
KUBE_DNS = {"matchLabels": {"k8s:io.kubernetes.pod.namespace": "kube-system", "k8s-app": "kube-dns"}}
DNS_PORTS = [{"port": "53", "protocol": "UDP"}]


def network_policy(rule: Raw) -> Raw:
    """A NetworkPolicy of somebody else for the server's pods."""
    spec = {"podSelector": {"matchLabels": {"app": "a"}}, "policyTypes": ["Egress"], "egress": [rule]}
    metadata = {"name": "theirs", "namespace": "demo-mcp"}
    return {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": metadata, "spec": spec}


def cilium_policy(ports: Raw) -> Raw:
    """A CiliumNetworkPolicy of somebody else for the server's pods."""
    spec = {
        "endpointSelector": {"matchLabels": {"app": "a"}},
        "egress": [{"toEndpoints": [KUBE_DNS], "toPorts": [ports]}],
    }
    metadata = {"name": "theirs", "namespace": "demo-mcp"}
    return {"apiVersion": "cilium.io/v2", "kind": "CiliumNetworkPolicy", "metadata": metadata, "spec": spec}


def said(raw: Raw, *foreign: Any) -> list[str]:
    """The warnings of the kind."""
    found = render(raw, release=RELEASE, namespace=NAMESPACE, services=index([], NAMESPACE), foreign=foreign)
    return [one.message for one in found.findings if one.id == "cilium-dns-open"]


@pytest.mark.parametrize(
    ("document", "title"),
    [
        (network_policy({**TO_DNS, "ports": [{"protocol": "UDP", "port": 53}]}), "NetworkPolicy"),
        (cilium_policy({"ports": DNS_PORTS}), "CiliumNetworkPolicy"),
    ],
)
def test_an_open_resolver_is_named(document: Raw, title: str) -> None:
    """What may be reached stays as granted, and the policy that lifts the filter is named."""
    assert said(RAW, document) == [
        f"{title} demo-mcp/theirs: spec.egress[0] opens the resolver, so its pods may ask for every name, not only for "
        "granted ones; remove it there: the resolver is opened by what is rendered, for the names that the catalog grants"
    ]


@pytest.mark.parametrize(
    "document",
    [
        network_policy({"to": [{"podSelector": {"matchLabels": {"app": "none"}}}], "ports": [{"port": 443}]})
        | {"metadata": {"name": "theirs", "namespace": "elsewhere"}},
        cilium_policy({"ports": DNS_PORTS, "rules": {"dns": [{"matchName": "api.example.com"}]}}),
    ],
)
def test_others_are_not(document: Raw) -> None:
    """Policies of other pods, and rules that look at names themselves."""
    assert said(RAW, document) == []


def test_where_every_name_may_be_asked_nothing_is_lifted() -> None:
    """Under the stance internet, and under an engine that limits no questions."""
    open_port = network_policy({**TO_DNS, "ports": [{"protocol": "UDP", "port": 53}]})

    assert said(one_egress(default="internet") | {"egress": {"provider": "cilium"}}, open_port) == []
    assert said(one_egress(domains=["api.example.com"]) | {"egress": {"provider": "aviatrix"}}, open_port) == []
