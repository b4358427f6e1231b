"""Services and pod templates of the stream: which pods and pod ports stand behind a Service.

Policies are evaluated after DNAT, so a fence needs the pods' own labels and ports (targetPort), not the Service's.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from mcpfence.findings.finding import quote
from mcpfence.kube.selectors import Selector
from mcpfence.net.ports import LAST_PORT, PROTOCOLS, PortRange, Ports, canonical_ports, ports_text
from mcpfence.reach.documents.objects import unroll
from mcpfence.structs import Struct

_TEMPLATES = ("Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "ReplicationController", "Job")
_SHOWN_PODS = 4


class ServicePort(Struct):
    """One port: its target is a pod port or the name of a container port; `port` is what callers of the Service use."""

    protocol: str
    target: int | str
    port: int = 0


class ServiceRecord(Struct):
    """A Service as far as fences need it."""

    type: str
    selector: Mapping[str, str]
    ports: tuple[ServicePort, ...]


class PodRecord(Struct):
    """The labels of a pod template and its container ports by protocol and name; `title` is what messages call it."""

    labels: Mapping[str, str]
    ports: Mapping[tuple[str, str], PortRange]
    title: str = ""


class ServiceIndex(Struct):
    """Services and pod templates by namespace."""

    services: Mapping[tuple[str, str], ServiceRecord] = {}
    pods: Mapping[str, tuple[PodRecord, ...]] = {}


class Unresolved(ValueError):
    """Says, as half a sentence behind its name, why a Service cannot give what is asked; `todo` is what to write."""

    def __init__(self, sentence: str, todo: str = "") -> None:
        super().__init__(sentence)
        self.todo = todo


def index(documents: Iterable[Any], default_namespace: str) -> ServiceIndex:
    """Read Services and pod templates from parsed documents and lists; what is not understood is passed over."""
    services: dict[tuple[str, str], ServiceRecord] = {}
    pods: dict[str, list[PodRecord]] = {}
    for one in unroll(documents).objects:
        kind, document = one.kind, one.document
        metadata = document.get("metadata")
        if not isinstance(metadata, Mapping):
            continue
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
    metadata = _mapping(document.get("metadata"))
    if not labels or (kind == "ReplicaSet" and metadata.get("ownerReferences") and spec.get("replicas") == 0):
        return None  # an earlier revision of a Deployment has no pods any more
    ports = _container_ports(_mapping(template.get("spec")))
    return PodRecord({str(k): str(v) for k, v in labels.items()}, ports, f"{kind} {metadata.get('name')}")


def _container_ports(pod: Mapping[str, Any]) -> dict[tuple[str, str], PortRange]:
    """Ports by protocol and name; of one name in several containers the first counts, as it does for endpoints.

    Init containers have ended when a pod serves, but for those that stay (restartPolicy Always).
    """
    stay = [one for one in _items(pod.get("initContainers")) if one.get("restartPolicy") == "Always"]
    ports: dict[tuple[str, str], PortRange] = {}
    for container in (*_items(pod.get("containers")), *stay):
        for item in _items(container.get("ports")):
            number, protocol = item.get("containerPort"), item.get("protocol") or "TCP"
            if type(number) is not int or not 1 <= number <= LAST_PORT or protocol not in PROTOCOLS:
                continue
            if isinstance(item.get("name"), str):
                ports.setdefault((str(protocol), item["name"]), PortRange(str(protocol), number, number))
    return ports


def service_of(
    found: ServiceIndex, namespace: str, name: str, selector: Selector | None
) -> tuple[str, ServiceRecord] | None:
    """The Service that an entry means, with its name: the one called so, else the only one that selects these pods."""
    record = found.services.get((namespace, name))
    if record is not None or selector is None or selector.expressions:
        return None if record is None else (name, record)
    labels = dict(selector.labels)
    alike = [(key[1], one) for key, one in found.services.items() if key[0] == namespace and one.selector == labels]
    return alike[0] if len(alike) == 1 else None


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
            ranges.append(port_by_name(port.protocol, port.target, _selected(selector, pods)))
    if not ranges:
        raise Unresolved("is a Service without ports")
    return canonical_ports(ranges)


def _selected(selector: Selector, pods: tuple[PodRecord, ...]) -> list[PodRecord]:
    """The pod templates that a selector of labels selects; none for one with expressions."""
    if selector.expressions:
        return []
    return [pod for pod in pods if all(pod.labels.get(key) == value for key, value in selector.labels)]


def port_by_name(protocol: str, name: str, pods: Sequence[PodRecord]) -> PortRange:
    """The one number that a port's name means in these pods, which one fence is for.

    A fence knows numbers alone: where pods mean different ones, or some have none of that name, it would open to each
    what only the others have.  Raises Unresolved, which names the pods.
    """
    found = [pod.ports.get((protocol, name)) for pod in pods]
    numbers = {one for one in found if one is not None}
    if not numbers:
        raise Unresolved(f"has the target port {quote(name)}, which no pod template of the input names")
    if len(numbers) > 1 or None in found:
        said = said_by_pod([(pod.title, [one.first] if one else []) for pod, one in zip(pods, found, strict=True)])
        raise Unresolved(
            f"has the target port {quote(name)}, which is {said}",
            "write one entry for each kind of pods, with its podSelector and ports",
        )
    return numbers.pop()


def said_by_pod(numbers: Iterable[tuple[str, Sequence[int]]]) -> str:
    """`80 in Deployment a, 5432 in Deployment b and not there in Job c`: what one name means in each, first come first.

    Pods that agree stand together; of many only some are named.
    """
    by_number: dict[tuple[int, ...], list[str]] = {}
    for title, found in numbers:
        by_number.setdefault(tuple(sorted(found)), []).append(quote(title)[1:-1])
    parts = [
        f"{' and '.join(map(str, found)) or 'not there'} in {_some(titles)}"
        for found, titles in sorted(by_number.items(), key=lambda item: (not item[0], item[0]))
    ]
    return f"{', '.join(parts[:-1])} and {parts[-1]}" if len(parts) > 1 else "".join(parts)


def _some(titles: Iterable[str]) -> str:
    names = sorted(set(titles))
    more = f" and {len(names) - _SHOWN_PODS} more" if len(names) > _SHOWN_PODS else ""
    return f"{', '.join(names[:_SHOWN_PODS])}{more}"


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
    """Every pod port that may be behind one port of a Service; none where they cannot be told."""
    if isinstance(port.target, int):
        return [PortRange(port.protocol, port.target, port.target)]
    found = (pod.ports.get((port.protocol, port.target)) for pod in _selected(selector, pods))
    return list(dict.fromkeys(one for one in found if one is not None))
