"""Aviatrix FirewallPolicy (networking.aviatrix.com/v1alpha1): the gateway stands behind the cluster's own network.

So it is a layer of its own.  Link-local addresses never cross the gateway (assumed: facts on providers, section 1).
"""

from __future__ import annotations

from mcpfence.net.addresses import parse_cidr
from mcpfence.net.intervals import Intervals, canonical
from mcpfence.reach.engines.contract import Engine, Reader, Tier

GATEWAY = Tier("gateway", 100)


def _reader(pod_addresses: Intervals) -> Reader:
    from mcpfence.reach.engines.aviatrix.policy import FirewallReader

    return FirewallReader(pod_addresses)


ENGINE = Engine(
    name="aviatrix",
    kinds=frozenset({("networking.aviatrix.com", "FirewallPolicy")}),
    layer=GATEWAY.layer,
    reader=_reader,
    unseen=canonical([parse_cidr("169.254.0.0/16"), parse_cidr("fe80::/10")]),
)
