"""Whether an object stays in the cluster: what says that it is not applied, taken away again, or not for all networks.

A policy that may be gone tomorrow closes nothing.  Sources: "Chart Hooks" of Helm's documentation, "Resource Hooks" of
Argo CD's, `config.kubernetes.io/local-config` of the KRM function specification, `reconcile` and `ssa` of Flux's
Kustomization, labels and annotations of Config Sync, kapp's apply annotations, and "Multi-network NetworkPolicy" of
Kube-OVN's documentation, where an annotation chooses the networks of a policy.
"""

from __future__ import annotations

_HOOKS = ("helm.sh/hook", "argocd.argoproj.io/hook")
_NOT_APPLIED = {
    "client.lifecycle.config.k8s.io/mutation": ("ignore",),
    "config.k8s.io/local-config": ("true",),
    "config.kubernetes.io/local-config": ("true",),
    "configmanagement.gke.io/managed": ("disabled",),
}
_OF_FLUX = {
    "kustomize.toolkit.fluxcd.io/reconcile": ("disabled",),
    "kustomize.toolkit.fluxcd.io/ssa": ("ignore", "ifnotpresent"),
}
"""Flux heeds these among the labels, too."""
_WHATEVER = (
    "configmanagement.gke.io/cluster-selector",
    "configsync.gke.io/cluster-name-selector",
    "kapp.k14s.io/exists",
    "kapp.k14s.io/noop",
)
"""Annotations with which an object is not applied, or not to every cluster, whatever their value is."""
_NETWORKS = "ovn.kubernetes.io/network_policy_for"
SAYS_NOT_STAYING = (*_HOOKS, *_NOT_APPLIED, *_OF_FLUX, *_WHATEVER, _NETWORKS)
"""Every key of metadata that can say so."""


def why_not_staying(document: dict[str, object]) -> str:
    """The field of an object's metadata that says so; empty for what stays.

    What a cluster gives has a uid, and is there whatever brought it.
    """
    metadata = document.get("metadata")
    if not isinstance(metadata, dict):
        return ""
    if metadata.get("deletionTimestamp"):
        return "metadata.deletionTimestamp"
    annotations, labels = ({} if not isinstance(m := metadata.get(k), dict) else m for k in ("annotations", "labels"))
    if _NETWORKS in annotations:
        return f"the annotation {_NETWORKS}"
    if "uid" in metadata:
        return ""
    said = next((key for key in (*_HOOKS, *_WHATEVER) if key in annotations), "")
    said = said or _first(annotations, {**_NOT_APPLIED, **_OF_FLUX})
    if said:
        return f"the annotation {said}"
    said = _first(labels, _OF_FLUX)
    return f"the label {said}" if said else ""


def _first(there: dict[str, object], known: dict[str, tuple[str, ...]]) -> str:
    return next((key for key, values in known.items() if str(there.get(key)).lower() in values), "")
