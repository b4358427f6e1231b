"""The other ends of Cilium's rules.

    no key at all, or toFQDNs: []       everywhere, where ports are written; without ports nothing
    toEndpoints {matchLabels}           pods of the policy's own namespace, or of the one that the selector names
    toCIDR, toCIDRSet                   addresses, never pods or nodes, whatever addresses those have
    toEntities world                    every address;  all: pods, too;  cluster: pods, and addresses of nodes
    toFQDNs                             addresses that were learnt for these names

An empty list means nobody.  Two of these in one rule are refused by the agent.  Source: the engine's own code.
"""

from __future__ import annotations

import ipaddress
from functools import lru_cache

from mcpfence.net.addresses import ALL, parse_cidr
from mcpfence.net.intervals import EMPTY, Interval, Intervals, canonical, is_subset, subtract
from mcpfence.reach.documents.fields import Unreadable, items, known_keys, mapping, shown, text
from mcpfence.reach.engines.cilium.names import read_name
from mcpfence.reach.engines.cilium.selectors import read_peers
from mcpfence.reach.engines.contract import Peers, exact_peers
from mcpfence.reach.flows import label_sets
from mcpfence.structs import Struct

_CIDR_KEYS = frozenset({"cidr", "except"})
_NODES = ("host", "remote-node")
_UNLABELLED = ("health", "ingress", "init", "unmanaged")
_ENTITIES = ("all", "world", "cluster", "cluster-mesh", "kube-apiserver", "none", *_NODES, *_UNLABELLED)

EVERYWHERE = exact_peers(ALL, (label_sets.EVERYTHING,))
NOWHERE = exact_peers(EMPTY, ())
_ADDRESSES = exact_peers(ALL, ())


class Ends(Struct):
    """`peers` with the blocks that are written, and the names under which addresses were learnt (None: whatever)."""

    peers: Peers
    blocks: tuple[Intervals, ...] = ()
    names: tuple[str, ...] | None = None


def read_ends(
    rule: dict[str, object], direction: str, place: str, namespace: str | None, api_addresses: Intervals
) -> Ends | None:
    """The other ends of one rule; None: it names none.  Raises Unreadable."""
    prefix = "to" if direction == "egress" else "from"
    kinds = ("Endpoints", "CIDR", "CIDRSet", "Entities", *(("FQDNs",) if direction == "egress" else ()))
    written = [kind for kind in kinds if rule.get(f"{prefix}{kind}") is not None]
    filled = [kind for kind in written if items(rule[f"{prefix}{kind}"], f"{place}.{prefix}{kind}")]
    if len(filled) > 1:
        raise Unreadable(f"{place}.{prefix}{filled[1]}", f"stands beside {prefix}{filled[0]}, which the agent refuses")
    if any(kind != "FQDNs" and kind not in filled for kind in written):
        return Ends(NOWHERE)
    if not filled:
        return None
    field = f"{place}.{prefix}{filled[0]}"
    entries = items(rule[f"{prefix}{filled[0]}"], field)
    if filled[0] == "Endpoints":
        boxes = [read_peers(entry, f"{field}[{index}]", namespace) for index, entry in enumerate(entries)]
        return Ends(_exact(EMPTY, tuple(dict.fromkeys(box for box in boxes if box is not None))))
    if filled[0] == "Entities":
        return Ends(_entities(tuple(text(entry, field) for entry in entries), field, api_addresses))
    if filled[0] == "FQDNs":
        names = tuple(read_name(entry, f"{field}[{index}]") for index, entry in enumerate(entries))
        return Ends(_ADDRESSES, names=names)
    read = _cidr if filled[0] == "CIDR" else _cidr_rule
    blocks = tuple(read(entry, f"{field}[{index}]") for index, entry in enumerate(entries))
    return Ends(_exact(canonical(piece for block in blocks for piece in block), ()), tuple(filter(None, blocks)))


@lru_cache(maxsize=16384)
def _exact(addresses: Intervals, pods: tuple[label_sets.Box, ...]) -> Peers:
    return exact_peers(addresses, pods)


@lru_cache(maxsize=256)
def _entities(entities: tuple[str, ...], place: str, api_addresses: Intervals) -> Peers:
    for entity in entities:
        if entity not in _ENTITIES:
            raise Unreadable(place, f"names {shown(entity)}, which is no entity")
    everything = (label_sets.EVERYTHING,)
    if "all" in entities:
        return EVERYWHERE
    world = "world" in entities
    inside = any(entity.startswith("cluster") for entity in entities)
    # Nodes are addresses that no manifest tells; pods without labels are pods all the same.
    nodes = inside or any(entity in _NODES for entity in entities)
    bare = any(entity in _UNLABELLED for entity in entities)
    most = ALL if world or nodes or bare else (api_addresses if "kube-apiserver" in entities else EMPTY)
    return Peers(ALL if world else EMPTY, most, everything if inside else (), everything if inside or bare else ())


def _cidr(value: object, place: str) -> Intervals:
    """One entry of toCIDR: a block, or one address."""
    written = text(value, place)
    try:
        address = ipaddress.ip_address(written)
    except ValueError:
        return (_parsed(written, place),)
    return (_parsed(f"{address}/{address.max_prefixlen}", place),)


def _cidr_rule(value: object, place: str) -> Intervals:
    """One entry of toCIDRSet; groups of blocks are objects that are not here."""
    found = mapping(value, place)
    known_keys(found, _CIDR_KEYS, place)
    whole = _parsed(text(found.get("cidr"), f"{place}.cidr"), f"{place}.cidr")
    holes = []
    for index, entry in enumerate(items(found.get("except"), f"{place}.except")):
        field = f"{place}.except[{index}]"
        hole = _parsed(text(entry, field), field)
        if not is_subset((hole,), (whole,)):
            raise Unreadable(field, f"{shown(entry)} does not lie in the cidr")
        holes.append(hole)
    return subtract((whole,), canonical(holes)) if holes else (whole,)


def _parsed(written: str, place: str) -> Interval:
    try:
        return parse_cidr(written)
    except ValueError:
        pass
    try:  # host bits are masked by the engine
        network = ipaddress.ip_network(written, strict=False)
        return parse_cidr(str(network))
    except ValueError as bad:
        raise Unreadable(place, f"{shown(written)} is no block of addresses ({bad})") from None
