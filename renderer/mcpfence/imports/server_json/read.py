"""The MCP registry's server.json in its dated versions: a file of its own, an answer of the registry, or a list.

    name: io.github.example/notes                      servers:
    packages:                                            io-github-example-notes:
    - registryType: oci                                    runtime: containerized
      identifier: ghcr.io/example/notes                    containerizedConfig:
      version: 1.2.0                                         image: ghcr.io/example/notes:1.2.0

No version has a field for egress.  What a publisher says of its own server in `_meta` is a claim: it is shown, and
applied only with --trust-publisher, since whoever publishes a server must not decide what it may reach.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from mcpfence.imports.shared.destinations import egress_keys, merged, read_destination, shown
from mcpfence.imports.shared.format import (
    Entry,
    FieldRow,
    Format,
    FormatResult,
    ImportContext,
    State,
    Table,
    report_unknown,
)
from mcpfence.imports.shared.hints import env_hint, hosts_of, link_hint
from mcpfence.imports.shared.packages import Hosted, read_hosted, read_remote
from mcpfence.imports.shared.packages import rows as package_rows
from mcpfence.imports.shared.permissions import Granted, read_permissions
from mcpfence.imports.shared.source import BadEntry, Document, Node

PUBLISHER = "io.modelcontextprotocol.registry/publisher-provided"
OFFICIAL = "io.modelcontextprotocol.registry/official"
_DATED = re.compile(r"/schemas/(\d{4}-\d{2}-\d{2})/")
KNOWN = ("2025-07-09", "2025-09-16", "2025-09-29", "2025-10-11", "2025-10-17", "2025-12-11")
"""Versions of the schema that were read when this was written."""

_UNUSED = (
    *("$schema", "description", "title", "version", "version_detail", "status", "websiteUrl", "website_url", "icons"),
    *("id", "created_at", "updated_at", "repository"),
)
SERVER = Table(
    "server.json, of all versions (an answer of the registry has it under servers[].server)",
    (
        FieldRow(
            "name", "servers.NAME", "the whole name as a DNS label: io.github.user/server is io-github-user-server"
        ),
        *package_rows(),
        FieldRow(
            f"_meta.{PUBLISHER}",
            "egressDomains ...",
            "permissions (as ToolHive has them) and egressDomains are shown as the publisher's claim, and applied "
            "only with --trust-publisher",
        ),
        FieldRow("_meta.*", "", "deleted and older versions (official.status, .isLatest) are left out, with a note"),
        *(FieldRow(key, "", "") for key in _UNUSED),
    ),
)


def recognises(document: Document) -> bool:
    """A server.json, a list of them, or an answer of a registry."""
    data = document.data
    if isinstance(data, Mapping) and isinstance(data.get("servers"), list):
        data = data["servers"]
    items = data if isinstance(data, list) else [data]
    return bool(items) and any(_is_server(item) for item in items[:50])


def _is_server(item: Any) -> bool:
    if isinstance(item, Mapping) and isinstance(item.get("server"), Mapping):
        item = item["server"]
    if not isinstance(item, Mapping) or not isinstance(item.get("name"), str) or "runtime" in item:
        return False
    schema = item.get("$schema")
    dated = isinstance(schema, str) and "server.schema.json" in schema
    return (
        dated
        or isinstance(item.get("packages"), list)
        or isinstance(item.get("remotes"), list)
        or "version_detail" in item
    )


def read(documents: Sequence[Document], context: ImportContext) -> FormatResult:
    """One entry for each server that a catalog can run."""
    entries: list[Entry] = []
    for document in documents:
        for node, meta in _servers(Node(document, document.data), context):
            with context.entry():
                entry = _entry(node, meta, context)
                report_unknown(node, SERVER, context)
                entries += [entry] if entry else []
    return FormatResult(tuple(entries))


def _servers(root: Node, context: ImportContext) -> Iterator[tuple[Node, Node | None]]:
    """Each server, and the _meta that the registry's answer has beside it."""
    if isinstance(root.value, Mapping) and "servers" not in root.value:
        yield root, None
        return
    _check_page(root, context)
    for item in root.items("servers") if isinstance(root.value, Mapping) else root.entries():
        with context.entry():
            wrapped = item.mapping("server")
            yield (wrapped, item.get("_meta")) if wrapped else (item, None)


def _check_page(root: Node, context: ImportContext) -> None:
    metadata = root.get("metadata")
    if metadata and (metadata.get("nextCursor") or metadata.get("next_cursor")):
        sentence = "says that the registry's answer goes on"
        context.say("import-guess", metadata, sentence, "this is one page of it: fetch the others and name them too")


def _entry(node: Node, beside: Node | None, context: ImportContext) -> Entry | None:
    node.keys()
    name = node.text("name").strip()
    if not name:
        raise BadEntry(node, "has no name", "give it a name")
    _check_version(node, context)
    meta = node.mapping("_meta")
    if _is_old(node, (meta, beside), context):
        return None
    hosted = read_hosted(node, context)
    if hosted is None:
        remote = read_remote(node, context)
        if remote is None:
            raise BadEntry(node, f"{shown(name)} has neither packages nor remotes", "there is nothing to run or call")
        return Entry(node, name, remote, State.ELSEWHERE)
    if (remotes := node.get("remotes")) is not None and remotes.entries():
        context.say("import-ignored", remotes, "runs elsewhere too", "imported the package; write the remote by hand")
    granted = _claimed(meta, hosted, context)
    state, told = granted.state, granted.told
    repository = node.get("repository")
    link = repository.get("url") if repository else None
    hints = (
        *env_hint(item["key"] for item in hosted.server.get("env", ())),
        *link_hint(link.value if link and isinstance(link.value, str) else ""),
    )
    server = merged(hosted.server, granted.keys)
    return Entry(node, name, server, state, told, hints if state is State.UNDECLARED else ())


def _check_version(node: Node, context: ImportContext) -> None:
    schema = node.text("$schema")
    found = _DATED.search(schema[:500])
    if found and found[1] not in KNOWN:
        sentence = f"is of the version {found[1]}, which is not known here"
        context.say(
            "import-guess", node.get("$schema") or node, sentence, f"read like {KNOWN[-1]}: compare what came of it"
        )


def _is_old(node: Node, metas: Sequence[Node | None], context: ImportContext) -> bool:
    """Whether the registry says that a server is deleted, or that a newer version of it exists."""
    said = shown(node.text("name"))
    for official in (meta.get(OFFICIAL) for meta in metas if meta):
        if official and isinstance(official.value, Mapping):
            if official.text("status") == "deleted":
                context.say("import-ignored", node, f"{said} is deleted in the registry", "left out")
                return True
            if official.value.get("isLatest", official.value.get("is_latest")) is False:
                context.say("import-ignored", node, f"is an older version of {said}", "left out")
                return True
    return False


# --- claims ---


def _claimed(meta: Node | None, hosted: Hosted, context: ImportContext) -> Granted:
    """What the publisher claims; without --trust-publisher it is only shown, and the server stays undeclared."""
    block = meta.get(PUBLISHER) if meta else None
    claim = _find_claim(block, hosted.package.text("identifier")) if block else None
    if claim is None or block is None:
        return Granted(State.UNDECLARED, {})
    trusted = _read_claim(claim, hosted, context if context.trust_publisher else ImportContext())
    if trusted.state is State.UNDECLARED:
        return trusted
    said = ", ".join(list(hosts_of(trusted.keys))[:8]) or trusted.state.value
    if context.trust_publisher:
        context.say("import-claim", claim, f"the publisher's own claim was applied ({said})", "see that you agree")
        return trusted._replace(told=(*trusted.told, "as its publisher claims; applied with --trust-publisher"))
    todo = "not applied; list what you agree to, or import with --trust-publisher"
    context.say("import-claim", claim, f"the publisher claims of its own server: {said}", todo)
    return Granted(State.UNDECLARED, {}, (f"its publisher claims: {said}. Not applied",))


def _find_claim(block: Node, identifier: str) -> Node | None:
    """The part of a publisher's block with permissions or egressDomains: itself, of a namespace, of the package."""
    level = [block]
    for _ in range(3):
        holders = [node for node in level if isinstance(node.value, Mapping)]
        found = [node for node in holders if node.get("permissions") or node.get("egressDomains")]
        exact = [node for node in found if node.path and node.path[-1] == identifier]
        if exact or found:
            return (exact or found)[0] if len(exact or found) == 1 else None
        level = [below for node in holders for key in node.value if (below := node.get(key))]
    return None


def _read_claim(claim: Node, hosted: Hosted, context: ImportContext) -> Granted:
    try:
        domains = claim.get("egressDomains")
        if domains is None:
            return read_permissions(claim.mapping("permissions"), hosted.config, context)
        found = [read_destination(item.as_text(), (443,), item, context) for item in domains.entries()]
        keys = egress_keys((item for item in found if item), hosted.config)
        return Granted(State.LISTED, keys, (f"egressDomains: {len(found)} listed",))
    except BadEntry as bad:
        context.say("import-narrowed", bad.node, f"the publisher's claim {bad.sentence}", "not applied")
        return Granted(State.LISTED, egress_keys((), hosted.config), ("its publisher's claim cannot be read",))


FORMAT = Format(
    name="server-json",
    summary="The MCP registry's server.json in its dated versions, and answers of a registry.",
    recognises=recognises,
    read=read,
    tables=(SERVER,),
)
