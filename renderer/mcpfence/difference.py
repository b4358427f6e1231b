"""The difference of two sides: what pods may reach, and who may reach them, on one side and not on the other.

Both sides are manifests that the evaluators have read; a catalog is rendered and proven first.  Compared are

    servers and workloads    by name, where both sides come from catalogs
    selectors                of every policy of either side, by namespace and labels: the pods of their cells
    workloads' pods          by kind and name, with the labels that they have on each side

so that names of policies, their order, and how rules are spread over them never count.  Each end is looked at by
itself: what a pod's own policies let it reach, whether or not the other end lets it in.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from mcpfence.cells import Cells
from mcpfence.changes import NO_DELTA, VERDICTS, Change, Delta, Difference, Pods, Status
from mcpfence.reach import boxes, flows
from mcpfence.reach.bounds import Bounds
from mcpfence.reach.boxes import Box, box_text
from mcpfence.reach.evaluate import DIRECTIONS
from mcpfence.reach.flows import Reach
from mcpfence.reach.index import Index
from mcpfence.side import Location, Manifests, Place, Side, label_keys


class _Row(NamedTuple):
    """One subject: its places on both sides; None where it does not exist there."""

    subject: Pods
    old: tuple[Place, ...] | None
    new: tuple[Place, ...] | None
    remarks: tuple[str, ...] = ()

    @property
    def status(self) -> Status:
        return "added" if self.old is None else "removed" if self.new is None else "changed"


def compare(old: Manifests, new: Manifests) -> Difference:
    """What is different; never raises."""
    left, right = Side("OLD", old, new.pod_addresses), Side("NEW", new, old.pod_addresses)
    return _Comparison(left, right, by_name=bool(old.rendered) and bool(new.rendered)).result()


class _Comparison:
    """What one comparison holds while it is made."""

    def __init__(self, old: Side, new: Side, *, by_name: bool) -> None:
        self.old, self.new, self.by_name = old, new, by_name
        self.cells = Cells(old.selectors | new.selectors)
        keys = label_keys(self.cells.selectors)
        self.pods = old.workloads(keys), new.workloads(keys)
        self.workloads = tuple(
            Index((place, place.namespace, place.box) for places in found.values() for place in places)
            for found in self.pods
        )
        self.changes: dict[object, tuple[Change, list[Pods]]] = {}
        self.remarks: dict[str, None] = {}
        self.deltas: dict[tuple[int, int], tuple[Delta, Bounds, Bounds]] = {}
        self.same = 0

    def result(self) -> Difference:
        for row in self.rows():
            self.weigh(row)
        for location in self.cells.selectors:
            self.weigh_overlaps(location)
        doubts = tuple(self.whole_doubts())
        changes = [change._replace(subjects=tuple(sorted(pods, key=_title))) for change, pods in self.changes.values()]
        changes.sort(key=lambda change: (VERDICTS.index(change.verdict), change.subjects[0].title))
        return Difference(tuple(changes), self.same, doubts, tuple(self.remarks))

    # --- who is compared ---

    def rows(self) -> Iterator[_Row]:
        named: set[Location] = set()
        if self.by_name:
            yield from self.rows_by_name(named)
        for title in sorted(self.pods[0].keys() | self.pods[1].keys()):
            before, after = self.pods[0].get(title), self.pods[1].get(title)
            yield _Row(Pods(title), before, after, _host_network(before, after))
        for location in self.cells.selectors:
            if location not in named:
                yield from self.rows_of_selector(location)

    def rows_by_name(self, named: set[Location]) -> Iterator[_Row]:
        """One row for each server and workload; `named` gets their selectors."""
        before, after = _by_owner(self.old), _by_owner(self.new)
        named.update(location for found in (before, after) for locations in found.values() for location in locations)
        for owner in sorted(before.keys() | after.keys()):
            old, new = before.get(owner, ()), after.get(owner, ())
            remarks: tuple[str, ...] = ()
            if old and new and old != new:
                remarks = (f"its pods are now {_locations_text(new)}; before, they were {_locations_text(old)}",)
            yield _Row(Pods(owner, old, new), self.places(old), self.places(new), remarks)

    def places(self, locations: tuple[Location, ...]) -> tuple[Place, ...] | None:
        """The cells of some selectors; None for no selector at all."""
        return tuple(Place(name, part) for name, box in locations for part in self.cells.of(name, box)) or None

    def rows_of_selector(self, location: Location) -> Iterator[_Row]:
        """One row, or one for each part where only the parts of a selector have pods of their own."""
        namespace, box = location
        parts = self.cells.of(namespace, box)
        whole = len(parts) == 1 and boxes.covers(box, parts[0])
        for part in parts:
            place = (Place(namespace, part),)
            subject = Pods(self.title(location, box if whole else part), (location,), (location,))
            if self.left(self.old, self.new, location, place[0]):
                left = "no policy selects these pods any more: those that are left may reach everything"
                yield _Row(subject._replace(new=()), place, None, (left,))
            elif self.left(self.new, self.old, location, place[0]):
                yield _Row(subject._replace(old=()), None, place)
            else:
                yield _Row(subject, place, place)

    def left(self, here: Side, there: Side, location: Location, place: Place) -> bool:
        """Whether the pods of a selector exist on one side alone, so that no policy need select them on the other."""
        ours = location in here.owners and location not in there.owners
        gone = ours or (self.has_workload(here, location) and not self.has_workload(there, location))
        return gone and not any(there.isolates(place, direction) for direction in DIRECTIONS)

    def has_workload(self, side: Side, location: Location) -> bool:
        namespace, box = location
        found = self.workloads[side is self.new].candidates(namespace, box)
        return any(boxes.covers(box, place.box) for place in found)

    def title(self, location: Location, part: Box) -> str:
        """`server github`, or `pods app=x of namespace y`."""
        owner = self.new.owners.get(location) or self.old.owners.get(location)
        if owner:
            return owner
        if part:
            return f"pods {box_text(part)} of namespace {location[0]}"
        alone = sum(1 for namespace, _ in self.cells.selectors if namespace == location[0]) == 1
        return f"every pod of namespace {location[0]}" + ("" if alone else " that no other policy selects")

    # --- what they may do ---

    def weigh(self, row: _Row) -> None:
        """Keep the change of one subject, or count it among the same."""
        doubts: dict[str, None] = {}
        egress, ingress = (self.weighed(row.old, row.new, direction, doubts) for direction in ("egress", "ingress"))
        if egress == ingress == NO_DELTA and row.status == "changed" and not (doubts or row.remarks):
            self.same += 1
            return
        self.keep(row.subject, Change((), row.status, egress, ingress, tuple(doubts), row.remarks))

    def keep(self, subject: Pods, change: Change) -> None:
        """Subjects of equal changes stand together."""
        key = (change.status, *map(_key, (change.egress, change.ingress)), change.doubts, change.remarks)
        self.changes.setdefault(key, (change, []))[1].append(subject)

    def weighed(
        self, old: tuple[Place, ...] | None, new: tuple[Place, ...] | None, direction: str, doubts: dict[str, None]
    ) -> Delta:
        """One direction of one subject; what cannot be told goes to the doubts, or to the remarks where it is alike."""
        before, after = self.old.bounds(old or (), direction), self.new.bounds(new or (), direction)
        delta = self.delta(before, after)
        if before.exact and after.exact:
            return delta
        said = (*self.old.doubts(old or (), direction), *self.new.doubts(new or (), direction))
        alike = flows.same(before.least, after.least)
        alike = alike and self.old.marks(old or (), direction) == self.new.marks(new or (), direction)
        (self.remarks if alike and delta == NO_DELTA else doubts).update(dict.fromkeys(said))
        return delta

    def delta(self, old: Bounds, new: Bounds) -> Delta:
        """What may pass at most on one side and not on the other; equal pairs are worked out once."""
        known = self.deltas.get((id(old), id(new)))
        if known is None:
            known = self.deltas[id(old), id(new)] = (_delta(old.most, new.most), old, new)
        return known[0]

    def weigh_overlaps(self, location: Location) -> None:
        """Pods that another selector selects too, where it matters: policies add up as soon as one isolates a pod.

        A selector that begins to be isolated shows as a loss.  But its rules are a gain for those of its pods that
        another policy isolates already.  Firewalls have an order, so that what two give together is in neither.
        """
        namespace, box = location
        partners = self.cells.partners(namespace, box)
        parts = self.places((location,)) or ()
        for direction in DIRECTIONS if partners and parts else ():
            if not any(self.turned(part, direction) for part in parts):
                continue
            gained, lost = [], []
            own = self.delta_of(location, direction)
            for other in partners:
                both, theirs = boxes.meet(box, other), self.delta_of((namespace, other), direction)
                found = self.delta_of((namespace, both or ()), direction)
                gained.append(flows.minus(found.gained, flows.union(own.gained, theirs.gained)))
                lost.append(flows.minus(found.lost, flows.union(own.lost, theirs.lost)))
            more, less = flows.union_of(gained), flows.union_of(lost)
            if more or less:
                delta = Delta(more, less, False, False, flows.witness(more), flows.witness(less))  # noqa: FBT003
                subject = Pods(f"{self.title(location, box)} that other policies select too", (location,), (location,))
                egress, ingress = (delta, NO_DELTA) if direction == "egress" else (NO_DELTA, delta)
                self.keep(subject, Change((), "changed", egress, ingress))

    def turned(self, place: Place, direction: str) -> bool:
        """Whether the pods are isolated on one side alone, or other firewall rules stand around them."""
        if self.old.isolates(place, direction) != self.new.isolates(place, direction):
            return True
        return direction == "egress" and self.old.walls(place) != self.new.walls(place)

    def delta_of(self, location: Location, direction: str) -> Delta:
        parts = self.places((location,)) or ()
        return self.delta(self.old.bounds(parts, direction), self.new.bounds(parts, direction))

    def whole_doubts(self) -> Iterator[str]:
        """What is said of policies that have no evaluator, and of lists that cannot be unrolled."""
        before, after = self.old.not_evaluated, self.new.not_evaluated
        yield from sorted(f"only in OLD: {before[key]}" for key in before.keys() - after.keys())
        yield from sorted(f"only in NEW: {after[key]}" for key in after.keys() - before.keys())
        self.remarks.update(dict.fromkeys(sorted(after[key] for key in before.keys() & after.keys())))
        for side in (self.old, self.new):
            yield from (f"{side.name}: {problem}" for problem in side.problems)


def _delta(old: Reach, new: Reach) -> Delta:
    gained, lost = flows.minus(new, old), flows.minus(old, new)
    return Delta(
        gained,
        lost,
        bool(gained) and flows.same(new, flows.EVERYTHING),
        bool(lost) and flows.same(old, flows.EVERYTHING),
        flows.witness_outside(new, old),
        flows.witness_outside(old, new),
    )


def _key(delta: Delta) -> object:
    """Equal for deltas that are told in the same words."""
    gained, lost, all_gained, all_lost, _, _ = delta
    return None if all_gained else gained, None if all_lost else lost


def _title(subject: Pods) -> str:
    return subject.title


def _by_owner(side: Side) -> dict[str, tuple[Location, ...]]:
    """The selectors of each server and workload; a back-end is known by its pods alone."""
    found: dict[str, list[Location]] = {}
    for location, owner in side.owners.items():
        if not owner.startswith("back-end "):
            found.setdefault(owner, []).append(location)
    return {owner: tuple(sorted(locations, key=_order)) for owner, locations in found.items()}


def _order(location: Location) -> tuple[str, Any]:
    return location[0], boxes.order(location[1])


def _locations_text(locations: Iterable[Location]) -> str:
    return " and ".join(f"{box_text(box)} of namespace {namespace}" for namespace, box in locations)


def _host_network(old: tuple[Place, ...] | None, new: tuple[Place, ...] | None) -> tuple[str, ...]:
    before, after = (any(place.host_network for place in places or ()) for places in (old, new))
    if after and not before:
        return ("its pods are on the host's network, where no policy reaches them",)
    return ("its pods were on the host's network, where no policy reached them",) if before and not after else ()
