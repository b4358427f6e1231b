"""ToolHive's catalogs: spec.yaml, the legacy registry.json, the upstream format, and the operator's resources.

    image: ghcr.io/github/github-mcp-server:v0.13.0      servers:
    permissions:                                           github:
      network:                                               runtime: containerized
        outbound:                                            containerizedConfig:
          allow_host: [.github.com]                            image: ghcr.io/github/github-mcp-server:v0.13.0
          allow_port: [443]                                    egressDomains: ["*.github.com", github.com]

What a profile means is in `shared.permissions`; the operator's resources are in `operator`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from mcpfence.imports.shared.destinations import egress_keys, merged, shown
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
from mcpfence.imports.shared.hints import env_hint, link_hint
from mcpfence.imports.shared.packages import check_port, image, read_hosted, read_remote
from mcpfence.imports.shared.packages import rows as package_rows
from mcpfence.imports.shared.permissions import Granted, read_permissions
from mcpfence.imports.shared.permissions import rows as permission_rows
from mcpfence.imports.shared.remote import Variable, environment, headers, remote_config
from mcpfence.imports.shared.source import BadEntry, Document, Node
from mcpfence.imports.toolhive.operator import TABLES as OPERATOR_TABLES
from mcpfence.imports.toolhive.operator import is_ours, read_resources

PUBLISHER = "io.modelcontextprotocol.registry/publisher-provided"
STACKLOK = "io.github.stacklok"

_PACKAGE = re.compile(r"[A-Za-z0-9@][A-Za-z0-9@._/+~=-]{0,213}\Z")

_ABOUT = (
    *("description", "title", "overview", "tier", "status", "tools", "tool_definitions", "metadata", "custom_metadata"),
    *("repository_url", "homepage", "tags", "provenance", "license", "author", "icon", "oauth_config", "proxy_port"),
    *("docker_tags", "args", "transport"),
)
_ENV = FieldRow(
    "env_vars", "env", "the variables' names, whether they are required and secret; never a value or default"
)
_REMOTE = (
    FieldRow("url", "remoteConfig.fixedURL, .urlTemplate", "without user name and query, which may be secrets"),
    FieldRow("headers", "remoteConfig.headers", "the names; never a value"),
)

SPEC = Table(
    "spec.yaml, and an entry of registry.json (servers.NAME, remote_servers.NAME, groups[])",
    (
        FieldRow("name", "servers.NAME", "as a DNS label; else the key, or the name of the folder"),
        FieldRow(
            "image", "containerizedConfig.image", "npx:// and uvx:// become npx and uvx; other schemes are refused"
        ),
        FieldRow("target_port", "containerizedConfig.port", ""),
        *permission_rows("permissions"),
        _ENV,
        *_REMOTE,
        *(FieldRow(key, "", "") for key in _ABOUT),
    ),
)
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


# --- what is ours ---


def recognises(document: Document) -> bool:
    """A spec.yaml, a registry, or resources of the operator."""
    data = document.data
    if is_ours(document):
        return True
    if not isinstance(data, Mapping) or "apiVersion" in data:
        return False
    if isinstance(data.get("data"), Mapping) and isinstance(data["data"].get("servers"), list):
        return True
    if isinstance(data.get("servers"), Mapping) or isinstance(data.get("remote_servers"), Mapping):
        return _is_registry(data)
    thing = isinstance(data.get("image"), str) or isinstance(data.get("url"), str)
    return thing and "type" not in data and any(key in data for key in ("transport", "permissions", "tier"))


def _is_registry(data: Mapping[str, Any]) -> bool:
    """Servers with images or URLs at their top; a catalog of mcpfence has a runtime there."""
    entries = [item for key in ("servers", "remote_servers") for item in _values(data.get(key))]
    if any(isinstance(item, Mapping) and "runtime" in item for item in entries):
        return False
    return any(isinstance(item, Mapping) and ("image" in item or "url" in item) for item in entries)


def _values(value: Any) -> list[Any]:
    return list(value.values()) if isinstance(value, Mapping) else []


def accepts(document: Document) -> bool:
    """A server.json: its permissions are a catalog's if the user says so, and only a publisher's claim otherwise."""
    data = document.data
    return isinstance(data, Mapping) and (isinstance(data.get("packages"), list) or "remotes" in data)


# --- reading ---


class _Item(NamedTuple):
    node: Node
    key: str


def read(documents: Sequence[Document], context: ImportContext) -> FormatResult:
    """One entry for each server, of whichever shape, and the settings that the operator's resources ask for."""
    entries: list[Entry] = []
    resources: list[Document] = []
    for document in documents:
        root = Node(document, document.data)
        if is_ours(document) or reads_along(document):
            resources.append(document)
        elif (data := root.get("data")) is not None or accepts(document):
            for item in data.items("servers") if data else [root]:
                with context.entry():
                    entries.append(_upstream(item, context))
                    report_unknown(item, UPSTREAM, context)
        else:
            for node, key in _items(root, context):
                with context.entry():
                    entries.append(_spec(node, key, context))
                    report_unknown(node, SPEC, context)
    found = read_resources(resources, context)
    return FormatResult((*entries, *found.entries), found.settings)


def _items(root: Node, context: ImportContext) -> Iterator[_Item]:
    """Every entry of a registry, its groups included, or the one entry of a spec.yaml."""
    if not any(isinstance(root.value.get(key), (Mapping, list)) for key in ("servers", "remote_servers", "groups")):
        parts = root.document.file.replace("\\", "/").split("/")
        yield _Item(root, parts[-2] if parts[-1] in ("spec.yaml", "spec.yml") and len(parts) > 1 else "")
        return
    groups: list[Node] = []
    with context.entry():
        groups = root.items("groups")
    for holder in (root, *groups):
        for kind in ("servers", "remote_servers"):
            with context.entry():
                below = holder.mapping(kind)
                for key in below.keys() if below else ():
                    yield _Item(Node(root.document, holder.value[kind][key], (*holder.path, kind, key)), key)


def _spec(node: Node, key: str, context: ImportContext) -> Entry:
    node.keys()
    name = (node.text("name") or key).strip()
    if not name:
        raise BadEntry(node, "has no name", "give it a name")
    env = environment(_variables(node), context)
    more: dict[str, Any] = {"env": env} if env else {}
    if node.get("image") is None:
        url = node.get("url")
        if url is None:
            raise BadEntry(node, "has neither an image nor a url", "add what the server runs, or where")
        named = headers(((item, item.text("name")) for item in node.items("headers")), context)
        config = remote_config(url, context) | ({"headers": named} if named else {})
        return Entry(node, name, {"runtime": "remote", "remoteConfig": config, **more}, State.ELSEWHERE)
    server, config_key = _hosted(node, context)
    granted = read_permissions(node.mapping("permissions"), config_key, context)
    links = [node.text(link) for link in ("repository_url", "homepage") if isinstance(node.value.get(link), str)]
    hints = (*env_hint(item["key"] for item in env), *(hint for link in links for hint in link_hint(link)))
    return _entry(node, name, server | more, granted, hints)


def _entry(node: Node, name: str, server: Mapping[str, Any], granted: Granted, hints: tuple[str, ...]) -> Entry:
    hints = hints if granted.state is State.UNDECLARED else ()
    return Entry(node, name, merged(server, granted.keys), granted.state, granted.told, hints)


def _hosted(node: Node, context: ImportContext) -> tuple[dict[str, Any], str]:
    """The server without egress, and the key of its settings."""
    reference, where = node.text("image").strip(), node.get("image") or node
    scheme, found, package = reference.partition("://")
    if found and scheme in ("npx", "uvx"):
        if not _PACKAGE.match(package):
            raise BadEntry(where, f"{shown(reference)} is no name of a package", "mend the source")
        return {"runtime": scheme, f"{scheme}Config": {"package": package}}, f"{scheme}Config"
    if found:
        raise BadEntry(where, f"{shown(reference)} is built from source at each start", "build an image of it")
    config: dict[str, Any] = {"image": image(reference, "", where, context)}
    if port := node.port("target_port"):
        config["port"] = port
    else:
        check_port(node.text("transport"), node.get("transport") or node, context)
    return {"runtime": "containerized", "containerizedConfig": config}, "containerizedConfig"


def _variables(node: Node) -> Iterator[Variable]:
    for item in node.items("env_vars"):
        yield Variable(item, item.text("name"), item.flag("required"), bool(item.flag("secret")))


def _upstream(node: Node, context: ImportContext) -> Entry:
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
    return _entry(node, name, hosted.server, granted, hints)._replace(ids=ids)


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


def reads_along(document: Document) -> bool:
    """ConfigMaps, which hold profiles of the operator."""
    data = document.data
    if not isinstance(data, Mapping):
        return False
    items = data.get("items") if isinstance(data.get("items"), list) else [data]
    return any(isinstance(item, Mapping) and item.get("kind") == "ConfigMap" for item in items or ())


FORMAT = Format(
    name="toolhive",
    summary="ToolHive's registries (spec.yaml, registry.json, upstream format) and its operator's resources.",
    recognises=recognises,
    read=read,
    tables=(SPEC, UPSTREAM, *OPERATOR_TABLES),
    accepts=accepts,
    reads_along=reads_along,
)
