"""Where routes lead: back-ends as they are written, and other names of the same servers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from mcpfence.gateways.kuadrant.objects import GatewayObject, mapping, text
from mcpfence.structs import Struct


class RouteTarget(Struct):
    """What a route names: a Service, a host (kind Hostname, no namespace), or another kind of back-end."""

    kind: str
    namespace: str
    name: str

    @property
    def title(self) -> str:
        """As messages call it."""
        return f"{self.kind} {self.namespace}/{self.name}" if self.namespace else f"{self.kind} {self.name}"


class PassedPolicy(Struct):
    """The policy that checks the callers of a back-end; `sure`: it is that back-end and not perhaps another name."""

    policy: str
    sure: bool

    @property
    def as_words(self) -> str:
        """How a sentence goes on behind the back-end."""
        return "a server" if self.sure else "which may be a server's too,"


def back_ends(route: GatewayObject) -> Iterator[RouteTarget]:
    """Every back-end of a route, those of mirrors too."""
    for reference in _below(route.spec, ("backendRef", "backendRefs")):
        kind = text(reference.get("kind")) or "Service"
        name = text(reference.get("name"))
        if kind == "Hostname":
            yield RouteTarget(kind, "", name.lower())
        else:
            yield RouteTarget(kind, text(reference.get("namespace")) or route.namespace, name)


def hosts_of(virtual: GatewayObject) -> Iterator[str]:
    """Every host that a VirtualService leads to."""
    for destination in _below(virtual.spec, ("destination", "mirror")):
        if text(destination.get("host")):
            yield text(destination.get("host")).lower()


def _below(value: Any, keys: tuple[str, ...]) -> Iterator[Mapping[str, Any]]:
    """Every mapping that stands under one of the keys, alone or in a list."""
    stack = [value]
    while stack:
        part = stack.pop()
        if isinstance(part, Mapping):
            for key, below in part.items():
                if key in keys:
                    yield from (mapping(one) for one in (below if isinstance(below, list) else [below]))
            stack.extend(reversed(list(part.values())))
        elif isinstance(part, list):
            stack.extend(reversed(part))


class ServiceAliases:
    """Tells whether a Service is a registered server's by another name, by what Services select."""

    def __init__(self, services: Iterable[GatewayObject], protected: Mapping[RouteTarget, str]) -> None:
        """`protected` are the back-ends of our routes, with the titles of their policies."""
        self._protected = protected
        self._found: dict[tuple[str, str], list[GatewayObject]] = {}
        for one in services:
            self._found.setdefault((one.namespace, one.name), []).append(one)
        self._hosts = {host: policy for one, policy in protected.items() for host in self._hosts_behind(one)}

    def _hosts_behind(self, one: RouteTarget) -> Iterator[str]:
        if one.kind == "Hostname":
            yield one.name
        for service in self._found.get((one.namespace, one.name), ()) if one.kind == "Service" else ():
            if text(service.spec.get("externalName")):
                yield _host(service)

    def leads_to(self, one: RouteTarget, seen: frozenset[RouteTarget] = frozenset()) -> PassedPolicy | None:
        """The policy that is passed by; None where no registered server is behind a back-end."""
        if one in self._protected:
            return PassedPolicy(self._protected[one], sure=True)
        if one in seen:
            return None
        if one.kind == "Hostname":  # which Istio takes for a Service of the mesh, too
            return self._of_host(one.name, "", seen | {one})
        if one.kind != "Service":  # a ServiceImport, a pool of pods: what is behind it does not stand there
            beside = (policy for other, policy in self._protected.items() if other.namespace == one.namespace)
            return next((PassedPolicy(policy, sure=False) for policy in beside), None)
        there = self._found.get((one.namespace, one.name), [])
        for service in there:
            if text(service.spec.get("externalName")):
                host = _host(service)
                held = self._of_host(host, one.namespace, seen | {one})
                if held is not None:
                    return held
        for other, policy in self._protected.items():
            if other.namespace != one.namespace:
                continue
            mine = self._found.get((other.namespace, other.name), [])
            if not there or not mine or any(_overlap(a, b) for a in there for b in mine):
                return PassedPolicy(policy, sure=False)
        return None

    def leads_to_host(self, host: str, namespace: str) -> PassedPolicy | None:
        """The same for a host as Istio writes it: a whole name, or a Service's, short or with its namespace."""
        return self._of_host(host, namespace, frozenset())

    def _of_host(self, host: str, namespace: str, seen: frozenset[RouteTarget]) -> PassedPolicy | None:
        if host in self._hosts:
            return PassedPolicy(self._hosts[host], sure=True)
        name, *rest = host.split(".")
        if not rest:
            return self.leads_to(RouteTarget("Service", namespace, name), seen)
        if len(rest) == 1 or rest[1] == "svc":
            return self.leads_to(RouteTarget("Service", rest[0], name), seen)
        return None


def _host(service: GatewayObject) -> str:
    return text(service.spec.get("externalName")).lower().rstrip(".")


def _overlap(one: GatewayObject, other: GatewayObject) -> bool:
    """Whether two Services may lead to the same pods; one without a selector may lead anywhere."""
    if text(one.spec.get("externalName")) or text(other.spec.get("externalName")):
        return False
    first, second = mapping(one.spec.get("selector")), mapping(other.spec.get("selector"))
    return not first or not second or all(second[key] == value for key, value in first.items() if key in second)
