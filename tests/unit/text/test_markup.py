"""Foreign text in CSV, Markdown, SARIF, Graphviz and Mermaid."""

from __future__ import annotations

import pytest

from mcpfence.text.markup import csv_field, dot_string, markdown_code, markdown_words, mermaid_string, sarif_message
from mcpfence.text.printable import printable, printable_tree


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain", "plain"),
        ("caf\u00e9 \u4e2d", "caf\u00e9 \u4e2d"),
        ("a\nb\r\tc", "a\\nb\\r\\tc"),
        ("\x1b[31m\x7f\x85", "\\x1b[31m\\x7f\\x85"),
        ("\u2028\u202e\u200b\ufeff", "\\u2028\\u202e\\u200b\\ufeff"),
        ("\U000e0041\ufe0f\u3164", "\\U000e0041\\ufe0f\\u3164"),
        ("\udcff", "\\udcff"),
    ],
)
def test_printable(text: str, shown: str) -> None:
    """Letters stay; what nobody sees, and what moves the cursor, is an escape."""
    assert printable(text) == shown


def test_printable_tree() -> None:
    """Keys and values of mappings and lists, at any depth."""
    assert printable_tree({"a\n": [("b\n", 1, None)]}) == {"a\\n": [["b\\n", 1, None]]}


@pytest.mark.parametrize("text", ["=1", "+1", "-1", "@a"])
def test_formula(text: str) -> None:
    """A spreadsheet takes it for text."""
    assert csv_field(text) == f"'{text}"
    assert csv_field(f"a{text}") == f"a{text}"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a|b", "a\\|b"),
        ("<b>&amp;", "&lt;b&gt;&amp;amp;"),
        ("[a](b)", "\\[a\\](b)"),
        ("@team and a@b", "@<!-- -->team and a@b"),
        ("*_`#~!", "\\*\\_\\`\\#\\~\\!"),
    ],
)
def test_markdown_words(text: str, words: str) -> None:
    """Nothing is markup, and nobody is mentioned."""
    assert markdown_words(text) == words


@pytest.mark.parametrize(
    ("text", "code"),
    [("a", "`a`"), ("a`b", "``a`b``"), ("`a", "`` `a ``"), ("a|b", "`a\\|b`"), ("a```", "```` a``` ````")],
)
def test_markdown_code(text: str, code: str) -> None:
    """No run of backticks inside ends the code."""
    assert markdown_code(text) == code


def test_sarif_message() -> None:
    """No text becomes a link of the report."""
    assert sarif_message("a[0]: [b](c)\n") == "a[0]: [b] (c)\\n"


@pytest.mark.parametrize(
    ("text", "dot", "mermaid"),
    [
        ("api.github.com", '"api.github.com"', '"api.github.com"'),
        ('a"b', '"a\\"b"', '"a#34;b"'),
        ("a\\nb\\", '"a\\\\nb\\\\"', '"a#92;#8203;nb#92;#8203;"'),
        ("a\nb", '"a\\\\nb"', '"a#92;#8203;nb"'),
        ("&lt;x>", '"&amp;lt;x>"', '"#38;lt#59;x#62;"'),
        ("`*_#;", '"`*_#;"', '"#96;#42;_#35;#59;"'),
        ("end", '"end"', '"end"'),
    ],
)
def test_strings_of_pictures(text: str, dot: str, mermaid: str) -> None:
    """A text is one string, whatever is in it: no quote ends it, no backslash and no entity means something."""
    assert (dot_string(text), mermaid_string(text)) == (dot, mermaid)
