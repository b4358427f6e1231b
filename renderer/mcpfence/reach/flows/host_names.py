"""Sets of host names, closed under union, intersection and difference.

Patterns are exact names, `*.x`: one or more labels below x, never x itself, and `?.x`, `?.?.x`: exactly so many labels.
A set is a tree over the labels of names, from the last label to the first, in a normal form: equal sets are equal
values.  How many labels below a node belong to the set are the bits of a whole number, bit 0 for one label; negative
numbers have no end, as in -1: every number of labels.  So sets of depths are closed under the operations, too.
The root stands for a flow that shows no name at all, so one value also says whether nameless flows belong to the set:

    ANY     every name and no name         EVERY_NAME   `*`: any name, but not a nameless flow
    NONE    the empty set                  NAMELESS     only flows that show no name

A name shows as TLS SNI or HTTP Host.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from typing import Final

from mcpfence.patterns import regex

_LABEL = regex(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\Z")
_PARTIAL = regex(r"[a-z0-9_*-]{1,63}\Z")
_LONGEST = 253


class Names:
    """A node: whether the name that ends here is in the set, the depths below that are, and the labels that differ."""

    __slots__ = ("_hash", "below", "children", "here")

    def __init__(self, here: bool, below: int, children: tuple[tuple[str, Names], ...] = ()) -> None:
        self.here: Final = here
        self.below: Final = below
        self.children: Final = children
        self._hash: Final = hash((here, below, children))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Names):
            return NotImplemented
        return self.here == other.here and self.below == other.below and self.children == other.children

    def __hash__(self) -> int:
        return self._hash


_EVERY_DEPTH = -1
NONE = Names(here=False, below=0)
ANY = Names(here=True, below=_EVERY_DEPTH)
EVERY_NAME = Names(here=False, below=_EVERY_DEPTH)
NAMELESS = Names(here=True, below=0)


def names_of(patterns: Iterable[str]) -> Names:
    """The union of exact names, `*.x` and `*`; raises ValueError for anything else."""
    return names_at((text, 1, 0) for text in patterns)


def names_at(patterns: Iterable[tuple[str, int, int]]) -> Names:
    """As `names_of`, with the fewest and the most labels that a `*` stands for (0: no end)."""
    root = _NameDraft()
    for text, least, most in patterns:
        labels, wild = _parse(text)
        node = root
        for label in reversed(labels):
            node = node.children.setdefault(label, _NameDraft())
        if wild:
            node.below |= depths(least, most)
        else:
            node.here = True
    return _freeze(root, inherited=0)


def depths(least: int, most: int) -> int:
    """The numbers of labels from `least` to `most` (0: no end) as bits."""
    return (_EVERY_DEPTH << (least - 1)) & (_EVERY_DEPTH if most == 0 else (1 << most) - 1)


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
    return _combine(left, right, int.__or__, union)


def union_of(parts: Iterable[Names]) -> Names:
    """Every name that is in any of the sets: halves are united, so that many names take no time of their square."""
    found = list(parts)
    while len(found) > 1:
        found = [
            union(found[at], found[at + 1]) if at + 1 < len(found) else found[at] for at in range(0, len(found), 2)
        ]
    return found[0] if found else NONE


def intersect(left: Names, right: Names) -> Names:
    """Every name that is in both sets."""
    if left is right or right is ANY or left is NONE:
        return left
    if left is ANY or right is NONE:
        return right
    return _combine(left, right, int.__and__, intersect)


def subtract(left: Names, right: Names) -> Names:
    """Every name of `left` that is not in `right`."""
    if left is right or left is NONE or right is ANY:
        return NONE
    if right is NONE:
        return left
    return _combine(left, right, _and_not, subtract)


def contains(names: Names, name: str) -> bool:
    """Whether a name is in the set; the empty string asks for nameless flows."""
    node = names
    labels = name.lower().removesuffix(".").split(".") if name else []
    while labels:
        child = dict(node.children).get(labels[-1])
        if child is None:
            return bool(node.below >> (len(labels) - 1) & 1)
        node = child
        labels.pop()
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
    found = sorted(_differences(names, "", inherited=0), key=lambda item: item[1].split(".")[::-1])
    return tuple(f"{'' if included else '!'}{pattern}" for included, pattern in found)


class _NameDraft:
    """A node that is being filled."""

    __slots__ = ("below", "children", "here")

    def __init__(self) -> None:
        self.here = False
        self.below = 0
        self.children: dict[str, _NameDraft] = {}


def _freeze(draft: _NameDraft, *, inherited: int) -> Names:
    """`inherited` are the depths below the parent that are in the set, whatever the label."""
    below = draft.below | inherited >> 1
    kept = []
    for label in sorted(draft.children):
        child = _freeze(draft.children[label], inherited=below)
        if not _plain(child, default=below):
            kept.append((label, child))
    return _canonical(Names(draft.here or bool(inherited & 1), below, tuple(kept)))


def _combine(
    left: Names, right: Names, choose: Callable[[int, int], int], whole: Callable[[Names, Names], Names]
) -> Names:
    """`choose` decides on bits, `whole` is the operation itself, which knows sets that decide alone."""
    below = choose(left.below, right.below)
    ours, theirs = dict(left.children), dict(right.children)
    our_rest, their_rest = _unlisted(left.below), _unlisted(right.below)
    kept = []
    for label in sorted(ours.keys() | theirs.keys()):
        child = whole(ours.get(label, our_rest), theirs.get(label, their_rest))
        if not _plain(child, default=below):
            kept.append((label, child))
    return _canonical(Names(bool(choose(left.here, right.here)), below, tuple(kept)))


def _unlisted(below: int) -> Names:
    """What a label that a node does not list stands for, by the node's `below`."""
    return _canonical(Names(bool(below & 1), below >> 1))


def _plain(node: Names, *, default: int) -> bool:
    """Whether a node says nothing that its parent's `below` does not say already."""
    return not node.children and node.here is bool(default & 1) and node.below == default >> 1


def _canonical(node: Names) -> Names:
    """The constants themselves where the value equals them, so that `is` decides quickly."""
    if node.children:
        return node
    if node.here:
        return {_EVERY_DEPTH: ANY, 0: NAMELESS}.get(node.below, node)
    return {_EVERY_DEPTH: EVERY_NAME, 0: NONE}.get(node.below, node)


def _and_not(left: int, right: int) -> int:
    return left & ~right


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
        depth = (node.below & -node.below).bit_length()
        if not path and node.below >> 1 & 1:
            depth = 2  # a name of a single label would look odd
        yield (1, len(path) + depth - 1), ".".join((*["any"] * (depth - 1), fresh, *path))
    for label, child in node.children:
        yield from _members(child, (label, *path))


def _fresh(top: bool) -> Iterator[str]:
    word = "example" if top else "any"
    yield word
    yield from (f"{word}{number}" for number in range(1, 1_000_000))


def _differences(node: Names, path: str, *, inherited: int) -> Iterator[tuple[bool, str]]:
    if node.here is not bool(inherited & 1):
        yield node.here, path or "-"
    for included, changed in ((True, node.below & ~(inherited >> 1)), (False, inherited >> 1 & ~node.below)):
        yield from ((included, ".".join([*words, path] if path else words)) for words in _depth_words(changed))
    for label, child in node.children:
        yield from _differences(child, f"{label}.{path}" if path else label, inherited=node.below)


def _depth_words(below: int) -> Iterator[list[str]]:
    """Depths in words: `?` for each label of a single depth, and a `*` for one or more where there is no end."""
    depth = 1
    while below not in (0, _EVERY_DEPTH):
        if below & 1:
            yield ["?"] * depth
        below, depth = below >> 1, depth + 1
    if below:
        yield [*["?"] * (depth - 1), "*"]
