"""MCPServer of the lifecycle operator: what its operator makes of it, never more."""

from __future__ import annotations

import json
from typing import Any

import pytest
import yaml

from mcpfence.imports.run import Imported, Request, import_texts
from mcpfence.imports.shared.source import Text


def _resource(version: str, kind: str = "MCPServer", /, name: str = "notes", **spec: Any) -> dict[str, Any]:
    return {"apiVersion": version, "kind": kind, "metadata": {"name": name, "namespace": "tools"}, "spec": spec}


def _imported(*documents: Any) -> Imported:
    return import_texts([Text(f"{i}.json", json.dumps(one)) for i, one in enumerate(documents)], Request())


def _server(found: Imported) -> dict[str, Any]:
    return dict(yaml.safe_load(found.text)["servers"]["notes"]) if found.text else {}


def _said(found: Imported, id: str) -> list[str]:
    return [one.message for one in found.findings if one.id == id]


def _lifecycle(**network: Any) -> dict[str, Any]:
    source = {"type": "ContainerImage", "containerImage": {"ref": "example/notes:1"}}
    return _resource("mcp.x-k8s.io/v1beta1", source=source, config={"port": 8080}, network=network)


_BLOCK = {"ipBlock": {"cidr": "10.1.0.0/16"}}
_RESOLVER = {
    "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "kube-system"}},
    "podSelector": {"matchLabels": {"k8s-app": "kube-dns"}},
}
_KUBE_DNS = {"name": "kube-dns", "namespace": "kube-system", "podSelector": {"k8s-app": "kube-dns"}}


@pytest.mark.parametrize(
    ("network", "egress"),
    [
        (
            {"egressTo": [_BLOCK], "egressPorts": [{"port": 443}]},
            {"cidrs": [{"cidr": "10.1.0.0/16", "ports": [443]}], "services": [{**_KUBE_DNS, "ports": [53, "53/UDP"]}], "dns": False},
        ),
        (
            {"egressTo": [_BLOCK], "dnsEgressPeer": _RESOLVER},
            {"cidrs": [{"cidr": "10.1.0.0/16", "ports": "all"}], "services": [{**_KUBE_DNS, "ports": ["53/UDP", 53]}], "dns": False},
        ),
        ({}, None),
        ({"dnsEgressPeer": _RESOLVER}, None),
    ],
    ids=["peers and ports", "peers alone", "nothing", "a resolver alone"],
)  # fmt: skip
def test_egress_of_the_lifecycle_operator(network: dict[str, Any], egress: dict[str, Any] | None) -> None:
    """All peers on all ports, and DNS beside them; where neither is listed everything is open, and nothing is written."""
    found = _imported(_lifecycle(**network))

    assert _server(found).get("egress") == egress
    assert bool(_said(found, "import-allow-all")) == (egress is None)


@pytest.mark.parametrize(
    ("path", "network", "line"),
    [
        ("spec.network.egressTo[0].ipBlock", {"egressTo": [{"ipBlock": {"cidr": "169.254.169.254/32"}}]}, 9),
        ("spec.network.egressPorts[0]", {"egressPorts": [{"port": "web"}]}, 9),
        ("spec.network.ingressFrom[0].ipBlock", {"ingressFrom": [{"ipBlock": {"cidr": "0.0.0.0/0"}}]}, 9),
        ("spec.network.dnsEgressPeer.namespaceSelector", {"egressTo": [_BLOCK], "dnsEgressPeer": {"namespaceSelector": {}}}, 9),
    ],
)  # fmt: skip
def test_places_are_those_of_the_resource(path: str, network: dict[str, Any], line: int) -> None:
    """What is narrowed names the field that the user wrote, not the policy that the operator makes of it."""
    document = yaml.safe_dump(_lifecycle(**network), sort_keys=True)
    found = import_texts([Text("servers.yaml", document)], Request())
    places = [one.message.split(": ")[0] for one in found.findings]

    assert [place for place in places if place.endswith(f" {path}")], places
    assert all(int(place.partition(":")[2].split()[0]) > line for place in places if path in place)


def test_its_policy_comes_back() -> None:
    """The operator's own policy stands beside the fence, and a warning says so for each server."""
    assert _said(_imported(_lifecycle()), "import-owned-policy") == [
        "0.json:1: belongs to MCPServer tools/notes, whose operator makes it again when it is deleted, and policies add up; "
        "narrow it or turn it off where its owner is declared"
    ]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"source": {}}, "has no image; add it"),
        ({"config": {}}, "has no port; add it"),
        (
            {"network": {"egressTo": {"x": 1}}},
            "is a mapping, not a list; mend the source; nothing of this entry was imported",
        ),
    ],
)
def test_what_is_no_server_of_the_lifecycle_operator(change: dict[str, Any], said: str) -> None:
    """Without image or port, or with something else where a list belongs, it is refused."""
    document = _lifecycle()
    document["spec"] |= change
    found = _imported(document)

    assert found.text == ""
    assert [message.partition(": ")[2] for message in _said(found, "import-refused")] == [said]
