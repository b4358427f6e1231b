"""The ResourceList: whatever its items are, they survive reading and writing."""

from __future__ import annotations

import yaml
from hypothesis import assume, given
from hypothesis import strategies as st

from krm import Document, NoAliases, resource_list
from mcpfence.documents.reader import load_foreign
from mcpfence.streams.resource_list import read_resource_list, write_resource_list


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
    read = read_resource_list(resource_list(*items).decode())
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
    text = yaml.dump(items, Dumper=NoAliases, default_flow_style=flow, allow_unicode=flow is None, sort_keys=False)
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
