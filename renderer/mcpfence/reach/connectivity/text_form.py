"""Connectivity as lines for people, one for each end outside and what passes.

    default/web[Deployment] => default/db[StatefulSet] : TCP 5432
    default/web[Deployment] => api.example.com[External] : TCP 443
    1.0.0.0-9.255.255.255,11.0.0.0-100.63.255.255,+12[External] => default/web[Deployment] : All Connections
    {ingress-controller} => default/web[Deployment] : TCP 8080

Each end is one word, as in `list_form`; of many ranges the first stand there, and how many more there are.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

from mcpfence.net.addresses import ALL, ALL_V4, ALL_V6, format_address
from mcpfence.net.intervals import Intervals, intersect
from mcpfence.reach.connectivity.connections import Connectivity
from mcpfence.reach.connectivity.ingress_backends import CONTROLLER_TEXT
from mcpfence.reach.connectivity.list_form import OneWord, focused, passes_text
from mcpfence.reach.connectivity.outside import Outside
from mcpfence.reach.flows import host_names

_SHOWN = {ALL_V4: 3, ALL_V6: 1}
"""So many ranges of each family are shown."""
_SHOWN_NAMES = 5


def as_text(found: Connectivity, focus: str = "") -> str:
    """Every line, sorted, each with its newline; with `focus`, those of one workload (see `list_form.rows`)."""
    ends = OneWord()
    lines = sorted(_rows(found, focused(found, focus) if focus else None))
    return "".join([f"{ends[source]} => {ends[target]} : {passes}\n" for source, target, passes in lines])


def _rows(found: Connectivity, wanted: frozenset[str] | None) -> Iterator[tuple[str, str, str]]:
    for text in found.workloads:
        mine = wanted is None or text in wanted
        if mine:
            yield from ((end, text, passes) for end, passes in _outside(found.inward[text]))
            yield from ((text, end, passes) for end, passes in _outside(found.outward[text]))
        for target, points in found.inside[text]:
            if target != text and (mine or wanted is None or target in wanted) and (passes := passes_text(points)):
                yield text, target, passes
    for target, points in found.controller:
        if (wanted is None or target in wanted or CONTROLLER_TEXT in wanted) and (passes := passes_text(points)):
            yield CONTROLLER_TEXT, target, passes


@lru_cache(maxsize=4096)
def _outside(outside: Outside) -> tuple[tuple[str, str], ...]:
    """The ends outside, each with what passes."""
    return tuple(
        (f"{_names_text(shown) or _ranges_text(members)}[External]", passes)
        for members, allowed in outside
        for points, shown in allowed
        if (passes := passes_text(points))
    )


def _names_text(shown: host_names.Names) -> str:
    """The names that flows must show; empty where they need none."""
    if shown is host_names.ANY or shown == host_names.ANY:
        return ""
    return _some(list(host_names.signed_patterns(shown)), _SHOWN_NAMES)


def _ranges_text(members: Intervals) -> str:
    if members == ALL:
        return "any-address"
    parts = []
    for family, shown in _SHOWN.items():
        ranges = intersect(members, (family,))
        words = [format_address(first) + (f"-{format_address(last)}" if last > first else "") for first, last in ranges]
        parts += [_some(words, shown)] if words else []
    return ",".join(parts)


def _some(words: list[str], most: int) -> str:
    return ",".join([*words[:most], *([f"+{len(words) - most}"] if len(words) > most else [])])
