"""What an ingress controller may be told to reach: Ingress and OpenShift Route objects through their Services.

The controller's own pods are mostly not among the manifests, so it stands as `{ingress-controller}`: a pod without
labels in a namespace that has no label but its name.
"""

from __future__ import annotations

from collections.abc import Iterable

from mcpfence.reach.connectivity.pod_classes import PodClasses, bits
from mcpfence.reach.connectivity.workloads import ClusterWorkload, PortNames
from mcpfence.reach.documents.objects import Object
from mcpfence.reach.flows.label_sets import Box, box_of
from mcpfence.structs import Struct

CONTROLLER = ClusterWorkload("ingress-controller-ns", "ingress-controller", "", frozenset(), frozenset())
CONTROLLER_TEXT = "{ingress-controller}"

_Port = int | str | None


class _Service(Struct):
    selector: Box
    ports: tuple[dict[str, object], ...]


class _Target(Struct):
    """A Service and the port of it that is asked for; None asks for all."""

    namespace: str
    service: str
    port: _Port
    by_target: bool
    """Whether a name may also be that of a targetPort, as a Route has it."""


def backends(objects: Iterable[Object], classes: PodClasses, default: str) -> dict[int, frozenset[int]]:
    """The TCP ports of classes of pods that some Ingress or Route leads to, where their containers declare them."""
    services: dict[tuple[str, str], _Service] = {}
    targets: list[_Target] = []
    for one in objects:
        namespace = one.namespace or default
        spec = _mapping(one.document.get("spec"))
        if (one.group, one.kind) == ("", "Service"):
            pairs = {key: value for key, value in _mapping(spec.get("selector")).items() if isinstance(value, str)}
            if pairs:  # without a selector the endpoints are not in the manifests
                ports = tuple(_mapping(port) for port in _entries(spec.get("ports")))
                services[namespace, one.name] = _Service(box_of(pairs), ports)
        elif one.kind == "Ingress" and one.group in ("networking.k8s.io", "extensions"):
            targets += _of_ingress(spec, namespace)
        elif one.kind == "Route" and one.group in ("route.openshift.io", ""):
            targets += _of_route(spec, namespace)
    found: dict[int, frozenset[int]] = {}
    for target in targets:
        service = services.get((target.namespace, target.service))
        if service:
            for place in bits(classes.selected(target.namespace, service.selector)):
                found[place] = found.get(place, frozenset()) | _reached(classes.classes[place].ports, service, target)
    return found


def _of_ingress(spec: dict[str, object], namespace: str) -> list[_Target]:
    found = [spec.get("defaultBackend") or spec.get("backend")]
    for rule in _entries(spec.get("rules")):
        paths = _entries(_mapping(_mapping(rule).get("http")).get("paths"))
        found += [_mapping(path).get("backend") for path in paths]
    targets = []
    for backend in found:
        written = _mapping(backend)
        service = _mapping(written.get("service"))
        name, port = service.get("name"), _mapping(service.get("port"))
        wanted = port.get("name") or port.get("number")
        if not service:  # extensions/v1beta1
            name, wanted = written.get("serviceName"), written.get("servicePort")
        if isinstance(name, str):
            targets.append(_Target(namespace, name, _port(wanted), by_target=False))
    return targets


def _of_route(spec: dict[str, object], namespace: str) -> list[_Target]:
    wanted = _port(_mapping(spec.get("port")).get("targetPort"))
    targets = []
    for entry in (spec.get("to"), *_entries(spec.get("alternateBackends"))):
        to = _mapping(entry)
        name = to.get("name")
        if to.get("kind") in (None, "", "Service") and isinstance(name, str):
            targets.append(_Target(namespace, name, wanted, by_target=True))
    return targets


def _reached(ports: PortNames, service: _Service, target: _Target) -> frozenset[int]:
    """The container ports that the Service's matching port leads to; only the first one, where one was asked for."""
    declared = {number for _, _, number in ports}
    named = {name: number for name, protocol, number in ports if name and protocol == "TCP"}
    found: set[int] = set()
    for port in service.ports:
        number, aims = _port(port.get("port")), _port(port.get("targetPort"))
        aim = number if aims is None else aims
        if target.port is not None:
            same_name = isinstance(target.port, str) and port.get("name") == target.port
            by_target = aims == target.port and (target.by_target or isinstance(target.port, int))
            if not (same_name or number == target.port or by_target):
                continue
        reached = named.get(aim) if isinstance(aim, str) else aim
        if reached in declared and reached is not None:
            found.add(reached)
        if target.port is not None:
            break
    return frozenset(found)


def _port(value: object) -> _Port:
    if isinstance(value, bool) or not isinstance(value, (int, str)):
        return None
    return value or None


def _entries(value: object) -> list[object]:
    return value if isinstance(value, list) else []


def _mapping(value: object) -> dict[str, object]:
    return value if isinstance(value, dict) else {}
