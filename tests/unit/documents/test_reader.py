"""YAML and JSON into documents: scalars as Helm reads them, foreign documents leniently, places by path."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcpfence.documents.agreement import load_judged
from mcpfence.documents.reader import BadDocument, load_foreign, load_values, position

BREAKS = "\x85\u2028\u2029"
"""Characters that end a line in YAML and stand in strings of JSON."""

SCALARS: dict[str, Any] = {
    # as Helm reads them (YAML 1.1's booleans and octal numbers, no dates, no sexagesimals)
    "yes": True,
    "off": False,
    "True": True,
    "~": None,
    "null": None,
    "": None,
    "443": 443,
    "0x1F": 31,
    "0o17": 15,
    "017": 15,
    "0b11": 3,
    "1_000": 1000,
    "-7": -7,
    "1.5": 1.5,
    "1.10": 1.1,
    "8e3": 8000,
    "22:22": "22:22",
    "2026-01-01": "2026-01-01",
    "10.0.0.0/8": "10.0.0.0/8",
    "1.2.3": "1.2.3",
    "53/UDP": "53/UDP",
    "8000-8010": "8000-8010",
    "=": "=",
    '"443"': "443",
    "'yes'": "yes",
}


@pytest.mark.parametrize(("text", "expected"), SCALARS.items())
def test_scalars(text: str, expected: Any) -> None:
    """A scalar becomes what Helm makes of it."""
    found = load_values(f"a: {text}")

    assert found == {"a": expected}
    assert type(found["a"]) is type(expected)


LONG = (".____x", "0888x", "1e___x", "1_.ex", "____x", "0000x", "1:1:x", "--x")


@pytest.mark.parametrize("text", LONG)
def test_long_scalars_end_soon(text: str) -> None:
    """What looks like a number to the end, where it is none, is a string, however long it is."""
    long = text[:-1] * 50_000 + text[-1]

    assert load_values(f"a: {long}") == {"a": long}


def test_keys_are_strings() -> None:
    """Numbers and booleans as keys become words, as in Helm; the schema wants strings."""
    assert load_values("1: a\nfalse: b\n0x10: d") == {"1": "a", "false": "b", "16": "d"}


def test_merge_keys_may_be_overridden() -> None:
    """`<<` brings keys along, and a key written beside it wins."""
    assert load_values("a: &a {x: 1, z: 2}\nb: {<<: *a, z: 3}")["b"] == {"x": 1, "z": 3}


MERGED = {
    "the first of a list": ("{<<: [*one, *two]}", {"cidr": "10.0.0.0/8", "a": 1, "more": 2}),
    "a key behind a list": ("{<<: [*one, *two], cidr: 10.1.0.0/16}", {"cidr": "10.1.0.0/16", "a": 1, "more": 2}),
    "a list in what is merged": ("{<<: {<<: [*two, *one]}}", {"cidr": "0.0.0.0/0", "a": 3, "more": 2}),
    "a key in what is merged": ("{<<: {<<: *two, cidr: 10.2.0.0/16}}", {"cidr": "10.2.0.0/16", "a": 3, "more": 2}),
    "none": ("{<<: [], a: 1}", {"a": 1}),
}


@pytest.mark.parametrize(("text", "expected"), MERGED.values(), ids=MERGED)
def test_merges_are_those_of_helm(text: str, expected: Any) -> None:
    """Of several mappings that are merged the first wins, as in helm and kubectl, whatever PyYAML makes of them."""
    before = "one: &one {cidr: 10.0.0.0/8, a: 1}\ntwo: &two {cidr: 0.0.0.0/0, a: 3, more: 2}\n"

    assert load_values(f"{before}here: {text}\n")["here"] == expected
    assert load_foreign(f"{before}here: {text}\n")[0]["here"] == expected


AGAIN = {
    "a mapping": (
        "a: &x {k: 1}\nb: *x\nc: &x {k: 2}\nd: *x\n",
        {"a": {"k": 1}, "b": {"k": 1}, "c": {"k": 2}, "d": {"k": 2}},
    ),
    "inside itself": ("a: &x {k: &x 1, l: *x}\nb: *x\n", {"a": {"k": 1, "l": 1}, "b": 1}),
    "what is merged": (
        "a: &x {k: 1}\nb: {<<: *x, l: 2}\nc: &x {k: 3}\nd: {<<: *x, l: 4}\n",
        {"a": {"k": 1}, "b": {"k": 1, "l": 2}, "c": {"k": 3}, "d": {"k": 3, "l": 4}},
    ),
    "a merge that was resolved before": (
        "a: &x {k: 1}\nb: &y {<<: *x, l: 2}\nc: {<<: *y, l: 3}\nd: *y\n",
        {"a": {"k": 1}, "b": {"k": 1, "l": 2}, "c": {"k": 1, "l": 3}, "d": {"k": 1, "l": 2}},
    ),
}


@pytest.mark.parametrize(("text", "expected"), AGAIN.values(), ids=AGAIN)
def test_anchors_that_are_given_again(text: str, expected: Any) -> None:
    """An alias means the last anchor of its name before it, as in YAML 1.2, helm and kubectl."""
    assert load_values(text) == expected
    assert load_foreign(f"{text}---\n{text}") == [expected, expected]
    assert load_judged(f"kind: NetworkPolicy\n{text}") == [{"kind": "NetworkPolicy", **expected}]


def test_place_behind_an_anchor_that_is_given_again() -> None:
    """Findings name the line of the value itself."""
    assert position("a: &x 1\nb: &x\n  k: 2\n", ("b", "k")) == (3, 6)


def test_anchor_that_is_given_again_within_itself() -> None:
    """Which contains itself, here and in Go's readers."""
    with pytest.raises(BadDocument, match=r"^contains itself$"):
        load_values("a: &x 1\nb: &x [*x]\n")


@pytest.mark.parametrize("date", ["2026-11-30", "2026-11-30T01:02:03Z", "2026-11-30 01:02:03.5 +1", "2026-99-99"])
def test_dates_are_text(date: str) -> None:
    """A date without quotes is the text that it is, in policies too: so helm and kubectl read it."""
    labels = f"metadata: {{labels: {{released: {date}, other: &x {date}, third: *x}}}}"
    expected = {"labels": dict.fromkeys(("released", "other", "third"), date)}

    assert load_values(labels) == {"metadata": expected}
    assert load_foreign(labels) == [{"metadata": expected}]
    assert load_judged(f"kind: NetworkPolicy\n{labels}") == [{"kind": "NetworkPolicy", "metadata": expected}]


def test_empty_files() -> None:
    """A file without a document is None, whatever comments and separators stand in it."""
    assert [load_values(text) for text in ("", "\n", "# a\n", "---\n", "---\n# a\n")] == [None] * 5


letters = st.characters(exclude_categories=["Cs"], exclude_characters=BREAKS)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(letters, max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(letters, max_size=5), inner, max_size=3),
    max_leaves=10,
)


@given(st.dictionaries(st.text(letters, max_size=5), values, max_size=3), st.booleans())
def test_json_is_read_as_json(document: dict[str, Any], ascii_only: bool) -> None:
    """A JSON catalog is what JSON says, escapes and emoji included; only floats could differ and are left out."""
    text = json.dumps(document, ensure_ascii=ascii_only, indent=1)

    assert load_values(text) == document


@pytest.mark.parametrize("text", ['{"a": 1, "a": 2}', '{"a": {"b": 1, "b": 1}}', "{a: 1, a: 2}"])
def test_json_with_a_key_twice(text: str) -> None:
    """JSON readers let the last one win; here it is an error, with its place."""
    with pytest.raises(BadDocument, match="stands twice") as caught:
        load_values(text)
    assert caught.value.line == 1
    assert caught.value.column > 1


def test_json_constants_that_are_no_json() -> None:
    """NaN and Infinity are words, as in YAML."""
    assert load_values('{"a": NaN, "b": Infinity}') == {"a": "NaN", "b": "Infinity"}


def test_places_in_json_with_emoji() -> None:
    """A place is found in a JSON file whose strings hold escapes that YAML does not know."""
    text = '{"a": "\\ud83d\\ude00",\n "b": [1, 2]}'

    assert position(text, ("b", 1)) == (2, 11)


PLACES = {
    ("servers",): (1, 1),
    ("servers", "a"): (2, 3),
    ("servers", "a", "runtime"): (2, 16),
    ("servers", "b", "egress", "domains"): (5, 7),
    ("servers", "b", "egress", "domains", 1): (7, 11),
    ("servers", "b", "egress", "domains", 9): (5, 7),
    ("servers", "b", "ingress"): (3, 3),
    ("servers", "c"): (1, 1),
    ("nothing",): (1, 1),
}
TEXT = """servers:
  a: {runtime: npx}
  b:
    egress:
      domains:
        - a.example.com
        - b.example.com
"""


@pytest.mark.parametrize(("path", "expected"), PLACES.items())
def test_places(path: tuple[str | int, ...], expected: tuple[int, int]) -> None:
    """A path leads to its value, or to its key where the value spans lines, or to the deepest part that exists."""
    assert position(TEXT, path) == expected


def test_foreign_documents_are_read_leniently() -> None:
    """Other people's manifests may have keys twice, tags and dates; we only look into them."""
    text = "a: 1\na: 2\n---\nb: !Ref {c: !Sub x}\n---\n# nothing\n---\nd: [!x y]\n"

    assert load_foreign(text) == [{"a": 2}, {"b": {"c": "x"}}, None, {"d": ["y"]}]


@pytest.mark.parametrize("text", ["a: [", "a: &a [*a]", "- " * 1000, "a: *b"])
def test_foreign_documents_that_are_none(text: str) -> None:
    """What is no YAML, contains itself or is too deep is refused there too."""
    with pytest.raises(BadDocument):
        load_foreign(text)


def test_aliases_share_a_budget() -> None:
    """Aliases are fine as long as what they unfold into stays below the limit."""
    text = "a: &a [1, 2, 3]\nb: [*a, *a, *a]\n"

    assert load_values(text) == {"a": [1, 2, 3], "b": [[1, 2, 3]] * 3}


@pytest.mark.parametrize("depth", [50, 190])
def test_depth_that_is_allowed(depth: int) -> None:
    """Nesting that people write is read, in brackets and by indentation."""
    flow = load_values("a: " + "[" * depth + "]" * depth)
    block = load_values("".join(f"{' ' * i}a:\n" for i in range(depth)))

    assert str(flow).count("[") == depth
    assert str(block).count("a") == depth


@pytest.mark.parametrize(
    "text",
    [
        "a: " + "[" * 250 + "]" * 250,
        "".join(f"{' ' * i}a:\n" for i in range(250)),
        "a:\n" + "".join(f"{' ' * i}-\n{' ' * i} a:\n" for i in range(150)) + " " * 150 + " x: y\n",
        '{"a": ' * 250 + "1" + "}" * 250,
        "-   " * 250 + "a",
    ],
    ids=["brackets", "indentation", "lists and mappings", "JSON", "dashes"],
)
def test_depth_that_is_refused(text: str) -> None:
    """Nesting beyond 200 levels is refused however it is written, before anything recurses into it."""
    with pytest.raises(BadDocument, match="nested more than 200 levels deep"):
        load_values(text)


LEVELS = 5_000
"""More than libyaml reads by itself, in those of its versions that have a limit."""
ENDLESS: dict[str, tuple[str, tuple[int, int]]] = {
    # what: (text, line and column of the level that is one too many)
    "brackets": ("[" * LEVELS, (1, 201)),
    "brackets that are closed": ("[" * LEVELS + "]" * LEVELS, (1, 201)),
    "brackets with spaces": ("[ " * LEVELS, (1, 401)),
    "brackets on lines": ("[\n" * LEVELS, (201, 1)),
    "braces": ("{a: " * LEVELS, (1, 801)),
    "brackets in a brace": ("{" + "[" * LEVELS, (1, 201)),
    "JSON": ('{"a":' * LEVELS, (1, 1001)),
    "dashes": ("- " * LEVELS, (1, 401)),
    "question marks": ("? " * LEVELS, (1, 401)),
    "below a key": ("a:\n  b: " + "[" * LEVELS, (2, 204)),
    "below indentation": ("".join(f"{' ' * i}a:\n" for i in range(150)) + " " * 150 + "[" * LEVELS, (151, 201)),
    "in a list that goes on": ("a: [x,\n  " + "[" * LEVELS, (2, 201)),
    "after brackets in quotes": (f"a: '{'[' * LEVELS}'\nb: " + "[" * LEVELS, (2, 203)),
    "where a key must stand": ("a: 1\n" + "[" * LEVELS, (2, 201)),
    "where a key must stand, with spaces": ("a:\n  b: 1\n  " + "[ " * LEVELS, (3, 403)),
    "with another fault behind": ("[" * 300 + "@", (1, 201)),
}


@pytest.mark.parametrize(("text", "place"), ENDLESS.values(), ids=ENDLESS)
def test_depth_without_end(text: str, place: tuple[int, int]) -> None:
    """Whoever gives up first, libyaml or we: one sentence, and the place of the first level that is too many."""
    for load in (load_values, load_foreign):
        with pytest.raises(BadDocument) as caught:
            load(text)

        found = caught.value
        assert (str(found), (found.line, found.column)) == ("is nested more than 200 levels deep", place)


FAULTS: dict[str, tuple[str, str]] = {
    "before the levels": ("[}" + "[" * LEVELS, "1:2 did not find expected node content"),
    "after many small lists": ("a: [" + "[1], " * 300 + "@]", "1:1505 found character that cannot start any token"),
    "after levels that may be": ("[" * 200 + "x", "2:1 did not find expected ',' or ']'"),
    "in a text of brackets": ("a: '" + "[" * LEVELS, "1:5005 found unexpected end of stream"),
    "after a text of brackets": (f"a: '{'[' * LEVELS}'\nb: [", "3:1 did not find expected node content"),
}


@pytest.mark.parametrize(("text", "said"), FAULTS.values(), ids=FAULTS)
def test_other_faults_among_many_brackets(text: str, said: str) -> None:
    """What is wrong with a text that has many brackets, and is not nested too deep, is still what is said."""
    with pytest.raises(BadDocument) as caught:
        load_values(text)

    assert f"{caught.value.line}:{caught.value.column} {caught.value}" == said


TAGGED = {
    "int": ['""', '"-"', '"0x"', '"_"', '"0o9"', '"1:x"', "x"],
    "float": ['""', '"x"', '".e"'],
    "bool": ['""', "x"],
    "timestamp": ['""', "x", '"2001-99-99"'],
}
TAG_PLACES: dict[str, tuple[str, tuple[int, int]]] = {
    "a value": ("a: 1\nb:\n  c: [x, {}]", (3, 10)),
    "a key": ("a: 1\n? {}\n: b", (2, 3)),
    "the root": ("{}", (1, 1)),
    "behind an alias": ("a: &a {{b: {}}}\nc: *a", (1, 11)),
}


@pytest.mark.parametrize(("text", "place"), TAG_PLACES.values(), ids=TAG_PLACES)
@pytest.mark.parametrize(("tag", "value"), [(tag, value) for tag, values in TAGGED.items() for value in values])
def test_value_that_is_not_what_its_tag_says(tag: str, value: str, text: str, place: tuple[int, int]) -> None:
    """It is a fault of the document, with its place, for values and manifests alike."""
    for load in (load_values, load_foreign) if tag != "timestamp" else (load_foreign,):
        with pytest.raises(BadDocument) as caught:
            load(text.format(f"!!{tag} {value}"))

        found = caught.value
        assert str(found) == f"a value cannot be read as what its tag says ({tag})"
        assert (found.line, found.column) == place


@pytest.mark.parametrize("text", ["y", "N", "08", "-028", "0O17", "0X1F", "_1", "1e400", "5_e8", "1234567890123456789"])
def test_scalar_that_helm_reads_otherwise(text: str) -> None:
    """Helm makes a boolean or another number of it, so it is refused, with its place and without its words."""
    with pytest.raises(BadDocument) as caught:
        load_values(f"a: {text}\n")

    assert str(caught.value) == "a value without quotes is read as another one by helm; put quotes around it"
    assert (caught.value.line, caught.value.column) == (1, 4)
    assert load_values(f"a: '{text}'\n") == {"a": text}


@pytest.mark.parametrize("mark", BREAKS)
def test_json_with_a_line_break_of_yaml(mark: str) -> None:
    """Helm reads JSON as YAML, which folds it: what helm hands to the chart is what is read here."""
    assert load_values(f'{{"a": "b{mark}c"}}') == load_values(f'a: "b{mark}c"\n')


def test_byte_order_mark_inside() -> None:
    """Helm makes it a part of the key that it stands before, and the parser here skips it."""
    with pytest.raises(BadDocument) as caught:
        load_values("a: {b: 1,\n\ufeffc: 2}\n")

    assert str(caught.value) == "a line begins with a byte order mark, which only some readers skip; remove it"
    assert (caught.value.line, caught.value.column) == (2, 1)


LATE = {
    "in a mapping": ("a:\n  cidr: 198.51.100.0/24\n  <<: *x\n", 4, 3),
    "in what is merged": ("a: {<<: {cidr: 198.51.100.0/24, <<: *x}}\n", 2, 33),
    "in a list of what is merged": ("a: {<<: [*x, {cidr: 198.51.100.0/24, <<: *x}]}\n", 2, 38),
}


@pytest.mark.parametrize(("text", "line", "column"), LATE.values(), ids=LATE)
def test_merge_behind_a_key(text: str, line: int, column: int) -> None:
    """In helm the later merge wins, elsewhere the key: one file with two meanings is none."""
    with pytest.raises(BadDocument) as caught:
        load_values(f"x: &x {{cidr: 10.0.0.0/8}}\n{text}")

    assert str(caught.value) == "a merge (<<) stands behind another key, where helm lets it win; write it first"
    assert (caught.value.line, caught.value.column) == (line, column)


def test_key_twice_in_what_is_merged() -> None:
    """What is merged is written by hand, too, and a key that stands twice there is a slip as everywhere."""
    with pytest.raises(BadDocument, match=r'^the key "cidr" stands twice$'):
        load_values("a: {<<: {cidr: 10.0.0.0/8, cidr: 198.51.100.0/24}}\n")
