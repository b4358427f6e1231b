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
from typing import Any

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
from mcpfence.imports.shared.hints import env_hint, link_hint
from mcpfence.imports.shared.packages import check_port, image
from mcpfence.imports.shared.permissions import read_permissions
from mcpfence.imports.shared.permissions import rows as permission_rows
from mcpfence.imports.shared.remote import Variable, environment, headers, remote_config
from mcpfence.imports.shared.source import BadEntry, Document, Node
from mcpfence.imports.toolhive.operator import TABLES as OPERATOR_TABLES
from mcpfence.imports.toolhive.operator import is_ours, read_resources
from mcpfence.imports.toolhive.run_config import RUN_CONFIG, is_run_config, run_config
from mcpfence.imports.toolhive.upstream import UPSTREAM, upstream, with_profile
from mcpfence.structs import Struct

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
# --- what is ours ---


def recognises(document: Document) -> bool:
    """A spec.yaml, a registry, or resources of the operator."""
    data = document.data
    if is_ours(document) or is_run_config(document):
        return True
    if isinstance(data, list):
        return any(isinstance(item, Mapping) and _is_spec(item) for item in data[:50])
    if not isinstance(data, Mapping) or "apiVersion" in data:
        return False
    if isinstance(data.get("data"), Mapping) and isinstance(data["data"].get("servers"), list):
        return True
    if isinstance(data.get("servers"), Mapping) or isinstance(data.get("remote_servers"), Mapping):
        return _is_registry(data)
    return _is_spec(data)


def _is_spec(data: Mapping[str, Any]) -> bool:
    """An entry of a registry, with an image or a URL."""
    if "apiVersion" in data or "runtime" in data:
        return False
    thing = isinstance(data.get("image"), str) or isinstance(data.get("url"), str)
    return thing and "type" not in data and any(key in data for key in ("transport", "permissions", "tier"))


def _is_registry(data: Mapping[str, Any]) -> bool:
    """Servers with images, remote ones with URLs; a catalog of mcpfence has a runtime there, an mcp.json a command."""
    servers, remotes = _values(data.get("servers")), _values(data.get("remote_servers"))
    if any(isinstance(item, Mapping) and ("runtime" in item or "command" in item) for item in (*servers, *remotes)):
        return False
    images = any(isinstance(item, Mapping) and "image" in item for item in servers)
    return images or any(isinstance(item, Mapping) and "url" in item for item in remotes)


def _values(value: Any) -> list[Any]:
    return list(value.values()) if isinstance(value, Mapping) else []


def accepts(document: Document) -> bool:
    """A server.json: its permissions are a catalog's if the user says so, and only a publisher's claim otherwise."""
    data = document.data
    return isinstance(data, Mapping) and (isinstance(data.get("packages"), list) or "remotes" in data)


# --- reading ---


class _Item(Struct):
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
        elif is_run_config(document):
            with context.entry():
                entries.append(run_config(root, context))
        elif (data := root.get("data") if isinstance(root.value, Mapping) else None) is not None or accepts(document):
            for item in data.items("servers") if data else [root]:
                with context.entry():
                    entries.append(upstream(item, context))
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
    if isinstance(root.value, list):  # thv registry list --format json
        yield from (_Item(node, "") for node in root.entries())
        return
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
    name = _short((node.text("name") or key).strip())
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
    return with_profile(node, name, server | more, granted, hints)


def _short(name: str) -> str:
    """io.github.example/notes is notes, as it is in the upstream format."""
    space, _, short = name.rpartition("/")
    return short.strip() if "." in space else name


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


def reads_along(document: Document) -> bool:
    """ConfigMaps, which hold profiles of the operator."""
    data = document.data
    if not isinstance(data, Mapping):
        return False
    items = data.get("items") if isinstance(data.get("items"), list) else [data]
    return any(isinstance(item, Mapping) and item.get("kind") == "ConfigMap" for item in items or ())


def no_server(document: Document) -> str:
    """Skills and plugins of ToolHive's catalog: packages of text for a model, without a transport."""
    data = document.data
    if not isinstance(data, Mapping) or not all(isinstance(data.get(key), str) for key in ("namespace", "name")):
        return ""
    packages = data.get("packages", [])
    if (
        any(key in data for key in ("apiVersion", "kind", "remotes", "runtime", "image", "url"))
        or "version" not in data
    ):
        return ""
    if not isinstance(packages, list) or any(isinstance(one, Mapping) and "transport" in one for one in packages):
        return ""
    return "is a skill or a plugin, text for a model, and no server"


FORMAT = Format(
    name="toolhive",
    summary="ToolHive's registries (spec.yaml, registry.json, upstream), its RunConfig and its operator's resources.",
    recognises=recognises,
    read=read,
    tables=(SPEC, UPSTREAM, RUN_CONFIG, *OPERATOR_TABLES),
    no_server=no_server,
    accepts=accepts,
    reads_along=reads_along,
)
