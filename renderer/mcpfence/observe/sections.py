"""What a report tells one by one, and what it only counts: of each kind and server the best founded, and no more.

A server that scans a network, or a name that is made up anew for each call, gives as many things as there are lines.
Nobody reads them, and no machine should hold them: all are counted, some are told, and what they are mostly is said.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from mcpfence.observe.sorting import Row
from mcpfence.structs import Struct

MOST_TOLD = 500
"""So many things of one kind are told of a server."""
MOST_IN_ALL = 20_000
"""So many are told in a report; of many servers with much to tell each has fewer."""
_LEAST_TOLD = 10
_GROUPS = 3
_PORTS = 3

SectionName = tuple[int, str]
"""The number of a fence, and which part of what is told of it."""


class Mostly(Struct):
    """Many things that have something in common."""

    what: str
    flows: int
    records: int
    ports: tuple[str, ...]
    """The first few."""
    ports_in_all: int


class Cut(Struct):
    """A part of the report of which not everything is told."""

    part: str
    flows: int
    """All of them."""
    told: int
    records: int
    mostly: tuple[Mostly, ...]
    """The largest groups, told or not."""


class ToldItem(Struct):
    """One thing, and how well it is founded: the least rank is told first."""

    rank: Row
    value: Any


@dataclass(slots=True)
class _Section:
    items: list[ToldItem] = field(default_factory=list)
    flows: int = 0
    records: int = 0
    group: str = ""
    group_flows: int = 0
    group_records: int = 0
    ports: set[tuple[int, str]] = field(default_factory=set)
    groups: list[Mostly] = field(default_factory=list)

    def count(self, group: str, port: tuple[int, str], records: int) -> None:
        """One thing more; those of one group follow one another."""
        if group != self.group:
            self.end_group()
            self.group = group
        self.flows += 1
        self.records += records
        self.group_flows += 1
        self.group_records += records
        self.ports.add(port)

    def end_group(self) -> None:
        """Keep what was counted of the last group, if it is one of the largest."""
        if self.group_flows:
            ports = tuple(f"{port}/{name}" if port else name for port, name in sorted(self.ports)[:_PORTS] if name)
            found = Mostly(self.group, self.group_flows, self.group_records, ports, len(self.ports))
            self.groups = sorted([*self.groups, found], key=lambda one: (-one.flows, one.what))[:_GROUPS]
        self.group_flows = self.group_records = 0
        self.ports = set()


class Sections:
    """Filled thing by thing, group by group; the same is told in whatever order things of a group come."""

    def __init__(self, most: int = MOST_TOLD, in_all: int = MOST_IN_ALL) -> None:
        self._most = most
        self._in_all = max(in_all, most)
        self._held = 0
        self._found: dict[SectionName, _Section] = {}

    def add(self, name: SectionName, item: ToldItem, group: str, port: tuple[int, str], records: int) -> None:
        """One thing of a section; `port` is its number and protocol."""
        section = self._found.setdefault(name, _Section())
        section.count(group, port, records)
        section.items.append(item)
        self._held += 1
        if self._held > 2 * self._in_all:
            self._trim()
        elif len(section.items) > 4 * self._most:
            self._held -= len(section.items) - self._most
            _shorten(section, self._most)

    def _trim(self) -> None:
        """Let go of what will not be told; the more is found, the fewer are told of each, so nothing is missed."""
        self._most = _share((one.flows for one in self._found.values()), self._most, self._in_all)
        for section in self._found.values():
            _shorten(section, self._most)
        self._held = sum(len(one.items) for one in self._found.values())

    def close(self) -> None:
        """All is in."""
        self._trim()
        for section in self._found.values():
            section.end_group()

    def items(self, name: SectionName) -> list[Any]:
        """What is told of a section, the best founded first."""
        return [item.value for item in self._found[name].items] if name in self._found else []

    def counts(self, number: int, parts: Iterable[str]) -> Mapping[str, int]:
        """How many things each part has, told or not."""
        return Counter({part: self._found[number, part].flows for part in parts if (number, part) in self._found})

    def cuts(self, number: int, parts: Iterable[str]) -> tuple[Cut, ...]:
        """The parts of which not everything is told."""
        found = ((part, self._found.get((number, part))) for part in parts)
        return tuple(
            Cut(part, one.flows, len(one.items), one.records, tuple(one.groups))
            for part, one in found
            if one is not None and len(one.items) < one.flows
        )


def _shorten(section: _Section, most: int) -> None:
    section.items = sorted(section.items, key=lambda item: item.rank)[:most]


def _share(sizes: Iterable[int], most: int, in_all: int) -> int:
    """How many of each are told, so that all together are not too many: of small sections all."""
    found = sorted(sizes)
    low, high = min(_LEAST_TOLD, most), most
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if sum(min(size, middle) for size in found) <= in_all else (low, middle - 1)
    return low
