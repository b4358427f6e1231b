"""Manifests as plain documents with what they are sorted and named by, and the labels that say whose they are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mcpfence.documents.writer import Document
from mcpfence.reach.documents.objects import called
from mcpfence.structs import Struct

MANAGED_BY = "mcpfence"

FLOOR = "mcp-default-deny"
"""The chart's own NetworkPolicy (chart/templates/floor.yaml)."""


class Manifest(Struct):
    """A document with what it is sorted and named by; `kind` is as messages call it (`objects.called`)."""

    kind: str
    namespace: str
    name: str
    document: Document


def make_manifest(
    api_version: str,
    kind: str,
    namespace: str,
    name: str,
    labels: Mapping[str, str],
    body: Mapping[str, Any],
    annotations: Mapping[str, str] | None = None,
) -> Manifest:
    """A document with mcpfence's labels, cluster-wide where the namespace is empty; `body` holds spec or data."""
    metadata: Document = {"name": name, "namespace": namespace} if namespace else {"name": name}
    metadata["labels"] = {
        "app.kubernetes.io/managed-by": MANAGED_BY,
        "app.kubernetes.io/part-of": MANAGED_BY,
        **labels,
    }
    if annotations:
        metadata["annotations"] = dict(annotations)
    title = called(kind, api_version.rpartition("/")[0])
    return Manifest(title, namespace, name, {"apiVersion": api_version, "kind": kind, "metadata": metadata, **body})


def floor_policy(namespace: str) -> Document:
    """What the chart puts below every policy: no rules, every pod of the namespace, both directions."""
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": FLOOR, "namespace": namespace},
        "spec": {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]},
    }


def labels_of(document: Mapping[str, Any]) -> Mapping[Any, Any]:
    """The labels of an untrusted object; empty where it has none that could be read."""
    metadata = document.get("metadata")
    labels = metadata.get("labels") if isinstance(metadata, Mapping) else None
    return labels if isinstance(labels, Mapping) else {}


def is_ours(document: Mapping[str, Any], *, as_printed: bool = False) -> bool:
    """Whether mcpfence made an object: part of mcpfence, and a label that says what for.

    Helm overwrites managed-by in the cluster, so it does not count; `as_printed` asks for objects that no Helm has
    touched, as mcpfence prints them.
    """
    labels = labels_of(document)
    if labels.get("app.kubernetes.io/part-of") != MANAGED_BY:
        return False
    if as_printed and labels.get("app.kubernetes.io/managed-by") != MANAGED_BY:
        return False
    return any(str(key).startswith("mcpfence.io/") for key in labels)


FENCED = "mcpfence.io/namespace"
"""Label of cluster-wide objects: the namespace of the pods that they are for."""

KEYS = "mcpfence.io/catalog-keys"
"""Annotation of a policy: the keys of the catalog that it stands for."""

MARK = "mcpfence.io/carrier"
"""Label of the carrier (value `catalog`) and of the report that stands in its place (value `rendered`)."""
