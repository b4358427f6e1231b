"""The gateway's hard rules, checked over all registrations before anything is printed.

Kuadrant's controller reports most of these as a condition of an object that looks fine in Git (facts on gateways,
A1, A2 and A7); some releases do not report them at all.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from mcpfence.catalog.gateway.fields import fits
from mcpfence.catalog.gateway.model import Auth, Gateway, Listener, Registration
from mcpfence.catalog.model import Catalog
from mcpfence.findings.finding import Collector, Path, quote

_MOST_LISTENERS = 64
"""maxItems of Gateway.spec.listeners."""


def check_rules(catalog: Catalog, gateway: Gateway, registrations: Sequence[Registration], out: Collector) -> None:
    """Add an error for each rule that is broken."""
    _listeners(gateway, out)
    _unique(registrations, out)
    for item, other in _schemes(registrations):
        sentence = f"{item.backend.name} is called by http here and by https for {other}, or the other way round"
        out.add("gateway-url", item.path, sentence, "call one host by https alone")
    for item in registrations:
        _attached(gateway, item, out)
        _auth(item.auth, out)
    _auth(gateway.auth, out)
    _public(gateway, registrations, out)
    if catalog.namespace in (gateway.namespace, gateway.extension.namespace):
        sentence = f"namespace {catalog.namespace} is the servers', where everything that is not declared is denied"
        out.add("gateway-namespace", ("gateway",), sentence, "name the namespaces of the Gateway and of its broker")


def _listeners(gateway: Gateway, out: Collector) -> None:
    at: Path = ("gateway", "listeners")
    if len(gateway.listeners) > _MOST_LISTENERS:
        sentence = f"{len(gateway.listeners)} listeners are more than a Gateway may have"
        out.add("gateway-listener", at, sentence, f"write at most {_MOST_LISTENERS}")
    names: set[str] = set()
    places: set[tuple[int, str]] = set()
    for item in gateway.listeners:
        if item.name in names:
            out.add("gateway-listener", item.path, f"{quote(item.name)} is a second listener's name", "rename one")
        elif item.hostname and (item.port, item.hostname) in places:
            sentence = f"{quote(item.hostname)} on port {item.port} is another listener's already"
            out.add("gateway-listener", item.path, sentence, "remove one of them")
        names.add(item.name)
        places.add((item.port, item.hostname))
        _tls(gateway, item, out)
    used = [(key, gateway.listener(name), name) for key, name in _sections(gateway)]
    for key, listener, name in used:
        if listener is None:
            todo = f"write one of: {', '.join(sorted(names))}"
            out.add("gateway-listener", ("gateway", key), f"no listener is called {quote(name)}", todo)
    _together([listener for _, listener, _ in used if listener is not None], out)


def _sections(gateway: Gateway) -> list[tuple[str, str]]:
    return [("sectionName", gateway.section), ("serverSectionName", gateway.server_section)]


def _tls(gateway: Gateway, listener: Listener, out: Collector) -> None:
    if listener.protocol == "HTTP" and listener.certificates:
        sentence = "a listener without TLS has no certificates"
        out.add("gateway-listener", listener.path, sentence, "write protocol: HTTPS, or remove certificates")
    if listener.protocol == "HTTPS" and gateway.create and not listener.certificates:
        sentence = "a listener with TLS needs a certificate"
        todo = f"write certificates: [SECRET] of a TLS Secret in namespace {gateway.namespace}"
        out.add("gateway-listener", listener.path, sentence, todo)


def _together(listeners: Sequence[Listener], out: Collector) -> None:
    """Clients' and servers' listeners: one port, and with TLS one listener.

    The router hands a call on by changing its host; Envoy then looks for the route among those of the same port, and
    with TLS among those of the same server name only.
    """
    if len(listeners) < 2 or listeners[0] is listeners[1]:
        return
    first, second = listeners
    at: Path = ("gateway", "serverSectionName")
    if first.port != second.port:
        sentence = f"listener {second.name} has port {second.port} and listener {first.name} port {first.port}"
        out.add("gateway-listener", at, sentence, "give both one port: calls are handed on within it")
    elif "HTTPS" in (first.protocol, second.protocol):
        sentence = "with TLS clients and servers share one listener, since calls are not handed on to another"
        todo = "write one listener with a wildcard hostname, and its name as sectionName and serverSectionName"
        out.add("gateway-listener", at, sentence, todo)


def _unique(registrations: Iterable[Registration], out: Collector) -> None:
    prefixes: dict[str, str] = {}
    hostnames: dict[str, str] = {}
    for item in registrations:
        other = prefixes.setdefault(item.prefix, item.name)
        if other != item.name:
            sentence = f"{quote(item.prefix)} is the prefix of {other} already, and the gateway would drop one of them"
            out.add("gateway-prefix-twice", (*item.path, "prefix"), sentence, "write another prefix")
        other = hostnames.setdefault(item.hostname, item.name)
        if item.hostname and other != item.name:
            sentence = f"{quote(item.hostname)} is the hostname of {other} already, so calls would reach either"
            out.add("gateway-hostname", (*item.path, "hostname"), sentence, "write another hostname")


def _schemes(registrations: Iterable[Registration]) -> Iterator[tuple[Registration, str]]:
    """Servers on a host that another one uses by the other scheme, with the other one's name.

    The mesh knows a host once, and TLS is started to all of its ports or to none.
    """
    kinds: dict[str, Registration] = {}
    for item in registrations:
        other = kinds.setdefault(item.backend.name, item) if item.backend.kind != "Service" else item
        if other.backend.kind != item.backend.kind:
            yield item, other.name


def _attached(gateway: Gateway, item: Registration, out: Collector) -> None:
    """Whether the route's hostname belongs to its listener, and the listener to the extension's port."""
    listener, clients = gateway.listener(item.section), gateway.listener(gateway.section)
    at = (*item.path, "hostname")
    if item.hostname.startswith("*."):
        sentence = f"{quote(item.hostname)} is a wildcard, and the router calls a server by one hostname"
        out.add("gateway-hostname", at, sentence, "write the whole hostname")
        return
    if not item.hostname or (listener is not None and not listener.hostname):
        return  # said where it was read
    if listener is not None and not fits(item.hostname, listener.hostname):
        sentence = f"{quote(item.hostname)} does not belong to listener {listener.name} with {quote(listener.hostname)}"
        more = " (* stands for one label)" if listener.hostname.startswith("*.") else ""
        out.add("gateway-hostname", at, f"{sentence}{more}", "write a hostname of that listener")
    elif item.hostname == gateway.public_host:
        sentence = f"{quote(item.hostname)} is where clients call the broker"
        out.add("gateway-hostname", at, sentence, "write another hostname")
    apart = listener is not None and clients is not None and listener.port != clients.port
    if apart and listener and clients and item.section != gateway.server_section:
        sentence = f"listener {listener.name} has port {listener.port} and listener {clients.name} port {clients.port}"
        out.add("gateway-listener", listener.path, sentence, "give both one port: calls are handed on within it")


def _auth(auth: Auth, out: Collector) -> None:
    if auth.checks_tokens and not auth.issuer:
        sentence = f"type {auth.type} needs the issuer whose tokens are taken"
        out.add("gateway-auth", auth.path, sentence, "write issuerUrl")
    if auth.type == "tokenExchange":
        _exchange(auth, out)
    if "'" in auth.audience or "\\" in auth.audience or not auth.audience.isprintable():
        sentence = "the audience has a character that no predicate can hold"
        out.add("gateway-auth", (*auth.path, "audience"), sentence, "write it without quotes and backslashes")


def _exchange(auth: Auth, out: Collector) -> None:
    at = (*auth.path, "tokenExchange")
    if auth.exchange is None:
        sentence = "type tokenExchange needs a token endpoint and the Secret of the client that may exchange tokens"
        out.add("gateway-auth", auth.path, sentence, "write tokenExchange: {url: URL, sharedSecretRef: {name: SECRET}}")
    elif not auth.exchange.secret.name:
        sentence = "the token exchange has no client Secret, so the identity provider would refuse it"
        todo = "write sharedSecretRef: {name: SECRET} of a Secret in the namespace where Authorino runs"
        out.add("gateway-auth", at, sentence, todo)
    elif not auth.exchange.url:
        todo = "write url with the token endpoint of the identity provider"
        out.add("gateway-auth", at, "the token exchange has no URL", todo)


def _public(gateway: Gateway, registrations: Sequence[Registration], out: Collector) -> None:
    """The host that clients call, where an object needs it, and whether it belongs to its listener."""
    listener = gateway.listener(gateway.section)
    needs = gateway.create or gateway.extension.create
    needs = needs or any(auth.checks_tokens for auth in (gateway.auth, *(item.auth for item in registrations)))
    if needs and not gateway.public_host:
        sentence = "the host that clients call is not known"
        out.add("gateway-public-host", ("gateway",), sentence, "write publicHost")
    elif gateway.public_host.startswith("*."):
        sentence = f"{quote(gateway.public_host)} is a wildcard, and clients call one host"
        out.add("gateway-public-host", ("gateway", "publicHost"), sentence, "write the whole hostname")
    elif gateway.public_host and listener and listener.hostname and not fits(gateway.public_host, listener.hostname):
        sentence = f"{quote(gateway.public_host)} does not belong to listener {listener.name} with "
        sentence += quote(listener.hostname)
        out.add("gateway-hostname", ("gateway", "publicHost"), sentence, "write a hostname of that listener")
    if gateway.tools_list is not None and not gateway.auth.checks_tokens:
        sentence = "the list of tools is filtered by the caller's token, and callers show none"
        out.add("gateway-auth", ("gateway", "toolsList"), sentence, "write gateway.auth.type: oidc or tokenExchange")
