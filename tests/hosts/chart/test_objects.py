"""The chart's objects under real Helm 3 and Helm 4."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from charting import CHART, LABELS, Charting, Document, kinds, meta, one, parent_chart
from find_helm import Helm

NOTICE = (
    "The post-renderer did not run, so no server has its policies and all stay cut off. "
    "Run helm again with --post-renderer."
)
KEPT = {"argocd.argoproj.io/sync-options": "Prune=false", "helm.sh/resource-policy": "keep"}
"""What keeps the namespace: Helm's word, and Argo CD's, which prunes in spite of Helm's."""

POD_SECURITY = {
    "pod-security.kubernetes.io/enforce": "restricted",
    "pod-security.kubernetes.io/enforce-version": "latest",
    "pod-security.kubernetes.io/audit": "restricted",
    "pod-security.kubernetes.io/audit-version": "latest",
    "pod-security.kubernetes.io/warn": "restricted",
    "pod-security.kubernetes.io/warn-version": "latest",
}


@pytest.fixture
def charting(helm: Helm, tmp_path: Path) -> Charting:
    """The chart under each helm."""
    return Charting(helm, tmp_path)


def _default_objects() -> list[Document]:
    catalog = {
        **{key: {} for key in ("clients", "cluster", "dns", "egress", "gateway", "mcpServerDefaults", "run")},
        "guard": {"enabled": False, "mode": "deny", "pods": "refuse", "writers": []},
        "mcpNamespace": {"name": "rel-mcp", "networkPolicy": {"dnsNamespace": "kube-system", "enabled": True}},
        "servers": {},
        "workloads": {},
    }
    carried = {"catalog": catalog, "namespace": "ns", "release": "rel", "version": "0.1.0"}
    return [
        {
            "apiVersion": "v1",
            "kind": "Namespace",
            "metadata": {
                "name": "rel-mcp",
                "labels": LABELS | POD_SECURITY,
                "annotations": {"argocd.argoproj.io/sync-wave": "-1", **KEPT},
            },
        },
        {
            "apiVersion": "networking.k8s.io/v1",
            "kind": "NetworkPolicy",
            "metadata": meta("mcp-default-deny", "rel-mcp"),
            "spec": {"podSelector": {}, "policyTypes": ["Ingress", "Egress"], "ingress": [], "egress": []},
        },
        {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {
                "name": "rel-mcpfence-catalog",
                "namespace": "ns",
                "labels": {**LABELS, "mcpfence.io/carrier": "catalog"},
                "annotations": {"mcpfence.io/notice": NOTICE},
            },
            "data": {"catalog": json.dumps(carried, separators=(",", ":"), sort_keys=True)},
        },
    ]


def test_lint_has_no_warning(charting: Charting) -> None:
    """`helm lint --strict` finds nothing worth a warning."""
    done = charting.run("lint", "--strict", str(CHART))

    assert done.returncode == 0, done.stdout + done.stderr
    assert "[WARNING]" not in done.stdout


def test_default_values_print_exactly_these_objects(charting: Charting) -> None:
    """The default values give the namespace, the floor and the carrier: rights that nobody uses are somebody's way in."""
    assert _default_objects() == charting.template()


def test_older_kubernetes_is_refused(charting: Charting) -> None:
    """Before 1.25 there are no Pod Security labels and no port ranges, so the chart does not install."""
    assert "chart requires kubeVersion: >=1.25.0-0" in charting.refusal({}, "--kube-version", "1.24.17")


def test_every_object_names_its_namespace(charting: Charting) -> None:
    """An object without metadata.namespace would land wherever the context points."""
    values = {"mcpNamespace": {"resourceQuota": {"hard": {"pods": 5}}}, "rbac": {"create": True}}
    namespaced = [document for document in charting.template(values) if document["kind"] != "Namespace"]

    assert len(namespaced) == 6
    assert all(document["metadata"]["namespace"] in {"ns", "rel-mcp"} for document in namespaced)


def test_names_that_look_like_numbers_stay_strings(charting: Charting) -> None:
    """A namespace called 123 is a string to the API server."""
    values = {"mcpNamespace": {"name": "123"}, "rbac": {"serviceAccount": {"name": "1e3"}}}
    documents = charting.template(values)

    assert one(documents, "Namespace")["metadata"]["name"] == "123"
    assert one(documents, "NetworkPolicy")["metadata"]["namespace"] == "123"
    assert one(documents, "ServiceAccount")["metadata"]["name"] == "1e3"
    assert one(documents, "RoleBinding")["subjects"][0]["name"] == "1e3"


def test_existing_namespace_is_used_and_not_created(charting: Charting) -> None:
    """With create false everything but the Namespace itself is installed into the named one."""
    documents = charting.template({"mcpNamespace": {"create": False, "name": "tools"}, "rbac": {"create": True}})

    assert kinds(documents) == ["NetworkPolicy", "ServiceAccount", "ConfigMap", "Role", "RoleBinding"]
    assert one(documents, "Role")["metadata"]["namespace"] == "tools"


@pytest.mark.parametrize(
    ("namespace", "expected"),
    [
        ({"keep": False}, {"argocd.argoproj.io/sync-wave": "-1"}),
        ({"keep": False, "annotations": {"argocd.argoproj.io/sync-wave": None}}, None),
        (
            {"annotations": {"a": "b"}},
            {"a": "b", "argocd.argoproj.io/sync-wave": "-1", **KEPT},
        ),
        (
            {"annotations": {"helm.sh/resource-policy": "drop"}},
            {"argocd.argoproj.io/sync-wave": "-1", **KEPT},
        ),
        (
            {"annotations": {"argocd.argoproj.io/sync-options": "ServerSideApply=true"}},
            {
                "argocd.argoproj.io/sync-wave": "-1",
                "argocd.argoproj.io/sync-options": "ServerSideApply=true",
                "helm.sh/resource-policy": "keep",
            },
        ),
    ],
    ids=["not kept", "none at all", "one more", "keep wins", "sync options are the user's"],
)
def test_annotations(charting: Charting, namespace: dict[str, Any], expected: dict[str, str] | None) -> None:
    """The keep mark comes and goes with `keep`; other annotations are the user's."""
    assert one(charting.template({"mcpNamespace": namespace}), "Namespace")["metadata"].get("annotations") == expected


def test_labels_of_the_namespace(charting: Charting) -> None:
    """Further labels stand beside the chart's."""
    values = {"mcpNamespace": {"labels": {"team": "tools"}}}

    labels = one(charting.template(values), "Namespace")["metadata"]["labels"]
    assert labels == {**LABELS, "team": "tools", **POD_SECURITY}


def test_pod_security_levels_and_versions(charting: Charting) -> None:
    """Each mode has its own level and version."""
    pod_security = {
        "enforce": "baseline",
        "enforceVersion": "v1.30",
        "audit": "privileged",
        "auditVersion": "v1.25",
        "warn": "restricted",
        "warnVersion": "latest",
    }
    labels = one(charting.template({"mcpNamespace": {"podSecurity": pod_security}}), "Namespace")["metadata"]["labels"]

    assert {key: value for key, value in labels.items() if key.startswith("pod-security")} == {
        "pod-security.kubernetes.io/enforce": "baseline",
        "pod-security.kubernetes.io/enforce-version": "v1.30",
        "pod-security.kubernetes.io/audit": "privileged",
        "pod-security.kubernetes.io/audit-version": "v1.25",
        "pod-security.kubernetes.io/warn": "restricted",
        "pod-security.kubernetes.io/warn-version": "latest",
    }


def test_pod_security_can_be_left_to_others(charting: Charting) -> None:
    """With podSecurity off the namespace has no such label, whatever levels are written."""
    documents = charting.template({"mcpNamespace": {"podSecurity": {"enabled": False, "enforceVersion": "soon"}}})

    assert one(documents, "Namespace")["metadata"]["labels"] == LABELS


def test_resource_quota(charting: Charting) -> None:
    """Hard limits make a ResourceQuota, numbers and quantities alike."""
    values = {"mcpNamespace": {"resourceQuota": {"hard": {"pods": 50, "requests.memory": "20Gi"}}}}

    assert one(charting.template(values), "ResourceQuota") == {
        "apiVersion": "v1",
        "kind": "ResourceQuota",
        "metadata": meta("mcp-quota", "rel-mcp"),
        "spec": {"hard": {"pods": 50, "requests.memory": "20Gi"}},
    }


def test_floor_can_be_removed_alone(charting: Charting) -> None:
    """networkPolicy.enabled false removes the floor and nothing else, and the carrier says so."""
    documents = charting.template({"mcpNamespace": {"networkPolicy": {"enabled": False}}})

    assert kinds(documents) == ["Namespace", "ConfigMap"]
    carried = json.loads(one(documents, "ConfigMap")["data"]["catalog"])
    assert carried["catalog"]["mcpNamespace"]["networkPolicy"]["enabled"] is False


@pytest.mark.parametrize(
    "values",
    [
        {"mcpNamespace": {"networkPolicy": None}},
        {"mcpNamespace": {"networkPolicy": {"enabled": None}}},
        {"mcpNamespace": {"create": None, "keep": None}, "rbac": None},
        {"mcpNamespace": {"podSecurity": {"enabled": None}}, "rbac": {"serviceAccount": None}},
    ],
)
def test_a_default_deleted_with_null_stays_on(charting: Charting, values: dict[str, Any]) -> None:
    """Absence never widens: null takes away neither the floor nor the labels or the keep mark, and grants nothing."""
    objects = {document["kind"]: document for document in charting.template(values)}
    expected = {document["kind"]: document for document in _default_objects()}

    del objects["ConfigMap"], expected["ConfigMap"]
    assert objects == expected


def test_as_a_subchart_it_prints_the_same(charting: Charting, tmp_path: Path) -> None:
    """Below a parent with global values the objects are the same, and global is not carried."""
    parent = parent_chart(tmp_path / "parent", {"global": {"token": "s3cret"}, "mcpfence": {}})

    text = charting.template_text(chart=parent)
    assert "s3cret" not in text
    assert charting.template(chart=parent) == _default_objects()


def test_twice_in_one_release_nothing_collides(charting: Charting, tmp_path: Path) -> None:
    """Under two aliases with two namespaces no two objects have the same kind, namespace and name."""
    values = {name: {"mcpNamespace": {"name": name}, "rbac": {"create": True}} for name in ("blue", "green")}
    documents = charting.template(chart=parent_chart(tmp_path / "parent", values, "blue", "green"))

    identities = {(item["kind"], item["metadata"].get("namespace"), item["metadata"]["name"]) for item in documents}
    assert len(identities) == len(documents) == 12
    assert ("ConfigMap", "ns", "rel-blue-catalog") in identities


def test_packaged_chart_has_all_of_it(charting: Charting, tmp_path: Path) -> None:
    """`helm package` leaves out nothing that the chart needs: the archive prints the same objects."""
    done = charting.run("package", str(CHART), "--destination", str(tmp_path))

    assert done.returncode == 0, done.stderr
    assert charting.template(chart=tmp_path / "mcpfence-0.1.0.tgz") == _default_objects()
