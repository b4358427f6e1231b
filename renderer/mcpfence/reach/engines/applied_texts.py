"""ConfigMaps and Secrets whose text somebody applies, and whether it holds a policy."""

from __future__ import annotations

import base64
from collections.abc import Iterable

from mcpfence.reach.documents.objects import Object
from mcpfence.reach.engines.maker_kinds import OF_ALL_NAMESPACES, REFERRERS
from mcpfence.reach.engines.policy_words import speaks_of_a_policy

Applied = frozenset[tuple[str, str, str]]
"""ConfigMaps and Secrets whose text something applies, by kind, namespace (empty: of any) and name."""


def is_applied(one: Object, namespace: str, named: Applied) -> bool:
    """Whether something applies the text of an object; `namespace`: of one that names none."""
    where = one.namespace or namespace
    return bool(named) and bool(named & {(one.kind, where, one.name), (one.kind, "", one.name)})


def applied(objects: Iterable[Object], namespace: str) -> Applied:
    """What is named by those that apply text; `namespace`: of objects that name none."""
    found = set()
    for one in objects:
        key = REFERRERS.get((one.group, one.kind))
        spec = one.document.get("spec")
        below = spec.get("profileSpec", spec) if isinstance(spec, dict) else None
        listed = below.get(key) if key is not None and isinstance(below, dict) else None
        for reference in listed if isinstance(listed, list) else ():
            if isinstance(reference, dict) and isinstance(reference.get("name"), str):
                where = reference.get("namespace")
                beside = one.namespace or namespace if one.kind not in OF_ALL_NAMESPACES else ""
                found.add(
                    (
                        str(reference.get("kind") or "Secret"),
                        where if isinstance(where, str) else beside,
                        reference["name"],
                    )
                )
    return frozenset(found)


def holds_policy_text(one: Object) -> bool:
    """Whether the data of a ConfigMap or Secret speak of a policy; data in another form may hold one."""
    if one.document.get("binaryData"):
        return True
    for key in ("data", "stringData"):
        data = one.document.get(key)
        for value in data.values() if isinstance(data, dict) else ():
            text = value if isinstance(value, str) else ""
            if speaks_of_a_policy(plain_text(one, text) if key == "data" else text):
                return True
    return False


def plain_text(one: Object, text: str) -> str:
    """The text of a Secret's value out of base64."""
    if (one.group, one.kind) != ("", "Secret"):
        return text
    try:
        return base64.b64decode(text, validate=True).decode("utf-8", "replace")
    except ValueError:  # what base64 raises is one, too
        return text
