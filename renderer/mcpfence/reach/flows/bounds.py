"""What is known of a reach that cannot be told exactly: at least this, at most that.

Most things are exact, and then both are one object.  They differ where a policy may or may not select a pod, where a
port is known only by its name, and where something cannot be read: unknown is at least nothing and at most everything.
A proof of "never more" uses `most`, a proof of "never less" uses `least`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from mcpfence.reach.flows import flows
from mcpfence.reach.flows.flows import Reach


class Bounds(NamedTuple):
    """`least` lies within `most`; the true reach lies between them."""

    least: Reach
    most: Reach

    @property
    def exact(self) -> bool:
        """Whether there is nothing that is not known."""
        return self.least is self.most or flows.same(self.least, self.most)


def exactly(reach: Reach) -> Bounds:
    """Nothing is unknown."""
    return Bounds(reach, reach)


NOTHING = exactly(flows.NOTHING)
EVERYTHING = exactly(flows.EVERYTHING)
UNKNOWN = Bounds(flows.NOTHING, flows.EVERYTHING)


def meet(left: Bounds, right: Bounds) -> Bounds:
    """Both layers must allow."""
    if left is right or right is EVERYTHING:
        return left
    if left is EVERYTHING:
        return right
    least = flows.meet(left.least, right.least)
    if left.least is left.most and right.least is right.most:
        return Bounds(least, least)
    most = flows.meet(left.most, right.most)
    return Bounds(most, most) if most == least else Bounds(least, most)


def additive(sure: Iterable[Bounds], possible: Iterable[Bounds]) -> Bounds:
    """What NetworkPolicies add up to: those that surely select the pods, and those that may or may not.

    A pod that none selects is not isolated: everything passes.  So with no sure one, at most everything, and at
    least what each of the possible ones gives by itself.
    """
    every = list(sure)
    certain = [found for found in every if found is not NOTHING] or every[:1]
    doubtful = list(possible)
    if not certain:
        if not doubtful:
            return EVERYTHING
        least = doubtful[0].least
        for other in doubtful[1:]:
            least = flows.meet(least, other.least)
        return Bounds(least, flows.EVERYTHING)
    if not doubtful and len(certain) == 1:
        return certain[0]
    least = flows.union_of(found.least for found in certain)
    if not doubtful and all(found.least is found.most for found in certain):
        return Bounds(least, least)
    return Bounds(least, flows.union_of(found.most for found in (*certain, *doubtful)))
