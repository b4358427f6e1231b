"""Cells: pods that exactly the same selectors select, so that policies treat them alike.

The cell of a selector holds the pods that satisfy it and no other selector, except those that it implies:

    selectors {}, app=a, tier=db      cell of app=a: the pods with app=a whose tier is not db

Policies add up, and every pod's policies are those of the cells of its selectors: where no cell differs, no pod does.
"""

from __future__ import annotations

from collections.abc import Iterable

from mcpfence.reach import boxes
from mcpfence.reach.boxes import Box
from mcpfence.reach.index import Index

_STEPS = 20_000
"""How long a pod is looked for that no other selector selects; with strange selectors it could take ages."""


class Cells:
    """The cells of the selectors of some namespaces.  Built once, then only read."""

    def __init__(self, selectors: Iterable[tuple[str, Box]]) -> None:
        """`selectors` are (namespace, selector); each counts once."""
        self.selectors = sorted(set(selectors), key=lambda item: (item[0], boxes.order(item[1])))
        self._index = Index((box, namespace, box) for namespace, box in self.selectors)
        self._known: dict[tuple[str, Box], list[Box]] = {}

    def partners(self, namespace: str, box: Box) -> list[Box]:
        """The selectors that select some pods of the box, or may, and not all of them."""
        found = self._index.candidates(namespace, box)
        return [other for other in found if not boxes.covers(other, box) and boxes.meet(other, box) is not None]

    def of(self, namespace: str, box: Box) -> list[Box]:
        """Boxes of which each stands for one cell: that of `box`; where no pod is in it, those of its parts.

        Every policy selects either all pods of such a box or none.
        """
        known = self._known.get((namespace, box))
        if known is None:
            known = self._known[namespace, box] = self._of(namespace, box)
        return known

    def _of(self, namespace: str, box: Box) -> list[Box]:
        found: dict[Box, None] = {}
        waiting, seen = [box], {box}
        while waiting:
            part = waiting.pop()
            partners = self.partners(namespace, part)
            piece = _outside(part, partners)
            if piece is not None:
                found[piece] = None
                continue
            for other in partners:
                both = boxes.meet(part, other)
                if both is not None and both not in seen:
                    seen.add(both)
                    waiting.append(both)
        return list(found)


def _outside(box: Box, holes: list[Box]) -> Box | None:
    """A part of the box that lies in none of the holes, found depth first; None where they cover it.

    After _STEPS the box itself: then evaluators find policies that may or may not select it, and say so.
    """
    merged = _merged(holes)
    stack = [(box, 0)]
    for _ in range(_STEPS):
        if not stack:
            return None
        piece, place = stack.pop()
        while place < len(merged) and boxes.meet(piece, merged[place]) is None:
            place += 1
        if place == len(merged):
            return piece
        stack += [(part, place + 1) for part in boxes.cut(piece, merged[place])]
    return box


def _merged(holes: list[Box]) -> list[Box]:
    """The same holes with those of one key and plain values made one: a thousand of `app=...` are a single `app in`."""
    values: dict[str, set[str]] = {}
    others: list[Box] = []
    for hole in holes:
        if len(hole) == 1 and not (hole[0][1].inverted or hole[0][1].absent):
            values.setdefault(hole[0][0], set()).update(hole[0][1].values)
        else:
            others.append(hole)
    return [*(((key, boxes.one_of(found)),) for key, found in values.items()), *others]
