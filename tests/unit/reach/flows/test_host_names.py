"""Sets of host names: their text, bounds of partial wildcards, what is no pattern."""

from __future__ import annotations

import pytest

from effort import effort
from mcpfence.reach.flows import host_names
from mcpfence.reach.flows.host_names import ANY, EVERY_NAME, NONE, names_at, names_of, pattern_bounds


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


@pytest.mark.parametrize(
    ("least", "most", "shown"),
    [
        (1, 1, ("?.example.com",)),
        (1, 3, ("?.example.com", "?.?.example.com", "?.?.?.example.com")),
        (3, 0, ("?.?.*.example.com",)),
        (1, 0, ("*.example.com",)),
        (3, 2, ()),
    ],
)
def test_depths_are_shown(least: int, most: int, shown: tuple[str, ...]) -> None:
    """`?` is exactly one label; what has no end ends in a `*`."""
    assert host_names.signed_patterns(names_at([("*.example.com", least, most)])) == shown


def test_holes_in_depths() -> None:
    """A name more, and a depth less, and what is left between them."""
    found = host_names.subtract(names_of(["*.example.com"]), names_at([("*.example.com", 1, 2)]))
    found = host_names.union(found, names_of(["a.example.com"]))

    assert host_names.signed_patterns(found) == ("?.?.*.example.com", "a.example.com")
    assert host_names.sample(host_names.subtract(found, names_of(["a.example.com"]))) == "any.any.any.example.com"
    assert host_names.signed_patterns(host_names.subtract(EVERY_NAME, found)) == (
        "*",
        "!?.?.*.example.com",
        "!a.example.com",
    )


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


def test_many_names_one_by_one_are_quick() -> None:
    """Engines read names one by one: eight times as many take about eight times the calls, and no square of it."""

    def together(count: int) -> tuple[host_names.Names, int]:
        single = [host_names.names_of([f"h{number}.e{number % 40}.example.com"]) for number in range(count)]
        return effort(lambda: host_names.union_of(single))

    _, few = together(100)
    found, many = together(800)

    assert many < 16 * few
    assert found == host_names.names_of([f"h{number}.e{number % 40}.example.com" for number in range(800)])


@pytest.mark.parametrize("count", range(6))
def test_a_union_of_any_number(count: int) -> None:
    """As one after the other, however many there are."""
    parts = [host_names.names_of([name]) for name in ("a.x", "*.x", "b.y", "*.b.y", "*")][:count]
    one_by_one = host_names.NONE
    for part in parts:
        one_by_one = host_names.union(one_by_one, part)

    assert host_names.union_of(parts) == one_by_one
