"""Kubernetes objects out of parsed documents: lists unrolled, each object with the name that messages call it by."""

from __future__ import annotations

from collections.abc import Iterable

from mcpfence.reach.documents.fields import Problem, shown
from mcpfence.structs import Struct

_LIST_DEPTH = 20
_OWN_GROUPS = ("", "networking.k8s.io", "extensions")


def called(kind: str, group: str) -> str:
    """A kind as messages call it: `NetworkPolicy.GROUP`, as in kubectl, where another group has a kind of that name."""
    return f"{kind}.{group}" if kind == "NetworkPolicy" and group not in _OWN_GROUPS else kind


class Object(Struct):
    """One object: its API group (empty for core), kind, namespace ("" where none is written) and name."""

    document: dict[str, object]
    group: str
    kind: str
    namespace: str
    name: str

    @property
    def title(self) -> str:
        """As messages call it: `NetworkPolicy mcp/deny`."""
        return f"{self.called} {self.namespace}/{self.name}" if self.namespace else f"{self.called} {self.name}"

    @property
    def called(self) -> str:
        """Its kind as messages call it."""
        return called(self.kind, self.group)


class Unrolled(Struct):
    """Objects in order; `problems` where policies may be hidden, `skipped` for what is no object and holds none."""

    objects: list[Object]
    problems: list[Problem]
    skipped: list[Problem]


def unroll(documents: Iterable[object]) -> Unrolled:
    """Every object; `List` and `PodList` and the like give their items, and so does all that has `items` at its top.

    kubectl takes whatever has a list under `items` for a list, whatever its kind, and an item that has none for one of
    the list's kind; what is no list by its name is an object besides.  Empty documents are skipped.  A list inside too
    many lists, or in itself, is a problem.
    """
    found = Unrolled([], [], [])
    for number, document in enumerate(documents, 1):
        one = _object(document, "") if document is not None else ""
        if isinstance(one, str):
            found.skipped.extend([Problem(f"document {number}", "", one)] if one else [])
        else:
            _unroll_list(one, f"document {number}", (), found)
    return found


def _unroll_list(one: Object, place: str, above: tuple[int, ...], found: Unrolled) -> None:
    entries, is_list = one.document.get("items"), one.kind.endswith("List")
    if not isinstance(entries, list) or not is_list:
        found.objects.append(one)
    if not isinstance(entries, list):
        return
    if id(entries) in above or len(above) > _LIST_DEPTH:
        found.problems.append(Problem(place, "items", "is a list in itself, or too many lists deep"))
        return
    of = f"{one.document.get('apiVersion') or 'v1'} {one.kind.removesuffix('List')}" if one.kind != "List" else ""
    for index, entry in enumerate(entries):
        where = f"{place} items[{index}]"
        inner = _object(entry, of)
        if isinstance(inner, str):
            found.skipped.extend([Problem(where, "", inner)] if is_list else [])
        else:
            _unroll_list(inner, where, (*above, id(entries)), found)


def written_name(document: dict[str, object]) -> object:
    """What stands as the name of a document; None for nothing."""
    metadata = document.get("metadata")
    return metadata.get("name") if isinstance(metadata, dict) else None


def shown_name(document: dict[str, object]) -> str:
    """The name of a document, or that it has none."""
    name = written_name(document)
    return name if isinstance(name, str) and name else "(no name)"


def _object(document: object, default: str) -> Object | str:
    """An object, or why it is none; `default` is "apiVersion kind" for items of a list, which need not say it.

    A kind that is empty or no string is none for kubectl's reader.
    """
    if not isinstance(document, dict):
        return f"is {shown(document)}, no Kubernetes object"
    kind, version = document.get("kind"), document.get("apiVersion")
    if default and (not kind or not isinstance(kind, str)):
        version, kind = default.split(" ", 1)
    if not isinstance(kind, str) or not kind:
        return "has no kind"
    if version is not None and not isinstance(version, str):
        return f"has the apiVersion {shown(version)}"
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
