"""LibreChat's librechat.yaml: the servers below mcpServers.

    mcpServers:                                              servers:
      notes:                                                   notes:
        command: npx                                             runtime: npx
        args: [-y, "@example/notes@1.2.0"]                       npxConfig: {package: "@example/notes@1.2.0"}
      wiki:                                                    wiki:
        type: streamable-http                                    runtime: remote
        url: https://mcp.example.com/{{WIKI_SPACE}}              remoteConfig:
        headers: {X-Key: "{{WIKI_KEY}}"}                           urlTemplate: https://mcp.example.com/${WIKI_SPACE}
                                                                   headers: [{key: X-Key, sensitive: true}]

LibreChat starts a server with a command as a process of its own container: such a server has no pods until somebody
runs it elsewhere.  What mcpSettings allows limits LibreChat, which calls the servers, and not the servers.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from mcpfence.imports.mcp_json.files import is_librechat, servers
from mcpfence.imports.mcp_json.read import server_entry
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
from mcpfence.imports.shared.source import Document, Node

_PLACEHOLDER = re.compile(r"\{\{\s*([A-Za-z_][A-Za-z0-9_]*)\s*\}\}")
_SHOWN = 6
_UNUSED = (
    *("type", "title", "description", "startup", "iconPath", "timeout", "sseReadTimeout", "initTimeout", "chatMenu"),
    *("serverInstructions", "requiresOAuth", "oauth", "oauth_headers", "obo", "customUserVars", "stderr", "cwd"),
)
SERVER = Table(
    "a server (mcpServers.NAME)",
    (
        FieldRow("command", "runtime", "npx and its like: npx; uvx, uv tool run: uvx; docker run: containerized"),
        FieldRow(
            "args",
            "npxConfig.package, uvxConfig.package, containerizedConfig",
            "the package or the image, no more; npx mcp-remote URL: the remote server",
        ),
        FieldRow("env", "env", "the variables' names; never a value"),
        FieldRow(
            "url",
            "remoteConfig.fixedURL, .urlTemplate",
            "without user name and query; {{X}} becomes ${X}; a name inside the cluster is refused",
        ),
        FieldRow("headers", "remoteConfig.headers", "the names; never a value"),
        FieldRow("apiKey", "remoteConfig.headers", "the header that it is sent in; never a value"),
        FieldRow("proxy", "", "a note: LibreChat calls the server through it"),
        *(FieldRow(key, "", "") for key in _UNUSED),
    ),
)


def read(documents: Sequence[Document], context: ImportContext) -> FormatResult:
    """One entry for each server that a catalog can have."""
    entries: list[Entry] = []
    for document in documents:
        found = []
        for node, name in servers(document):
            with context.entry():
                entry = server_entry(_plain(node), name, context)
                report_unknown(node, SERVER, context)
                if node.get("proxy") is not None:
                    sentence = "is what LibreChat calls the server through"
                    context.say("import-ignored", node.get("proxy") or node, sentence, "list it for LibreChat")
                found += [entry] if entry else []
        entries += found
        _say_started([entry for entry in found if entry.state is not State.ELSEWHERE], document, context)
        _say_limits(document, context)
    return FormatResult(tuple(entries))


def _plain(node: Node) -> Node:
    """The server in the words of mcp.json: its placeholders as variables, its API key as the header that holds it."""
    node.keys()
    value: dict[str, Any] = dict(node.value)
    if isinstance(value.get("url"), str):
        value["url"] = _PLACEHOLDER.sub(r"${\1}", value["url"])
    header = _key_header(node)
    if header:
        listed = value.get("headers")
        value["headers"] = {**(listed if isinstance(listed, Mapping) else {}), header: ""}
    return node._replace(value=value)


def _key_header(node: Node) -> str:
    key = node.mapping("apiKey")
    if key is None:
        return ""
    return key.text("custom_header") if key.text("authorization_type") == "custom" else "Authorization"


def _say_started(entries: Sequence[Entry], document: Document, context: ImportContext) -> None:
    """Say which servers have no pods of their own yet."""
    if not entries:
        return
    names = ", ".join(entry.name for entry in entries[:_SHOWN])
    more = f" and {len(entries) - _SHOWN} more" if len(entries) > _SHOWN else ""
    sentence = f"LibreChat starts {names}{more} in its own container, where no policy of theirs holds"
    todo = "run them as pods (run.enabled: true) and give LibreChat their URLs, or fence LibreChat under workloads"
    context.say("import-guess", Node(document, document.data["mcpServers"], ("mcpServers",)), sentence, todo)


def _say_limits(document: Document, context: ImportContext) -> None:
    settings = document.data.get("mcpSettings")
    for key in ("allowedDomains", "allowedAddresses") if isinstance(settings, Mapping) else ():
        if settings.get(key):
            sentence = "limits what LibreChat calls, not what the servers reach"
            context.say("import-ignored", Node(document, settings[key], ("mcpSettings", key)), sentence, "left out")


FORMAT = Format(
    name="librechat",
    summary="LibreChat's librechat.yaml: the servers below mcpServers.",
    recognises=is_librechat,
    read=read,
    tables=(SERVER,),
)
