"""What is worth asking about some policies: their pods, and addresses and ports at the edges of what they name."""

from __future__ import annotations

import ipaddress
import random
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from cilium.judge import Document, Point, Question

ALWAYS = ("1.1.1.1", "10.0.0.1", "169.254.169.254", "127.0.0.1", "2606:4700:4700::1111", "fd00:ec2::254")
ALWAYS_POINTS: tuple[Point, ...] = (("TCP", 1), ("TCP", 443), ("TCP", 65535), ("UDP", 53), ("SCTP", 7), ("ICMP", 8))


def questions(documents: Sequence[Document], *, seed: int, addresses: int = 24, points: int = 20) -> list[Question]:
    """Every pair of pods, and pods with addresses both ways, on edges; at most so many, chosen by the seed."""
    rng = random.Random(seed)  # noqa: S311  # the same in every run, and no secret
    pods = tuple(_title(one) for one in documents if one["kind"] == "Pod")
    outside = _some(rng, ALWAYS, dict.fromkeys(addresses_of(documents)), addresses)
    ports = _some(rng, ALWAYS_POINTS, dict.fromkeys(points_of(documents)), points)
    return [Question(pods, pods, ports), Question(pods, outside, ports), Question(outside, pods, ports)]


def addresses_of(documents: Iterable[Document]) -> Iterator[str]:
    """First, last and just outside of every block and every except."""
    for block in values_of(documents, "ipBlock"):
        for text in (block["cidr"], *block.get("except", ())):
            network = ipaddress.ip_network(text)
            make = type(network.network_address)
            first, last = int(network.network_address), int(network.broadcast_address)
            for number in (first, last, first - 1, last + 1):
                if 0 <= number < 1 << network.max_prefixlen:
                    yield str(make(number))


def points_of(documents: Sequence[Document]) -> Iterator[Point]:
    """One below, first, last and one above of every entry, and the numbers of named ports with their neighbours."""
    for ports in values_of([one for one in documents if one["kind"] == "NetworkPolicy"], "ports"):
        for entry in ports:
            if isinstance(entry.get("port"), int):
                first, last = entry["port"], entry.get("endPort", entry["port"])
                yield from _valid(entry.get("protocol", "TCP"), first - 1, first, last, last + 1)
    for ports in values_of([one for one in documents if one["kind"] == "Pod"], "ports"):
        for entry in ports:
            number = entry["containerPort"]
            yield from _valid(entry["protocol"], number, number + 1)


def values_of(value: Any, key: str) -> Iterator[Any]:
    """Every value under a key, at any depth."""
    if isinstance(value, dict):
        if key in value:
            yield value[key]
        for part in value.values():
            yield from values_of(part, key)
    elif isinstance(value, (list, tuple)):
        for part in value:
            yield from values_of(part, key)


def _valid(protocol: str, *ports: int) -> Iterator[Point]:
    yield from ((protocol, port) for port in ports if 1 <= port <= 65535)


def _some(rng: random.Random, always: Sequence[Any], found: dict[Any, None], most: int) -> tuple[Any, ...]:
    more = [one for one in found if one not in always]
    return (*always, *rng.sample(more, min(len(more), most)))


def _title(document: Document) -> str:
    return f"{document['metadata'].get('namespace', 'default')}/{document['metadata']['name']}"
