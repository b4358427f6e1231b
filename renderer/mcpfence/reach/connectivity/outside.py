"""What passes between workloads and addresses, and where the text format cuts the IPv4 addresses into ranges."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from mcpfence.net.addresses import ALL_V4
from mcpfence.net.intervals import Interval, Intervals
from mcpfence.reach.engines.contract import Policy
from mcpfence.reach.flows import flows
from mcpfence.reach.flows.flows import Reach
from mcpfence.reach.flows.interval_map import Grouped
from mcpfence.reach.flows.traffic import Traffic

Outside = Grouped[Traffic]
"""Addresses with the traffic that passes between them and a workload."""


def merge(parts: list[Outside]) -> Outside:
    """What any of several variants of one workload may."""
    if len(parts) == 1:
        return parts[0]
    return flows.union_of(Reach(part) for part in parts).addresses


def borders(blocks: Iterable[Intervals]) -> tuple[int, ...]:
    """The IPv4 addresses at which one of the blocks begins or ends, ascending, 0 not among them."""
    found = {end for block in blocks for first, last in block if first <= ALL_V4[1] for end in (first, last + 1)}
    return tuple(sorted(border for border in found if 0 < border <= ALL_V4[1]))


def blocks_of(policies: Iterable[Policy], direction: str) -> Iterator[Intervals]:
    """The blocks of all rules of a direction, each list of rules once."""
    lists = {id(rules): rules for policy in policies if (rules := policy.rules(direction)) is not None}
    for rules in lists.values():
        for rule in rules.items:
            yield from rule.blocks


def ranges(cuts: tuple[int, ...]) -> list[Interval]:
    """All of IPv4, cut there."""
    starts = [0, *cuts]
    return list(zip(starts, [*(start - 1 for start in starts[1:]), ALL_V4[1]], strict=True))
