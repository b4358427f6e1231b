"""Runs of `mcpfence krm`: what goes in, and what of the answer is looked at."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import yaml

from edges import CATALOG, NAMESPACE, RELEASE, mcpfence
from gittools import documents

Document = dict[str, Any]
FUNCTION = "exec: {path: mcpfence, args: [krm]}\n"


def function_config(raw: Any = CATALOG, *, release: str = RELEASE, namespace: str = NAMESPACE) -> Document:
    """A functionConfig that holds a catalog."""
    return {
        "apiVersion": "mcpfence.io/v1alpha1",
        "kind": "McpfenceCatalog",
        "metadata": {"name": "fences", "annotations": {"config.kubernetes.io/function": FUNCTION}},
        "spec": {"release": release, "namespace": namespace, "catalog": raw},
    }


def resource_list(*items: Document, config: Document | None = None, **more: Any) -> bytes:
    """A ResourceList as block YAML."""
    given = {"apiVersion": "config.kubernetes.io/v1", "kind": "ResourceList", "items": list(items), **more}
    return yaml.safe_dump(given | ({"functionConfig": config} if config else {}), sort_keys=False).encode()


def answer_to(stdin: bytes, *arguments: str) -> Document:
    """The answer to a ResourceList."""
    done = mcpfence("krm", *arguments, stdin=stdin)
    assert done.returncode == 0, done.stderr.decode()
    (answer,) = yaml.load_all(done.stdout, Loader=yaml.CSafeLoader)
    found: Document = answer
    return found


def item_names(answer: Mapping[str, Any]) -> list[str]:
    return [f"{item['kind']} {item['metadata']['name']}" for item in answer["items"]]


def rendered_alone(raw: Any = CATALOG) -> list[str]:
    """What `render --policies-only` prints for the same catalog."""
    text = json.dumps(raw).encode()
    done = mcpfence("render", "-f", "-", "--policies-only", "--release", RELEASE, "-n", NAMESPACE, "-q", stdin=text)
    assert done.returncode == 0, done.stderr.decode()
    return documents(done.stdout)


def item_texts(answer: Mapping[str, Any]) -> list[str]:
    return documents(yaml.safe_dump_all(answer["items"]))


CONFIG_MAP: Document = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "x", "namespace": "y"}}
NAMESPACES: Document = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "y"}}

OURS = [
    "NetworkPolicy mcp-server-vault-egress",
    "NetworkPolicy mcp-server-vault-ingress",
    "ConfigMap demo-mcpfence",
]


class NoAliases(yaml.SafeDumper):
    def ignore_aliases(self, data: object) -> bool:  # noqa: ARG002
        return True


def items_of(stream: bytes) -> list[Document]:
    return [document for document in yaml.load_all(stream, Loader=yaml.CSafeLoader) if document]
