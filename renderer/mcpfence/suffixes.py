"""Public suffixes: is a wildcard's base a registry's zone, or one that many customers share?

Facts from the Public Suffix List as the PyPI package publicsuffixlist ships it; loaded only when a wildcard is there.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Literal


@lru_cache(maxsize=1)
def _lists() -> tuple[Any, Any]:
    from publicsuffixlist import PublicSuffixList  # parses 10,000 rules: 40 ms that most catalogs need not spend

    return PublicSuffixList(only_icann=True), PublicSuffixList()


@lru_cache(maxsize=65536)
def wildcard_base(base: str) -> Literal["icann", "private", "none"]:
    """Whether `base` (of `*.base`) is a suffix of the list's ICANN section, of its private section, or no suffix.

    A base above a private suffix (amazonaws.com) is "none": what lies below is a mix, as for any domain.
    """
    icann, everything = _lists()
    if icann.is_public(base):
        return "icann"
    return "private" if everything.is_public(base) else "none"
