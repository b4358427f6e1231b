"""Servers that run elsewhere, and what surrounds a server: its URL, headers and environment by name, never a value."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from mcpfence.imports.shared.destinations import shown
from mcpfence.imports.shared.format import ImportContext
from mcpfence.imports.shared.source import BadEntry, Node
from mcpfence.net.hosts import BadHost, parse_host
from mcpfence.structs import Struct

_URL = re.compile(
    r"(?P<scheme>https?)://(?:(?P<user>[^/?#\s]*)@)?(?P<host>[^/?#@\s]*)(?P<path>/[^?#\s]*)?(?P<rest>[?#].*)?\Z",
    re.IGNORECASE,
)
_HOST_PORT = re.compile(r"(?P<host>.*?)(?::(?P<port>[0-9]{1,5}))?\Z")
_VARIABLE = re.compile(r"\$?\{([A-Za-z_][A-Za-z0-9_.-]*)\}")
_ENV = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,254}\Z")
_HEADER = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,255}\Z")
_TODO = "write the server by hand if you need it"


def remote_config(node: Node, context: ImportContext) -> dict[str, Any]:
    """The remoteConfig of a URL: fixedURL, or urlTemplate where it has variables ({x} becomes ${x}).

    A variable may stand for the host, or for scheme and host (`${BASE_URL}/mcp`): where it runs is not known then.
    User name, query and fragment are left out: they may be credentials.  Raises BadEntry for what is no such URL.
    """
    text = node.as_text().strip()
    plain = text.isascii() and text.isprintable() and len(text) < 4096 and "{{" not in text
    match = _URL.match(text) if plain else None
    scheme = f"{match['scheme'].lower()}://" if match else ""
    if plain and match is None and (begin := _VARIABLE.match(text)) and text[begin.end() :][:1] in ("", "/", "?", "#"):
        match = _URL.match(f"https://{text}")
    if match is None:
        what = "is a template that nothing has filled in" if "{{" in text else "is no http or https URL"
        raise BadEntry(node, f"{shown(text)} {what}", _TODO)
    host, path = match["host"], match["path"] or ""
    if match["user"] is not None or match["rest"]:
        left = [word for word, there in (("user name", match["user"]), ("query", match["rest"])) if there is not None]
        sentence = f"the {' and the '.join(left)} of the URL may be a secret and was left out"
        context.say("import-secret", node, sentence, "add it where the clients are configured")
    templated = _VARIABLE.search(host + path)
    if "{" in _VARIABLE.sub("", host + path) or "$" in _VARIABLE.sub("", host + path):
        raise BadEntry(node, f"{shown(text)} has a variable that cannot be read", _TODO)
    _check_host(host, node, shown(text), context)
    url = f"{scheme}{host}{path}"
    if templated:
        return {"urlTemplate": _VARIABLE.sub(r"${\1}", url)}
    return {"fixedURL": url}


def _check_host(host: str, node: Node, said: str, context: ImportContext) -> None:
    parts = _HOST_PORT.match(host)
    port = parts["port"] if parts else None
    if parts is None or (port and not 1 <= int(port) <= 65535):
        raise BadEntry(node, f"{said} has no port from 1 to 65535", _TODO)
    if whole := _VARIABLE.fullmatch(parts["host"]):
        sentence = f"runs where the variable {whole[1]} says, so its host is not known here"
        context.say("import-guess", node, sentence, "write fixedURL where you know it; nobody's egress can name it")
    if _VARIABLE.search(host):
        return
    try:
        parse_host(parts["host"])
    except BadHost as bad:
        raise BadEntry(node, f"the host of {said} {bad.sentence}", _TODO) from None


class Variable(Struct):
    """An environment variable as a source declares it: where, its name, and whether it is needed and secret."""

    node: Node
    name: str
    required: bool | None
    secret: bool


def headers(names: Iterable[tuple[Node, str]], context: ImportContext) -> list[dict[str, Any]]:
    """The headers of a remoteConfig, by name, each with its place; what a header holds is never copied."""
    found = {name: {"key": name, "sensitive": True} for node, name in names if _fits(node, name, _HEADER, context)}
    return list(found.values())


def environment(variables: Iterable[Variable], context: ImportContext) -> list[dict[str, Any]]:
    """The env of a server, by name; never a value.  What is declared twice is secret if it is so once."""
    found: dict[str, dict[str, Any]] = {}
    for node, name, required, secret in variables:
        if _fits(node, name, _ENV, context):
            entry = found.setdefault(name, {"key": name})
            entry |= ({"required": True} if required else {}) | ({"sensitive": True} if secret else {})
    return list(found.values())


def _fits(node: Node, name: str, pattern: re.Pattern[str], context: ImportContext) -> bool:
    if pattern.match(name):
        return True
    what = "variable" if pattern is _ENV else "header"
    said = re.sub(r"[=:\s].*", lambda rest: f"{rest[0][0]}...", name, flags=re.DOTALL)  # NAME=value: it may be a secret
    context.say("import-ignored", node, f"{shown(said)} is no name of a {what}", "left out")
    return False
