"""The namespace of a catalog: what the source does not say is never guessed in silence."""

from __future__ import annotations

import json
from typing import Any

import pytest
import yaml

from helpers import run_cli
from mcpfence.documents.values import read_source
from mcpfence.imports.run import Imported, Request, import_texts
from mcpfence.imports.shared.source import Text

_SERVER = {
    "apiVersion": "toolhive.stacklok.dev/v1beta1",
    "kind": "MCPServer",
    "metadata": {"name": "notes"},
    "spec": {"image": "example/x:1", "mcpPort": 9000},
}
_DEPLOYMENT = {
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "metadata": {"name": "notes-mcp"},
    "spec": {
        "selector": {"matchLabels": {"app": "notes"}},
        "template": {"metadata": {"labels": {"app": "notes"}}, "spec": {"containers": [{"image": "example/x:1"}]}},
    },
}
_KUSTOMIZATION = {"apiVersion": "kustomize.config.k8s.io/v1beta1", "kind": "Kustomization", "namespace": "ai"}
_FLUX = {"apiVersion": "kustomize.toolkit.fluxcd.io/v1", "kind": "Kustomization", "spec": {"targetNamespace": "ai"}}


def _imported(format: str, *documents: Any, base: str = "", namespace: str = "") -> Imported:  # noqa: A002
    texts = [Text(f"{i}.json", json.dumps(one), named=False) for i, one in enumerate(documents)]
    file = read_source("values.yaml", base) if base else None
    return import_texts(texts, Request(format=format, base=file, namespace=namespace))


def _guesses(found: Imported) -> list[str]:
    return [one.message for one in found.findings if one.id == "import-guess" and "namespace" in one.message]


_SAID = "so the catalog's policies go to RELEASE-mcp, and policies there select no pod of another one; "


@pytest.mark.parametrize(
    ("format", "documents", "said"),
    [
        ("toolhive", [_SERVER], f"0.json:1: names no namespace, {_SAID}import with -n NAMESPACE, or write mcpNamespace.name"),
        ("toolhive", [_SERVER, {**_SERVER, "metadata": {"name": "b"}}], f"0.json:1: names no namespace, and 1 more do not either, {_SAID}import with -n NAMESPACE, or write mcpNamespace.name"),
        ("toolhive", [_SERVER, _KUSTOMIZATION], f"0.json:1: names no namespace, {_SAID}1.json says ai: import with -n ai, or write mcpNamespace.name"),
        ("toolhive", [_SERVER, _FLUX], f"0.json:1: names no namespace, {_SAID}1.json says ai: import with -n ai, or write mcpNamespace.name"),
        ("toolhive", [_SERVER, _FLUX, {**_KUSTOMIZATION, "namespace": "other"}], f"0.json:1: names no namespace, {_SAID}import with -n NAMESPACE, or write mcpNamespace.name"),
        ("kubernetes", [_DEPLOYMENT], "0.json:1: names no namespace, so taken for default, and policies there select no pod of another one; import with -n NAMESPACE, or write mcpNamespace.name"),
    ],
    ids=["none", "several", "kustomization", "flux", "two answers", "default"],
)  # fmt: skip
def test_a_guessed_namespace_is_said(format: str, documents: list[Any], said: str) -> None:  # noqa: A002
    """One warning says where the policies go, and a kustomization of the input that says better is named."""
    assert _guesses(_imported(format, *documents)) == [said]


@pytest.mark.parametrize(("format", "document"), [("toolhive", _SERVER), ("kubernetes", _DEPLOYMENT)])
def test_the_option_says_where(format: str, document: Any) -> None:  # noqa: A002
    """With -n resources that name no namespace are in that one, and nothing is guessed."""
    found = _imported(format, {"kind": "List", "apiVersion": "v1", "items": [document]}, namespace="ai")

    assert yaml.safe_load(found.text)["mcpNamespace"] == {"create": False, "name": "ai"}
    assert _guesses(found) == []


def test_the_merged_file_says_where() -> None:
    """A namespace that the user's file names is known."""
    found = _imported("toolhive", _SERVER, base="mcpNamespace: {name: ai}\n")

    assert _guesses(found) == []


def test_the_option_does_not_move_what_names_a_namespace() -> None:
    """A resource with a namespace stays there."""
    found = _imported("toolhive", {**_SERVER, "metadata": {"name": "notes", "namespace": "there"}}, namespace="ai")

    assert yaml.safe_load(found.text)["mcpNamespace"]["name"] == "there"


def test_a_source_without_a_cluster_takes_the_option() -> None:
    """A registry's entry runs nowhere yet: -n names the namespace of the catalog, which the chart makes."""
    entry = {"name": "notes", "image": "example/x:1", "transport": "stdio", "permissions": {}}
    found = _imported("toolhive", entry, namespace="ai")

    assert yaml.safe_load(found.text)["mcpNamespace"] == {"name": "ai"}
    assert _guesses(_imported("toolhive", entry)) == []


def test_what_is_no_namespace_is_a_usage_error() -> None:
    """-n is checked before anything is read."""
    outcome = run_cli("import", "toolhive", "x.yaml", "-n", "No_Space")

    assert (outcome.code, outcome.stdout) == (2, "")
    assert "'No_Space' is no namespace: lower-case letters, digits and -, 63 at most." in outcome.stderr
