"""Where YAML readers differ: what kubectl and helm (Go, sigs.k8s.io/yaml) may differ from PyYAML, and so from us.

A document that could be a policy must mean one thing.  It does not where it has an explicit tag, a merge (`<<`) that
is not the first key of its mapping, a key twice or one that is no string, or a plain scalar that looks like a number, a
date or a boolean and is none that all read alike.  tests/engines/yaml compares both readers.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import yaml

from mcpfence.documents.reader import BadDocument, compose_foreign, document_of
from mcpfence.documents.scalars import is_odd

POLICY_WORDS = ("Policy", "Firewall", "Sidecar", "Permission")
"""Words of which every kind of policy that we know holds one; Linkerd's `Server` is one as a whole."""

HARMLESS = frozenset(
    (
        "ClusterRole",
        "ClusterRoleBinding",
        "ConfigMap",
        "ControllerRevision",
        "CronJob",
        "CSIDriver",
        "CustomResourceDefinition",
        "DaemonSet",
        "Deployment",
        "Endpoints",
        "EndpointSlice",
        "HorizontalPodAutoscaler",
        "Ingress",
        "IngressClass",
        "Job",
        "Lease",
        "LimitRange",
        "MutatingWebhookConfiguration",
        "Namespace",
        "PersistentVolume",
        "PersistentVolumeClaim",
        "Pod",
        "PodDisruptionBudget",
        "PodTemplate",
        "PriorityClass",
        "ReplicaSet",
        "ResourceQuota",
        "Role",
        "RoleBinding",
        "RuntimeClass",
        "Secret",
        "Service",
        "ServiceAccount",
        "StatefulSet",
        "StorageClass",
        "ValidatingWebhookConfiguration",
    )
)
"""Kubernetes' own kinds that are no policies and hold no objects: readers may differ on the rest of such a document."""

_MERGE = "tag:yaml.org,2002:merge"
_STRING = "tag:yaml.org,2002:str"
_HEAD = ("apiVersion", "kind", "items")


class DoubtfulDocument(BadDocument):
    """A document that is YAML, and that readers may read differently."""


def load_judged(text: str) -> list[Any]:
    """The documents of a text as `load_foreign` reads them; raises BadDocument.

    Raises DoubtfulDocument where one could be a policy, hold one or be a list, and readers may read it differently.
    """
    nodes = compose_foreign(text)
    tagged = _tagged(text)
    found = []
    for node in nodes:
        fault = _first(_head_faults(node, tagged))
        merges = "<<" in text  # which are gone from the tree once the document is made
        inside = _first(faults(node, tagged)) if merges else None
        document = document_of(node)
        if fault is None and _matters(document):
            fault = inside if merges else _first(faults(node, tagged))
        if fault is not None:
            raise fault
        found.append(document)
    return found


def _first(found: Iterator[BadDocument]) -> BadDocument | None:
    return next(found, None)


def _matters(document: Any) -> bool:
    """Whether a document is or holds a policy, or objects of which we cannot say."""
    if not isinstance(document, dict):
        return False
    if isinstance(document.get("items"), list):
        return True
    kind = document.get("kind")
    if kind in HARMLESS:
        return False
    return kind is not None and _speaks_of_policies(document)


def _speaks_of_policies(value: Any) -> bool:
    stack = [value]
    while stack:
        item = stack.pop()
        if isinstance(item, dict):
            kind = item.get("kind")
            if kind is not None and (not isinstance(kind, str) or is_policy_word(kind)):
                return True
            stack += item.values()
        elif isinstance(item, list):
            stack += item
    return False


def is_policy_word(kind: str) -> bool:
    """Whether a kind is called as policies are."""
    return kind == "Server" or any(word in kind for word in POLICY_WORDS)


def _tagged(text: str) -> frozenset[tuple[int, int]]:
    """Where explicit tags stand: nodes do not keep them."""
    if "!" not in text:
        return frozenset()
    events = yaml.parse(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    return frozenset(_place(event) for event in events if getattr(event, "tag", None) is not None)


def _head_faults(root: Any, tagged: frozenset[tuple[int, int]]) -> Iterator[BadDocument]:
    """What is in doubt of what an object is: its root, `apiVersion`, `kind` and `items`."""
    if not isinstance(root, yaml.MappingNode):
        return
    if _place(root) in tagged:
        yield _at(root, _TAG)
    seen: set[str] = set()
    kinds = {key.value for key, _ in root.value if isinstance(key, yaml.ScalarNode)}
    for number, (key, value) in enumerate(root.value):
        if not isinstance(key, yaml.ScalarNode):
            yield _at(key, _NO_STRING)
            continue
        if key.value == "<<" and (number or _place(key) in tagged):
            yield _at(key, _LATE_MERGE)
        if key.value not in _HEAD:
            if _place(key) in tagged and kinds & {"apiVersion", "kind", "<<"} != {"apiVersion", "kind"}:
                yield _at(key, _TAG)
            continue
        if _place(key) in tagged or _place(value) in tagged:
            yield _at(key if _place(key) in tagged else value, _TAG)
        if key.value in seen:
            yield _at(key, _twice(key.value))
        seen.add(key.value)
        if key.value == "kind" and (not isinstance(value, yaml.ScalarNode) or value.tag != _STRING or _odd(value)):
            yield _at(value, "the kind is no string that every reader reads alike")


_TAG = "has a tag, which readers of YAML read differently"
_NO_STRING = "has a key that is no string"
_LATE_MERGE = "merges (<<) behind another key, and readers of YAML differ on which of two values counts"


def _twice(key: str) -> str:
    return f"has the key {key if key.isalnum() else '(of this place)'} twice"


def faults(root: Any, tagged: frozenset[tuple[int, int]]) -> Iterator[BadDocument]:
    """Every place below a node where readers may differ."""
    seen: set[int] = set()
    stack = [root]
    while stack:
        node = stack.pop()
        if id(node) in seen:
            continue
        seen.add(id(node))
        if _place(node) in tagged:
            yield _at(node, _TAG)
        if isinstance(node, yaml.ScalarNode):
            if _odd(node):
                yield _at(node, "has a value without quotes that readers of YAML read differently; quote it")
        elif isinstance(node, yaml.MappingNode):
            yield from _key_faults(node, tagged)
            stack += [value for _, value in reversed(node.value)]
        else:
            stack += reversed(node.value)


def _key_faults(node: Any, tagged: frozenset[tuple[int, int]]) -> Iterator[BadDocument]:
    keys: set[str] = set()
    for number, (key, _) in enumerate(node.value):
        if _place(key) in tagged:
            yield _at(key, _TAG)
        if (
            not isinstance(key, yaml.ScalarNode)
            or (key.tag not in (_STRING, _MERGE))
            or (key.tag != _MERGE and _odd(key))
        ):
            yield _at(key, _NO_STRING)
        elif key.value == "<<" and (number or key.tag != _MERGE):
            yield _at(key, _LATE_MERGE)
        elif key.value in keys:
            yield _at(key, _twice(key.value))
        else:
            keys.add(key.value)


def _odd(node: Any) -> bool:
    return not node.style and is_odd(node.value)


def _place(node: Any) -> tuple[int, int]:
    return node.start_mark.line, node.start_mark.column


def _at(node: Any, sentence: str) -> BadDocument:
    return DoubtfulDocument(sentence, node.start_mark.line + 1, node.start_mark.column + 1)
