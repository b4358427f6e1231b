"""Folders with kustomize's files in them: what is left out, added, or put into another namespace."""

from __future__ import annotations

from typing import Any

import pytest

from mcpfence.reach.engines.kustomizations import BECAUSE, WITHIN
from mcpfence.reach.engines.kustomize_folders import as_kustomized

Raw = dict[str, Any]


def policy(name: str = "a", namespace: str = "mcp", kind: str = "NetworkPolicy", **metadata: Any) -> Raw:
    """A policy for the pods of a team."""
    there = {"namespace": namespace} if namespace else {}
    spec = {"podSelector": {"matchLabels": {"team.example/x": "y"}}}
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": kind,
        "metadata": {"name": name, **there, **metadata},
        "spec": spec,
    }


def made(kind: str, name: str = "x", **body: Any) -> Raw:
    """An object of Kubernetes' own."""
    return {"apiVersion": "v1", "kind": kind, "metadata": {"name": name}, **body}


INDEX: Raw = {"resources": ["a.yaml"]}
PATCH: Raw = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "d"}, "spec": {"replicas": 2}}

FOLDERS: dict[str, tuple[dict[str, Raw | list[Any]], list[str]]] = {
    "a folder as it is listed": ({"m/kustomization.yaml": INDEX, "m/a.yaml": policy()}, []),
    "without a folder": ({"kustomization.yaml": INDEX, "a.yaml": policy()}, []),
    "a policy is left out": (
        {"m/kustomization.yaml": INDEX, "m/a.yaml": policy(), "m/b/c.yaml": policy("c")},
        ["its resources leave out b/c.yaml"],
    ),
    "many are left out": (
        {"kustomization.yml": {}, **{f"{n}.yaml": policy(n) for n in "abcde"}},
        ["its resources leave out a.yaml, b.yaml, c.yaml and 2 more"],
    ),
    "what says no kind is no object": ({"Kustomization": INDEX, "a.yaml": policy(), "values.yaml": {"a": 1}}, []),
    "data that is no object": (
        {
            "kustomization.yaml": {**INDEX, "configMapGenerator": [{"files": ["x=config.yaml"]}]},
            "a.yaml": policy(),
            "config.yaml": made("Config"),
        },
        [],
    ),
    "a policy as data is left out": (
        {
            "kustomization.yaml": {"configMapGenerator": [{"files": ["a.yaml"]}]},
            "a.yaml": policy(),
        },
        ["its resources leave out a.yaml"],
    ),
    "a policy in the list's own file": (
        {"kustomization.yaml": [INDEX, policy("b")], "a.yaml": policy()},
        ["its resources leave out kustomization.yaml"],
    ),
    "a base that was given": (
        {
            "k/base/kustomization.yaml": INDEX,
            "k/base/a.yaml": policy(),
            "k/over/kustomization.yaml": {"resources": ["../base"]},
        },
        [],
    ),
    "a base above": (
        {"k/kustomization.yaml": INDEX, "k/a.yaml": policy(), "k/over/kustomization.yaml": {"resources": [".."]}},
        [],
    ),
    "a folder that the list above leaves out": (
        {"kustomization.yaml": INDEX, "a.yaml": policy(), "sub/kustomization.yaml": {"resources": ["b.yaml"]}, "sub/b.yaml": policy("b")},
        ["its resources leave out sub/kustomization.yaml"],
    ),
    "what was not given": (
        {"m/kustomization.yaml": {"resources": ["a.yaml", "../open", "notes.txt", "https://e.example/x"]}, "m/a.yaml": policy()},
        ["its resources have what was not given: ../open, notes.txt, https://e.example/x"],
    ),
    "resources of no form": (
        {"kustomization.yaml": {"resources": "a.yaml"}},
        ["its resources are no list of paths"],
    ),
    "the namespace that is there": ({"kustomization.yaml": {**INDEX, "namespace": "mcp"}, "a.yaml": policy()}, []),
    "another namespace": (
        {"kustomization.yaml": {**INDEX, "namespace": "other"}, "a.yaml": policy()},
        ["its namespace other is not that of NetworkPolicy mcp/a"],
    ),
    "the Namespace is renamed": (
        {"kustomization.yaml": {**INDEX, "namespace": "other"}, "a.yaml": made("Namespace", "mcp")},
        ["its namespace other is not that of Namespace mcp"],
    ),
    "a policy that names none": (
        {"kustomization.yaml": {**INDEX, "namespace": "other"}, "a.yaml": policy(namespace="")},
        ["its namespace other is not that of NetworkPolicy a"],
    ),
    "a policy that names none is read there": (
        {"kustomization.yaml": {**INDEX, "namespace": "default"}, "a.yaml": policy(namespace="")},
        [],
    ),
    "a policy for all namespaces": (
        {"kustomization.yaml": {**INDEX, "namespace": "mcp"}, "a.yaml": policy(namespace="", kind="GlobalNetworkPolicy")},
        [],
    ),
    "another namespace of a base": (
        {
            "base/kustomization.yaml": INDEX,
            "base/a.yaml": policy(),
            "over/kustomization.yaml": {"resources": ["../base"], "namespace": "other"},
        },
        ["its namespace other is not that of NetworkPolicy mcp/a"],
    ),
    "a prefix for policies": (
        {"kustomization.yaml": {**INDEX, "namePrefix": "x-"}, "a.yaml": policy()},
        ["its key namePrefix is not evaluated"],
    ),
    "a prefix for workloads": (
        {
            "fences/a.yaml": policy(),
            "app/kustomization.yaml": {"resources": ["d.yaml"], "namePrefix": "x-", "nameSuffix": "-y"},
            "app/d.yaml": [PATCH, made("ConfigMap")],
        },
        [],
    ),
    "a label that a policy goes by": (
        {"kustomization.yaml": {**INDEX, "labels": [{"pairs": {"team.example/x": "z"}}]}, "a.yaml": policy()},
        ["its labels may go into selectors, or be those that policies go by"],
    ),
    "a label that no policy goes by": (
        {"kustomization.yaml": {**INDEX, "labels": [{"pairs": {"team.example/xy": "z"}}]}, "a.yaml": policy()},
        [],
    ),
    "a patch that was given": (
        {"kustomization.yaml": {**INDEX, "patches": [{"path": "p.yaml"}]}, "a.yaml": policy(), "p.yaml": PATCH},
        [],
    ),
    "a patch of pods' labels": (
        {
            "kustomization.yaml": {**INDEX, "patches": [{"path": "p.yaml"}]},
            "a.yaml": policy(),
            "p.yaml": {**PATCH, "spec": {"template": {"metadata": {"labels": {"app": "x"}}}}},
        },
        ["its patches may change policies, or what they go by"],
    ),
    "a list of patches": (
        {
            "kustomization.yaml": {**INDEX, "patches": [{"path": "p.yaml", "target": {"kind": "Deployment"}}]},
            "a.yaml": policy(),
            "p.yaml": [[{"op": "add", "path": "/spec/template/metadata/labels"}]],
        },
        ["its patches may change policies, or what they go by"],
    ),
}  # fmt: skip


def judged(files: dict[str, Any]) -> list[Any]:
    """What became of the files' documents."""
    given = [(path, one if isinstance(one, list) else [one]) for path, one in files.items()]
    return [one for documents in as_kustomized(given, "default") for one in documents]


@pytest.mark.parametrize("name", FOLDERS)
def test_what_a_folder_does_not_say_of_what_is_applied(name: str) -> None:
    """What every list of the folder is said to do."""
    files, said = FOLDERS[name]

    assert [text for one in judged(files) if isinstance(one, dict) for text in one.get(BECAUSE, ())] == said


@pytest.mark.parametrize("head", [{}, {"kind": "Kustomization"}, {"kind": "Component"}, {"kind": ""}])
def test_a_file_of_kustomize_needs_no_kind(head: Raw) -> None:
    """Nor an API version; its path is its name, and what it says stays."""
    (found,) = judged({"m/kustomization.yaml": {**head, "bases": ["x"], "metadata": {"name": "own"}}})

    assert (found["apiVersion"], found["kind"]) == (
        "kustomize.config.k8s.io/v1beta1",
        head.get("kind") or "Kustomization",
    )
    assert (found["metadata"], found["bases"]) == ({"name": "m/kustomization.yaml"}, ["x"])
    assert found[BECAUSE] == ["its key bases is not evaluated"]


def test_other_documents_stay_as_they_are() -> None:
    """Empty ones, and those of files that kustomize does not look for."""
    documents = [None, {"namePrefix": "x"}, policy(), [1], "text"]

    assert judged({"m/other.yaml": documents}) == documents
    assert judged({"m/other.yaml": documents, "n/kustomization.yaml": [None, 1]}) == [*documents, None, 1]


def app(namespace: str = "web") -> Raw:
    """What somebody else runs."""
    return {**made("Deployment", "grafana"), "metadata": {"name": "grafana", "namespace": namespace}}


WITHIN_ONE: dict[str, tuple[dict[str, Raw | list[Any]], str | None]] = {
    "nothing that was given": ({"g/kustomization.yaml": {"helmCharts": [{"name": "x"}]}}, ""),
    "its namespace": ({"g/kustomization.yaml": {"namespace": "mcp", "helmCharts": [{"name": "x"}]}}, "mcp"),
    "another team's pods": ({"g/kustomization.yaml": {**INDEX, "components": ["../c"]}, "g/a.yaml": app()}, "web"),
    "its own Namespace": (
        {"g/kustomization.yaml": {**INDEX, "components": ["../c"]}, "g/a.yaml": [app(), made("Namespace", "web")]},
        "web",
    ),
    "roles of all namespaces": (
        {"g/kustomization.yaml": {**INDEX, "components": ["../c"]}, "g/a.yaml": [app(), made("ClusterRole")]},
        "web",
    ),
    "ours too": (
        {"g/kustomization.yaml": {**INDEX, "components": ["../c"]}, "g/a.yaml": [app(), policy()]},
        None,
    ),
    "what it leaves out": ({"g/kustomization.yaml": {"components": ["../c"]}, "g/a.yaml": policy()}, "mcp"),
    "policies of all namespaces": (
        {
            "g/kustomization.yaml": {**INDEX, "components": ["../c"]},
            "g/a.yaml": policy(namespace="", kind="ClusterNetworkPolicy"),
        },
        None,
    ),
    "a kind of somebody's without a namespace": (
        {"g/kustomization.yaml": {**INDEX, "components": ["../c"]}, "g/a.yaml": [app(), made("Thing")]},
        None,
    ),
    "by a list below": (
        {
            "kustomization.yaml": {"resources": ["g"], "components": ["c"]},
            "g/kustomization.yaml": INDEX,
            "g/a.yaml": policy(),
        },
        "mcp",
    ),
    "a file that was not read": ({"g/kustomization.yaml": {**INDEX, "components": ["../c"]}, "g/a.yaml": [None]}, None),
    "what it says itself": (
        {"g/kustomization.yaml": {**INDEX, WITHIN: "web", "components": ["../c"]}, "g/a.yaml": [app(), policy()]},
        None,
    ),
}


@pytest.mark.parametrize("name", WITHIN_ONE)
def test_which_namespace_a_list_is_about(name: str) -> None:
    """Only what reaches objects of a namespace, or says that it is for it, may change them."""
    files, namespace = WITHIN_ONE[name]
    first = next(one for one in judged(files) if isinstance(one, dict) and one.get(BECAUSE))

    assert first.get(WITHIN) == namespace


def flux(path: object = "./g", **spec: Any) -> Raw:
    """What Flux is told to build."""
    head = {"apiVersion": "kustomize.toolkit.fluxcd.io/v1", "kind": "Kustomization"}
    return {**head, "metadata": {"name": "f", "namespace": "flux-system"}, "spec": {"path": path, **spec}}


MOVED = "its namespace web is not that of NetworkPolicy mcp/a"
FLUX: dict[str, tuple[str, Raw, list[str]]] = {
    "as it is": ("g/a.yaml", flux(targetNamespace="mcp"), []),
    "elsewhere": ("g/a.yaml", flux(targetNamespace="web"), [MOVED]),
    "another folder": ("h/a.yaml", flux(targetNamespace="web"), []),
    "a part of the repository was given": ("g/a.yaml", flux("clusters/g", targetNamespace="web"), [MOVED]),
    "more than the repository was given": ("x/repo/g/a.yaml", flux("g/", targetNamespace="web"), [MOVED]),
    "the root": ("a.yaml", flux("./", targetNamespace="web"), [MOVED]),
    "renamed": ("g/a.yaml", flux(namePrefix="x-"), ["its key namePrefix is not evaluated"]),
    "components": ("g/a.yaml", flux(components=["../c"]), ["its key components is not evaluated"]),
    "no path": ("g/a.yaml", flux(None, targetNamespace="web"), []),
}


@pytest.mark.parametrize("name", FLUX)
def test_what_flux_makes_of_a_folder(name: str) -> None:
    """Its keys do what kustomize's do, to the files of its path."""
    path, document, said = FLUX[name]
    found = judged({path: policy(), "clusters.yaml": document})

    assert [text for one in found for text in one.get(BECAUSE, ())] == said


def test_what_it_says_of_itself_does_not_count() -> None:
    """Nobody writes into a file that it is as it says."""
    (found,) = judged({"kustomization.yaml": {BECAUSE: [], "bases": ["x"]}})

    assert found[BECAUSE] == ["its key bases is not evaluated"]
