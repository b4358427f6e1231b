"""The difference of two sides: what pods may reach, and who may reach them, on one side and not on the other.

Both sides are manifests that the evaluators have read; a catalog is rendered and proven first.  Compared are

    servers and workloads    by name, where both sides come from catalogs
    selectors                of every policy of either side, by namespace and labels: the pods of their cells
    workloads' pods          by kind and name, with the labels that they have on each side

so that names of policies, their order, and how rules are spread over them never count.  Each end is looked at by
itself: what a pod's own policies let it reach, whether or not the other end lets it in.
"""

from __future__ import annotations

from collections.abc import Iterator

from mcpfence.diff.changes import NO_DELTA, VERDICTS, Change, ChangedPods, Delta, Difference
from mcpfence.diff.selector_cells import SelectorCells
from mcpfence.diff.side import Location, Manifests, Place, Side, one_and_the_same
from mcpfence.diff.subjects import ComparedSubject, Subjects, by_owner
from mcpfence.reach.engines.contract import DIRECTIONS
from mcpfence.reach.flows import flows, label_sets
from mcpfence.reach.flows.bounds import Bounds, exact
from mcpfence.reach.flows.flows import Reach
from mcpfence.reach.flows.label_sets import Box

Places = tuple[Place, ...]

_PAIRS = 100_000
"""Pairs of overlapping selectors that are looked at; each takes up to a millisecond."""


def compare(old: Manifests, new: Manifests) -> Difference:
    """What is different; never raises."""
    left = Side("OLD", old, new.pod_addresses)
    right = left if one_and_the_same(old, new) else Side("NEW", new, old.pod_addresses)
    return _Comparison(left, right, by_name=old.rendered is not None and new.rendered is not None).result()


def compare_sample(found: Manifests, owners: int) -> Difference | None:
    """What a render has beside its like, of which `found` holds one of all servers and workloads that are alike.

    `owners` is how many of them there are.  None where something is unknown, which has to be said of each of them.
    """
    side = Side("OLD", found)
    result = _Comparison(side, side, by_name=True).result()
    if result.different or result.remarks:
        return None
    return result._replace(same=result.same - len(by_owner(side)) + owners)


class _Comparison:
    """What one comparison holds while it is made."""

    def __init__(self, old: Side, new: Side, *, by_name: bool) -> None:
        self.old, self.new, self.by_name = old, new, by_name
        self.equal = old is new
        """Whether the sides are one: then nothing can differ, and only what is unknown of them is looked for."""
        self.selector_cells = SelectorCells(old.selectors | new.selectors)
        self.subjects = Subjects(old, new, self.selector_cells)
        self.changes: dict[object, tuple[Change, list[ChangedPods]]] = {}
        self.remarks: dict[str, None] = {}
        self.deltas: dict[tuple[int, int], tuple[Delta, Bounds[Reach], Bounds[Reach]]] = {}
        self.same = self.pairs = 0
        self.too_many: dict[str, None] = {}

    def result(self) -> Difference:
        for row in self.subjects.rows(by_name=self.by_name):
            self.weigh(row)
        for location in () if self.equal else self.selector_cells.selectors:
            self.weigh_overlaps(location)
        doubts = tuple(self.whole_doubts())
        changes = [change._replace(subjects=tuple(sorted(pods, key=_title))) for change, pods in self.changes.values()]
        changes.sort(key=lambda change: (VERDICTS.index(change.verdict), change.subjects[0].title))
        return Difference(tuple(changes), self.same, doubts, tuple(self.remarks))

    def weigh(self, row: ComparedSubject) -> None:
        """Keep the change of one subject, or count it among the same."""
        doubts: dict[str, None] = {}
        places = row.old or (), row.new or ()
        egress, ingress = (self.weighed(*places, direction, doubts) for direction in ("egress", "ingress"))
        if egress == ingress == NO_DELTA and row.status == "changed" and not (doubts or row.remarks):
            self.same += 1
            return
        self.keep(row.subject, Change((), row.status, egress, ingress, tuple(doubts), row.remarks))

    def keep(self, subject: ChangedPods, change: Change) -> None:
        """Subjects of equal changes stand together."""
        key = (change.status, *map(_key, (change.egress, change.ingress)), change.doubts, change.remarks)
        self.changes.setdefault(key, (change, []))[1].append(subject)

    def weighed(self, old: Places, new: Places, direction: str, doubts: dict[str, None]) -> Delta:
        """One direction of one subject, pod by pod where a pod stands on both sides, and all others together."""
        shared = [place for place in old if place in new]
        rest = (
            tuple(place for place in old if place not in shared),
            tuple(place for place in new if place not in shared),
        )
        found = NO_DELTA
        for before, after in [
            *(((place,), (place,)) for place in shared),
            *([rest] if any(rest) or not shared else []),
        ]:
            found = _joined(found, self.weighed_together(before, after, direction, doubts))
        return found

    def weighed_together(self, old: Places, new: Places, direction: str, doubts: dict[str, None]) -> Delta:
        """What cannot be told goes to the doubts, or to the remarks where it is alike on both sides."""
        try:
            return self.unknown(old, direction) if self.equal else self.told(old, new, direction, doubts)
        except flows.TooManyParts as many:
            doubts[str(many)] = None
            return NO_DELTA

    def told(self, old: Places, new: Places, direction: str, doubts: dict[str, None]) -> Delta:
        """The same; raises TooManyParts."""
        before, after = self.old.bounds(old, direction), self.new.bounds(new, direction)
        delta = self.delta(before, after)
        if exact(before) and exact(after):
            return delta
        told = (
            {} if exact(before) else self.old.doubts(old, direction),
            {} if exact(after) else self.new.doubts(new, direction),
        )
        alike = flows.same(before.least, after.least)
        if alike and delta == NO_DELTA and self.old.marks(old, direction) == self.new.marks(new, direction):
            self.remarks.update(dict.fromkeys(f"{title} {why}" for said in told for title, why in said.items()))
            return delta
        for side, said in zip((self.old, self.new), told, strict=True):
            doubts.update(dict.fromkeys(f"{title} of {side.name} {why}" for title, why in said.items()))
        return delta

    def unknown(self, places: Places, direction: str) -> Delta:
        """What cannot be told of pods that both sides have alike; raises TooManyParts."""
        said = self.old.doubts(places, direction)
        if said and not exact(self.old.bounds(places, direction)):
            self.remarks.update(dict.fromkeys(f"{title} {why}" for title, why in said.items()))
        return NO_DELTA

    def delta(self, old: Bounds[Reach], new: Bounds[Reach]) -> Delta:
        """What may pass at most on one side and not on the other; equal pairs are worked out once."""
        known = self.deltas.get((id(old), id(new)))
        if known is None:
            known = self.deltas[id(old), id(new)] = (_delta(old.most, new.most), old, new)
        return known[0]

    def weigh_overlaps(self, location: Location) -> None:
        """Pods that another selector selects too, where it matters: policies add up as soon as one isolates a pod.

        A selector that begins to be isolated shows as a loss.  But its rules are a gain for those of its pods that
        another policy isolates already.  Some rules have an order, so that what two give together is in neither.
        """
        try:
            self.weigh_pairs(location)
        except flows.TooManyParts:
            self.too_many[location[0]] = None

    def weigh_pairs(self, location: Location) -> None:
        """The same; raises TooManyParts."""
        namespace, box = location
        for direction in DIRECTIONS:
            others = self.overlaps(location, direction)
            own = self.delta_of(location, direction) if others else NO_DELTA
            delta = NO_DELTA
            for other in others:
                theirs = self.delta_of((namespace, other), direction)
                both = self.delta_of((namespace, label_sets.intersect(box, other) or ()), direction)
                delta = _joined(delta, _beyond(both, own, theirs))
            if delta.gained or delta.lost:
                title = f"{self.subjects.title(namespace, box)} that other policies select too"
                egress, ingress = (delta, NO_DELTA) if direction == "egress" else (NO_DELTA, delta)
                self.keep(ChangedPods(title, (location,), (location,)), Change((), "changed", egress, ingress))

    def overlaps(self, location: Location, direction: str) -> list[Box]:
        """The other selectors that matter: all where ordered rules changed, else those that isolate where it does not.

        With too many of them none is looked at, and that is said.
        """
        namespace, box = location
        places = self.subjects.places((location,)) or ()
        reordered = any(self.old.ordered(place, direction) != self.new.ordered(place, direction) for place in places)
        open_sides = [
            side
            for side, other in ((self.old, self.new), (self.new, self.old))
            if any(other.isolates(place, direction) and not side.isolates(place, direction) for place in places)
        ]
        if not (reordered or open_sides):
            return []
        found = [
            other
            for other in self.selector_cells.partners(namespace, box)
            if reordered or any(self.isolates(side, (namespace, other), direction) for side in open_sides)
        ]
        self.pairs += len(found)
        if self.pairs <= _PAIRS:
            return found
        self.too_many[namespace] = None
        return []

    def isolates(self, side: Side, location: Location, direction: str) -> bool:
        return any(side.isolates(place, direction) for place in self.subjects.places((location,)) or ())

    def delta_of(self, location: Location, direction: str) -> Delta:
        found = NO_DELTA
        for place in self.subjects.places((location,)) or ():
            before, after = self.old.bounds((place,), direction), self.new.bounds((place,), direction)
            found = _joined(found, self.delta(before, after))
        return found

    def _access_doubts(self) -> Iterator[str]:
        """What is no reach and differs all the same: whom gateways let in, and rights."""
        before, after = self.old.access, self.new.access
        yield from sorted(f"only in OLD: {title}" for title in before.keys() - after.keys())
        yield from sorted(f"only in NEW: {title}" for title in after.keys() - before.keys())
        yield from sorted(f"another one in NEW: {t}" for t in before.keys() & after.keys() if before[t] != after[t])

    def whole_doubts(self) -> Iterator[str]:
        """What is said of policies that have no evaluator, and of lists that cannot be unrolled."""
        before, after = self.old.not_evaluated, self.new.not_evaluated
        yield from sorted(f"only in OLD: {before[key]}" for key in before.keys() - after.keys())
        yield from sorted(f"only in NEW: {after[key]}" for key in after.keys() - before.keys())
        self.remarks.update(dict.fromkeys(sorted(after[key] for key in before.keys() & after.keys())))
        yield from self._access_doubts()
        for namespace, box in sorted(self.selector_cells.given_up, key=str):
            yield f"{self.subjects.title(namespace, box)} are selected in more ways than could be looked at"
        for namespace in self.too_many:
            yield f"selectors of namespace {namespace} overlap more than could be looked at: some pods of two of them"
        yield from (f"only in OLD: {problem}" for problem in self.old.problems if problem not in self.new.problems)
        yield from (f"only in NEW: {problem}" for problem in self.new.problems if problem not in self.old.problems)
        self.remarks.update(dict.fromkeys(problem for problem in self.new.problems if problem in self.old.problems))


def _delta(old: Reach, new: Reach) -> Delta:
    gained, lost = flows.minus_at_most(new, old), flows.minus_at_most(old, new)
    return Delta(
        gained,
        lost,
        bool(gained) and flows.same(new, flows.EVERYTHING),
        bool(lost) and flows.same(old, flows.EVERYTHING),
        flows.witness_outside(new, old),
        flows.witness_outside(old, new),
    )


def _beyond(both: Delta, own: Delta, theirs: Delta) -> Delta:
    """What pods of two selectors gain and lose and neither of them alone."""
    gained = flows.minus_at_most(both.gained, flows.union(own.gained, theirs.gained))
    lost = flows.minus_at_most(both.lost, flows.union(own.lost, theirs.lost))
    all_gained, all_lost = bool(gained) and both.all_gained, bool(lost) and both.all_lost
    return Delta(gained, lost, all_gained, all_lost, flows.witness(gained), flows.witness(lost))


def _joined(left: Delta, right: Delta) -> Delta:
    """What either gains or loses."""
    if NO_DELTA in (left, right):
        return right if left == NO_DELTA else left
    return Delta(
        flows.union(left.gained, right.gained),
        flows.union(left.lost, right.lost),
        left.all_gained or right.all_gained,
        left.all_lost or right.all_lost,
        left.gained_example or right.gained_example,
        left.lost_example or right.lost_example,
    )


def _key(delta: Delta) -> object:
    """Equal for deltas that are told in the same words."""
    gained, lost, all_gained, all_lost, _, _ = delta
    return None if all_gained else gained, None if all_lost else lost


def _title(subject: ChangedPods) -> str:
    return subject.title
