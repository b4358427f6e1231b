"""A reach in plain words, one line for each group of flows, and the same as data.

3.0.0.0/9 (8.4 M addresses) on TCP 443
api.example.com on TCP 443
pods app=redis of namespace data on TCP 6379
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Any

from mcpfence.net.addresses import ALL_V4, ALL_V6, cidrs, format_address
from mcpfence.net.intervals import Interval, Intervals, intersect, is_subset, size, subtract
from mcpfence.net.special_ranges import special
from mcpfence.reach.flows import host_names, traffic
from mcpfence.reach.flows.flows import Packet, Reach
from mcpfence.reach.flows.host_names import Names
from mcpfence.reach.flows.label_sets import NAMESPACE_NAME, Box, box_text, split_peer

_SHOWN_BLOCKS = 4
_SHOWN_NAMES = 20
_LONGEST = 160
_MOST = 0.98
"""The share of the public addresses from which on a set is called nearly all of them."""


def lines(reach: Reach) -> list[str]:
    """The reach in words, addresses and names first, then pods."""
    found = [_address_line(members, points, shown) for members, points, shown in _addresses(reach)]
    for box, allowed in reach.pods:
        peers = pods_text(box)
        for points, shown in allowed:
            found.append(
                f"{peers} on {ports_text(points)}" + (f" as {names_text(shown)}" if shown != host_names.ANY else "")
            )
    return found


def documents(reach: Reach) -> list[dict[str, Any]]:
    """The same as data, in full: `addresses` are ranges, both ends inside, `pods` and `namespaces` label selectors."""
    found: list[dict[str, Any]] = []
    for members, points, shown in _addresses(reach):
        counts = {name: size(part) for name, part in _families(members)}
        ranges = [f"{format_address(first)}-{format_address(last)}" for first, last in members]
        found.append({"addresses": ranges, "counts": counts, **_what(points, shown)})
    for box, allowed in reach.pods:
        namespace, pod = split_peer(box)
        peers = {"namespaces": box_text(namespace), "pods": box_text(pod)}
        found += [{**peers, **_what(points, shown)} for points, shown in allowed]
    return found


def packet_document(packet: Packet) -> dict[str, Any]:
    """One concrete flow as data."""
    peer: dict[str, Any] = {"namespace": dict(packet.namespace), "pod": dict(packet.pod)}
    if packet.address is not None:
        peer = {"address": format_address(packet.address)}
    flow = {"protocol": packet.protocol, "port": packet.port}
    return {**peer, **flow, **({"name": packet.name} if packet.name else {})}


def _what(points: Intervals, shown: Names) -> dict[str, Any]:
    ports: dict[str, Any] = {"all": True}
    if points != traffic.EVERY_POINT:
        ports = {protocol: [_port(one) for one in found] or True for protocol, found in traffic.by_protocol(points)}
    return {"traffic": ports, **({} if shown == host_names.ANY else {"names": list(host_names.signed_patterns(shown))})}


def _addresses(reach: Reach) -> Iterator[tuple[Intervals, Intervals, Names]]:
    for members, allowed in reach.addresses:
        for points, shown in allowed:
            yield members, points, shown


def _address_line(members: Intervals, points: Intervals, shown: Names) -> str:
    """Names alone where they may be at public addresses, as usual; addresses alone where any name will do."""
    where, ports = addresses_text(members), ports_text(points)
    if shown == host_names.ANY:
        return f"{where} on {ports}"
    if shown.below:  # every name but some
        return f"{where} on {ports} as {names_text(shown)}"
    if all(_special_words(name, part) for name, part in _families(members)):
        return f"{names_text(shown)} on {ports}"
    return f"{names_text(shown)} at {where} on {ports}"


# --- addresses ---


@lru_cache(maxsize=1)
def _public() -> Intervals:
    """Every address outside the built-in table of special ones, in both families."""
    return subtract((ALL_V4, ALL_V6), special())


def _families(members: Intervals) -> list[tuple[str, Intervals]]:
    parts = (("IPv4", intersect(members, (ALL_V4,))), ("IPv6", intersect(members, (ALL_V6,))))
    return [(name, part) for name, part in parts if part]


@lru_cache(maxsize=4096)
def addresses_text(members: Intervals) -> str:
    """Blocks with how many addresses they hold; words for all of them, and for all public ones."""
    parts = _families(members)
    if len(parts) == 2:
        both = [_special_words(name, part) for name, part in parts]
        if both[0] and both[1] and both[0].replace("IPv4", "") == both[1].replace("IPv6", ""):
            return both[0].replace(" IPv4", "")
    return " and ".join(_special_words(name, part) or _blocks_text(name, part) for name, part in parts)


def _special_words(family: str, part: Intervals) -> str:
    """Words for a set that needs no list; empty for every other."""
    whole = ALL_V4 if family == "IPv4" else ALL_V6
    if part == (whole,):
        return f"every {family} address"
    public = intersect(_public(), (whole,))
    if part == public:
        return f"every public {family} address"
    if is_subset(part, public) and size(part) > _MOST * size(public):
        return f"nearly every public {family} address ({count_text(size(part))})"
    if is_subset(public, part):
        return f"every public {family} address and {_blocks_text(family, subtract(part, public))}"
    return ""


def _blocks_text(family: str, part: Intervals) -> str:
    blocks = cidrs(part)
    if len(part) == 1 and part[0][0] == part[0][1]:
        return blocks[0].rpartition("/")[0]
    count = f"{count_text(size(part))} addresses"
    if len(blocks) <= _SHOWN_BLOCKS:
        return f"{', '.join(blocks)} ({count})"
    largest = sorted(blocks, key=lambda block: int(block.rpartition("/")[2]))[:_SHOWN_BLOCKS]
    shown = [block for block in blocks if block in largest]
    return f"{len(blocks):,} {family} blocks ({count}), the largest {', '.join(shown)}"


def count_text(count: int) -> str:
    """`256`, `8.4 M`, `3.7 B`; powers of two where numbers have no name."""
    for unit, name in ((10**9, "B"), (10**6, "M")):
        if unit <= count < 1000 * 10**9:
            return f"{count / unit:,.1f} {name}"
    if count < 10**6:
        return f"{count:,}"
    power = count.bit_length() - 1
    return f"2^{power}" if count == 1 << power else f"over 2^{power}"


# --- ports, names, pods ---


def _port(ports: Interval) -> str:
    return str(ports[0]) if ports[0] == ports[1] else f"{ports[0]}-{ports[1]}"


@lru_cache(maxsize=4096)
def ports_text(points: Intervals) -> str:
    """`TCP 443, 8000-8010 and UDP 53`; `every protocol and port`, or that but some."""
    if points == traffic.EVERY_POINT:
        return "every protocol and port"
    if len(traffic.by_protocol(points)) == len(traffic.PROTOCOLS):
        return f"every protocol and port but {ports_text(subtract(traffic.EVERY_POINT, points))}"
    found = []
    for protocol, ports in traffic.by_protocol(points):
        if not ports:
            found.append("every further protocol" if protocol == "other" else protocol)
        elif ports == ((1, traffic.LAST_PORT),):
            found.append(f"every {protocol} port")
        else:
            found.append(f"{protocol} {_some([_port(one) for one in ports])}")
    return _listed(found)


@lru_cache(maxsize=4096)
def names_text(shown: Names) -> str:
    """`api.example.com, *.example.org but not www.example.org`; `any name, or none`."""
    signed = host_names.signed_patterns(shown)
    taken = [pattern[1:] for pattern in signed if pattern.startswith("!") and pattern != "!-"]
    given = [pattern for pattern in signed if not pattern.startswith("!")]
    nameless = "-" in given
    given = [pattern for pattern in given if pattern != "-"]
    if "*" in given:
        return f"{'any name or none' if nameless else 'any name'}{f' but {_some(taken)}' if taken else ''}"
    text = _some([*given, *(["no name at all"] if nameless else [])])
    return f"{text} but not {_some(taken)}" if taken else text


@lru_cache(maxsize=4096)
def pods_text(box: Box) -> str:
    """`pods app=redis of namespace data`, `every pod of every namespace`."""
    namespace, pod = split_peer(box)
    pods = f"pods {_cut(box_text(pod))}" if pod else "every pod"
    if not namespace:
        return f"{pods} of every namespace"
    names_of = dict(namespace).get(NAMESPACE_NAME)
    if len(namespace) == 1 and names_of is not None and not names_of.inverted and not names_of.absent:
        listed = sorted(names_of.values)
        return f"{pods} of namespace{'s' if len(listed) > 1 else ''} {_some(listed)}"
    return f"{pods} of namespaces with {_cut(box_text(namespace))}"


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."


def _some(items: Sequence[str]) -> str:
    """Items with commas, the first of many."""
    if len(items) <= _SHOWN_NAMES:
        return ", ".join(items)
    return f"{', '.join(items[:_SHOWN_NAMES])} and {len(items) - _SHOWN_NAMES:,} more"


def _listed(items: Sequence[str]) -> str:
    return " and ".join([", ".join(items[:-1]), items[-1]]) if len(items) > 1 else items[0]
