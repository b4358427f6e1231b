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


class LeftOut(Struct):
    """A part of the report of which not everything is told."""

    part: str
    flows: int
    """All of them."""
    told: int
    records: int
    mostly: tuple[Mostly, ...]
    """The largest groups, told or not."""


class ToldItem(Struct):
    """One thing, and how well it is founded: the least is told first.

    Of what is founded alike, things of small groups are told before those of large ones, which are seen in their sum:
    a flood of made-up names hides no other name.
    """

    founded: Row
    rank: Row
    value: Any
    crowd: int = 0
    """How large its group is."""

    @property
    def order(self) -> Row:
        """Where it stands among others."""
        return (self.founded, self.crowd, self.rank)


@dataclass(slots=True)
class _Section:
    items: list[ToldItem] = field(default_factory=list)
    of_group: list[ToldItem] = field(default_factory=list)
    """Those of the group that is being read."""
    flows: int = 0
    records: int = 0
    group: str = ""
    group_flows: int = 0
    group_records: int = 0
    ports: set[tuple[int, str]] = field(default_factory=set)
    groups: list[Mostly] = field(default_factory=list)

    @property
    def held(self) -> int:
        """How many things are in memory."""
        return len(self.items) + len(self.of_group)

    def shorten(self, most: int) -> None:
        """Let go of all but the first."""
        self.items = sorted(self.items, key=lambda item: item.order)[:most]
        self.of_group = sorted(self.of_group, key=lambda item: item.order)[:most]

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
        self.items += (item._replace(crowd=self.group_flows) for item in self.of_group)
        self.of_group = []
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
        section.of_group.append(item)
        self._held += 1
        if self._held > 3 * self._in_all:
            self._trim()
        elif section.held > 8 * self._most:
            self._held -= section.held
            section.shorten(self._most)
            self._held += section.held

    def _trim(self) -> None:
        """Let go of what will not be told; the more is found, the fewer are told of each, so nothing is missed."""
        self._most = _share((one.flows for one in self._found.values()), self._most, self._in_all)
        for section in self._found.values():
            section.shorten(self._most)
        self._held = sum(one.held for one in self._found.values())

    def close(self) -> None:
        """All is in."""
        for section in self._found.values():
            section.end_group()
        self._trim()

    def items(self, name: SectionName) -> list[Any]:
        """What is told of a section, the best founded first."""
        return [item.value for item in self._found[name].items] if name in self._found else []

    def counts(self, number: int, parts: Iterable[str]) -> Mapping[str, int]:
        """How many things each part has, told or not."""
        return Counter({part: self._found[number, part].flows for part in parts if (number, part) in self._found})

    def cuts(self, number: int, parts: Iterable[str]) -> tuple[LeftOut, ...]:
        """The parts of which not everything is told."""
        found = ((part, self._found.get((number, part))) for part in parts)
        return tuple(
            LeftOut(part, one.flows, len(one.items), one.records, tuple(one.groups))
            for part, one in found
            if one is not None and len(one.items) < one.flows
        )


def _share(sizes: Iterable[int], most: int, in_all: int) -> int:
    """How many of each are told, so that all together are not too many: of small sections all."""
    found = sorted(sizes)
    low, high = min(_LEAST_TOLD, most), most
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if sum(min(size, middle) for size in found) <= in_all else (low, middle - 1)
    return low
