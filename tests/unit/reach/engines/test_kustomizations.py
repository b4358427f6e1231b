"""Fields of kustomize's files: which leave policies and what they go by as they are, and what is said of the rest."""

from __future__ import annotations

from typing import Any

import pytest

from mcpfence.reach.engines.kustomizations import unlike_its_files
from mcpfence.reach.evaluation.policy_set import read_policies

Raw = dict[str, Any]
DELETE = "$patch: delete\nkind: NetworkPolicy\nmetadata: {name: mcp-default-deny}\n"
POLICY, ROLLED = {"kind": "NetworkPolicy"}, {"kind": "Deployment"}
PATCHES = "its patches may change policies, or what they go by"
LABELS = "its labels may go into selectors, or be those that policies go by"
ANNOTATIONS = "its commonAnnotations say what stays, or which networks pods are in"
REPLACEMENTS = "its replacements may change policies, or what they go by"

UNLIKE: dict[str, tuple[Raw, str]] = {
    "a patch": ({"patches": [{"patch": DELETE}]}, PATCHES),
    "a patch for policies": ({"patches": [{"patch": "- op: remove", "target": POLICY}]}, PATCHES),
    "a patch for what has a name": ({"patches": [{"patch": "- op: remove", "target": {"name": "mcp-.*"}}]}, PATCHES),
    "a patch for an expression": ({"patches": [{"patch": "- op: remove", "target": {"kind": "Dep.*"}}]}, PATCHES),
    "a patch for routes": ({"patches": [{"patch": "- op: remove", "target": {"kind": "HTTPRoute"}}]}, PATCHES),
    "a patch of a file that is not there": ({"patches": [{"path": "../p.yaml", "target": ROLLED}]}, PATCHES),
    "a patch of no form": ({"patches": ["p.yaml"]}, PATCHES),
    "patches of no form": ({"patches": {"patch": DELETE}}, PATCHES),
    "a patch's key in another case": (
        {"patches": [{"patch": "- op: add", "target": ROLLED, "Target": POLICY}]},
        PATCHES,
    ),
    "a target's key in another case": (
        {"patches": [{"patch": "- op: add", "target": {**ROLLED, "Kind": "X"}}]},
        PATCHES,
    ),
    "pods get labels": (
        {"patches": [{"patch": "- path: /spec/template/metadata/labels/app", "target": ROLLED}]},
        PATCHES,
    ),
    "pods go to their host's network": (
        {"patches": [{"patch": "kind: Deployment\nspec: {hostNetwork: true}"}]},
        PATCHES,
    ),
    "pods hide what they get": ({"patches": [{"patch": 'kind: Deployment\na: "\\x68ostNetwork"'}]}, PATCHES),
    "something hides another kind": ({"patches": [{"patch": "kind: Deployment\n---\nkind: Namespace\n"}]}, PATCHES),
    "an older patch": ({"patchesStrategicMerge": [DELETE]}, PATCHES.replace("patches", "patchesStrategicMerge")),
    "an older patch of JSON": (
        {"patchesJson6902": [{"target": POLICY, "patch": "- op: remove"}]},
        PATCHES.replace("patches", "patchesJson6902"),
    ),
    "labels for selectors": ({"labels": [{"pairs": {"a": "b"}, "includeSelectors": True}]}, LABELS),
    "labels for fields": ({"labels": [{"pairs": {"a": "b"}, "fields": [{"path": "spec/podSelector"}]}]}, LABELS),
    "labels in another case": ({"labels": [{"pairs": {"a": "b"}, "IncludeSelectors": True}]}, LABELS),
    "Pod Security's labels": ({"labels": [{"pairs": {"pod-security.kubernetes.io/enforce": "privileged"}}]}, LABELS),
    "annotations of hooks": ({"commonAnnotations": {"helm.sh/hook": "test"}}, ANNOTATIONS),
    "annotations of networks": ({"commonAnnotations": {"k8s.v1.cni.cncf.io/networks": "x"}}, ANNOTATIONS),
    "labels everywhere": ({"commonLabels": {"a": "b"}}, "its key commonLabels is not evaluated"),
    "a component": ({"components": ["../open"]}, "its key components is not evaluated"),
    "a transformer": ({"transformers": ["t.yaml"]}, "its key transformers is not evaluated"),
    "a generator": ({"generators": ["g.yaml"]}, "its key generators is not evaluated"),
    "a chart": ({"helmCharts": [{"name": "x"}]}, "its key helmCharts is not evaluated"),
    "a prefix": ({"namePrefix": "x-"}, "its key namePrefix is not evaluated"),
    "an older list": ({"bases": ["../open"]}, "its key bases is not evaluated"),
    "a key to come": ({"fences": False, "opens": True}, "its key opens is not evaluated"),
    "a key in another case": ({"Resources": []}, "its key Resources is not evaluated"),
    "a replacement": ({"replacements": [{"targets": [{"select": POLICY, "fieldPaths": ["spec"]}]}]}, REPLACEMENTS),
    "a replacement of labels": (
        {"replacements": [{"targets": [{"select": ROLLED, "fieldPaths": ["spec.template.metadata.labels.app"]}]}]},
        REPLACEMENTS,
    ),
    "a replacement in a file": ({"replacements": [{"path": "r.yaml"}]}, REPLACEMENTS),
    "a replacement for what was found": (
        {"replacements": [{"targets": [{"select": {"kind": ["x"]}, "fieldPaths": ["a"]}]}]},
        REPLACEMENTS,
    ),
}

ALIKE: dict[str, Raw] = {
    "a list of files": {"resources": ["a.yaml"], "images": [{"name": "x", "newTag": "1"}], "replicas": [{"name": "x"}]},
    "empty keys": {"components": [], "patches": None, "namePrefix": "", "labels": [], "replacements": []},
    "a patch of a Deployment": {
        "patches": [{"patch": "- op: add\n  path: /spec/replicas", "target": ROLLED}],
        "labels": [{"pairs": {"a": "b"}}],
        "commonAnnotations": {"team": "x"},
    },
    "a patch that says its kind": {"patches": [{"patch": "apiVersion: apps/v1\nkind: Deployment\nspec: {replicas: 2}\n"}]},
    "a replacement of an image": {
        "replacements": [{"source": {}, "targets": [{"select": ROLLED, "fieldPaths": ["spec.template.spec.x"]}]}]
    },
    "generated data": {"configMapGenerator": [{"name": "x", "literals": ["a=b"]}], "generatorOptions": {}},
}  # fmt: skip


def kustomization(body: Raw) -> Raw:
    """A file of kustomize's among manifests."""
    metadata = {"name": "k.yaml"}
    return {"apiVersion": "kustomize.config.k8s.io/v1beta1", "kind": "Kustomization", "metadata": metadata, **body}


@pytest.mark.parametrize("name", UNLIKE)
def test_what_may_change_what_is_proven_is_named(name: str) -> None:
    """The key, and what it may do."""
    body, sentence = UNLIKE[name]

    assert unlike_its_files(kustomization(body)) == [sentence]


@pytest.mark.parametrize("body", ALIKE.values(), ids=ALIKE)
def test_what_leaves_it_as_it_is_is_not(body: Raw) -> None:
    """Images, replicas, data, and labels that nothing goes by."""
    assert unlike_its_files(kustomization(body)) == []


def test_the_whole_sentence() -> None:
    """Everything that was found, in one."""
    (found,) = read_policies([kustomization({"namePrefix": "x-", "patches": [{"patch": DELETE}]})]).not_evaluated

    assert found.opens
    assert found.text == (
        "Kustomization k.yaml makes other objects of its files than they say: its key namePrefix is not evaluated; "
        "its patches may change policies, or what they go by"
    )
