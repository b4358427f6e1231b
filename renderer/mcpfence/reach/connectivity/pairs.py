"""Which classes of pods can reach which, on what: the meeting of what sources and destinations allow.

Sources that see the same rules are worked out once, and a pair that cannot talk costs nothing: destinations are found
by masks, and only those that both sides let through are looked at one by one.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from mcpfence.net.intervals import Intervals, canonical, intersect
from mcpfence.reach.connectivity.class_profiles import ClassProfile
from mcpfence.reach.connectivity.pod_classes import Mask, PodClasses, bits

Reached = tuple[tuple[int, Intervals], ...]
"""(class, points) that one class reaches, ascending, never without points."""


class _Doors:
    """All destinations that let the same sources in: on which points which of them."""

    __slots__ = ("any_of", "by_points", "of_class")

    def __init__(self) -> None:
        self.by_points: dict[Intervals, Mask] = {}
        self.any_of: Mask = 0
        self.of_class: dict[int, Intervals] = {}

    def add(self, mask: Mask, points: Intervals) -> None:
        self.by_points[points] = self.by_points.get(points, 0) | mask
        self.any_of |= mask

    def opened(self, wanted: Mask) -> Iterable[tuple[Mask, Intervals]]:
        """The destinations among those wanted, with what they open."""
        wanted &= self.any_of
        if not wanted:
            return
        if wanted.bit_count() >= len(self.by_points):
            yield from ((wanted & mask, points) for points, mask in self.by_points.items() if wanted & mask)
            return
        if not self.of_class:
            self.of_class = {place: points for points, mask in self.by_points.items() for place in bits(mask)}
        for place in bits(wanted):
            yield 1 << place, self.of_class[place]


def reached_by_class(
    classes: PodClasses, egress: Sequence[ClassProfile], ingress: Sequence[ClassProfile]
) -> list[Reached]:
    """What each class reaches, in the order of the classes; equal answers are one object."""
    common, doors = _doors(classes, ingress)
    places: list[list[int]] = [[] for _ in classes.classes]
    for number, sources in enumerate(doors):
        for place in bits(sources):
            places[place].append(number)
    opened = list(doors.values())
    meeting = _Meeting()
    known: dict[tuple[ClassProfile, tuple[int, ...]], Reached] = {}
    result = []
    for place, profile in enumerate(egress):
        key = (profile, tuple(places[place]))
        if key not in known:
            known[key] = meeting.reached(profile, [common, *(opened[number] for number in places[place])])
        result.append(known[key])
    return result


def _doors(classes: PodClasses, ingress: Sequence[ClassProfile]) -> tuple[_Doors, dict[Mask, _Doors]]:
    """The doors that are open to every class, and the others by the mask of the classes that they are open to."""
    having: dict[ClassProfile, Mask] = {}
    for place, profile in enumerate(ingress):
        having[profile] = having.get(profile, 0) | 1 << place
    common = _Doors()
    doors: dict[Mask, _Doors] = {}
    for profile, mask in having.items():
        for sources, points in profile.flows.points:
            (common if sources == classes.everyone else doors.setdefault(sources, _Doors())).add(mask, points)
    return common, doors


class _Meeting:
    """Cuts what a source sends to with what destinations let in."""

    def __init__(self) -> None:
        self._common: dict[tuple[Intervals, Intervals], Intervals] = {}

    def reached(self, profile: ClassProfile, doors: Sequence[_Doors]) -> Reached:
        """What a class with this profile reaches through these doors."""
        found: dict[int, Intervals] = {}
        for wanted, sent in profile.flows.points:
            for one in doors:
                for mask, let_in in one.opened(wanted):
                    points = self._both(sent, let_in)
                    for place in bits(mask) if points else ():
                        known = found.get(place)
                        found[place] = canonical((*known, *points)) if known else points
        return tuple(sorted(found.items()))

    def _both(self, left: Intervals, right: Intervals) -> Intervals:
        if left == right:
            return left
        known = self._common.get((left, right))
        if known is None:
            known = self._common[left, right] = intersect(left, right)
        return known
