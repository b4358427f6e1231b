"""Remote servers: the host and port behind the URL of a server that runs elsewhere."""

from __future__ import annotations

import re

from mcpfence.catalog.model import Server
from mcpfence.findings.finding import Collector, Path, path_text, quote
from mcpfence.net.hosts import BadHost, parse_host
from mcpfence.net.ports import LAST_PORT, tcp
from mcpfence.net.public_suffixes import wildcard_base
from mcpfence.patterns import regex
from mcpfence.plan.fence import Name

_URL = regex(r"(https?)://([^/?#:@\[\]\s]+)(?::([0-9]{1,5}))?(?:[/?#][^\s]*)?\Z", re.IGNORECASE)
_BESIDE_HOST = regex(r"[/?#@]")
_DEFAULTS = {"http": 80, "https": 443}


def remote_destination(server: Server, path: Path, out: Collector) -> Name | None:
    """The name and TCP port that a caller of a remote server needs; None after an error at `path`.

    Messages never show the URL: its path, query and user name often are credentials.
    """
    url = server.url or ""
    match = _URL.match(url)
    scheme, host, port = match.groups() if match else ("https", url, None)
    number = int(port) if port else _DEFAULTS[scheme.lower()]
    todo = "write fixedURL with the full host name, or name the servers one by one and leave this one out"
    if "$" in url or "{" in url:
        sentence = f"calls the remote server {server.name}, whose URL has a variable"
        out.add("remote-host", path, sentence, todo)
        return None
    if ("://" in url and match is None) or not 1 <= number <= LAST_PORT:
        sentence = f"calls the remote server {server.name}, whose URL cannot be read or has a user name"
        out.add("remote-host", path, sentence, todo)
        return None
    try:
        pattern = parse_host(host)
    except BadHost as bad:
        shown = "" if _BESIDE_HOST.search(host) else f" {quote(host)}"
        sentence = f"calls the remote server {server.name}, whose host{shown} {bad.sentence}"
        out.add("remote-host", path, sentence, todo)
        return None
    if pattern.startswith("*.") and wildcard_base(pattern.removeprefix("*.")) == "icann":
        sentence = f"calls the remote server {server.name}, whose host {quote(host)} is a wildcard on a public suffix"
        out.add("remote-host", path, sentence, todo)
        return None
    return Name(pattern, tcp(number), f"{path_text(path)}: {server.name}")
