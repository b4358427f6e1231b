"""Manifests: an object with its labels, as text."""

from __future__ import annotations

import pytest

from mcpfence.documents.reader import load_foreign
from mcpfence.kube.manifest import floor_policy, is_ours, make_manifest
from tooling import ROOT


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


MADE, PART, FOR = "app.kubernetes.io/managed-by", "app.kubernetes.io/part-of", "mcpfence.io/server"
OURS = {MADE: "mcpfence", PART: "mcpfence", FOR: "a"}


@pytest.mark.parametrize(
    ("labels", "in_cluster", "as_printed"),
    [
        (OURS, True, True),
        ({**OURS, MADE: "Helm"}, True, False),  # Helm overwrites it in the cluster
        ({**OURS, PART: "other"}, False, False),
        ({MADE: "mcpfence", PART: "mcpfence"}, False, False),
        ("mcpfence", False, False),
        (None, False, False),
    ],
)
def test_what_is_ours(labels: object, in_cluster: bool, as_printed: bool) -> None:
    """An object of ours is part of mcpfence and says what for; who manages it counts only as it was printed."""
    document = {"kind": "NetworkPolicy", "metadata": {"name": "x", "labels": labels}}

    assert (is_ours(document), is_ours(document, as_printed=True)) == (in_cluster, as_printed)


def test_floor_is_the_charts() -> None:
    """The floor that is judged with renders is the one that the chart prints; its empty lists are there for Helm."""
    text = (ROOT / "chart" / "templates" / "floor.yaml").read_text(encoding="utf-8")
    [printed] = load_foreign("\n".join(line for line in text.splitlines() if "{{" not in line))
    floor = floor_policy("mcp")

    assert floor["metadata"] == {"name": printed["metadata"]["name"], "namespace": "mcp"}
    assert {key: printed[key] for key in ("apiVersion", "kind")} == {key: floor[key] for key in ("apiVersion", "kind")}
    assert printed["spec"] == {**floor["spec"], "ingress": [], "egress": []}
