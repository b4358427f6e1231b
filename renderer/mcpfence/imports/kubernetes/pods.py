"""Workloads of a cluster, and which of them are MCP servers.

Servers are, in this order: those that --only names; those with the label mcpfence.io/server; those with the word mcp
in their name, namespace, labels, annotations, images or port names.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from mcpfence.findings.finding import quote
from mcpfence.imports.kubernetes.owners import (
    Belongings,
    Owner,
    is_past,
    mapping,
    owner_of,
    plain_labels,
    space_of,
    stem_of,
)
from mcpfence.imports.shared.dns_labels import label
from mcpfence.imports.shared.format import ImportContext
from mcpfence.imports.shared.source import Node
from mcpfence.structs import Struct

MARK = "mcpfence.io/server"
_KINDS = ("Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "Pod")
_BATCH = ("Job", "CronJob", "ReplicationController")
_WORD = re.compile(r"(?<![a-z])mcp(?![a-z])", re.IGNORECASE)


class Running(Struct):
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
    keys: tuple[str, ...] = ()
    """As the evaluators call it: `Deployment ns/name`, or each ReplicaSet of a Deployment that is not in the input."""

    @property
    def title(self) -> str:
        """As messages call it."""
        return f"{self.kind} {plain(self.namespace)}/{plain(self.name)}"

    def numbers(self, protocol: str = "TCP", name: str | None = None) -> list[int]:
        """The container ports of a protocol, or those of one name."""
        return sorted({port for label, kind, port in self.ports if kind == protocol and name in (None, label)})


def plain(text: str) -> str:
    """A foreign name for a message: short, and with escapes for what does not print."""
    return quote(text)[1:-1]


def strings(value: Any) -> dict[str, str]:
    """The entries of a mapping whose values are strings."""
    return {str(key): text for key, text in mapping(value).items() if isinstance(text, str)}


def running(nodes: Sequence[Node], context: ImportContext) -> list[Running]:
    """Every workload among the objects; what one of them made is left out, and pods of one owner are one workload."""
    belongings = Belongings(nodes)
    found: dict[tuple[Any, ...], Running] = {}
    for node in nodes:
        if node.value.get("kind") not in _KINDS or belongings.covered(node.value) or is_past(node.value):
            continue
        owner = owner_of(node.value)
        one = None if owner is not None and owner.kind in _BATCH else _running(node, owner)
        if one is None:
            continue
        alike = one.kind, one.namespace, one.name, *(map(str, (one.selector, one.ports)) if _made(node, owner) else ())
        known = found.get(alike)
        found[alike] = one if known is None else known._replace(keys=tuple(sorted({*known.keys, *one.keys})))
    return _told_apart(list(found.values()), context)


def batch(nodes: Sequence[Node]) -> list[Running]:
    """Jobs and the like, whose pods a policy may select; none is ever imported."""
    found = [_running(node, None) for node in nodes if node.value.get("kind") in _BATCH]
    return [one for one in found if one is not None]


def _made(node: Node, owner: Owner | None) -> bool:
    """Whether a controller that is not in the input made it, perhaps with others that are alike."""
    return owner is not None and node.value.get("kind") in ("Pod", "ReplicaSet")


def _told_apart(found: list[Running], context: ImportContext) -> list[Running]:
    """Pods of one owner that differ in labels or ports are workloads of their own, under their own names."""
    counts = Counter((one.kind, one.namespace, one.name) for one in found)
    kept = []
    for one in found:
        own = str(mapping(one.node.value.get("metadata")).get("name"))
        if counts[one.kind, one.namespace, one.name] > 1 and own != one.name:
            sentence = f"pods of {one.title} differ in their labels or ports"
            context.say("import-guess", one.node, sentence, f"imported this one by itself, as {plain(own)}")
            one = one._replace(name=own, kind=str(one.node.value["kind"]))  # noqa: PLW2901
        kept.append(one)
    return kept


def _running(node: Node, owner: Owner | None) -> Running | None:
    kind, metadata, spec = str(node.value["kind"]), mapping(node.value.get("metadata")), mapping(node.value.get("spec"))
    name = metadata.get("name")
    if not isinstance(name, str) or not name:
        return None
    if kind == "CronJob":
        spec = mapping(mapping(spec.get("jobTemplate")).get("spec"))
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
    selector = plain if plain and plain.items() <= labels.items() else labels
    space = space_of(node.value)
    shown, called = kind, name
    if owner is not None and kind in ("Pod", "ReplicaSet"):
        stem = stem_of(node.value, owner)
        shown, called = ("Deployment", stem) if stem != owner.name else (owner.kind, owner.name)
        selector = plain_labels(selector)
    key = f"{owner.kind if owner and kind == 'Pod' else kind} {space}/{owner.name if owner and kind == 'Pod' else name}"
    return Running(
        node,
        shown,
        space,
        called,
        labels,
        selector,
        tuple(sorted({port for one in (*(item for _, item in containers), *_sidecars(pod)) for port in _ports(one)})),
        image,
        pod.get("hostNetwork") is True,
        " ".join(
            (*_words(called, space, metadata, template, [one for _, one in containers]), _of_owner(owner, labels))
        ),
        (key,),
    )


def _of_owner(owner: Owner | None, labels: Mapping[str, str]) -> str:
    """The word mcp for what the operator of an MCPServer runs, but for ToolHive's proxies, which are no servers."""
    return "mcp" if owner and owner.kind == "MCPServer" and labels.get("app") != "mcpserver" else ""


def _items(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _sidecars(pod: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Init containers that stay beside the others."""
    return [one for one in map(mapping, _items(pod.get("initContainers"))) if one.get("restartPolicy") == "Always"]


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
    belongings = Belongings(nodes)
    said = set()
    for node in nodes:
        owner = owner_of(node.value)
        kind, name = node.value.get("kind"), str(mapping(node.value.get("metadata")).get("name"))
        if kind == "Pod" and owner is not None and owner.kind in _BATCH:
            kind, name = owner.kind, owner.name
        if kind in _BATCH and space_of(node.value) == namespace and not belongings.covered(node.value):
            sentence = f"{kind} {plain(namespace)}/{plain(name)} is not imported"
            todo = "the floor denies its pods everything; write a workload for them"
            if sentence not in said:
                context.say("import-pods", node, sentence, todo)
            said.add(sentence)


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
