"""`mcpfence krm`: the ResourceList read and written, the functionConfig, and real kustomize around it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import assume, given
from hypothesis import strategies as st

from edges import CATALOG, NAMESPACE, RELEASE, carrier, catalog, container, mcpfence, refusal
from find_helm import Helm
from gittools import documents, find_kustomize, kustomize, scripts_folder
from mcpfence.documents.reader import load_foreign
from mcpfence.streams.resource_list import read_resource_list, write_resource_list
from pages import BLOCKS
from tooling import ROOT, need

Document = dict[str, Any]

FUNCTION = "exec: {path: mcpfence, args: [krm]}\n"


def _config(raw: Any = CATALOG, *, release: str = RELEASE, namespace: str = NAMESPACE) -> Document:
    """A functionConfig that holds a catalog."""
    return {
        "apiVersion": "mcpfence.io/v1alpha1",
        "kind": "McpfenceCatalog",
        "metadata": {"name": "fences", "annotations": {"config.kubernetes.io/function": FUNCTION}},
        "spec": {"release": release, "namespace": namespace, "catalog": raw},
    }


def _list(*items: Document, config: Document | None = None, **more: Any) -> bytes:
    """A ResourceList as block YAML."""
    given = {"apiVersion": "config.kubernetes.io/v1", "kind": "ResourceList", "items": list(items), **more}
    return yaml.safe_dump(given | ({"functionConfig": config} if config else {}), sort_keys=False).encode()


def _run(stdin: bytes, *arguments: str) -> Document:
    """The answer to a ResourceList."""
    done = mcpfence("krm", *arguments, stdin=stdin)
    assert done.returncode == 0, done.stderr.decode()
    (answer,) = yaml.safe_load_all(done.stdout)
    found: Document = answer
    return found


def _names(answer: Mapping[str, Any]) -> list[str]:
    return [f"{item['kind']} {item['metadata']['name']}" for item in answer["items"]]


def _alone(raw: Any = CATALOG) -> list[str]:
    """What `render --policies-only` prints for the same catalog."""
    text = json.dumps(raw).encode()
    done = mcpfence("render", "-f", "-", "--policies-only", "--release", RELEASE, "-n", NAMESPACE, "-q", stdin=text)
    assert done.returncode == 0, done.stderr.decode()
    return documents(done.stdout)


def _documents(answer: Mapping[str, Any]) -> list[str]:
    return documents(yaml.safe_dump_all(answer["items"]))


CONFIG_MAP: Document = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "x", "namespace": "y"}}
NAMESPACES: Document = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "y"}}
OURS = [
    "NetworkPolicy mcp-server-vault-egress",
    "NetworkPolicy mcp-server-vault-ingress",
    "ConfigMap demo-mcpfence",
]


# --- what comes out ---


def test_objects_are_those_of_every_other_path() -> None:
    """What `render --policies-only` prints, object for object."""
    assert _documents(_run(_list(config=_config()))) == _alone()


def test_items_of_others_pass_in_their_order() -> None:
    """Ours stand behind the last Namespace and before everything else, so that no pod comes before its policy."""
    first = {**CONFIG_MAP, "metadata": {"name": "first"}}
    answer = _run(_list(first, NAMESPACES, CONFIG_MAP, config=_config()))

    assert _names(answer) == ["ConfigMap first", "Namespace y", *OURS, "ConfigMap x"]
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
    stdin += json.dumps(_config())
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
    plain = _list(*items, config=_config())
    given = yaml.safe_load(plain)
    labels = {"a": "b"}
    for item in given["items"]:
        item["metadata"] = {**item["metadata"], "labels": labels}
    expected = _run(yaml.dump(given, Dumper=_NoAliases).encode())
    stdin = {
        "json": json.dumps(given).encode(),
        "flow": yaml.safe_dump(given, default_flow_style=True).encode(),
        "aliases": yaml.safe_dump(given).encode(),
        "crlf": yaml.dump(given, Dumper=_NoAliases).replace("\n", "\r\n").encode(),
    }[form]

    assert _run(stdin)["items"] == expected["items"]
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


class _NoAliases(yaml.SafeDumper):
    def ignore_aliases(self, data: object) -> bool:  # noqa: ARG002
        return True


def test_a_config_map_as_kpt_gives_it() -> None:
    """The same keys under data, the catalog as text."""
    data = {"release": RELEASE, "namespace": NAMESPACE, "catalog": yaml.safe_dump(CATALOG)}
    config = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "fn"}, "data": data}

    assert _documents(_run(_list(config=config))) == _alone()


def test_services_of_the_items_are_looked_up() -> None:
    """As in a stream of helm."""
    raw = catalog(a=container(egress={"services": [{"name": "redis", "namespace": "data"}]}))
    service = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "redis", "namespace": "data"},
        "spec": {"selector": {"app": "redis"}, "ports": [{"port": 80, "targetPort": 6379}]},
    }
    answer = _run(_list(service, config=_config(raw)))

    assert "port: 6379" in yaml.safe_dump(answer)


# --- again, and beside other releases ---


def test_earlier_output_is_replaced() -> None:
    """A second run over its own answer gives the same; a server that is gone takes its policies along."""
    once = _run(_list(NAMESPACES, CONFIG_MAP, config=_config(catalog(vault=container(), old=container()))))
    again = _run(_list(*once["items"], config=_config()))

    assert again["items"] == _run(_list(NAMESPACES, CONFIG_MAP, config=_config()))["items"]
    assert _run(_list(*again["items"], config=_config())) == again


def test_files_of_earlier_output_are_kept() -> None:
    """kpt finds an object's file by annotations; they go over to what takes the object's place."""
    path = "internal.config.kubernetes.io/path"
    once = _run(_list(config=_config()))
    for number, item in enumerate(once["items"]):
        item["metadata"]["annotations"] = {path: f"{number}.yaml", "config.k8s.io/id": "a\nb", "of": "others"}
    again = _run(_list(*once["items"], config=_config()))

    assert [item["metadata"]["annotations"] for item in again["items"]] == [
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
    first = _run(_list(config=_config(other, release="other")))
    both = _run(_list(*first["items"], config=_config(ours)))
    again = _run(_list(*both["items"], config=_config(CATALOG)))

    assert len(_names(both)) == len(first["items"]) + 7
    assert "NetworkPolicy mcp-server-old-egress" in _names(both)
    assert "NetworkPolicy mcp-server-old-egress" not in _names(again)
    assert "NetworkPolicy mcp-workload-theirs-egress" in _names(again)
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

    assert "NetworkPolicy mcp-default-deny" in _names(_run(_list(theirs, config=_config())))


# --- the catalog of an inflated chart ---


def _items(stream: bytes) -> list[Document]:
    return [document for document in yaml.safe_load_all(stream) if document]


@pytest.mark.parametrize("config", [None, {"apiVersion": "mcpfence.io/v1alpha1", "kind": "McpfenceCatalog"}])
def test_carrier_among_the_items(config: Document | None) -> None:
    """Without spec the carrier is filled in, in its place, as the post-renderer does it."""
    if config:
        config = {**config, "metadata": {"name": "fences"}}
    answer = _run(_list(NAMESPACES, *_items(carrier()), CONFIG_MAP, config=config))

    assert _names(answer) == ["Namespace y", *OURS, "ConfigMap x"]
    assert _documents({"items": answer["items"][1:4]}) == _alone()


def test_output_of_ours_without_a_catalog_passes() -> None:
    """As with the post-renderer: what was rendered is not rendered twice."""
    once = _run(_list(config=_config()))

    assert _run(_list(*once["items"]))["items"] == once["items"]


# --- results ---


def test_results_say_where() -> None:
    """Warnings and notes with severity, the object and the path of the field; on stderr as ever."""
    raw = {**CATALOG, "clients": {"gateway": {"namespace": "gateways"}}}
    done = mcpfence("krm", stdin=_list(config=_config(raw)))
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
    (found,) = [one for one in _run(_list(config=_config(raw)))["results"] if one["severity"] == "info"]

    assert found["tags"] == {"mcpfence.io/finding": "ipv6-cluster-unknown"}
    assert found["field"] == {"path": "spec.catalog.cluster.cidrs"}


def test_no_results_where_there_is_nothing_to_say() -> None:
    """The key is left out."""
    assert set(_run(_list(config=_config()))) == {"apiVersion", "kind", "items"}


# --- bad input ---

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
        (_list() + b"---\n" + _list(), f"stdin: holds 2 documents, and a ResourceList is one; {TODO}"),
        (
            b"apiVersion: config.kubernetes.io/v1\nkind: ResourceList\nitems: {}\n",
            f"stdin: has a mapping under items, not a list; {TODO}",
        ),
        (
            b"<<: {items: []}\napiVersion: config.kubernetes.io/v1\nkind: ResourceList\n",
            f"stdin: has a merge key (<<) at its top; {TODO}",
        ),
        (
            _list(NAMESPACES, {"kind": "x"}),
            "items[1] of stdin: is no Kubernetes object (apiVersion, kind, metadata); "
            "mend it, or leave it out [resource-list]",
        ),
    ],
)
def test_what_is_no_resource_list(stdin: bytes, sentence: str) -> None:
    """Exit 1, nothing on stdout, the sentence on stderr."""
    assert refusal(mcpfence("krm", stdin=stdin)) == f"error: {sentence}"


def _spec(**change: Any) -> Document:
    found = _config()
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
        {key: value for key, value in _config().items() if key != "spec"},
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
        {**_config(), "apiVersion": "mcpfence.io/v1"},
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
        {**_config(), "spec": None},
        ["spec: is null; write release, namespace, catalog below it [function-config]"],
    ),
    "empty spec": (
        {**_config(), "spec": {}},
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
            "gateway, mcpNamespace, mcpServerDefaults, rbac, run, servers, workloads [key-unknown]"
        ],
    ),
}


@pytest.mark.parametrize("case", CONFIGS)
def test_what_is_no_catalog(case: str) -> None:
    """Exit 1, nothing on stdout, every fault with the path of its field."""
    config, sentences = CONFIGS[case]
    said = refusal(mcpfence("krm", stdin=_list(NAMESPACES, config=config))).splitlines()

    assert said == [f"error: {sentence}" for sentence in sentences]


def test_a_key_that_stands_twice() -> None:
    """In the items that is the business of others; in the catalog it could widen a policy unseen."""
    stdin = _list(config=_config()).replace(b"  spec:\n", b"  spec:\n    release: other\n")

    assert refusal(mcpfence("krm", stdin=stdin)).endswith(
        ': the key "release" stands twice; mend the YAML [function-config]'
    )


def test_two_catalogs() -> None:
    """One in the functionConfig, one that a chart brought."""
    stdin = _list(*_items(carrier()), config=_config())

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
    said = refusal(mcpfence("krm", stdin=_list(wide, config=_config())))

    assert said.startswith("error: spec.catalog.servers.vault: may reach ")
    assert said.endswith("[proof-wider]")


def test_strict() -> None:
    """Warnings are errors, and nothing is printed."""
    raw = {**CATALOG, "clients": {"gateway": {"namespace": "gateways"}}}

    assert refusal(mcpfence("krm", "--strict", stdin=_list(config=_config(raw)))).startswith(
        "error: spec.catalog.clients.gateway: "
    )


# --- the wire format ---


def test_an_empty_list_is_a_list() -> None:
    """A function of kyaml reads no document without items."""
    assert yaml.safe_load(write_resource_list("config.kubernetes.io/v1", [], []))["items"] == []


def test_items_survive_reading_and_writing() -> None:
    """Whatever an item holds: read, written and read again it is the same, text included."""
    items = [
        {"apiVersion": "v1", "kind": "A", "metadata": {"name": "a"}, "x": text}
        for text in (
            "",
            "a\n",
            "a\n\n",
            "\n a",
            " a",
            "a\n b\n",
            "---\n",
            "# a",
            "é\u2028",
            "a: b",
            "\t",
            "yes",
            "1.10",
        )
    ]
    read = read_resource_list(_list(*items).decode())
    again = read_resource_list(write_resource_list("config.kubernetes.io/v1", (item.text for item in read.items), []))

    assert [item.document for item in again.items] == items
    assert [item.text for item in again.items] == [item.text for item in read.items]
    assert all(load_foreign(item.text) == [item.document] for item in read.items)


_TEXT = st.text(st.characters(codec="utf-8"), max_size=12)
_VALUE = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | _TEXT
    | st.sampled_from(["a\n\n", " a\n  b\n", "---\na", "- a", "#", "x: |+\n"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_TEXT, inner, max_size=3),
    max_leaves=8,
)


@given(
    st.lists(st.dictionaries(_TEXT, _VALUE, max_size=3), max_size=4),
    st.sampled_from([None, True, False]),
    st.booleans(),
)
def test_any_items_survive(contents: list[Document], flow: bool | None, indented: bool) -> None:
    """Block or flow, dashes indented or not, comments between: what is read, written and read again says the same."""
    items = [{"apiVersion": "v1", "kind": "A", "metadata": {"name": f"a{n}"}, "x": x} for n, x in enumerate(contents)]
    text = yaml.dump(items, Dumper=_NoAliases, default_flow_style=flow, allow_unicode=flow is None, sort_keys=False)
    assume(yaml.safe_load(text) == items)  # PyYAML does not read all of its own text
    if indented and flow is not True:
        text = "".join(f"  {line}" for line in text.replace("\n- ", "\n# of others\n- ").splitlines(keepends=True))
        assume(yaml.safe_load(text) == items)
    head = "apiVersion: config.kubernetes.io/v1\nkind: ResourceList\nitems:\n"
    read = read_resource_list(f"{head}{text if text.startswith((' ', '-')) else ' ' + text}results: []\n")
    answer = write_resource_list("config.kubernetes.io/v1", (item.text for item in read.items), [])
    again = read_resource_list(answer)

    assert [item.document for item in read.items] == [item.document for item in again.items] == items
    assert [load_foreign(item.text) for item in read.items] == [[item] for item in items]
    assert "\n---" not in f"\n{''.join(item.text for item in again.items)}"


# --- real kustomize ---


@pytest.fixture(scope="module")
def program() -> Path:
    """A real kustomize."""
    return need(find_kustomize)


@pytest.fixture(scope="module")
def scripts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for PATH with mcpfence in it."""
    return scripts_folder(tmp_path_factory.mktemp("scripts"))


EXEC = ("build", "--enable-alpha-plugins", "--enable-exec")


def _write(folder: Path, files: Mapping[str, Any]) -> Path:
    for name, content in files.items():
        text = content if isinstance(content, str) else yaml.safe_dump(content, sort_keys=False)
        (folder / name).write_text(text, encoding="utf-8")
    return folder


def test_generator(program: Path, scripts: Path, tmp_path: Path) -> None:
    """Listed under generators, without any resource: exactly what `render --policies-only` gives."""
    _write(tmp_path, {"kustomization.yaml": {"generators": ["fences.yaml"]}, "fences.yaml": _config()})
    done = kustomize(program, *EXEC, tmp_path, scripts=scripts)

    assert done.returncode == 0, done.stderr
    assert documents(done.stdout) == _alone()
    assert done.stderr == "mcpfence: release demo: 1 fence, 3 objects for namespace demo-mcp, provider none\n"


def test_transformer(program: Path, scripts: Path, tmp_path: Path) -> None:
    """Listed under transformers it sees the other resources, here a Service that it must look up, and keeps them."""
    raw = catalog(a=container(egress={"services": [{"name": "redis", "namespace": "data"}]}))
    service = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "redis", "namespace": "data"},
        "spec": {"selector": {"app": "redis"}, "ports": [{"port": 80, "targetPort": 6379}]},
    }
    kustomization = {"resources": ["service.yaml"], "transformers": ["fences.yaml"]}
    _write(tmp_path, {"kustomization.yaml": kustomization, "service.yaml": service, "fences.yaml": _config(raw)})
    done = kustomize(program, *EXEC, tmp_path, scripts=scripts)
    found = [document for document in yaml.safe_load_all(done.stdout) if document["kind"] != "Service"]

    assert done.returncode == 0, done.stderr
    assert service in list(yaml.safe_load_all(done.stdout))
    assert len(found) == 3
    assert "port: 6379" in done.stdout


def test_chart_inflated_by_kustomize(program: Path, scripts: Path, helm: Helm, tmp_path: Path) -> None:
    """The whole chart, namespace and floor included: what `mcpfence render` prints."""
    (tmp_path / "charts").mkdir()
    shutil.copytree(ROOT / "chart", tmp_path / "charts" / "mcpfence")
    chart = {"name": "mcpfence", "releaseName": RELEASE, "namespace": NAMESPACE, "valuesFile": "values.yaml"}
    kustomization = {"helmCharts": [chart], "helmGlobals": {"chartHome": "charts"}, "transformers": ["fences.yaml"]}
    fences = {key: value for key, value in _config().items() if key != "spec"}
    _write(tmp_path, {"kustomization.yaml": kustomization, "fences.yaml": fences, "values.yaml": CATALOG})
    done = kustomize(program, *EXEC, "--enable-helm", "--helm-command", helm.path, tmp_path, scripts=scripts)
    whole = mcpfence(
        "render",
        "-f",
        tmp_path / "values.yaml",
        "--release",
        RELEASE,
        "-n",
        NAMESPACE,
        "-q",
        HELM_BIN=str(helm.path),
    )

    assert done.returncode == 0, done.stderr
    assert documents(done.stdout) == documents(whole.stdout)


def test_generator_and_transformer_together(program: Path, scripts: Path, tmp_path: Path) -> None:
    """A second run in one build replaces the first one's objects, and doubles none."""
    kustomization = {"generators": ["fences.yaml"], "transformers": ["fences.yaml"]}
    _write(tmp_path, {"kustomization.yaml": kustomization, "fences.yaml": _config()})
    done = kustomize(program, *EXEC, tmp_path, scripts=scripts)

    assert done.returncode == 0, done.stderr
    assert documents(done.stdout) == _alone()


def test_kustomize_shows_our_sentence(program: Path, scripts: Path, tmp_path: Path) -> None:
    """kustomize shows no results; what it shows is stderr, and nothing is built."""
    bad = {**CATALOG, "servers": {"a": {"runtime": "snail"}}}
    _write(tmp_path, {"kustomization.yaml": {"generators": ["fences.yaml"]}, "fences.yaml": _config(bad)})
    done = kustomize(program, *EXEC, tmp_path, scripts=scripts)

    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.splitlines() == [
        'error: spec.catalog.servers.a.runtime: "snail" is no choice here; '
        "write one of: npx, uvx, containerized, remote, composite [choice]",
        "Error: couldn't execute function: exit status 1",
    ]


# --- what docs/kustomize.md shows, with the catalog of docs/git.md ---


def _shown(begin: str) -> str:
    """The one YAML block of the page that begins so."""
    (text,) = [
        b.text for b in BLOCKS if b.page.name == "kustomize.md" and b.kind == "yaml" and b.text.startswith(begin)
    ]
    return text


def test_generator_of_the_page(program: Path, scripts: Path, tmp_path: Path) -> None:
    """The two files and the command that docs/kustomize.md shows give what the render of its catalog gives."""
    (block,) = [b for b in BLOCKS if b.page.name == "kustomize.md" and b.words == ("fences.yaml",)]
    files = {"fences.yaml": block.text, "kustomization.yaml": _shown("# kustomization.yaml\ngenerators")}
    done = kustomize(program, *EXEC, ".", scripts=scripts, cwd=_write(tmp_path, files))
    raw = yaml.safe_load(block.text)["spec"]["catalog"]
    arguments = ("--policies-only", "--release", "mcp", "-n", "mcp-system", "-q")
    alone = mcpfence("render", "-f", "-", *arguments, stdin=json.dumps(raw).encode())

    assert done.returncode == 0, done.stderr
    assert documents(done.stdout) == documents(alone.stdout)
    (values,) = [b for b in BLOCKS if b.page.name == "git.md" and b.words == ("values.yaml",)]
    assert yaml.safe_load(values.text) == raw


def test_transformer_of_the_page(program: Path, scripts: Path, helm: Helm, tmp_path: Path) -> None:
    """The function that stands in the kustomization itself, behind the chart."""
    (tmp_path / "charts").mkdir()
    shutil.copytree(ROOT / "chart", tmp_path / "charts" / "mcpfence")
    (values,) = [b for b in BLOCKS if b.page.name == "git.md" and b.words == ("values.yaml",)]
    files = {"kustomization.yaml": _shown("# kustomization.yaml, with the chart"), "values.yaml": values.text}
    flags = ("--enable-helm", "--helm-command", helm.path)
    done = kustomize(program, *EXEC, *flags, _write(tmp_path, files), scripts=scripts)
    arguments = ("--release", "mcp", "-n", "mcp-system", "-q")
    whole = mcpfence("render", "-f", tmp_path / "values.yaml", *arguments, HELM_BIN=str(helm.path))

    assert done.returncode == 0, done.stderr
    assert documents(done.stdout) == documents(whole.stdout)
