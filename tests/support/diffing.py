"""What the tests of `diff` share: catalogs and manifests to compare, and ways to compare them."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from helpers import Outcome, run_cli
from mcpfence.cli.diff_inputs import SideReader
from mcpfence.diff.changes import Difference
from mcpfence.diff.compare import compare
from mcpfence.diff.forms import as_text
from mcpfence.diff.side import Manifests

Document = dict[str, Any]
Edit = Callable[[Document], object]

OLD: Document = {
    "mcpNamespace": {"name": "tools"},
    "cluster": {"ipFamilies": ["IPv4"]},
    "clients": {"gateway": {"namespace": "gateway", "podSelector": {"app": "gateway"}}},
    "servers": {
        "notion": {
            "runtime": "containerized",
            "containerizedConfig": {"image": "ghcr.io/example/notion:1", "port": 8080},
            "egress": {"cidrs": [{"cidr": "3.128.0.0/9", "ports": [443]}]},
        },
        "redis-tool": {
            "runtime": "containerized",
            "containerizedConfig": {"image": "ghcr.io/example/redis:1", "port": 8080},
            "egress": {
                "services": [{"name": "redis", "namespace": "data", "podSelector": {"app": "redis"}, "ports": [6379]}]
            },
        },
        "vault": {
            "runtime": "containerized",
            "containerizedConfig": {"image": "ghcr.io/example/vault:1", "port": 8080, "denyAllEgress": True},
        },
    },
}


def edited(document: Document, *edits: Edit) -> Document:
    """A copy with some edits."""
    made = copy.deepcopy(document)
    for edit in edits:
        edit(made)
    return made


NEW = edited(
    OLD,
    lambda raw: raw["servers"]["notion"]["egress"]["cidrs"][0].update(cidr="3.0.0.0/8"),
    lambda raw: raw["servers"]["redis-tool"]["egress"]["services"][0].update(ports=[6380]),
    lambda raw: raw["servers"].pop("vault"),
    lambda raw: raw["servers"].update(
        fresh={
            "runtime": "containerized",
            "containerizedConfig": {"image": "ghcr.io/example/fresh:1", "port": 8080, "denyAllEgress": True},
        }
    ),
)


def policy(name: str = "web", selector: Any = None, **spec: Any) -> Document:
    """A NetworkPolicy of namespace shop; without a selector for pods app=web."""
    chosen = {"matchLabels": {"app": "web"}} if selector is None else selector
    body = {"podSelector": chosen, "policyTypes": ["Egress"], **spec}
    metadata = {"name": name, "namespace": "shop"}
    return {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": metadata, "spec": body}


def to(cidr: str, *ports: int, **more: Any) -> Document:
    """An egress rule to a block."""
    rule: Document = {"to": [{"ipBlock": {"cidr": cidr, **more}}]}
    return {**rule, "ports": [{"port": port} for port in ports]} if ports else rule


def to_pods(**labels: str) -> Document:
    """An egress rule to pods of the same namespace."""
    return {"to": [{"podSelector": {"matchLabels": labels}}], "ports": [{"port": 5432}]}


def deployment(name: str = "web", labels: Document | None = None, **pod: Any) -> Document:
    """A Deployment of namespace shop, with pods app=NAME."""
    template = {"metadata": {"labels": labels or {"app": name}}, "spec": pod}
    metadata = {"name": name, "namespace": "shop"}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata, "spec": {"template": template}}


DENY_ALL = policy("deny", {}, policyTypes=["Ingress", "Egress"])


def difference(old: list[Document], new: list[Document]) -> Difference:
    """Of two sets of manifests."""
    return compare(Manifests(old), Manifests(new))


def told(found: Difference) -> list[str]:
    """The lines of a difference that are no examples, without its summary."""
    lines = as_text(found).splitlines()[2:]
    return [line for line in lines if line and not line.startswith("  for example")]


def catalogs(old: Document, new: Document) -> Difference:
    """Of two catalogs, as the command compares them."""
    reader = SideReader("demo", "home", ())
    sides = [reader.catalog("values.yaml", json.dumps(raw).encode()) for raw in (old, new)]
    return reader.compare(sides[0].compared, sides[1].compared)


def diff(folder: Path, old: Any, new: Any, *options: str) -> Outcome:
    """`mcpfence diff` of two documents (or lists of documents), each in a file of its own."""
    paths = []
    for name, content in (("old.yaml", old), ("new.yaml", new)):
        documents = content if isinstance(content, list) else [content]
        text = "---\n".join(json.dumps(document) + "\n" for document in documents)
        (folder / name).write_text(content if isinstance(content, str) else text, encoding="utf-8")
        paths.append(str(folder / name))
    return run_cli("diff", *paths, *options)


TWO_RULES = [to("192.0.2.0/24", 443, 8443), to_pods(app="db")]
BASE = [DENY_ALL, policy(egress=[to("192.0.2.0/24", 443), to_pods(app="db")])]


def json_file(folder: Path, raw: Any, name: str = "values.yaml") -> Path:
    """Something as JSON in a file of `folder`."""
    (folder / name).write_text(json.dumps(raw), encoding="utf-8")
    return folder / name
