"""The gateway's pods are callers of the servers that are registered, and of no others; the proof sees it."""

from __future__ import annotations

import copy
from typing import Any

import pytest
import yaml

from gateways.shapes import catalog, hosted, remote
from helpers import objects, planned, reach, rendered, run_cli
from mcpfence.check.audit import audit
from mcpfence.kube.services import ServiceIndex

Raw = dict[str, Any]

ENVOY = "gateway-system/gateway.networking.k8s.io/gateway-name=mcp-gateway"
BROKER = "mcp-system/app.kubernetes.io/managed-by=mcp-gateway-controller,app.kubernetes.io/name=mcp-gateway"


def _ingress(raw: Raw, name: str = "a") -> dict[str, list[str]]:
    return reach(planned(raw)[f"server {name}"].ingress)


def test_both_callers_on_the_pod_port() -> None:
    """Envoy and the broker, on the server's own port and not on that of its Service."""
    assert _ingress(catalog()) == {"gateway": [f"{ENVOY} on 8080/TCP", f"{BROKER} on 8080/TCP"]}


def test_callers_have_the_gateways_names() -> None:
    """Exactly the labels that the gateway's pods have, in the namespaces that the catalog names."""
    raw = catalog(name="tools", namespace="edge", extension={"namespace": "brokers"})

    assert _ingress(raw) == {
        "gateway": [
            "edge/gateway.networking.k8s.io/gateway-name=tools on 8080/TCP",
            f"{BROKER.replace('mcp-system', 'brokers')} on 8080/TCP",
        ]
    }


def test_callers_beside_written_ones() -> None:
    """Whoever writes ingress.from still registered the server: the gateway gets in, and only those who are named."""
    raw = catalog({"a": {**hosted(), "ingress": {"from": ["agents"], "ports": [9000]}}})
    raw["clients"] = {"agents": {"namespace": "agents", "podSelector": {"app": "agent"}}}

    assert _ingress(raw) == {
        "client": ["agents/app=agent on 9000/TCP"],
        "gateway": [f"{ENVOY} on 8080/TCP", f"{BROKER} on 8080/TCP"],
    }
    raw["servers"]["a"]["ingress"] = {"from": []}
    assert _ingress(raw) == {"gateway": [f"{ENVOY} on 8080/TCP", f"{BROKER} on 8080/TCP"]}


def test_callers_in_an_ambient_mesh() -> None:
    """HBONE's port beside the server's own, and the report says what that hides."""
    raw = {**catalog(), "cluster": {"mesh": "ambient"}}

    assert _ingress(raw) == {"gateway": [f"{ENVOY} on 8080/TCP, 15008/TCP", f"{BROKER} on 8080/TCP, 15008/TCP"]}
    assert "the port inside the tunnel is not seen by policies" in str(objects(raw)["ConfigMap demo-mcpfence"])


def test_servers_that_are_not_registered_do_not_admit_the_gateway() -> None:
    """A gateway in the catalog opens nothing by itself."""
    plain = {key: value for key, value in hosted().items() if key != "gateway"}
    raw = catalog({"a": hosted(), "b": plain})

    assert _ingress(raw, "b") == {}


def test_nobody_is_warned_of_servers_without_clients() -> None:
    """A registered server is called by the gateway; another one beside it by nobody."""
    plain = {key: value for key, value in hosted().items() if key != "gateway"}

    assert "clients-none" not in planned(catalog()).ids
    assert "clients-none" in planned(catalog({"a": hosted(), "b": plain})).ids


def test_remote_servers_get_no_fence() -> None:
    """The gateway's own way out is fenced only where the catalog says so, as a workload."""
    assert list(planned(catalog({"a": remote()})).fences) == []


def test_gateway_as_a_workload() -> None:
    """Whoever fences the gateway's pods writes down what they reach, remote servers by egress.servers."""
    raw = catalog({"a": hosted(), "b": remote()})
    raw["egress"] = {"provider": "aviatrix"}
    raw["workloads"] = {
        "broker": {
            "namespace": "mcp-system",
            "podSelector": {"app.kubernetes.io/name": "mcp-gateway"},
            "egress": {"servers": "all"},
        }
    }
    plan = planned(raw)
    broker = plan["workload broker"]

    assert reach(broker.egress, "server") == {"server": ["mcp/app=a on 8080/TCP"]}
    assert [name.pattern for name in broker.names] == ["mcp.example.net"]
    assert "mcp-system/app.kubernetes.io/name=mcp-gateway on 8080/TCP" in reach(plan["server a"].ingress)["workload"]


def test_explain_names_them() -> None:
    """`gateway envoy` and `gateway broker`, with the key that lets them in."""
    outcome = run_cli("explain", "a", "-f", "-", stdin=yaml.safe_dump(catalog()).encode())

    said = " ".join(outcome.stdout.split())
    assert (
        "gateway envoy pods gateway.networking.k8s.io/gateway-name=mcp-gateway of namespace gateway-system on" in said
    )
    assert "gateway broker pods app.kubernetes.io/managed-by=mcp-gateway-controller," in said
    assert said.count("by servers.a.gateway") == 2


@pytest.mark.parametrize("lost", [0, 1])
def test_proof_sees_a_missing_caller(lost: int) -> None:
    """With one of the two sources alone, tools/list or tools/call would fail: both are in the fence."""
    raw = catalog()
    documents = [yaml.safe_load(item.text) for item in rendered(raw).objects]
    broken = copy.deepcopy(documents)
    for document in broken:
        if document["metadata"]["name"] == "mcp-server-a-ingress":
            del document["spec"]["ingress"][lost]

    def errors(found: list[Any]) -> list[str]:
        findings = audit(raw, found, release="demo", namespace="home", services=ServiceIndex())
        ids = [finding.id for finding in findings if finding.severity.value == "error"]
        return [id for id in ids if id != "floor-drift"]  # the floor is the chart's

    assert errors(documents) == []
    assert errors(broken) == ["proof-narrower"]


def test_explain_tells_the_gateways_risks_to_registered_servers() -> None:
    """What concerns the gateway is said of the servers that it calls, and of no others."""
    plain = {key: value for key, value in hosted().items() if key != "gateway"}
    text = yaml.safe_dump(catalog({"a": hosted(), "b": plain})).encode()
    said = {name: run_cli("explain", name, "-f", "-", stdin=text).stdout for name in ("a", "b")}

    assert ("tools/list and tools/call" in said["a"], "gateway-open" in said["a"]) == (True, True)
    assert ("tools/list and tools/call" in said["b"], "gateway-open" in said["b"]) == (False, False)
