"""Readers of single fields: canonical values for good ones, one finding for each bad one, never an exception."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcpfence.catalog.fields import (
    NO_ADDRESSES,
    has_template,
    read_cidr,
    read_cidrs,
    read_excepts,
    read_name,
    read_ports,
    read_selector,
)
from mcpfence.findings.finding import Collector
from mcpfence.kube.selectors import Expression, Selector
from mcpfence.net.addresses import parse_cidr
from mcpfence.net.intervals import canonical, is_subset
from mcpfence.net.ports import ALL_PORTS, ports_text

BOTH = frozenset({4, 6})


def ids(out: Collector) -> list[str]:
    """The ids of everything found."""
    return [finding.id for finding in out.findings()]


NAMES = {
    "a": [],
    "a-b-1": [],
    "0": [],
    "x" * 63: [],
    "": ["name-not-a-label"],
    "A": ["name-not-a-label"],
    "a.b": ["name-not-a-label"],
    "-a": ["name-not-a-label"],
    "a-": ["name-not-a-label"],
    "a_b": ["name-not-a-label"],
    "a\n": ["name-not-a-label"],
    "ü": ["name-not-a-label"],
    "x" * 64: ["name-too-long"],
    "{{ x }}": ["template-left"],
    "{{ x }}" * 20: ["template-left"],
}


@pytest.mark.parametrize(("name", "expected"), NAMES.items(), ids=ascii)
def test_names(name: str, expected: list[str]) -> None:
    """A name is a DNS-1123 label; each fault has one finding."""
    out = Collector()
    read_name(name, ("a",), "the name", out)

    assert ids(out) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [("{{ x }}", True), ("a{{x}}b", True), ("${X}", True), ("$X", False), ("{x}", False), ("a", False)],
)
def test_templates(text: str, expected: bool) -> None:
    """What Helm and shells fill in is told from ordinary text."""
    assert has_template(text, (), Collector()) == expected


def test_secret_template_is_not_shown() -> None:
    """A template in a value that may hold a secret is reported without the value."""
    out = Collector()
    has_template("{{ x }}hunter2", ("a",), out, secret=True)

    assert ids(out) == ["template-left"]
    assert "hunter2" not in out.findings()[0].message


@given(st.text(max_size=30) | st.from_regex(r"[0-9a-f.:/]{0,20}", fullmatch=True))
def test_every_cidr_is_judged(text: str) -> None:
    """Any text is the addresses of a block, or exactly one finding."""
    out = Collector()
    block = read_cidr(text, ("a",), BOTH, out)

    assert (block == NO_ADDRESSES) == (len(ids(out)) == 1)
    if block != NO_ADDRESSES:
        assert parse_cidr(text) == block


def test_cidrs_are_sorted_and_once() -> None:
    """A list of blocks comes in the order of addresses, IPv4 first, each once; bad ones are left out."""
    out = Collector()
    texts = ["fd00::/8", "10.2.0.0/16", "10.1.0.0/16", "10.2.0.0/16", "nonsense"]

    assert read_cidrs(texts, (), BOTH, out) == tuple(map(parse_cidr, ["10.1.0.0/16", "10.2.0.0/16", "fd00::/8"]))
    assert ids(out) == ["cidr-bad"]


def test_families() -> None:
    """A block of a family that the cluster has not is an error, and is left out."""
    out = Collector()

    assert read_cidr("fd00::/8", (), frozenset({4}), out) == NO_ADDRESSES
    assert ids(out) == ["cidr-family"]


def test_excepts_are_collapsed() -> None:
    """Excepts become one canonical set inside their block."""
    out = Collector()
    block = parse_cidr("10.0.0.0/8")
    excepts = read_excepts(["10.1.0.0/17", "10.1.128.0/17", "10.1.2.0/24"], block, (), out)

    assert excepts == (parse_cidr("10.1.0.0/16"),)
    assert ids(out) == []


@given(st.lists(st.tuples(st.integers(0, 255), st.integers(6, 32)), max_size=6))
def test_excepts_are_inside_their_block(parts: list[tuple[int, int]]) -> None:
    """Whatever is written, the excepts that come back lie inside the block and are canonical."""
    out = Collector()
    block = parse_cidr("10.0.0.0/8")
    texts = [f"10.{number}.0.0/{length}" for number, length in parts]
    excepts = read_excepts(texts, block, (), out)

    assert is_subset(excepts, (block,))
    assert excepts == canonical(excepts)
    assert excepts != (block,) or "except-is-cidr" in ids(out)


def test_ports() -> None:
    """Lists of ports are sets; `all` is told apart where it is allowed; absent is None."""
    out = Collector()

    assert read_ports(None, (), out, all_allowed=True) is None
    assert read_ports("all", (), out, all_allowed=True) == ALL_PORTS
    assert (
        ports_text(read_ports([53, "53/UDP", 8000.0], (), out, all_allowed=False) or ()) == "53/TCP, 8000/TCP, 53/UDP"
    )
    assert ids(out) == []


def test_ports_that_are_none() -> None:
    """Bad entries are findings of their own, good ones beside them count; nothing left is None, never every port."""
    out = Collector()

    assert read_ports("all", ("a",), out, all_allowed=False) is None
    assert read_ports([0, "x"], ("b",), out, all_allowed=True) is None
    assert ports_text(read_ports([0, 1, "2/UDP"], ("c",), out, all_allowed=True, tcp_only=True) or ()) == "1/TCP"
    assert ids(out) == ["ports-all", "port-bad", "port-bad", "port-bad", "port-not-tcp"]


SELECTORS: dict[str, tuple[dict[str, Any], Selector]] = {
    "short form": ({"b": "2", "a": "1"}, Selector((("a", "1"), ("b", "2")))),
    "full form": ({"matchLabels": {"a": "1"}}, Selector((("a", "1"),))),
    "expressions": (
        {
            "matchExpressions": [
                {"key": "b", "operator": "In", "values": ["y", "x", "y"]},
                {"key": "a", "operator": "Exists"},
            ]
        },
        Selector((), (Expression("a", "Exists"), Expression("b", "In", ("x", "y")))),
    ),
    "an expression twice": (
        {"matchLabels": {"a": "1"}, "matchExpressions": [{"key": "a", "operator": "Exists"}] * 2},
        Selector((("a", "1"),), (Expression("a", "Exists"),)),
    ),
    "prefix and empty value": ({"example.com/a-b_c.d": ""}, Selector((("example.com/a-b_c.d", ""),))),
}


@pytest.mark.parametrize(("written", "expected"), SELECTORS.values(), ids=SELECTORS)
def test_selectors(written: dict[str, Any], expected: Selector) -> None:
    """The short and the full form of one selector are the same value, in any order."""
    out = Collector()

    assert read_selector(written, (), out) == expected
    assert ids(out) == []


BAD_SELECTORS: dict[str, tuple[dict[str, Any], list[str]]] = {
    "empty": ({}, ["selector-empty"]),
    "empty in full form": ({"matchLabels": {}, "matchExpressions": []}, ["selector-empty"]),
    "contradiction": (
        {"matchLabels": {"a": "1"}, "matchExpressions": [{"key": "a", "operator": "NotIn", "values": ["1"]}]},
        ["selector-contradiction"],
    ),
    "NotIn without values": ({"matchExpressions": [{"key": "a", "operator": "NotIn"}]}, ["selector-values"]),
    "DoesNotExist with values": (
        {"matchExpressions": [{"key": "a", "operator": "DoesNotExist", "values": ["b"]}]},
        ["selector-values"],
    ),
    "key too long": ({"x" * 64: "a"}, ["label-bad"]),
    "prefix that is none": ({"Example.com/a": "b"}, ["label-bad"]),
    "two slashes": ({"a/b/c": "d"}, ["label-bad"]),
    "empty name behind a prefix": ({"a/": "d"}, ["label-bad"]),
    "empty prefix": ({"/a": "d"}, ["label-bad"]),
    "value too long": ({"a": "x" * 64}, ["label-bad"]),
    "value that ends in a hyphen": ({"a": "x-"}, ["label-bad"]),
    "value with a line break": ({"a": "x\n"}, ["label-bad"]),
    "bad value of an expression": (
        {"matchExpressions": [{"key": "a", "operator": "In", "values": ["x y"]}]},
        ["label-bad"],
    ),
}


@pytest.mark.parametrize(("written", "expected"), BAD_SELECTORS.values(), ids=BAD_SELECTORS)
def test_bad_selectors(written: dict[str, Any], expected: list[str]) -> None:
    """What Kubernetes would refuse, or what selects every pod or none, is refused."""
    out = Collector()
    read_selector(written, ("a",), out)

    assert ids(out) == expected
