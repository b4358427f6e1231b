"""Finding the policies that may select a subject, without asking each of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Generic, TypeVar

from mcpfence.reach.flows.label_sets import MISSING, NAMESPACE_NAME, Box, Values, split_peer

P = TypeVar("P")


class Index(Generic[P]):
    """Things by the namespace and the labels that they select; None as the namespace means any, as the box nothing.

    In one namespace each thing lies under one value of the label key that most of them demand, such as `app`.
    Filled once, then only read.
    """

    def __init__(self, things: Iterable[tuple[P, str | None, Box | None]]) -> None:
        self._everywhere: list[P] = []
        self._namespaces: dict[str, _Namespace[P]] = {}
        sorted_in: dict[str, list[tuple[P, Box]]] = {}
        for thing, namespace, box in things:
            if box is None:
                continue
            if namespace is not None:
                sorted_in.setdefault(namespace, []).append((thing, box))
                continue
            # A box over peers; what demands namespaces by their names lies in those.
            of_namespace, of_pod = split_peer(box)
            named = dict(of_namespace).get(NAMESPACE_NAME)
            if named is None or not _finite(named):
                self._everywhere.append(thing)
                continue
            for one in named.values:
                sorted_in.setdefault(one, []).append((thing, of_pod))
        self._namespaces = {namespace: _Namespace(found) for namespace, found in sorted_in.items()}

    def candidates(self, namespace: str, box: Box) -> list[P]:
        """Everything that can select a pod of the box in the namespace, and perhaps a little more."""
        found = self._namespaces.get(namespace)
        return [*self._everywhere, *(found.candidates(box) if found else ())]


class _Namespace(Generic[P]):
    def __init__(self, things: list[tuple[P, Box]]) -> None:
        self._whole: list[P] = []
        self._by_value: dict[str, dict[str, list[P]]] = {}
        keys = Counter(key for _, box in things for key, values in box if _finite(values))
        for thing, box in things:
            demands = [(keys[key], key, values.values) for key, values in box if _finite(values)]
            if not demands:
                self._whole.append(thing)
                continue
            _, key, allowed = max(demands, key=lambda demand: demand[:2])
            for value in allowed:
                self._by_value.setdefault(key, {}).setdefault(value, []).append(thing)

    def candidates(self, box: Box) -> list[P]:
        found = list(self._whole)
        labels = dict(box)
        for key, by_value in self._by_value.items():
            values = labels.get(key)
            if values is None or values.inverted:
                lists: Iterable[list[P]] = by_value.values()
            elif values == MISSING:
                continue
            else:
                lists = (by_value.get(value, []) for value in values.values)
            found += _unique(lists)
        return found


def _finite(values: Values) -> bool:
    """Whether a key must be there with one of a few values."""
    return not values.inverted and not values.absent


def _unique(lists: Iterable[list[P]]) -> list[P]:
    found: dict[int, P] = {}
    for one in lists:
        for thing in one:
            found[id(thing)] = thing
    return list(found.values())
