"""Whom a cluster's objects belong to: what a workload of the input made is that workload, all else stands for itself.

Pod notes-7d9f-x2 <- ReplicaSet notes-7d9f <- Deployment notes          one workload, whichever of them is there
Deployment notes <- MCPServer notes of an operator                      a workload of its own
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from mcpfence.imports.shared.source import Node
from mcpfence.structs import Struct

Title = tuple[str, str, str]
"""Kind, namespace and name."""

_WORKLOADS = {
    *(("apps", kind) for kind in ("Deployment", "StatefulSet", "DaemonSet", "ReplicaSet")),
    *(("extensions", kind) for kind in ("Deployment", "DaemonSet", "ReplicaSet")),
    *(("batch", kind) for kind in ("Job", "CronJob")),
    ("", "ReplicationController"),
}
_GROUPS = {kind: group for group, kind in _WORKLOADS}
GENERATED = frozenset(
    {
        *("pod-template-hash", "rollouts-pod-template-hash", "controller-revision-hash", "pod-template-generation"),
        *("statefulset.kubernetes.io/pod-name", "apps.kubernetes.io/pod-index"),
    }
)
"""Labels that a controller gives single pods, or those of one revision."""


class Owner(Struct):
    """The controller of an object; a `workload` is of Kubernetes itself, any other belongs to an operator."""

    kind: str
    name: str
    workload: bool


def mapping(value: Any) -> Mapping[str, Any]:
    """The value, or an empty mapping for what is none."""
    return value if isinstance(value, Mapping) else {}


def owner_of(document: Mapping[str, Any]) -> Owner | None:
    """The controller of an object; None where it has none, and for mirror pods, which belong to their node."""
    references = mapping(document.get("metadata")).get("ownerReferences")
    for entry in references if isinstance(references, list) else ():
        one = mapping(entry)
        kind, name, version = one.get("kind"), one.get("name"), one.get("apiVersion")
        if one.get("controller") is True and isinstance(kind, str) and isinstance(name, str) and kind and name:
            group = version.rpartition("/")[0] if isinstance(version, str) else _GROUPS.get(kind, "")
            return None if (group, kind) == ("", "Node") else Owner(kind, name, (group, kind) in _WORKLOADS)
    return None


def space_of(document: Mapping[str, Any]) -> str:
    """The namespace of an object; `default` where it names none."""
    found = mapping(document.get("metadata")).get("namespace")
    return found if isinstance(found, str) and found else "default"


class Belongings:
    """The objects of an input, asked for what belongs to what."""

    def __init__(self, nodes: Iterable[Node]) -> None:
        self._there = {
            (str(node.value.get("kind")), space_of(node.value), str(mapping(node.value.get("metadata")).get("name")))
            for node in nodes
        }

    def covered(self, document: Mapping[str, Any]) -> bool:
        """Whether a workload that is in the input made this object, so that it is no workload of its own."""
        owner = owner_of(document)
        if owner is None or not owner.workload:
            return False
        titles = {(owner.kind, owner.name), *self._above(document, owner)}
        return any((kind, space_of(document), name) in self._there for kind, name in titles)

    @staticmethod
    def _above(document: Mapping[str, Any], owner: Owner) -> set[tuple[str, str]]:
        """What made the owner, as its name tells: a Deployment names its ReplicaSets, a CronJob its Jobs."""
        made_by = {"ReplicaSet": "Deployment", "Job": "CronJob"}.get(owner.kind)
        stems = {stem_of(document, owner), owner.name.rpartition("-")[0]}
        return {(made_by, stem) for stem in stems} if made_by else set()


def stem_of(document: Mapping[str, Any], owner: Owner) -> str:
    """The owner's name without what a Deployment or a CronJob put behind it."""
    value = mapping(mapping(document.get("metadata")).get("labels")).get("pod-template-hash")
    if owner.kind == "ReplicaSet" and isinstance(value, str) and value:
        return owner.name.removesuffix(f"-{value}") or owner.name
    head, _, tail = owner.name.rpartition("-")
    return head if owner.kind == "Job" and head and tail.isdecimal() else owner.name


def is_past(document: Mapping[str, Any]) -> bool:
    """Whether it is a ReplicaSet of an earlier revision, which has no pods any more."""
    empty = mapping(document.get("spec")).get("replicas") == 0
    return document.get("kind") == "ReplicaSet" and empty and owner_of(document) is not None


def plain_labels(labels: Mapping[str, str]) -> dict[str, str]:
    """The labels that all pods of a workload have, whatever their revision."""
    return {key: value for key, value in labels.items() if key not in GENERATED}
