"""Host names in Cilium's policies: matchName, and matchPattern with its stars, as bounds.

    **.x, ***.x     one or more labels below x, never x itself (from 1.19; before, one label)     exact
    *.x             one label below x                                     at least nothing, at most what **.x is
    *, **, *., **.  every name                                                                    exact
    *x, a*.x, a.**.x, **.*.x    at least nothing, at most every name below the labels behind the last star

Case and a trailing dot make no difference.  Source: the engine's own code (facts on engines, section 3).
"""

from __future__ import annotations

import re
from functools import lru_cache

from mcpfence.reach.documents.fields import Unreadable, known_keys, mapping, shown, text
from mcpfence.reach.engines.contract import ShownNames
from mcpfence.reach.flows import host_names
from mcpfence.reach.flows.host_names import Names

_KEYS = frozenset({"matchName", "matchPattern"})
_NAME = re.compile(r"[-a-zA-Z0-9_]+(?:[.][-a-zA-Z0-9_]+)*[.]?\Z")
_PATTERN = re.compile(r"[-a-zA-Z0-9_*]+(?:[.][-a-zA-Z0-9_*]+)*[.]?\Z")
_MANY_STARS = re.compile(r"\*{2,}\.")
_LONGEST = 255


def read_name(value: object, place: str) -> str:
    """One {matchName} or {matchPattern} as text, patterns with a `*`; raises Unreadable."""
    found = mapping(value, place)
    known_keys(found, _KEYS, place)
    if len(found) != 1:
        raise Unreadable(place, "needs either matchName or matchPattern")
    key, written = next(iter(found.items()))
    name = text(written, f"{place}.{key}")
    if len(name) > _LONGEST or not (_NAME if key == "matchName" else _PATTERN).match(name):
        raise Unreadable(f"{place}.{key}", f"is {shown(name)}, which is no host name")
    try:
        bounds_of(name)
    except ValueError as bad:
        raise Unreadable(f"{place}.{key}", f"is {shown(name)}, which {bad}") from None
    return name


@lru_cache(maxsize=16384)
def bounds_of(pattern: str) -> tuple[Names, Names]:
    """What one pattern matches at least and at most; raises ValueError."""
    name = pattern.lower().removesuffix(".")
    if not name.strip("*"):
        return host_names.EVERY_NAME, host_names.EVERY_NAME
    many = _MANY_STARS.match(name)
    if many is not None and "*" not in name[many.end() :]:
        exact = host_names.names_of([f"*.{name[many.end() :]}"])
        return exact, exact
    if "*" not in name:
        exact = host_names.names_of([name])
        return exact, exact
    labels = name.split(".")
    last = max(place for place, label in enumerate(labels) if "*" in label)
    return host_names.NONE, host_names.names_of([".".join(["*", *labels[last + 1 :]])])


@lru_cache(maxsize=16384)
def shown_names(patterns: tuple[str, ...]) -> ShownNames:
    """Any of the patterns; equal ones are one object."""
    found = [bounds_of(pattern) for pattern in patterns]
    least, most = (host_names.union_of(one[end] for one in found) for end in (0, 1))
    return ShownNames(least, least) if least == most else ShownNames(least, most)


@lru_cache(maxsize=16384)
def surely_shown(names: ShownNames, *others: ShownNames) -> ShownNames:
    """The names with what they surely are limited to what the others surely are, too."""
    least = names.least
    for other in others:
        least = host_names.intersect(least, other.least)
    return names if least == names.least else ShownNames(least, names.most)
