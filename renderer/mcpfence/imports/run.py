"""One import: texts through their formats to entries, names, a catalog that passes the real reading, and its text.

What cannot be imported is refused entry by entry; what is left is complete.  Nothing leaves that has not been read
back and checked as `mcpfence check` checks it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from mcpfence.documents.values import ValuesFile, read_source
from mcpfence.findings.finding import Finding, McpfenceError, fail, quote
from mcpfence.findings.wording import nearest
from mcpfence.imports import FORMATS
from mcpfence.imports.assemble import Draft, assemble
from mcpfence.imports.merge import lookup
from mcpfence.imports.namespaces import one_namespace, placed, say_unplaced
from mcpfence.imports.shared.dns_labels import distinct, label, lossy
from mcpfence.imports.shared.format import Entry, Format, FormatResult, ImportContext, Named, Setting
from mcpfence.imports.shared.hints import same_image_hints, seen_hints
from mcpfence.imports.shared.source import Document, Node, Text, read_text
from mcpfence.structs import Struct
from mcpfence.text.secret_detection import named_by_chance, secret_anywhere

_SHOWN = 8
"""Names that a message lists."""


class Request(Struct):
    """What is asked of an import; `defaults` are those of the chart, `base` is the file of --merge."""

    format: str = "auto"
    only: tuple[str, ...] = ()
    trust_publisher: bool = False
    provider: str = ""
    pods: tuple[Text, ...] = ()
    base: ValuesFile | None = None
    defaults: Mapping[str, Any] = {}
    namespace: str = ""
    """Of -n: where the pods of objects run that name no namespace."""


class Imported(Struct):
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
    base = request.base.data if request.base else {}
    context = ImportContext(trust_publisher=request.trust_publisher, stance=_stance(base), only=request.only)
    theirs = lookup(base, ("mcpNamespace", "name"))
    context.home = theirs if isinstance(theirs, str) else ""
    context.knows_api = bool(lookup(base, ("cluster", "cidrs", "controlPlane")))
    context.pods = tuple(_documents(request.pods, context))
    documents = [placed(document, request.namespace) for document in _documents(texts, context)]
    entries, settings = _read(documents, request.format, context)
    entries = _only([entry for entry in entries if not _gives_away(entry, context)], request.only, context)
    if not entries and not settings:
        _say_nothing(context, texts)
        return Imported("", (), context.ordered())
    if not (context.home or request.namespace):
        say_unplaced(entries, documents, context)
    entries, spaces = one_namespace(entries, request.namespace, theirs, context)
    named = _named(entries, context)
    linked = [_with_labels(setting, named) for setting in settings]
    draft = Draft(named, (*linked, *spaces), request.provider, request.base, request.defaults)
    text, left = assemble(draft, context)
    if settings and not left and not _declares(text):
        sentence = "has settings and no servers, so the catalog declares none, and renders refuse it"
        context.say("import-no-servers", settings[0].node, sentence, "import the servers too, or declare them")
    return Imported(text, left, context.ordered(), context.stance)


def _declares(text: str) -> bool:
    """Whether a catalog has a server or a workload."""
    whole = read_source("catalog", text).data
    return any(lookup(whole, (key,)) for key in ("servers", "workloads"))


def _stance(base: Mapping[str, Any]) -> str:
    return "internet" if lookup(base, ("egress", "default")) == "internet" else "deny"


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
    documents = [document for document in documents if not _said_no_server(document, context)]
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


def _said_no_server(document: Document, context: ImportContext) -> bool:
    sentence = next((said for item in FORMATS.values() if (said := item.no_server(document))), "")
    if sentence:
        context.say("import-skipped", Node(document, document.data), sentence, "skipped")
    return bool(sentence)


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


_NAMES = ("image", "package", "fixedURL", "urlTemplate")


def _gives_away(entry: Entry, context: ImportContext) -> bool:
    """Whether what an entry would copy may be a secret, in which case it is refused."""
    named = [
        value[key] for value in entry.server.values() if isinstance(value, Mapping) for key in _NAMES if key in value
    ]
    if not secret_anywhere([entry.name, entry.server]) and not any(map(named_by_chance, map(str, named))):
        return False
    sentence = f"{quote(entry.name)} has what may be a secret in its name, image, package or URL, and is not copied"
    context.refuse(entry.node, sentence, "write the server by hand if you need it, the secret apart")
    return True


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
    known = {entry.name for entry in entries} | {label(entry.name) for entry in entries} | context.names
    faults = [name for name in names if name not in known]
    if faults:
        refused = [finding for finding in context.ordered() if finding.severity.value == "error"]
        labels = sorted({label(name) for name in known})
        more = f" and {len(labels) - _SHOWN} more" if len(labels) > _SHOWN else ""
        names = f"write one of {', '.join(labels[:_SHOWN])}{more}" if labels else "write a name of the input"
        todo = nearest(faults[0], sorted(known), f"{names}, unless it was refused" if refused else names)
        raise McpfenceError(
            [*refused, *fail("import-nothing", f"--only {quote(faults[0])} is in no entry", todo).findings]
        )
    kept = [entry for entry in entries if entry.name in names or label(entry.name) in names]
    context.forget_others(kept)
    return kept


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
    hints, seen = same_image_hints(entries), seen_hints(entries, context)
    return tuple(
        Named(text, _linked(entry, ids, context)._replace(hints=(*entry.hints, *seen.get(i, ()), *hints.get(i, ()))))
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


def _with_labels(setting: Setting, named: Sequence[Named]) -> Setting:
    """A workload whose egress.servers are the labels of those that were imported."""
    egress = setting.value.get("egress") if setting.path[0] == "workloads" else None
    servers = egress.get("servers") if isinstance(egress, Mapping) else None
    if not isinstance(egress, Mapping) or not isinstance(servers, list):
        return setting
    labels = {id: item.label for item in reversed(named) for id in (*item.entry.ids, item.entry.name)}
    there = sorted({labels[name] for name in servers if name in labels})
    return setting._replace(value={**setting.value, "egress": {**egress, "servers": there}})
