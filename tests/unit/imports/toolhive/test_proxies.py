"""What ToolHive's operator runs beside the servers is fenced as workloads, so that the floor does not cut it off."""

from __future__ import annotations

import json
from typing import Any

import pytest
import yaml

from mcpfence.documents.values import read_source
from mcpfence.imports.run import Imported, Request, import_texts
from mcpfence.imports.shared.source import Text


def _resource(kind: str, name: str, namespace: str = "ai", **spec: Any) -> dict[str, Any]:
    metadata = {"name": name} | ({"namespace": namespace} if namespace else {})
    return {"apiVersion": "toolhive.stacklok.dev/v1beta1", "kind": kind, "metadata": metadata, "spec": spec}


def _server(name: str, namespace: str = "ai", **spec: Any) -> dict[str, Any]:
    return _resource("MCPServer", name, namespace, image="example/x:1", mcpPort=9000, **spec)


def _remote(name: str, url: str = "https://mcp.example.com/mcp", **spec: Any) -> dict[str, Any]:
    return _resource("MCPRemoteProxy", name, remoteUrl=url, **spec)


def _imported(*resources: dict[str, Any], base: str = "") -> Imported:
    texts = [Text(f"{i}.json", json.dumps(one)) for i, one in enumerate(resources)]
    return import_texts(texts, Request(format="toolhive", base=read_source("values.yaml", base) if base else None))


def _workloads(found: Imported) -> dict[str, Any]:
    return dict(yaml.safe_load(found.text).get("workloads", {}))


def _pods(found: Imported) -> list[str]:
    return [one.message for one in found.findings if one.id == "import-pods"]


def test_servers_proxies_reach_each_of_them() -> None:
    """One workload stands for the proxies of all servers: it reaches these, on their own ports."""
    found = _imported(_server("notes"), _server("wiki", proxyPort=8081))

    assert _workloads(found) == {
        "toolhive-proxy": {
            "podSelector": {"app": "mcpserver", "toolhive": "true"},
            "egress": {"servers": ["notes", "wiki"]},
        }
    }
    assert _pods(found) == [
        "0.json:1: has a proxy that starts the server through the API server, whose addresses are not known here; write "
        "cluster.cidrs.controlPlane (see mcpfence cidrs) and workloads.toolhive-proxy.egress.kubernetesAPI: true",
        "0.json:1: is called through a proxy, and so are 1 more, and who calls that on port 8080, 8081 is not in the source; "
        "write workloads.toolhive-proxy.ingress: {from: [...], ports: [8080, 8081]}; until then nobody may",
    ]


def test_the_api_server_is_opened_where_it_is_known() -> None:
    """With its addresses in the merged file the proxies may call it, and nothing is left to say."""
    found = _imported(_server("notes"), base="cluster: {cidrs: {controlPlane: [10.9.0.1/32]}}\n")

    assert _workloads(found)["toolhive-proxy"]["egress"] == {"servers": ["notes"], "kubernetesAPI": True}
    assert not any("API server" in message for message in _pods(found))


@pytest.mark.parametrize(
    ("url", "egress"),
    [
        ("https://mcp.example.com/mcp", {"domains": [{"name": "mcp.example.com", "ports": [443]}]}),
        ("http://mcp.example.com:8080/mcp", {"domains": [{"name": "mcp.example.com", "ports": [8080]}]}),
    ],
)
def test_a_remote_servers_proxy_reaches_that_one(url: str, egress: dict[str, Any]) -> None:
    """Its pods are known by the resource's name, and it reaches the URL's host and port."""
    found = _imported(_remote("wiki", url, proxyPort=9090))

    assert _workloads(found) == {
        "wiki-remote": {
            "podSelector": {"app": "mcpremoteproxy", "app.kubernetes.io/instance": "wiki"},
            "egress": egress,
        }
    }
    assert _pods(found) == [
        "0.json:1: is called through a proxy, and who calls that on port 9090 is not in the source; "
        "write workloads.wiki-remote.ingress: {from: [...], ports: [9090]}; until then nobody may"
    ]


def test_a_remote_host_that_none_may_list_is_said() -> None:
    """Without a host there is no workload, and the warning says so."""
    found = _imported(_remote("wiki", "https://${HOST}/mcp"))

    assert _workloads(found) == {}
    assert _pods(found) == [
        "0.json:1: has a proxy whose pods call a host that a workload cannot list; the floor denies them everything; write "
        "a workload for app.kubernetes.io/instance: wiki"
    ]


def test_a_virtual_server_reaches_its_groups_proxies() -> None:
    """It reaches the proxies of its group on their ports, remote servers that have none, and nothing of other groups."""
    group: dict[str, Any] = {"groupRef": {"name": "g"}}
    entry = _resource("MCPServerEntry", "entry", remoteUrl="https://entry.example.com/mcp", **group)
    found = _imported(
        _server("notes", **group),
        _server("other"),
        _remote("wiki", proxyPort=8088, **group),
        entry,
        _resource("VirtualMCPServer", "all", **group),
    )

    assert _pods(found)[-1] == (
        "4.json:1: has pods of its own, and who calls that on port 4483 is not in the source; write "
        "workloads.all-vmcp.ingress: {from: [...], ports: [4483]}; until then nobody may"
    )
    assert _workloads(found)["all-vmcp"] == {
        "podSelector": {"app": "virtualmcpserver", "app.kubernetes.io/instance": "all"},
        "egress": {
            "domains": [{"name": "entry.example.com", "ports": [443]}],
            "services": [
                {"name": "toolhive-proxy", "podSelector": {"app": "mcpserver", "toolhive": "true"}, "ports": [8080]},
                {
                    "name": "wiki-remote",
                    "podSelector": {"app": "mcpremoteproxy", "app.kubernetes.io/instance": "wiki"},
                    "ports": [8088],
                },
            ],
        },
    }


def test_refused_servers_and_other_namespaces_are_not_listed() -> None:
    """The workload lists the servers that the catalog has, by the names that they have there."""
    found = _imported(_server("Notes_A"), _server("far", "other"), _resource("MCPServer", "bad", image="{{x}}"))

    assert _workloads(found)["toolhive-proxy"]["egress"] == {"servers": ["notes-a"]}


def test_the_operators_own_namespace() -> None:
    """In toolhive-system the operator itself is under the floor, and that is said."""
    found = _imported(_server("notes", "toolhive-system"))

    assert _pods(found)[-1] == (
        "0.json:1: is in toolhive-system, where ToolHive's operator runs unless it was told otherwise; the floor denies its "
        "pods everything; write a workload for them, with egress.kubernetesAPI"
    )


def test_a_workload_that_a_catalog_cannot_have_is_left_out() -> None:
    """Pods of a server and of the proxies that one selector could mean: the server stays, and the warning says so."""
    found = _imported(_server("mcpserver"))

    assert _workloads(found) == {}
    assert "mcpserver" in yaml.safe_load(found.text)["servers"]
    assert _pods(found)[-1].endswith("left out; the floor denies its pods everything: write it by hand")
