"""One import: texts through their formats to entries, names, a catalog that passes the real reading, and its text.

What cannot be imported is refused entry by entry; what is left is complete.  Nothing leaves that has not been read
back and checked as `mcpfence check` checks it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from mcpfence.documents.values import read_source
from mcpfence.findings.finding import Finding, McpfenceError, fail, quote
from mcpfence.findings.wording import nearest
from mcpfence.imports import FORMATS
from mcpfence.imports.assemble import Draft, assemble
from mcpfence.imports.merge import lookup
from mcpfence.imports.shared.destinations import shown
from mcpfence.imports.shared.dns_labels import distinct, label, lossy
from mcpfence.imports.shared.format import Entry, Format, FormatResult, ImportContext, Named, Setting
from mcpfence.imports.shared.hints import same_image_hints
from mcpfence.imports.shared.source import Document, Node, Text, read_text


class Request(NamedTuple):
    """What is asked of an import; `defaults` are those of the chart, `base` is the file of --merge."""

    format: str = "auto"
    only: tuple[str, ...] = ()
    trust_publisher: bool = False
    provider: str = ""
    pods: tuple[Text, ...] = ()
    base: Text | None = None
    defaults: Mapping[str, Any] = {}


class Imported(NamedTuple):
    """The outcome: the catalog's text (empty where nothing was imported), and everything that there is to say."""

    text: str
    servers: tuple[Named, ...]
    findings: tuple[Finding, ...]
    stance: str = "deny"
    """egress.default of the catalog, which holds for servers that declare nothing."""

    @property
    def refused(self) -> int:
        """How many entries were refused."""
        return sum(finding.id == "import-refused" for finding in self.findings)


def import_texts(texts: Sequence[Text], request: Request) -> Imported:
    """Import texts; raises McpfenceError where nothing can be printed at all."""
    context = ImportContext(trust_publisher=request.trust_publisher, stance=_stance(request.base), only=request.only)
    context.pods = tuple(_documents(request.pods, context))
    documents = _documents(texts, context)
    entries, settings = _read(documents, request.format, context)
    entries = _only(entries, request.only, context)
    if not entries and not settings:
        _say_nothing(context, texts)
        return Imported("", (), context.ordered())
    entries, spaces = _one_namespace(entries, request.base, context)
    named = _named(entries, context)
    draft = Draft(named, (*settings, *spaces), request.provider, request.base, request.defaults)
    text, left = assemble(draft, context)
    return Imported(text, left, context.ordered(), context.stance)


def _stance(base: Text | None) -> str:
    found = lookup(read_source(base.name, base.text).data, ("egress", "default")) if base else None
    return "internet" if found == "internet" else "deny"


def _documents(texts: Iterable[Text], context: ImportContext) -> list[Document]:
    found: list[Document] = []
    for text in texts:
        try:
            found += read_text(text)
        except McpfenceError as error:
            context.findings += error.findings
    return found


def _read(documents: Sequence[Document], name: str, context: ImportContext) -> tuple[list[Entry], list[Setting]]:
    """What each format makes of its documents; a document that nobody knows is an error if the user named it."""
    formats = list(FORMATS.values()) if name == "auto" else [FORMATS[name]]
    owners = [_owner(document, formats, named=name != "auto") for document in documents]
    active = [item for item in formats if item in owners]
    piles: dict[str, list[Document]] = {item.name: [] for item in active}
    strangers = []
    for document, owner in zip(documents, owners, strict=True):
        readers = [item for item in active if item is owner or item.reads_along(document)]
        for item in readers:
            piles[item.name].append(document)
        if not readers:
            strangers.append(document)
    known = {document.file for pile in piles.values() for document in pile}
    for document in strangers:
        _unknown(document, name, alone=document.file not in known, context=context)
    return _all(FORMATS[owner].read(pile, context) for owner, pile in piles.items())


def _owner(document: Document, formats: Sequence[Format], *, named: bool) -> Format | None:
    for item in formats:
        if item.recognises(document) or (named and item.accepts(document)):
            return item
    return None


def _unknown(document: Document, name: str, *, alone: bool, context: ImportContext) -> None:
    """An error where the user named a file of which nothing is known; else a note."""
    sentence = f"holds nothing that {'a known format' if name == 'auto' else f'the format {name}'} has"
    if not (document.named and alone):
        context.say("import-skipped", Node(document, document.data), sentence, "skipped")
        return
    todo = (
        f"name its format ({', '.join(FORMATS)})" if name == "auto" else f"see mcpfence import {name} --explain-source"
    )
    context.say("import-unreadable", Node(document, document.data), sentence, todo)


def _all(results: Iterable[FormatResult]) -> tuple[list[Entry], list[Setting]]:
    entries: list[Entry] = []
    settings: list[Setting] = []
    for found in results:
        entries += found.entries
        settings += found.settings
    return entries, settings


def _only(entries: list[Entry], names: Sequence[str], context: ImportContext) -> list[Entry]:
    """The entries that --only names, by their name in the source or by their label; raises McpfenceError."""
    if not names:
        return entries
    known = {entry.name for entry in entries} | {label(entry.name) for entry in entries}
    faults = [name for name in names if name not in known]
    if faults:
        refused = (
            "one of those that were refused, or " if any(f.id == "import-refused" for f in context.findings) else ""
        )
        todo = nearest(faults[0], sorted(known), f"write {refused}a name of the input")
        raise McpfenceError(
            [*context.ordered(), *fail("import-nothing", f"--only {quote(faults[0])} is in no entry", todo).findings]
        )
    kept = [entry for entry in entries if entry.name in names or label(entry.name) in names]
    context.forget_others(kept)
    return kept


def _one_namespace(
    entries: list[Entry], base: Text | None, context: ImportContext
) -> tuple[list[Entry], list[Setting]]:
    """The entries of one namespace, and the settings that say so; those of others are refused.

    The namespace is that of the merged file if it names one, else that of the first entry that has one.
    """
    for entry in entries:
        if entry.namespace and label(entry.namespace) != entry.namespace:
            context.refuse(entry.node, f"runs in namespace {shown(entry.namespace)}, which is none", "mend the source")
    entries = [entry for entry in entries if not entry.namespace or label(entry.namespace) == entry.namespace]
    first = next((entry for entry in entries if entry.namespace), None)
    if first is None:
        return entries, []
    theirs = lookup(read_source(base.name, base.text).data, ("mcpNamespace", "name")) if base else None
    wanted = theirs if isinstance(theirs, str) else first.namespace
    for entry in entries:
        if entry.namespace and entry.namespace != wanted:
            sentence = f"runs in namespace {shown(entry.namespace)}, and this catalog is for {shown(wanted)}"
            context.refuse(entry.node, sentence, "import the servers of each namespace into a catalog of their own")
    if theirs is None:
        told = ("every pod of it that no server or workload of this catalog selects is denied by the floor",)
        create = Setting(first.node, ("mcpNamespace", "create"), value=False, decided=("it exists already",))
        spaces = [Setting(first.node, ("mcpNamespace", "name"), wanted, told), create]
    else:
        spaces = []
    return [entry for entry in entries if entry.namespace in ("", wanted)], spaces


def _say_nothing(context: ImportContext, texts: Sequence[Text]) -> None:
    if not any(finding.severity.value == "error" for finding in context.findings):
        where = texts[0].name if len(texts) == 1 else ""
        sentence = "there is nothing to import in the input"
        finding = fail("import-nothing", sentence, f"name files or folders of: {', '.join(FORMATS)}", document=where)
        context.findings += finding.findings


def _named(entries: Sequence[Entry], context: ImportContext) -> tuple[Named, ...]:
    """Every entry with its label; composites refer to labels.  What was changed, and why, is said."""
    entries = sorted(entries, key=_rank)
    labels = distinct([entry.name for entry in entries])
    clashes = Counter(label(entry.name) for entry in entries)
    places: dict[str, list[str]] = {}
    for entry in entries:
        places.setdefault(label(entry.name), []).append(entry.node.place)
    for entry, text in zip(entries, labels, strict=True):
        base = label(entry.name)
        if clashes[base] > 1:
            others = ", ".join(place for place in places[base] if place != entry.node.place)
            sentence = f"{quote(entry.name)} is {text} here: {others or 'another entry'} has the name {base} too"
            context.say("import-name", entry.node, sentence, "rename one of them, or import one of them with --only")
        elif lossy(entry.name):
            sentence = f"{quote(entry.name)} is {text} here: it is too long, or has characters that no label has"
            context.say("import-name", entry.node, sentence, "make sure that it is the server you mean")
    ids = {id: text for entry, text in zip(entries, labels, strict=True) for id in (*entry.ids, entry.name)}
    hints = same_image_hints(entries)
    return tuple(
        Named(text, _linked(entry, ids, context)._replace(hints=(*entry.hints, *hints.get(i, ()))))
        for i, (entry, text) in enumerate(zip(entries, labels, strict=True))
    )


def _rank(entry: Entry) -> tuple[str, str, str, int]:
    """Names first; entries of one name by file and line, in whatever order the files were given."""
    file, _, line = entry.node.place.rpartition(":")
    return label(entry.name), entry.name, file, int(line) if line.isdecimal() else 0


def _linked(entry: Entry, ids: Mapping[str, str], context: ImportContext) -> Entry:
    """A composite whose components are labels; those that were not imported are left out, with a finding."""
    config = entry.server.get("compositeConfig")
    if not isinstance(config, Mapping) or "componentServers" not in config:
        return entry
    there = [ids[name] for name in config["componentServers"] if name in ids]
    for name in config["componentServers"]:
        if name not in ids:
            context.say(
                "import-narrowed", entry.node, f"groups {quote(name)}, which was not imported", "left out of it"
            )
    server = {**entry.server, "compositeConfig": {**config, "componentServers": list(dict.fromkeys(there))}}
    return entry._replace(server=server)
