"""What a controller takes from elsewhere and puts into a namespace of fences: said on every path."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from edges import carrier
from helpers import run_cli
from krm import function_config, resource_list
from mcpfence.reach.documents.objects import unroll
from mcpfence.reach.engines.appliers import applied_into
from mcpfence.streams.post_render import post_render

Raw = dict[str, Any]


def made(api: str, kind: str, spec: Raw, namespace: str = "ops") -> Raw:
    """An object that a controller acts on."""
    return {"apiVersion": api, "kind": kind, "metadata": {"name": "a", "namespace": namespace}, "spec": spec}


def app(**spec: Any) -> Raw:
    """An Application of Argo CD."""
    return made("argoproj.io/v1alpha1", "Application", spec)


def release(namespace: str = "ops", **spec: Any) -> Raw:
    """A HelmRelease of Flux."""
    return made("helm.toolkit.fluxcd.io/v2", "HelmRelease", spec, namespace)


HERE = {"namespace": "demo-mcp"}
FILLS: dict[str, Raw] = {
    "Flux builds a folder": made("kustomize.toolkit.fluxcd.io/v1", "Kustomization", {"targetNamespace": "demo-mcp"}),
    "Flux installs a chart": release(targetNamespace="demo-mcp"),
    "Flux installs a chart where it stands": release("demo-mcp"),
    "Argo CD": app(destination=HERE),
    "Argo CD with kustomize": app(sources=[{"kustomize": HERE}]),
    "Argo CD with helm": app(source={"helm": HERE}),
    "Argo CD fills it in": made(
        "argoproj.io/v1alpha1", "ApplicationSet", {"generators": [{"list": {"elements": [{"name": "demo-mcp"}]}}]}
    ),
    "Fleet": made("fleet.cattle.io/v1alpha1", "Bundle", {"targets": [{"defaultNamespace": "demo-mcp"}]}),
    "Fleet's repository": made("fleet.cattle.io/v1alpha1", "GitRepo", {"targetNamespace": "demo-mcp"}),
    "K3s": made("helm.cattle.io/v1", "HelmChart", {"targetNamespace": "demo-mcp"}, "kube-system"),
    "Sveltos": made(
        "config.projectsveltos.io/v1beta1", "ClusterProfile", {"helmCharts": [{"releaseNamespace": "demo-mcp"}]}
    ),
    "kapp": made("kappctrl.k14s.io/v1alpha1", "App", {"deploy": [{"kapp": {"intoNs": "demo-mcp"}}]}),
    "Crossplane": made("helm.crossplane.io/v1beta1", "Release", {"forProvider": {**HERE, "chart": {}}}),
    "Config Sync": made("configsync.gke.io/v1beta1", "RepoSync", {"git": {}}, "demo-mcp"),
}
ELSEWHERE: dict[str, Raw] = {
    "another namespace": app(destination={"namespace": "web"}),
    "no namespace": app(destination={"server": "https://kubernetes.default.svc"}),
    "what it depends on": made(
        "kustomize.toolkit.fluxcd.io/v1", "Kustomization", {"dependsOn": [HERE], "sourceRef": HERE, "path": "./x"}
    ),
    "a chart that goes elsewhere": release("demo-mcp", targetNamespace="web"),
    "something else": made("x.example/v1", "Thing", {"targetNamespace": "demo-mcp"}),
}


@pytest.mark.parametrize("document", FILLS.values(), ids=FILLS)
def test_what_fills_a_namespace(document: Raw) -> None:
    """By the keys under which each kind says it, or by where it stands."""
    (one,) = unroll([document]).objects

    assert applied_into(one, {"demo-mcp"}, "default") == ["demo-mcp"]


@pytest.mark.parametrize("document", ELSEWHERE.values(), ids=ELSEWHERE)
def test_what_does_not(document: Raw) -> None:
    """Another namespace, and keys that say something else."""
    (one,) = unroll([document]).objects

    assert applied_into(one, {"demo-mcp"}, "default") == []


def test_it_is_said_in_a_stream() -> None:
    """A warning: what comes from elsewhere may be the servers themselves."""
    data = b"---\n" + yaml.safe_dump(FILLS["Argo CD"]).encode() + carrier()
    found = [finding.message for finding in post_render(data).findings if finding.id == "objects-unseen"]

    assert found == [
        "Application ops/a: puts what it takes from elsewhere into namespace demo-mcp: policies among it are "
        "unknown here, and add up with those that were proven; give what it applies to mcpfence check, too"
    ]


def test_and_by_a_function() -> None:
    """Items of a KRM function's list are what stands beside the catalog, too."""
    outcome = run_cli("krm", stdin=resource_list(FILLS["Flux installs a chart"], config=function_config()))

    assert outcome.code == 0
    assert outcome.stderr.count("HelmRelease ops/a: puts what it takes from elsewhere into namespace") == 1
