"""A catalog that runs servers, and its objects by kind and name."""

from __future__ import annotations

import copy
from typing import Any

import yaml

from mcpfence.findings.finding import McpfenceError
from mcpfence.kube.services import ServiceIndex
from mcpfence.render.pipeline import render

Document = dict[str, Any]

CATALOG: Document = {
    "run": {"enabled": True},
    "mcpServerDefaults": {"port": 8099},
    "egress": {
        "registries": {
            "npx": [{"name": "npm.example.com", "addresses": ["10.9.0.4/32"]}],
            "uvx": [{"name": "python.example.com", "addresses": ["10.9.0.5/32"]}],
        },
        "unenforcedDomains": "internet",
    },
    "clients": {"agent": {"namespace": "agents", "podSelector": {"app": "agent"}}},
    "servers": {
        "everything": {"runtime": "npx", "npxConfig": {"package": "everything@1.2.3", "args": ["--name", "a b"]}},
        "fetch": {"runtime": "uvx", "uvxConfig": {"package": "fetch==1.2.3", "args": ["--port", 80]}},
        "notes": {
            "runtime": "containerized",
            "containerizedConfig": {"image": "registry.example.com/notes:1", "port": 80},
        },
    },
}


def changed(server: str, **keys: Any) -> Document:
    """The catalog with keys of one server changed."""
    catalog = copy.deepcopy(CATALOG)
    catalog["servers"][server].update(keys)
    return catalog


def objects(catalog: Document) -> dict[tuple[str, str], Document]:
    """What is rendered, by kind and name, read back from its text."""
    rendering = render(catalog, release="rel", namespace="ns", services=ServiceIndex())
    documents = [yaml.load(item.text, Loader=yaml.CSafeLoader) for item in rendering.objects]
    return {(document["kind"], document["metadata"]["name"]): document for document in documents}


def pod(catalog: Document, server: str) -> Document:
    """The spec of a server's pod."""
    spec: Document = objects(catalog)["Deployment", server]["spec"]["template"]["spec"]
    return spec


def container(catalog: Document, server: str) -> Document:
    """The container of a server's pod."""
    found: Document = pod(catalog, server)["containers"][0]
    return found


def refusals(catalog: Document) -> list[str]:
    """The errors of a catalog, as people read them; none if it renders."""
    try:
        render(catalog, release="rel", namespace="ns", services=ServiceIndex())
    except McpfenceError as error:
        return [f"{item.message} [{item.id}]" for item in error.findings if item.severity.value == "error"]
    return []
