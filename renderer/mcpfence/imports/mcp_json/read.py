"""The mcp.json family: .mcp.json, .cursor/mcp.json, .vscode/mcp.json, claude_desktop_config.json and their like.

    mcpServers:                                    servers:
      time:                                          time:
        command: uvx                                   runtime: uvx
        args: [mcp-server-time==2026.1.1]              uvxConfig: {package: mcp-server-time==2026.1.1}
        env: {TZ: Europe/Berlin}                       env: [{key: TZ}]
      wiki: {url: "https://mcp.example.com/mcp"}     wiki: {runtime: remote, ...}

None of them says what a server may reach, so all are undeclared; what a sandbox of VS Code allows is a hint.
Arguments and values are never copied: they often are secrets.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from mcpfence.imports.mcp_json.commands import Started, started
from mcpfence.imports.mcp_json.files import URLS, held, is_librechat, servers
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
from mcpfence.imports.shared.packages import CONFIGS, image, package
from mcpfence.imports.shared.remote import Variable, environment, headers, remote_config
from mcpfence.imports.shared.source import BadEntry, Document, Node
from mcpfence.text.secret_detection import secret_name

_ENV = ("env", "environment")
_REFERENCE = re.compile(r"\$\{(?:input|env|secret):([A-Za-z_][A-Za-z0-9_.-]*)\}|\$\{([A-Za-z_][A-Za-z0-9_]*):-[^}]*\}")
_INPUT = re.compile(r"\$\{input:([^}]*)\}")

_UNUSED = (
    *("type", "transport", "transportType", "cwd", "timeout", "startupTimeout", "startup_timeout_ms", "initTimeout"),
    *(
        "description",
        "name",
        "title",
        "icon",
        "iconPath",
        "note",
        "_comment",
        "comment",
        "$schema",
        "gallery",
        "version",
    ),
    *("dev", "tools", "toolsets", "autoApprove", "autoApproveTools", "alwaysAllow", "disabledTools", "includeTools"),
    *("excludeTools", "trust", "oauth", "auth", "authProviderType", "metadata", "sandboxEnabled", "sandbox"),
    *("chatMenu", "serverInstructions", "customUserVars", "requiresOAuth", "startup", "provider", "isActive", "source"),
    *("envFile", "env_file", "disabled_reason", "allowedTools", "enabledTools", "headersHelper", "settings", "baseUrl"),
)
SERVER = Table(
    "a server (mcpServers.NAME, or servers.NAME in .vscode/mcp.json)",
    (
        FieldRow("command", "runtime", "npx and its like: npx; uvx, uv tool run: uvx; docker run: containerized"),
        FieldRow(
            "args",
            "npxConfig.package, uvxConfig.package, containerizedConfig",
            "the package or the image, the port that docker run publishes; --network none: denyAllEgress; no more; "
            "npx mcp-remote URL: the remote server",
        ),
        *(FieldRow(key, "env", "the variables' names; never a value") for key in _ENV),
        *(FieldRow(key, "remoteConfig.fixedURL, .urlTemplate", "without user name and query") for key in URLS),
        FieldRow("headers", "remoteConfig.headers", "the names; never a value"),
        FieldRow("disabled", "", "true: left out, with a note"),
        FieldRow("enabled", "", "false: left out, with a note"),
        *(FieldRow(key, "", "") for key in _UNUSED),
    ),
)


# --- reading ---


def recognises(document: Document) -> bool:
    """A file with servers by name, each with a command or a URL, that no other format reads."""
    return held(document) is not None and not is_librechat(document)


def read(documents: Sequence[Document], context: ImportContext) -> FormatResult:
    """One entry for each server that a catalog can have, equal ones of several files once."""
    entries: list[Entry] = []
    known: dict[tuple[str, str], Entry] = {}
    for document in documents:
        for node, name in servers(document):
            with context.entry():
                entry = server_entry(node, name, context)
                report_unknown(node, SERVER, context)
                if entry is None:
                    continue
                same = known.setdefault((name, str(entry.server)), entry)
                if same is entry:
                    entries.append(entry)
                else:
                    sentence = f"is the same as {same.node.place}"
                    context.say("import-ignored", node, sentence, "imported once")
    return FormatResult(tuple(entries))


def server_entry(node: Node, name: str, context: ImportContext) -> Entry | None:
    """What the catalog has for one server; None where its source disables it.  Raises BadEntry."""
    node.keys()
    if node.value.get("disabled") is True or node.value.get("enabled") is False:
        context.say("import-ignored", node, "is disabled there", "left out")
        return None
    variables = next((found for key in _ENV if (found := node.mapping(key)) is not None), None)
    env = environment(_variables(variables, node.document), context)
    url = next((found for key in URLS if (found := node.get(key)) is not None), None)
    if url is not None and node.get("command") is None:
        return Entry(node, name, _remote(url, node, env, context), State.ELSEWHERE)
    words = _words(node)
    starts = started(words, variables.value if variables else {}, node)
    where = node.get("args") or node.get("command") or node
    if starts.runtime == "remote":
        told = (f"{starts.word} is a bridge to it",)
        return Entry(node, name, _remote(where._replace(value=starts.what), node, env, context), State.ELSEWHERE, told)
    return _hosted(node, name, (starts, where, env), context)


def _words(node: Node) -> list[str]:
    """The command and its arguments, as one list."""
    command = node.get("command")
    if command is None:
        raise BadEntry(node, "has neither a command nor a url", "add what the server runs, or where")
    if isinstance(command.value, Mapping):  # {path, args}
        inner = [command.text("path"), *(item.as_text() for item in command.items("args"))]
        return [*inner, *(item.as_text() for item in node.items("args"))]
    first = [item.as_text() for item in command.entries()] if isinstance(command.value, list) else [command.as_text()]
    if len(first) == 1 and " " in first[0].strip() and not node.items("args") and "/" not in first[0].split()[0]:
        first = first[0].split()
    return [*first, *(item.as_text() for item in node.items("args"))]


def _hosted(node: Node, name: str, made: tuple[Started, Node, list[dict[str, Any]]], context: ImportContext) -> Entry:
    found, where, env = made
    key = CONFIGS[found.runtime]
    config: dict[str, Any] = {}
    state, told = State.UNDECLARED, tuple[str, ...]()
    if found.container is not None:
        run = found.container
        config["image"] = image(run.image, "", where, context)
        config |= {"port": run.port} if run.port else {}
        if run.network == "none":
            config["denyAllEgress"] = True
            state, told = State.NOTHING, ("docker run --network none, so it reaches nothing at all",)
        elif run.network == "host":
            sentence = "runs on its machine's network, where no policy would hold"
            context.say("import-narrowed", where, sentence, "run it in the pod's own network")
        if run.hosts:
            context.say("import-ignored", where, "adds names for addresses", "where a name leads is up to the cluster")
        listed = [Variable(where, item, None, secret=secret_name(item)) for item in run.variables]
        env = _joined(env, environment(listed, context))
    else:
        config["package"] = package(found.runtime, found.what, where, context)
        config |= {"command": found.command} if found.command and found.runtime == "uvx" else {}
        if found.word != found.runtime and found.word != "uv tool run":
            sentence = f"is started with {found.word}"
            context.say("import-guess", where, sentence, f"imported as {found.runtime}; see that it runs so")
    server = {"runtime": found.runtime, key: config} | ({"env": env} if env else {})
    hints = (*env_hint(item["key"] for item in env), *_sandbox(node))
    return Entry(node, name, server, state, told, hints if state is State.UNDECLARED else ())


def _joined(one: list[dict[str, Any]], other: list[dict[str, Any]]) -> list[dict[str, Any]]:
    found = {item["key"]: item for item in other}
    for item in one:
        found[item["key"]] = found.get(item["key"], {}) | item
    return list(found.values())


def _remote(url: Node, node: Node, env: list[dict[str, Any]], context: ImportContext) -> dict[str, Any]:
    plain = _REFERENCE.sub(lambda match: f"${{{match[1] or match[2]}}}", url.as_text())
    config = remote_config(url._replace(value=plain), context)
    listed = node.mapping("headers")
    named = headers(
        ((Node(node.document, key, (*node.path, "headers", key)), key) for key in (listed.keys() if listed else ())),
        context,
    )
    server: dict[str, Any] = {"runtime": "remote", "remoteConfig": config | ({"headers": named} if named else {})}
    return server | ({"env": env} if env else {})


def _variables(found: Node | None, document: Document) -> Iterator[Variable]:
    """The variables by name; secret is what is named so, and what an input that hides its text fills in."""
    data = document.data
    inputs = data.get("inputs") if isinstance(data, Mapping) else None
    hidden = {
        str(item.get("id"))
        for item in (inputs if isinstance(inputs, list) else ())
        if isinstance(item, Mapping) and item.get("password") is True
    }
    for key in found.keys() if found else ():
        value = found.value[key] if found else None
        filled = isinstance(value, str) and any(name in hidden for name in _INPUT.findall(value))
        node = Node(document, key, (*found.path, key) if found else ())
        yield Variable(node, key, None, secret=filled or secret_name(key))


def _sandbox(node: Node) -> tuple[str, ...]:
    """The hosts that VS Code's sandbox allows; they hold for what a developer runs, so they are a hint."""
    data = node.document.data
    holders = (node.value, data if isinstance(data, Mapping) else {})
    for holder in holders if node.value.get("sandboxEnabled") is True else ():
        network: Any = holder.get("sandbox")
        network = network.get("network") if isinstance(network, Mapping) else None
        names = network.get("allowedDomains") if isinstance(network, Mapping) else None
        listed = [shown(name)[1:-1] for name in names if isinstance(name, str)] if isinstance(names, list) else []
        if listed:
            return (f"its sandbox allows {', '.join(listed[:6])}{' ...' if len(listed) > 6 else ''}",)
    return ()


FORMAT = Format(
    name="mcp-json",
    summary="Editors' and assistants' mcp.json: .mcp.json, .cursor and .vscode/mcp.json, claude_desktop_config.json.",
    recognises=recognises,
    accepts=lambda document: held(document) is not None,
    read=read,
    tables=(SERVER,),
)
