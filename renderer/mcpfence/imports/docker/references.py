"""References of Docker's newer catalogs and profiles, where no snapshot says what they point to.

    - {type: image, image: mcp/notes:1}                                   named after the repository
    - {type: remote, endpoint: "https://mcp.example.com/mcp"}             named after the host
    - {type: registry, source: "https://HOST/v0/servers/io.github.example%2Fnotes"}    named after the server

Docker's gateway asks the registry what such a server is; nothing is fetched here, so it stays without destinations.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote, urlsplit

from mcpfence.imports.shared.destinations import shown
from mcpfence.imports.shared.format import Entry, FieldRow, ImportContext, State, Table
from mcpfence.imports.shared.packages import check_image
from mcpfence.imports.shared.remote import remote_config
from mcpfence.imports.shared.source import BadEntry, Node

_REFERENCES = {"registry": "source", "image": "image", "remote": "endpoint"}
"""What a reference has, by its type."""
_TAG = re.compile(r":[^/]*\Z")
_SERVER = re.compile(r"/servers/(.+?)(?:/versions(?:/.*)?)?/?(?:[?#].*)?\Z")
_IMPORT = (
    "nothing else is known of it: import its server.json as well (mcpfence import server-json), or write it by hand"
)

REFERENCE = Table(
    "reference of a newer catalog or profile (servers[]) without a snapshot",
    (
        FieldRow("type", "runtime", "registry and image: containerized; remote: remote"),
        FieldRow(
            "source", "servers.NAME", "registry: the name of the server in its registry; undeclared, without image"
        ),
        FieldRow("image", "servers.NAME, containerizedConfig.image", "image: named as its repository; undeclared"),
        FieldRow("endpoint", "servers.NAME, remoteConfig.fixedURL", "remote: named as its host"),
        *(FieldRow(key, "", "") for key in ("tools", "config", "secrets", "policy", "snapshot")),
    ),
)


def is_reference(item: Mapping[str, Any]) -> bool:
    """Whether an item of `servers` points to a server, and has no name of its own."""
    key = _REFERENCES.get(str(item.get("type")))
    return "name" not in item and key is not None and isinstance(item.get(key), str)


def read_reference(node: Node, context: ImportContext) -> Entry:
    """A server that is only pointed at; it is named after what it points to."""
    kind = node.text("type")
    where = node.get(_REFERENCES[kind])
    text = where.as_text().strip() if where else ""
    if where is None or not text:
        raise BadEntry(node, f"is of type {kind} and has no {_REFERENCES[kind]}", "add it")
    if kind == "remote":
        server = {"runtime": "remote", "remoteConfig": remote_config(where, context)}
        return Entry(node, _named(where, urlsplit(text).hostname or "", context), server, State.ELSEWHERE)
    image, name = "", _TAG.sub("", text.partition("@")[0]).rpartition("/")[2]
    if kind == "image":
        image = image_of(node, context)
    else:
        inside = _SERVER.search(text)
        name = unquote(inside[1]).rpartition("/")[2] if inside else ""
    server = {"runtime": "containerized", "containerizedConfig": {"image": image} if image else {}}
    named = _named(where, name, context)
    told = () if image else ("a reference to another registry, which says what runs",)
    return Entry(node, named, server, State.UNDECLARED, told)


def _named(where: Node, name: str, context: ImportContext) -> str:
    """The name that a reference gets; said, for the pods have to be labelled with it."""
    if not name.strip(".-_"):
        raise BadEntry(where, f"{shown(where.as_text())} names no server", "import the server's own entry instead")
    if where.path[-1] == "source":
        sentence, todo = f"{shown(name)} is a reference to another registry", _IMPORT
    else:
        sentence, todo = f"a reference without a name, called {shown(name)}", "rename it if you like"
    context.say("import-guess", where, sentence, todo)
    return name


def image_of(node: Node, context: ImportContext) -> str:
    """The image of an entry; raises BadEntry where it has none, or none that can be one."""
    image = node.text("image").strip()
    if not image:
        raise BadEntry(node, "has no image", "add the image that the server runs")
    where = node.get("image") or node
    check_image(image, where)
    if "@" not in image and ":" not in image.rpartition("/")[2]:
        sentence = f"{shown(image)} has no tag, so what runs may change at any time"
        context.say("import-unpinned", where, sentence, "pin a version or a digest")
    return image
