"""Gateway objects in manifests of anybody, and readers for fields that may hold anything."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from mcpfence.reach.documents.objects import unroll

Fields = Mapping[str, Any]

KINDS = {
    "": ("Secret", "Service"),
    "gateway.networking.k8s.io": ("Gateway", "HTTPRoute"),
    "kuadrant.io": ("AuthPolicy",),
    "mcp.kuadrant.io": ("MCPServerRegistration", "MCPVirtualServer"),
    "networking.istio.io": ("DestinationRule", "ServiceEntry"),
    "rbac.authorization.k8s.io": ("ClusterRoleBinding", "RoleBinding"),
}
"""The kinds that are looked at, by API group."""


class GatewayObject(NamedTuple):
    """One object; `document` is untrusted."""

    kind: str
    namespace: str
    name: str
    document: Fields

    @property
    def title(self) -> str:
        """As messages call it."""
        return f"{self.kind} {self.namespace}/{self.name}" if self.namespace else f"{self.kind} {self.name}"

    @property
    def spec(self) -> Fields:
        """Its spec, empty if there is none."""
        return mapping(self.document.get("spec"))


class GatewayObjects(NamedTuple):
    """The objects of some manifests by kind, ordered by namespace and name; and by kind, namespace and name."""

    by_kind: Mapping[str, tuple[GatewayObject, ...]]
    named: Mapping[tuple[str, str, object], GatewayObject]

    def of(self, kind: str) -> tuple[GatewayObject, ...]:
        """All of a kind."""
        return self.by_kind.get(kind, ())

    def get(self, kind: str, namespace: str, name: object) -> GatewayObject | None:
        """The one of that name; None also where that is no name."""
        return self.named.get((kind, namespace, name)) if isinstance(name, str) else None


def find(documents: Iterable[object], namespace: str) -> GatewayObjects:
    """The gateway's objects among documents; `namespace` is that of objects which name none."""
    index: dict[tuple[str, str, object], GatewayObject] = {}
    for one in unroll(documents).objects:
        if one.kind in KINDS.get(one.group, ()):
            where = "" if one.kind == "ClusterRoleBinding" else one.namespace or namespace
            index.setdefault((one.kind, where, one.name), GatewayObject(one.kind, where, one.name, one.document))
    by_kind: dict[str, list[GatewayObject]] = {}
    for item in index.values():
        by_kind.setdefault(item.kind, []).append(item)
    return GatewayObjects({kind: tuple(sorted(items, key=_order)) for kind, items in by_kind.items()}, index)


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
