"""Endpoint selectors: labels of pods and of their namespaces under Cilium's own keys.

    app, k8s:app, any:app                                     a label of the pod
    k8s:io.kubernetes.pod.namespace                           the name of its namespace
    k8s:io.cilium.k8s.namespace.labels.team                   a label of its namespace

Labels that Cilium leaves out of identities (pod-template-hash and the like) select nothing there, and what stands for
no label of a pod (reserved:host, a service account) is known to no manifest: both are faults.
"""

from __future__ import annotations

import re

from mcpfence.reach.documents.fields import Unreadable
from mcpfence.reach.documents.label_selectors import read_selector
from mcpfence.reach.flows import label_sets
from mcpfence.reach.flows.label_sets import Box, Values

_SOURCES = ("k8s:", "any:")
_NAMESPACE = "io.kubernetes.pod.namespace"
_NAMESPACE_LABELS = "io.cilium.k8s.namespace.labels."
_KNOWN_OTHERS = ("io.cilium.k8s.", "io.kubernetes.")

_FILTERED = re.compile(
    r"io\.kubernetes|kubernetes\.io|k8s\.io|topology\.kubernetes\.io|.*beta\.kubernetes\.io|annotation|etcd_node"
    r"|statefulset\.kubernetes\.io/pod-name|apps\.kubernetes\.io/pod-index"
    r"|batch\.kubernetes\.io/(?:job-completion-index|controller-uid)"
    r"|pod-template-(?:generation|hash)|controller-(?:revision-hash|uid)"
)
"""The beginnings of the keys that the default configuration of the agent leaves out."""

_KEPT = "app.kubernetes.io"


def read_subject(value: object, place: str, namespace: str | None) -> Box | None:
    """The pods that a policy is for: over pod labels in a namespace of its own, else over peers; None: no pod."""
    found = _boxes(value, place)
    if found is None:
        return None
    of_namespace, of_pod = found
    if namespace is None:
        return (*label_sets.in_namespace(of_namespace), *label_sets.of_pod(of_pod))
    if not of_namespace:
        return of_pod
    own = label_sets.box_of({label_sets.NAMESPACE_NAME: namespace})
    if of_namespace != own:
        raise Unreadable(place, "selects by namespace, and the policy lies in one")
    return of_pod


def read_peers(value: object, place: str, namespace: str | None) -> Box | None:
    """The pods of one peer as a box over peers; without a namespace key those of the policy's own namespace."""
    found = _boxes(value, place)
    if found is None:
        return None
    of_namespace, of_pod = found
    if not any(key == label_sets.NAMESPACE_NAME for key, _ in of_namespace) and namespace is not None:
        if of_namespace:
            return (*label_sets.in_namespace(of_namespace), *label_sets.of_pod(of_pod))
        return label_sets.pods_in(namespace, of_pod)
    return (*label_sets.in_namespace(of_namespace), *label_sets.of_pod(of_pod))


def _boxes(value: object, place: str) -> tuple[Box, Box] | None:
    """The boxes over the labels of namespace and pod; None where no pod can satisfy them."""
    box = read_selector(value if value is not None else {}, place)
    if box is None:
        return None
    of_namespace: dict[str, Values] = {}
    of_pod: dict[str, Values] = {}
    for key, values in box:
        where, name = _place(key, place)
        into = of_namespace if where == "namespace" else of_pod
        joined = label_sets.intersect(((name, into[name]),), ((name, values),)) if name in into else ((name, values),)
        if joined is None:
            return None
        into[name] = joined[0][1]
    return tuple(sorted(of_namespace.items())), tuple(sorted(of_pod.items()))


def _place(key: str, place: str) -> tuple[str, str]:
    name = key
    for source in _SOURCES:
        name = name.removeprefix(source)
    if name == _NAMESPACE:
        return "namespace", label_sets.NAMESPACE_NAME
    if name.startswith(_NAMESPACE_LABELS):
        return "namespace", name.removeprefix(_NAMESPACE_LABELS)
    if ":" in name or name.startswith(_KNOWN_OTHERS):
        raise Unreadable(place, f"selects by {key}, which no manifest tells")
    if _FILTERED.match(name) and not name.startswith(_KEPT):
        raise Unreadable(place, f"selects by {key}, which Cilium leaves out of the labels that it knows pods by")
    return "pod", name
