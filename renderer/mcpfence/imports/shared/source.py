"""What importers read: named texts as documents that know the file and line of each of their values.

The text is untrusted: duplicate keys, tags, deep nesting and aliases that unfold without end are refused by
`documents`, which reads it.  A file may hold several YAML documents.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from mcpfence.documents.reader import BadDocument, load_foreign, load_values
from mcpfence.documents.trees import compose_all
from mcpfence.findings.finding import Path, fail, path_text, quote
from mcpfence.findings.wording import type_name
from mcpfence.imports.shared.line_marks import line_of
from mcpfence.structs import Struct

_BEFORE = re.compile(r"[\ufeff\s]*+(?:[{\[]|//|/\*)")
_INSIDE = re.compile(r"[^\r\n]")
_TOKEN = re.compile(r'"|//|/\*')
_STRING = re.compile(r'"(?:[^"\\\n]++|\\.)*+"')


class Text(Struct):
    """One input: the name that messages use, and its text; `named`: the user gave this very file (or stdin)."""

    name: str
    text: str
    named: bool = True


class Document(Struct):
    """One YAML or JSON document; `text` is its own piece of the file, which begins behind `skipped` lines."""

    file: str
    data: Any
    text: str
    skipped: int = 0
    named: bool = True

    def place(self, path: Path = ()) -> str:
        """`servers/x/server.yaml:12` of the value at `path`, or of the deepest part of it that exists."""
        line = line_of(self.text, path)
        return f"{self.file}:{self.skipped + line}" if line else self.file

    def where(self, path: Path) -> str:
        """Place and path, for a finding: `servers/x/server.yaml:12 run.allowHosts[0]`."""
        words = path_text(path)
        return f"{self.place(path)} {words}" if words else self.place(path)


def read_text(source: Text) -> list[Document]:
    """The documents of one input, empty ones left out; raises McpfenceError where it cannot be read."""
    try:
        try:
            return [item for item in _documents(source) if item.data is not None]
        except BadDocument:
            plain = _without_comments(source.text)
            if plain == source.text:
                raise
            return [item for item in _documents(source._replace(text=plain)) if item.data is not None]
    except BadDocument as bad:
        where = bad.place(source.name)
        todo = "mend it and import it again; nothing of this file was imported"
        raise fail("import-unreadable", str(bad), todo, document=where) from None


def _without_comments(text: str) -> str:
    """JSON as editors have it, with spaces in place of its comments: every other character stays where it was.

    Takes time in proportion to the text, whatever that is; text that is no JSON comes back as it is.
    """
    if not _BEFORE.match(text):
        return text
    parts, at = [], 0
    while token := _TOKEN.search(text, at):
        parts.append(text[at : token.start()])
        if token[0] == '"':
            string = _STRING.match(text, token.start())
            at = string.end() if string else len(text)
            parts.append(text[token.start() : at])
            continue
        closing = "\n" if token[0] == "//" else "*/"
        found = text.find(closing, token.end())
        at = len(text) if found < 0 else found + (0 if token[0] == "//" else 2)
        parts.append(_INSIDE.sub(" ", text[token.start() : at]))
    return "".join((*parts, text[at:]))


def _documents(source: Text) -> Iterator[Document]:
    text = source.text
    if text.lstrip().startswith("["):  # a list is read by the same quick and strict way as a mapping
        try:
            data = load_values(f'{{"list": {text}}}')["list"]
        except BadDocument:
            data = load_values(text)  # for the right words and columns
        yield Document(source.name, data, text, 0, source.named)
        return
    if text.lstrip().startswith("{") or "\n---" not in f"\n{text}":
        yield Document(source.name, load_values(text), text, 0, source.named)
        return
    load_foreign(text)  # refuses what composing it once more might not survive
    for piece, skipped in _pieces(text):
        try:
            data = load_values(piece)
        except BadDocument as bad:
            raise BadDocument(str(bad), bad.line + skipped if bad.line else 0, bad.column) from None
        yield Document(source.name, data, piece, skipped, source.named)


def _pieces(text: str) -> Iterator[tuple[str, int]]:
    """Each document's own text, and how many lines stand before it.  Call it on text that has been judged safe."""
    for node in compose_all(text):
        if node is not None:
            start, end = node.start_mark, node.end_mark
            yield " " * start.column + text[start.index : end.index], start.line


class BadEntry(Exception):
    """An entry that cannot be imported: where, what is so, what to do."""

    def __init__(self, node: Node, sentence: str, todo: str = "") -> None:
        super().__init__(sentence)
        self.node = node
        self.sentence = sentence
        self.todo = todo


_TYPE_TODO = "mend the source; nothing of this entry was imported"


class Node(Struct):
    """A value of a document with its path.  What has another type than asked for raises BadEntry: nothing is guessed.

    A key whose value is null counts as absent, as it does for the Go programs that read these files.
    """

    document: Document
    value: Any
    path: Path = ()

    @property
    def place(self) -> str:
        """File and line."""
        return self.document.place(self.path)

    @property
    def where(self) -> str:
        """File, line and path, for a finding."""
        return self.document.where(self.path)

    def get(self, key: str | int) -> Node | None:
        """The value below a key of this mapping (or an index of this list); None where it is absent or null."""
        try:
            value = self.value[key]
        except (KeyError, IndexError, TypeError):
            return None
        return None if value is None else Node(self.document, value, (*self.path, key))

    def keys(self) -> list[str]:
        """The keys of this mapping, in the source's order; raises BadEntry if it is none."""
        if not isinstance(self.value, Mapping):
            raise BadEntry(self, f"is {type_name(self.value)}, not a mapping", _TYPE_TODO)
        return [str(key) for key in self.value]

    def text(self, key: str) -> str:
        """A string (or whole number) below a key; empty where absent."""
        node = self.get(key)
        return "" if node is None else node.as_text()

    def as_text(self) -> str:
        """This value as a string; raises BadEntry if it is neither a string nor a whole number."""
        if isinstance(self.value, str):
            return self.value
        if isinstance(self.value, int) and not isinstance(self.value, bool):
            return str(self.value)
        raise BadEntry(self, f"is {type_name(self.value)}, not a string", _TYPE_TODO)

    def flag(self, key: str) -> bool | None:
        """A boolean below a key; None where absent.  The words "true" and "false" in quotes are refused."""
        node = self.get(key)
        if node is None:
            return None
        if not isinstance(node.value, bool):
            raise BadEntry(node, f"is {type_name(node.value)}, not true or false", _TYPE_TODO)
        return node.value

    def mapping(self, key: str) -> Node | None:
        """A mapping below a key; None where absent."""
        node = self.get(key)
        if node is not None:
            node.keys()
        return node

    def items(self, key: str) -> list[Node]:
        """The entries of a list below a key; empty where absent."""
        node = self.get(key)
        return [] if node is None else node.entries()

    def entries(self) -> list[Node]:
        """The entries of this list; raises BadEntry if it is none."""
        if not isinstance(self.value, list):
            raise BadEntry(self, f"is {type_name(self.value)}, not a list", _TYPE_TODO)
        return [Node(self.document, value, (*self.path, i)) for i, value in enumerate(self.value)]

    def port(self, key: str) -> int | None:
        """A TCP port below a key; None where it is absent or 0, as Go programs write what is not set."""
        node = self.get(key)
        if node is None or node.value == 0:
            return None
        if not isinstance(node.value, int) or isinstance(node.value, bool) or not 1 <= node.value <= 65535:
            raise BadEntry(node, f"{quote(node.value)} is no port", "write a whole number from 1 to 65535")
        return node.value

    def ports(self, key: str) -> tuple[int, ...]:
        """A list of TCP ports below a key, each once and in order; raises BadEntry for what is no port."""
        found = set()
        for item in self.items(key):
            if not isinstance(item.value, int) or isinstance(item.value, bool) or not 1 <= item.value <= 65535:
                raise BadEntry(item, f"{quote(item.value)} is no port", "write whole numbers from 1 to 65535")
            found.add(item.value)
        return tuple(sorted(found))


def objects(document: Document) -> list[Node]:
    """The Kubernetes objects of a document: itself, or the items of a List; nothing where it is neither."""
    data = document.data
    if not isinstance(data, Mapping) or not isinstance(data.get("kind"), str):
        return []
    if not data["kind"].endswith("List") or not isinstance(data.get("items"), list):
        return [Node(document, data)]
    return [Node(document, item, ("items", i)) for i, item in enumerate(data["items"]) if isinstance(item, Mapping)]


def is_of(node: Node, group: str, kinds: Collection[str]) -> bool:
    """Whether an object is of one of these kinds, in any version of an API group."""
    version = node.value.get("apiVersion")
    return isinstance(version, str) and version.startswith(f"{group}/") and node.value.get("kind") in tuple(kinds)
