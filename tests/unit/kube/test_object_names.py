"""Names of objects: where they are cut, and which are taken."""

from __future__ import annotations

import re

import pytest

from helpers import NAMESPACE, RELEASE, catalog, objects, one
from mcpfence.findings.finding import McpfenceError
from mcpfence.kube.object_names import LIMIT, limited, object_name
from mcpfence.kube.services import ServiceIndex
from mcpfence.render.pipeline import render

NAMES = {
    "github": "mcp-server-github-egress",
    "x" * 45: f"mcp-server-{'x' * 45}-egress",
    "x" * 46: f"mcp-server-{'x' * 43}-83e21d52",  # SHA-256 of mcp-server-xxx...-egress
}


@pytest.mark.parametrize(("name", "expected"), NAMES.items(), ids=["short", "longest", "cut"])
def test_where_names_are_cut(name: str, expected: str) -> None:
    """A name of 63 characters stands as it is; a longer one ends in 8 hex digits of its hash."""
    assert len(expected) <= LIMIT
    assert object_name("server", name, "egress") == expected


def test_cut_names_do_not_end_in_two_hyphens() -> None:
    """Where the cut falls on hyphens or dots they go too."""
    assert re.fullmatch(r"a{50}-[0-9a-f]{8}", limited("a" * 50 + "-.--" + "b" * 20))


def test_names_of_objects() -> None:
    """Each kind of fence names its objects as the documentation says; several selectors add their digests."""
    raw = catalog(
        {
            "a": {
                "runtime": "containerized",
                "egress": {"services": [{"name": "redis", "podSelector": {"app": "redis"}, "ports": [6379]}]},
            },
            "b": {"runtime": "containerized", "podSelector": [{"app": "b1"}, {"app": "b2"}]},
        },
        workloads={"w": {"podSelector": {"app": "w"}, "egress": {"servers": "all"}}},
        egress={"provider": "aviatrix"},
    )

    assert list(objects(raw)) == [
        "FirewallPolicy mcp-server-a",
        "FirewallPolicy mcp-server-b",
        "FirewallPolicy mcp-workload-w",
        "NetworkPolicy mcp-server-a-egress",
        "NetworkPolicy mcp-server-a-ingress",
        "NetworkPolicy mcp-server-b-egress-77cadda8",
        "NetworkPolicy mcp-server-b-egress-7edf157f",
        "NetworkPolicy mcp-server-b-ingress-77cadda8",
        "NetworkPolicy mcp-server-b-ingress-7edf157f",
        "NetworkPolicy mcp-service-redis-ingress",
        "NetworkPolicy mcp-workload-w-egress",
        "NetworkPolicy mcp-workload-w-ingress",
        "ConfigMap demo-mcpfence",
    ]


def foreign(kind: str, namespace: str, name: str) -> list[str]:
    """The errors of a render beside a document of this kind and name."""
    document = {"apiVersion": "networking.k8s.io/v1", "kind": kind, "metadata": {"name": name, "namespace": namespace}}
    document["spec"] = {"podSelector": {"matchLabels": {"app": "elsewhere"}}, "policyTypes": ["Egress"]}
    try:
        render(one(), release=RELEASE, namespace=NAMESPACE, services=ServiceIndex(), foreign=[document])
    except McpfenceError as error:
        return [finding.message for finding in error.findings]
    return []


def test_names_of_other_documents_are_taken() -> None:
    """An object that another document of the stream is called already is refused; kind and namespace make a difference."""
    name = "mcp-server-a-egress"

    assert foreign("NetworkPolicy", "demo-mcp", name) == [
        "servers.a: server a and another document of the stream would both be NetworkPolicy demo-mcp/mcp-server-a-egress; "
        "rename one of them"
    ]
    assert foreign("NetworkPolicy", "demo-mcp", "other") == []
    assert foreign("NetworkPolicy", "elsewhere", name) == []


def test_obots_own_policy_is_refused() -> None:
    """Obot's policy opens every public address to every server: the error says how to switch it off."""
    assert foreign("NetworkPolicy", "demo-mcp", "mcp-egress-restrictions") == [
        "NetworkPolicy demo-mcp/mcp-egress-restrictions: Obot's own policy opens every public address to every server, and "
        "policies add up; set mcpNamespace.networkPolicy.enabled=false in Obot's values"
    ]
