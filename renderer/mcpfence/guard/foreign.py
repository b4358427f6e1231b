"""Policies of the same stream that the guard would refuse, so that a release does not stop half way.

It judges as the guard's expressions do, in words of its own; the tests hold both against one table.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from mcpfence.findings.finding import Finding
from mcpfence.guard.kinds import guarded_kinds
from mcpfence.guard.objects import selectors_by_namespace
from mcpfence.kube.manifest import is_ours
from mcpfence.kube.selectors import Selector
from mcpfence.plan.fence import Fence
from mcpfence.reach.documents.objects import Object
from mcpfence.reach.engines.contract import Shape

_EVERYWHERE = re.compile(r"Cluster|Global|Admin|Baseline|\w*Clusterwide")
"""How kinds begin whose objects have no namespace."""


def refused_policies(objects: Iterable[Object], namespace: str, fences: Sequence[Fence], default: str) -> list[Finding]:
    """A finding for each; `namespace` is that of the servers, `default` that of objects which name none."""
    shapes = {(kind.group, kind.kind): kind.shape for kind in guarded_kinds()}
    selectors = selectors_by_namespace(namespace, fences)
    found = []
    for one in objects:
        shape = shapes.get((one.group, one.kind))
        if shape is None or is_ours(one.document) or not may_open(one.document, shape):
            continue
        if _EVERYWHERE.match(one.kind):
            free = _is_apart_from_namespaces(one.document, shape, tuple(selectors))
        elif (where := one.namespace or default) in selectors:
            free = where != namespace and _is_apart_from_pods(one.document, shape, selectors[where])
        else:
            free = True
        if not free:
            sentence = f"opens something and is not mcpfence's, so the guard of namespace {namespace} would refuse it"
            todo = "declare what it is for (servers.NAME or workloads.NAME) and remove it, or remove guard.enabled"
            found.append(Finding("guard-foreign", (), sentence, todo, one.title))
    return found


def may_open(document: Mapping[str, Any], shape: Shape) -> bool:
    """Whether an object has a rule that does not merely deny; so it is where that cannot be told."""
    if not shape.rules:
        return True
    lists = [_at(spec, name) for spec in _specs(document) for name in shape.rules]
    return any(
        _at(rule, "action") not in shape.denying
        for rules in lists
        if rules is not None
        for rule in (rules if isinstance(rules, list) else [rules])
    )


def _is_apart_from_namespaces(document: Mapping[str, Any], shape: Shape, namespaces: Sequence[str]) -> bool:
    """Whether a cluster-wide policy is for none of these namespaces."""

    def apart(spec: Any) -> bool:
        told = [(found, key) for path, key in shape.namespaces if (found := _at(spec, path)) is not None]
        return bool(told) and all(excludes(selector, key, namespaces) for selector, key in told)

    specs = _specs(document)
    return bool(specs) and all(map(apart, specs))


def _is_apart_from_pods(document: Mapping[str, Any], shape: Shape, selectors: Sequence[Selector]) -> bool:
    """Whether a policy is for no pods of these selectors."""

    def apart(spec: Any) -> bool:
        written = _at(spec, shape.pods)
        return all(any(excludes(written, key, (value,)) for key, value in one.labels) for one in selectors)

    specs = _specs(document)
    return bool(shape.pods) and bool(specs) and all(map(apart, specs))


def excludes(selector: Any, key: str, values: Sequence[str]) -> bool:
    """Whether a label selector speaks of a key and is met by no object that has one of these values of it."""
    labels, expressions = _at(selector, "matchLabels"), _at(selector, "matchExpressions")
    if isinstance(labels, Mapping) and key in labels and labels[key] not in values:
        return True
    for item in expressions if isinstance(expressions, list) else ():
        listed = _at(item, "values")
        if _at(item, "key") != key or not isinstance(listed, list):
            continue
        operator = _at(item, "operator")
        if (operator == "In" and not set(listed) & set(values)) or (operator == "NotIn" and set(values) <= set(listed)):
            return True
    return False


def _specs(document: Mapping[str, Any]) -> list[Any]:
    """Everything that an object says: its spec, and each of its specs."""
    several = document.get("specs")
    one = document.get("spec")
    return [*([one] if one is not None else []), *(several if isinstance(several, list) else [])]


def _at(value: Any, path: str) -> Any:
    """What lies at a path of dots in a document; None where nothing does."""
    for step in path.split("."):
        value = value.get(step) if isinstance(value, Mapping) else None
    return value
