"""`mcpfence krm`: the ResourceList in, the objects of every other path and results out."""

from __future__ import annotations

import json

import pytest
import yaml

from edges import CATALOG, NAMESPACE, RELEASE, carrier, catalog, container, mcpfence
from krm import (
    CONFIG_MAP,
    NAMESPACES,
    OURS,
    Document,
    NoAliases,
    answer_to,
    function_config,
    item_names,
    item_texts,
    items_of,
    rendered_alone,
    resource_list,
)
from mcpfence.documents.reader import load_foreign
from mcpfence.kube.manifest import KEYS
from mcpfence.streams.resource_list import read_resource_list, write_resource_list


def test_objects_are_those_of_every_other_path() -> None:
    """What `render --policies-only` prints, object for object."""
    assert item_texts(answer_to(resource_list(config=function_config()))) == rendered_alone()


def test_items_of_others_pass_in_their_order() -> None:
    """Ours stand behind the last Namespace and before everything else, so that no pod comes before its policy."""
    first = {**CONFIG_MAP, "metadata": {"name": "first"}}
    answer = answer_to(resource_list(first, NAMESPACES, CONFIG_MAP, config=function_config()))

    assert item_names(answer) == ["ConfigMap first", "Namespace y", *OURS, "ConfigMap x"]
    assert (answer["apiVersion"], answer["kind"]) == ("config.kubernetes.io/v1", "ResourceList")


def test_text_of_others_is_kept() -> None:
    """Comments, quotes, YAML 1.1's words, block scalars with `---` in them and duplicate keys: none of our business."""
    foreign = (
        "# of others\n"
        "- apiVersion: v1 # behind\n"
        "  kind: ConfigMap\n"
        "  metadata: {name: odd}\n"
        "  data: {on: 0644, a: 1, a: 2, off: 'no', f: 1.10}\n"
        "  # inside\n"
        "  text: |\n"
        "    ---\n"
        "    a:\n"
        "\n"
        "      b\n"
        "-   apiVersion: v1\n"
        "    kind: Secret\n"
        "    metadata: {name: kept}\n"
        "    keep: |+\n      x\n\n"
    )
    stdin = f"kind: ResourceList\napiVersion: config.kubernetes.io/v1beta1\nitems:\n{foreign}functionConfig: "
    stdin += json.dumps(function_config())
    done = mcpfence("krm", stdin=stdin.encode())
    said = done.stdout.decode()

    assert done.returncode == 0, done.stderr.decode()
    assert said.startswith("apiVersion: config.kubernetes.io/v1beta1\nkind: ResourceList\nitems:\n- apiVersion: ")
    assert "\n".join(foreign.splitlines()[1:11]) in said
    assert said.endswith("\n- apiVersion: v1\n  kind: Secret\n  metadata: {name: kept}\n  keep: |+\n    x\n\n")


@pytest.mark.parametrize("form", ["json", "flow", "aliases", "crlf"])
def test_other_ways_to_write_a_list(form: str) -> None:
    """JSON, flow style, aliases across items and line ends of Windows: the same objects."""
    items = [NAMESPACES, {**CONFIG_MAP, "data": {"on": "on", "n": "010"}}]
    plain = resource_list(*items, config=function_config())
    given = yaml.safe_load(plain)
    labels = {"a": "b"}
    for item in given["items"]:
        item["metadata"] = {**item["metadata"], "labels": labels}
    expected = answer_to(yaml.dump(given, Dumper=NoAliases).encode())
    stdin = {
        "json": json.dumps(given).encode(),
        "flow": yaml.safe_dump(given, default_flow_style=True).encode(),
        "aliases": yaml.safe_dump(given).encode(),
        "crlf": yaml.dump(given, Dumper=NoAliases).replace("\n", "\r\n").encode(),
    }[form]

    assert answer_to(stdin)["items"] == expected["items"]
    assert (b"&id" in stdin) == (form in ("aliases", "flow"))


@pytest.mark.parametrize(
    "item",
    [
        "-\n  apiVersion: v1\n  kind: A\n  metadata: {name: b}\n",
        '- apiVersion: v1\n  kind: A\n  metadata: {name: b}\n  x: "a\u2028b\u2028c\u2028d\u2028e\u2028f"\n',
        "- apiVersion: v1\n  kind: A\n  metadata: {name: b}\n  x: |\n    a\x85    b\n",
        "- apiVersion: v1\n  kind: A\n  metadata: &m {name: b}\n  x: *m\n",
        "- {apiVersion: v1, kind: A,\n  metadata: {name: b}}\n",
        "- !!map\n  apiVersion: v1\n  kind: A\n  metadata: {name: b}\n",
    ],
)
def test_odd_items_between_others(item: str) -> None:
    """A dash alone, other line breaks than the line feed, anchors, flow style, tags: nothing is lost around them."""
    plain = "- apiVersion: v1\n  kind: A\n  metadata: {name: a}\n"
    text = f"apiVersion: config.kubernetes.io/v1\nkind: ResourceList\nitems:\n{plain}{item}{plain.replace('a}', 'c}')}"
    read = read_resource_list(text)
    again = read_resource_list(write_resource_list(read.version, (one.text for one in read.items), []))

    assert [one.document["metadata"]["name"] for one in again.items] == ["a", "b", "c"]
    assert [one.document for one in again.items] == [dict(one.document) for one in read.items]
    assert [one.document for one in read.items] == load_foreign(text)[0]["items"]


def test_a_config_map_as_kpt_gives_it() -> None:
    """The same keys under data, the catalog as text."""
    data = {"release": RELEASE, "namespace": NAMESPACE, "catalog": yaml.safe_dump(CATALOG)}
    config = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "fn"}, "data": data}

    assert item_texts(answer_to(resource_list(config=config))) == rendered_alone()


def test_services_of_the_items_are_looked_up() -> None:
    """As in a stream of helm."""
    raw = catalog(a=container(egress={"services": [{"name": "redis", "namespace": "data"}]}))
    service = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "redis", "namespace": "data"},
        "spec": {"selector": {"app": "redis"}, "ports": [{"port": 80, "targetPort": 6379}]},
    }
    answer = answer_to(resource_list(service, config=function_config(raw)))

    assert "port: 6379" in yaml.safe_dump(answer)


# --- again, and beside other releases ---


def test_earlier_output_is_replaced() -> None:
    """A second run over its own answer gives the same; a server that is gone takes its policies along."""
    once = answer_to(
        resource_list(NAMESPACES, CONFIG_MAP, config=function_config(catalog(vault=container(), old=container())))
    )
    again = answer_to(resource_list(*once["items"], config=function_config()))

    assert again["items"] == answer_to(resource_list(NAMESPACES, CONFIG_MAP, config=function_config()))["items"]
    assert answer_to(resource_list(*again["items"], config=function_config())) == again


def test_files_of_earlier_output_are_kept() -> None:
    """kpt finds an object's file by annotations; they go over to what takes the object's place."""
    path = "internal.config.kubernetes.io/path"
    once = answer_to(resource_list(config=function_config()))
    for number, item in enumerate(once["items"]):
        item["metadata"]["annotations"] = {path: f"{number}.yaml", "config.k8s.io/id": "a\nb", "of": "others"}
    again = answer_to(resource_list(*once["items"], config=function_config()))

    found = [item["metadata"]["annotations"] for item in again["items"]]
    assert [{key: text for key, text in one.items() if key != KEYS} for one in found] == [
        {path: f"{number}.yaml", "config.k8s.io/id": "a\nb"} for number in range(3)
    ]


def _fenced(client: str) -> Document:
    """A workload in a namespace that two releases share."""
    return {
        "namespace": "shared",
        "podSelector": {"app": client},
        "egress": {"cidrs": []},
        "ingress": {"from": ["gateway"], "ports": [80]},
    }


def test_another_release_keeps_its_policies() -> None:
    """Its report says that they are not ours to replace, in whatever namespace they are; without them pods would open."""
    other = {**CATALOG, "workloads": {"theirs": _fenced("theirs")}}
    ours = {**catalog(vault=CATALOG["servers"]["vault"], old=container()), "workloads": {"mine": _fenced("mine")}}
    first = answer_to(resource_list(config=function_config(other, release="other")))
    both = answer_to(resource_list(*first["items"], config=function_config(ours)))
    again = answer_to(resource_list(*both["items"], config=function_config(CATALOG)))

    assert len(item_names(both)) == len(first["items"]) + 7
    assert "NetworkPolicy mcp-server-old-egress" in item_names(both)
    assert "NetworkPolicy mcp-server-old-egress" not in item_names(again)
    assert "NetworkPolicy mcp-workload-theirs-egress" in item_names(again)
    assert [item for item in first["items"] if item not in again["items"]] == []


MADE, PART, FOR = "app.kubernetes.io/managed-by", "app.kubernetes.io/part-of", "mcpfence.io/server"


@pytest.mark.parametrize("keys", [(PART,), (PART, FOR), (MADE, FOR), (MADE, PART)])
def test_policies_of_others_that_only_look_like_ours_stay(keys: tuple[str, ...]) -> None:
    """Both labels and one that says what for: a policy with less was made by somebody else."""
    label = dict.fromkeys(keys, "mcpfence")
    theirs = {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": "mcp-default-deny", "namespace": "demo-mcp", "labels": label},
        "spec": {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]},
    }

    assert "NetworkPolicy mcp-default-deny" in item_names(answer_to(resource_list(theirs, config=function_config())))


# --- the catalog of an inflated chart ---


@pytest.mark.parametrize("config", [None, {"apiVersion": "mcpfence.io/v1alpha1", "kind": "McpfenceCatalog"}])
def test_carrier_among_the_items(config: Document | None) -> None:
    """Without spec the carrier is filled in, in its place, as the post-renderer does it."""
    if config:
        config = {**config, "metadata": {"name": "fences"}}
    answer = answer_to(resource_list(NAMESPACES, *items_of(carrier()), CONFIG_MAP, config=config))

    assert item_names(answer) == ["Namespace y", *OURS, "NetworkPolicy mcp-default-deny", "ConfigMap x"]
    assert item_texts({"items": answer["items"][1:4]}) == rendered_alone()


def test_output_of_ours_without_a_catalog_passes() -> None:
    """As with the post-renderer: what was rendered is not rendered twice."""
    once = answer_to(resource_list(config=function_config()))

    assert answer_to(resource_list(*once["items"]))["items"] == once["items"]


# --- results ---


def test_results_say_where() -> None:
    """Warnings and notes with severity, the object and the path of the field; on stderr as ever."""
    raw = {**CATALOG, "clients": {"gateway": {"namespace": "gateways"}}}
    done = mcpfence("krm", stdin=resource_list(config=function_config(raw)))
    (answer,) = yaml.safe_load_all(done.stdout)
    sentence = (
        "spec.catalog.clients.gateway: without a podSelector every pod of namespace gateways is this client; "
        "write podSelector with the labels of the caller's pods"
    )

    assert answer["results"] == [
        {
            "message": sentence,
            "severity": "warning",
            "resourceRef": {"apiVersion": "mcpfence.io/v1alpha1", "kind": "McpfenceCatalog", "name": "fences"},
            "field": {"path": "spec.catalog.clients.gateway"},
            "tags": {"mcpfence.io/finding": "client-whole-namespace"},
        }
    ]
    assert done.stderr.decode().splitlines()[0] == f"warning: {sentence} [client-whole-namespace]"


def test_notes_are_results_of_severity_info() -> None:
    """Notes are not said on stderr, and the results hold them all the same."""
    raw = {**CATALOG, "cluster": {}, "servers": {"a": container(egress={"default": "internet"})}}
    (found,) = [
        one for one in answer_to(resource_list(config=function_config(raw)))["results"] if one["severity"] == "info"
    ]

    assert found["tags"] == {"mcpfence.io/finding": "ipv6-cluster-unknown"}
    assert found["field"] == {"path": "spec.catalog.cluster.cidrs"}


def test_no_results_where_there_is_nothing_to_say() -> None:
    """The key is left out."""
    assert set(answer_to(resource_list(config=function_config()))) == {"apiVersion", "kind", "items"}


def test_servers_that_go_are_named() -> None:
    """What a smaller catalog takes away is said on stderr; what another release made stays and is not."""
    two = catalog(vault=container(), notes=container())
    other = function_config(
        {**CATALOG, "mcpNamespace": {"name": "other"}, "servers": {"idle": container()}}, release="two"
    )
    items = [
        *answer_to(resource_list(config=function_config(two)))["items"],
        *answer_to(resource_list(config=other))["items"],
    ]
    done = mcpfence("krm", stdin=resource_list(*items, config=function_config(catalog(vault=container()))))

    assert done.returncode == 0
    assert "mcpfence: removed: notes\n" in done.stderr.decode()


def test_kinds_of_another_provider_that_go_are_named() -> None:
    """What closed the names of a server that stays is said to go as well."""
    named = catalog(vault=container(egress={"domains": ["api.example.com"]}))
    before = function_config(named | {"egress": {"provider": "antrea"}})
    after = function_config(named | {"egress": {"provider": "cilium"}})
    done = mcpfence("krm", stdin=resource_list(*answer_to(resource_list(config=before))["items"], config=after))

    assert done.returncode == 0
    assert "mcpfence: removed: NetworkPolicy.crd.antrea.io (1)\n" in done.stderr.decode()
