"""The protocols of a ClusterNetworkPolicy's rule as ports.

{tcp: {destinationPort: {number: 443}}}                      one port of one protocol
{udp: {destinationPort: {range: {start: 1000, end: 2000}}}}  both ends inside
{destinationNamedPort: web}                                  that name of any protocol
"""

from __future__ import annotations

from mcpfence.net.intervals import Interval, canonical
from mcpfence.reach.documents.fields import Unreadable, items, known_keys, mapping, number, text
from mcpfence.reach.engines.contract import Ports
from mcpfence.reach.flows import traffic

_PROTOCOLS = {"tcp": "TCP", "udp": "UDP", "sctp": "SCTP"}
_NAMED = "destinationNamedPort"
_KEYS = frozenset({*_PROTOCOLS, _NAMED})


def read_protocols(value: object, place: str) -> Ports:
    """The ports of a list that is there; raises Unreadable, also for an empty list, which the API refuses."""
    written = items(value, place)
    if not written:
        raise Unreadable(place, "is empty")
    numbers: list[Interval] = []
    named: set[tuple[str, str]] = set()
    for index, entry in enumerate(written):
        where = f"{place}[{index}]"
        found = mapping(entry, where)
        known_keys(found, _KEYS, where)
        if len(found) != 1:
            raise Unreadable(where, f"needs exactly one of tcp, udp, sctp and {_NAMED}")
        ((key, content),) = found.items()
        if key == _NAMED:
            name = text(content, f"{where}.{_NAMED}")
            named |= {(protocol, name) for protocol in traffic.WITH_PORTS}
        else:
            numbers.append(_ports(content, _PROTOCOLS[key], f"{where}.{key}"))
    return Ports(canonical(numbers), frozenset(named))


def _ports(value: object, protocol: str, place: str) -> Interval:
    found = mapping(value, place)
    known_keys(found, frozenset({"destinationPort"}), place)
    where = f"{place}.destinationPort"
    port = mapping(found.get("destinationPort"), where)
    known_keys(port, frozenset({"number", "range"}), where)
    if len(port) != 1:
        raise Unreadable(where, "needs exactly one of number and range")
    if "number" in port:
        low = number(port["number"], f"{where}.number", 1, traffic.LAST_PORT)
        return traffic.span(protocol, low, low)
    span = mapping(port["range"], f"{where}.range")
    known_keys(span, frozenset({"start", "end"}), f"{where}.range")
    low = number(span.get("start"), f"{where}.range.start", 1, traffic.LAST_PORT)
    high = number(span.get("end"), f"{where}.range.end", 1, traffic.LAST_PORT)
    if low >= high:
        raise Unreadable(f"{where}.range.end", f"is {high}, not above start {low}")
    return traffic.span(protocol, low, high)
