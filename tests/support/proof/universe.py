"""The packets that judges ask about: peers and flows, and which of them a block, a selector or a port means.

Sets of peers and sets of flows are whole numbers with one bit a member.  Written from the APIs' documentation alone:
no line of it is shared with mcpfence.
"""

from __future__ import annotations

import ipaddress
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from typing import Any, NamedTuple

Document = dict[str, Any]
Address = tuple[int, int]
"""IP version and the address as a number."""

Question = Callable[[Mapping[str, str]], bool]
"""Asked of a set of labels."""

NAMESPACE_NAME = "kubernetes.io/metadata.name"


class Unreadable(Exception):
    """The API server would refuse this object, or drop a part of it."""


def demand(condition: object) -> None:
    """Raise Unreadable where a condition does not hold."""
    if not condition:
        raise Unreadable


def known(mapping: Any, *keys: str) -> Document:
    """A mapping with no other keys."""
    demand(isinstance(mapping, dict) and set(mapping) <= set(keys))
    return dict(mapping)


class Peer(NamedTuple):
    """The other end: an address outside the cluster, or a pod, which has labels and an address too."""

    address: Address
    namespace: Mapping[str, str] | None = None
    labels: Mapping[str, str] = {}


class Flow(NamedTuple):
    """Protocol, port (0 where the protocol has none) and the name that shows in TLS or HTTP ("" for none)."""

    protocol: str
    port: int
    name: str


class Universe:
    """Every peer with every flow."""

    def __init__(self, peers: Iterable[Peer], flows: Iterable[Flow]) -> None:
        self.peers, self.flows = tuple(peers), tuple(flows)
        self.every_peer, self.every_flow = (1 << len(self.peers)) - 1, (1 << len(self.flows)) - 1
        self._sorted = sorted((peer.address, place) for place, peer in enumerate(self.peers))
        self._by_label = _grouped(
            (_items(peer.labels), place) for place, peer in enumerate(self.peers) if peer.namespace
        )
        self._by_space = _grouped(
            (_items(peer.namespace), place) for place, peer in enumerate(self.peers) if peer.namespace
        )
        self._by_port = _grouped((flow[:2], place) for place, flow in enumerate(self.flows))
        self._by_name = _grouped((flow.name, place) for place, flow in enumerate(self.flows))
        self.pods = union(self._by_label.values())
        self._blocks: dict[str, int] = {}

    def in_block(self, text: str) -> int:
        """The peers, pods among them, whose address lies in a CIDR block."""
        found = self._blocks.get(text)
        if found is None:
            version, first, last = block(text)
            start = bisect_left(self._sorted, ((version, first), 0))
            end = bisect_right(self._sorted, ((version, last), len(self.peers)))
            found = self._blocks[text] = union(1 << place for _, place in self._sorted[start:end])
        return found

    def labelled(self, question: Question) -> int:
        """The pods whose labels pass a question."""
        return union(bits for labels, bits in self._by_label.items() if question(dict(labels)))

    def of_namespace(self, question: Question) -> int:
        """The pods whose namespace's labels pass a question."""
        return union(bits for labels, bits in self._by_space.items() if question(dict(labels)))

    def on(self, protocol: str, first: int = 0, last: int = 65535) -> int:
        """The flows of a protocol on some ports."""
        return union(bits for (name, port), bits in self._by_port.items() if name == protocol and first <= port <= last)

    def under(self, shown: Callable[[str], bool]) -> int:
        """The flows under names that pass a test."""
        return union(bits for name, bits in self._by_name.items() if shown(name))


def members(bits: int) -> Iterable[int]:
    """The places of a set."""
    while bits:
        low = bits & -bits
        yield low.bit_length() - 1
        bits ^= low


def union(sets: Iterable[int]) -> int:
    """What any of the sets has."""
    found = 0
    for bits in sets:
        found |= bits
    return found


def _grouped(places: Iterable[tuple[Any, int]]) -> dict[Any, int]:
    found: dict[Any, int] = {}
    for key, place in places:
        found[key] = found.get(key, 0) | 1 << place
    return found


def _items(labels: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    return tuple(sorted(labels.items()))


@lru_cache(maxsize=4096)
def block(text: Any) -> tuple[int, int, int]:
    """(IP version, first, last) of a CIDR block; older API servers mask host bits, so they are no fault."""
    demand(isinstance(text, str) and "/" in text)
    try:
        network = ipaddress.ip_network(text, strict=False)
    except ValueError:
        raise Unreadable from None
    return network.version, int(network.network_address), int(network.broadcast_address)


def selecting(selector: Any) -> Question:
    """Whether a LabelSelector selects something with these labels; an empty one selects everything."""
    found = known(selector, "matchLabels", "matchExpressions")
    labels = list((found.get("matchLabels") or {}).items())
    demand(all(isinstance(value, str) for _, value in labels))
    asked = [_expression(known(item, "key", "operator", "values")) for item in found.get("matchExpressions") or []]

    def selects(other: Mapping[str, str]) -> bool:
        for key, value in labels:
            if other.get(key) != value:
                return False
        return all(question(other) for question in asked)

    return selects


def _expression(expression: Document) -> Question:
    key, operator, values = expression["key"], expression["operator"], expression.get("values") or []
    demand(operator in ("In", "NotIn", "Exists", "DoesNotExist"))
    demand(bool(values) == (operator in ("In", "NotIn")))
    if operator == "In":
        return lambda other: other.get(key) in values
    if operator == "NotIn":
        return lambda other: other.get(key) not in values
    return lambda other: (key in other) == (operator == "Exists")
