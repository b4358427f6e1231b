"""Providers turn fences into the manifests of one enforcement engine, and list what it cannot give.

The table is the one place that names them.  Everything that is a list of providers, kinds, choices, findings, risks or
docs is derived from it and from the `PROVIDER` of each folder (`contract`).
"""

from __future__ import annotations

from importlib import import_module

from mcpfence.findings import table
from mcpfence.providers.contract import (
    Composition,
    Feature,
    Kind,
    NamesAt,
    Provider,
    Risk,
    enforced_kinds,
    features,
)

TABLE: dict[str, str] = {
    "none": "networkpolicy",
    "aviatrix": "aviatrix",
    "cilium": "cilium",
    "eks": "eks",
    "gke": "gke",
    "calico": "calico",
    "antrea": "antrea",
    "clusternetworkpolicy": "clusternetworkpolicy",
}
"""`egress.provider` -> the folder of this package; NetworkPolicies are always emitted, providers stand beside them."""

NETWORK_POLICY = Kind("networking.k8s.io", "NetworkPolicy", "networkpolicies")

_LOADED: dict[str, Provider] = {}


def provider_of(name: str) -> Provider:
    """The provider of a catalog; raises KeyError for a name that is not in the table."""
    if name not in _LOADED:
        provider: Provider = import_module(f"{__name__}.{TABLE[name]}").PROVIDER
        table.add(provider.findings)
        _LOADED[name] = provider
    return _LOADED[name]


def all_providers() -> tuple[Provider, ...]:
    """Every provider, in the order of the table."""
    return tuple(map(provider_of, TABLE))


def policy_kinds() -> tuple[Kind, ...]:
    """The kinds of every provider in the order in which they are applied, NetworkPolicies last."""
    return tuple(dict.fromkeys([*(kind for one in all_providers() for kind in one.kinds), NETWORK_POLICY]))


__all__ = [
    "NETWORK_POLICY",
    "TABLE",
    "Composition",
    "Feature",
    "Kind",
    "NamesAt",
    "Provider",
    "Risk",
    "all_providers",
    "enforced_kinds",
    "features",
    "policy_kinds",
    "provider_of",
]
