"""KubeMCP: tools' services as pod ports; the group of any year; nothing that the operator does not open, guessed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from mcpfence.imports.run import Imported, Request, import_texts
from mcpfence.imports.shared.source import Text

SERVICE = {
    "apiVersion": "v1",
    "kind": "Service",
    "metadata": {"name": "back", "namespace": "tools"},
    "spec": {
        "selector": {"app": "back"},
        "ports": [{"port": 80, "targetPort": 8000}, {"port": 81, "targetPort": "web"}],
    },
}


def _server(group: str = "kubemcp.io", **spec: Any) -> dict[str, Any]:
    selector = {"matchLabels": {"mcp-server": "main"}}
    return {
        "apiVersion": f"{group}/v1alpha1",
        "kind": "MCPServer",
        "metadata": {"name": "main", "namespace": "mcp"},
        "spec": {"redis": {"serviceName": "mcp-redis"}, "toolSelector": selector, **spec},
    }


def _tool(group: str = "kubemcp.io", /, **annotations: str) -> dict[str, Any]:
    notes = {f"{group}/egress-{key}": value for key, value in annotations.items()}
    return {
        "apiVersion": f"{group}/v1alpha1",
        "kind": "MCPTool",
        "metadata": {"name": "t", "namespace": "mcp", "labels": {"mcp-server": "main"}, "annotations": notes},
        "spec": {"name": "t", "service": {"name": "back", "namespace": "tools", "port": 80}},
    }


def _imported(*documents: Any) -> Imported:
    return import_texts([Text(f"{i}.json", json.dumps(item)) for i, item in enumerate(documents)], Request())


def _services(found: Imported) -> list[dict[str, Any]]:
    """The services of the one server, without redis."""
    services = yaml.safe_load(found.text)["servers"]["main"]["egress"]["services"]
    return [item for item in services if item["name"] != "mcp-redis"]


@pytest.mark.parametrize("group", ["kubemcp.io", "mcp.k8s.turd.ninja"])
@pytest.mark.parametrize(
    ("annotations", "entry"),
    [
        ({}, {"podSelector": {"app": "back"}, "ports": [8000]}),
        ({"ports": "8443,443, 443"}, {"podSelector": {"app": "back"}, "ports": [443, 8443]}),
        ({"mode": "NAMESPACE "}, {"mode": "namespace", "ports": [8000]}),
        ({"mode": "namespace", "ports": "9"}, {"mode": "namespace", "ports": [9]}),
        ({"mode": "cidr", "cidrs": "10.2.0.9/16"}, {"mode": "cidr", "cidrs": ["10.2.0.0/16"], "ports": [80]}),
    ],
)
def test_modes(group: str, annotations: dict[str, str], entry: dict[str, Any]) -> None:
    """Each mode and its annotations, under the group of either year, become one entry of egress.services."""
    found = _imported(_server(group), _tool(group, **annotations), SERVICE)

    assert _services(found) == [{"name": "back", "namespace": "tools", **entry}]


def test_the_pods_port_is_imported_and_said() -> None:
    """KubeMCP opens the Service's port; policies see the pods' one, and the note names both."""
    found = _imported(_server(), _tool(), SERVICE)

    assert [f.message for f in found.findings if f.id == "import-ignored"] == [
        "1.json:1 spec.service: names port 80 of Service tools/back; its pods listen on 8000; imported the pods' port: "
        "policies see that one"
    ]


def test_a_service_that_is_missing_is_asked_for() -> None:
    """Without the Service nothing is guessed in mode selector: the tool's destination is refused, the server is not."""
    found = _imported(_server(), _tool())

    assert _services(found) == []
    assert [f.message for f in found.findings if f.severity.value == "error"] == [
        "1.json:1 spec.service: Service tools/back is not in the input, so its pods and their ports are not known; "
        "this destination was not imported; add what the server needs to its egress by hand"
    ]


@pytest.mark.parametrize("selector", [{}, {"matchLabels": {}}, {"matchExpressions": []}])
def test_an_empty_tool_selector_selects_nothing(selector: dict[str, Any]) -> None:
    """A selector that says nothing opens nothing."""
    found = _imported(_server(toolSelector=selector), _tool(), SERVICE)

    assert _services(found) == []
    assert "0.json:1 spec.toolSelector: selects tools by nothing; imported without tools; write which ones" in [
        finding.message for finding in found.findings
    ]


def test_a_tool_of_another_namespace_is_not_the_servers() -> None:
    """toolSelector selects in the server's namespace alone."""
    tool = _tool()
    tool["metadata"]["namespace"] = "elsewhere"

    assert _services(_imported(_server(), tool, SERVICE)) == []


def test_resources_of_the_custom_definitions_import(shared: Path) -> None:
    """The CRDs are those that the format was written for: kinds, group, and the fields that it reads."""
    for kind in ("mcpserver", "mcptool", "mcpresource"):
        definition = yaml.safe_load((shared / "crds" / "kubemcp" / f"{kind}-crd.kubemcp.io.yaml").read_text("utf-8"))
        spec = definition["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"]["properties"]
        assert definition["spec"]["group"] == "kubemcp.io"
        wanted = {"mcpserver": {"redis", "toolSelector"}, "mcptool": {"service"}, "mcpresource": {"operations"}}[kind]
        assert wanted <= set(spec)


def _pods(title: str, /, **port: Any) -> dict[str, Any]:
    template = {"metadata": {"labels": {"app": "back"}}, "spec": {"containers": [{"ports": [port] if port else []}]}}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": title, "namespace": "tools"},
        "spec": {"template": template},
    }


@pytest.mark.parametrize(
    ("other", "said"),
    [
        (_pods("two", name="web", containerPort=9000), "8000 in Deployment one and 9000 in Deployment two"),
        (_pods("two"), "8000 in Deployment one and not there in Deployment two"),
    ],
)
def test_a_target_port_by_name_is_one_number_or_none(other: dict[str, Any], said: str) -> None:
    """Where the pods behind a Service do not agree on a port's name nothing is opened, and the error names them."""
    tool = _tool()
    tool["spec"]["service"]["port"] = 81
    found = _imported(_server(), tool, SERVICE, _pods("one", name="web", containerPort=8000), other)

    assert _services(found) == []
    (message,) = [f.message for f in found.findings if f.id == "import-destination-refused"]
    assert message == (
        f'1.json:1 spec.service: Service tools/back, port 81, has the target port "web", which is {said}; '
        "this destination was not imported; add what the server needs to its egress by hand"
    )
