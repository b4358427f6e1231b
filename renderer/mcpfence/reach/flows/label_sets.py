"""Sets of label sets: for each key the values that it may have, or that it may be missing.

A box is what one label selector says, in canonical form: equal sets are equal values.  Pods as peers are boxes over
the labels of the pod and of its namespace together; `in_namespace` and `of_pod` keep the two apart.

    matchLabels {app: web}            ("app", Values(absent=False, inverted=False, {"web"}))
    NotIn tier [db]                   ("tier", Values(absent=True, inverted=True, {"db"}))
    {}                                EVERYTHING, the box without a key
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache

from mcpfence.structs import Struct

NAMESPACE_NAME = "kubernetes.io/metadata.name"
"""The label that every namespace has, with its own name as the value."""

_NAMESPACE = "namespace "
_POD = "pod "


class Values(Struct):
    """What a key may have: missing, and these values (or, inverted, every value but these)."""

    absent: bool
    inverted: bool
    values: frozenset[str]


Box = tuple[tuple[str, Values], ...]
"""Keys in ascending order, each with what it may have; keys that may have anything do not stand here."""

EVERYTHING: Box = ()
_NO_VALUES: frozenset[str] = frozenset()
PRESENT = Values(absent=False, inverted=True, values=_NO_VALUES)
MISSING = Values(absent=True, inverted=False, values=_NO_VALUES)
_ANY = Values(absent=True, inverted=True, values=_NO_VALUES)


def one_of(values: Iterable[str]) -> Values:
    """Present with one of the values."""
    return Values(absent=False, inverted=False, values=frozenset(values))


def none_of(values: Iterable[str]) -> Values:
    """Missing, or present with another value."""
    return Values(absent=True, inverted=True, values=frozenset(values))


def box_of(labels: Mapping[str, str]) -> Box:
    """The box of a plain map of labels: every further label may have anything."""
    return _box_of_items(tuple(sorted(labels.items())) if len(labels) > 1 else tuple(labels.items()))


@lru_cache(maxsize=16384)
def _box_of_items(items: tuple[tuple[str, str], ...]) -> Box:
    return tuple([(key, Values(absent=False, inverted=False, values=frozenset((value,)))) for key, value in items])


def in_namespace(box: Box) -> Box:
    """A box over a namespace's labels as a box over peers."""
    return tuple((_NAMESPACE + key, values) for key, values in box)


def of_pod(box: Box) -> Box:
    """A box over a pod's labels as a box over peers."""
    return tuple((_POD + key, values) for key, values in box)


@lru_cache(maxsize=16384)
def pods_in(namespace: str, box: Box = EVERYTHING) -> Box:
    """The peers of one namespace whose pod labels are in the box."""
    return (*in_namespace(((NAMESPACE_NAME, one_of((namespace,))),)), *of_pod(box))


@lru_cache(maxsize=16384)
def split_peer(box: Box) -> tuple[Box, Box]:
    """The boxes over the namespace's and over the pod's labels that make up a box over peers."""
    namespace = tuple((key.removeprefix(_NAMESPACE), v) for key, v in box if key.startswith(_NAMESPACE))
    return namespace, tuple((key.removeprefix(_POD), v) for key, v in box if key.startswith(_POD))


def split_labels(labels: Mapping[str, str]) -> tuple[tuple[tuple[str, str], ...], tuple[tuple[str, str], ...]]:
    """The labels of the namespace and of the pod, ascending, out of a sample of a box over peers."""
    pairs = sorted(labels.items())
    namespace = tuple((key.removeprefix(_NAMESPACE), v) for key, v in pairs if key.startswith(_NAMESPACE))
    return namespace, tuple((key.removeprefix(_POD), v) for key, v in pairs if key.startswith(_POD))


@lru_cache(maxsize=16384)
def intersect(left: Box, right: Box) -> Box | None:
    """Everything that is in both boxes; None where nothing is."""
    if left == right or not right:
        return left
    if not left:
        return right
    joined = dict(left)
    for key, values in right:
        ours = joined.get(key)
        if ours is not None and ours != values:
            values = _intersect(ours, values)  # noqa: PLW2901  # the values of both, from here on
            if values == (False, False, _NO_VALUES):
                return None
        joined[key] = values
    return tuple(sorted(joined.items()))


@lru_cache(maxsize=16384)
def covers(wide: Box, narrow: Box) -> bool:
    """Whether everything in `narrow` is in `wide`."""
    if not wide or wide == narrow:
        return True
    ours = dict(narrow)
    return all(_is_empty(_intersect(ours.get(key, _ANY), _invert(values))) for key, values in wide)


def cut(box: Box, hole: Box) -> list[Box]:
    """Disjoint boxes that make up what of `box` is not in `hole`."""
    pieces: list[Box] = []
    rest = dict(box)
    for key, values in hole:
        ours = rest.get(key, _ANY)
        outside, inside = _intersect(ours, _invert(values)), _intersect(ours, values)
        if not _is_empty(outside):
            pieces.append(tuple(sorted({**rest, key: outside}.items())))
        if _is_empty(inside):
            return pieces
        rest[key] = inside
    return pieces


def join(boxes: Sequence[Box]) -> list[Box]:
    """The same label sets in fewer boxes: those that differ in one key alone are one, for the key that varies most."""
    if len(boxes) < 2:
        return list(boxes)
    said: dict[str, set[Values]] = {}
    for box in boxes:
        for key, values in box:
            said.setdefault(key, set()).add(values)
    telling = max(said, key=lambda key: len(said[key]), default="")
    alike: dict[Box, list[Values]] = {}
    for box in boxes:
        rest = tuple(item for item in box if item[0] != telling)
        alike.setdefault(rest, []).append(dict(box).get(telling, _ANY))
    return [_with(rest, telling, _union(found)) for rest, found in alike.items()]


def _with(box: Box, key: str, values: Values) -> Box:
    return box if values == _ANY else tuple(sorted((*box, (key, values))))


def matches(box: Box, labels: Mapping[str, str]) -> bool:
    """Whether a concrete set of labels is in the box."""
    for key, (absent, inverted, values) in box:
        value = labels.get(key)
        if not (absent if value is None else (value in values) is not inverted):
            return False
    return True


def sample(box: Box) -> dict[str, str]:
    """The fewest labels that put a pod or namespace into the box, with invented values where any will do."""
    labels: dict[str, str] = {}
    for key, (absent, inverted, values) in box:
        if absent:
            continue
        labels[key] = _fresh(values) if inverted else min(values)
    return labels


def box_text(box: Box) -> str:
    """As `kubectl --selector` writes it; `every` for the box without a key."""
    return ",".join(_constraint(key, values) for key, values in box) or "every"


def order(box: Box) -> tuple[tuple[str, bool, bool, tuple[str, ...]], ...]:
    """A sort key: boxes have no natural order, but output needs one."""
    return tuple((key, v.absent, v.inverted, tuple(sorted(v.values))) for key, v in box)


def _intersect(left: Values, right: Values) -> Values:
    absent = left.absent and right.absent
    if left.inverted:
        if right.inverted:
            return Values(absent, inverted=True, values=left.values | right.values)
        return Values(absent, inverted=False, values=right.values - left.values)
    values = left.values - right.values if right.inverted else left.values & right.values
    return Values(absent, inverted=False, values=values)


def _union(found: Sequence[Values]) -> Values:
    absent = any(values.absent for values in found)
    listed = _NO_VALUES.union(*(values.values for values in found if not values.inverted))
    refused = [values.values for values in found if values.inverted]
    if refused:
        return Values(absent, inverted=True, values=frozenset.intersection(*refused) - listed)
    return Values(absent, inverted=False, values=listed)


def _invert(values: Values) -> Values:
    return Values(not values.absent, not values.inverted, values.values)


def _is_empty(values: Values) -> bool:
    return not (values.absent or values.inverted or values.values)


def _fresh(taken: frozenset[str]) -> str:
    return next(word for word in ("any", *(f"any{i}" for i in range(len(taken) + 1))) if word not in taken)


def _constraint(key: str, found: Values) -> str:
    listed = ",".join(sorted(found.values))
    if found.inverted:
        if not found.values:
            return key if not found.absent else f"{key} anything"
        return f"{key} notin ({listed})" if found.absent else f"{key},{key} notin ({listed})"
    if not found.values:
        return f"!{key}"
    if found.absent:
        return f"{key} missing or in ({listed})"
    return f"{key}={listed}" if len(found.values) == 1 else f"{key} in ({listed})"


Labels = tuple[tuple[str, str], ...]
"""All labels of one pod, in the order of their keys."""
