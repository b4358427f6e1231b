"""Laws of sets of host names, against a naive matcher."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcpfence.reach.flows import host_names
from mcpfence.reach.flows.host_names import ANY, NAMELESS, NONE, Names, names_at, names_of
from reaching.bruteforce import name_matches

LABELS = ("a", "b")
NAMES = ("", "a", "b", "a.a", "b.a", "a.b", "c.a", "a.b.a", "b.b.a", "c.b.a", "a.a.a.a", "c", "c.c.c.c.a", "b.c.a")

patterns = st.builds(
    lambda wild, labels: ".".join(["*"] * wild + labels),
    st.booleans(),
    st.lists(st.sampled_from(LABELS), min_size=1, max_size=3),
)

written = st.lists(st.one_of(patterns, st.just("*")), max_size=4)


depths = st.tuples(st.integers(1, 4), st.integers(0, 4))
deep = st.lists(st.tuples(patterns, depths).map(lambda pair: (pair[0], *pair[1])), max_size=4)


@st.composite
def sets(draw: st.DrawFn) -> Names:
    """Unions, and differences of unions, with or without nameless flows; of names at some depths as well."""
    left, right = (host_names.union(names_of(draw(written)), names_at(draw(deep))) for _ in range(2))
    found = host_names.subtract(left, right)
    return host_names.union(found, NAMELESS) if draw(st.booleans()) else found


def members(found: Names) -> set[str]:
    """Which of the names of the little universe are in the set."""
    return {name for name in NAMES if host_names.contains(found, name)}


@given(written)
def test_patterns_match_as_the_naive_matcher_says(texts: list[str]) -> None:
    """`*.x` is one or more labels below x, `*` every name, and no pattern is a flow without a name."""
    found = names_of(texts)

    assert members(found) == {name for name in NAMES if any(name_matches(text, name) for text in texts)}


@given(deep)
def test_depths_are_numbers_of_labels(texts: list[tuple[str, int, int]]) -> None:
    """With fewest and most, `*.x` is that many labels below x; 0 is no end, and a most below the fewest is nothing."""
    found = names_at(texts)

    assert members(found) == {name for name in NAMES if any(_at_depth(name, *entry) for entry in texts)}


def _at_depth(name: str, text: str, least: int, most: int) -> bool:
    if not name_matches(text, name):
        return False
    more = name.count(".") - text.count(".") + 1
    return "*" not in text or (least <= more and (most == 0 or more <= most))


@given(sets(), sets())
def test_operations_are_those_of_sets(left: Names, right: Names) -> None:
    """Union, intersection and difference, name by name."""
    assert members(host_names.union(left, right)) == members(left) | members(right)
    assert members(host_names.intersect(left, right)) == members(left) & members(right)
    assert members(host_names.subtract(left, right)) == members(left) - members(right)


@given(sets(), sets())
def test_equal_sets_are_equal_values(left: Names, right: Names) -> None:
    """Two ways to the same set end in the same value: the form is normal."""
    assert host_names.union(left, right) == host_names.union(right, left)
    assert host_names.subtract(left, host_names.subtract(left, right)) == host_names.intersect(left, right)
    assert host_names.union(host_names.subtract(left, right), host_names.intersect(left, right)) == left
    assert hash(host_names.union(left, left)) == hash(left)


@given(sets())
def test_a_sample_is_a_member(found: Names) -> None:
    """Every set but the empty one gives a member; nameless first."""
    if found is NONE:
        with pytest.raises(ValueError, match="the empty set has no member"):
            host_names.sample(found)
    else:
        assert host_names.contains(found, host_names.sample(found))


@given(sets())
def test_empty_is_none(found: Names) -> None:
    """A difference with itself is the one empty set."""
    assert host_names.subtract(found, found) is NONE
    assert host_names.intersect(found, host_names.subtract(ANY, found)) is NONE
