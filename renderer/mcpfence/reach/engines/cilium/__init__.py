"""CiliumNetworkPolicy and its clusterwide kind (cilium.io/v2): what they allow adds up with NetworkPolicies.

What they deny is asked before any allow, a NetworkPolicy's too.  So one object is up to four records: for each
direction its denials, in front, and its allows, beside the NetworkPolicies.
"""

from __future__ import annotations

from mcpfence.net.addresses import ALL
from mcpfence.net.intervals import Intervals
from mcpfence.reach.documents.fields import mapping
from mcpfence.reach.documents.label_selectors import read_selector
from mcpfence.reach.engines.contract import CLUSTER, UNTOLD, Engine, Reader, Selection, Shape
from mcpfence.reach.flows.label_sets import EVERYTHING


def _reader(pod_addresses: Intervals) -> Reader:
    return _api_reader(pod_addresses, ALL)


def _api_reader(_pod_addresses: Intervals, api_addresses: Intervals) -> Reader:
    from mcpfence.reach.engines.cilium.policy import CiliumReader

    return CiliumReader(api_addresses)


def _own_namespace(spec: object) -> Selection:
    """Labels may carry a source such as `k8s:`, and fields of a namespace: then it is not told."""
    box = read_selector(mapping(mapping(spec, "").get("endpointSelector"), ""), "")
    plain = all(":" not in key and not key.startswith("io.") for key, _ in box or ())
    return Selection(local=True, pods=box, told=True) if plain else UNTOLD


def _every_namespace(_spec: object) -> Selection:
    return Selection(local=False, pods=EVERYTHING, told=False)


ENGINE = Engine(
    name="cilium",
    kinds=frozenset({("cilium.io", "CiliumNetworkPolicy"), ("cilium.io", "CiliumClusterwideNetworkPolicy")}),
    layer=CLUSTER,
    reader=_reader,
    # Where nothing says that the cluster enforces them.
    unevaluated={
        ("cilium.io", "CiliumNetworkPolicy"): _own_namespace,
        ("cilium.io", "CiliumClusterwideNetworkPolicy"): _every_namespace,
    },
    optional=True,
    api_reader=_api_reader,
    shape=Shape(
        rules=("ingress", "egress"),
        pods="endpointSelector",
        namespaces=(("endpointSelector", "k8s:io.kubernetes.pod.namespace"),),
    ),
)
