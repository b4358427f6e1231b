"""Selectors against brute force: every question is asked of every pod that a small world can hold."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

from hypothesis import given
from hypothesis import strategies as st

from mcpfence.kube.selectors import Expression, Selector, compatible, covers, labels_of, overlaps, satisfiable

KEYS, VALUES = ("a", "b"), ("x", "y")


def pods() -> Iterator[dict[str, str]]:
    """Every pod over the keys, with each value of the selectors, a value that none of them knows, or no such label."""
    for values in itertools.product((None, *VALUES, "other"), repeat=len(KEYS)):
        yield {key: value for key, value in zip(KEYS, values, strict=True) if value is not None}


def matches(selector: Selector, pod: dict[str, str]) -> bool:
    """What the API documents: all labels and all expressions must hold; NotIn holds without the label."""
    tests = {
        "In": lambda item: pod.get(item.key) in item.values,
        "NotIn": lambda item: item.key not in pod or pod[item.key] not in item.values,
        "Exists": lambda item: item.key in pod,
        "DoesNotExist": lambda item: item.key not in pod,
    }
    return all(pod.get(key) == value for key, value in selector.labels) and all(
        tests[item.operator](item) for item in selector.expressions
    )


expressions = st.one_of(
    st.builds(
        lambda key, operator, values: Expression(key, operator, tuple(sorted(values))),
        st.sampled_from(KEYS),
        st.sampled_from(["In", "NotIn"]),
        st.sets(st.sampled_from(VALUES), min_size=1),
    ),
    st.builds(Expression, st.sampled_from(KEYS), st.sampled_from(["Exists", "DoesNotExist"])),
)

selectors = st.builds(
    lambda labels, found: Selector(tuple(sorted(labels.items())), tuple(sorted(found))),
    st.dictionaries(st.sampled_from(KEYS), st.sampled_from(VALUES)),
    st.sets(expressions, max_size=3),
)


@given(selectors)
def test_satisfiable(one: Selector) -> None:
    """A selector is satisfiable if and only if some pod satisfies it."""
    assert satisfiable(one) == any(matches(one, pod) for pod in pods())


@given(selectors, selectors)
def test_compatible(one: Selector, other: Selector) -> None:
    """Two selectors are compatible if and only if some pod satisfies both."""
    expected = any(matches(one, pod) and matches(other, pod) for pod in pods())

    assert compatible(one, other) == expected
    assert compatible(other, one) == expected


@given(selectors, selectors)
def test_covers_is_sound(wide: Selector, narrow: Selector) -> None:
    """Where one selector covers another, each pod of the narrow one is a pod of the wide one."""
    if covers(wide, narrow):
        assert all(matches(wide, pod) for pod in pods() if matches(narrow, pod))


@given(selectors, selectors)
def test_covers_is_complete_where_pods_exist(wide: Selector, narrow: Selector) -> None:
    """And the other way round, as long as the narrow one is satisfiable and says one thing of each key."""
    said = [key for key, _ in narrow.labels] + [item.key for item in narrow.expressions]
    if satisfiable(narrow) and len(said) == len(set(said)) and not covers(wide, narrow):
        assert not all(matches(wide, pod) for pod in pods() if matches(narrow, pod))


ATOMS = [
    labels_of({"a": "x"}),
    labels_of({"a": "y"}),
    *(
        Selector((), (Expression("a", operator, values),))
        for operator in ("In", "NotIn")
        for values in (("x",), ("y",), ("x", "y"))
    ),
    *(Selector((), (Expression("a", operator),)) for operator in ("Exists", "DoesNotExist")),
]

SMALL = [Selector(), *ATOMS] + [
    Selector(tuple(sorted({*one.labels, *other.labels})), tuple(sorted({*one.expressions, *other.expressions})))
    for one, other in itertools.combinations(ATOMS, 2)
    if len({*one.labels, *other.labels}) < 2
]
"""Every selector that says one or two things of one key."""


def test_every_small_selector_against_every_other() -> None:
    """All questions, asked of all pairs of small selectors: nothing is left to chance."""
    everything = list(pods())
    matched = {one: {i for i, pod in enumerate(everything) if matches(one, pod)} for one in SMALL}

    for one, other in itertools.product(SMALL, repeat=2):
        assert satisfiable(one) == bool(matched[one])
        assert compatible(one, other) == bool(matched[one] & matched[other]), (one.text, other.text)
        if covers(one, other):
            assert matched[other] <= matched[one], (one.text, other.text)
    for one, other in itertools.product([Selector(), *ATOMS], repeat=2):
        assert covers(one, other) == (matched[other] <= matched[one]), (one.text, other.text)


@given(st.lists(st.tuples(selectors, st.integers(0, 3)), max_size=8))
def test_overlaps_finds_every_pair(entries: list[tuple[Selector, int]]) -> None:
    """Every pair of selectors of different owners that share a pod is found, none twice, none of one owner."""
    expected = [
        {left, right}
        for left, right in itertools.combinations(range(len(entries)), 2)
        if entries[left][1] != entries[right][1] and compatible(entries[left][0], entries[right][0])
    ]
    found = overlaps(entries, limit=100)

    assert len(found) == len(expected)
    assert sorted(sorted(pair) for pair in found) == sorted(
        sorted((entries[left], entries[right])) for left, right in map(sorted, expected)
    )


@given(st.lists(st.tuples(selectors, st.integers(0, 3)), max_size=8), st.integers(0, 5))
def test_overlaps_stops_at_its_limit(entries: list[tuple[Selector, int]], limit: int) -> None:
    """With a limit the first pairs are found, as many as the limit, and at least one where there is any."""
    assert overlaps(entries, limit) == overlaps(entries, 100)[:limit]


def test_empty_selector() -> None:
    """Only a selector that says nothing is empty; it selects every pod."""
    assert Selector().empty
    assert not labels_of({"a": ""}).empty
    assert all(matches(Selector(), pod) for pod in pods())
    assert covers(Selector(), labels_of({"a": "x"}))
    assert not covers(labels_of({"a": "x"}), Selector())
