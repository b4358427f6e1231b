"""Which packets are worth asking about: those at every edge of the documents that are compared.

Addresses: first, last and the neighbours of every block and except.  Ports: each one and its neighbours, under every
protocol.  Names: each pattern's own, below it, above it, and others.  Pods: those that satisfy each selector, those
that miss it by one label, and pods of every namespace that anybody mentions.
"""

from __future__ import annotations

import ipaddress
import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from proof.universe import (
    NAMESPACE_NAME,
    Address,
    Document,
    Flow,
    Peer,
    Question,
    Universe,
    Unreadable,
    block,
    selecting,
)

Labels = dict[str, str]

_ALWAYS = ("0.0.0.0/0", "::/0", "10.0.0.0/8", "169.254.0.0/16", "fe80::/10", "1.1.1.1/32", "2606:4700::1111/128", "fd00::/8")
_PORTS = (1, 22, 53, 80, 443, 8099, 65535)
_MOST_CHOICES = 500
"""So many label sets at most are tried for one selector."""


def packets_of(documents: Sequence[Document], pod_blocks: Sequence[str] = ()) -> Universe:
    """The packets for some documents; `pod_blocks` hold the addresses that pods may have (none given: any)."""
    blocks = sorted({text for text in strings(documents, ("cidr", "except")) if _is_block(text)} | set(_ALWAYS))
    addresses = sorted({address for text in blocks for address in _edges(text)})
    groups = sorted({text for document in documents for text in _group_blocks(document)})
    pods = Pods(documents)
    some = itertools.product(pods.namespaces(), pods.peers(), pod_addresses(groups, pod_blocks, addresses))
    peers = (*(Peer(address) for address in addresses), *(Peer(address, space, labels) for space, labels, address in some))
    return Universe(peers, _flows(documents))


def strings(value: Any, keys: tuple[str, ...], inside: bool = False) -> Iterator[str]:
    """Every string under one of the keys, anywhere in a value."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield from strings(item, keys, inside or key in keys)
    elif isinstance(value, list):
        for item in value:
            yield from strings(item, keys, inside)
    elif inside and isinstance(value, str):
        yield value


def numbers(value: Any) -> Iterator[int]:
    """Every port, anywhere in a value."""
    if isinstance(value, dict):
        for key, item in value.items():
            if key in ("port", "endPort") and isinstance(item, int):
                yield item
            yield from numbers(item)
    elif isinstance(value, list):
        for item in value:
            yield from numbers(item)


def _is_block(text: str) -> bool:
    try:
        block(text)
    except Unreadable:
        return False
    return True


def _edges(text: str) -> Iterator[Address]:
    version, first, last = block(text)
    top = (1 << (32 if version == 4 else 128)) - 1
    for value in (first - 1, first, (first + last) // 2, last, last + 1):
        if 0 <= value <= top:
            yield version, value


def _group_blocks(document: Document) -> Iterator[str]:
    if document.get("kind") == "FirewallPolicy":
        yield from filter(_is_block, strings(document.get("spec"), ("cidr",)))


def pod_addresses(
    groups: Sequence[str], pod_blocks: Sequence[str], addresses: Sequence[Address]
) -> tuple[Address, ...]:
    """One address that pods may have for each combination of the blocks in smart groups that it can lie in."""
    edges = {address for text in (*groups, *pod_blocks) for address in _edges(text)} | set(addresses)
    found: dict[tuple[bool, ...], Address] = {}
    for address in sorted(edges):
        if not _in_any(address, ("169.254.0.0/16", "fe80::/10")) and (not pod_blocks or _in_any(address, pod_blocks)):
            found.setdefault(tuple(lies(address, block(text)) for text in groups), address)
    return tuple(found.values())


def lies(address: Address, inside: tuple[int, int, int]) -> bool:
    """Whether an address lies in a block."""
    return address[0] == inside[0] and inside[1] <= address[1] <= inside[2]


def _in_any(address: Address, blocks: Iterable[str]) -> bool:
    return any(lies(address, block(text)) for text in blocks)


def _flows(documents: Sequence[Document]) -> Iterator[Flow]:
    given = {*numbers(list(documents)), *_PORTS}
    ports = sorted({near for port in given for near in (port - 1, port, port + 1) if 1 <= near <= 65535})
    names = ["", *_names(documents)]
    for port in ports:
        yield from (Flow("TCP", port, name) for name in names)
        yield Flow("UDP", port, "")
        yield Flow("SCTP", port, "")
    yield Flow("ICMP", 0, "")
    yield Flow("other", 0, "")


def _names(documents: Sequence[Document]) -> list[str]:
    found = {"elsewhere.example.org"}
    for pattern in strings(list(documents), ("domains",)):
        name = pattern.removeprefix("*.")
        if name and "*" not in name:
            parent = name.partition(".")[2]
            found |= {name, f"any.{name}", f"two.any.{name}", f"not{name}", *((parent, f"next.{parent}") if parent else ())}
    return sorted(found)


# --- pods ---


class Pods:
    """Label sets for some documents: of pods that their selectors select and miss, and of namespaces."""

    def __init__(self, documents: Sequence[Document]) -> None:
        self._documents = documents
        found = {repr(one): one for one in _under(documents, "podSelector", "selector") if isinstance(one, dict)}
        for tags in _under(documents, "tags"):
            found.setdefault(repr(tags), {"matchLabels": tags})
        self._selectors = list(found.values())
        self._questions = [_question(selector) for selector in self._selectors]
        self._values = _values(self._selectors)
        self._satisfying = [labels for one in self._selectors for labels in satisfying(one, self._values)]

    def subjects(self, selector: Document) -> list[Labels]:
        """Pods that a fence's selector selects, one for each combination of further selectors that select them too."""
        wanted = _question(selector)
        found = satisfying(selector, self._values)
        for labels in found[:]:
            found += [joined for extra in self._satisfying if wanted(joined := {**extra, **labels})]
        return _distinct(found, self._questions)

    def peers(self) -> list[Labels]:
        """Pods of every selector and pods that miss it by one label, one for each combination of selectors."""
        near = (other for labels in self._satisfying for other in _near(labels, self._values))
        return _distinct([{}, *self._satisfying, *near], self._questions)

    def namespaces(self) -> list[Labels]:
        """The labels of every namespace that is mentioned, and of one that nobody mentions."""
        names = {"elsewhere", *strings(list(self._documents), ("k8sNamespace",))}
        names |= {str(document["metadata"].get("namespace", "default")) for document in self._documents}
        every = [one for one in _under(self._documents, "namespaceSelector") if isinstance(one, dict)]
        known = _values(every)
        found: list[Labels] = []
        for selector in every:
            for labels in satisfying(selector, known):
                found += [labels, *_near(labels, known)]
        names |= {labels[NAMESPACE_NAME] for labels in found if NAMESPACE_NAME in labels}
        found += [{NAMESPACE_NAME: name} for name in sorted(names)]
        named = [{NAMESPACE_NAME: "elsewhere", **labels} for labels in found]
        return _distinct(named, [_question(selector) for selector in every], NAMESPACE_NAME)


def satisfying(selector: Document, mentioned: Mapping[str, Sequence[str]]) -> list[Labels]:
    """Label sets that a selector selects, with and without what it leaves open."""
    choices: dict[str, list[str | None]] = {}
    for key, value in _pairs(selector.get("matchLabels")):
        choices[key] = [value]
    for expression in selector.get("matchExpressions") or ():
        key = str(expression.get("key"))
        choices.setdefault(key, [None, "other", *mentioned.get(key, ())])
    picked = itertools.product(*choices.values())
    made = ({key: value for key, value in zip(choices, values, strict=True) if value is not None} for values in picked)
    wanted = _question(selector)
    return [labels for labels in itertools.islice(made, _MOST_CHOICES) if wanted(labels)]


def _pairs(labels: Any) -> list[tuple[str, str]]:
    return [(key, value) for key, value in labels.items() if isinstance(value, str)] if isinstance(labels, dict) else []


def _near(labels: Labels, mentioned: Mapping[str, Sequence[str]]) -> Iterator[Labels]:
    """Label sets that differ in one key."""
    for key in labels:
        yield {name: value for name, value in labels.items() if name != key}
    for key, values in mentioned.items():
        for value in ("other", *values):
            yield {**labels, key: value}


def _distinct(candidates: Iterable[Labels], questions: Sequence[Question], key: str = "") -> list[Labels]:
    """One label set for each combination of answers (and of values of `key`)."""
    found: dict[tuple[object, ...], Labels] = {}
    for labels in candidates:
        found.setdefault((labels.get(key), *(question(labels) for question in questions)), labels)
    return list(found.values())


def _values(selectors: Iterable[Document]) -> dict[str, list[str]]:
    """Every label key that selectors mention, with the values that they mention."""
    found: dict[str, set[str]] = {}
    for selector in selectors:
        for key, value in _pairs(selector.get("matchLabels")):
            found.setdefault(key, set()).add(value)
        for expression in selector.get("matchExpressions") or ():
            found.setdefault(str(expression.get("key")), set()).update(expression.get("values") or ())
    return {key: sorted(values) for key, values in sorted(found.items())}


def _under(value: Any, *keys: str) -> Iterator[Any]:
    """Everything under one of the keys, anywhere in a value."""
    if isinstance(value, dict):
        for key, item in value.items():
            if key in keys and item is not None:
                yield item
            yield from _under(item, *keys)
    elif isinstance(value, list):
        for item in value:
            yield from _under(item, *keys)


def _question(selector: Document) -> Question:
    """A selector as a question; what cannot be read selects nothing."""
    try:
        return selecting(selector)
    except (Unreadable, KeyError, TypeError, AttributeError):
        return lambda _labels: False


def show(address: Address) -> str:
    """An address as people write it."""
    return str(ipaddress.IPv4Address(address[1]) if address[0] == 4 else ipaddress.IPv6Address(address[1]))
