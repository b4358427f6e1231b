"""Fields that we print and that an object among the manifests does not have, as when an API server dropped them.

An API server that does not know a field drops it with a warning, unless the client asks for strict validation: that
is the wrong edition of a CRD, its standard channel, or one that was downgraded afterwards.  What is left may mean more
than what was written: a rule without its names is for every address.  So it is an error whatever it means.  Fields that
the API server added are none of our business, and values that differ are the proof's.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from mcpfence.documents.reader import load_foreign
from mcpfence.findings.finding import Finding, plural
from mcpfence.reach.documents.objects import Object
from mcpfence.render.objects import Rendering

_APART = ("apiVersion", "kind", "metadata", "status")
"""What says whose an object is, and what became of it."""
_FREE = ("ConfigMap",)
"""Kinds whose content is the user's: no API server knows its fields."""
_BUILT_IN = frozenset({"", "apps", "networking.k8s.io", "rbac.authorization.k8s.io"})
"""Groups of Kubernetes' own types, which leave out what is empty; custom resources are stored as they are written."""
_TODO = (
    "give the cluster the CRD that knows the field (edition, channel, version), and apply again with "
    "`--validate=strict`"
)


def pruned_findings(rendering: Rendering, objects: Iterable[Object], namespace: str) -> Iterator[Finding]:
    """Each object of ours among the others that lacks fields; `namespace`: of those that name none."""
    compared = _compared(rendering)
    there = {(one.called, one.namespace or namespace, one.name): one for one in objects}  # cluster-wide ones, too
    printed: dict[int, tuple[object, Mapping[str, Any]]] = {}
    for item in rendering.objects:
        one = there.get((item.kind, item.namespace or namespace, item.name))
        if one is None or item.kind in _FREE or item.kind in compared:
            continue
        known = printed.get(id(item.parts))  # objects of one template have the same fields; it lives with the rendering
        if known is None:
            known = printed[id(item.parts)] = (item.parts, load_foreign(item.text)[0])
        gone = list(_missing(_body(known[1]), _body(one.document), "", exactly=one.group not in _BUILT_IN))
        if gone:
            more = f", and {plural(len(gone) - 1, 'more field')}" if len(gone) > 1 else ""
            sentence = f"lacks {gone[0]}{more}, which mcpfence prints: an API server drops what its CRD does not know"
            yield Finding("field-pruned", (), sentence, _TODO, item.title)


def _compared(rendering: Rendering) -> frozenset[str]:
    """Kinds that are compared for equality anyway, field by field: the gateway's."""
    if rendering.catalog.gateway is None:
        return frozenset()
    from mcpfence.gateways import KINDS  # here, so that fences alone start quickly

    return frozenset(kind for kinds in KINDS.values() for kind in kinds)


def _body(document: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in document.items() if key not in _APART}


def _missing(ours: Any, theirs: Any, path: str, *, exactly: bool) -> Iterator[str]:
    """The paths of fields that `ours` has and `theirs` has not."""
    if isinstance(ours, Mapping) and isinstance(theirs, Mapping):
        for key, value in ours.items():
            place = f"{path}.{key}" if path else str(key)
            if key in theirs and (theirs[key] is not None or value is None):
                yield from _missing(value, theirs[key], place, exactly=exactly)
            elif exactly or value:
                yield place
    elif _is_list(ours) and _is_list(theirs) and len(ours) == len(theirs):
        for number, (mine, other) in enumerate(zip(ours, theirs, strict=True)):
            yield from _missing(mine, other, f"{path}[{number}]", exactly=exactly)


def _is_list(value: Any) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, str)
