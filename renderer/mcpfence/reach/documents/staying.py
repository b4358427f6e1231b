"""Whether an object stays in the cluster: what says that it is not applied, taken away again, or not for all networks.

A policy that may be gone tomorrow closes nothing.  Sources: "Chart Hooks" of Helm's documentation, "Resource Hooks" of
Argo CD's, `config.kubernetes.io/local-config` of the KRM function specification, `reconcile` of Flux's Kustomization,
and "Multi-network NetworkPolicy" of Kube-OVN's documentation, where an annotation chooses the networks of a policy.
"""

from __future__ import annotations

_HOOKS = ("helm.sh/hook", "argocd.argoproj.io/hook")
_NOT_APPLIED = {
    "config.kubernetes.io/local-config": ("true",),
    "config.k8s.io/local-config": ("true",),
    "kustomize.toolkit.fluxcd.io/reconcile": ("disabled",),
}
SAYS_NOT_STAYING = (*_HOOKS, *_NOT_APPLIED, "ovn.kubernetes.io/network_policy_for")
"""Every annotation that can say so."""
_NETWORKS = "ovn.kubernetes.io/network_policy_for"


def why_not_staying(document: dict[str, object]) -> str:
    """The field of an object's metadata that says so; empty for what stays.

    What a cluster gives has a uid, and is there whatever brought it.
    """
    metadata = document.get("metadata")
    if not isinstance(metadata, dict):
        return ""
    if metadata.get("deletionTimestamp"):
        return "metadata.deletionTimestamp"
    annotations = metadata.get("annotations")
    if not isinstance(annotations, dict):
        return ""
    if _NETWORKS in annotations:
        return f"the annotation {_NETWORKS}"
    if "uid" in metadata:
        return ""
    hook = next((key for key in _HOOKS if key in annotations), "")
    found = hook or next(
        (key for key, values in _NOT_APPLIED.items() if str(annotations.get(key)).lower() in values), ""
    )
    return f"the annotation {found}" if found else ""
