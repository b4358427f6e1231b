"""Which packets are worth asking about: those at every edge of the documents that are compared.

Addresses: first, last and the neighbours of every block and except.  Ports: each one and its neighbours, under every
protocol.  Names: each pattern's own, below it, above it, and others.  Pods: those that satisfy each selector, those
that miss it by one label, and pods of every namespace that anybody mentions.
"""

from __future__ import annotations

import ipaddress
import itertools
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

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

_LINK_LOCAL = ("169.254.0.0/16", "fe80::/10")
_ALWAYS = ("0.0.0.0/0", "::/0", "10.0.0.0/8", *_LINK_LOCAL, "1.1.1.1/32", "2606:4700::1111/128", "fd00::/8")
_PORTS = (1, 22, 53, 80, 443, 8099, 65535)
_MOST_CHOICES = 500
"""So many label sets at most are tried for one selector."""


class Mentioned(NamedTuple):
    """What documents mention: blocks, those of smart groups, ports, domains, selectors (as JSON), namespaces."""

    blocks: frozenset[str] = frozenset()
    groups: frozenset[str] = frozenset()
    ports: frozenset[int] = frozenset()
    domains: frozenset[str] = frozenset()
    selectors: frozenset[str] = frozenset()
    spaces: frozenset[str] = frozenset()
    namespaces: frozenset[str] = frozenset()


def mentioned(document: Document) -> Mentioned:
    """What one document mentions."""
    spec = document.get("spec")
    blocks = frozenset(filter(_is_block, _strings(_under(spec, "cidr", "except"))))
    pods = [*_under(spec, "podSelector", "selector"), *({"matchLabels": tags} for tags in _under(spec, "tags"))]
    return Mentioned(
        blocks=blocks,
        groups=blocks if document.get("kind") == "FirewallPolicy" else frozenset(),
        ports=frozenset(port for port in _under(spec, "port", "endPort") if isinstance(port, int)),
        domains=frozenset(_strings(_under(spec, "domains"))),
        selectors=frozenset(json.dumps(one, sort_keys=True) for one in pods if isinstance(one, dict)),
        spaces=frozenset(json.dumps(one, sort_keys=True) for one in _under(spec, "namespaceSelector")),
        namespaces=frozenset(
            [str(document["metadata"].get("namespace", "default")), *_strings(_under(spec, "k8sNamespace"))]
        ),
    )


def together(parts: Iterable[Mentioned]) -> Mentioned:
    """What any of the parts mentions."""
    found = Mentioned()
    for part in parts:
        pairs: Any = zip(found, part, strict=True)
        found = Mentioned(*(left | right for left, right in pairs))
    return found


def _under(value: Any, *keys: str) -> Iterator[Any]:
    """Everything under one of the keys, anywhere in a value."""
    if isinstance(value, dict):
        for key, item in value.items():
            if key in keys and item is not None:
                yield item
            elif isinstance(item, (dict, list)):
                yield from _under(item, *keys)
    elif isinstance(value, list):
        for item in value:
            yield from _under(item, *keys)


def _strings(values: Iterable[Any]) -> Iterator[str]:
    for value in values:
        yield from (item for item in (value if isinstance(value, list) else [value]) if isinstance(item, str))


@lru_cache(maxsize=16)
def universe_of(found: Mentioned, pod_blocks: tuple[str, ...] = ()) -> Universe:
    """The packets for what documents mention; `pod_blocks` hold the addresses that pods may have (none given: any)."""
    addresses = sorted({address for text in {*found.blocks, *_ALWAYS} for address in _edges(text)})
    pods = Pods(found)
    some = itertools.product(
        pods.namespaces(), pods.peers(), pod_addresses(sorted(found.groups), pod_blocks, addresses)
    )
    peers = (
        *(Peer(address) for address in addresses),
        *(Peer(address, space, labels) for space, labels, address in some),
    )
    return Universe(peers, _flows(found))


def _is_block(text: str) -> bool:
    try:
        block(text)
    except Unreadable:
        return False
    return True


@lru_cache(maxsize=4096)
def _edges(text: str) -> tuple[Address, ...]:
    version, first, last = block(text)
    top = (1 << (32 if version == 4 else 128)) - 1
    values = (first - 1, first, (first + last) // 2, last, last + 1)
    return tuple((version, value) for value in values if 0 <= value <= top)


def pod_addresses(
    groups: Sequence[str], pod_blocks: Sequence[str], addresses: Iterable[Address]
) -> tuple[Address, ...]:
    """One address that pods may have for each combination of the blocks in smart groups that it can lie in."""
    edges = {address for text in (*groups, *pod_blocks) for address in _edges(text)} | set(addresses)
    found: dict[tuple[str, ...], Address] = {}
    for address in sorted(edges):
        if not _around(address, _LINK_LOCAL) and (not pod_blocks or _around(address, pod_blocks)):
            found.setdefault(_around(address, groups), address)
    return tuple(found.values())


def _around(address: Address, blocks: Iterable[str]) -> tuple[str, ...]:
    """The blocks that an address lies in."""
    version, value = address
    return tuple(text for text in blocks if (it := block(text))[0] == version and it[1] <= value <= it[2])


def _flows(found: Mentioned) -> Iterator[Flow]:
    near = {port + step for port in (*found.ports, *_PORTS) for step in (-1, 0, 1)}
    names = ["", *_names(found.domains)]
    for port in sorted(port for port in near if 1 <= port <= 65535):
        yield from (Flow("TCP", port, name) for name in names)
        yield Flow("UDP", port, "")
        yield Flow("SCTP", port, "")
    yield Flow("ICMP", 0, "")
    yield Flow("other", 0, "")


def _names(domains: Iterable[str]) -> list[str]:
    found = {"elsewhere.example.org"}
    for pattern in domains:
        name = pattern.lower().removeprefix("*.")
        if name and "*" not in name:
            parent = name.partition(".")[2]
            found |= {name, f"any.{name}", f"two.any.{name}", f"not{name}"}
            found |= {parent, f"next.{parent}"} if parent else set()
    return sorted(found)


class Pods:
    """Label sets for what documents mention: of pods that the selectors select and miss, and of namespaces."""

    def __init__(self, found: Mentioned) -> None:
        self._found = found
        selectors = [json.loads(text) for text in sorted(found.selectors)]
        self._questions = [_question(selector) for selector in selectors]
        self._values = _values(selectors)
        self._satisfying = [labels for one in selectors for labels in satisfying(one, self._values)]

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
        every = [one for one in map(json.loads, sorted(self._found.spaces)) if isinstance(one, dict)]
        known = _values(every)
        found = [labels for selector in every for labels in satisfying(selector, known)]
        found += [other for labels in found for other in _near(labels, known)]
        names = {
            "elsewhere",
            *self._found.namespaces,
            *(labels[NAMESPACE_NAME] for labels in found if NAMESPACE_NAME in labels),
        }
        found += [{NAMESPACE_NAME: name} for name in sorted(names)]
        named = [{NAMESPACE_NAME: "elsewhere", **labels} for labels in found]
        return _distinct(named, [_question(selector) for selector in every], lambda labels: labels[NAMESPACE_NAME])


def satisfying(selector: Document, values: Mapping[str, Sequence[str]]) -> list[Labels]:
    """Label sets that a selector selects, with and without what it leaves open; `values` are those that others name."""
    choices: dict[str, list[str | None]] = {key: [value] for key, value in _pairs(selector.get("matchLabels"))}
    for expression in selector.get("matchExpressions") or ():
        key = str(expression.get("key"))
        choices.setdefault(key, [None, "other", *values.get(key, ()), *(expression.get("values") or ())])
    picked = itertools.islice(itertools.product(*choices.values()), _MOST_CHOICES)
    made = [{key: value for key, value in zip(choices, one, strict=True) if value is not None} for one in picked]
    return list(filter(_question(selector), made))


def _pairs(labels: Any) -> list[tuple[str, str]]:
    return [(key, value) for key, value in labels.items() if isinstance(value, str)] if isinstance(labels, dict) else []


def _near(labels: Labels, values: Mapping[str, Sequence[str]]) -> Iterator[Labels]:
    """Label sets that differ in one key."""
    for key in labels:
        yield {name: value for name, value in labels.items() if name != key}
    for key, some in values.items():
        for value in ("other", *some):
            yield {**labels, key: value}


def _distinct(
    candidates: Iterable[Labels], questions: Sequence[Question], key: Callable[[Labels], object] = lambda _: None
) -> list[Labels]:
    """One label set for each combination of answers (and of keys)."""
    found: dict[tuple[object, ...], Labels] = {}
    for labels in candidates:
        found.setdefault((key(labels), *(question(labels) for question in questions)), labels)
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


def _question(selector: Document) -> Question:
    """A selector as a question; what cannot be read selects nothing."""
    try:
        return selecting(selector)
    except (Unreadable, KeyError, TypeError, AttributeError):
        return lambda _labels: False


def show(address: Address) -> str:
    """An address as people write it."""
    return str(ipaddress.IPv4Address(address[1]) if address[0] == 4 else ipaddress.IPv6Address(address[1]))
