"""Docker's MCP registry (servers/NAME/server.yaml) and the catalogs that Docker publishes from it.

    name: github-official                     servers:
    type: server                                github-official:
    image: ghcr.io/github/github-mcp-server       runtime: containerized
    run:                                          containerizedConfig:
      allowHosts: [api.github.com:443]              image: ghcr.io/github/github-mcp-server
                                                    egressDomains: [api.github.com]

Docker's gateway (docker/mcp-gateway: pkg/catalog/types.go, pkg/gateway/proxies) reads allowHosts as
host:port[/protocol], port mandatory, and enforces it only with --block-network; an absent or empty list is
unrestricted even then.  disableNetwork always holds.  A published catalog has the keys of `run` at an entry's top.
Newer catalogs and profiles (pkg/catalog_next, pkg/workingset) list references, each with a snapshot of its entry or
without one: {type: image, image}, {type: remote, endpoint}, {type: registry, source}.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from mcpfence.imports.docker.references import REFERENCE, image_of, is_reference, read_reference
from mcpfence.imports.shared.destinations import (
    Destination,
    egress_keys,
    merged,
    read_destination,
    refuse_destination,
    shown,
)
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
from mcpfence.imports.shared.packages import check_image
from mcpfence.imports.shared.remote import Variable, environment, headers, remote_config
from mcpfence.imports.shared.source import BadEntry, Document, Node

_KINDS = ("server", "remote", "poci")
_ALLOWED = re.compile(r"(?P<host>\[[^\]]*\]|[^\[\]/:]*):(?P<port>[0-9]{1,5})(?:/(?P<protocol>[A-Za-z]+))?\Z")
_PROTOCOLS = (None, "http", "https", "tcp")

# --- the mapping, field by field ---

_COMMON = (
    FieldRow("type", "runtime", "server and poci: containerized; remote: remote"),
    FieldRow("image", "containerizedConfig.image", "as written; a note where it has no tag or digest"),
    FieldRow("tools", "containerizedConfig.image", "poci: the image of its containers, if all have one"),
    FieldRow("remote.url", "remoteConfig.fixedURL, .urlTemplate", "without user name and query, which may be secrets"),
    FieldRow("remote.headers", "remoteConfig.headers", "the names; never a value"),
    FieldRow("remote.transport_type", "", ""),
)
_NETWORK = (
    FieldRow(
        "allowHosts",
        "egressDomains, egress.domains, egress.cidrs",
        "each host:port by itself, addresses as cidrs; *:PORT grants nothing, with a warning; an empty list: nothing; "
        "absent: undeclared",
    ),
    FieldRow("disableNetwork", "denyAllEgress", "true: nothing at all, and an allowHosts beside it is not imported"),
)
_SECRETS = FieldRow("secrets", "env", "the variables' names, marked sensitive; never a value or an example")
_ENV = FieldRow("env", "env", "the variables' names; never a value or an example")
_OAUTH = FieldRow("oauth", "env", "the variables' names, marked sensitive")
_RUN = ("command", "volumes", "user", "ports")
_UNUSED = ("meta", "about", "source", "dynamic", "longLived", "config", "requirements")
_LISTED = (
    *("title", "description", "icon", "readme", "readmeUrl", "toolsUrl", "promptsUrl", "resourcesUrl", "upstream"),
    *("dateAdded", "ref", "prompts", "resources", "metadata", "prefix", "policy", "tags", "category"),
)

REGISTRY = Table(
    "server.yaml of the registry",
    (
        FieldRow("name", "servers.NAME", "as a DNS label"),
        *_COMMON,
        *(FieldRow(f"run.{row.field}", row.target, row.meaning) for row in _NETWORK),
        FieldRow("config.secrets", _SECRETS.target, _SECRETS.meaning),
        FieldRow("config.env", _ENV.target, _ENV.meaning),
        _OAUTH,
        *(FieldRow(f"run.{key}", "", "") for key in (*_RUN, "env")),
        *(FieldRow(f"config.{key}", "", "") for key in ("description", "parameters")),
        *(FieldRow(key, "", "") for key in _UNUSED if key != "config"),
    ),
)
CATALOG = Table(
    "entry of a published catalog (registry.NAME, or servers[].snapshot.server)",
    (
        FieldRow("name", "servers.NAME", "as a DNS label; the key below registry where it is absent"),
        *_COMMON,
        FieldRow("sseEndpoint", "remoteConfig.fixedURL", "where there is no remote.url"),
        *_NETWORK,
        FieldRow(
            "extraHosts", "", "entries of /etc/hosts: a note, since where a name leads is up to the cluster's DNS"
        ),
        _SECRETS,
        _ENV,
        _OAUTH,
        *(FieldRow(key, "", "") for key in (*_RUN, *_UNUSED, *_LISTED)),
    ),
)


# --- reading ---


def recognises(document: Document) -> bool:
    """A server.yaml, a published catalog, or one entry of such a catalog."""
    data = document.data
    if not isinstance(data, Mapping):
        return False
    if isinstance(data.get("registry"), Mapping):
        return True
    if isinstance(data.get("servers"), list):
        return any(isinstance(item, Mapping) and _is_listed(item) for item in data["servers"])
    return data.get("type") in _KINDS and isinstance(data.get("name"), (str, int))


def _is_listed(item: Mapping[str, Any]) -> bool:
    return (
        isinstance(item.get("snapshot"), Mapping)
        or is_reference(item)
        or (item.get("type") in _KINDS and "image" in item)
    )


def read(documents: Sequence[Document], context: ImportContext) -> FormatResult:
    """One entry for each server that can be said in a catalog."""
    entries = []
    for document in documents:
        for node, name, table in _nodes(Node(document, document.data)):
            with context.entry():
                entry = read_reference(node, context) if table is REFERENCE else _entry(node, name, table, context)
                entries.append(entry)
                report_unknown(node, table, context)
    return FormatResult(tuple(entries))


def _nodes(root: Node) -> Iterator[tuple[Node, str, Table]]:
    """Every entry of a document, with the name that its place gives it, and the shape that it has."""
    registry, servers = root.get("registry"), root.get("servers")
    if registry is not None and isinstance(registry.value, Mapping):
        for key, value in registry.value.items():
            yield Node(root.document, value, ("registry", key)), str(key), CATALOG
    elif servers is not None and isinstance(servers.value, list):
        for item in servers.entries():
            snapshot = item.get("snapshot")
            server = snapshot.get("server") if snapshot else None
            bare = server is None and isinstance(item.value, Mapping) and is_reference(item.value)
            yield server or item, "", REFERENCE if bare else CATALOG
    else:
        nested = any(isinstance(root.value.get(key), Mapping) for key in ("run", "about", "meta", "source", "config"))
        flat = any(key in root.value for key in ("title", "allowHosts", "disableNetwork", "secrets", "env"))
        yield root, "", CATALOG if flat and not nested else REGISTRY


def _entry(node: Node, key: str, table: Table, context: ImportContext) -> Entry:
    node.keys()
    name = key or node.text("name")
    if not name.strip():
        raise BadEntry(node, "has no name", "give it a name")
    kind = node.text("type") or ("remote" if node.get("remote") or node.get("sseEndpoint") else "server")
    if kind not in _KINDS:
        raise BadEntry(node.get("type") or node, f"{shown(kind)} is no type of server", f"write {', '.join(_KINDS)}")
    env = environment(_variables(node, table), context)
    if kind == "remote":
        return _remote(node, name, env, context)
    image, decided = _poci_image(node, context) if kind == "poci" else (image_of(node, context), ())
    server: dict[str, Any] = {"runtime": "containerized", "containerizedConfig": {"image": image} if image else {}}
    run = (node.mapping("run") if table is REGISTRY else node) or Node(node.document, {}, node.path)
    if (extra := run.get("extraHosts")) is not None:
        sentence = "gives host names addresses of its own"
        context.say("import-ignored", extra, sentence, "left out: where a name leads is up to the cluster's DNS")
    state, keys, told = _egress(run, context)
    server = merged(server, keys) | ({"env": env} if env else {})
    hints = _hints(node, env) if state is State.UNDECLARED else ()
    return Entry(node, name, server, state, (*decided, *told), hints)


def _remote(node: Node, name: str, env: list[dict[str, Any]], context: ImportContext) -> Entry:
    remote = node.mapping("remote")
    url = (remote.get("url") if remote else None) or node.get("sseEndpoint")
    if url is None:
        raise BadEntry(node, "is remote and has no remote.url", "add it, or import the entry without it by hand")
    config = remote_config(url, context)
    given = remote.mapping("headers") if remote else None
    if given is not None:
        config["headers"] = headers(((given.get(key) or given, key) for key in given.keys()), context)  # noqa: SIM118
    server: dict[str, Any] = {"runtime": "remote", "remoteConfig": config}
    return Entry(node, name, server | ({"env": env} if env else {}), State.ELSEWHERE)


def _poci_image(node: Node, context: ImportContext) -> tuple[str, tuple[str, ...]]:
    """A poci entry runs a container per call; they are fenced together, as the pods labelled with the server's name."""
    images = []
    for tool in node.items("tools"):
        container = tool.mapping("container")
        image = container.text("image").strip() if container else ""
        if image and container:
            check_image(image, container.get("image") or container)
            images.append(image)
    distinct = sorted(set(images))
    if not distinct:
        raise BadEntry(node, "has no tool that runs in a container", "it is no server that could be fenced")
    sentence = f"starts a container for each call ({', '.join(distinct[:6])})"
    context.say("import-guess", node, sentence, "imported as one server; label the pods that run its calls app: NAME")
    told = (f"a container for each call: {', '.join(distinct[:6])}",)
    return (distinct[0] if len(distinct) == 1 else ""), told


def _variables(node: Node, table: Table) -> Iterator[Variable]:
    holder = (node.mapping("config") if table is REGISTRY else node) or Node(node.document, {}, node.path)
    for item in holder.items("secrets"):
        yield Variable(item, item.text("env"), item.flag("required"), secret=True)
    for item in holder.items("env"):
        yield Variable(item, item.text("name"), None, secret=False)
    oauth = node.get("oauth")
    if oauth is None:
        return
    for item in oauth.items("providers") if isinstance(oauth.value, Mapping) else oauth.entries():
        if item.get("env"):
            yield Variable(item, item.text("env"), None, secret=True)


# --- egress ---


def _egress(run: Node, context: ImportContext) -> tuple[State, dict[str, Any], tuple[str, ...]]:
    """What the entry says of its network, the catalog's keys for it, and words for the comment."""
    listed = run.get("allowHosts")
    items = run.items("allowHosts")
    if run.flag("disableNetwork"):
        if items and listed:
            sentence = "stands beside disableNetwork: true, which closes the network whatever is listed"
            context.say("import-narrowed", listed, sentence, "imported as denyAllEgress: true")
        told = ("disableNetwork: true, so it reaches nothing at all",)
        return State.NOTHING, {"containerizedConfig": {"denyAllEgress": True}}, told
    if listed is None:
        return State.UNDECLARED, {}, ()
    if not items:
        sentence = "is an empty list, which Docker reads as every host"
        context.say("import-narrowed", listed, sentence, "imported as no host at all; list what it needs")
        return State.LISTED, egress_keys((), "containerizedConfig"), ("allowHosts is empty: imported as no host",)
    found = [destination for item in items if (destination := _destination(item, context))]
    left_out = len(items) - len(found)
    said = f"allowHosts: {len(items)} listed" + (f", {left_out} of them not imported" if left_out else "")
    return State.LISTED, egress_keys(found, "containerizedConfig"), (said,)


def _destination(item: Node, context: ImportContext) -> Destination | None:
    text = item.as_text().strip()
    match = _ALLOWED.match(text)
    if match is None or not match["host"]:
        refuse_destination(item, f"{shown(text)} is no host:port", context)
        return None
    port = int(match["port"])
    protocol = match["protocol"].lower() if match["protocol"] else None
    if not 1 <= port <= 65535 or protocol not in _PROTOCOLS:
        refuse_destination(item, f"{shown(text)} has no TCP port from 1 to 65535", context)
        return None
    if match["host"] == "*":
        sentence = f"{shown(text)} allows every host on port {port}, which a catalog cannot say"
        todo = "imported as no host; list the hosts, or write egress.default: internet for every public address"
        context.say("import-narrowed", item, sentence, todo)
        return None
    found = read_destination(match["host"], (port,), item, context)
    if found and found.host.startswith("*."):
        sentence = f"{shown(text)} has a wildcard, and what Docker's proxy makes of one is not documented"
        context.say(
            "import-guess", item, sentence, "imported as one or more labels below it; list the hosts if you can"
        )
    return found


def _hints(node: Node, env: Sequence[Mapping[str, Any]]) -> tuple[str, ...]:
    source = node.get("source")
    project = source.get("project") if source else None
    link = project.value if project and isinstance(project.value, str) else ""
    return (*env_hint(item["key"] for item in env), *link_hint(link))


FORMAT = Format(
    name="docker",
    summary="Docker's MCP registry (folders of server.yaml) and published catalogs (registry: ...).",
    recognises=recognises,
    read=read,
    tables=(REGISTRY, CATALOG, REFERENCE),
)
