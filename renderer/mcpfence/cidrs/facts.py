"""What the documents tell of a cluster, each piece with its source: ranges, profile, families, and what is missing."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, field
from typing import Literal

from mcpfence.cidrs.document_value import DocumentValue
from mcpfence.findings.finding import Collector, quote
from mcpfence.findings.wording import type_name
from mcpfence.net.addresses import ALL_V4, ALL_V6, family, parse_cidr
from mcpfence.net.intervals import Interval, is_subset
from mcpfence.net.special_ranges import special
from mcpfence.structs import Struct

Key = Literal["nodes", "pods", "services", "controlPlane", "routed", "dns"]
KEYS: tuple[Key, ...] = ("nodes", "pods", "services", "controlPlane")
"""The lists of cluster.cidrs.  `routed` are networks around the cluster, `dns` the DNS Service's addresses."""

LEAKS: dict[Key, str] = {
    "nodes": "nodes with public addresses count as public, and the stance internet reaches them",
    "pods": "pods with public or global IPv6 addresses count as public, and the stance internet reaches them",
    "services": "Services in a public range, as on GKE, count as public, and the stance internet reaches them",
    "controlPlane": "kubernetesAPI is refused, and an API server with a public address counts as public",
}
"""What stays open, or does not work, where a list is not complete."""

_EMPTY = ("", "None", "null", "<none>")
"""What the command lines print for nothing; AWS says "None" with --output text."""
_WIDEST = {4: 8, 6: 16}
"""Shortest prefix of a public range that can be somebody's network."""
_WIDEST_API = {4: 24, 6: 64}
"""Shortest prefix of API server addresses (Google's are /28): kubernetesAPI opens all of them."""


_PRIVATE = special()


class FactSource(Struct):
    """Where something was read: file, path in it, and what stands there in words."""

    file: str
    path: str
    what: str


class FoundRange(Struct):
    """A range and where it was read."""

    key: Key
    block: Interval
    source: FactSource


class Scope(Struct):
    """What the user says about the cluster that is meant; empty where nothing is said."""

    cluster: str = ""
    region: str = ""
    project: str = ""
    resource_group: str = ""
    context: str = ""


@dataclass(slots=True)
class Gathered:
    """Filled while documents are read; errors and notes go to `out`."""

    out: Collector
    scope: Scope
    found: list[FoundRange] = field(default_factory=list)
    profiles: dict[str, FactSource] = field(default_factory=dict)
    cnis: dict[str, FactSource] = field(default_factory=dict)
    families: dict[tuple[str, ...], FactSource] = field(default_factory=dict)
    dns_written: bool = False
    """Whether the user's values have dns.clusterIP."""
    told: set[Key] = field(default_factory=set)
    """Keys of which something particular is missing and has been said."""

    def cidr(self, key: Key, node: DocumentValue, what: str) -> bool:
        """Take the CIDR block at `node`; whether there was one.  What is absent is silent, what is empty a note."""
        if not node.there or self._empty(node, what):
            return False
        if not isinstance(node.data, str):
            self.refuse(node, f"{what} is {type_name(node.data)}, not a CIDR block", "check the file")
            return False
        text = node.data.strip()
        try:
            network = ipaddress.ip_network(text, strict=False)
            if "/" not in text or "%" in text:
                raise ValueError
            block = parse_cidr(str(network))
        except ValueError:
            todo = "give the file as the command line printed it"
            self.refuse(node, f"{what} is {quote(text)}, which is no CIDR block", todo)
            return False
        if str(network) != text and ipaddress.ip_address(text.split("/")[0]) != network.network_address:
            if key in ("controlPlane", "dns"):
                todo = "say which addresses are meant"
                self.refuse(node, f"{what} is {quote(text)}, which has host bits set", todo)
                return False
            self.note(node, f"{what} is {quote(text)}, which has host bits set; taken as {network}")
        return self._take(key, block, network.prefixlen, node, what)

    def address(self, key: Key, node: DocumentValue, what: str) -> bool:
        """Take the single address at `node`; whether there was one."""
        if not node.there or self._empty(node, what):
            return False
        try:
            address = ipaddress.ip_address(node.text.strip())
            block = parse_cidr(f"{address}/{address.max_prefixlen}")
        except ValueError:
            self.refuse(node, f"{what} is {quote(node.data)}, which is no address", "check the file")
            return False
        return self._take(key, block, address.max_prefixlen, node, what)

    def _empty(self, node: DocumentValue, what: str) -> bool:
        empty = node.data is None or node.text.strip() in _EMPTY if isinstance(node.data, (str, type(None))) else False
        if empty:
            self.note(node, f"{what} is empty and left out")
        return empty

    def _take(self, key: Key, block: Interval, prefix: int, node: DocumentValue, what: str) -> bool:
        version = family(block[0])
        private = is_subset((block,), _PRIVATE)
        if block in (ALL_V4, ALL_V6):
            if key == "routed":
                self.note(node, f"{what} is the default route and left out")
                return False
            sentence = f"{what} is {node.text}, which is every IPv{version} address"
            self.refuse(node, sentence, "find the range that is meant, and write it by hand")
            return False
        if key == "controlPlane" and prefix < _WIDEST_API[version]:
            sentence = f"{what} is {node.text}, wider than /{_WIDEST_API[version]}: kubernetesAPI would open all of it"
            todo = "give the endpoint slices of Service default/kubernetes, which hold the addresses themselves"
            self.refuse(node, sentence, todo)
            return False
        if prefix < _WIDEST[version] and not private:
            sentence = f"{what} is {node.text}, wider than /{_WIDEST[version]}: no network of yours is that large"
            self.refuse(node, sentence, "take it out of the file if it leads to the Internet")
            return False
        self.found.append(FoundRange(key, block, FactSource(node.file, node.place, what)))
        return True

    def profile(self, name: str, node: DocumentValue, what: str) -> None:
        """The kind of cluster, told with certainty."""
        self.profiles.setdefault(name, FactSource(node.file, node.place, what))

    def cni(self, name: str, node: DocumentValue, what: str) -> None:
        """What enforces policies in the cluster, told with certainty."""
        self.cnis.setdefault(name, FactSource(node.file, node.place, what))

    def family(self, names: tuple[str, ...], node: DocumentValue, what: str) -> None:
        """The IP families of the pods, told with certainty."""
        self.families.setdefault(names, FactSource(node.file, node.place, what))

    def refuse(self, node: DocumentValue, sentence: str, todo: str) -> None:
        """An error about a place in a file."""
        self.out.add("cidrs-range", (), sentence, todo, document=where(node))

    def note(self, node: DocumentValue, sentence: str) -> None:
        """Something that was left out or changed."""
        self.out.add("cidrs-left-out", (), sentence, document=where(node))

    def missing(self, key: Key, sentence: str, todo: str) -> None:
        """Something particular that the documents name and do not tell; what that leaves open is said with it."""
        self.told.add(key)
        self.out.add("cidrs-missing", (), f"{sentence}: {LEAKS[key]}", todo, document=f"cluster.cidrs.{key}")

    def around(self, sentence: str, todo: str) -> None:
        """Networks around the cluster that the documents name and whose ranges they do not tell."""
        said = f"{sentence}: the stance internet reaches them"
        self.out.add("cidrs-missing", (), said, todo, document="egress.except")

    def has(self, key: Key) -> bool:
        """Whether a range of this key was found."""
        return any(item.key == key for item in self.found)


def where(node: DocumentValue) -> str:
    """`FILE PATH` for messages."""
    return f"{node.file} {node.place}".strip()
