"""The writer of manifests: whatever it prints, every YAML reads back as what was given."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from mcpfence.documents.writer import Shared, Writer, is_plain


class Yaml12(yaml.SafeLoader):
    """YAML 1.2 with its core schema, which reads other words as booleans and numbers than PyYAML's YAML 1.1."""


CORE = {
    "null": (r"(?:null|Null|NULL|~|)\Z", "nN~\0"),
    "bool": (r"(?:true|True|TRUE|false|False|FALSE)\Z", "tTfF"),
    "int": (r"(?:[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+)\Z", "-+0123456789"),
    "float": (
        r"(?:[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))\Z",
        "-+.0123456789",
    ),
}
Yaml12.yaml_implicit_resolvers = {}
for _name, (_pattern, _first) in CORE.items():
    Yaml12.add_implicit_resolver(f"tag:yaml.org,2002:{_name}", re.compile(_pattern), list(_first) if _first else None)


def readers(text: str) -> list[Any]:
    """What YAML 1.1, libyaml and YAML 1.2 read."""
    return [yaml.load(text, Loader=loader) for loader in (yaml.SafeLoader, yaml.CSafeLoader, Yaml12)]  # noqa: S506


NASTY = [
    "", " ", "-", "--", "---", "...", "?", ":", "a: b", "a:", ":a", "#", "a #b", "#a", "a#b", "&a", "*a", "!a", "|", ">",
    "%a", "@a", "`a", "'", '"', "a'b", 'a"b', "\\", "\\n", "\\ue000", "[", "]", "{", "}", "[]", "{}", ",", "yes", "Yes",
    "no", "NO", "on", "Off", "y", "N", "true", "False", "null", "Null", "~", "nan", ".nan", ".inf", "-.inf", "inf", "1",
    "0", "-1", "+1", "01", "0x1", "0o7", "0b1", "1_000", "1e3", "1E3", "e3", "1.5", ".5", "5.", "1:30", "22:22:22",
    "2026-01-01", "2026-01-01T00:00:00Z", "<<", "=", "10.0.0.0/8", "10.0.0.0", "1.2.3", "::1", "fd00::/8", "*.a.com",
    "a b", " a", "a ", "a\n", "\na", "a\nb", " a\nb", "  a\n b\n", "a\nb\n", "a\n\nb", "a\n b", "a \nb", "a\nb\n\n", "\n", "\n\n", "a\tb", "\t",
    "a\rb", "a\r\nb", "a\x00b", "a\x07b", "a\x7fb", "a\x85b", "a\u2028b", "\ufeffa", "ü", "a\nü", "\u65e5\u672c", "\U0001f600",
    "a" * 2000, "x-y_z.w/v", "app.kubernetes.io/name", "- a", "? a", "k: v\n- x\n#c", "---\na\n...", "{{ x }}", "${X}",
    "\ud7ff", "\uffff", "\ufffd",
]  # fmt: skip

plain_texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=12).filter(
    lambda text: not any("\ue000" <= char <= "\ue300" for char in text)
)
texts = st.sampled_from(NASTY) | plain_texts | st.from_regex(r"[-a-zA-Z0-9_.:/#'\" \n]{0,12}", fullmatch=True)
keys = st.sampled_from(["a", "app.kubernetes.io/name", "yes", "1", "true"]) | texts.filter(lambda text: len(text) < 100)
scalars = texts | st.integers(-(10**20), 10**20) | st.booleans()
documents: st.SearchStrategy[dict[str, Any]] = st.recursive(
    st.dictionaries(keys, scalars, min_size=1, max_size=4),
    lambda inner: st.dictionaries(
        keys, scalars | inner | st.just({}) | st.lists(scalars | inner, max_size=3), min_size=1, max_size=4
    ),
    max_leaves=12,
)


@pytest.mark.parametrize("text", NASTY, ids=ascii)
def test_nasty_strings_come_back(text: str) -> None:
    """A string comes back from every place where a string can stand, whatever it looks like."""
    document = {"value": text, "list": [text, {"in": text}], "map": {"deep": {"er": text}}, "last": "x"}
    if len(text) < 1000:
        document[f"key {text}"] = text

    assert readers(Writer().write(document)) == [document] * 3


@given(documents)
def test_documents_come_back(document: Mapping[str, Any]) -> None:
    """Any document comes back equal from YAML 1.1 and 1.2, also when the writer has written it before."""
    writer = Writer()
    text = writer.write(document)

    assert readers(text) == [document] * 3
    assert readers(writer.write(document)) == [document] * 3
    assert text.endswith("\n")


@given(st.lists(st.dictionaries(keys, scalars, min_size=1, max_size=3), max_size=3), st.integers(1, 3))
def test_shared_blocks_come_back(items: list[dict[str, Any]], depth: int) -> None:
    """A block that several documents share is the same text as one that is not shared, at every depth."""
    writer = Writer()
    shared = Shared(items)
    document: dict[str, Any] = {"rules": items, "shared": shared}
    for _ in range(depth):
        document = {"before": shared, "spec": document, "after": shared}

    assert readers(writer.write(document)) == [document] * 3


@pytest.mark.parametrize("text", NASTY, ids=ascii)
def test_plain_strings_are_read_alike(text: str) -> None:
    """What is printed without quotes is a string to YAML 1.1 and to YAML 1.2."""
    if is_plain(text):
        assert readers(f"a: {text}\n") == [{"a": text}] * 3
        assert readers(f"- {text}\n") == [[text]] * 3


@given(st.from_regex(r"[A-Za-z0-9][A-Za-z0-9_./-]{0,8}", fullmatch=True))
def test_plain_words_are_read_alike(text: str) -> None:
    """The same for random words that look like labels, names and blocks."""
    if is_plain(text):
        assert readers(f"a: {text}\n") == [{"a": text}] * 3
