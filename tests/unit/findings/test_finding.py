"""Findings: everything found is said once, in order, in full."""

from __future__ import annotations

import pytest

from mcpfence.findings.finding import Collector, Finding, McpfenceError, counted, fail, path_text, plural, quote


def test_unknown_id_is_a_mistake_of_ours() -> None:
    """A finding with an id that is not in the table is a mistake in the code and never reaches people."""
    with pytest.raises(KeyError):
        Collector().add("no-such-id", (), "says something")


def test_order() -> None:
    """Errors before warnings before notes; inside, the order of the places, list entries by number."""
    out = Collector()
    out.add("eks-dns", ("dns",), "a note")
    out.add("floor-off", ("a",), "a warning")
    for place in (("b",), ("a", 10), ("a", 9), ("a",), ()):
        out.add("type", place, "an error")

    assert [finding.place for finding in out.findings()] == ["", "a", "a[9]", "a[10]", "b", "a", "dns"]


def test_order_does_not_depend_on_who_was_first() -> None:
    """The same findings in another order come out alike."""
    items = [("type", ("a",), "x"), ("choice", ("a",), "y"), ("type", ("a",), "b"), ("eks-dns", (), "n")]
    outs = [Collector(), Collector()]
    for id, path, sentence in items:
        outs[0].add(id, path, sentence)
    for id, path, sentence in reversed(items):
        outs[1].add(id, path, sentence)

    assert outs[0].findings() == outs[1].findings()


def test_same_finding_twice_counts_once() -> None:
    """The same sentence at the same place is one finding; at another place it is another one."""
    out = Collector()
    for place in ("a", "a", "b"):
        out.add("type", (place,), "is wrong")

    assert len(out.findings()) == 2


def test_many_findings_of_one_kind_are_cut() -> None:
    """Of one kind 25 are told and the rest is counted, behind all others of its severity."""
    out = Collector()
    for i in range(1027):
        out.add("type", ("a", i), "is wrong", "mend it")
        out.add("floor-off", ("b", i), "is off")
    out.add("choice", ("z",), "is no choice")
    messages = [f"{finding.severity.value} {finding.message}" for finding in out.findings()]

    assert len(messages) == 53
    assert messages[24:27] == [
        "error a[24]: is wrong; mend it",
        "error z: is no choice",
        "error 1,002 more findings of this kind are not shown; mend those above and run again",
    ]
    assert messages[-1].startswith("warning 1,002 more findings")
    assert out.failed


def test_which_findings_are_cut_does_not_depend_on_their_order() -> None:
    """Those that stand first in the catalog are told, also where they were found last, and kinds are cut in one order."""
    forwards, backwards = Collector(), Collector()
    for i in range(30):
        for out, place in ((forwards, i), (backwards, 29 - i)):
            out.add("type" if place % 2 else "choice", ("a", place // 2), "is wrong")
            out.add("key-unknown", ("a", place), "is no known key")
            out.add("key-missing", ("a", place), "has no runtime")

    assert forwards.findings() == backwards.findings()
    assert ("key-unknown", ("a", 24)) in [finding[:2] for finding in backwards.findings()]
    assert [finding[:2] for finding in backwards.findings()][-2:] == [("key-missing", ()), ("key-unknown", ())]


def test_only_errors_stop() -> None:
    """Warnings and notes do not stop the work; one error does, and brings everything along."""
    out = Collector()
    out.add("floor-off", (), "is off")
    out.stop_on_errors()
    out.add("type", (), "is wrong")

    with pytest.raises(McpfenceError) as caught:
        out.stop_on_errors()
    assert [finding.id for finding in caught.value.findings] == ["type", "floor-off"]
    assert str(caught.value) == "is wrong\nis off"


PATHS = {
    (): "",
    ("servers", "a", "egress", "cidrs", 0, "cidr"): "servers.a.egress.cidrs[0].cidr",
    ("servers", "a.b"): 'servers["a.b"]',
    ("a b",): '["a b"]',
    ("",): '[""]',
    ("a\nb",): '["a\\nb"]',
    ("ü",): '["\\u00fc"]',
    ("x" * 80,): "x" * 80,
    ("x" * 81,): f'["{"x" * 80}..."]',
}


@pytest.mark.parametrize(("path", "expected"), PATHS.items(), ids=str)
def test_paths(path: tuple[str | int, ...], expected: str) -> None:
    """Paths are written as people write them; odd keys stand in quotes, endless ones are cut."""
    assert path_text(path) == expected


def test_quotes() -> None:
    """Values stand in a message on one line, in ASCII, cut after 80 characters."""
    assert quote('a "b"\n\u2028\x1b[31m') == '"a \\"b\\"\\n\\u2028\\u001b[31m"'
    assert quote("x" * 81) == f'"{"x" * 80}..."'
    assert [quote(value) for value in (1, True, None, [1, "a"])] == ["1", "true", "null", '[1, "a"]']
    assert len(quote(list(range(1000)))) == 83


def test_document_stands_in_the_place_of_a_path() -> None:
    """A finding about a document of the stream names it."""
    error = fail("carrier-missing", "is not there", "bring it", document="ConfigMap a/b")

    assert str(error) == "ConfigMap a/b: is not there; bring it"
    assert Finding("type", ("a",), "x", "", "D").place == "D"


@pytest.mark.parametrize(("count", "expected"), [(0, "no notes"), (1, "1 note"), (2, "2 notes"), (1234, "1,234 notes")])
def test_plurals(count: int, expected: str) -> None:
    """Numbers of things as people say them."""
    assert plural(count, "note") == expected


@pytest.mark.parametrize(("count", "expected"), [(0, "no entries"), (1, "1 entry"), (2_000, "2,000 entries")])
def test_counts_of_words_without_an_s(count: int, expected: str) -> None:
    """As plural, with both words given."""
    assert counted(count, "entry", "entries") == expected
