"""Changes: what pods may reach, and who may reach them, on the new side and not on the old one, and the other way."""

from __future__ import annotations

from typing import Literal

from mcpfence.diff.side import Location
from mcpfence.reach.flows import flows
from mcpfence.reach.flows.flows import Packet, Reach
from mcpfence.structs import Struct

Status = Literal["changed", "added", "removed"]
Verdict = Literal["wider", "added", "unclear", "narrower", "removed"]

VERDICTS: tuple[Verdict, ...] = ("wider", "added", "unclear", "narrower", "removed")
"""In the order in which they are shown: what needs a reviewer's eye comes first."""


class Delta(Struct):
    """One direction: the flows gained and lost, each with one concrete flow where there is any.

    `all_gained` and `all_lost`: on one side nothing is denied at all, so that the flows are everything but a few.
    """

    gained: Reach = flows.NOTHING
    lost: Reach = flows.NOTHING
    all_gained: bool = False
    all_lost: bool = False
    gained_example: Packet | None = None
    lost_example: Packet | None = None


NO_DELTA = Delta()


class ChangedPods(Struct):
    """Whom a change is about, in words, and the pods on the old and on the new side (namespace, selector)."""

    title: str
    old: tuple[Location, ...] = ()
    new: tuple[Location, ...] = ()


class Change(Struct):
    """What changed, alike for all of the subjects; `doubts` say what cannot be told, `remarks` what else is so."""

    subjects: tuple[ChangedPods, ...]
    status: Status
    egress: Delta
    ingress: Delta
    doubts: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()

    @property
    def verdict(self) -> Verdict:
        """One word for it."""
        if self.status != "changed":
            return self.status
        if self.egress.gained or self.ingress.gained:
            return "wider"
        return "unclear" if self.doubts or self.remarks else "narrower"

    @property
    def mixed(self) -> bool:
        """Whether something is lost beside what is gained."""
        return self.verdict == "wider" and bool(self.egress.lost or self.ingress.lost)


class Difference(Struct):
    """Every change, widening first; `same` counts the subjects without one.

    `doubts` are about policies of either side as a whole; `remarks` say what is unknown, and alike, on both sides.
    """

    changes: tuple[Change, ...]
    same: int
    doubts: tuple[str, ...]
    remarks: tuple[str, ...]

    @property
    def different(self) -> bool:
        """Whether the two sides may allow different things."""
        return bool(self.changes or self.doubts)

    def count(self, verdict: Verdict) -> int:
        """How many subjects have a change of this verdict."""
        return sum(len(change.subjects) for change in self.changes if change.verdict == verdict)
