"""Kustomize's files among manifests: what they do to policies on the way from the folder into the cluster.

`kubectl apply -k`, Argo CD and Flux apply what kustomize builds, not what the files say.  Source: the reference of the
Kustomization file (kubectl.docs.kubernetes.io); labels for selectors go into the podSelector of every NetworkPolicy.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

KUSTOMIZE_KINDS = frozenset({("kustomize.config.k8s.io", "Component"), ("kustomize.config.k8s.io", "Kustomization")})
_ANYTHING = ("components", "transformers")
"""Keys that name files which may do anything."""


def changes_policies(
    document: dict[str, object], speaks: Callable[[str], bool], is_kind: Callable[[str], bool]
) -> bool:
    """Whether a Kustomization or Component may change policies.

    `speaks` says whether a text has the manifest of one, `is_kind` whether a kind is one.
    """
    if any(document.get(key) for key in (*_ANYTHING, "commonLabels")):
        return True
    if any(entry.get("includeSelectors") or entry.get("fields") for entry in _mappings(document.get("labels"))):
        return True
    if any(isinstance(text, str) and speaks(text) for text in _entries(document.get("patchesStrategicMerge"))):
        return True
    for patch in (*_mappings(document.get("patches")), *_mappings(document.get("patchesJson6902"))):
        text, target = patch.get("patch"), patch.get("target")
        if isinstance(text, str) and speaks(text):
            return True
        if isinstance(target, dict) and _may_be(target.get("kind"), is_kind):
            return True
    targets = (one for entry in _mappings(document.get("replacements")) for one in _mappings(entry.get("targets")))
    return any(isinstance(one.get("select"), dict) and _may_be(_kind_of(one["select"]), is_kind) for one in targets)


def _may_be(kind: object, is_kind: Callable[[str], bool]) -> bool:
    """Whether a target's kind is a policy's: none is every kind, and kustomize reads it as an expression."""
    return not isinstance(kind, str) or not kind or is_kind(kind) or re.fullmatch(r"\w+", kind) is None


def _kind_of(select: object) -> object:
    return select.get("kind") if isinstance(select, dict) else None


def _entries(value: object) -> list[object]:
    return value if isinstance(value, list) else []


def _mappings(value: object) -> Iterator[dict[str, object]]:
    return (entry for entry in _entries(value) if isinstance(entry, dict))
