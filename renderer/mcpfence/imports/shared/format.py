"""The contract of a format: what its module says of itself, what it is given, and what it gives back."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import Enum
from functools import lru_cache
from typing import Any

from mcpfence.findings.finding import Finding
from mcpfence.findings.table import TABLE, Severity
from mcpfence.imports.shared.source import BadEntry, Document, Node
from mcpfence.structs import Struct


class State(Enum):
    """What a source says of a server's egress; only LISTED and NOTHING bind the catalog."""

    LISTED = "destinations listed"
    NOTHING = "nothing allowed"
    OPEN = "every host allowed"
    UNDECLARED = "nothing declared"
    ELSEWHERE = "runs elsewhere"


class Entry(Struct):
    """One server of a source in the catalog's words."""

    node: Node
    """Where the source declares it."""
    name: str
    """As the source has it; the framework makes a DNS label of it."""
    server: Mapping[str, Any]
    """What will stand under servers.NAME.  A composite lists names or ids of the source; the framework puts labels."""
    state: State
    decided: tuple[str, ...] = ()
    """Sentences for the comment above the server: what was kept, narrowed, left out."""
    hints: tuple[str, ...] = ()
    """Where an undeclared server's destinations might be found; marked as hints, never applied."""
    ids: tuple[str, ...] = ()
    """Further names by which composites of the source call it."""
    namespace: str = ""
    """Where its pods run, if the source says so.  A catalog fences one namespace: the first one that is met."""


class Named(Struct):
    """An entry with the name that it has in the catalog."""

    label: str
    entry: Entry


class Setting(Struct):
    """A value for another part of the catalog, such as ("mcpNamespace", "name") or ("clients", "gateway").

    A workload lists servers by their names in the source; the framework puts labels, as it does for composites.
    """

    node: Node
    path: tuple[str, ...]
    value: Any
    decided: tuple[str, ...] = ()


class FormatResult(Struct):
    """What a format made of its documents."""

    entries: tuple[Entry, ...]
    settings: tuple[Setting, ...] = ()


class Sighting(Struct):
    """What pods were seen to reach, by somebody who watched them; hints for the server whose pods they are."""

    node: Node
    name: str
    """Of the workload."""
    namespace: str
    labels: Mapping[str, str]
    """Of its pods; a server is told by those that its podSelector asks for, else by its name."""
    seen: tuple[str, ...]
    """Destinations with their ports, as a person reads them."""
    whole: bool = True
    """Whether the pods were watched from their start."""


class FieldRow(Struct):
    """One field of a source, dotted, `[]` for entries and `*` for any key; `target` is empty where it is left out.

    Whatever stands below a field that is in the table counts as known.
    """

    field: str
    target: str
    meaning: str


class Table(Struct):
    """The fields of one shape of a source, for --explain-source, docs/import and the search for unknown keys."""

    title: str
    rows: tuple[FieldRow, ...]


_KEEP = "write egress: {default: internet} to keep it"


@dataclass(slots=True)
class ImportContext:
    """What a format works with: the options of the run, and where findings go.  One for each run."""

    trust_publisher: bool = False
    pods: tuple[Document, ...] = ()
    """Documents of --pods."""
    only: tuple[str, ...] = ()
    """Names of --only, for a format that must know what counts as a server; the framework itself picks by them."""
    names: set[str] = field(default_factory=set)
    """What --only could name beside the entries, for such a format."""
    chosen: bool = False
    """Whether the format has picked by `only` itself, so that all of its findings count."""
    stance: str = "deny"
    """egress.default of the catalog: of the merged file, else deny."""
    home: str = ""
    """The namespace of the catalog, if the merged file names it."""
    knows_api: bool = False
    """Whether the merged file lists the API server's addresses, without which no pod may be let call it."""
    findings: list[Finding] = field(default_factory=list)
    sightings: list[Sighting] = field(default_factory=list)
    """What formats saw of the servers of others."""
    _nodes: dict[tuple[str, str, str], Node] = field(default_factory=dict)

    def say(self, id: str, node: Node, sentence: str, todo: str = "") -> None:
        """Keep a finding at a place of the source; the same one twice counts once, and none is ever cut."""
        if id not in TABLE:
            raise KeyError(id)
        where = node.where
        if (id, where, sentence) not in self._nodes:
            self._nodes[id, where, sentence] = node
            self.findings.append(Finding(id, (), sentence, todo, where))

    def say_open(self, node: Node, sentence: str) -> None:
        """A source lets a server reach every host: nothing is written, so the catalog's stance holds."""
        todo = f"imported as egress.default of the catalog ({self.stance})"
        keep = "every public address, no private one" if self.stance == "internet" else _KEEP
        self.say("import-allow-all", node, sentence, f"{todo}; {keep}")

    def refuse(self, node: Node, sentence: str, todo: str = "") -> None:
        """An entry is not imported; the run ends with exit code 1."""
        self.say("import-refused", node, sentence, todo)

    @contextmanager
    def entry(self) -> Iterator[None]:
        """Around the reading of one entry: BadEntry refuses this entry, and the rest is read."""
        try:
            yield
        except BadEntry as bad:
            self.refuse(bad.node, bad.sentence, bad.todo)

    def forget_others(self, entries: Sequence[Entry]) -> None:
        """Drop the findings of entries that nobody asked for: those that no given entry's node has below it."""
        if self.chosen:
            return
        wanted = [entry.node for entry in entries]
        self.findings = [item for item in self.findings if self._concerns(item, wanted)]

    def _concerns(self, finding: Finding, wanted: Sequence[Node]) -> bool:
        node = self._nodes.get((finding.id, finding.document, finding.sentence))
        if node is None or not node.document.text:  # of a whole file, or inside a ConfigMap
            return True
        return any(node.document is other.document and node.path[: len(other.path)] == other.path for other in wanted)

    def ordered(self) -> tuple[Finding, ...]:
        """Errors, warnings, notes; each by file and line, in whatever order the files were read."""
        return tuple(sorted(self.findings, key=self._rank))

    def _rank(self, finding: Finding) -> tuple[int, str, int]:
        node = self._nodes.get((finding.id, finding.document, finding.sentence))
        file, _, line = (node.place if node else finding.document).rpartition(":")
        return list(Severity).index(finding.severity), file, int(line) if line.isdecimal() else 0


class Format(Struct):
    """One row of the table of formats."""

    name: str
    summary: str
    """One line for --help and the docs: what it reads."""
    recognises: Callable[[Document], bool]
    """Whether a document is of this format.  Formats must not claim each other's documents."""
    read: Callable[[Sequence[Document], ImportContext], FormatResult]
    """Documents that were recognised -> entries.  Pure; raises nothing for bad input: see ImportContext.entry."""
    tables: tuple[Table, ...]
    accepts: Callable[[Document], bool] = lambda _: False
    """Documents that it also takes where the user names the format, and that auto must not give to it."""
    reads_along: Callable[[Document], bool] = lambda _: False
    """Documents that it reads beside its own (Services, ConfigMaps), where the input has any of its own."""
    no_server: Callable[[Document], str] = lambda _: ""
    """Why a document that looks like a server is none, as half a sentence (`is a skill ...`): no format reads it."""
    reads_pods: bool = False
    """Whether it has a use for --pods."""


Steps = tuple[str, ...]


@lru_cache(maxsize=64)
def known_paths(table: Table) -> frozenset[Steps]:
    """The fields of a table as steps: `tools[].container` is ("tools", "[]", "container")."""
    return frozenset(tuple(row.field.replace("[]", ".[]").lstrip(".").split(".")) for row in table.rows)


def report_unknown(node: Node, table: Table, context: ImportContext) -> None:
    """Say each key below `node` that the table does not have: it is not imported, and may matter."""
    _walk(node, (), known_paths(table), _parents(table), context)


@lru_cache(maxsize=64)
def _parents(table: Table) -> frozenset[Steps]:
    """What has fields of the table below it."""
    return frozenset(path[:depth] for path in known_paths(table) for depth in range(len(path)))


def _walk(node: Node, at: Steps, known: frozenset[Steps], parents: frozenset[Steps], context: ImportContext) -> None:
    below: list[tuple[str | int, Any, str]] = []
    if isinstance(node.value, list):
        below = [(i, value, "[]") for i, value in enumerate(node.value)]
    elif isinstance(node.value, Mapping):
        every = (*at, "*") in known or (*at, "*") in parents
        below = [(key, value, "*" if every else str(key)) for key, value in node.value.items()]
    for key, value, step in below:
        path = (*at, step)
        child = Node(node.document, value, (*node.path, key))
        if path in known:
            continue
        if path in parents:
            _walk(child, path, known, parents, context)
        else:
            sentence = "is a field that this format does not know, so it was not imported"
            context.say("import-unknown-key", child, sentence, "see whether it limits or opens the server's network")
