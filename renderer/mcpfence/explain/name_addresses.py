"""Where a name is open: names are granted at public addresses, and where they resolve is not ours to know."""

from __future__ import annotations

from mcpfence.explain.context import Sight, View
from mcpfence.net.addresses import ALL, cidrs, family
from mcpfence.net.intervals import Intervals, canonical, intersect, is_subset, subtract
from mcpfence.plan.fence import Fence, addresses_among
from mcpfence.proof.prove import subjects
from mcpfence.reach.flows import flows, traffic
from mcpfence.reach.flows.flows import Reach
from mcpfence.structs import Struct


class Places(Struct):
    """Public addresses at which a name surely, or perhaps, is open; the families that are open whole; the rest."""

    public: Intervals
    sure: Intervals
    perhaps: Intervals
    open: tuple[int, ...]
    closed: tuple[int, ...]
    private: Intervals


def places_of(view: View, fence: Fence, allowed: traffic.Traffic, sight: Sight) -> Places:
    """Where traffic under a name passes from every pod of a fence."""
    sure: Intervals = ALL
    perhaps: Intervals = ()
    for subject in subjects(fence):
        bounds = sight.evaluator.egress(subject)
        sure = intersect(sure, _where(bounds.least, allowed))
        perhaps = canonical([*perhaps, *_where(bounds.most, allowed)])
    public = addresses_among(view.network.public)
    parts = {number: tuple(piece for piece in public if family(piece[0]) == number) for number in (4, 6)}
    whole = tuple(number for number, part in parts.items() if part and is_subset(part, sure))
    closed = tuple(number for number, part in parts.items() if part and number not in whole)
    return Places(public, intersect(sure, public), intersect(perhaps, public), whole, closed, subtract(sure, public))


def _where(reach: Reach, allowed: traffic.Traffic) -> Intervals:
    """The addresses at which all of some traffic may pass."""
    found = flows.intersect(reach, flows.reach_of(ALL, (), allowed))
    return canonical(piece for members, passing in found.addresses if passing == allowed for piece in members)


def blocks_text(addresses: Intervals) -> str:
    """The first few blocks of a set."""
    texts = cidrs(addresses)
    return ", ".join(texts[:5]) + (f" and {len(texts) - 5:,} more blocks" if len(texts) > 5 else "")
