"""kagent's MCPServer and RemoteMCPServer: the runtime, the port and the labels that kmcp gives."""

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


def _kagent(**deployment: Any) -> dict[str, Any]:
    return _resource("kagent.dev/v1alpha1", transportType="stdio", deployment={"port": 3000, **deployment})


_LABELS = {"app.kubernetes.io/instance": "notes", "app.kubernetes.io/name": "notes"}


@pytest.mark.parametrize(
    ("document", "server"),
    [
        (_kagent(cmd="npx", args=["-y", "notes@1.2.3"]), {"runtime": "npx", "npxConfig": {"package": "notes@1.2.3"}, "ingress": {"ports": [3000]}}),
        (_kagent(cmd="uvx", args=["--from", "notes==1.2", "run"]), {"runtime": "uvx", "uvxConfig": {"package": "notes==1.2", "command": "run"}, "ingress": {"ports": [3000]}}),
        (_kagent(image="example/notes:1", cmd="npx", args=["x"]), {"runtime": "containerized", "containerizedConfig": {"image": "example/notes:1", "port": 3000}}),
        (_resource("kagent.dev/v1alpha1", deployment={"image": "example/notes:1"}, httpTransport={"targetPort": 8080, "path": "/mcp"}), {"runtime": "containerized", "containerizedConfig": {"image": "example/notes:1", "port": 8080, "path": "/mcp"}}),
    ],
)  # fmt: skip
def test_servers_of_kagent(document: dict[str, Any], server: dict[str, Any]) -> None:
    """The runtime, the port on which its pods listen, and the labels that kmcp gives them."""
    assert _server(_imported(document)) == {**server, "podSelector": _LABELS}


def test_remote_servers_of_kagent() -> None:
    """The URL, and the headers by name."""
    spec: dict[str, Any] = {
        "url": "https://mcp.example.com/mcp",
        "headersFrom": [{"name": "X-Key", "valueFrom": {"key": "TOPSECRET"}}],
    }
    found = _imported(_resource("kagent.dev/v1alpha2", "RemoteMCPServer", **spec))

    assert _server(found)["remoteConfig"] == {
        "fixedURL": "https://mcp.example.com/mcp",
        "headers": [{"key": "X-Key", "sensitive": True}],
    }


@pytest.mark.parametrize(
    ("deployment", "said"),
    [
        ({"cmd": "python", "args": ["x"]}, "has no image, and starts neither npx nor uvx; write the server by hand"),
        ({"cmd": "docker", "args": ["run", "example/x:1"]}, "has no image, and starts neither npx nor uvx; write the server by hand"),
        ({"cmd": "npx", "args": ["mcp-remote", "https://mcp.example.com"]}, "is a bridge (mcp-remote) to a remote server; write that one by hand"),
        ({}, "has no image, and starts neither npx nor uvx; write the server by hand"),
    ],
)  # fmt: skip
def test_what_kagent_runs_and_no_catalog_can(deployment: dict[str, Any], said: str) -> None:
    """A command in the adapter's own image is nothing that a catalog has a runtime for."""
    found = _imported(_kagent(**deployment))

    assert [message.partition(": ")[2] for message in _said(found, "import-refused")] == [said]
