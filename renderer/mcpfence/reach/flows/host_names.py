"""Sets of host names, closed under union, intersection and difference.

Patterns are exact names and `*.x`: one or more labels below x, never x itself.  A set is a tree over the labels of
names, from the last label to the first, in a normal form: equal sets are equal values.  The root stands for a flow
that shows no name at all, so one value also says whether nameless flows belong to the set:

    ANY     every name and no name         EVERY_NAME   `*`: any name, but not a nameless flow
    NONE    the empty set                  NAMELESS     only flows that show no name

A name shows as TLS SNI or HTTP Host.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache

_LABEL = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\Z")
_PARTIAL = re.compile(r"[a-z0-9_*-]{1,63}\Z")
_LONGEST = 253


@dataclass(frozen=True, slots=True)
class Names:
    """A node: whether the name that ends here is in the set, whether all below are, and the labels that differ."""

    here: bool
    below: bool
    children: tuple[tuple[str, Names], ...] = ()
    _hash: int = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_hash", hash((self.here, self.below, self.children)))

    def __hash__(self) -> int:
        return self._hash


NONE = Names(here=False, below=False)
ANY = Names(here=True, below=True)
EVERY_NAME = Names(here=False, below=True)
NAMELESS = Names(here=True, below=False)


def names_of(patterns: Iterable[str]) -> Names:
    """The union of exact names, `*.x` and `*`; raises ValueError for anything else."""
    root = _NameDraft()
    for text in patterns:
        labels, wild = _parse(text)
        node = root
        for label in reversed(labels):
            node = node.children.setdefault(label, _NameDraft())
        if wild:
            node.below = True
        else:
            node.here = True
    return _freeze(root, inherited=False)


@lru_cache(maxsize=4096)
def pattern_bounds(text: str) -> tuple[Names, Names]:
    """What a pattern matches at least and at most; raises ValueError (a half sentence) where it is no pattern.

    The two are one value for the patterns of `names_of`.  A `*` inside a label or further right matches, as far as
    anyone has written down, some of the names below the labels behind it: at least none, at most all of them.
    """
    labels = _labels(text)
    stars = [place for place, label in enumerate(labels) if "*" in label]
    if not stars or (stars == [0] and labels[0] == "*"):
        exact = names_of([text])
        return exact, exact
    if "**" in text:
        raise ValueError("has two * in a row, which no web group accepts")
    fixed = labels[stars[-1] + 1 :]
    return NONE, names_of([".".join(["*", *fixed])])


def union(left: Names, right: Names) -> Names:
    """Every name that is in either set."""
    if left is right or right is NONE or left is ANY:
        return left
    if left is NONE or right is ANY:
        return right
    return _combine(left, right, bool.__or__)


def intersect(left: Names, right: Names) -> Names:
    """Every name that is in both sets."""
    if left is right or right is ANY or left is NONE:
        return left
    if left is ANY or right is NONE:
        return right
    return _combine(left, right, bool.__and__)


def subtract(left: Names, right: Names) -> Names:
    """Every name of `left` that is not in `right`."""
    if left is right or left is NONE or right is ANY:
        return NONE
    if right is NONE:
        return left
    return _combine(left, right, _and_not)


def contains(names: Names, name: str) -> bool:
    """Whether a name is in the set; the empty string asks for nameless flows."""
    node = names
    for label in reversed(name.lower().removesuffix(".").split(".") if name else []):
        child = dict(node.children).get(label)
        if child is None:
            return node.below
        node = child
    return node.here


def sample(names: Names) -> str:
    """One member of a set that is not empty: the empty string (nameless) first, exact names before invented ones."""
    if names.here:
        return ""
    found = min(_members(names, ()), default=None)
    if found is None:
        raise ValueError("the empty set has no member")
    return found[1]


def signed_patterns(names: Names) -> tuple[str, ...]:
    """The set in words, ascending: patterns, with `!` before those taken out; the longest pattern decides.

    `` `*` `` is every name, `-` stands for a flow without a name.
    """
    found = sorted(_differences(names, "", inherited=False), key=lambda item: item[1].split(".")[::-1])
    return tuple(f"{'' if included else '!'}{pattern}" for included, pattern in found)


@dataclass(slots=True)
class _NameDraft:
    here: bool = False
    below: bool = False
    children: dict[str, _NameDraft] = field(default_factory=dict)


def _freeze(draft: _NameDraft, *, inherited: bool) -> Names:
    below = draft.below or inherited
    kept = []
    for label in sorted(draft.children):
        child = _freeze(draft.children[label], inherited=below)
        if not _plain(child, default=below):
            kept.append((label, child))
    return _canonical(Names(draft.here or inherited, below, tuple(kept)))


def _combine(left: Names, right: Names, choose: Callable[[bool, bool], bool]) -> Names:
    below = choose(left.below, right.below)
    ours, theirs = dict(left.children), dict(right.children)
    our_rest, their_rest = Names(left.below, left.below), Names(right.below, right.below)
    kept = []
    for label in sorted(ours.keys() | theirs.keys()):
        child = _combine(ours.get(label, our_rest), theirs.get(label, their_rest), choose)
        if not _plain(child, default=below):
            kept.append((label, child))
    return _canonical(Names(choose(left.here, right.here), below, tuple(kept)))


def _plain(node: Names, *, default: bool) -> bool:
    """Whether a node says nothing that its parent's `below` does not say already."""
    return not node.children and node.here is default and node.below is default


def _canonical(node: Names) -> Names:
    """The constants themselves where the value equals them, so that `is` decides quickly."""
    if node.children:
        return node
    if node.here:
        return ANY if node.below else NAMELESS
    return EVERY_NAME if node.below else NONE


def _and_not(left: bool, right: bool) -> bool:
    return left and not right


def _parse(text: str) -> tuple[list[str], bool]:
    labels = _labels(text)
    wild = labels[0] == "*"
    rest = labels[1:] if wild else labels
    if any("*" in label for label in rest):
        raise ValueError("has a * that is not the whole first label")
    return rest, wild


def _labels(text: str) -> list[str]:
    name = text.lower().removesuffix(".")
    if not name:
        raise ValueError("is empty")
    if len(name) > _LONGEST:
        raise ValueError("is longer than 253 characters")
    labels = name.split(".")
    for label in labels:
        if not _LABEL.match(label) and not ("*" in label and _PARTIAL.match(label)):
            raise ValueError("is no host name")
    return labels


def _members(node: Names, path: tuple[str, ...]) -> Iterator[tuple[tuple[int, int], str]]:
    """Some members with their rank: exact names before invented ones, short before long."""
    if node.here and path:
        yield (0, len(path)), ".".join(path)
    if node.below:
        taken = {label for label, _ in node.children}
        fresh = next(label for label in _fresh(not path) if label not in taken)
        yield (1, len(path)), ".".join(("any", fresh) if not path else (fresh, *path))
    for label, child in node.children:
        yield from _members(child, (label, *path))


def _fresh(top: bool) -> Iterator[str]:
    word = "example" if top else "any"
    yield word
    yield from (f"{word}{number}" for number in range(1, 1_000_000))


def _differences(node: Names, path: str, *, inherited: bool) -> Iterator[tuple[bool, str]]:
    if node.here is not inherited:
        yield node.here, path or "-"
    if node.below is not inherited:
        yield node.below, f"*.{path}" if path else "*"
    for label, child in node.children:
        yield from _differences(child, f"{label}.{path}" if path else label, inherited=node.below)
