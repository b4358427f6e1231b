"""Why an address is blocked: every blocked range with its reason, and where that comes from.

The same sources as in `cluster.cluster_facts`, kept apart there for speed and here for people.
"""

from __future__ import annotations

from mcpfence.catalog.model import Catalog
from mcpfence.kube.cluster_profiles import PROFILES
from mcpfence.net.addresses import V6_BASE, cidrs, family, format_address, parse_address, parse_cidr
from mcpfence.net.intervals import Interval, contains, intersect
from mcpfence.net.special_ranges import METADATA, NAT64, OUTSIDE_GLOBAL_V6, SPECIAL_V4, SPECIAL_V6, metadata
from mcpfence.plan.fence import Block, Peer
from mcpfence.structs import Struct

TABLE = "built-in table"


class BlockedRange(Struct):
    """One blocked range: why in a few words, and the key or table that says so."""

    block: Interval
    why: str
    source: str

    @property
    def cidr(self) -> str:
        """The range as people write it."""
        return cidrs((self.block,))[0]


def blocked_ranges(catalog: Catalog) -> tuple[BlockedRange, ...]:
    """Every blocked range of the families in use, by source; ranges of several sources may overlap.

    The last rows of the table hold all that is outside 2000::/3, and so most of the rows before them.
    """
    cluster = catalog.cluster
    found = [
        BlockedRange(parse_cidr(text), why, TABLE)
        for text, why in SPECIAL_V4 + SPECIAL_V6 + OUTSIDE_GLOBAL_V6
        if not (text == NAT64 and cluster.nat64)
    ]
    if cluster.nat64:
        found.append(BlockedRange(parse_cidr(NAT64), "only the images of blocked IPv4 ranges", "cluster.nat64"))
    found += [
        BlockedRange(parse_cidr(text), f"the cluster's own under profile {cluster.profile}", "cluster.profile")
        for text in PROFILES[cluster.profile].blocked
    ]
    for key, blocks in (
        ("nodes", cluster.nodes),
        ("pods", cluster.pods),
        ("services", cluster.services),
        ("controlPlane", cluster.control_plane),
    ):
        found += [BlockedRange(block, f"the cluster's {_WORDS[key]}", f"cluster.cidrs.{key}") for block in blocks]
    found += [BlockedRange(block, "by the catalog", "egress.except") for block in catalog.excepts]
    return tuple(item for item in found if family(item.block[0]) in cluster.families)


_WORDS = {"nodes": "nodes", "pods": "pods", "services": "Services", "controlPlane": "API server"}


def reasons_against(address: int, catalog: Catalog) -> tuple[BlockedRange, ...]:
    """The blocked ranges that hold an address; under cluster.nat64 those of the IPv4 address that it stands for."""
    block = parse_cidr(NAT64)
    if catalog.cluster.nat64 and block[0] <= address <= block[1]:
        inner = address - block[0]
        opened = ("cluster.nat64", TABLE)  # what the table says of NAT64 is what the catalog sets aside
        ours = [row for row in blocked_ranges(catalog) if row.source not in opened and contains((row.block,), address)]
        return (
            *(
                BlockedRange((address, address), f"stands for {format_address(inner)} (NAT64): {row.why}", row.source)
                for row in _blocked_v4(catalog)
                if contains((row.block,), inner)
            ),
            *ours,
        )
    found = [row for row in blocked_ranges(catalog) if contains((row.block,), address)]
    return tuple([row for row in found if (row.cidr, row.why) not in OUTSIDE_GLOBAL_V6] or found)


def _blocked_v4(catalog: Catalog) -> tuple[BlockedRange, ...]:
    """The blocked IPv4 ranges, also where the catalog uses IPv6 alone: their images are blocked all the same."""
    both = catalog._replace(cluster=catalog.cluster._replace(families=frozenset({4, 6})))
    return tuple(row for row in blocked_ranges(both) if row.block[0] < V6_BASE)


def metadata_reason(address: int) -> str:
    """What the metadata endpoint behind an address is; empty where it is none."""
    if not contains(metadata(), address):
        return ""
    for text, why in METADATA:
        if parse_address(text) == address:
            return why
    return "an image of a metadata endpoint (NAT64 or 6to4)"


def endpoints(families: frozenset[int]) -> tuple[tuple[str, str], ...]:
    """The metadata endpoints of the families in use, which are cut out of every listed cidr too."""
    return tuple((text, why) for text, why in METADATA if family(parse_address(text)) in families)


def metadata_cut(peers: tuple[Peer, ...]) -> bool:
    """Whether a metadata endpoint lies in one of the blocks, and so was cut out."""
    return any(isinstance(peer, Block) and intersect(metadata(), (peer.block,)) for peer in peers)
