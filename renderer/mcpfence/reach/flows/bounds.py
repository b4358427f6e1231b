"""What is known of a reach that cannot be told exactly: at least this, at most that.

Most things are exact, and then both are one object.  They differ where a policy may or may not select a pod, where a
port is known only by its name, and where something cannot be read: unknown is at least nothing and at most everything.
A proof of "never more" uses `most`, a proof of "never less" uses `least`.
"""

from __future__ import annotations

from typing import Generic, TypeVar

from mcpfence.reach.flows import flows
from mcpfence.reach.flows.flows import Reach
from mcpfence.structs import Struct

T = TypeVar("T")


class Bounds(Struct, Generic[T]):
    """`least` lies within `most`; the true set of flows lies between them.  Where all is known both are one object."""

    least: T
    most: T


def exact(found: Bounds[Reach]) -> bool:
    """Whether there is nothing that is not known."""
    return found.least is found.most or flows.same(found.least, found.most)


NOTHING = Bounds(flows.NOTHING, flows.NOTHING)
EVERYTHING = Bounds(flows.EVERYTHING, flows.EVERYTHING)
UNKNOWN = Bounds(flows.NOTHING, flows.EVERYTHING)
