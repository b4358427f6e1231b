"""What is worth asking about ClusterNetworkPolicies: edges of their blocks and ports, and names at every depth."""

from __future__ import annotations

import ipaddress
import random
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from cilium.asking import values_of
from cilium.judge import Document, Point, Question

ALWAYS = ("1.1.1.1", "10.0.0.1", "169.254.169.254", "127.0.0.1", "2606:4700:4700::1111", "fd00:ec2::254")
POINTS: tuple[Point, ...] = (("TCP", 443), ("UDP", 443), ("UDP", 53), ("SCTP", 7), ("ICMP", 8))


class Asked(NamedTuple):
    """The questions about one cluster: without a name, and under names as they are written in lower case."""

    plain: list[Question]
    named: list[Question]
    otherwise: list[Question]
    """The same names in upper case, which this engine compares as they are."""


def asked(documents: Sequence[Document], *, seed: int, addresses: int = 8, points: int = 6, names: int = 7) -> Asked:
    """Questions of every pod with policies of its own, chosen by the seed."""
    rng = random.Random(seed)  # noqa: S311  # the same in every run, and no secret
    pods = [_title(one) for one in documents if one["kind"] == "Pod"]
    fenced = _some(rng, pods, 5)
    outside = (*ALWAYS, *_some(rng, sorted(set(addresses_of(documents)) - set(ALWAYS)), addresses))
    ports = (*POINTS, *_some(rng, sorted(set(points_of(documents)) - set(POINTS)), points))
    plain = [Question(tuple(fenced), (*_some(rng, pods, 6), *outside), ports)]
    plain.append(Question((*_some(rng, pods, 4), "8.8.8.8"), tuple(fenced), ports))
    sample = ("1.1.1.1", "2606:4700:4700::1111", *_some(rng, outside, 3), *_some(rng, pods, 1))
    tcp = tuple(point for point in ports if point[0] == "TCP")[:4]
    few = (*tcp, ("UDP", 443))
    chosen = _some(rng, sorted(set(names_of(documents))), names)
    named = [Question(tuple(fenced), sample, few, name) for name in chosen]
    return Asked(plain, named, [one._replace(name=one.name.upper()) for one in named[:2]])


def addresses_of(documents: Iterable[Document]) -> Iterator[str]:
    """First, last and just outside of every block."""
    blocks = {text for found in values_of(documents, "networks") for text in found}
    blocks |= {text for one in values_of(documents, "ipBlock") for text in (one["cidr"], *one.get("except", ()))}
    for text in sorted(blocks):
        network = ipaddress.ip_network(text)
        make = type(network.network_address)
        first, last = int(network.network_address), int(network.broadcast_address)
        for number in (first, last, first - 1, last + 1):
            if 0 <= number < 1 << network.max_prefixlen and not _mapped(number, network.version):
                yield str(make(number))


def _mapped(number: int, version: int) -> bool:
    """Whether an IPv6 address stands for an IPv4 one: no packet has such a destination."""
    return version == 6 and number >> 32 == 0xFFFF


def points_of(documents: Iterable[Document]) -> Iterator[Point]:
    """One below, first, last and one above of every port."""
    for protocols in values_of(documents, "protocols"):
        for entry in protocols:
            ((key, content),) = entry.items()
            port = content["destinationPort"]
            span = port.get("range") or {"start": port["number"], "end": port["number"]}
            yield from _valid(key.upper(), span["start"] - 1, span["start"], span["end"], span["end"] + 1)
    for ports in values_of([one for one in documents if one["kind"] == "NetworkPolicy"], "ports"):
        for entry in ports:
            first, last = entry["port"], entry.get("endPort", entry["port"])
            yield from _valid(entry.get("protocol", "TCP"), first - 1, first, last, last + 1)


def _valid(protocol: str, *ports: int) -> Iterator[Point]:
    yield from ((protocol, port) for port in ports if 1 <= port <= 65535)


def names_of(documents: Iterable[Document]) -> Iterator[str]:
    """Each name itself, its parent, up to three labels below it, and what merely ends alike."""
    yield "elsewhere.example.org"
    for patterns in values_of(documents, "domainNames"):
        for pattern in patterns:
            name = pattern.lower().removeprefix("*.").removesuffix(".")
            yield from (name, f"a.{name}", f"b.a.{name}", f"c.b.a.{name}", f"d.c.b.a.{name}", f"not{name}")
            yield from ([name.partition(".")[2]] if "." in name else [])


def _some(rng: random.Random, found: Sequence[Any], most: int) -> tuple[Any, ...]:
    return tuple(rng.sample(found, most) if len(found) > most else found)


def _title(document: Document) -> str:
    return f"{document['metadata'].get('namespace', 'default')}/{document['metadata']['name']}"
