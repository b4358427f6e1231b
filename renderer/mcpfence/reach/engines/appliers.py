"""Objects with which a controller applies what stands elsewhere: into which namespace, if they say so.

Sources: the API references of Flux, Argo CD, Fleet, K3s' helm-controller, Sveltos, kapp-controller, Crossplane's
provider-helm and Config Sync.
"""

from __future__ import annotations

from collections.abc import Collection

from mcpfence.reach.documents.objects import Object
from mcpfence.reach.engines.document_parts import parts_of

_SAYS: dict[tuple[str, str], frozenset[tuple[str, str]]] = {
    ("argoproj.io", "Application"): frozenset(
        {("destination", "namespace"), ("helm", "namespace"), ("kustomize", "namespace")}
    ),
    ("fleet.cattle.io", "Bundle"): frozenset(
        {(above, key) for above in ("spec", "targets") for key in ("defaultNamespace", "namespace")}
    ),
    ("fleet.cattle.io", "GitRepo"): frozenset({("spec", "targetNamespace")}),
    ("helm.cattle.io", "HelmChart"): frozenset({("spec", "targetNamespace")}),
    ("helm.crossplane.io", "Release"): frozenset({("forProvider", "namespace")}),
    ("helm.toolkit.fluxcd.io", "HelmRelease"): frozenset({("spec", "targetNamespace")}),
    ("kappctrl.k14s.io", "App"): frozenset({("kapp", "intoNs")}),
    ("kustomize.toolkit.fluxcd.io", "Kustomization"): frozenset({("spec", "targetNamespace")}),
    ("config.projectsveltos.io", "ClusterProfile"): frozenset({("helmCharts", "releaseNamespace")}),
    ("config.projectsveltos.io", "Profile"): frozenset({("helmCharts", "releaseNamespace")}),
}
"""The key under which each kind says it, with the key above; entries of a list stand below the list's key."""
_ANYWHERE = frozenset({("argoproj.io", "ApplicationSet")})
"""Kinds that fill a namespace in: one that stands anywhere in them counts."""
_OWN = frozenset(
    {
        ("configsync.gke.io", "RepoSync"),
        ("helm.cattle.io", "HelmChart"),
        ("helm.toolkit.fluxcd.io", "HelmRelease"),
        ("kappctrl.k14s.io", "App"),
        ("packaging.carvel.dev", "PackageInstall"),
    }
)
"""Kinds that mean their own namespace where they name none."""


def applied_into(one: Object, namespaces: Collection[str], default: str) -> list[str]:
    """Which of these namespaces an object says that it fills; `default` is that of objects which name none."""
    kind = (one.group, one.kind)
    if kind in _ANYWHERE:
        found = {part for _, part in parts_of(one.document) if isinstance(part, str)}
    else:
        found = set()
        for above, part in parts_of(one.document) if kind in _SAYS else ():
            below = part.items() if isinstance(part, dict) else ()
            found |= {str(value) for key, value in below if (above, key) in _SAYS[kind] and value}
    if kind in _OWN and not found:
        found = {one.namespace or default}
    return sorted(found.intersection(namespaces))
