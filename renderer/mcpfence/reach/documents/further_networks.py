"""The annotations by which pods ask for networks beside the cluster's own, or in its place.

Policies of the cluster's network do not hold there.  Sources: Multus' docs/quickstart.md and docs/configuration.md;
"Set up multi-network support for Pods" of GKE's documentation.
"""

from __future__ import annotations

FURTHER_NETWORKS = (
    "k8s.v1.cni.cncf.io/networks",
    "v1.multus-cni.io/default-network",
    "networking.gke.io/interfaces",
)
