"""A folder of manifests: what its files are called."""

from __future__ import annotations

import pytest

from mcpfence.findings.finding import McpfenceError
from mcpfence.render.objects import Rendered
from mcpfence.streams.folder_layout import folder_layout
from mcpfence.system import files


def _object(kind: str, namespace: str, name: str) -> Rendered:
    return Rendered(kind, namespace, name, (f"kind: {kind}\n",), ())


@pytest.mark.parametrize(
    ("document", "name"),
    [
        (b"kind: Role\nmetadata: {name: a, namespace: n}\n", "role-n-a.yaml"),
        (b"kind: Namespace\nmetadata: {name: tools}\n", "0-namespace-tools.yaml"),
        (b'kind: ClusterRole\nmetadata: {name: "system:aggregate/Edit"}\n', "clusterrole-system-aggregate-edit.yaml"),
        (b"kind: Role\nmetadata: {name: ../../etc/passwd}\n", "role-..-..-etc-passwd.yaml"),
        (b"kind: Role\nmetadata: {name: 'C:\\x'}\n", "role-c--x.yaml"),
        (b"kind: ../x\nmetadata: {name: y}\n", "x-y.yaml"),
        (b"kind: Job\nmetadata: {generateName: run-}\n", "job-run.yaml"),
        (b"kind: List\nitems: []\n", "list.yaml"),
        (b"kind: Role\nmetadata: {name: 7}\n", "role-7.yaml"),
        ("kind: Röle\nmetadata: {name: ü}\n".encode(), "r-le.yaml"),
    ],
)
def test_names_of_foreign_documents(document: bytes, name: str) -> None:
    """Kind, namespace and name in lower case, with nothing that a file system or a path takes amiss."""
    assert list(folder_layout([], [b"---\n" + document])) == [name]


def test_names_of_our_objects() -> None:
    """One file per object, called after it."""
    names = [("NetworkPolicy", "demo-mcp", "mcp-server-a-egress"), ("ConfigMap", "home", "demo-mcpfence")]
    assert list(folder_layout([_object(*name) for name in names], [], "demo-mcp")) == [
        *("networkpolicy-mcp-server-a-egress.yaml", "configmap-home-demo-mcpfence.yaml"),
    ]
    assert folder_layout([_object("NetworkPolicy", "demo-mcp", "mcp-server-a-egress")], []) == {
        "networkpolicy-demo-mcp-mcp-server-a-egress.yaml": "---\nkind: NetworkPolicy\n"
    }


def test_two_objects_never_share_a_file() -> None:
    """Namespace and name are joined by a dash that both may contain: a policy must not be lost by that."""
    one, two = _object("NetworkPolicy", "a", "mcp-b-c"), _object("NetworkPolicy", "a-mcp", "b-c")
    other = b"---\nkind: NetworkPolicy\nmetadata: {name: a-mcp-b-c}\n"
    found = folder_layout([one, two], [other])

    assert sorted(found) == sorted(folder_layout([two, one], [other]))
    assert len(found) == 3
    assert all(name.startswith("networkpolicy-a-mcp-b-c-") for name in found)


def test_hook_and_template_of_one_name() -> None:
    """Helm allows both; the second gets a number."""
    document = b"---\nkind: Job\nmetadata: {name: a}\n"

    assert list(folder_layout([], [document, document])) == ["job-a.yaml", "job-a-2.yaml"]


def test_names_stay_within_what_file_systems_allow() -> None:
    """Two long names that begin alike stay two."""
    pieces = [f"---\nkind: ConfigMap\nmetadata: {{name: {'x' * 250}{end}}}\n".encode() for end in "ab"]
    names = list(folder_layout([], pieces))

    assert len(set(names)) == 2
    assert max(map(len, names)) <= 205


def test_blank_pieces_make_no_file() -> None:
    """Comments between documents belong to nobody."""
    assert folder_layout([], [b"---\n# only this\n"]) == {}


def test_foreign_text_is_kept() -> None:
    """Line ends and comments included."""
    document = b"---\r\n# Source: a/templates/b.yaml\r\nkind: Role\r\nmetadata: {name: a, name: b}\r\n"

    assert list(folder_layout([], [document]).values()) == [document.decode()]


@pytest.mark.parametrize(
    ("end", "kept"),
    [("x\n", "x\n"), ("x\n\n\n", "x\n"), ("x\r\n\r\n", "x\r\n"), ("x", "x"), ("|+\n  x\n\n", "|+\n  x\n\n")],
)
def test_empty_lines_behind_a_document(end: str, kept: str) -> None:
    """Helm 4 prints one more than Helm 3; they go, unless a block scalar keeps them as content."""
    document = "---\nkind: Role\nmetadata: {name: a}\nkey: "

    assert list(folder_layout([], [(document + end).encode()]).values()) == [document + kept]


@pytest.mark.parametrize(
    ("document", "sentence"),
    [
        (b"kind: [", "document 2 of the chart: is no YAML ("),
        (b"metadata: {name: a}", "document 2 of the chart: has no kind or no metadata.name; mend the chart"),
        (b"kind: Role", "document 2 of the chart: has no kind or no metadata.name; mend the chart"),
        (b"- a", "document 2 of the chart: has no kind or no metadata.name; mend the chart"),
        (b"kind: Role\nmetadata: []", "document 2 of the chart: has no kind or no metadata.name; mend the chart"),
    ],
)
def test_foreign_documents_without_a_name(document: bytes, sentence: str) -> None:
    """What has no name can have no file, and leaving it out would lose it."""
    with pytest.raises(McpfenceError) as caught:
        folder_layout([], [b"---\nkind: Role\nmetadata: {name: a}\n", b"---\n" + document])

    assert str(caught.value).startswith(sentence)


def test_names_that_we_write_are_names_that_we_accept() -> None:
    """The index is read back with the same idea of a name as the layout writes."""
    odd = [b"---\nkind: -.x-\nmetadata: {name: '..'}\n", b"---\nkind: '...'\nmetadata: {name: '-'}\n"]

    assert all(files._NAME.match(name) for name in folder_layout([], odd))
