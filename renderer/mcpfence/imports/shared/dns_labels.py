"""Names of a source as DNS-1123 labels: deterministic, and never one name for two servers."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from functools import lru_cache

LIMIT = 63
_OTHER = re.compile(r"[^a-z0-9]+")
_TOO_LONG_TO_READ = 4096


@lru_cache(maxsize=65536)
def label(name: str) -> str:
    """The label of a name: lower case, everything else than letters and digits becomes one dash.

    Where more than case and punctuation is lost, eight hex digits of the name's hash tell it from names that would
    become the same.
    """
    text = _plain(name)
    if not lossy(name):
        return text
    digest = hashlib.sha256(name.encode(errors="surrogatepass")).hexdigest()[:8]
    return f"{text[: LIMIT - 9].rstrip('-') or 'server'}-{digest}"


def lossy(name: str) -> bool:
    """Whether a label cannot hold a name: too long, control characters, or others that may only look like ASCII."""
    return len(name) > LIMIT or not (name.isascii() and name.isprintable()) or not _plain(name)


def _plain(name: str) -> str:
    return _OTHER.sub("-", name[:_TOO_LONG_TO_READ].lower()).strip("-")


def distinct(names: Sequence[str]) -> list[str]:
    """One label for each name, all different: of several that share a label the first keeps it, others get a number.

    A name that is a label already goes before those that only become one.
    """
    used: set[str] = set()
    given: dict[int, str] = {}
    order = sorted(range(len(names)), key=lambda i: (label(names[i]) != names[i], i))
    for i in order:
        base = label(names[i])
        if base not in used:
            given[i] = base
            used.add(base)
    for i in order:
        if i in given:
            continue
        base, number = label(names[i]), 2
        while (text := f"{base[: LIMIT - len(str(number)) - 1].rstrip('-')}-{number}") in used:
            number += 1
        given[i] = text
        used.add(text)
    return [given[i] for i in range(len(names))]
