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

from proof.bruteforce import NAMESPACE_NAME, Address, Document, Flow, Packets, Peer, Unreadable, block, selects

Labels = dict[str, str]

_ALWAYS = ("0.0.0.0/0", "::/0", "10.0.0.0/8", "169.254.169.254/32", "1.1.1.1/32", "2606:4700::1111/128", "fd00::/8")
_PORTS = (1, 22, 53, 80, 443, 8099, 65535)
_MORE_CHOICES = 24
"""Up to so many label sets are made of one selector."""


def packets_of(documents: Sequence[Document], pod_blocks: Sequence[str] = ()) -> Packets:
    """The packets for some documents; `pod_blocks` hold the addresses that pods may have (none given: any)."""
    blocks = sorted({text for text in strings(documents, ("cidr", "except")) if _is_block(text)} | set(_ALWAYS))
    addresses = sorted({address for text in blocks for address in _edges(text)})
    groups = sorted({text for document in documents for text in _group_blocks(document)})
    pods = [
        Peer(address, namespace, labels)
        for namespace, labels in itertools.product(_namespaces(documents), _pods(documents))
        for address in pod_addresses(groups, pod_blocks, addresses)
    ]
    return Packets((*(Peer(address) for address in addresses), *pods), tuple(_flows(documents)))


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
    for value in (first - 1, first, first + 1, (first + last) // 2, last - 1, last, last + 1):
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
        if _lies(address, ("169.254.0.0/16", "fe80::/10")):
            continue
        if not pod_blocks or _lies(address, pod_blocks):
            found.setdefault(tuple(_lies(address, (text,)) for text in groups), address)
    return tuple(found.values())


def _lies(address: Address, blocks: Iterable[str]) -> bool:
    return any(version == address[0] and first <= address[1] <= last for version, first, last in map(block, blocks))


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


def selectors(documents: Sequence[Document]) -> list[Document]:
    """Every label selector over pods, tags of smart groups included, each once."""
    found: dict[str, Document] = {}
    for document in documents:
        for selector in _selectors(document.get("spec"), "podSelector", "selector"):
            if isinstance(selector, dict):
                found.setdefault(repr(selector), selector)
        for tags in _selectors(document.get("spec"), "tags"):
            found.setdefault(repr(tags), {"matchLabels": tags})
    return list(found.values())


def _selectors(value: Any, *keys: str) -> Iterator[Any]:
    if isinstance(value, dict):
        for key, item in value.items():
            if key in keys and item is not None:
                yield item
            yield from _selectors(item, *keys)
    elif isinstance(value, list):
        for item in value:
            yield from _selectors(item, *keys)


def satisfying(selector: Document) -> list[Labels]:
    """Label sets that a selector selects: with and without what it leaves open."""
    choices: dict[str, list[str | None]] = {}
    for key, value in (selector.get("matchLabels") or {}).items():
        choices.setdefault(key, []).append(value)
    for expression in selector.get("matchExpressions") or []:
        values: list[str | None] = list(expression.get("values") or [])
        found = choices.setdefault(expression.get("key"), [])
        found += [*values, "other", None]
    picked = itertools.islice(itertools.product(*choices.values()), _MORE_CHOICES)
    made = [{key: value for key, value in zip(choices, values, strict=True) if value is not None} for values in picked]
    return [labels for labels in made if _selected(selector, labels)]


def _selected(selector: Document, labels: Mapping[str, str]) -> bool:
    try:
        return selects(selector, labels)
    except (Unreadable, KeyError, TypeError, AttributeError):
        return False


def subjects(selector: Document, documents: Sequence[Document]) -> list[Labels]:
    """Pods that a fence's selector selects, bare and with labels that further selectors ask for."""
    bare = satisfying(selector)
    found = {tuple(sorted(labels.items())): labels for labels in bare}
    for other in selectors(documents):
        for extra in satisfying(other):
            for labels in bare:
                joined = {**extra, **labels}
                if _selected(selector, joined):
                    found.setdefault(tuple(sorted(joined.items())), joined)
    return list(found.values())


def _pods(documents: Sequence[Document]) -> list[Labels]:
    found: dict[tuple[tuple[str, str], ...], Labels] = {}
    for selector in ({}, *selectors(documents)):
        for labels in satisfying(selector):
            for near in (labels, *_near(labels)):
                found.setdefault(tuple(sorted(near.items())), near)
    return list(found.values())


def _near(labels: Labels) -> Iterator[Labels]:
    """Label sets that differ in one key."""
    for key in labels:
        yield {name: value for name, value in labels.items() if name != key}
        yield {**labels, key: "other"}
    yield {**labels, "further": "label"}


def _namespaces(documents: Sequence[Document]) -> list[Labels]:
    """The labels of every namespace that is mentioned, and of one that nobody mentions."""
    names = {"elsewhere", *strings(list(documents), ("k8sNamespace",))}
    names |= {str(document["metadata"].get("namespace", "default")) for document in documents}
    found = {name: {NAMESPACE_NAME: name} for name in sorted(names)}
    for selector in _selectors([document.get("spec") for document in documents], "namespaceSelector"):
        for labels in satisfying(selector) if isinstance(selector, dict) else ():
            name = labels.get(NAMESPACE_NAME, "elsewhere")
            found[repr(labels)] = {NAMESPACE_NAME: name, **labels}
    return [labels for _, labels in sorted({tuple(sorted(one.items())): one for one in found.values()}.items())]


def show(address: Address) -> str:
    """An address as people write it."""
    return str(ipaddress.IPv4Address(address[1]) if address[0] == 4 else ipaddress.IPv6Address(address[1]))
