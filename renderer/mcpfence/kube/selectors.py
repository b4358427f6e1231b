"""Label selectors: their canonical form, and whether two of them can select the same pod."""

from __future__ import annotations

import hashlib
from typing import NamedTuple

OPERATORS = ("In", "NotIn", "Exists", "DoesNotExist")


class Expression(NamedTuple):
    """One matchExpressions entry; values sorted and unique, empty for Exists and DoesNotExist."""

    key: str
    operator: str
    values: tuple[str, ...] = ()


class Selector(NamedTuple):
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
        return hashlib.sha256(self.text.encode()).hexdigest()[:8]


def endings(selectors: tuple[Selector, ...]) -> tuple[str, ...]:
    """`-DIGEST` for each of several selectors, so that their objects have names of their own."""
    return ("",) if len(selectors) == 1 else tuple(f"-{selector.digest}" for selector in selectors)


def labels_of(labels: dict[str, str]) -> Selector:
    """The selector of plain labels."""
    return Selector(tuple(sorted(labels.items())))


class _Requirement(NamedTuple):
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
        found[key] = found.get(key, _Requirement()).joined(_Requirement(frozenset([value]), present=True))
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
    return all(ours[key].joined(theirs[key]).possible for key in ours.keys() & theirs.keys()) and (
        satisfiable(left) and satisfiable(right)
    )


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


def overlaps(selectors: list[Owned], limit: int) -> list[tuple[Owned, Owned]]:
    """Pairs of selectors of different owners that can select the same pod; at most `limit`.

    Linear where selectors demand one value of a common key, as `app: NAME` does: only equal values are compared.
    """
    if len(selectors) < 2 or limit <= 0:
        return []
    counts: dict[str, int] = {}
    for selector, _ in selectors:
        for key, _value in selector.labels:
            counts[key] = counts.get(key, 0) + 1
    common = max(sorted(counts), key=lambda name: counts[name], default="")
    if counts.get(common, 0) < 2:
        return _pairs(selectors, selectors, limit)
    buckets: dict[str, list[Owned]] = {}
    rest: list[Owned] = []
    for entry in selectors:
        value = dict(entry[0].labels).get(common)
        (rest if value is None else buckets.setdefault(value, [])).append(entry)
    found: list[tuple[Owned, Owned]] = []
    for bucket in buckets.values():
        if len(bucket) > 1:
            found += _pairs(bucket, bucket, limit - len(found))
        if rest:
            found += _pairs(bucket, rest, limit - len(found))
        if len(found) >= limit:
            return found
    return found + overlaps(rest, limit - len(found))


def _pairs(left: list[Owned], right: list[Owned], limit: int) -> list[tuple[Owned, Owned]]:
    found: list[tuple[Owned, Owned]] = []
    for i, one in enumerate(left):
        for other in right[i + 1 :] if left is right else right:
            if len(found) >= limit:
                return found
            if one[1] != other[1] and compatible(one[0], other[0]):
                found.append((one, other))
    return found
