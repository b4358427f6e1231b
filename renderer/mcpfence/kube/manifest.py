"""Manifests as plain documents with what they are sorted and named by, and the labels that say whose they are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from mcpfence.documents.writer import Document

MANAGED_BY = "mcpfence"


class Manifest(NamedTuple):
    """A document with what it is sorted and named by."""

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
    """A namespaced document with mcpfence's labels; `body` holds spec or data."""
    metadata: Document = {"name": name, "namespace": namespace}
    metadata["labels"] = {
        "app.kubernetes.io/managed-by": MANAGED_BY,
        "app.kubernetes.io/part-of": MANAGED_BY,
        **labels,
    }
    if annotations:
        metadata["annotations"] = dict(annotations)
    return Manifest(kind, namespace, name, {"apiVersion": api_version, "kind": kind, "metadata": metadata, **body})


MARK = "mcpfence.io/carrier"
"""Label of the carrier (value `catalog`) and of the report that stands in its place (value `rendered`)."""
