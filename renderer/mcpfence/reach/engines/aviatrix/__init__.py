"""Aviatrix FirewallPolicy (networking.aviatrix.com/v1alpha1): the gateway stands behind the cluster's own network.

So it is a layer of its own.  Link-local addresses never cross the gateway (assumed: facts on providers, section 1).
"""

from __future__ import annotations

from mcpfence.net.addresses import parse_cidr
from mcpfence.net.intervals import Intervals, canonical
from mcpfence.reach.documents.fields import mapping
from mcpfence.reach.documents.label_selectors import read_labels
from mcpfence.reach.engines.contract import UNTOLD, Engine, Reader, Selection, Shape, Tier

GATEWAY = Tier("gateway", 100)


def _reader(pod_addresses: Intervals) -> Reader:
    from mcpfence.reach.engines.aviatrix.policy import FirewallReader

    return FirewallReader(pod_addresses)


def _webgroup_policy(spec: object) -> Selection:
    """A WebgroupPolicy names pods by labels; by a Service they cannot be told."""
    selector = mapping(spec, "").get("selector")
    if isinstance(selector, dict) and selector.get("service"):
        return UNTOLD
    return Selection(local=True, pods=read_labels(mapping(selector or {}, "").get("matchLabels"), ""), told=True)


ENGINE = Engine(
    name="aviatrix",
    kinds=frozenset({("networking.aviatrix.com", "FirewallPolicy")}),
    layer=GATEWAY.layer,
    reader=_reader,
    unevaluated={("networking.aviatrix.com", "WebgroupPolicy"): _webgroup_policy},
    unseen=canonical([parse_cidr("169.254.0.0/16"), parse_cidr("fe80::/10")]),
    shape=Shape(rules=("rules",), denying=frozenset({"deny"})),
)
