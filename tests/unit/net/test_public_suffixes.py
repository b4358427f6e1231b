"""Public suffixes, below which no wildcard may stand."""

from __future__ import annotations

from importlib import resources

import pytest
from publicsuffixlist import PublicSuffixList

from mcpfence.net.public_suffixes import wildcard_base


def suffix_rules() -> list[str]:
    """Every twentieth rule of the Public Suffix List in the form that DNS has, and more of those in other scripts."""
    text = resources.files("publicsuffixlist").joinpath("public_suffix_list.dat").read_text(encoding="utf-8")
    lines = [line.strip() for line in text.splitlines() if line.strip() and not line.startswith("//")]
    some = [line for i, line in enumerate(lines) if i % (20 if line.isascii() else 7) == 0]
    rules = [line.lstrip("!").removeprefix("*.") for line in some]
    return [rule.encode("idna").decode() for rule in rules if all(len(part) < 60 for part in rule.split("."))]


def test_suffixes_are_judged_as_the_whole_list_does() -> None:
    """The few rules that are read for a name give the verdict that the whole list gives."""
    icann, everything = PublicSuffixList(only_icann=True), PublicSuffixList()
    bases = [base for rule in suffix_rules() for base in (rule, f"shop.{rule}")]
    expected = ["icann" if icann.is_public(b) else "private" if everything.is_public(b) else "none" for b in bases]

    assert len(bases) > 900
    assert [wildcard_base(base) for base in bases] == expected


SUFFIXES = {
    "com": "icann",
    "co.uk": "icann",
    "kobe.jp": "icann",
    "city.kobe.jp": "none",
    "xn--55qx5d.cn": "icann",
    "githubusercontent.com": "private",
    "cloudfront.net": "private",
    "s3.amazonaws.com": "private",
    "amazonaws.com": "none",
    "example.com": "none",
}


@pytest.mark.parametrize(("base", "expected"), SUFFIXES.items())
def test_kinds_of_suffixes(base: str, expected: str) -> None:
    """A registry's zone, a zone that many customers share, and a zone of its owner are told apart."""
    assert wildcard_base(base) == expected
