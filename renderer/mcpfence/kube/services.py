"""Services and pod templates of the stream: which pods and pod ports stand behind a Service.

Policies are evaluated after DNAT, so a fence needs the pods' own labels and ports (targetPort), not the Service's.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from mcpfence.findings.finding import quote
from mcpfence.kube.selectors import Selector
from mcpfence.net.ports import LAST_PORT, PROTOCOLS, PortRange, Ports, canonical_ports, ports_text

_TEMPLATES = ("Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "ReplicationController", "Job")


class ServicePort(NamedTuple):
    """One port: its target is a pod port or the name of a container port; `port` is what callers of the Service use."""

    protocol: str
    target: int | str
    port: int = 0


class ServiceRecord(NamedTuple):
    """A Service as far as fences need it."""

    type: str
    selector: Mapping[str, str]
    ports: tuple[ServicePort, ...]


class PodRecord(NamedTuple):
    """The labels of a pod template and its named container ports as (protocol, number)."""

    labels: Mapping[str, str]
    ports: Mapping[str, PortRange]


class ServiceIndex(NamedTuple):
    """Services and pod templates by namespace."""

    services: Mapping[tuple[str, str], ServiceRecord] = {}
    pods: Mapping[str, tuple[PodRecord, ...]] = {}


class Unresolved(ValueError):
    """Says, as half a sentence behind the service's name, why the Service cannot give what is asked."""


def index(documents: Iterable[Any], default_namespace: str) -> ServiceIndex:
    """Read Services and pod templates from parsed documents; what is not understood is passed over."""
    services: dict[tuple[str, str], ServiceRecord] = {}
    pods: dict[str, list[PodRecord]] = {}
    for document in documents:
        if not isinstance(document, Mapping) or not isinstance(document.get("metadata"), Mapping):
            continue
        kind, metadata = document.get("kind"), document["metadata"]
        namespace = metadata.get("namespace") or default_namespace
        spec = document.get("spec")
        if not isinstance(spec, Mapping):
            continue
        if kind == "Service":
            services[str(namespace), str(metadata.get("name"))] = _service(spec)
        elif kind in _TEMPLATES or kind == "Pod" or kind == "CronJob":
            record = _pod(document, str(kind))
            if record is not None:
                pods.setdefault(str(namespace), []).append(record)
    return ServiceIndex(services, {name: tuple(found) for name, found in pods.items()})


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _items(value: Any) -> list[Mapping[str, Any]]:
    return [item for item in value if isinstance(item, Mapping)] if isinstance(value, list) else []


def _service(spec: Mapping[str, Any]) -> ServiceRecord:
    ports = []
    for item in _items(spec.get("ports")):
        target = item.get("targetPort", item.get("port"))
        if isinstance(target, (int, str)):
            number = item.get("port")
            port = number if isinstance(number, int) else 0
            ports.append(ServicePort(str(item.get("protocol", "TCP")), target, port))
    selector = {str(key): str(value) for key, value in _mapping(spec.get("selector")).items()}
    return ServiceRecord(str(spec.get("type", "ClusterIP")), selector, tuple(ports))


def _pod(document: Mapping[str, Any], kind: str) -> PodRecord | None:
    spec = _mapping(document.get("spec"))
    if kind == "Pod":
        template = document
    elif kind == "CronJob":
        template = _mapping(_mapping(_mapping(spec.get("jobTemplate")).get("spec")).get("template"))
    else:
        template = _mapping(spec.get("template"))
    labels = _mapping(_mapping(template.get("metadata")).get("labels"))
    pod = _mapping(template.get("spec"))
    ports: dict[str, PortRange] = {}
    for container in _items(pod.get("containers")) + _items(pod.get("initContainers")):
        for item in _items(container.get("ports")):
            number, protocol = item.get("containerPort"), item.get("protocol", "TCP")
            if not isinstance(number, int) or not 1 <= number <= LAST_PORT or protocol not in PROTOCOLS:
                continue
            if isinstance(item.get("name"), str):
                ports[item["name"]] = PortRange(protocol, number, number)
    return PodRecord({str(k): str(v) for k, v in labels.items()}, ports) if labels else None


def selector_of(record: ServiceRecord) -> Selector:
    """The pods behind a Service; raises Unresolved where a Service selects none."""
    if record.type == "ExternalName":
        raise Unresolved("is an ExternalName Service, which stands for a name outside the cluster")
    if not record.selector:
        raise Unresolved("is a Service without a selector")
    return Selector(tuple(sorted(record.selector.items())))


def ports_of(record: ServiceRecord, selector: Selector, pods: tuple[PodRecord, ...]) -> Ports:
    """The pod ports behind a Service; raises Unresolved where a named port cannot be told."""
    if record.type == "ExternalName":
        raise Unresolved("is an ExternalName Service, which stands for a name outside the cluster")
    ranges: list[PortRange] = []
    for port in record.ports:
        if port.protocol not in PROTOCOLS:
            raise Unresolved(f"has a port with the unknown protocol {port.protocol}")
        if isinstance(port.target, int):
            if not 1 <= port.target <= LAST_PORT:
                raise Unresolved(f"has the port {port.target}, which is outside 1 to 65535")
            ranges.append(PortRange(port.protocol, port.target, port.target))
        else:
            ranges += _named(port, selector, pods)
    if not ranges:
        raise Unresolved("is a Service without ports")
    return canonical_ports(ranges)


def _named(port: ServicePort, selector: Selector, pods: tuple[PodRecord, ...]) -> list[PortRange]:
    """A named target port can have another number in every pod template that the Service selects."""
    found = [
        pod.ports[str(port.target)]
        for pod in pods
        if all(pod.labels.get(key) == value for key, value in selector.labels)
        and not selector.expressions
        and str(port.target) in pod.ports
        and pod.ports[str(port.target)].protocol == port.protocol
    ]
    if not found:
        raise Unresolved(f'has the target port "{port.target}", which no pod template of the input names')
    return found


def mistaken_ports(
    record: ServiceRecord, listed: Ports, selector: Selector, pods: tuple[PodRecord, ...]
) -> list[tuple[str, str]]:
    """Listed ports that are the Service's and no pod port behind it, each with the pod ports to list instead.

    `80/TCP` with `8080/TCP`, or with `the pod port named "http"` where no pod template tells its number.
    """
    targets = {port: _targets(port, selector, pods) for port in record.ports if port.protocol in PROTOCOLS}
    behind = {item for found in targets.values() for item in found}
    mistaken = []
    for port, found in targets.items():
        own = PortRange(port.protocol, port.port, port.port)
        reached = bool(found) and all(_listed(item, listed) for item in found)
        if _listed(own, listed) and own not in behind and not reached:
            instead = ports_text(canonical_ports(found)) if found else f"the pod port named {quote(port.target)}"
            mistaken.append((ports_text((own,)), instead))
    return mistaken


def _listed(one: PortRange, listed: Ports) -> bool:
    """Whether a single port is among those that are listed by number."""
    return any(item.protocol == one.protocol and item.first <= one.first <= item.last for item in listed)


def _targets(port: ServicePort, selector: Selector, pods: tuple[PodRecord, ...]) -> list[PortRange]:
    """The pod ports behind one port of a Service; none where they cannot be told."""
    if isinstance(port.target, int):
        return [PortRange(port.protocol, port.target, port.target)]
    try:
        return _named(port, selector, pods)
    except Unresolved:
        return []
