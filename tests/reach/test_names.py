"""Sets of host names: laws against a naive matcher, normal form, bounds of partial wildcards."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcpfence.reach.flows import host_names
from mcpfence.reach.flows.host_names import ANY, EVERY_NAME, NAMELESS, NONE, Names, names_of, pattern_bounds
from reaching.bruteforce import name_matches

LABELS = ("a", "b")
NAMES = ("", "a", "b", "a.a", "b.a", "a.b", "c.a", "a.b.a", "b.b.a", "c.b.a", "a.a.a.a", "c")
patterns = st.builds(
    lambda wild, labels: ".".join(["*"] * wild + labels),
    st.booleans(),
    st.lists(st.sampled_from(LABELS), min_size=1, max_size=3),
)
written = st.lists(st.one_of(patterns, st.just("*")), max_size=4)


@st.composite
def sets(draw: st.DrawFn) -> Names:
    """Unions, and differences of unions, with or without nameless flows."""
    found = host_names.subtract(names_of(draw(written)), names_of(draw(written)))
    return host_names.union(found, NAMELESS) if draw(st.booleans()) else found


def members(found: Names) -> set[str]:
    """Which of the names of the little universe are in the set."""
    return {name for name in NAMES if host_names.contains(found, name)}


@given(written)
def test_patterns_match_as_the_naive_matcher_says(texts: list[str]) -> None:
    """`*.x` is one or more labels below x, `*` every name, and no pattern is a flow without a name."""
    found = names_of(texts)

    assert members(found) == {name for name in NAMES if any(name_matches(text, name) for text in texts)}


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


@pytest.mark.parametrize(
    ("texts", "shown"),
    [
        ([], ()),
        (["*"], ("*",)),
        (["b.example", "*.a.example", "a.example"], ("a.example", "*.a.example", "b.example")),
        (["*.example", "a.example"], ("*.example",)),
    ],
)
def test_patterns_shown(texts: list[str], shown: tuple[str, ...]) -> None:
    """Sets read as patterns; what a wildcard covers is not repeated."""
    assert host_names.signed_patterns(names_of(texts)) == shown


def test_holes_are_shown_with_a_sign() -> None:
    """What is taken out of a wider pattern has a sign; the longest pattern decides."""
    found = host_names.subtract(ANY, names_of(["*.a.example"]))

    assert host_names.signed_patterns(found) == ("*", "-", "!*.a.example")


def test_case_and_trailing_dot_are_nothing() -> None:
    """Names are compared as DNS does."""
    assert names_of(["API.Example.COM."]) == names_of(["api.example.com"])
    assert host_names.contains(names_of(["*.example.com"]), "API.EXAMPLE.com.")


@pytest.mark.parametrize(
    ("text", "most"),
    [
        ("app*.example.com", ["*.example.com"]),
        ("a.*.example.com", ["*.example.com"]),
        ("patch*--.*.example.com", ["*.example.com"]),
        ("*.*.example.com", ["*.example.com"]),
        ("*example.com", ["*.com"]),
    ],
)
def test_partial_wildcards_have_bounds(text: str, most: list[str]) -> None:
    """A `*` that nobody has defined matches at least nothing, at most every name behind the last one."""
    assert pattern_bounds(text) == (NONE, names_of(most))


@pytest.mark.parametrize("text", ["api.example.com", "*.example.com", "*"])
def test_plain_patterns_are_exact(text: str) -> None:
    """For patterns with one meaning both bounds are one value."""
    least, most = pattern_bounds(text)

    assert least is most


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "is empty"),
        ("a..b", "is no host name"),
        ("https://a.example", "is no host name"),
        ("-a.example", "is no host name"),
        ("a" * 64 + ".example", "is no host name"),
        ("a." * 130 + "example", "is longer than 253 characters"),
        ("**.example.com", "has two * in a row, which no web group accepts"),
    ],
)
def test_what_is_no_pattern(text: str, reason: str) -> None:
    """What is no name is refused with its reason."""
    with pytest.raises(ValueError, match=r".") as caught:
        pattern_bounds(text)

    assert str(caught.value) == reason


def test_ten_thousand_names_are_quick() -> None:
    """A long list is one set, and comparing it costs no pairs of names."""
    many = names_of([f"host-{number}.example.com" for number in range(10_000)])

    assert host_names.subtract(many, names_of(["*.example.com"])) is NONE
    assert host_names.intersect(many, EVERY_NAME) == many
    assert host_names.sample(host_names.subtract(many, names_of(["host-0.example.com"]))) == "host-1.example.com"
