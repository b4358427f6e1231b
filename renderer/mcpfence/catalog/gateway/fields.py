"""Readers for the words of gateway keys: hostnames of listeners and routes, paths, URLs, Secrets.

Every reader takes the value, its path and the collector, and returns what can be used even after an error.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from mcpfence.catalog.fields import has_template
from mcpfence.catalog.gateway.model import SecretKey
from mcpfence.findings.finding import Collector, Path, quote
from mcpfence.net.hosts import BadHost, parse_host
from mcpfence.net.ports import LAST_PORT
from mcpfence.patterns import regex
from mcpfence.text.secret_detection import secret_text

Raw = Mapping[str, Any]

_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_HOSTNAME = regex(rf"(?:\*\.)?{_LABEL}(?:\.{_LABEL})*\Z")
_SUBDOMAIN = regex(rf"{_LABEL}(?:\.{_LABEL})*\Z")
_KEY = regex(r"[-._a-zA-Z0-9]{1,253}\Z")
_PATH = regex(r"/[-A-Za-z0-9/._~!$&'()*+,;=:@]*\Z")
_URL = regex(r"(https?)://([^/?#:@\[\]\s]+)(?::([0-9]{1,5}))?(?:[/?#][^\s]*)?\Z", re.IGNORECASE)
_PORTS = {"http": 80, "https": 443}


def read_hostname(text: str, path: Path, out: Collector) -> str:
    """A hostname or wildcard as Gateway API writes it: lower case, no port; empty after an error."""
    if has_template(text, path, out):
        return ""
    if len(text) > 253:
        sentence = f"{quote(text)} is {len(text):,} characters long"
        out.add("gateway-hostname", path, sentence, "write at most 253")
        return ""
    if not _HOSTNAME.match(text):
        todo = "write names such as github.mcp.local, in lower case and without a port"
        out.add("gateway-hostname", path, f"{quote(text)} is no hostname", todo)
        return ""
    return text


def read_object_name(text: str, path: Path, what: str, out: Collector) -> str:
    """The name of an object that somebody else makes: a DNS subdomain."""
    if not has_template(text, path, out) and (len(text) > 253 or not _SUBDOMAIN.match(text)):
        todo = "write lower-case letters, digits, - and ., with a letter or digit at both ends"
        out.add("name-not-a-label", path, f"{what} {quote(text)} is no name of an object", todo)
    return text


def read_secret(raw: Raw, default: str, path: Path, out: Collector) -> SecretKey:
    """A reference to a key of a Secret."""
    name = read_secret_name(raw["name"], (*path, "name"), out)
    key = raw.get("key", default)
    if not has_template(key, (*path, "key"), out) and not _KEY.match(key):
        todo = "write letters, digits, -, _ and ."
        out.add("gateway-secret-key", (*path, "key"), "is no key of a Secret", todo)
    return SecretKey(name, key)


def read_secret_name(text: str, path: Path, out: Collector) -> str:
    """The name of a Secret; what is none is not repeated, since it may be the secret itself."""
    if not has_template(text, path, out) and (len(text) > 253 or not _SUBDOMAIN.match(text)):
        todo = "write lower-case letters, digits, - and ., with a letter or digit at both ends"
        out.add("name-not-a-label", path, "is no name of a Secret", todo)
    return text


def read_endpoint(text: str, path: Path, out: Collector) -> str:
    """The HTTP path of an MCP endpoint, as an HTTPRoute may match it."""
    if has_template(text, path, out):
        return text
    parts = text.split("/")
    odd = any(part in (".", "..") for part in parts) or "//" in text
    if len(text) > 1024 or odd or not _PATH.match(text):
        todo = "write the path alone, such as /mcp: no query, no escapes, no empty or dotted parts"
        out.add("gateway-path", path, "is no path that an HTTPRoute can match", todo)
    return text


def read_https(text: str, path: Path, out: Collector) -> str:
    """The URL of an identity provider; over plain HTTP anybody on the way could forge keys or read secrets."""
    match = _URL.match(text)
    if has_template(text, path, out):
        return text
    if match is None or "@" in text or len(text) > 2048:
        todo = "write https://HOST/PATH without a user name"
        out.add("gateway-auth", path, "is no URL that can be read", todo)
    elif secret_text(text):
        sentence = "looks as if it held a secret, and would stand in an object in clear"
        out.add("gateway-auth", path, sentence, "write it without a key or a password")
    elif match[1].lower() != "https":
        out.add("gateway-auth", path, "is plain HTTP, which anybody on the way can forge", "write an https URL")
    return text


def split_url(url: str) -> tuple[str, str, int] | None:
    """Scheme, host and port of the URL of a remote server; None where it cannot be read."""
    match = _URL.match(url)
    if match is None:
        return None
    scheme = match[1].lower()
    port = int(match[3]) if match[3] else _PORTS[scheme]
    return (scheme, match[2], port) if 1 <= port <= LAST_PORT else None


def read_remote_host(host: str, path: Path, out: Collector) -> str | None:
    """The host of a remote server; None after an error.  An address or a name of the cluster has no ServiceEntry."""
    try:
        name = parse_host(host)
    except BadHost as bad:
        out.add("gateway-url", path, f"its host {quote(host)} {bad.sentence}", "write the full host name in fixedURL")
        return None
    if name.startswith("*.") or not _HOSTNAME.match(name):
        sentence = f"its host {quote(host)} is none that a route can name"
        out.add("gateway-url", path, sentence, "write the full host name in fixedURL")
        return None
    return name


def fits(hostname: str, listener: str) -> bool:
    """Whether a hostname belongs to a listener's: the same, or one label in the place of `*`.

    Gateway API lets `*` stand for several labels; Kuadrant's controller for exactly one (facts on gateways, A2).
    """
    if listener.startswith("*."):
        return hostname.partition(".")[2] == listener.removeprefix("*.") and not hostname.startswith("*.")
    return hostname == listener
