"""An entry in the MCP registry's form, as ToolHive's catalog has it today: its profile stands in an extension."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mcpfence.imports.shared.destinations import egress_keys, merged, shown
from mcpfence.imports.shared.format import Entry, FieldRow, ImportContext, State, Table
from mcpfence.imports.shared.hints import env_hint, link_hint
from mcpfence.imports.shared.packages import read_hosted, read_remote
from mcpfence.imports.shared.packages import rows as package_rows
from mcpfence.imports.shared.permissions import Granted, read_permissions
from mcpfence.imports.shared.permissions import rows as permission_rows
from mcpfence.imports.shared.source import BadEntry, Node

PUBLISHER = "io.modelcontextprotocol.registry/publisher-provided"
STACKLOK = "io.github.stacklok"

_EXTENSION = f"_meta.{PUBLISHER}.{STACKLOK}.IDENTIFIER"
UPSTREAM = Table(
    "server.json with ToolHive's extension (data.servers[], or a file of its own)",
    (
        FieldRow("name", "servers.NAME", "what stands behind the last slash, as a DNS label"),
        *package_rows(),
        *permission_rows(f"{_EXTENSION}.permissions"),
        *(
            FieldRow(key, "", "")
            for key in ("$schema", "description", "title", "repository", "version", "icons", "_meta")
        ),
        *(FieldRow(key, "", "") for key in ("websiteUrl", "status", "version_detail")),
    ),
)


def upstream(node: Node, context: ImportContext) -> Entry:
    """An entry in the MCP registry's form; its permissions stand in the extension, by the package's identifier."""
    node.keys()
    name = node.text("name").rpartition("/")[2].strip()
    if not name:
        raise BadEntry(node, "has no name", "give it a name")
    ids = (node.text("name"),)
    hosted = read_hosted(node, context)
    if hosted is None:
        remote = read_remote(node, context)
        if remote is None:
            raise BadEntry(node, "has neither packages nor remotes", "add what the server runs, or where")
        return Entry(node, name, remote, State.ELSEWHERE, ids=ids)
    identifier = hosted.package.text("identifier")
    profile, several = _profile(node, identifier, context)
    if several:
        sentence = f"has several profiles, and none is for {shown(identifier)}"
        context.say("import-guess", several, sentence, "imported as no host; list what it needs")
        granted = Granted(
            State.LISTED, egress_keys((), hosted.config), ("its profile is ambiguous: imported as no host",)
        )
    else:
        granted = read_permissions(profile, hosted.config, context)
    repository = node.get("repository")
    link = repository.get("url") if repository else None
    hints = (
        *env_hint(item["key"] for item in hosted.server.get("env", ())),
        *link_hint(link.value if link and isinstance(link.value, str) else ""),
    )
    return with_profile(node, name, hosted.server, granted, hints)._replace(ids=ids)


def _profile(node: Node, identifier: str, context: ImportContext) -> tuple[Node | None, Node | None]:
    """The permissions for a package; or, second, the extension if it has several and none fits."""
    holder: Node | None = node
    for key in ("_meta", PUBLISHER, STACKLOK):
        holder = holder.mapping(key) if holder else None
    if holder is None:
        return None, None
    blocks = holder.keys()
    if identifier not in blocks and len(blocks) > 1:
        return None, holder
    block = holder.mapping(identifier if identifier in blocks else blocks[0]) if blocks else None
    if block and identifier not in blocks:
        sentence = f"is the only profile, and is for {shown(blocks[0])}, not for {shown(identifier)}"
        context.say("import-guess", block, sentence, "imported all the same; compare them")
    return (block.mapping("permissions") if block else None), None


def with_profile(node: Node, name: str, server: Mapping[str, Any], granted: Granted, hints: tuple[str, ...]) -> Entry:
    """An entry with what its profile grants; hints count where it grants nothing that is said."""
    hints = hints if granted.state is State.UNDECLARED else ()
    return Entry(node, name, merged(server, granted.keys), granted.state, granted.told, hints)
