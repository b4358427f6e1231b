"""Whether a policy speaks of pods: surely of all of them, perhaps of some, or of none."""

from __future__ import annotations

from enum import IntEnum

from mcpfence.reach.flows import label_sets
from mcpfence.reach.flows.label_sets import Box


class Selects(IntEnum):
    """Whether a policy speaks of the pods of a subject."""

    NEVER = 0
    MAYBE = 1
    """Of some, or it cannot be told."""
    SURELY = 2


def selects(box: Box | None, subject: Box) -> Selects:
    """Whether a selector selects pods that satisfy the subject's, with whatever further labels."""
    if box is None:
        return Selects.NEVER
    if not box or box == subject or label_sets.covers(box, subject):
        return Selects.SURELY
    return Selects.NEVER if label_sets.intersect(box, subject) is None else Selects.MAYBE
