"""Values files: merged as Helm merges them, told from manifests, and searched for places."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcpfence.documents.values import ValuesFile, decode, manifests, merge, read_source, where
from mcpfence.findings.finding import McpfenceError

MERGES: dict[str, tuple[list[Any], dict[str, Any], dict[str, Any]]] = {
    # what: (files, defaults of the chart, result)
    "maps merge, the last file wins": ([{"a": {"x": 1, "y": 1}}, {"a": {"y": 2}}], {}, {"a": {"x": 1, "y": 2}}),
    "lists replace": ([{"a": [1, 2]}, {"a": [3]}], {}, {"a": [3]}),
    "an empty list replaces": ([{"a": [1, 2]}, {"a": []}], {}, {"a": []}),
    "text replaces a map": ([{"a": {"x": 1}}, {"a": "b"}], {}, {"a": "b"}),
    "a map replaces text": ([{"a": "b"}, {"a": {"x": 1}}], {}, {"a": {"x": 1}}),
    "defaults fill in": ([{"a": {"x": 1}}], {"a": {"x": 0, "y": 0}, "b": 0}, {"a": {"x": 1, "y": 0}, "b": 0}),
    "an empty map keeps the defaults": ([{"a": {}}], {"a": {"x": 0}}, {"a": {"x": 0}}),
    "null takes a default away": ([{"a": None, "b": {"x": None}}], {"a": 1, "b": {"x": 1, "y": 1}}, {"b": {"y": 1}}),
    "null of the last file takes a default away": ([{"a": 2}, {"a": None}], {"a": 1}, {}),
    "null for what no default has stays": ([{"a": {"x": None}}], {"a": {}}, {"a": {"x": None}}),
    "no file": ([], {"a": 1}, {"a": 1}),
}


@pytest.mark.parametrize(("files", "defaults", "expected"), MERGES.values(), ids=MERGES)
def test_merges(files: list[Any], defaults: dict[str, Any], expected: dict[str, Any]) -> None:
    """Several files and the chart's defaults add up as they do in helm."""
    assert merge(files, defaults) == expected


trees = st.recursive(
    st.integers(0, 3) | st.lists(st.integers(0, 3), max_size=2),
    lambda inner: st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=8,
)
maps = st.dictionaries(st.sampled_from("abc"), trees, max_size=3)


@given(maps, maps, maps)
def test_merge_is_associative_without_nulls(one: Any, two: Any, three: Any) -> None:
    """Without nulls it does not matter which files are merged first, and nothing that went in is changed."""
    before = repr([one, two, three])

    assert merge([one, two, three], {}) == merge([merge([one, two], {}), three], {})
    assert merge([one, two], {}) == merge([two], one)
    assert repr([one, two, three]) == before


def test_empty_file_is_an_empty_mapping() -> None:
    """A file of comments says nothing."""
    assert read_source("values.yaml", "# nothing\n").data == {}


def test_byte_order_mark() -> None:
    """A byte order mark is no part of the text."""
    assert decode(b"\xef\xbb\xbfa: 1", "values.yaml") == "a: 1"


@pytest.mark.parametrize(
    ("text", "kind"), [("- a", "a list"), ("a", "a string"), ("1", "a number"), ("yes", "true or false")]
)
def test_what_is_no_mapping(text: str, kind: str) -> None:
    """A file that is no mapping is named, with what it is."""
    with pytest.raises(McpfenceError) as caught:
        read_source("values.yaml", text)
    assert str(caught.value) == f"values.yaml: is {kind}, not a mapping; write keys such as servers: at its top"


MANIFESTS = {
    "apiVersion: v1\nkind: Service\nmetadata: {name: a}": 1,
    "---\n# a chart\napiVersion: v1\nkind: A\n---\nkind: B\napiVersion: v1\n": 2,
    "kind: List\napiVersion: v1\nitems:\n- {apiVersion: v1, kind: A}\n- {apiVersion: v1, kind: B}\n": 1,
    '{"apiVersion": "v1", "kind": "A"}': 1,
    "\ufeff# c\napiVersion: v1\nkind: A\n": 1,
}


@pytest.mark.parametrize(("text", "count"), MANIFESTS.items())
def test_manifests_are_told_from_values(text: str, count: int) -> None:
    """A file in which every document has apiVersion and kind holds manifests; a list is one document."""
    found = manifests(text)

    assert found is not None
    assert len(found) == count


@pytest.mark.parametrize(
    "text", ["servers: {}", "kind: a\nservers: {}", "", "# a", "apiVersion: v1\nkind: A\n---\nservers: {}", "kind: ["]
)
def test_values_are_no_manifests(text: str) -> None:
    """Anything else is a values file."""
    assert manifests(text) is None


BASE = ValuesFile("base.yaml", "a:\n  x: 1\n  y: 2\n", {"a": {"x": 1, "y": 2}})
PROD = ValuesFile("prod.yaml", "a:\n  y: 3\nb: [1, 2]\n", {"a": {"y": 3}, "b": [1, 2]})
WHERE = {
    ("a", "y"): "prod.yaml:2:6",
    ("a", "x"): "base.yaml:2:6",
    ("a", "z"): "prod.yaml:1:1",
    ("b", 1): "prod.yaml:3:8",
    ("b", 5): "prod.yaml:3:1",
    ("c",): None,
    (): None,
}


@pytest.mark.parametrize(("path", "expected"), WHERE.items())
def test_where(path: tuple[str | int, ...], expected: str | None) -> None:
    """A path is looked up in the last file that has it, or as much of it as there is; else it has no place."""
    found = where(path, [BASE, PROD])

    assert (found.text if found else None) == expected
