"""What kustomize calls its own files, which need no kind."""

from __future__ import annotations

import posixpath

KUSTOMIZATIONS = ("kustomization.yaml", "kustomization.yml", "Kustomization")
"""What a file of kustomize may be called."""


def is_kustomization(path: str) -> bool:
    """Whether kustomize takes a file for one of its own."""
    return posixpath.basename(path) in KUSTOMIZATIONS


def kindless_of(path: str) -> frozenset[str]:
    """The kind of a file's documents that have none, if readers must agree on them: kustomize's own need none."""
    return frozenset({""}) if is_kustomization(path) else frozenset()
