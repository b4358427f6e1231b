"""Label selectors as boxes."""

from __future__ import annotations

from mcpfence.reach.documents.fields import Unreadable, items, known_keys, mapping, shown, text
from mcpfence.reach.flows.label_sets import (
    MISSING,
    PRESENT,
    Box,
    Values,
    box_of,
    in_namespace,
    intersect,
    none_of,
    of_pod,
    one_of,
)

_KEYS = frozenset({"matchLabels", "matchExpressions"})
_LABELS_ONLY = frozenset({"matchLabels"})
_EXPRESSION_KEYS = frozenset({"key", "operator", "values"})


def read_selector(value: object, field: str) -> Box | None:
    """The box of a LabelSelector; None where it can select nothing (`app` must be both a and b).  Raises Unreadable."""
    found = mapping(value, field)
    if found.keys() == _LABELS_ONLY:
        return read_labels(found["matchLabels"], f"{field}.matchLabels")
    known_keys(found, _KEYS, field)
    box: Box | None = read_labels(found.get("matchLabels"), f"{field}.matchLabels")
    expressions = found.get("matchExpressions")
    if expressions:
        place = f"{field}.matchExpressions"
        for index, entry in enumerate(items(expressions, place)):
            one = _expression(entry, f"{place}[{index}]")
            box = intersect(box, (one,)) if box is not None else None
    return box


_POD_KINDS = frozenset({"namespaces", "pods"})
_POD_KEYS = frozenset({"namespaceSelector", "podSelector"})


def read_pods(value: object, place: str, *, optional: frozenset[str] = frozenset()) -> Box | None:
    """{namespaces: SELECTOR} or {pods: {namespaceSelector, podSelector}} as a box over peers; None: no pod.

    A selector that is `optional` and absent is every namespace or pod.  Raises Unreadable.
    """
    found = mapping(value, place)
    known_keys(found, _POD_KINDS, place)
    if len(found) != 1:
        raise Unreadable(place, "needs either namespaces or pods")
    if "namespaces" in found:
        box = read_selector(found["namespaces"], f"{place}.namespaces")
        return None if box is None else in_namespace(box)
    both = mapping(found["pods"], f"{place}.pods")
    known_keys(both, _POD_KEYS, f"{place}.pods")
    namespaces, pods = (
        read_selector(both.get(key, {} if key in optional else None), f"{place}.pods.{key}")
        for key in ("namespaceSelector", "podSelector")
    )
    if namespaces is None or pods is None:
        return None
    return (*in_namespace(namespaces), *of_pod(pods))


def read_labels(value: object, field: str) -> Box:
    """The box of a plain map of labels; absent and null are the empty map.  Raises Unreadable."""
    if value is None:
        return ()
    found = mapping(value, field)
    for key, label in found.items():
        if type(key) is not str:
            raise Unreadable(field, f"has the key {shown(key)}, which is not a string")
        if not isinstance(label, str):
            raise Unreadable(f"{field}.{key}", f"is {shown(label)}, not a string")
    return box_of(found)  # type: ignore[arg-type]  # every value was just seen to be a string


def _expression(value: object, field: str) -> tuple[str, Values]:
    found = mapping(value, field)
    known_keys(found, _EXPRESSION_KEYS, field)
    key = text(found.get("key"), f"{field}.key")
    operator = found.get("operator")
    values = [
        text(entry, f"{field}.values[{i}]") for i, entry in enumerate(items(found.get("values"), f"{field}.values"))
    ]
    if operator in ("In", "NotIn"):
        if not values:
            raise Unreadable(f"{field}.values", f"is empty, which {operator} does not allow")
        return key, one_of(values) if operator == "In" else none_of(values)
    if operator in ("Exists", "DoesNotExist"):
        if values:
            raise Unreadable(f"{field}.values", f"is not empty, which {operator} does not allow")
        return key, PRESENT if operator == "Exists" else MISSING
    raise Unreadable(f"{field}.operator", f"is {shown(operator)}, not In, NotIn, Exists or DoesNotExist")
