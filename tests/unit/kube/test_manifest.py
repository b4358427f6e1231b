"""Manifests: an object with its labels, as text."""

from __future__ import annotations

from mcpfence.kube.manifest import make_manifest


def test_every_object_is_labelled() -> None:
    """Each object says that mcpfence manages it and what it belongs to."""
    manifest = make_manifest("v1", "ConfigMap", "ns", "a", {"mcpfence.io/server": "a"}, {"data": {}}, {"x": "y"})

    assert (manifest.kind, manifest.namespace, manifest.name) == ("ConfigMap", "ns", "a")
    assert manifest.document["metadata"] == {
        "name": "a",
        "namespace": "ns",
        "labels": {
            "app.kubernetes.io/managed-by": "mcpfence",
            "app.kubernetes.io/part-of": "mcpfence",
            "mcpfence.io/server": "a",
        },
        "annotations": {"x": "y"},
    }
