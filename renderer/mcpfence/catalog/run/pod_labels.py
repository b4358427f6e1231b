"""Labels for the pod that a selector is to select."""

from __future__ import annotations

from mcpfence.kube.manifest import MANAGED_BY
from mcpfence.kube.selectors import Selector


def excluded(selector: Selector) -> dict[str, set[str]]:
    """The labels that a pod must not have: their keys, with the values; none where no value will do."""
    found: dict[str, set[str]] = {}
    for item in selector.expressions:
        if item.operator == "NotIn":
            found.setdefault(item.key, set()).update(item.values)
    return {**found, **{item.key: set() for item in selector.expressions if item.operator == "DoesNotExist"}}


def labels_for(selector: Selector) -> tuple[tuple[str, str], ...]:
    """Labels that satisfy a selector (it can be satisfied: `fields.read_selector` has seen to that), sorted."""
    labels = dict(selector.labels)
    refused = excluded(selector)
    wanted: dict[str, set[str]] = {}
    for item in selector.expressions:
        if item.operator == "In":
            values = set(item.values)
            wanted[item.key] = wanted.get(item.key, values) & values
        elif item.operator == "Exists" and item.key not in labels:
            wanted.setdefault(item.key, set())
    for key, values in wanted.items():
        free = sorted(values - refused.get(key, set())) or [f"mcpfence{'x' * n}" for n in range(9)]
        labels.setdefault(key, next(value for value in free if value not in refused.get(key, set())))
    return tuple(sorted(labels.items()))


LABEL = "mcpfence.io/server"


OWN_LABELS = {"app.kubernetes.io/managed-by": MANAGED_BY, "app.kubernetes.io/part-of": MANAGED_BY}


def server_labels(name: str, release: str) -> dict[str, str]:
    """Which server an object runs, in Kubernetes' recommended labels and ours.

    People and baselines look for them; no selector of ours does, since that of a Deployment can never change.
    """
    return {"app.kubernetes.io/name": name, "app.kubernetes.io/instance": release, LABEL: name}
