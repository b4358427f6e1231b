"""Which classes of pods can reach which, on what: the meeting of what sources and destinations allow.

Sources that see the same rules are worked out once, and a pair that cannot talk costs nothing: destinations are found
by masks, and only those that both sides let through are looked at one by one.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from mcpfence.net.intervals import Intervals, canonical, intersect
from mcpfence.reach.connectivity.class_profiles import Profile
from mcpfence.reach.connectivity.pod_classes import Mask, PodClasses, bits
from mcpfence.reach.connectivity.workloads import resolve
from mcpfence.reach.engines.networkpolicy.rules import Ports

Gate = tuple[tuple[Mask, Ports], ...]
"""What a firewall lets through to pods: disjoint masks with their ports.  None instead of a gate: everything."""

Reached = tuple[tuple[int, Intervals], ...]
"""(class, points) that one class reaches, ascending, never without points."""


@dataclass(slots=True)
class _Doors:
    """All destinations that let the same sources in: which ports which of them open."""

    by_ports: dict[Ports, Mask] = field(default_factory=dict)
    any_of: Mask = 0
    of_class: dict[int, Ports] = field(default_factory=dict)

    def add(self, mask: Mask, ports: Ports) -> None:
        self.by_ports[ports] = self.by_ports.get(ports, 0) | mask
        self.any_of |= mask

    def opened(self, wanted: Mask) -> Iterable[tuple[Mask, Ports]]:
        """The destinations among those wanted, with what they open."""
        wanted &= self.any_of
        if not wanted:
            return
        if wanted.bit_count() >= len(self.by_ports):
            yield from ((wanted & mask, ports) for ports, mask in self.by_ports.items() if wanted & mask)
            return
        if not self.of_class:
            self.of_class = {place: ports for ports, mask in self.by_ports.items() for place in bits(mask)}
        for place in bits(wanted):
            yield 1 << place, self.of_class[place]


def reached_by_class(
    classes: PodClasses, egress: Sequence[Profile], ingress: Sequence[Profile], gates: Sequence[Gate | None]
) -> list[Reached]:
    """What each class reaches, in the order of the classes; equal answers are one object."""
    common, doors = _doors(classes, ingress)
    places: list[list[int]] = [[] for _ in classes.classes]
    for number, sources in enumerate(doors):
        for place in bits(sources):
            places[place].append(number)
    opened = list(doors.values())
    meeting = _Meeting(classes)
    known: dict[tuple[Profile, Gate | None, tuple[int, ...]], Reached] = {}
    result = []
    for place, profile in enumerate(egress):
        key = (profile, gates[place], tuple(places[place]))
        if key not in known:
            known[key] = meeting.reached(profile, gates[place], [common, *(opened[number] for number in places[place])])
        result.append(known[key])
    return result


def _doors(classes: PodClasses, ingress: Sequence[Profile]) -> tuple[_Doors, dict[Mask, _Doors]]:
    """The doors that are open to every class, and the others by the mask of the classes that they are open to."""
    having: dict[Profile, Mask] = {}
    for place, profile in enumerate(ingress):
        having[profile] = having.get(profile, 0) | 1 << place
    common = _Doors()
    doors: dict[Mask, _Doors] = {}
    for profile, mask in having.items():
        for sources, ports in profile.pieces:
            (common if sources == classes.everyone else doors.setdefault(sources, _Doors())).add(mask, ports)
    return common, doors


class _Meeting:
    """Cuts what a source sends to with what destinations let in."""

    def __init__(self, classes: PodClasses) -> None:
        self._ports = [one.ports for one in classes.classes]
        self._common: dict[tuple[Intervals, Intervals], Intervals] = {}

    def reached(self, profile: Profile, gate: Gate | None, doors: Sequence[_Doors]) -> Reached:
        """What a class with this profile behind this gate reaches through these doors."""
        found: dict[int, Intervals] = {}
        for wanted, sent in profile.pieces:
            for one in doors:
                for mask, let_in in one.opened(wanted):
                    for place in bits(mask):
                        points = self._meet(self._resolve(sent, place), self._resolve(let_in, place))
                        if points:
                            known = found.get(place)
                            found[place] = canonical((*known, *points)) if known else points
        if gate is not None:
            found = self._through(gate, found)
        return tuple(sorted(found.items()))

    def _through(self, gate: Gate, found: dict[int, Intervals]) -> dict[int, Intervals]:
        passed: dict[int, Intervals] = {}
        for place, points in found.items():
            for mask, ports in gate:
                if mask >> place & 1:
                    left = self._meet(points, ports.numbers)
                    if left:
                        passed[place] = left
        return passed

    def _resolve(self, ports: Ports, place: int) -> Intervals:
        return resolve(ports, self._ports[place]) if ports.named else ports.numbers

    def _meet(self, left: Intervals, right: Intervals) -> Intervals:
        if left == right:
            return left
        known = self._common.get((left, right))
        if known is None:
            known = self._common[left, right] = intersect(left, right)
        return known
