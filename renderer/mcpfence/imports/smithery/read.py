"""Smithery's smithery.yaml: one server, as a package, an image that is built of its repository, or a URL.

    startCommand:                                          servers:
      type: stdio                                            notes:
      commandFunction: |                                       runtime: npx
        (config) => ({command: 'npx',                          npxConfig: {package: "@example/notes@1.2.0"}
          args: ['-y', '@example/notes@1.2.0'],                env: [{key: NOTES_TOKEN, sensitive: true}]
          env: {NOTES_TOKEN: config.token}})

The file rarely names its server, so the package's name or the folder's stands for it, with a warning.  What Smithery
builds of a Dockerfile has no image yet: the server is imported without one.  Nothing says what a server may reach.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from mcpfence.imports.mcp_json.commands import runs_packages
from mcpfence.imports.mcp_json.read import server_entry
from mcpfence.imports.shared.destinations import shown
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
from mcpfence.imports.shared.hints import env_hint
from mcpfence.imports.shared.packages import first
from mcpfence.imports.shared.remote import Variable, environment, remote_config
from mcpfence.imports.shared.source import BadEntry, Document, Node
from mcpfence.imports.smithery.command_function import Commanded, read_command
from mcpfence.text.secret_detection import secret_name

_FILE = re.compile(r"(?:\A|/)\.?smithery\.ya?ml\Z")
_RUNTIMES = ("typescript", "python", "container")
_PORT = 8081
"""What Smithery sets PORT to, for a server that speaks HTTP."""
_PATH = "/mcp"
_ABOUT = (
    *("version", "description", "displayName", "homepage", "repository", "license", "categories", "tags", "author"),
    *("icon", "tools", "examples", "documentation", "auth", "keywords", "title", "id", "qualifiedName", "runtime"),
    *("target", "entry", "module", "build", "local", "server", "config", "exampleConfig", "configSchema"),
)
SERVER = Table(
    "smithery.yaml",
    (
        FieldRow("name", "servers.NAME", "absent: the package's name, else the folder's, with a warning"),
        FieldRow(
            "startCommand.type",
            "runtime, containerizedConfig.port, .path",
            "http without a URL: containerized on 8081 at /mcp, as Smithery runs it, the image left for you to write",
        ),
        *(
            FieldRow(
                f"{before}commandFunction",
                "runtime, npxConfig.package, uvxConfig.package, env",
                "read, never run: the command and the arguments that are written out, and the variables' names",
            )
            for before in ("startCommand.", "")
        ),
        *(
            FieldRow(f"{before}url", "remoteConfig.fixedURL, .urlTemplate", "without user name and query")
            for before in ("startCommand.", "")
        ),
        FieldRow("env", "env", "the variables' names; never a value"),
        *(FieldRow(f"startCommand.{key}", "", "") for key in ("configSchema", "exampleConfig", "description")),
        *(FieldRow(key, "", "") for key in _ABOUT),
    ),
)


def recognises(document: Document) -> bool:
    """A file with a startCommand of Smithery's, or one that is called as Smithery calls it."""
    data = document.data
    if not isinstance(data, Mapping) or "apiVersion" in data:
        return False
    start = data.get("startCommand")
    ours = isinstance(start, Mapping) and (start.get("type") in ("stdio", "http") or "commandFunction" in start)
    named = bool(_FILE.search(document.file.replace("\\", "/")))
    return ours or (named and (start is not None or data.get("runtime") in _RUNTIMES or "commandFunction" in data))


def read(documents: Sequence[Document], context: ImportContext) -> FormatResult:
    """One entry for each file."""
    entries = []
    for document in documents:
        node = Node(document, document.data)
        with context.entry():
            entries.append(_entry(node, context))
            report_unknown(node, SERVER, context)
    return FormatResult(tuple(entries))


def _entry(node: Node, context: ImportContext) -> Entry:
    start = node.get("startCommand")
    start = start if start is not None and isinstance(start.value, Mapping) else node._replace(value={})
    url = first(start, "url") or first(node, "url")
    if url is not None:
        server = {"runtime": "remote", "remoteConfig": remote_config(url, context)}
        return Entry(node, _name(node, "", context), server, State.ELSEWHERE)
    function = first(start, "commandFunction") or first(node, "commandFunction")
    found = read_command(function.as_text()) if function else Commanded((), ())
    if function is not None and found.several:
        raise BadEntry(function, "chooses between commands when it is run", "write the server by hand")
    names = dict.fromkeys((*found.variables, *_listed(node)), "")
    program = found.words[0] if found.words else ""
    if function is not None and (runs_packages(program) or program in ("docker", "podman")):
        value = {"command": program, "args": list(found.words[1:]), "env": names}
        entry = server_entry(function._replace(value=value), "", context)
        if entry is not None:
            return entry._replace(node=node, name=_name(node, _package(entry.server), context))
    return _built(node, start, names, context)


def _built(node: Node, start: Node, names: Mapping[str, str], context: ImportContext) -> Entry:
    """A server that Smithery builds: a container whose image somebody has yet to make."""
    speaks_http = start.text("type") == "http" or start.get("commandFunction") is None
    config: dict[str, Any] = {"port": _PORT, "path": _PATH} if speaks_http else {}
    where = start if start.value else node
    port = "" if speaks_http else ", and port where it listens"
    sentence = "is built of its repository, so its image is not known here"
    todo = f"build it and write containerizedConfig: {{image: REGISTRY/NAME:TAG}}{port}"
    context.say("import-guess", where, sentence, todo)
    if speaks_http:
        context.say("import-default", where, "says no port", f"imported {_PORT}, which Smithery sets PORT to")
    listed = (Variable(node, key, None, secret=secret_name(key)) for key in names)
    env = environment(listed, context)
    server: dict[str, Any] = {"runtime": "containerized", "containerizedConfig": config}
    server |= {"env": env} if env else {}
    return Entry(node, _name(node, "", context), server, State.UNDECLARED, (), env_hint(item["key"] for item in env))


def _listed(node: Node) -> list[str]:
    env = node.get("env")
    return [str(key) for key in env.value] if env is not None and isinstance(env.value, Mapping) else []


def _name(node: Node, package: str, context: ImportContext) -> str:
    """The server's name: its own, else its package's, else its folder's; a guess is said."""
    own = node.text("name")
    if own:
        return own
    folder = node.document.file.replace("\\", "/").rpartition("/")[0].rpartition("/")[2]
    folder = folder if re.search(r"[A-Za-z0-9]", folder) else ""
    name = package or folder or "smithery"
    source = "its package's" if package else "its folder's" if folder else "the format's"
    context.say("import-guess", node, f"names no server, so it is called {shown(name)}, {source} name", "rename it")
    return name


def _package(server: Mapping[str, Any]) -> str:
    """The package or image of a server, without scope, registry and version."""
    for key, what in (("npxConfig", "package"), ("uvxConfig", "package"), ("containerizedConfig", "image")):
        if key in server:
            text = str(server[key][what]).rpartition("/")[2]
            return re.split(r"[@:=\[]", text)[0]
    return ""


FORMAT = Format(
    name="smithery",
    summary="Smithery's smithery.yaml: one server, its package or URL.",
    recognises=recognises,
    read=read,
    tables=(SERVER,),
)
