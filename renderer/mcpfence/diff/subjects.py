"""Who is compared: servers by name, workloads by kind and name, and every selector of a policy.

A row has the places of a subject on both sides, or None for a side on which it does not exist: then nothing is reached
there.  For a selector that is in neither catalogs nor workloads nobody can tell whether its pods exist, so they do.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from mcpfence.diff.changes import ChangedPods, Status
from mcpfence.diff.selector_cells import SelectorCells
from mcpfence.diff.side import Location, Place, Side
from mcpfence.reach.engines.contract import DIRECTIONS
from mcpfence.reach.evaluation.index import Index
from mcpfence.reach.flows import label_sets
from mcpfence.reach.flows.label_sets import Box, box_text
from mcpfence.structs import Struct

_LEFT = "no policy selects these pods any more: those that are left may reach everything"


class ComparedSubject(Struct):
    """One subject: its places on both sides, and what else is to be said of it."""

    subject: ChangedPods
    old: tuple[Place, ...] | None
    new: tuple[Place, ...] | None
    status: Status
    remarks: tuple[str, ...] = ()


class Subjects:
    """Finds the subjects of two sides."""

    def __init__(self, old: Side, new: Side, selector_cells: SelectorCells) -> None:
        self.old, self.new, self.selector_cells = old, new, selector_cells
        self.workloads = {
            side.name: Index(
                (place, place.namespace, label_sets.box_of(dict(place.labels)))
                for places in side.workloads.values()
                for place in places
            )
            for side in (old, new)
        }

    def rows(self, *, by_name: bool) -> Iterator[ComparedSubject]:
        """Every subject; `by_name` where the names of servers and workloads are those of catalogs on both sides."""
        named: set[Location] = set()
        if by_name:
            yield from self.rows_by_name(named)
        for title in sorted(self.old.workloads.keys() | self.new.workloads.keys()):
            before, after = self.old.workloads.get(title), self.new.workloads.get(title)
            yield ComparedSubject(
                ChangedPods(title), before, after, _status(before, after), _beyond_policies(before, after)
            )
        for location in self.selector_cells.selectors:
            if location not in named:
                yield from self.rows_of_selector(location)

    def rows_by_name(self, named: set[Location]) -> Iterator[ComparedSubject]:
        """One row for each server and workload; `named` gets their selectors."""
        before, after = by_owner(self.old), by_owner(self.new)
        named.update(location for found in (before, after) for locations in found.values() for location in locations)
        for owner in sorted(before.keys() | after.keys()):
            old, new = before.get(owner, ()), after.get(owner, ())
            remarks: tuple[str, ...] = ()
            if old and new and old != new:
                remarks = (f"its pods are now {_locations_text(new)}; before, they were {_locations_text(old)}",)
            elif not new and not any(self.isolated(self.new, place) for place in self.places(old) or ()):
                remarks = (_LEFT,)
            yield ComparedSubject(
                ChangedPods(owner, old, new), self.places(old), self.places(new), _status(old, new), remarks
            )

    def places(self, locations: tuple[Location, ...]) -> tuple[Place, ...] | None:
        """The cells of some selectors; None for no selector at all."""
        return tuple(Place(name, pod) for name, box in locations for pod in self.selector_cells.of(name, box)) or None

    def rows_of_selector(self, location: Location) -> Iterator[ComparedSubject]:
        """One row, or one for each part where only the parts of a selector have pods of their own."""
        namespace, box = location
        pods = self.selector_cells.of(namespace, box)
        for pod in pods:
            place = (Place(namespace, pod),)
            title = self.title(namespace, box)
            if len(pods) > 1:
                title = f"pods such as {box_text(label_sets.box_of(dict(pod)))} of namespace {namespace}"
            subject = ChangedPods(title, (location,), (location,))
            gone, come = self.only(self.old, self.new, location), self.only(self.new, self.old, location)
            status: Status = "removed" if gone else "added" if come else "changed"
            if gone and not self.isolated(self.new, place[0]):
                yield ComparedSubject(subject._replace(new=()), place, None, status, (_LEFT,))
            elif come and not self.isolated(self.old, place[0]):
                yield ComparedSubject(subject._replace(old=()), None, place, status)
            else:
                ours = location in self.old.owners or location in self.new.owners
                yield ComparedSubject(subject, place, place, status if ours else "changed")

    def only(self, here: Side, there: Side, location: Location) -> bool:
        """Whether the pods of a selector exist on one side alone, so that no policy need select them on the other."""
        if location in there.selectors:
            return False
        return location in here.owners or (self.has_workload(here, location) and not self.has_workload(there, location))

    def has_workload(self, side: Side, location: Location) -> bool:
        namespace, box = location
        found = self.workloads[side.name].candidates(namespace, box)
        return any(label_sets.matches(box, dict(place.labels)) for place in found)

    @staticmethod
    def isolated(side: Side, place: Place) -> bool:
        return any(side.isolates(place, direction) for direction in DIRECTIONS)

    def title(self, namespace: str, box: Box) -> str:
        """`server github`, or `pods app=x of namespace y`."""
        owner = self.new.owners.get((namespace, box)) or self.old.owners.get((namespace, box))
        if owner:
            return owner
        pods = f"pods {box_text(box)}" if box else "every pod"
        narrower = any(label_sets.covers(box, other) for other in self.selector_cells.partners(namespace, box))
        return f"{pods} of namespace {namespace}" + (" that no other policy selects" if narrower else "")


def by_owner(side: Side) -> dict[str, tuple[Location, ...]]:
    """The selectors of each server and workload; a back-end is known by its pods alone."""
    found: dict[str, list[Location]] = {}
    for location, owner in side.owners.items():
        if not owner.startswith("back-end "):
            found.setdefault(owner, []).append(location)
    return {owner: tuple(sorted(locations, key=_order)) for owner, locations in found.items()}


def _order(location: Location) -> tuple[str, Any]:
    return location[0], label_sets.order(location[1])


def _locations_text(locations: Iterable[Location]) -> str:
    return " and ".join(f"{box_text(box)} of namespace {namespace}" for namespace, box in locations)


def _status(old: object, new: object) -> Status:
    """Of a subject that has these pods on the old and on the new side."""
    return "added" if not old else "changed" if new else "removed"


def _beyond_policies(old: tuple[Place, ...] | None, new: tuple[Place, ...] | None) -> tuple[str, ...]:
    """Remarks on pods that came into a network where no policy holds, or left one."""
    found = []
    for where, reached in _NETWORKS.items():
        before, after = (any(map(reached, places or ())) for places in (old, new))
        if after and not before:
            found.append(f"its pods are {where}, where no policy reaches them")
        elif before and not after:
            found.append(f"its pods were {where}, where no policy reached them")
    return tuple(found)


_NETWORKS: Mapping[str, Callable[[Place], bool]] = {
    "on the host's network": lambda place: place.host_network,
    "in further networks": lambda place: place.further_networks,
}
