"""Host names as a catalog writes them: `api.example.com`, or `*.example.com` for every name below example.com.

`*.x` means one or more labels below x and never x itself.  What is refused here would mean different things on
different engines, or would name something that is not on the public internet.
"""

from __future__ import annotations

import ipaddress
import re
from functools import lru_cache

from mcpfence.patterns import regex

_LABEL = regex(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\Z")
_DOMAIN_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_PLAIN = regex(r"(?:\*\.)?(?:(?!-)[a-z0-9-]{1,63}(?<!-)\.)+[a-z][a-z0-9-]{0,62}(?<!-)\Z")
_NUMBER = regex(r"[0-9]+\Z|0x[0-9a-f]*\Z")
_LONGEST = 253
_TOO_LONG_TO_READ = 4096
"""No URL with a host in it is longer; what is gets no closer look, which would take its time."""
_URL = regex(r"(?P<scheme>[^/?#]*)://(?:[^/?#]*@)?(?P<host>\[[^\]]*\]|[^/?#:@]*)(?::(?P<port>[0-9]{1,5}))?(?=[/?#]|\Z)")


class BadHost(ValueError):
    """A name that is refused: `id` of the finding, the half sentence behind the quoted name, and what to write."""

    def __init__(self, id: str, sentence: str, todo: str) -> None:
        super().__init__(sentence)
        self.id = id
        self.sentence = sentence
        self.todo = todo


@lru_cache(maxsize=4096)
def parse_host(text: str) -> str:
    """The canonical form (lower case, no trailing dot) of a host name or wildcard; raises BadHost.

    The order of the checks decides which of several faults is named: the one that is nearest to the cause.
    """
    if text.isascii():
        name = text.lower()
        if len(name) <= _LONGEST and _PLAIN.match(name):
            _refuse_local(name)
            return text if name == text else name  # one string for what is nearly always written so
    return _slow(text)


def is_domain(text: str, longest: int) -> bool:
    """Whether names can stand below a text: labels in lower case, so many characters at most."""
    return len(text) <= longest and re.fullmatch(rf"{_DOMAIN_LABEL}(?:\.{_DOMAIN_LABEL})*", text) is not None


def _slow(text: str) -> str:
    if not text.strip():
        raise BadHost("host-empty", "is empty", "write a host name such as api.example.com, or remove the entry")
    if "{{" in text or "${" in text:
        raise BadHost("template-left", "is a template expression that nothing has filled in", "write the value itself")
    if len(text) > _TOO_LONG_TO_READ:
        raise BadHost("host-too-long", "is longer than 253 characters", "write a name that DNS can hold")
    if not text.isascii():
        raise BadHost("host-not-ascii", "has characters outside ASCII", f"write the punycode form{_punycode(text)}")
    if text != text.strip() or any(ord(c) <= 32 or ord(c) == 127 for c in text):
        raise BadHost("host-bad-character", "has white space or a control character", "write the host name alone")
    if "://" in text:
        raise BadHost("host-scheme", "has a scheme", _url_todo(text))
    if _is_ip(text):
        raise BadHost("host-is-ip", "is an IP address", "list it under egress.cidrs with its ports")
    if re.search(r"[/?#]", text):
        host = re.split(r"[/?#:]", _without_user(text))[0]
        raise BadHost("host-path", "has a path", f"write {host or 'the host name alone'}")
    if ":" in text:
        raise BadHost("host-port", "has a port", _port_todo(_without_user(text)))
    return _labels(text)


def _without_user(text: str) -> str:
    """The text without what stands before the host, which may be a password."""
    before, sign, path = text.partition("/")
    return before.rpartition("@")[2] + sign + path


def _url_todo(text: str) -> str:
    """The host of a URL as it should stand in the catalog; with its port where that is not the default."""
    match = _URL.match(text)
    if match is None or not match["host"]:
        return "write the host name alone"
    if match["port"]:
        return _port_todo(f"{match['host']}:{match['port']}")
    return _port_todo(f"{match['host']}:80") if match["scheme"].lower() == "http" else f"write {match['host']}"


def _port_todo(text: str) -> str:
    host, _, port = text.rpartition(":")
    if port == "443" and host:
        return f"write {host}, which means port 443"
    if port.isdecimal() and host:
        return f"write {{name: {host}, ports: [{int(port)}]}} under egress.domains"
    return "write the host name alone, and its ports under egress.domains"


def _labels(text: str) -> str:
    name = text.lower().removesuffix(".")
    base = name.removeprefix("*.")
    if name == "*":
        todo = "write the names, or egress.default: internet for every public address"
        raise BadHost("host-bad-wildcard", "is every name", todo)
    if "*" in base:
        raise BadHost("host-bad-wildcard", "has a * that is not the whole first label", "write *.example.com, or names")
    labels = base.split(".")
    if "" in labels:
        raise BadHost("host-empty-label", "has an empty label", "write labels with one dot between them")
    _refuse_local(name)
    if len(labels) == 1 and name != base:
        raise BadHost("host-public-suffix", "is a wildcard on a public suffix", "write the domain that you mean")
    if len(labels) == 1:
        todo = "write a full name such as api.example.com, or list a service of the cluster under egress.services"
        raise BadHost("host-single-label", "is a single label", todo)
    for label in labels:
        if len(label) > 63:
            raise BadHost("host-too-long", "has a label longer than 63 characters", "write a name that DNS can hold")
        if not _LABEL.match(label):
            todo = "write one name of letters, digits, - and dots"
            raise BadHost("host-bad-character", "has characters that no host name has", todo)
    if len(name) > _LONGEST:
        raise BadHost("host-too-long", "is longer than 253 characters", "write a name that DNS can hold")
    if _NUMBER.match(labels[-1]):
        todo = "list addresses under egress.cidrs with their ports"
        raise BadHost("host-is-ip", "ends in a number, which makes it an IP address", todo)
    return name


def _refuse_local(name: str) -> None:
    """Refuse names that stand for the pod, the cluster or the cloud's metadata, with or without a wildcard."""
    base = name.removeprefix("*.")
    if base == "localhost" or base.endswith(".localhost"):
        raise BadHost("host-localhost", "is the pod itself", "remove it; a pod always reaches itself")
    if base == "cluster.local" or base.endswith((".cluster.local", ".svc")) or base == "svc":
        todo = "list the service under egress.services"
        raise BadHost("host-in-cluster", "is a name inside the cluster", todo)
    if base == "metadata.google.internal" or (base == "google.internal" and name != base):
        what = "is the cloud's metadata endpoint" if base == name else "takes in the cloud's metadata endpoint"
        raise BadHost("host-metadata", what, "remove it, or write egress.cloudIdentity: true")
    if base in ("in-addr.arpa", "ip6.arpa") or base.endswith((".in-addr.arpa", ".ip6.arpa")):
        raise BadHost("host-reverse-dns", "is a reverse-DNS zone", "write the names or egress.cidrs instead")


def _is_ip(text: str) -> bool:
    bare = re.sub(r"(?<=\])(:[0-9]+)?\Z", "", text).strip("[]").removesuffix(".").split("%")[0].split("/")[0]
    if re.fullmatch(r"[0-9.]+:[0-9]+", bare):
        bare = bare.rsplit(":", 1)[0]
    try:
        ipaddress.ip_address(bare)
    except ValueError:
        return False
    return True


def _punycode(text: str) -> str:
    try:
        return f", {text.lower().encode('idna').decode('ascii')}"
    except UnicodeError:
        return ""
