"""`mcpfence krm` with bad input: every sentence as a result, and nothing passes."""

from __future__ import annotations

from typing import Any

import pytest

from edges import CATALOG, carrier, mcpfence, refusal
from krm import NAMESPACES, Document, answer_to, function_config, items_of, resource_list

TODO = "run it as a KRM function: kustomize or kpt writes the ResourceList [resource-list]"


@pytest.mark.parametrize(
    ("stdin", "sentence"),
    [
        (b"", f"stdin: is empty; {TODO}"),
        (b"# nothing\n---\n", f"stdin: is empty; {TODO}"),
        (b"a: [\n", "stdin:2:1: did not find expected node content; mend the YAML [resource-list]"),
        (b"\xff", "stdin: is no UTF-8 at byte 0; save it as UTF-8 [file-unreadable]"),
        (b"- a\n", f"stdin: holds a list, not a ResourceList; {TODO}"),
        (b"apiVersion: v1\nkind: Pod\n", f"stdin: holds no ResourceList of config.kubernetes.io; {TODO}"),
        (b"kind: ResourceList\n", f"stdin: holds no ResourceList of config.kubernetes.io; {TODO}"),
        (resource_list() + b"---\n" + resource_list(), f"stdin: holds 2 documents, and a ResourceList is one; {TODO}"),
        (
            b"apiVersion: config.kubernetes.io/v1\nkind: ResourceList\nitems: {}\n",
            f"stdin: has a mapping under items, not a list; {TODO}",
        ),
        (
            b"<<: {items: []}\napiVersion: config.kubernetes.io/v1\nkind: ResourceList\n",
            f"stdin: has a merge key (<<) at its top; {TODO}",
        ),
        (
            resource_list(NAMESPACES, {"kind": "x"}),
            "items[1] of stdin: is no Kubernetes object (apiVersion, kind, metadata); "
            "mend it, or leave it out [resource-list]",
        ),
    ],
)
def test_what_is_no_resource_list(stdin: bytes, sentence: str) -> None:
    """Exit 1, nothing on stdout, the sentence on stderr."""
    assert refusal(mcpfence("krm", stdin=stdin)) == f"error: {sentence}"


def _spec(**change: Any) -> Document:
    found = function_config()
    spec = {key: value for key, value in {**found["spec"], **change}.items() if value is not ...}
    return {**found, "spec": spec}


CONFIGS: dict[str, tuple[Any, list[str]]] = {
    "nothing": (
        None,
        [
            "functionConfig: brings no catalog, and no item is the carrier of an inflated mcpfence chart; "
            "write a McpfenceCatalog with release, namespace, catalog below spec [function-config]"
        ],
    ),
    "no spec": (
        {key: value for key, value in function_config().items() if key != "spec"},
        [
            "functionConfig: brings no catalog, and no item is the carrier of an inflated mcpfence chart; "
            "write a McpfenceCatalog with release, namespace, catalog below spec [function-config]"
        ],
    ),
    "a list": (["a"], ["functionConfig: is a list, not a mapping; write a mapping [function-config]"]),
    "another kind": (
        {"apiVersion": "v1", "kind": "Secret"},
        [
            "functionConfig: is Secret of v1; write apiVersion: mcpfence.io/v1alpha1, kind: McpfenceCatalog [function-config]"
        ],
    ),
    "another version": (
        {**function_config(), "apiVersion": "mcpfence.io/v1"},
        [
            "functionConfig: is McpfenceCatalog of mcpfence.io/v1; "
            "write apiVersion: mcpfence.io/v1alpha1, kind: McpfenceCatalog [function-config]"
        ],
    ),
    "no kind": (
        {"spec": {}},
        [
            "functionConfig: has no apiVersion and kind; write apiVersion: mcpfence.io/v1alpha1, kind: McpfenceCatalog [function-config]"
        ],
    ),
    "spec is null": (
        {**function_config(), "spec": None},
        ["spec: is null; write release, namespace, catalog below it [function-config]"],
    ),
    "empty spec": (
        {**function_config(), "spec": {}},
        [
            "spec: has no catalog; write the catalog below it, with keys such as servers [key-missing]",
            "spec: has no namespace; write namespace: what helm would call the release's [key-missing]",
            "spec: has no release; write release: what helm would call the release's [key-missing]",
        ],
    ),
    "a misspelt key": (
        _spec(relaese="x"),
        ["spec.relaese: is no known key; did you mean release? Else write release, namespace, catalog [key-unknown]"],
    ),
    "bad names": (
        _spec(release="A b", namespace="x.y"),
        [
            "spec.namespace: is no name that Kubernetes accepts; "
            "write lower-case letters, digits and -, 63 at most [function-config]",
            "spec.release: is no name that Kubernetes accepts; "
            "write lower-case letters, digits, - and ., 53 at most [function-config]",
        ],
    ),
    "a number for a name": (
        _spec(release=7),
        [
            "spec.release: is no name that Kubernetes accepts; write lower-case letters, digits, - and ., 53 at most [function-config]"
        ],
    ),
    "a catalog that is text": (
        _spec(catalog="servers: {}"),
        ["spec.catalog: is a string, not a mapping; write keys such as servers: below it [catalog-not-a-mapping]"],
    ),
    "a fault in the catalog": (
        _spec(catalog={**CATALOG, "servers": {"a": {"runtime": "snail"}}}),
        [
            'spec.catalog.servers.a.runtime: "snail" is no choice here; '
            "write one of: npx, uvx, containerized, remote, composite [choice]"
        ],
    ),
    "a config map": (
        {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "data": {"release": "a", "namespace": "b", "catalog": "a: 1\na: 2\n"},
        },
        ['functionConfig data.catalog:2:1: the key "a" stands twice; mend the YAML [function-config]'],
    ),
    "a misspelt key in a config map": (
        {"apiVersion": "v1", "kind": "ConfigMap", "data": {"release": "a", "namespace": "b", "catalog": "serverz: {}"}},
        [
            "data.catalog.serverz: is no known key; did you mean servers? Else write one of: clients, cluster, dns, egress, "
            "gateway, guard, mcpNamespace, mcpServerDefaults, rbac, run, servers, workloads [key-unknown]"
        ],
    ),
}


@pytest.mark.parametrize("case", CONFIGS)
def test_what_is_no_catalog(case: str) -> None:
    """Exit 1, nothing on stdout, every fault with the path of its field."""
    config, sentences = CONFIGS[case]
    said = refusal(mcpfence("krm", stdin=resource_list(NAMESPACES, config=config))).splitlines()

    assert said == [f"error: {sentence}" for sentence in sentences]


def test_a_key_that_stands_twice() -> None:
    """In the items that is the business of others; in the catalog it could widen a policy unseen."""
    stdin = resource_list(config=function_config()).replace(b"  spec:\n", b"  spec:\n    release: other\n")

    assert refusal(mcpfence("krm", stdin=stdin)).endswith(
        ': the key "release" stands twice; mend the YAML [function-config]'
    )


def test_two_catalogs() -> None:
    """One in the functionConfig, one that a chart brought."""
    stdin = resource_list(*items_of(carrier()), config=function_config())

    assert refusal(mcpfence("krm", stdin=stdin)) == (
        "error: the items bring a catalog of their own in ConfigMap home/demo-mcpfence-catalog; "
        "remove the catalog from the functionConfig, or the chart from the items [catalog-twice]"
    )


def test_an_item_that_widens() -> None:
    """The proof takes in the policies of the items."""
    wide = {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": "wide", "namespace": "demo-mcp"},
        "spec": {"podSelector": {}, "policyTypes": ["Egress"], "egress": [{}]},
    }
    said = refusal(mcpfence("krm", stdin=resource_list(wide, config=function_config())))

    assert said.startswith("error: spec.catalog.servers.vault: may reach ")
    assert said.endswith("[proof-wider]")


def test_strict() -> None:
    """Warnings are errors, and nothing is printed."""
    raw = {**CATALOG, "clients": {"gateway": {"namespace": "gateways"}}}

    assert refusal(mcpfence("krm", "--strict", stdin=resource_list(config=function_config(raw)))).startswith(
        "error: spec.catalog.clients.gateway: "
    )


def test_the_fences_of_a_namespace_do_not_go_by_the_way() -> None:
    """What was rendered before for another namespace of this release would be removed with the next apply."""
    before = answer_to(resource_list(config=function_config()))["items"]
    config = function_config({**CATALOG, "mcpNamespace": {"name": "tools"}})
    stdin = resource_list(*before, config=config)

    assert refusal(mcpfence("krm", stdin=stdin)) == (
        "error: ConfigMap home/demo-mcpfence: reports the fences of namespace demo-mcp, which would be removed; "
        "write mcpNamespace.name: demo-mcp, or pass --prune-all to remove them all the same [folder-other]"
    )
    assert mcpfence("krm", "--prune-all", stdin=stdin).returncode == 0


def test_another_release_of_the_same_namespace_is_not_replaced() -> None:
    """Both would fence the namespace, and the later one would take the place of the earlier one."""
    before = answer_to(resource_list(config=function_config()))["items"]
    config = function_config({**CATALOG, "mcpNamespace": {"name": "demo-mcp"}}, release="other")

    assert refusal(mcpfence("krm", stdin=resource_list(*before, config=config))) == (
        "error: ConfigMap home/demo-mcpfence: reports the fences of another release for namespace demo-mcp, which "
        "would be replaced; write the release's name and namespace as they were, "
        "or pass --prune-all to remove them all the same [folder-other]"
    )
