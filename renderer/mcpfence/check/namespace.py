"""What the fenced namespace itself must have among manifests that exist: the floor, and its Pod Security labels."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from mcpfence.catalog.model import Catalog
from mcpfence.findings.finding import Finding, Path, quote
from mcpfence.plan.fence import Fence
from mcpfence.proof.floor import prove_floor
from mcpfence.reach.documents.objects import Object
from mcpfence.reach.documents.staying import why_not_staying
from mcpfence.reach.engines import by_kind
from mcpfence.reach.evaluation.policy_set import PolicySet

_LEVELS = ("privileged", "baseline", "restricted")
"""From the widest to the narrowest."""
_LABEL = "pod-security.kubernetes.io/"
_REMEDY = (
    "render the chart again and apply all of it, or give check every policy of the namespace; "
    "if helm installs the chart apart from these, pass --policies-only; "
    "where something else denies by default there, write mcpNamespace.networkPolicy.enabled: false"
)


def floor_findings(
    objects: Sequence[Object],
    policies: PolicySet,
    catalog: Catalog,
    fences: Sequence[Fence],
    namespace: str,
    *,
    fenced: bool = False,
) -> list[Finding]:
    """Faults of the floor, where the manifests hold the namespace or policies of it; `namespace`: of those without.

    `fenced`: they hold policies of it beside the objects.
    """
    there = fenced or any(
        (one.kind, one.name) == ("Namespace", catalog.namespace)
        or (one.kind == "NetworkPolicy" and (one.namespace or namespace) == catalog.namespace)
        for one in objects
    )
    return prove_floor(catalog.namespace, fences, policies, _REMEDY) if catalog.floor and there else []


def fleeting_findings(objects: Iterable[Object], catalog: Catalog, namespace: str) -> list[Finding]:
    """Policies of the fenced namespace that may not stay and so close nothing; `namespace`: of those without."""
    found = []
    for one in objects:
        if (one.group, one.kind) in by_kind() and (one.namespace or namespace) == catalog.namespace:
            why = why_not_staying(one.document)
            sentence = f"may not stay in the cluster ({why}), so nothing that it closes is believed"
            todo = "remove it there, or let a policy that stays close the same"
            found += [Finding("policy-not-staying", (), sentence, todo, one.title)] if why else []
    return found


def pod_security_findings(objects: Iterable[Object], raw: Any, catalog: Catalog) -> list[Finding]:
    """Pod Security labels of the Namespace that are missing or let more in than the catalog's values say."""
    values = _mapping(raw, "mcpNamespace")
    wanted = _mapping(values, "podSecurity")
    if values.get("create") is False or wanted.get("enabled") is False:
        return []
    found: list[Finding] = []
    for one in objects:
        if (one.kind, one.group, one.name) == ("Namespace", "", catalog.namespace):
            labels = _mapping(one.document.get("metadata"), "labels")
            for mode in ("enforce", "audit", "warn"):
                level = str(wanted.get(mode) or "restricted")
                version = str(wanted.get(f"{mode}Version") or "latest")
                found += _compared(one.name, ("mcpNamespace", "podSecurity", mode), labels, (mode, level, version))
    return found


def _compared(namespace: str, key: Path, labels: Mapping[str, Any], wanted: tuple[str, str, str]) -> Iterable[Finding]:
    mode, level, version = wanted
    name = f"{_LABEL}{mode}"
    has = labels.get(name)
    stricter = has in _LEVELS and level in _LEVELS and _LEVELS.index(has) >= _LEVELS.index(level)
    if not stricter:
        yield _differs(key, f"Namespace {namespace}", name, has, level)
    # A level without a version is the latest one's.
    elif (labels.get(f"{name}-version") or "latest") != version:
        place: Path = (*key[:-1], f"{mode}Version")
        yield _differs(place, f"Namespace {namespace}", f"{name}-version", labels.get(f"{name}-version"), version)


def _differs(key: Path, title: str, label: str, has: Any, wanted: str) -> Finding:
    said = f"has no label {label}" if has is None else f"has {label}: {quote(str(has))}, not {wanted}"
    sentence = f"{title} {said}, so pods that the catalog's values refuse may be let in"
    todo = f"render the chart again and apply, or label it {label}={wanted}"
    return Finding("pod-security-drift", key, sentence, todo)


def _mapping(value: Any, key: str) -> Mapping[str, Any]:
    found = value.get(key) if isinstance(value, Mapping) else None
    return found if isinstance(found, Mapping) else {}
