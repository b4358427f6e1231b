"""Pods that no policy can tell apart, as bits of whole numbers.

Workloads with equal namespace, labels and ports are one class, so a thousand equal pods cost as much as one.  Sets of
classes are masks: bit i stands for class i.  Boxes become masks through an index of labels, never by asking each pod.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from mcpfence.reach.connectivity.workloads import ClusterWorkload, Labels, PortNames
from mcpfence.reach.flows import label_sets
from mcpfence.reach.flows.label_sets import NAMESPACE_NAME, Box, Values
from mcpfence.structs import Struct

Mask = int
"""A set of classes."""


class PodClass(Struct):
    """What policies see of a pod."""

    namespace: str
    labels: Labels
    ports: PortNames


class PodClasses:
    """The classes of some workloads, and the masks of boxes over them.  Built once, then only read."""

    def __init__(self, workloads: Iterable[ClusterWorkload], namespaces: Mapping[str, Mapping[str, str]]) -> None:
        """`namespaces` gives the labels of those that are known; the others have their name and nothing else."""
        self.members: dict[PodClass, list[ClusterWorkload]] = {}
        for one in workloads:
            self.members.setdefault(PodClass(one.namespace, one.labels, one.ports), []).append(one)
        self.classes = tuple(self.members)
        self.everyone: Mask = (1 << len(self.classes)) - 1
        self._namespaces: dict[str, Mask] = {}
        self._keys: dict[str, Mask] = {}
        self._labels: dict[tuple[str, str], Mask] = {}
        self._known: dict[Box, Mask] = {}
        for place, one_class in enumerate(self.classes):
            bit = 1 << place
            self._namespaces[one_class.namespace] = self._namespaces.get(one_class.namespace, 0) | bit
            for key, value in one_class.labels:
                self._keys[key] = self._keys.get(key, 0) | bit
                self._labels[key, value] = self._labels.get((key, value), 0) | bit
        self._namespace_labels = {name: namespaces.get(name) or {NAMESPACE_NAME: name} for name in self._namespaces}

    def place(self, workload: ClusterWorkload) -> int:
        """The number of the class of a workload."""
        return self.classes.index(PodClass(workload.namespace, workload.labels, workload.ports))

    def mask(self, box: Box) -> Mask:
        """The classes in a box over peers."""
        if not box:
            return self.everyone
        known = self._known.get(box)
        if known is None:
            of_namespace, of_pod = label_sets.split_peer(box)
            known = self._known[box] = self._in_namespaces(of_namespace) & self._with_labels(of_pod)
        return known

    def selected(self, namespace: str | None, box: Box | None) -> Mask:
        """The classes of one namespace (None: of all) whose pod labels are in the box (None: none)."""
        if box is None:
            return 0
        within = self.everyone if namespace is None else self._namespaces.get(namespace, 0)
        return within & self._with_labels(box) if within else 0

    def _in_namespaces(self, box: Box) -> Mask:
        if not box:
            return self.everyone
        found = 0
        for name in _candidates(box, self._namespace_labels):
            if label_sets.matches(box, self._namespace_labels[name]):
                found |= self._namespaces[name]
        return found

    def _with_labels(self, box: Box) -> Mask:
        found = self.everyone
        for key, values in box:
            found &= self._with_values(key, values)
        return found

    def _with_values(self, key: str, values: Values) -> Mask:
        present = self._keys.get(key, 0)
        listed = 0
        for value in values.values:
            listed |= self._labels.get((key, value), 0)
        found = present & ~listed if values.inverted else listed
        return found | (self.everyone & ~present) if values.absent else found


def bits(mask: Mask) -> list[int]:
    """The places of the classes in a mask, ascending."""
    if mask.bit_count() > mask.bit_length() >> 5:
        return [place for place, digit in enumerate(reversed(f"{mask:b}")) if digit == "1"]
    found = []
    while mask:
        low = mask & -mask
        found.append(low.bit_length() - 1)
        mask ^= low
    return found


def _candidates(box: Box, namespaces: Mapping[str, object]) -> Iterable[str]:
    """The namespaces that a box can hold: by name where it demands one, else all."""
    for key, values in box:
        if key == NAMESPACE_NAME and not values.inverted:
            return [name for name in values.values if name in namespaces]
    return namespaces
