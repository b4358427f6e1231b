"""The packets to ask about: those on the edges of everything that some policies mention."""

from __future__ import annotations

import ipaddress
import random
import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from ordered.oracle import Document, Shot

SPECIAL = ("169.254.169.254", "10.0.0.1", "127.0.0.1", "1.1.1.1", "168.63.129.16", "2606:4700::1111", "fd00:ec2::254")
PROTOCOLS = ("TCP", "UDP", "SCTP")
WELL_KNOWN = (("TCP", 443), ("TCP", 80), ("UDP", 53))


class Edges:
    """What to choose from: of one rule, or of all policies."""

    def __init__(self, value: Any, spaces: set[str]) -> None:
        blocks, ports, names = set[str](), set[tuple[str, int]](), {""}
        spaces = set(spaces)
        for key, leaf in _leaves(value, ""):
            if key in ("cidr", "except", "nets", "notNets"):
                blocks |= set(_edges(str(leaf)))
            elif key in ("port", "endPort", "ports"):
                around = {int(part) + step for part in str(leaf).split(":") for step in (-1, 0, 1)}
                ports |= {(protocol, port) for protocol in PROTOCOLS for port in around if 0 < port < 65536}
            elif key in ("domains", "fqdn"):
                base = str(leaf).removeprefix("*.")
                names |= {base, f"a.{base}", f"b.a.{base}", f"evil{base}"}
            elif key == "kubernetes.io/metadata.name":
                spaces.add(str(leaf))
            elif found := re.search(r"metadata.name == '([^']+)'", str(leaf)):
                spaces.add(found[1])
        self.blocks, self.ports, self.names = sorted(blocks) or SPECIAL, sorted(ports) or WELL_KNOWN, sorted(names)
        self.spaces, self.people = sorted(spaces), sorted({*_people(value), ()})

    def shot(self, rng: random.Random) -> Shot:
        """One packet; its parts have nothing to do with each other but that all stand here."""
        protocol, port = rng.choice(self.ports)
        if rng.random() < 0.5:
            return Shot(protocol, port, namespace=rng.choice(self.spaces), labels=rng.choice(self.people))
        address = rng.choice(self.blocks) if rng.random() < 0.7 else rng.choice(SPECIAL)
        return Shot(protocol, port, address=address, name=rng.choice(self.names))


def edges_of(documents: list[Document]) -> list[Edges]:
    """What each rule mentions, and at last what all policies do."""
    spaces = {"kube-system", "elsewhere", *(one["metadata"]["namespace"] for one in documents)}
    rules = [rule for one in documents for rule in one["spec"].get("egress") or ()]
    return [Edges(rule, spaces) for rule in rules] + [Edges([one["spec"] for one in documents], spaces)]


def shots(edges: list[Edges], rng: random.Random, count: int) -> list[Shot]:
    """Packets on the edges of one rule, or of all policies; the same in every run."""
    return [rng.choice(edges).shot(rng) for _ in range(count)]


def _leaves(value: Any, key: str) -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        for name, item in value.items():
            yield from _leaves(item, name)
    elif isinstance(value, list):
        for item in value:
            yield from _leaves(item, key)
    else:
        yield key, value


@lru_cache(maxsize=4096)
def _edges(cidr: str) -> tuple[str, ...]:
    block = ipaddress.ip_network(cidr)
    first, last, most = int(block[0]), int(block[-1]), 2**block.max_prefixlen - 1
    kind = type(block[0])
    return tuple(str(kind(number)) for number in (first, last, first - 1, last + 1) if 0 <= number <= most)


def _people(value: Any) -> Iterator[tuple[tuple[str, str], ...]]:
    """Labels that some selector asks for, and the same but for one."""
    if isinstance(value, dict):
        tests = re.findall(r"([\w./-]+) == '([^']*)'", str(value.get("selector", "")))
        yield from ((test,) for test in tests if "/orchestrator" not in test[0])
        if "matchLabels" in value:
            labels = tuple(sorted(value["matchLabels"].items()))
            yield labels
            yield labels[1:]
        for item in value.get("matchExpressions", ()):
            yield from (((item["key"], one),) for one in item.get("values", ("any",)))
        for item in value.values():
            yield from _people(item)
    elif isinstance(value, list):
        for item in value:
            yield from _people(item)
