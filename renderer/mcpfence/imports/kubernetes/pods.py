"""Workloads of a cluster, and which of them are MCP servers.

Servers are, in this order: those that --only names; those with the label mcpfence.io/server; those with the word mcp
in their name, namespace, labels, annotations, images or port names.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from mcpfence.findings.finding import quote
from mcpfence.imports.shared.dns_labels import label
from mcpfence.imports.shared.format import ImportContext
from mcpfence.imports.shared.source import Node

MARK = "mcpfence.io/server"
_KINDS = ("Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "Pod")
_BATCH = ("Job", "CronJob", "ReplicationController")
_WORD = re.compile(r"(?<![a-z])mcp(?![a-z])", re.IGNORECASE)


class Running(NamedTuple):
    """One workload: its pods' labels, the labels that select them, their container ports by protocol and name."""

    node: Node
    kind: str
    namespace: str
    name: str
    labels: Mapping[str, str]
    selector: Mapping[str, str]
    ports: tuple[tuple[str, str, int], ...]
    """(name, protocol, number); the name may be empty."""
    image: Node | None
    host_network: bool
    words: str
    """Everything in which the word mcp may stand."""

    @property
    def title(self) -> str:
        """As messages call it."""
        return f"{self.kind} {plain(self.namespace)}/{plain(self.name)}"

    @property
    def key(self) -> str:
        """As the evaluators call it."""
        return f"{self.kind} {self.namespace}/{self.name}"

    def numbers(self, protocol: str = "TCP", name: str | None = None) -> list[int]:
        """The container ports of a protocol, or those of one name."""
        return sorted({port for label, kind, port in self.ports if kind == protocol and name in (None, label)})


def plain(text: str) -> str:
    """A foreign name for a message: short, and with escapes for what does not print."""
    return quote(text)[1:-1]


def mapping(value: Any) -> Mapping[str, Any]:
    """The value, or an empty mapping for what is none."""
    return value if isinstance(value, Mapping) else {}


def strings(value: Any) -> dict[str, str]:
    """The entries of a mapping whose values are strings."""
    return {str(key): text for key, text in mapping(value).items() if isinstance(text, str)}


def running(nodes: Sequence[Node]) -> list[Running]:
    """Every workload among the objects; pods and ReplicaSets that belong to another one are left out."""
    return [found for node in nodes if node.value.get("kind") in _KINDS and (found := _running(node)) is not None]


def _running(node: Node) -> Running | None:
    kind, metadata, spec = str(node.value["kind"]), mapping(node.value.get("metadata")), mapping(node.value.get("spec"))
    name = metadata.get("name")
    if not isinstance(name, str) or not name or metadata.get("ownerReferences"):
        return None
    template = node.value if kind == "Pod" else mapping(spec.get("template"))
    labels = strings(mapping(template.get("metadata")).get("labels"))
    chosen = mapping(spec.get("selector")) if kind != "Pod" else {}
    pod = mapping(template.get("spec"))
    containers = [(i, one) for i, one in enumerate(_items(pod.get("containers"))) if isinstance(one, Mapping)]
    path = () if kind == "Pod" else ("spec", "template")
    image = None
    if containers and isinstance(containers[0][1].get("image"), str):
        where = (*node.path, *path, "spec", "containers", containers[0][0], "image")
        image = Node(node.document, containers[0][1]["image"], where)
    plain = strings(chosen.get("matchLabels")) if not chosen.get("matchExpressions") else {}
    namespace = metadata.get("namespace")
    return Running(
        node,
        kind,
        namespace if isinstance(namespace, str) and namespace else "default",
        name,
        labels,
        plain if plain and plain.items() <= labels.items() else labels,
        tuple(sorted({port for _, one in containers for port in _ports(one)})),
        image,
        pod.get("hostNetwork") is True,
        " ".join(_words(name, str(namespace or ""), metadata, template, [one for _, one in containers])),
    )


def _items(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _ports(container: Mapping[str, Any]) -> Iterator[tuple[str, str, int]]:
    for item in _items(container.get("ports")):
        port = mapping(item)
        number, protocol = port.get("containerPort"), port.get("protocol") or "TCP"
        if type(number) is int and 1 <= number <= 65535 and protocol in ("TCP", "UDP", "SCTP"):
            yield str(port.get("name") or ""), str(protocol), number


def _words(
    name: str, namespace: str, metadata: Mapping[str, Any], template: Mapping[str, Any], containers: Sequence[Any]
) -> Iterator[str]:
    yield from (name, namespace)
    for holder in (metadata, mapping(template.get("metadata"))):
        for key, value in (*strings(holder.get("labels")).items(), *strings(holder.get("annotations")).items()):
            if not key.startswith("kubectl.kubernetes.io/"):  # last-applied-configuration holds everything
                yield from (key, value)
    for one in containers:
        yield str(one.get("image") or "")
        yield from (port for port, _, _ in _ports(one))


def say_others(nodes: Sequence[Node], namespace: str, context: ImportContext) -> None:
    """Say which objects of a namespace have pods and are not imported."""
    for node in nodes:
        metadata = mapping(node.value.get("metadata"))
        here = (metadata.get("namespace") or "default") == namespace and not metadata.get("ownerReferences")
        if node.value.get("kind") in _BATCH and here:
            sentence = f"{node.value['kind']} {plain(namespace)}/{plain(str(metadata.get('name')))} is not imported"
            todo = "the floor denies its pods everything; write a workload for them"
            context.say("import-pods", node, sentence, todo)


def servers(found: Sequence[Running], context: ImportContext) -> list[Running]:
    """The workloads that are servers, of one namespace; what is left out for that is said."""
    marked = [one for one in found if one.labels.get(MARK, "false") != "false"]
    if context.only:
        chosen = [one for one in found if one.name in context.only or label(one.name) in context.only]
    else:
        chosen = marked or [one for one in found if _WORD.search(one.words)]
    if not chosen:
        return []
    counts = Counter(one.namespace for one in chosen)
    space = min(counts, key=lambda name: (-counts[name], name))
    for one in chosen:
        if one.namespace != space:
            sentence = f"{one.title} looks like a server too, and this catalog is for namespace {plain(space)}"
            context.say("import-ignored", one.node, sentence, "import that namespace by itself")
    return [one for one in chosen if one.namespace == space]
