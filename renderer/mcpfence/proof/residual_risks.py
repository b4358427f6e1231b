"""Residual risk: what no manifest can stop, for a given catalog.  Printed with every proof and in the report."""

from __future__ import annotations

from mcpfence.catalog.model import Catalog

_ALWAYS = (
    "DNS: whoever may ask the resolver can carry data out in the names that it asks for",
    "the pod's own node: its kubelet and host processes reach the pod, and no NetworkPolicy stops that",
    "time: a pod may run for a moment before the engine has its policy",
    "enforcement: an engine that does not implement NetworkPolicy accepts these objects and does nothing",
    "allowed hosts: whatever a server may reach can be used to carry data out, by its own API",
)
_NAMES = ("shared addresses: a name's address may serve other sites too (CDNs, multi-tenant hosts such as github.com)",)
_WINDOW = (
    "the moment between NetworkPolicy and FirewallPolicy: public addresses are open on the names' ports until both "
    "are in force; Helm 3, folders and Argo CD apply the FirewallPolicy first, Helm 4 sorts custom kinds last; Helm 3 "
    "also removes the FirewallPolicy of a server that goes before its NetworkPolicy"
)
_AVIATRIX = (
    "SNI: the client chooses the name that it shows; the firewall compares that name, not the address",
    _WINDOW,
)
_RUN_WINDOW = (
    "first start under Helm 4 with aviatrix: pods may run before their FirewallPolicy exists, while public addresses "
    "are open on the names' ports; their NetworkPolicies come first on every path"
)
_AMBIENT = ("HBONE: port 15008 carries the mesh's traffic, and the port inside the tunnel is not seen by policies",)

_GATEWAY = (
    "the gateway: its Envoy and its broker call every registered server; who takes over either may call them all",
    "tools/list and tools/call: a virtual server or a filtered list hides tools; only an AuthPolicy stops a call",
)


def residual_risks(catalog: Catalog) -> tuple[str, ...]:
    """One sentence per risk that remains under this catalog's engine and mesh."""
    risks: tuple[str, ...] = _ALWAYS
    if catalog.provider != "none":
        risks += _NAMES
    if catalog.provider == "aviatrix":
        risks += _AVIATRIX
        if any(server.run is not None for server in catalog.servers.values()):
            risks += (_RUN_WINDOW,)
    if catalog.cluster.mesh == "ambient":
        risks += _AMBIENT
    if catalog.gateway is not None:
        risks += _GATEWAY
    return risks
