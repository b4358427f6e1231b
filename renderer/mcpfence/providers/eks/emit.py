"""EKS Auto Mode: from the names of a fence to an ApplicationNetworkPolicy, networking.k8s.aws/v1alpha1.

It stands among the NetworkPolicies of its namespace, and what any of them allows passes.  So those carry everything but
names, as they stand, and a fence without names needs no object here:

    podSelector {app: github}, policyTypes [Egress]
    egress  to [{ipBlock: {cidr: 172.20.0.10/32}}]                 ports 53/UDP, 53/TCP
            to [{domainNames: [api.github.com, "*.example.com"]}]  ports 443/TCP

Oddities of the engine (facts on engines, sections 5 and 7): on Auto Mode the resolver answers behind the address of the
DNS Service, and no pod selector matches it; the controller drops a rule without `to`, and a port by its name in a rule
for names opens every port; `*.x` is one or more labels below x.  The agent keeps an `except` as a denial of its own,
which also cuts what another, wider block opens there: such a block is written as the prefixes that are left of it.
And it takes every /32 for one host, so that what an IPv6 block of that size opens is missing for narrower blocks inside
it: such a block is written in two halves.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from mcpfence.documents.writer import Document
from mcpfence.kube.manifest import Manifest, make_manifest
from mcpfence.kube.object_names import limited, object_name
from mcpfence.net.addresses import V6_BASE, cidrs, parse_cidr
from mcpfence.net.intervals import Interval, is_subset
from mcpfence.plan.fence import Allow, Block, ClusterNetwork, Fence, Name, Narrowing, Peer, names_by_ports
from mcpfence.providers.networkpolicy.emit import fence_labels, port_document, selector_document

API_VERSION = "networking.k8s.aws/v1alpha1"


def prepare(fence: Fence, _: ClusterNetwork) -> tuple[Fence, tuple[Narrowing, ...]]:
    """Nothing is lost; blocks that the agent would read as less, or as denials of others, are taken apart."""
    blocks = {peer for allow in fence.egress for peer in allow.peers if isinstance(peer, Block)}
    apart = {
        block for block in blocks if _is_taken_for_a_host(block.block) or any(_cuts(block, other) for other in blocks)
    }
    if not apart:
        return fence, ()
    egress = tuple(allow._replace(peers=tuple(_peers(allow, apart))) for allow in fence.egress)
    return fence._replace(egress=egress), ()


def _cuts(block: Block, other: Block) -> bool:
    """Whether an except of a block, which denies by itself, lies in another block that is wider than it."""
    return other != block and any(_holds(other.block, hole) for text in block.excepts for hole in _prefixes(text))


def _holds(block: Interval, hole: Interval) -> bool:
    return block != hole and is_subset((hole,), (block,))


def _prefixes(piece: Interval) -> Iterator[Interval]:
    """The CIDR blocks as which an interval is written."""
    for first, last in map(parse_cidr, cidrs((piece,))):
        if _is_taken_for_a_host((first, last)):
            middle = (first + last) // 2
            yield first, middle
            yield middle + 1, last
        else:
            yield first, last


def _is_taken_for_a_host(block: Interval) -> bool:
    """Whether it is an IPv6 /32 (aws-network-policy-agent 1.5.0, pkg/utils, IsNonHostCIDR: whatever the family)."""
    first, last = block
    return first >= V6_BASE and last - first == (1 << 96) - 1


def _peers(allow: Allow, apart: set[Block]) -> Iterator[Peer]:
    for peer in allow.peers:
        if isinstance(peer, Block) and peer in apart:
            yield from (Block(piece) for interval in peer.addresses for piece in _prefixes(interval))
        else:
            yield peer


def emit(fence: Fence, _: ClusterNetwork) -> Iterable[Manifest]:
    """One object for each selector of a fence with names."""
    if not fence.names:
        return
    rules = [*_resolver(fence), *_names(fence.names)]
    for selector, ending in zip(fence.selectors, fence.endings, strict=True):
        name = limited(object_name(fence.kind, fence.name) + ending)
        spec: Document = {"podSelector": selector_document(selector), "policyTypes": ["Egress"], "egress": rules}
        yield make_manifest(
            API_VERSION, "ApplicationNetworkPolicy", fence.namespace, name, fence_labels(fence), {"spec": spec}
        )


def _resolver(fence: Fence) -> Iterator[Document]:
    """The addresses of the resolver; its pods stand in the NetworkPolicy."""
    for allow in fence.egress:
        blocks = [peer for peer in allow.peers if isinstance(peer, Block)] if allow.kind == "dns" else []
        if blocks:
            to = [{"ipBlock": {"cidr": text}} for block in blocks for text in cidrs(block.addresses)]
            yield {"to": to, "ports": list(map(port_document, allow.ports))}


def _names(names: tuple[Name, ...]) -> Iterator[Document]:
    """One rule for each set of ports, in the order of the names."""
    for ports, found in names_by_ports(names).items():
        patterns = list(dict.fromkeys(name.pattern for name in found))
        yield {"to": [{"domainNames": patterns}], "ports": list(map(port_document, ports))}
