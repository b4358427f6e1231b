"""PyYAML without libyaml, as in a browser: what it reads, libyaml reads alike, and what libyaml refuses stays refused."""

from __future__ import annotations

import random
from collections.abc import Iterator

import pytest

from bad_input import read_cases
from pure_yaml import READERS, outcome, outcomes_without_libyaml
from tooling import ROOT, TESTS

EXAMPLES = [path.read_text(encoding="utf-8") for path in sorted(ROOT.glob("values-examples/*/*.yaml"))]
CASES = [case.values for case in read_cases(TESTS / "commands" / "bad_input" / "cases")]
PIECES = (
    *(
        "\t",
        " ",
        "\n",
        "\r\n",
        "\r",
        ":",
        ": ",
        ":\n",
        "-",
        "- ",
        "?",
        "? ",
        "[",
        "]",
        "{",
        "}",
        ",",
        "#",
        " #",
        "|",
        ">-\n",
    ),
    *(
        "&a ",
        "*a",
        "&a [*a]",
        "!",
        "!!str ",
        "!x ",
        "!<a[> ",
        "!!,a ",
        "!a!b ",
        "<<: ",
        "<<: {a: 1}\n",
        "'",
        '"',
        "''",
        '""',
    ),
    *("%", "%YAML 1.2\n", "---\n", "...\n", "@", "`", "~", "=", "1.2", "0x1", "1_0", "yes", "2026-12-01", "|2\n"),
    *("\ufeff", "\x85", "\u2028", "\x00", "\x07", "\x7f", "\xa0", "\u3000", "\U0001f600", "\ud7ff", "\ufffe"),
    *(
        "\\",
        '"\\x41"',
        '"\\ud83d"',
        '"\\ud83d\\ude00"',
        '"\\U00110000"',
        '"\\uffff"',
        "{a:}",
        "[a:]",
        "{a :}",
        "a: b: c",
    ),
)


def _damaged(chance: random.Random) -> str:
    """A catalog, or a part of one, with pieces put in and letters taken out; or pieces alone."""
    if chance.random() < 0.3:
        return "".join(chance.choice((*PIECES, "a", "a: ", "b\n")) for _ in range(chance.randrange(1, 9)))
    text = chance.choice((*EXAMPLES, *CASES))
    start = chance.randrange(max(1, len(text) - 200))
    text = text[start : start + 200] if chance.random() < 0.6 else text[:3000]
    for _ in range(chance.choice((1, 1, 2, 3))):
        place = chance.randrange(len(text) + 1)
        cut = chance.choice((0, 0, 1, 4))
        text = text[:place] + (chance.choice(PIECES) if chance.random() < 0.8 else "") + text[place + cut :]
    return text


def _compared(texts: list[str]) -> Iterator[tuple[str, str, tuple[str, str, int, int], tuple[str, str, int, int]]]:
    asked = [(reader, text) for text in texts for reader in READERS]
    for (reader, text), without in zip(asked, outcomes_without_libyaml(asked), strict=True):
        yield reader, text, outcome(reader, text), without


def test_what_users_write() -> None:
    """Examples and bad input: the same content or the same verdict, and of faults that we find the same words and place."""
    ours = 0
    for reader, text, with_libyaml, without in _compared([*EXAMPLES, *CASES]):
        assert without[0] == with_libyaml[0], (reader, text, without)
        if with_libyaml[0] == "read":
            assert without == with_libyaml, (reader, text)
        else:
            assert abs(without[2] - with_libyaml[2]) <= 1, (reader, text)
            ours += without == with_libyaml
    assert ours > 10


@pytest.mark.slow
def test_nothing_more_is_read() -> None:
    """Of damaged catalogs and of pieces of YAML nothing is read that libyaml refuses, and nothing otherwise."""
    chance = random.Random(20)  # noqa: S311  the same texts in every run
    read = refused = 0
    for reader, text, with_libyaml, without in _compared([_damaged(chance) for _ in range(3000)]):
        if without[0] == "read":
            assert without == with_libyaml, (reader, text)
            read += 1
        refused += without[0] == with_libyaml[0] == "refused"
    assert read > 1000
    assert refused > 1000


REFUSED = {
    "{a:}": ("found unexpected ':'", 1, 3),
    "[a :]": ("found unexpected ':'", 1, 4),
    '"\\ud83d"': ("found invalid Unicode character escape code", 1, 8),
    '"\\U00110000"': ("found invalid Unicode character escape code", 1, 4),
    '"\\Uffffffff"': ("found invalid Unicode character escape code", 1, 4),
    "a: 1\n\ufeffb: 2\n": ("found a byte order mark", 2, 1),
    "a: !": ("found a tag without a name", 1, 5),
    "a: ![b] c": ("found a tag without a name", 1, 8),
}
QUOTED = {
    "a: *hunter2": ("found undefined alias", 1, 4),
    "a: !hunter2!b c": ("found undefined tag handle", 1, 4),
    "%TAG !hunter2! x\n%TAG !hunter2! y\n---\n": ("duplicate tag handle", 2, 1),
    "[a hunter2}": ("expected ',' or ']'", 1, 11),
}


@pytest.mark.parametrize("table", [REFUSED, QUOTED], ids=["what PyYAML alone would take", "whose words are not quoted"])
def test_refusals(table: dict[str, tuple[str, int, int]]) -> None:
    """Each has its sentence and place, and no word of the document, which may be a secret, is in it."""
    found = outcomes_without_libyaml([("foreign", text) for text in table])

    assert {text: said[1:] for text, said in zip(table, found, strict=True)} == table
    assert {said[0] for said in found} == {"refused"}
