"""Questions as people write them: what `--to` and `--from` may say, before the catalog is asked what it means.

    api.github.com  api.github.com:8443            a host name, TCP 443 unless a port is written
    10.1.2.3:5432  2001:db8::1  [2001:db8::1]:443   an address
    data/app=redis,role=primary:6379  data/redis   a pod by namespace and labels; one word stands for the label app
    redis                                          something that the catalog names

Nothing here knows a catalog; `targets` does.
"""

from __future__ import annotations

from mcpfence.findings.finding import quote
from mcpfence.net.addresses import V6_BASE, format_address, parse_address, parse_cidr
from mcpfence.net.hosts import BadHost, parse_host
from mcpfence.net.ports import LAST_PORT, PROTOCOLS, PortRange, Ports
from mcpfence.patterns import regex
from mcpfence.structs import Struct

_PORT = regex(r"([0-9]{1,9})(?:/([A-Za-z]{1,9}))?\Z")
_BRACKETS = regex(r"\[([^\[\]]*)\](?::(.*))?\Z")
_LABEL = regex(r"(?=.{1,63}\Z)[a-z0-9](?:[-a-z0-9]*[a-z0-9])?\Z")
_KEY = regex(r"(?:[a-z0-9](?:[-a-z0-9.]{0,251}[a-z0-9])?/)?[A-Za-z0-9](?:[-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?\Z")
_VALUE = regex(r"(?:[A-Za-z0-9](?:[-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?\Z")
_FORMS = "write HOST, an address, NAMESPACE/POD or a name of the catalog"

METADATA_HOST = "metadata.google.internal"


class BadQuestion(ValueError):
    """A question that cannot be asked; the message is a whole sentence."""


class Question(Struct):
    """Exactly one of host, address, pod and name is given; `ports` is None where no port was written."""

    text: str
    ports: Ports | None = None
    host: str = ""
    address: int | None = None
    pod: tuple[str, tuple[tuple[str, str], ...]] | None = None
    """Namespace and labels."""
    name: str = ""


def read_question(text: str) -> Question:
    """What `--to` and `--from` say; raises BadQuestion."""
    if "://" in text:
        raise BadQuestion(f"{quote(text)} has a scheme: write the host name alone, and its port behind a colon.")
    base, port = _split(text)
    ports = read_port(port, text) if port is not None else None
    if not base:
        raise BadQuestion(f"{quote(text)} is empty: {_FORMS}.")
    if "/" in base:
        return Question(text, ports, pod=_pod(base, text))
    address = _address(base, text)
    if address is not None:
        return Question(text, ports, address=address)
    if _LABEL.match(base):
        return Question(text, ports, name=base)
    return _host(base, text, ports)


def read_port(written: str, text: str) -> Ports:
    """One port, `N` or `N/PROTO`; raises BadQuestion with `text` as the place."""
    match = _PORT.match(written)
    if match is None:
        raise BadQuestion(f"{quote(text)} has no port behind the colon: write one, such as 443, 53/UDP or 9000/SCTP.")
    number, protocol = int(match[1]), (match[2] or "TCP").upper()
    if not 1 <= number <= LAST_PORT:
        raise BadQuestion(f"{quote(text)} has a port outside 1 to 65535.")
    if protocol not in PROTOCOLS:
        raise BadQuestion(f"{quote(text)} names the protocol {match[2]}: write TCP, UDP or SCTP.")
    return (PortRange(protocol, number, number),)


def _split(text: str) -> tuple[str, str | None]:
    """What is asked for, and what stands behind the colon of a port; the colons of a bare IPv6 address stay."""
    bracketed = _BRACKETS.match(text)
    if bracketed:
        if ":" not in bracketed[1]:
            raise BadQuestion(f"{quote(text)} has brackets, which only IPv6 addresses need: write it without them.")
        return bracketed[1], bracketed[2]
    if text.count(":") > 1:
        if _parsed(text) is None:
            raise BadQuestion(
                f"{quote(text)} has several colons and is no IPv6 address: write [ADDRESS]:PORT or HOST:PORT."
            )
        return text, None
    base, colon, port = text.rpartition(":")
    return (base, port) if colon else (text, None)


def _parsed(text: str) -> int | None:
    try:
        return parse_address(text)
    except ValueError:
        return None


def _address(base: str, text: str) -> int | None:
    """The address on the line of both families; None where it is none."""
    value = _parsed(base)
    if value is None:
        if ":" in base:
            raise BadQuestion(f"{quote(text)} is no IPv6 address.")
        return None
    if value >= V6_BASE and (value - V6_BASE) >> 32 == 0xFFFF:
        shown = format_address((value - V6_BASE) & 0xFFFFFFFF)
        raise BadQuestion(f"{quote(text)} is an IPv4-mapped address: write {shown}, which is what is on the wire.")
    return value


def _pod(base: str, text: str) -> tuple[str, tuple[tuple[str, str], ...]]:
    """Namespace and labels of `NAMESPACE/POD`."""
    try:
        parse_cidr(base)
    except ValueError:
        pass
    else:
        raise BadQuestion(f"{quote(text)} is a block of addresses: ask for one address of it.")
    namespace, _, pod = base.partition("/")
    if pod.upper() in PROTOCOLS:
        raise BadQuestion(f"{quote(text)} has a protocol without a port: write {namespace}:PORT/{pod.upper()}.")
    if not _LABEL.match(namespace):
        raise BadQuestion(f"{quote(text)} begins with {quote(namespace)}, which is no namespace.")
    if "=" not in pod:
        if not _VALUE.match(pod) or not pod:
            raise BadQuestion(
                f"{quote(text)} names no pod: write NAMESPACE/KEY=VALUE,... or NAMESPACE/VALUE-OF-LABEL-app."
            )
        return namespace, (("app", pod),)
    labels: dict[str, str] = {}
    for part in pod.split(","):
        key, equals, value = part.partition("=")
        if not equals or not _KEY.match(key) or not _VALUE.match(value):
            raise BadQuestion(f"{quote(text)} has {quote(part)}, which is no label: write KEY=VALUE,KEY=VALUE.")
        if labels.setdefault(key, value) != value:
            raise BadQuestion(f"{quote(text)} gives the label {key} two values, and a pod has one.")
    return namespace, tuple(sorted(labels.items()))


def _host(base: str, text: str, ports: Ports | None) -> Question:
    """A host name; the cloud's metadata name stands for the address behind it."""
    if base.lower().removesuffix(".") == METADATA_HOST:
        return Question(text, ports, host=METADATA_HOST)
    try:
        host = parse_host(base)
    except BadHost as bad:
        todo = _FORMS
        if bad.id == "host-in-cluster":
            todo = "write NAMESPACE/POD with the labels of the pods behind it, or the name of a services entry"
        raise BadQuestion(f"{quote(text)} {bad.sentence}: {todo}.") from None
    if host.startswith("*."):
        raise BadQuestion(f"{quote(text)} is a wildcard: ask for one name below {host[2:]}.")
    return Question(text, ports, host=host)
