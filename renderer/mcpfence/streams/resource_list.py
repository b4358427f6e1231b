"""The ResourceList that KRM functions read and write: items as text of their own, the functionConfig, results.

Wire format: kustomize, cmd/config/docs/api-conventions/functions-spec.md.  The answer is exactly one YAML document, for
kyaml unwraps no other.  Items keep their text, comments included, where it can be cut out of the list; elsewhere
(JSON, flow style, aliases) they keep the text of every scalar.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import yaml

from mcpfence.documents.reader import BadDocument, load_foreign
from mcpfence.documents.trees import compose_all
from mcpfence.documents.writer import Writer
from mcpfence.findings.finding import McpfenceError, fail
from mcpfence.findings.wording import type_name
from mcpfence.structs import Struct

_GROUP = "config.kubernetes.io/"
_TODO = "run it as a KRM function: kustomize or kpt writes the ResourceList"

_OTHER_BREAKS = re.compile("[\r\x85\u2028\u2029]")
"""What YAML counts as line breaks besides the line feed."""

_Dumper: Any = getattr(yaml, "CSafeDumper", yaml.SafeDumper)


class Item(Struct):
    """One object: its text, without a separator and from the first column on, and what it says."""

    text: str
    document: Mapping[str, Any]

    @property
    def identity(self) -> tuple[str, str, str]:
        """Kind, namespace and name."""
        metadata = self.document["metadata"]
        return str(self.document["kind"]), str(metadata.get("namespace") or ""), str(metadata.get("name") or "")


class ResourceList(Struct):
    """What a function is given; `config` is the text of the functionConfig, empty where there is none."""

    version: str
    items: tuple[Item, ...]
    config: str


def read_resource_list(text: str) -> ResourceList:
    """Read the one document on stdin; raises McpfenceError."""
    document = _document(text)
    kind, version = document.get("kind"), document.get("apiVersion")
    if kind != "ResourceList" or not str(version).startswith(_GROUP):
        raise _wrong("holds no ResourceList of config.kubernetes.io", _TODO)
    listed = document.get("items")
    if listed is not None and not isinstance(listed, list):
        raise _wrong(f"has {type_name(listed)} under items, not a list", _TODO)
    root = next(node for node in compose_all(text) if isinstance(node, yaml.MappingNode))
    nodes = {key.value: value for key, value in root.value}
    if not nodes.keys() >= document.keys():
        raise _wrong("has a merge key (<<) at its top", _TODO)
    objects = [_object(item, number) for number, item in enumerate(listed or ())]
    texts = _texts(text, root, nodes["items"], objects) if objects else []
    items = tuple(Item(*pair) for pair in zip(texts, objects, strict=True))
    config = _serialized(nodes["functionConfig"]) if document.get("functionConfig") is not None else ""
    return ResourceList(str(version), items, config)


def _document(text: str) -> Mapping[str, Any]:
    try:
        found = [document for document in load_foreign(text) if document is not None]
    except BadDocument as bad:
        where = bad.place("stdin")
        raise fail("resource-list", str(bad), "mend the YAML", document=where) from None
    if not found:
        raise _wrong("is empty", _TODO)
    if len(found) > 1:
        raise _wrong(f"holds {len(found):,} documents, and a ResourceList is one", _TODO)
    if not isinstance(found[0], Mapping):
        raise _wrong(f"holds {type_name(found[0])}, not a ResourceList", _TODO)
    return found[0]


def _wrong(sentence: str, todo: str) -> McpfenceError:
    return fail("resource-list", sentence, todo, document="stdin")


def _object(item: Any, number: int) -> Mapping[str, Any]:
    """The item, if it is an object of Kubernetes."""
    metadata = item.get("metadata") if isinstance(item, Mapping) else None
    names = [item.get(key) for key in ("kind", "apiVersion")] if isinstance(metadata, Mapping) else []
    if not names or not all(isinstance(name, str) and name for name in names):
        where = f"items[{number}] of stdin"
        sentence = "is no Kubernetes object (apiVersion, kind, metadata)"
        raise fail("resource-list", sentence, "mend it, or leave it out", document=where)
    found: Mapping[str, Any] = item
    return found


def _texts(text: str, root: Any, items: Any, documents: Sequence[Any]) -> list[str]:
    """The text of each item: cut out of the list where that gives the same document, written anew elsewhere."""
    if not items.flow_style and not _OTHER_BREAKS.search(text):
        cut = list(_cut(text, root, items))
        if all(_says(piece, document) for piece, document in zip(cut, documents, strict=True)):
            return cut
    return [_serialized(node) for node in items.value]


def _cut(text: str, root: Any, items: Any) -> Iterator[str]:
    """The lines of each item, moved to the left as far as its first key stands to the right."""
    lines = text.split("\n")
    below = [key.start_mark.line for key, _ in root.value if key.start_mark.line > items.start_mark.line]
    starts = [node.start_mark for node in items.value]
    ends = [*(mark.line for mark in starts[1:]), min(below, default=len(lines))]
    for mark, end in zip(starts, ends, strict=True):
        block = lines[mark.line : end]
        block[0] = " " * mark.column + block[0][mark.column :]
        moved = [line[mark.column :] if not line[: mark.column].strip() else line.lstrip() for line in block]
        yield "\n".join(moved).rstrip(" \n") + "\n" if not _keeps(block) else "\n".join(moved) + "\n"


def _keeps(lines: Sequence[str]) -> bool:
    """Whether a block scalar may keep the empty lines behind it."""
    return any(("|" in line or ">" in line) and "+" in line for line in lines)


def _says(text: str, document: Any) -> bool:
    try:
        return load_foreign(text) == [document]
    except BadDocument:
        return False


def _serialized(node: Any) -> str:
    """A node as text: every scalar with its own words and quotes; only comments are lost."""
    text: str = yaml.serialize(node, Dumper=_Dumper, allow_unicode=True, width=2**31 - 1)
    return text


def write_resource_list(version: str, items: Iterable[str], results: Sequence[Mapping[str, Any]]) -> str:
    """The answer of a function; `items` are texts of objects."""
    entries = "".join(f"- {_moved(text)}" for text in items)
    head = f"apiVersion: {version}\nkind: ResourceList\n"
    head += f"items:\n{entries}" if entries else "items: []\n"
    return head + (Writer().write({"results": list(results)}) if results else "")


def _moved(text: str) -> str:
    lines = text.removesuffix("\n").split("\n")
    return "\n".join([lines[0], *(f"  {line}" if line else line for line in lines[1:])]) + "\n"
