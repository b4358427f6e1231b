"""Which namespaces one of kustomize's files is about: of the objects that it reaches, and those that it moves."""

from __future__ import annotations

from collections.abc import Iterable

from mcpfence.patterns import regex
from mcpfence.reach.documents.objects import Object
from mcpfence.reach.engines.kustomizations import GROUP
from mcpfence.reach.engines.policy_words import is_policy

_EVERYWHERE = regex(r"Cluster|Global|Admin|Baseline")
"""Words of kinds of policies that are for all namespaces."""
PODS = ("CronJob", "DaemonSet", "Deployment", "Job", "Pod", "ReplicaSet", "Service", "StatefulSet")
DATA = ("ConfigMap", "Ingress", "PersistentVolumeClaim", "Secret", "ServiceAccount")
_CLUSTER_DATA = (
    *("ClusterRole", "ClusterRoleBinding", "CustomResourceDefinition", "IngressClass", "PriorityClass"),
    *("RuntimeClass", "StorageClass"),
)


def within_one(objects: Iterable[Object], into: object, default: str) -> str | None:
    """The one namespace that objects are of, `into` with them; empty where there is none, None for several or all.

    `default` is that of objects which name none.
    """
    homes: set[object] = {into} if into else set()
    for one in objects:
        if one.group == GROUP or one.kind in _CLUSTER_DATA:
            continue
        if (one.group, one.kind) == ("", "Namespace"):
            homes.add(one.name)
        elif one.namespace:
            homes.add(one.namespace)
        elif _EVERYWHERE.search(one.kind) or not (into or is_namespaced(one) or one.kind in DATA):
            return None
        else:
            homes.add(into or default)
    found = next(iter(homes), "")
    return found if len(homes) < 2 and isinstance(found, str) else None


def is_moved(one: Object, into: object, default: str) -> bool:
    """Whether kustomize's `namespace` puts an object elsewhere than it says."""
    if (one.group, one.kind) == ("", "Namespace"):
        return one.name != into  # kustomize renames it
    if one.namespace:
        return one.namespace != into
    return is_namespaced(one) and default != into


def is_namespaced(one: Object) -> bool:
    """Whether an object that names no namespace is of one, as far as it counts in a proof."""
    return one.kind in PODS or (is_policy(one.kind) and not _EVERYWHERE.search(one.kind))
