"""Calico's selectors as boxes: which pods each expression selects, and what is no expression."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcpfence.reach.engines.calico import selectors
from mcpfence.reach.engines.calico.selectors import BadSelector
from mcpfence.reach.flows import label_sets
from mcpfence.reach.flows.label_sets import Box

PODS = [
    {key: value for key, value in zip("ab", values, strict=True) if value}
    for values in product(("", "x", "y"), repeat=2)
]
"""Every pod with the labels a and b, each missing, x or y."""


def selected(boxes: tuple[Box, ...], pod: dict[str, str]) -> bool:
    """Whether a pod of namespace n is in one of the boxes over peers."""
    parts = map(label_sets.split_peer, boxes)
    name = {label_sets.NAMESPACE_NAME: "n"}
    return any(label_sets.matches(ns, name) and label_sets.matches(of_pod, pod) for ns, of_pod in parts)


def words(text: str) -> str:
    """The pods that a selector selects, as `ab` values: `x-` is a=x without b; `?` behind those that it may select."""
    found = selectors.pods(text)
    said = []
    for pod in PODS:
        least, most = selected(found.least, pod), selected(found.most, pod)
        if most:
            said.append("".join(pod.get(key, "-") for key in "ab") + ("" if least else "?"))
    return " ".join(said)


@pytest.mark.parametrize(
    ("text", "pods"),
    [
        ("a == 'x'", "x- xx xy"),
        ('a=="x"&&b != "y"', "x- xx"),
        ("a != 'x'", "-- -x -y y- yx yy"),
        ("a in {'x', 'y'} && has(b)", "xx xy yx yy"),
        ("a not in { 'x' }", "-- -x -y y- yx yy"),
        ("a notin {'x',}", "-- -x -y y- yx yy"),
        ("a in {}", ""),
        ("a not in {}", "-- -x -y x- xx xy y- yx yy"),
        ("!has(a)", "-- -x -y"),
        ("! ! has( a )", "x- xx xy y- yx yy"),
        ("a == 'x' || b == 'x' && a == 'y'", "x- xx xy yx"),
        ("(a == 'x' || b == 'x') && a == 'y'", "yx"),
        ("!(a == 'x' || has(b))", "-- y-"),
        ("all()", "-- -x -y x- xx xy y- yx yy"),
        ("!all()", ""),
        ("a contains 'x'", "x-? xx? xy? y-? yx? yy?"),
        ("!a starts with 'x'", "-- -x -y x-? xx? xy? y-? yx? yy?"),
        ("a endswith 'x' && b == 'y'", "xy? yy?"),
        ("projectcalico.org/orchestrator == 'k8s' && a == 'x'", "x- xx xy"),
        ("projectcalico.org/orchestrator != 'k8s'", ""),
        ("has(projectcalico.org/orchestrator)", "-- -x -y x- xx xy y- yx yy"),
        ("projectcalico.org/namespace == 'n' && a == 'x'", "x- xx xy"),
        ("projectcalico.org/namespace == 'm'", ""),
        ("projectcalico.org/serviceaccount == 'x' && a == 'x'", "x-? xx? xy?"),
        ("pcsa.role == 'x'", "--? -x? -y? x-? xx? xy? y-? yx? yy?"),
    ],
)
def test_pods(text: str, pods: str) -> None:
    """What it selects, surely and perhaps."""
    assert words(text) == pods


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("a = 'x'", "has a label without an operator at \" = 'x'\""),
        ("a == x", "lacks a value in quotes at ' x'"),
        ("a", "has a label without an operator at ''"),
        ("(a == 'x'", "lacks ) at ''"),
        ("a == 'x')", "goes on behind its end, at ')'"),
        ("a == 'x' b == 'y'", "goes on behind its end, at \" b == 'y'\""),
        ("a == 'x", 'is no selector at " \'x"'),
        ("a in 'x'", "lacks { at \" 'x'\""),
        ("a in {x}", "lacks a value in quotes at 'x}'"),
        ("&& a == 'x'", "lacks a label at \"&& a == 'x'\""),
        ("a == 'x' &&", "lacks a label at ''"),
        ("a\n== 'x'", "has a label without an operator at \"\\n== 'x'\""),
        ("global()", "has global(), which only a namespaceSelector may have"),
        ("(" * 60 + "has(a)" + ")" * 60, "has more than 50 brackets in each other"),
    ],
)
def test_what_is_none(text: str, says: str) -> None:
    """It is told where it stops being one."""
    with pytest.raises(BadSelector) as refused:
        selectors.pods(text)

    assert str(refused.value) == says


def test_namespaces() -> None:
    """Calico's own label for the name is the name; `global()` is no namespace at all; other labels stay."""
    name = label_sets.in_namespace(((label_sets.NAMESPACE_NAME, label_sets.one_of(("n",))),))
    team = label_sets.in_namespace((("team", label_sets.PRESENT),))

    assert selectors.namespaces("projectcalico.org/name == 'n'").least == (name,)
    assert selectors.namespaces("kubernetes.io/metadata.name == 'n'").least == (name,)
    assert selectors.namespaces("has(team)").most == (team,)
    assert selectors.namespaces("global()") == selectors.Boxes((), ())
    assert selectors.namespaces("!global()") == selectors.EVERY


def test_pods_alone() -> None:
    """Only a selector that asks for Calico's own label of pods cannot mean sets of addresses."""
    assert selectors.pods_alone("projectcalico.org/orchestrator == 'k8s' && a == 'x'")
    assert not selectors.pods_alone("a == 'x'")
    assert not selectors.pods_alone("projectcalico.org/orchestrator == 'k8s' || a == 'x'")


def test_too_many_boxes_are_unknown() -> None:
    """An expression whose boxes multiply is at least nothing and at most everything."""
    text = " && ".join(f"(k{n} == 'x' || l{n} == 'x')" for n in range(10))

    assert selectors.pods(text) == selectors.UNKNOWN_BOXES


tests = st.one_of(
    st.builds("{} {} '{}'".format, st.sampled_from("ab"), st.sampled_from(("==", "!=")), st.sampled_from("xy")),
    st.builds("{} {} {{'{}'}}".format, st.sampled_from("ab"), st.sampled_from(("in", "not in")), st.sampled_from("xy")),
    st.builds("has({})".format, st.sampled_from("ab")),
)
expressions = st.recursive(
    tests,
    lambda inner: st.one_of(
        st.builds("({} && {})".format, inner, inner),
        st.builds("({} || {})".format, inner, inner),
        st.builds("!{}".format, inner),
    ),
    max_leaves=8,
)


def meaning(text: str, pod: dict[str, str]) -> bool:
    """The same expression by Python's own rules."""
    python = text.replace("&&", " and ").replace("||", " or ").replace("!=", "<>").replace("!", " not ")
    for key in "ab":
        python = python.replace(f"has({key})", f"('{key}' in pod)")
        for operator, written in (("==", "=="), ("<>", "!="), ("not in", "not in"), ("in", "in")):
            python = python.replace(f"{key} {operator} ", f"pod.get('{key}') {written} ")
    return bool(eval(python, {"pod": pod}))  # noqa: S307 - our own words, put together above


@given(expressions)
def test_they_mean_what_they_say(text: str) -> None:
    """Every pod is in the boxes if and only if the expression holds for its labels."""
    found = selectors.pods(text)

    for pod in PODS:
        assert selected(found.least, pod) == selected(found.most, pod) == meaning(text, pod), (text, pod)
