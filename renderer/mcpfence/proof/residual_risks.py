"""Residual risk: what no manifest can stop, for a given catalog.  Printed with every proof and in the report."""

from __future__ import annotations

from mcpfence.catalog.inheritance import granted_registries, internet_stance
from mcpfence.catalog.model import Catalog
from mcpfence.findings.finding import plural
from mcpfence.providers import Risk, provider_of

_DNS, _ANY, _NAME, _GATEWAY = (frozenset({word}) for word in ("dns", "any", "name", "gateway"))

_ALWAYS = (
    Risk("dns", "DNS: whoever may ask the resolver can carry data out in the names that it asks for", _DNS),
    Risk("node", "the pod's own node: its kubelet and host processes reach the pod, and no NetworkPolicy stops that"),
    Risk("time", "time: a pod may run for a moment before the engine has its policy"),
    Risk(
        "enforcement",
        "enforcement: an engine that does not implement NetworkPolicy accepts these objects and does nothing",
    ),
    Risk(
        "allowed-hosts",
        "allowed hosts: whatever a server may reach can be used to carry data out, by its own API",
        _ANY,
    ),
)
_SHARED = Risk(
    "shared-addresses",
    "shared addresses: a name's address may serve other sites too (CDNs, multi-tenant hosts such as github.com)",
    _NAME,
)
_AMBIENT = Risk(
    "hbone", "HBONE: port 15008 carries the mesh's traffic, and the port inside the tunnel is not seen by policies"
)
_REGISTERED = (
    Risk(
        "gateway",
        "the gateway: its Envoy and its broker call every registered server; who takes over either may call them all",
        _GATEWAY,
    ),
    Risk(
        "tools",
        "tools/list and tools/call: a virtual server or a filtered list hides tools; only an AuthPolicy stops a call",
        _GATEWAY,
    ),
)


def residual_risks(catalog: Catalog) -> tuple[Risk, ...]:
    """Every risk that remains under this catalog's engine, mesh and gateway."""
    risks: tuple[Risk, ...] = (*_ALWAYS, *_unenforced(catalog))
    if catalog.provider != "none":
        risks += (_SHARED,)
    risks += provider_of(catalog.provider).risks(catalog)
    if catalog.cluster.mesh == "ambient":
        risks += (_AMBIENT,)
    if catalog.gateway is not None:
        risks += _REGISTERED
    return risks


def _unenforced(catalog: Catalog) -> tuple[Risk, ...]:
    """Host names that no engine holds a server to: those are counted whose fences are open instead."""
    if catalog.provider != "none" or catalog.unenforced_domains != "internet":
        return ()
    listed = [
        {*one.egress.domains, *granted_registries(catalog, getattr(one, "runtime", ""), one.egress).domains}
        for one in catalog.fenced
        if not internet_stance(catalog, one.egress) and not one.egress.deny_all
    ]
    names = {domain.pattern for domains in listed for domain in domains}
    if not names:
        return ()
    holders = sum(map(bool, listed))
    text = (
        f"names that are not enforced: {plural(len(names), 'host name')} of {plural(holders, 'fence')}; "
        "every public address on their ports is open instead"
    )
    return (Risk("unenforced-names", text, frozenset({"unenforced"})),)
