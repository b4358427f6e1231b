"""The one namespace that a catalog fences: what the source says, what -n says for what it does not, else a warning."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from mcpfence.imports.shared.destinations import shown
from mcpfence.imports.shared.dns_labels import label
from mcpfence.imports.shared.format import Entry, ImportContext, Setting, State
from mcpfence.imports.shared.source import Document, objects

_CLUSTER_WIDE = ("Namespace", "Node", "List")


def placed(document: Document, namespace: str) -> Document:
    """The document with its Kubernetes objects in a namespace where they name none; without one as it is."""
    if not namespace or not objects(document):
        return document
    if isinstance(document.data.get("items"), list) and document.data["kind"].endswith("List"):
        items = [_placed(item, namespace) for item in document.data["items"]]
        return document._replace(data={**document.data, "items": items})
    return document._replace(data=_placed(document.data, namespace))


def _placed(value: Any, namespace: str) -> Any:
    if not _names_none(value) or value["kind"] in _CLUSTER_WIDE:
        return value
    return {**value, "metadata": {**value["metadata"], "namespace": namespace}}


def _names_none(value: Any) -> bool:
    """Whether it is a Kubernetes object that names no namespace."""
    if not isinstance(value, Mapping) or not isinstance(value.get("kind"), str) or "apiVersion" not in value:
        return False
    metadata = value.get("metadata")
    return isinstance(metadata, Mapping) and not metadata.get("namespace")


def say_unplaced(entries: Sequence[Entry], documents: Sequence[Document], context: ImportContext) -> None:
    """Say that nothing tells where servers run: policies in another namespace select none of their pods."""
    unplaced = [one for one in entries if one.state is not State.ELSEWHERE and _names_none(one.node.value)]
    if not unplaced:
        return
    first = unplaced[0]
    more = f", and {len(unplaced) - 1} more do not either" if len(unplaced) > 1 else ""
    taken = f"taken for {first.namespace}" if first.namespace else "the catalog's policies go to RELEASE-mcp"
    told = _told_by(documents)
    todo = f"{told}: import with -n {told.rpartition(' ')[2]}" if told else "import with -n NAMESPACE"
    sentence = f"names no namespace{more}, so {taken}, and policies there select no pod of another one"
    context.say("import-guess", first.node, sentence, f"{todo}, or write mcpNamespace.name")


def _told_by(documents: Sequence[Document]) -> str:
    """`kustomization.yaml says ai` where a kustomization of the input does, and only one."""
    found = {}
    for document in documents:
        for node in objects(document):
            if node.value["kind"] == "Kustomization":
                spec = node.value.get("spec")
                name = node.value.get("namespace") or (spec.get("targetNamespace") if isinstance(spec, Mapping) else "")
                if isinstance(name, str) and name and label(name) == name:
                    found[name] = document.file.replace("\\", "/").rpartition("/")[2]
    return " says ".join(next((file, name) for name, file in found.items())) if len(found) == 1 else ""


def one_namespace(
    entries: Sequence[Entry], given: str, theirs: Any, context: ImportContext
) -> tuple[list[Entry], list[Setting]]:
    """The entries of one namespace, and the settings that say so; those of others are refused.

    The namespace is that of the merged file (`theirs`) if it names one, else that of the first entry that has one; if
    none has, that of -n (`given`).
    """
    for entry in entries:
        if entry.namespace and label(entry.namespace) != entry.namespace:
            context.refuse(entry.node, f"runs in namespace {shown(entry.namespace)}, which is none", "mend the source")
    entries = [entry for entry in entries if not entry.namespace or label(entry.namespace) == entry.namespace]
    first = next((entry for entry in entries if entry.namespace), None)
    if first is None:
        named = entries and given and theirs is None
        told = ("as -n says",)
        return entries, [Setting(entries[0].node, ("mcpNamespace", "name"), given, told)] if named else []
    wanted = theirs if isinstance(theirs, str) else first.namespace
    for entry in entries:
        if entry.namespace and entry.namespace != wanted:
            sentence = f"runs in namespace {shown(entry.namespace)}, and this catalog is for {shown(wanted)}"
            context.refuse(entry.node, sentence, "import the servers of each namespace into a catalog of their own")
    spaces = []
    if theirs is None:
        told = ("every pod of it that no server or workload of this catalog selects is denied by the floor",)
        create = Setting(first.node, ("mcpNamespace", "create"), value=False, decided=("it exists already",))
        spaces = [Setting(first.node, ("mcpNamespace", "name"), wanted, told), create]
    return [entry for entry in entries if entry.namespace in ("", wanted)], spaces
