"""Where YAML readers differ: what kubectl and helm (Go, sigs.k8s.io/yaml) may differ from PyYAML, and so from us.

A document that could be a policy must mean one thing.  It does not where it has an explicit tag that may change it, a
merge (`<<`) that is not the first key of its mapping, a key twice or one that is no string, or a plain scalar that
looks like a number or a boolean and is none that all read alike.  tests/engines/yaml compares both readers.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from typing import Any

import yaml

from mcpfence.documents.merges import MERGE, merged_mappings
from mcpfence.documents.reader import (
    MARKED,
    BadDocument,
    compose_foreign,
    document_of,
    inner_mark,
    plain_documents,
)
from mcpfence.documents.scalars import is_odd
from mcpfence.documents.tags import Place, changes_nothing, explicit_tags, place_of, values_below
from mcpfence.patterns import regex

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

_STRING = "tag:yaml.org,2002:str"
_HEAD = ("apiVersion", "kind", "items")


class DoubtfulDocument(BadDocument):
    """A document that is YAML, and that readers may read differently."""


def load_judged(text: str, also: Collection[str] = ()) -> list[Any]:
    """The documents of a text as `load_foreign` reads them; raises BadDocument.

    Raises DoubtfulDocument where one could be a policy, hold one or be a list, and readers may read it differently.
    `also` are further kinds that count as policies; the empty one is that of documents without a kind.
    """
    separator, mark = _ODD_SEPARATOR.search(text), inner_mark(text)
    plain = plain_documents(text) if separator is None and mark is None else None
    if plain is not None and all(map(_is_of_told_kind, plain)):
        return plain
    nodes = compose_foreign(text)
    tagged = explicit_tags(text)
    if separator is not None and speaks_of_policies(text, also):
        raise DoubtfulDocument(_SEPARATES, text.count("\n", 0, separator.start()) + 1, 1)
    if mark is not None and speaks_of_policies(text, also):
        raise DoubtfulDocument(MARKED, mark, 1)
    found = []
    for node in nodes:
        fault = _first(_head_faults(node, tagged))
        merges = "<<" in text  # which are gone from the tree once the document is made
        inside = _first(faults(node, tagged)) if merges else None
        document = document_of(node)
        if isinstance(document, list):  # which kubectl does not take, and which lists of patches are
            hides = _WORDS.search(text) is not None
        else:
            hides = document is not None and not isinstance(document, dict) and speaks_of_policies(text, also)
        if hides:
            fault = _at(node, "the document is no mapping")
        if fault is None and _matters(document, also):
            fault = inside if merges else _first(faults(node, tagged))
        if fault is not None:
            raise fault
        found.append(document)
    return found


def _is_of_told_kind(document: Any) -> bool:
    return document is None or (isinstance(document, dict) and isinstance(document.get("kind", ""), str))


_ODD_SEPARATOR = regex(r"^---(?=[^ \t\r\n])", re.MULTILINE)
"""Where kubectl and helm begin another document, and YAML has a line that goes on."""
_SEPARATES = "a line begins with --- and goes on, which some readers take for a separator"
_WORDS = regex(rf"{'|'.join(POLICY_WORDS)}|kind[\"']?:[ ]*[\"']?Server\b")
_HIDES = regex(r"\\[xuU]|\\\r?\n|!|\x00")
"""What can hide a word: escapes, a line that goes on, tags (`!!binary`), the zeros of UTF-16."""
_KINDS = regex(r"kind[\"']?\s*:\s*[\"']?([A-Za-z]+)\b")


def speaks_of_policies(text: str, also: Collection[str] = ()) -> bool:
    """Whether a text that cannot be relied on may hold a policy; `also` are further kinds that count as such."""
    if _WORDS.search(text) or _HIDES.search(text):
        return True
    return not set(_KINDS.findall(text)).isdisjoint(also)


def _first(found: Iterator[BadDocument]) -> BadDocument | None:
    return next(found, None)


def _matters(document: Any, also: Collection[str]) -> bool:
    """Whether a document is or holds a policy, or objects of which we cannot say."""
    if not isinstance(document, dict):
        return False
    if isinstance(document.get("items"), list):
        return True
    kind = document.get("kind")
    if isinstance(kind or "", str) and (kind or "") in also:
        return True
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


def _head_faults(root: Any, tagged: Mapping[Place, str]) -> Iterator[BadDocument]:
    """What is in doubt of what an object is: its root, `apiVersion`, `kind` and `items`."""
    if not isinstance(root, yaml.MappingNode):
        return
    if place_of(root) in tagged:
        yield _at(root, _TAG)
    for mapping in (root, *merged_mappings(root)):
        yield from _head_key_faults(mapping, tagged)


def _head_key_faults(root: Any, tagged: Mapping[Place, str]) -> Iterator[BadDocument]:
    seen: set[str] = set()
    kinds = {key.value for key, _ in root.value if isinstance(key, yaml.ScalarNode)}
    for number, (key, value) in enumerate(root.value):
        if not isinstance(key, yaml.ScalarNode):
            yield _at(key, _NO_STRING)
            continue
        if key.value == "<<" and (number or place_of(key) in tagged):
            yield _at(key, _LATE_MERGE)
        if key.value not in _HEAD:
            if place_of(key) in tagged and kinds & {"apiVersion", "kind", "<<"} != {"apiVersion", "kind"}:
                yield _at(key, _TAG)
            continue
        if place_of(key) in tagged or place_of(value) in tagged:
            yield _at(key if place_of(key) in tagged else value, _TAG)
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


def faults(root: Any, tagged: Mapping[Place, str]) -> Iterator[BadDocument]:
    """Every place below a node where readers may differ."""
    for node in values_below(root):
        tag = tagged.get(place_of(node))
        if tag is not None and not changes_nothing(node, tag):
            yield _at(node, _TAG)
        if isinstance(node, yaml.ScalarNode):
            if _odd(node):
                yield _at(node, "has a value without quotes that readers of YAML read differently; quote it")
        elif isinstance(node, yaml.MappingNode):
            yield from _key_faults(node, tagged)


def _key_faults(node: Any, tagged: Mapping[Place, str]) -> Iterator[BadDocument]:
    keys: set[str] = set()
    for number, (key, _) in enumerate(node.value):
        if place_of(key) in tagged:
            yield _at(key, _TAG)
        if (
            not isinstance(key, yaml.ScalarNode)
            or (key.tag not in (_STRING, MERGE))
            or (key.tag != MERGE and _odd(key))
        ):
            yield _at(key, _NO_STRING)
        elif key.value == "<<" and (number or key.tag != MERGE):
            yield _at(key, _LATE_MERGE)
        elif key.value in keys:
            yield _at(key, _twice(key.value))
        else:
            keys.add(key.value)


def _odd(node: Any) -> bool:
    return not node.style and is_odd(node.value)


def _at(node: Any, sentence: str) -> BadDocument:
    return DoubtfulDocument(sentence, node.start_mark.line + 1, node.start_mark.column + 1)
