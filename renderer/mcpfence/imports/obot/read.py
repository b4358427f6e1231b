"""Obot: entries of its catalogs, values of its Helm chart, its MCPNetworkPolicy objects, and its running pods."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from mcpfence.imports.obot.chart import CHART, denies, is_chart, may_be_chart, read_chart
from mcpfence.imports.obot.entry import linked, names_of, read_entry, read_policy
from mcpfence.imports.obot.pods import PODS, clients, read_pods, select
from mcpfence.imports.obot.tables import CONFIGS, ENTRY, POLICY
from mcpfence.imports.shared.format import (
    Entry,
    Format,
    FormatResult,
    ImportContext,
    Setting,
    Table,
    known_paths,
    report_unknown,
)
from mcpfence.imports.shared.source import BadEntry, Document, Node, is_of, objects

_GROUP = "obot.obot.ai"
_SPELLINGS = {
    step.lower(): step
    for step in (
        *(step for path in known_paths(ENTRY) for step in path if step != "[]"),
        *("key", "required", "sensitive", "manifest", "catalogEntryID", "mcpServerID"),
    )
}
_FOREIGN = ("metadata", "toolPreview", "resources")
"""Fields that are maps of the user's own: their keys are not Obot's."""


# --- which documents ---


def recognises(document: Document) -> bool:
    """Entries, one or a list; an answer of Obot's API; its policies; values of its chart."""
    data = document.data
    if any(_is_object(node) for node in objects(document)):
        return True
    if isinstance(data, list):
        return any(_is_entry(item) for item in data)
    if not isinstance(data, Mapping) or "apiVersion" in data:
        return False
    if isinstance(data.get("items"), list):
        return any(isinstance(item, Mapping) and _is_entry(item.get("manifest")) for item in data["items"])
    return _is_entry(data) or is_chart(document)


def accepts(document: Document) -> bool:
    """Values that say nothing which only Obot's chart has."""
    return may_be_chart(document)


def _is_entry(value: Any) -> bool:
    """A mapping with a runtime of Obot's, or one of its settings: not a catalog of mcpfence, which has servers."""
    if not isinstance(value, Mapping):
        return False
    keys = {str(key).lower(): item for key, item in value.items()}
    runtime = keys.get("runtime")
    known = isinstance(runtime, str) and runtime.strip().lower() in CONFIGS
    return known or ("runtime" in keys and any(name.lower() in keys for name in CONFIGS.values()))


def _is_object(node: Node) -> bool:
    return is_of(node, _GROUP, ("MCPNetworkPolicy", "MCPServerCatalogEntry"))


# --- reading ---


def read(documents: Sequence[Document], context: ImportContext) -> FormatResult:
    """Servers and settings; `--pods` gives the servers their selectors."""
    settings: list[Setting] = []
    nodes: list[tuple[Node, Table]] = []
    charts: list[Document] = []
    for document in documents:
        found = list(_nodes(_respelt(document)))
        nodes += found
        charts += [] if found else [document]
    flags = [denies(Node(document, document.data), context) for document in charts]
    for document in charts:
        settings += read_chart(document, context)
        report_unknown(Node(document, document.data), CHART, context)
    entries: list[Entry] = []
    called: list[frozenset[str]] = []
    for node, names in _named(nodes, context):
        with context.entry():
            entries.append(read_entry(node, deny=any(flags), context=context) if names else read_policy(node, context))
            called.append(names)
            report_unknown(node, ENTRY if names else POLICY, context)
    entries = linked(entries, frozenset(name for names in called for name in names))
    if context.pods:
        pods, obots = read_pods(context.pods)
        callers = list(clients(obots, context))
        entries, shims = select(entries, called, pods, callers[0].value if callers else None, context)
        settings += [*callers, *shims]
    return FormatResult(tuple(entries), tuple(settings))


def _named(nodes: Sequence[tuple[Node, Table]], context: ImportContext) -> Iterator[tuple[Node, frozenset[str]]]:
    """The nodes with the names that annotations and composites may have for them; policies have none."""
    for node, table in nodes:
        with context.entry():
            node.keys()
            folded = _folded(node) if table is ENTRY else node
            yield folded, frozenset(names_of(folded)) - {""} if table is ENTRY else frozenset()


def _nodes(document: Document) -> Iterator[tuple[Node, Table]]:
    """Every entry and policy of a document."""
    root = Node(document, document.data)
    if isinstance(root.value, list):
        yield from ((item, ENTRY) for item in root.entries())
        return
    for node in objects(document):
        if not _is_object(node):
            continue
        if node.value.get("kind") == "MCPNetworkPolicy":
            yield node, POLICY
        else:
            spec = node.get("spec")
            yield (spec.get("manifest") if spec else None) or node, ENTRY
    if "apiVersion" in root.value:
        return
    items = root.get("items")
    if items is not None and isinstance(items.value, list):
        for item in items.entries():
            yield item.get("manifest") or item, ENTRY
    elif _is_entry(root.value):
        yield root, ENTRY


def _folded(node: Node) -> Node:
    """The entry with Obot's own spelling of its keys, for Go reads them without regard to case.

    Raises BadEntry where one key stands twice in different spellings.
    """
    return Node(node.document, _fold(node.value, node), node.path)


def _fold(value: Any, node: Node) -> Any:
    if isinstance(value, list):
        return [_fold(item, node) for item in value]
    if not isinstance(value, Mapping):
        return value
    found: dict[Any, Any] = {}
    for key, item in value.items():
        name = _spelling(key)
        if name in found:
            raise BadEntry(node, f"has the key {name} twice, in different spellings", "keep one of them")
        found[name] = item if name in _FOREIGN else _fold(item, node)
    return found


def _spelling(key: Any) -> Any:
    return _SPELLINGS.get(key.lower(), key) if isinstance(key, str) else key


def _respelt(document: Document) -> Document:
    """The document with Obot's spelling in its text, which serves to tell lines alone: lengths stay as they are."""
    text = document.text
    for key in sorted(_odd(document.data)):
        text = re.sub(rf"{re.escape(key)}(?=[\"']?\s*:)", str(_spelling(key)), text)
    return document if text is document.text else document._replace(text=text)


def _odd(value: Any) -> set[str]:
    """Keys that are spelt in another way than Obot does."""
    if isinstance(value, list):
        return {key for item in value for key in _odd(item)}
    if not isinstance(value, Mapping):
        return set()
    own = {key for key in value if isinstance(key, str) and _spelling(key) != key}
    return own | {key for name, item in value.items() if name not in _FOREIGN for key in _odd(item)}


FORMAT = Format(
    name="obot",
    summary="Obot's catalogs, the values of its chart, its MCPNetworkPolicy objects; --pods for its running pods.",
    recognises=recognises,
    read=read,
    tables=(ENTRY, POLICY, CHART, PODS),
    accepts=accepts,
    reads_pods=True,
)
