"""toPorts and icmps of Cilium's rules: points of protocol and port, and what a proxy asks for beyond them.

    absent                          every protocol and port
    []                              every port, as if absent
    [{ports: []}]                   nothing
    port "0"                        every port of the protocol, or of all of them
    protocol absent or ANY          TCP, UDP and SCTP
    rules.dns                       the DNS proxy answers for these names alone; [] asks no proxy
    serverNames                     the TLS handshake must show one of them
    rules.http, listener, TLS       a proxy decides: at most what the ports say

Source: the engine's own code (facts on engines, section 3).
"""

from __future__ import annotations

import re

from mcpfence.net.intervals import canonical
from mcpfence.reach.documents.fields import Unreadable, items, known_keys, mapping, number, shown, text
from mcpfence.reach.engines.cilium.names import read_name
from mcpfence.reach.engines.contract import EVERY_PORT, Ports
from mcpfence.reach.flows import traffic
from mcpfence.structs import Struct

_MOST = 40
_PROXIED = frozenset({"listener", "originatingTLS", "terminatingTLS"})
_ALLOW_KEYS = frozenset({"ports", "rules", "serverNames"}) | _PROXIED
_DENY_KEYS = frozenset({"ports"})
_PORT_KEYS = frozenset({"port", "endPort", "protocol"})
_NUMBER = re.compile(r"(?:0|[1-9][0-9]{0,4})\Z")
_SERVICE = re.compile(r"(?=.*[a-zA-Z])(?!.*--)[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,13}[a-zA-Z0-9])?\Z")


class Opened(Struct):
    """One set of ports: `sure` is false where a proxy decides beyond it.

    `asked` are the names that the DNS proxy passes, `server_names` those that the handshake must show; None: no limit.
    """

    ports: Ports
    sure: bool = True
    asked: tuple[str, ...] | None = None
    server_names: tuple[str, ...] | None = None


def read_ports(rule: dict[str, object], place: str, *, deny: bool) -> list[Opened] | None:
    """What a rule opens or denies of ports; None: the rule speaks of no ports.  Raises Unreadable."""
    entries = items(rule.get("toPorts"), f"{place}.toPorts")
    icmps = items(rule.get("icmps"), f"{place}.icmps")
    if entries and icmps:
        raise Unreadable(f"{place}.icmps", "stands beside toPorts, which the agent refuses")
    if icmps:
        # Some types of some family: at most every ICMP packet.
        return [Opened(Ports((traffic.span("ICMP"),)), sure=False)]
    if not entries:
        return None
    return [
        one for place_of, entry in enumerate(entries) for one in _entry(entry, f"{place}.toPorts[{place_of}]", deny)
    ]


def _entry(value: object, place: str, deny: bool) -> list[Opened]:
    found = mapping(value, place)
    known_keys(found, _DENY_KEYS if deny else _ALLOW_KEYS, place)
    written = items(found.get("ports"), f"{place}.ports")
    if len(written) > _MOST:
        raise Unreadable(f"{place}.ports", f"has {len(written)} ports, more than the {_MOST} that the agent takes")
    asked, proxied = _rules(found.get("rules"), f"{place}.rules")
    shown_sni = tuple(
        text(name, f"{place}.serverNames[{index}]")
        for index, name in enumerate(items(found.get("serverNames"), f"{place}.serverNames"))
    )
    if shown_sni and (asked is not None or proxied):
        raise Unreadable(f"{place}.serverNames", "stands beside rules, which the agent refuses")
    sure = not proxied and not any(found.get(key) is not None for key in _PROXIED)
    opened, more = [], []
    for index, entry in enumerate(written):
        ports, every = _port(entry, f"{place}.ports[{index}]", dns=asked is not None)
        opened.append(ports)
        more += [EVERY_PORT] if every else []
    if not opened:
        return []
    together = Ports(
        canonical(piece for one in opened for piece in one.numbers), frozenset().union(*(one.named for one in opened))
    )
    if asked is not None and more:
        raise Unreadable(f"{place}.rules", "stands beside port 0, which the agent refuses")
    limited = Opened(together, sure, asked, shown_sni or None)
    return [limited, *(Opened(one, sure=False) for one in more)]


def _rules(value: object, place: str) -> tuple[tuple[str, ...] | None, bool]:
    """The names that the DNS proxy passes (None: no DNS rule), and whether another proxy decides."""
    if value is None:
        return None, False
    found = mapping(value, place)
    known_keys(found, frozenset({"dns", "http", "kafka", "l7", "l7proto"}), place)
    others = any(found.get(key) for key in ("http", "kafka", "l7", "l7proto"))
    names = items(found.get("dns"), f"{place}.dns")
    if names and others:
        raise Unreadable(place, "has rules of two protocols, which the agent refuses")
    asked = tuple(read_name(name, f"{place}.dns[{index}]") for index, name in enumerate(names))
    return asked or None, others


def _port(value: object, place: str, *, dns: bool) -> tuple[Ports, bool]:
    """One entry of ports, and whether it may be every protocol that there is."""
    found = mapping(value, place)
    known_keys(found, _PORT_KEYS, place)
    protocol = found.get("protocol") or "ANY"
    if protocol not in (*traffic.WITH_PORTS, "ANY"):
        raise Unreadable(f"{place}.protocol", f"is {shown(protocol)}, not TCP, UDP, SCTP or ANY")
    protocols = traffic.WITH_PORTS if protocol == "ANY" else (str(protocol),)
    port = text(found.get("port"), f"{place}.port")
    end = number(found.get("endPort") or 0, f"{place}.endPort", 0, traffic.LAST_PORT)
    if not _NUMBER.match(port):
        if not _SERVICE.match(port) or end:
            raise Unreadable(f"{place}.port", f"is {shown(port)}, neither a number nor the name of a port")
        return Ports((), frozenset((one, port.lower()) for one in protocols)), False
    first = number(int(port), f"{place}.port", 0, traffic.LAST_PORT)
    if end and (end < first or first == 0):
        raise Unreadable(f"{place}.endPort", f"is {end}, which makes no range with port {first}")
    if dns and end > first:
        raise Unreadable(f"{place}.endPort", "stands beside rules.dns, which the agent refuses")
    if first == 0:
        return Ports(canonical(traffic.span(one) for one in protocols)), protocol == "ANY"
    return Ports(canonical(traffic.span(one, first, end or first) for one in protocols)), False
