"""Which files hold servers by name, and where in them: those of editors and assistants, and LibreChat's."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from mcpfence.imports.shared.source import Document, Node
from mcpfence.structs import Struct

URLS = ("url", "serverUrl", "httpUrl")
_HOLDERS = (("mcpServers",), ("servers",), ("mcp", "servers"), ("context_servers",), ("mcp",))
_FILE = re.compile(r"(?:\A|/)\.?mcp\.json\Z")
_LIBRECHAT = re.compile(r"(?:\A|/)librechat[^/]*\.ya?ml\Z")
_LIBRECHAT_KEYS = frozenset(
    {"mcpSettings", "endpoints", "interface", "registration", "fileConfig", "fileStrategy", "modelSpecs", "cache"}
)


class Held(Struct):
    """The mapping that holds the servers, and the steps to it."""

    path: tuple[str, ...]
    servers: Mapping[str, Any]


def held(document: Document) -> Held | None:
    """Where a file holds servers by name, each with a command or a URL; None where it holds none."""
    data = document.data
    if not isinstance(data, Mapping) or "apiVersion" in data:
        return None
    for path in _HOLDERS:
        found: Any = data
        for step in path:
            found = found.get(step) if isinstance(found, Mapping) else None
        if isinstance(found, Mapping) and found and _are_servers(found, named=path == ("mcpServers",)):
            return Held(path, found)
    if _FILE.search(_name(document)) and _are_servers(data, named=False):
        return Held((), data)
    return None


def is_librechat(document: Document) -> bool:
    """Whether it is LibreChat's configuration: by its file's name, or by keys beside mcpServers that only it has."""
    data = document.data
    if not isinstance(data, Mapping) or not isinstance(data.get("mcpServers"), Mapping) or held(document) is None:
        return False
    return bool(_LIBRECHAT.search(_name(document)) or ("version" in data and not _LIBRECHAT_KEYS.isdisjoint(data)))


def servers(document: Document) -> Iterator[tuple[Node, str]]:
    """Every server of a file, with its name."""
    found = held(document)
    for name, value in found.servers.items() if found else ():
        if found is not None and not str(name).startswith("$"):
            yield Node(document, value, (*found.path, name)), str(name)


def _name(document: Document) -> str:
    return document.file.replace("\\", "/")


def _are_servers(found: Mapping[str, Any], *, named: bool) -> bool:
    """Whether some value is a server; under a name that others use as well every value must be a mapping."""
    values = [item for item in found.values() if isinstance(item, Mapping)]
    if any("runtime" in item or isinstance(item.get("image"), str) for item in values):
        return False
    if len(values) < len(found) and not named:
        return False
    return any("command" in item or _is_remote(item, named=named) for item in values)


def _is_remote(item: Mapping[str, Any], *, named: bool) -> bool:
    typed = item.get("type") in ("http", "sse", "streamable-http", "streamableHttp", "remote")
    return any(isinstance(item.get(key), str) for key in URLS) and (named or typed or len(item) <= 2)
