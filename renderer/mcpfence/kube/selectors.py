"""Label selectors: their canonical form, and whether two of them can select the same pod."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from mcpfence.documents.digests import sha256
from mcpfence.structs import Struct

OPERATORS = ("In", "NotIn", "Exists", "DoesNotExist")


class Expression(Struct):
    """One matchExpressions entry; values sorted and unique, empty for Exists and DoesNotExist."""

    key: str
    operator: str
    values: tuple[str, ...] = ()


class Selector(Struct):
    """A label selector; no labels and no expressions select every pod."""

    labels: tuple[tuple[str, str], ...] = ()
    expressions: tuple[Expression, ...] = ()

    @property
    def empty(self) -> bool:
        """Whether it selects every pod."""
        return not self.labels and not self.expressions

    @property
    def text(self) -> str:
        """As `kubectl --selector` writes it."""
        parts = [f"{key}={value}" for key, value in self.labels]
        for item in self.expressions:
            values = ",".join(item.values)
            forms = {"In": f"{item.key} in ({values})", "NotIn": f"{item.key} notin ({values})"}
            parts.append(forms.get(item.operator, item.key if item.operator == "Exists" else f"!{item.key}"))
        return ",".join(parts)

    @property
    def digest(self) -> str:
        """8 hex digits that stand for the selector in names."""
        return sha256(self.text.encode()).hexdigest()[:8]


def endings(selectors: tuple[Selector, ...]) -> tuple[str, ...]:
    """`-DIGEST` for each of several selectors, so that their objects have names of their own."""
    return ("",) if len(selectors) == 1 else tuple(f"-{selector.digest}" for selector in selectors)


def labels_of(labels: dict[str, str]) -> Selector:
    """The selector of plain labels."""
    return Selector(tuple(sorted(labels.items())))


class _Requirement(Struct):
    """What a selector says of one key: the values allowed (None = any), those refused, present or absent."""

    allowed: frozenset[str] | None = None
    refused: frozenset[str] = frozenset()
    present: bool = False
    absent: bool = False

    def joined(self, other: _Requirement) -> _Requirement:
        allowed = self.allowed
        if other.allowed is not None:
            allowed = other.allowed if allowed is None else allowed & other.allowed
        return _Requirement(
            allowed, self.refused | other.refused, self.present or other.present, self.absent or other.absent
        )

    @property
    def possible(self) -> bool:
        """Whether some pod meets it; NotIn alone is met by a pod without the key."""
        if self.absent:
            return not self.present and self.allowed is None
        return self.allowed is None or bool(self.allowed - self.refused)


def _requirements(selector: Selector) -> dict[str, _Requirement]:
    found: dict[str, _Requirement] = {}
    for key, value in selector.labels:
        one = _Requirement(frozenset([value]), present=True)
        found[key] = found[key].joined(one) if key in found else one
    for item in selector.expressions:
        values = frozenset(item.values)
        one = {
            "In": _Requirement(values, present=True),
            "NotIn": _Requirement(refused=values),
            "Exists": _Requirement(present=True),
            "DoesNotExist": _Requirement(absent=True),
        }[item.operator]
        found[item.key] = found.get(item.key, _Requirement()).joined(one)
    return found


def satisfiable(selector: Selector) -> bool:
    """Whether any pod can satisfy the selector."""
    return all(item.possible for item in _requirements(selector).values())


def compatible(left: Selector, right: Selector) -> bool:
    """Whether some pod, with whatever further labels, satisfies both; false only where a key rules it out."""
    ours, theirs = _requirements(left), _requirements(right)
    return _agree(ours, theirs) and satisfiable(left) and satisfiable(right)


def covers(wide: Selector, narrow: Selector) -> bool:
    """Whether every pod that satisfies `narrow` satisfies `wide` (sound: false where it cannot be told)."""
    ours, theirs = _requirements(wide), _requirements(narrow)
    return all(key in theirs and _implies(theirs[key], need) for key, need in ours.items())


def _implies(have: _Requirement, need: _Requirement) -> bool:
    if need.absent:
        return have.absent and need.possible
    if need.present and not have.present:
        return False
    if have.absent:
        return need.allowed is None
    if need.allowed is not None and (have.allowed is None or not (have.allowed - have.refused) <= need.allowed):
        return False
    if have.allowed is not None:
        return not (have.allowed - have.refused) & need.refused
    return need.refused <= have.refused


Owned = tuple[Selector, int]
"""A selector and the number of its owner."""


class _Entry(Struct):
    """A selector among others: its place, its owner, and what it says of each key."""

    place: int
    owned: Owned
    requirements: dict[str, _Requirement]

    def demanded(self, key: str) -> frozenset[str]:
        """The values of which the key must have one; empty where the selector leaves that open."""
        need = self.requirements.get(key)
        return frozenset() if need is None or need.allowed is None else need.allowed - need.refused


def overlaps(selectors: list[Owned], limit: int) -> list[tuple[Owned, Owned]]:
    """Pairs of selectors of different owners that can select the same pod; at most `limit`.

    Linear where selectors demand values of a common key, as `app: NAME` does: only those that share one are compared.
    """
    entries = [_Entry(place, owned, _requirements(owned[0])) for place, owned in enumerate(selectors)]
    possible = [entry for entry in entries if all(need.possible for need in entry.requirements.values())]
    found: dict[tuple[int, int], tuple[Owned, Owned]] = {}
    for pair in _overlapping(possible, possible) if limit > 0 else ():
        first, second = sorted(pair, key=lambda entry: entry.place)
        found.setdefault((first.place, second.place), (first.owned, second.owned))
        if len(found) == limit:
            break
    return list(found.values())


def _overlapping(left: list[_Entry], right: list[_Entry]) -> Iterator[tuple[_Entry, _Entry]]:
    """Pairs of a left and a right entry that overlap, some more than once; both may be one list."""
    if not left or not right or (left is right and len(left) == 1):
        return
    key = _telling_key(left, right)
    if not key:
        yield from _pairs(left, right)
        return
    ours = _Told(left, key)
    theirs = ours if left is right else _Told(right, key)
    for value, entries in ours.by_value.items():
        if len(entries) > 1 or ours is not theirs:  # most have their value alone
            yield from _overlapping(entries, theirs.by_value.get(value, []))
    yield from _overlapping(ours.open, theirs.open)
    yield from _overlapping(ours.demanding, theirs.open)
    if left is not right:
        yield from _overlapping(ours.open, theirs.demanding)


class _Told:
    """Entries told apart by one key: those that demand values of it, by value, and those that leave it open."""

    def __init__(self, entries: list[_Entry], key: str) -> None:
        self.by_value: dict[str, list[_Entry]] = {}
        self.demanding: list[_Entry] = []
        self.open: list[_Entry] = []
        for entry in entries:
            values = entry.demanded(key)
            (self.demanding if values else self.open).append(entry)
            for value in sorted(values):
                self.by_value.setdefault(value, []).append(entry)


_WORTH = 8
"""A key is worth telling entries apart by if that spares one comparison in so many; so the recursion stays flat."""


def _telling_key(left: list[_Entry], right: list[_Entry]) -> str:
    """The key that spares most comparisons, since those that demand different values of it cannot overlap."""
    ours = _demands(left)
    theirs = ours if left is right else _demands(right)
    spared: dict[str, int] = {}
    for key in sorted(ours.keys() & theirs.keys()):
        (our_count, our_values), (their_count, their_values) = ours[key], theirs[key]
        meeting = sum(count * their_values[value] for value, count in our_values.items())
        spared[key] = our_count * their_count - meeting
    best = max(spared, key=lambda key: spared[key], default="")
    return best if best and spared[best] * _WORTH >= len(left) * len(right) else ""


def _demands(entries: list[_Entry]) -> dict[str, tuple[int, Counter[str]]]:
    """By key, how many entries demand values of it, and how many each value."""
    values: dict[str, Counter[str]] = {}
    counts: Counter[str] = Counter()
    for entry in entries:
        for key in entry.requirements:
            demanded = entry.demanded(key)
            if demanded:
                counts[key] += 1
                values.setdefault(key, Counter()).update(demanded)
    return {key: (counts[key], found) for key, found in values.items()}


def _pairs(left: list[_Entry], right: list[_Entry]) -> Iterator[tuple[_Entry, _Entry]]:
    for number, one in enumerate(left):
        for other in right[number + 1 :] if left is right else right:
            if one.owned[1] != other.owned[1] and _agree(one.requirements, other.requirements):
                yield one, other


def _agree(ours: dict[str, _Requirement], theirs: dict[str, _Requirement]) -> bool:
    """Whether no key rules it out that a pod meets both."""
    return all(ours[key].joined(theirs[key]).possible for key in ours.keys() & theirs.keys())
