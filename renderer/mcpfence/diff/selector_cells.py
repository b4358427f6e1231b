"""Cells: pods that exactly the same selectors select, so that policies treat them alike.

The cell of a selector holds the pods that satisfy it and no other selector, except those that it implies:

    selectors {}, app=a, tier=db      cell of app=a: the pods with app=a whose tier is not db

Policies add up, and every pod's policies are those of the cells of its selectors: where no cell differs, no pod does.
A cell is told by one pod of it, for all of its pods are selected alike.
"""

from __future__ import annotations

from collections.abc import Iterable

from mcpfence.reach.evaluation.index import Index
from mcpfence.reach.flows import label_sets
from mcpfence.reach.flows.label_sets import Box, Labels

_STEPS = 2_000
"""How long a pod is looked for that no other selector selects; with strange selectors it could take ages."""


class SelectorCells:
    """The cells of the selectors of some namespaces.  Built once, then only read."""

    def __init__(self, selectors: Iterable[tuple[str, Box]]) -> None:
        """`selectors` are (namespace, selector); each counts once."""
        self.selectors = sorted(set(selectors), key=lambda item: (item[0], label_sets.order(item[1])))
        self._index = Index((box, namespace, box) for namespace, box in self.selectors)
        self._known: dict[tuple[str, Box], list[Labels]] = {}
        self._partners: dict[tuple[str, Box], list[Box]] = {}
        self.given_up: set[tuple[str, Box]] = set()
        """Boxes of whose cells nobody knows whether they have a pod: they are not compared exactly."""

    def partners(self, namespace: str, box: Box) -> list[Box]:
        """The selectors that select some pods of the box, and not all of them."""
        known = self._partners.get((namespace, box))
        if known is None:
            found = self._index.candidates(namespace, box)
            known = [
                other
                for other in found
                if not label_sets.covers(other, box) and label_sets.intersect(other, box) is not None
            ]
            self._partners[namespace, box] = known
        return known

    def of(self, namespace: str, box: Box) -> list[Labels]:
        """A pod of the box's cell; where no pod is in it, one of the cell of each of its parts."""
        known = self._known.get((namespace, box))
        if known is None:
            known = self._known[namespace, box] = self._of(namespace, box)
        return known

    def _of(self, namespace: str, box: Box) -> list[Labels]:
        found: dict[Labels, None] = {}
        waiting, seen = [box], {box}
        while waiting:
            part = waiting.pop()
            pod = self._alone(namespace, part)
            if pod is not None:
                found[pod] = None
                continue
            for other in self.partners(namespace, part):
                both = label_sets.intersect(part, other)
                if both is not None and both not in seen:
                    seen.add(both)
                    waiting.append(both)
        return list(found)

    def _alone(self, namespace: str, box: Box) -> Labels | None:
        """A pod of the box that no selector selects but those that select the whole box; None where there is none.

        It tries the pod with the fewest labels; what selects that one too is cut out, and so on, depth first.
        """
        others = self._index.candidates(namespace, box)
        waiting = [box]
        for _ in range(_STEPS):
            if not waiting:
                return None
            piece = waiting.pop()
            pod = label_sets.sample(piece)
            hole = next(
                (one for one in others if label_sets.matches(one, pod) and not label_sets.covers(one, box)), None
            )
            if hole is None:
                return tuple(sorted(pod.items()))
            waiting += label_sets.cut(piece, hole)
        self.given_up.add((namespace, box))
        return tuple(sorted(label_sets.sample(box).items()))
