"""Public suffixes: is a wildcard's base a registry's zone, or one that many customers share?

Facts from the Public Suffix List as the PyPI package publicsuffixlist ships it.  The library judges; it is handed
only the rules of the name's top-level domain, because reading all 10,000 takes longer than a small render.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Literal


@lru_cache(maxsize=1)
def _rules() -> list[str]:
    """The lines of the list that are rules or begin and end its two sections."""
    import pkgutil  # here, since most catalogs have no wildcard

    data = pkgutil.get_data("publicsuffixlist", "public_suffix_list.dat") or b""
    return [line for line in data.decode().splitlines() if line and (not line.startswith("//") or "===" in line)]


@lru_cache(maxsize=256)
def _lists(tld: str) -> tuple[Any, Any]:
    """The judge of the ICANN section and that of both sections, for names below `tld`."""
    from publicsuffixlist import PublicSuffixList

    rules = _rules()
    if not tld.startswith("xn--"):  # the list writes those in their own script
        rules = [line for line in rules if line.startswith("//") or line.strip().rpartition(".")[2] == tld]
    return PublicSuffixList(rules, only_icann=True), PublicSuffixList(rules)


@lru_cache(maxsize=65536)
def wildcard_base(base: str) -> Literal["icann", "private", "none"]:
    """Whether `base` (of `*.base`) is a suffix of the list's ICANN section, of its private section, or no suffix.

    A base above a private suffix (amazonaws.com) is "none": what lies below is a mix, as for any domain.
    """
    icann, everything = _lists(base.rpartition(".")[2])
    if icann.is_public(base):
        return "icann"
    return "private" if everything.is_public(base) else "none"
