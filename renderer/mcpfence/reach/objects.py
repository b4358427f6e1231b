"""Kubernetes objects out of parsed documents: lists unrolled, each object with the name that messages call it by."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from mcpfence.reach.problems import Problem, shown

_LIST_DEPTH = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Object:
    """One object: its API group (empty for core), kind, namespace ("" where none is written) and name."""

    document: dict[str, object]
    group: str
    kind: str
    namespace: str
    name: str

    @property
    def title(self) -> str:
        """As messages call it: `NetworkPolicy mcp/deny`."""
        return f"{self.kind} {self.namespace}/{self.name}" if self.namespace else f"{self.kind} {self.name}"


def unroll(documents: Iterable[object]) -> tuple[list[Object], list[Problem]]:
    """Every object, in order; `List` and `PodList` and the like give their items.

    Empty documents are skipped; what is no object is a problem, and so is a list inside too many lists or in itself.
    """
    found: list[Object] = []
    problems: list[Problem] = []
    stack: list[tuple[object, str, str, tuple[int, ...]]] = [
        (document, f"document {number}", "", ()) for number, document in enumerate(documents, 1)
    ]
    stack.reverse()
    while stack:
        document, place, kind, above = stack.pop()
        if document is None:
            continue
        try:
            one = _object(document, kind)
        except ValueError as bad:
            problems.append(Problem(place, "", str(bad)))
            continue
        entries = one.document.get("items")
        if not (one.kind.endswith("List") and isinstance(entries, list)):
            found.append(one)
        elif id(document) in above or len(above) > _LIST_DEPTH:
            problems.append(Problem(place, "items", "is a list in itself, or too many lists deep"))
        else:
            inner = f"{one.document.get('apiVersion') or 'v1'} {one.kind.removesuffix('List')}" if one.kind != "List" else ""
            inside = [(item, f"{place} items[{i}]", inner, (*above, id(document))) for i, item in enumerate(entries)]
            stack += reversed(inside)
    return found, problems


def _object(document: object, default: str) -> Object:
    """An object; `default` is "apiVersion kind" for items of a typed list, which need not say it themselves."""
    if not isinstance(document, dict):
        raise ValueError(f"is {shown(document)}, no Kubernetes object")
    kind, version = document.get("kind"), document.get("apiVersion")
    if kind is None and default:
        version, kind = default.split(" ", 1)
    if not isinstance(kind, str) or not kind:
        raise ValueError("has no kind")
    if version is not None and not isinstance(version, str):
        raise ValueError(f"has the apiVersion {shown(version)}")
    metadata = document.get("metadata")
    fields = metadata if isinstance(metadata, dict) else {}
    name, namespace = fields.get("name") or fields.get("generateName"), fields.get("namespace")
    return Object(
        document=document,
        group=version.rpartition("/")[0] if version else "",
        kind=kind,
        namespace=namespace if isinstance(namespace, str) else "",
        name=name if isinstance(name, str) else "(no name)",
    )
