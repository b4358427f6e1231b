"""Gateway objects in manifests of anybody, and readers for fields that may hold anything."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from mcpfence.reach.documents.objects import unroll
from mcpfence.structs import Struct

Fields = Mapping[str, Any]

KINDS = {
    "": ("Secret", "Service"),
    "extensions.kuadrant.io": ("OIDCPolicy",),
    "gateway.networking.k8s.io": ("Gateway", "GRPCRoute", "HTTPRoute", "ReferenceGrant", "TCPRoute", "TLSRoute"),
    "kuadrant.io": ("AuthPolicy",),
    "mcp.kuadrant.io": ("MCPGatewayExtension", "MCPServerRegistration", "MCPVirtualServer"),
    "extensions.istio.io": ("WasmPlugin",),
    "gateway.envoyproxy.io": ("EnvoyExtensionPolicy", "EnvoyPatchPolicy"),
    "networking.istio.io": ("DestinationRule", "EnvoyFilter", "ServiceEntry", "VirtualService"),
    "rbac.authorization.k8s.io": ("ClusterRoleBinding", "Role", "RoleBinding"),
}
"""The kinds that are looked at, by API group."""


class GatewayObject(Struct):
    """One object; `document` is untrusted."""

    kind: str
    namespace: str
    name: str
    document: Fields
    placed: bool = True
    """Whether it names its namespace; otherwise kustomize or kubectl apply -n may put it into any."""

    @property
    def title(self) -> str:
        """As messages call it."""
        return f"{self.kind} {self.namespace}/{self.name}" if self.namespace else f"{self.kind} {self.name}"

    @property
    def spec(self) -> Fields:
        """Its spec, empty if there is none."""
        return mapping(self.document.get("spec"))


class GatewayObjects(Struct):
    """The objects of some manifests by kind, ordered by namespace and name; and by kind, namespace and name.

    What stands there twice, and differs, is there twice.
    """

    by_kind: Mapping[str, tuple[GatewayObject, ...]]
    named: Mapping[tuple[str, str, object], tuple[GatewayObject, ...]]

    def of(self, *kinds: str) -> tuple[GatewayObject, ...]:
        """All of some kinds."""
        return tuple(item for kind in kinds for item in self.by_kind.get(kind, ()))

    def copies(self, kind: str, namespace: str, name: object) -> tuple[GatewayObject, ...]:
        """All of that name; none also where that is no name."""
        return self.named.get((kind, namespace, name), ()) if isinstance(name, str) else ()

    def unplaced(self, kind: str, name: object, other: GatewayObject) -> GatewayObject | None:
        """One of that name which may lie beside `other`, since one of the two names no namespace; None without."""
        for one in self.of(kind):
            if one.name == name and not (one.placed and other.placed):
                return one
        return None

    def get(self, kind: str, namespace: str, name: object) -> GatewayObject | None:
        """The first one of that name."""
        return next(iter(self.copies(kind, namespace, name)), None)


def find(documents: Iterable[object], namespace: str) -> GatewayObjects:
    """The gateway's objects among documents; `namespace` is that of objects which name none."""
    named: dict[tuple[str, str, object], list[GatewayObject]] = {}
    by_kind: dict[str, list[GatewayObject]] = {}
    for one in unroll(documents).objects:
        if one.kind in KINDS.get(one.group, ()):
            where = "" if one.kind == "ClusterRoleBinding" else one.namespace or namespace
            item = GatewayObject(one.kind, where, one.name, one.document, bool(one.namespace) or not where)
            copies = named.setdefault((one.kind, where, one.name), [])
            if item not in copies:
                copies.append(item)
                by_kind.setdefault(item.kind, []).append(item)
    return GatewayObjects(
        {kind: tuple(sorted(items, key=_order)) for kind, items in by_kind.items()},
        {key: tuple(items) for key, items in named.items()},
    )


def _order(item: GatewayObject) -> tuple[str, str]:
    return item.namespace, item.name


def mapping(value: Any) -> Fields:
    """The value if it is a mapping, else an empty one."""
    return value if isinstance(value, Mapping) else {}


def items(value: Any) -> list[Any]:
    """The value if it is a list, else an empty one."""
    return value if isinstance(value, list) else []


def text(value: Any) -> str:
    """The value if it is a string, else an empty one."""
    return value if isinstance(value, str) else ""


def strings(value: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """Every string below a value with its path."""
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, Mapping):
        for key, below in value.items():
            yield from strings(below, f"{path}.{key}" if path else str(key))
    elif isinstance(value, list):
        for number, below in enumerate(value):
            yield from strings(below, f"{path}[{number}]")
