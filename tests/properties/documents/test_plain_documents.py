"""Documents built from the parser's events are those that the tree of nodes gives, or are left to it."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from mcpfence.documents import reader
from mcpfence.documents.agreement import load_judged
from mcpfence.documents.reader import BadDocument, load_foreign, load_values, plain_documents

SCALARS = [
    *(
        "a",
        "kind",
        "spec",
        "a b",
        "''",
        '"1"',
        "'<<'",
        "|\n  x\n",
        "~",
        "null",
        "true",
        "No",
        "12",
        "-3",
        "1.5",
        "1.2.3",
    ),
    *("y", "<<", "=", "08", "0x1F", "1e3", "1_000", ".inf", "22:22", "2001-12-14", "+1", "-0", "+x", "!!str 1", "!x a"),
    *("*x", "&x a", "9" * 17, "#c", "- a", ""),
]


def flow(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """Lists and mappings of what is inside."""
    pairs = st.lists(st.tuples(st.sampled_from(SCALARS), inner), max_size=4)
    return st.lists(inner, max_size=3).map(lambda items: f"[{', '.join(items)}]") | pairs.map(
        lambda found: f"{{{', '.join(f'{key}: {value}' for key, value in found)}}}"
    )


values = st.recursive(st.sampled_from(SCALARS), flow, max_leaves=8)
blocks = st.lists(st.tuples(st.sampled_from(SCALARS), values), max_size=4).map(
    lambda pairs: "".join(f"{key}: {value}\n" for key, value in pairs)
)
streams = st.lists(blocks, min_size=1, max_size=3).map("---\n".join)


def outcome(read: Any, text: str) -> str:
    """What a reader gives (1, 1.0 and True told apart), or the whole of what it says, with its place."""
    try:
        return repr(read(text))
    except BadDocument as bad:
        return f"{bad} {bad.line} {bad.column}"


@pytest.mark.parametrize("read", [load_foreign, load_judged, load_values])
@given(streams)
def test_both_ways_give_the_same(read: Any, text: str) -> None:
    """Whatever is read, or refused, is the same where every document goes the long way."""
    shortly = outcome(read, text)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(reader, "build_plainly", lambda *_: None)
        at_length = outcome(read, text)

    assert shortly == at_length


ORDINARY = """\
apiVersion: v1
kind: Service
metadata: {name: "x", labels: {}}
spec:
  ports:
  - {port: 80, name: 'a'}
  'on': true
  script: |
    - !x &y *z
"""


def test_an_ordinary_manifest_needs_no_tree() -> None:
    """What manifests are made of is built at once, several documents and empty ones, too."""
    found = plain_documents(f"{ORDINARY}---\n{ORDINARY}---\n# nothing\n")

    assert found == [*yaml.safe_load_all(ORDINARY), *yaml.safe_load_all(ORDINARY), None]


@pytest.mark.parametrize(
    "text",
    [
        "a: !!str 1",
        "a: ! b",
        "a: &x {b: 1}",
        "a: &x b",
        "a: &x [b]",
        "a: !!map {}",
        "a: [&x b, *x]",
        "<<: {a: 1}",
        "'<<': 1",
        "a: 1\na: 2",
        "1: a",
        "~: a",
        "[a]: b",
        "{a: b}: c",
        "? {}\n: c",
        "a: 0x1F",
        "a: y",
        "n: a",
        "a: =",
        "a: [",
        "a: '\ud800'",
        "[" * 201 + "]" * 201,
    ],
)
def test_what_is_in_doubt_goes_the_long_way(text: str) -> None:
    """Tags, anchors, merges, keys twice or that are no strings, scalars that readers differ on, and what is no YAML."""
    assert plain_documents(text) is None


def test_a_date_is_text() -> None:
    """As the long way has it, and helm and kubectl."""
    assert plain_documents("a: 2001-12-14") == [{"a": "2001-12-14"}] == [load_values("a: 2001-12-14")]


def test_two_hundred_levels_are_no_doubt() -> None:
    """The limit of depth is that of the long way."""
    assert plain_documents("[" * 200 + "]" * 200) is not None
