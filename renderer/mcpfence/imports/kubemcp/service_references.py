"""Where KubeMCP's tools go: a service reference and three annotations as entries of egress.services.

The operator opens the Service's port, though policies see the pod's (targetPort): here a Service of the input gives
the pod port.  Its modes: selector (the Service's pods, by namespace and labels), namespace (every pod of the Service's
namespace), cidr (the listed blocks).  Annotations hold for the whole resource.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from mcpfence.findings.finding import quote
from mcpfence.imports.shared.cidr_blocks import read_block
from mcpfence.imports.shared.destinations import refuse_destination, shown
from mcpfence.imports.shared.dns_labels import label
from mcpfence.imports.shared.format import ImportContext
from mcpfence.imports.shared.source import BadEntry, Node
from mcpfence.kube.services import ServiceIndex, ServiceRecord, Unresolved, index, port_by_name
from mcpfence.structs import Struct

GROUPS = ("kubemcp.io", "mcp.k8s.turd.ninja", "mcp.example.com")
_MODES = ("selector", "namespace", "cidr")
_NUMBER = re.compile(r"[0-9]{1,5}\Z")


class Known(Struct):
    """The Services and pods of the input, and each Service's TCP ports with where they lead."""

    found: ServiceIndex
    ports: Mapping[tuple[str, str], tuple[tuple[int, int | str], ...]]


def known_services(nodes: Iterable[Node]) -> Known:
    """Read Services and workloads; what is not understood is passed over."""
    values = [node.value for node in nodes]
    ports: dict[tuple[str, str], tuple[tuple[int, int | str], ...]] = {}
    for value in values:
        metadata, spec = value.get("metadata"), value.get("spec")
        if value.get("kind") == "Service" and isinstance(metadata, Mapping) and isinstance(spec, Mapping):
            key = str(metadata.get("namespace") or "default"), str(metadata.get("name"))
            listed = spec.get("ports")
            ports[key] = tuple(found for item in listed if (found := _port(item))) if isinstance(listed, list) else ()
    return Known(index(values, "default"), ports)


def _port(item: Any) -> tuple[int, int | str] | None:
    if not isinstance(item, Mapping) or item.get("protocol", "TCP") != "TCP" or not isinstance(item.get("port"), int):
        return None
    target = item.get("targetPort") or item["port"]
    fits = (isinstance(target, int) and 1 <= target <= 65535) or (isinstance(target, str) and target)
    return (item["port"], target) if fits else None


class ServiceTarget(Struct):
    """One service reference with its annotations."""

    node: Node
    name: str
    namespace: str
    port: int | None
    mode: str
    ports: tuple[int, ...]
    """Of the annotation; empty without."""
    cidrs: tuple[str, ...]


def target_of(owner: Node, service: Node) -> ServiceTarget:
    """The target of a service reference of a resource.  Raises BadEntry."""
    metadata = owner.mapping("metadata")
    home = (metadata.text("namespace") if metadata else "") or "default"
    name, port = service.text("name"), service.port("port")
    if not name or (port is None):
        raise BadEntry(service, "has no name or no port, so KubeMCP skips it", "mend the source")
    namespace = service.text("namespace") or home
    for text, key in ((name, "name"), (namespace, "namespace")):
        if label(text) != text:
            raise BadEntry(service.get(key) or service, f"{shown(text)} is no {key} of a Service", "mend the source")
    notes = metadata.mapping("annotations") if metadata else None
    mode, where = _note(notes, "egress-mode")
    mode = mode.strip().lower() or "selector"
    if mode not in _MODES:
        raise BadEntry(where or service, f"{shown(mode)} is no mode", f"write one of {', '.join(_MODES)}")
    ports, where = _note(notes, "egress-ports")
    numbers = [text.strip() for text in ports.split(",") if text.strip()]
    for text in numbers:
        if not _NUMBER.match(text) or not 1 <= int(text) <= 65535:
            raise BadEntry(where or service, f"{shown(text)} is no port", "write numbers from 1 to 65535, with commas")
    cidrs, _ = _note(notes, "egress-cidrs")
    blocks = tuple(sorted({text.strip() for text in cidrs.split(",") if text.strip()}))
    return ServiceTarget(service, name, namespace, port, mode, tuple(sorted({int(text) for text in numbers})), blocks)


def _note(notes: Node | None, name: str) -> tuple[str, Node | None]:
    """An annotation under the group of any year, and its place; raises BadEntry where two say different things."""
    found = [node for group in GROUPS if notes and (node := notes.get(f"{group}/{name}"))]
    texts = {node.as_text() for node in found}
    if len(texts) > 1:
        raise BadEntry(found[1], f"stands twice, as {found[0].path[-1]} too, and differs", "keep one of them")
    return (texts.pop(), found[0]) if found else ("", None)


def services_of(
    targets: Sequence[ServiceTarget], home: str, known: Known, context: ImportContext
) -> list[dict[str, Any]]:
    """The entries of egress.services for a server in namespace `home`, equal ones together."""
    found: dict[tuple[Any, ...], dict[str, Any]] = {}
    for target in targets:
        entry = _READ[target.mode](target, home, known, context)
        if entry is None:
            continue
        key = (target.namespace, target.name, target.mode, tuple(entry.get("cidrs", ())))
        known_entry = found.setdefault(key, entry)
        known_entry["ports"] = sorted({*known_entry["ports"], *entry["ports"]})
    return [found[key] for key in sorted(found)]


def _entry(target: ServiceTarget, home: str) -> dict[str, Any]:
    return {"name": target.name} | ({"namespace": target.namespace} if target.namespace != home else {})


def _selector(target: ServiceTarget, home: str, known: Known, context: ImportContext) -> dict[str, Any] | None:
    title = f"Service {target.namespace}/{target.name}"
    record = known.found.services.get((target.namespace, target.name))
    if record is None:
        others = sorted(space for space, name in known.found.services if name == target.name)
        there = f" (there is one of that name in {quote(others[0])[1:-1]})" if others else ""
        sentence = f"{title} is not in the input{there}, so its pods and their ports are not known"
        refuse_destination(target.node, sentence, context)
        return None
    if record.type == "ExternalName":
        refuse_destination(target.node, f"{title} is an ExternalName Service, which has no pods", context)
        return None
    if not record.selector:
        refuse_destination(target.node, f"{title} has no selector, so its pods are not known", context)
        return None
    ports = _ports(target, record, known, context)
    if ports is None:
        return None
    return {**_entry(target, home), "podSelector": dict(sorted(record.selector.items())), "ports": ports}


def _namespace(target: ServiceTarget, home: str, known: Known, context: ImportContext) -> dict[str, Any] | None:
    if target.namespace == home:
        sentence = f"opens every pod of {home}, the servers' own namespace"
        refuse_destination(target.node, sentence, context)
        return None
    record = known.found.services.get((target.namespace, target.name))
    if record is not None or target.ports:
        ports = _ports(target, record, known, context)
    else:
        ports = [target.port] if target.port else None
        sentence = (
            f"names the port {target.port} of Service {target.namespace}/{target.name}, which is not in the input"
        )
        todo = "taken as the pods' own port, as KubeMCP does; add the Service to the input"
        context.say("import-guess", target.node, sentence, todo)
    return {**_entry(target, home), "mode": "namespace", "ports": ports} if ports else None


def _cidr(target: ServiceTarget, home: str, known: Known, context: ImportContext) -> dict[str, Any] | None:  # noqa: ARG001
    if not target.cidrs:
        refuse_destination(target.node, "has the mode cidr and no egress-cidrs", context)
        return None
    blocks = []
    for text in target.cidrs:
        block = read_block(text, (), target.node, context, split=False)
        if block is not None:
            blocks.append(block.cidr)
    ports = list(target.ports) or ([target.port] if target.port else [])
    if not blocks:
        return None
    return {**_entry(target, home), "mode": "cidr", "cidrs": sorted(set(blocks)), "ports": ports}


_READ = {"selector": _selector, "namespace": _namespace, "cidr": _cidr}


def _ports(
    target: ServiceTarget, record: ServiceRecord | None, known: Known, context: ImportContext
) -> list[int] | None:
    """The pod ports: of the annotation, else those behind the Service's port."""
    if target.ports:
        return list(target.ports)
    title = f"Service {target.namespace}/{target.name}"
    listed = known.ports.get((target.namespace, target.name), ())
    behind = [leads for port, leads in listed if port == target.port]
    if not behind or record is None:
        refuse_destination(target.node, f"{title} has no TCP port {target.port}", context)
        return None
    pods = known.found.pods.get(target.namespace, ())
    fitting = [pod for pod in pods if record.selector.items() <= pod.labels.items()]
    try:
        found = {one if isinstance(one, int) else port_by_name("TCP", one, fitting).first for one in behind}
    except Unresolved as why:
        refuse_destination(target.node, f"{title}, port {target.port}, {why}", context)
        return None
    if found != {target.port}:
        sentence = f"names port {target.port} of {title}; its pods listen on {', '.join(map(str, sorted(found)))}"
        context.say("import-ignored", target.node, sentence, "imported the pods' port: policies see that one")
    return sorted(found)
