"""The other ends of an Antrea rule, `to` or `from`, as bounds.

    {ipBlock: {cidr, except}}              addresses; of a rule that denies also the pods that have some of them
    {podSelector, namespaceSelector}       pods; of the own namespace without a namespaceSelector (any, if cluster-wide)
    {fqdn: api.example.com | *.x}          names, whatever address they resolve to; alone in its peer
    no list                                everybody

What else a peer may hold (groups, nodes, external entities, service accounts) is at least nobody and at most everybody,
and so are an empty peer and an empty list: the API server takes them, and what an agent makes of them is not written.
Sources: Antrea's documentation and its CRD; no code of Antrea's was run.
"""

from __future__ import annotations

from collections.abc import Iterable

from mcpfence.net.addresses import ALL, ALL_V4, ALL_V6
from mcpfence.net.intervals import Intervals, canonical, intersect, is_subset, subtract
from mcpfence.reach.documents.fields import Unreadable, cidr, items, known_keys, mapping, text
from mcpfence.reach.documents.label_selectors import read_selector
from mcpfence.reach.engines.contract import UNKNOWN_PEERS, Peers, ShownNames, exact_peers, joined_peers, names_in_any
from mcpfence.reach.flows import host_names, label_sets
from mcpfence.reach.flows.label_sets import Box
from mcpfence.structs import Struct

_UNTOLD = frozenset({"externalEntitySelector", "group", "nodeSelector", "namespaces", "serviceAccount", "scope"})
_KEYS = frozenset({"ipBlock", "podSelector", "namespaceSelector", "fqdn"}) | _UNTOLD
_BLOCK_KEYS = frozenset({"cidr", "except"})

EVERYBODY = exact_peers(ALL, (label_sets.EVERYTHING,))


class Others(Struct):
    """What a list of peers holds: those without names, and the names; None where there are none of the kind."""

    peers: Peers | None
    names: ShownNames | None
    blocks: tuple[Intervals, ...] = ()


def read_peers(value: object, namespace: str | None, pods: Intervals, place: str, *, allows: bool) -> Others:
    """A list of peers of a rule that allows, or denies; raises Unreadable."""
    if value is None:
        return Others(EVERYBODY, None)
    found = items(value, place)
    if not found:
        return Others(UNKNOWN_PEERS, None)
    parts: list[Peers] = []
    patterns: list[str] = []
    blocks: list[Intervals] = []
    for index, entry in enumerate(found):
        where = f"{place}[{index}]"
        peer = mapping(entry, where)
        known_keys(peer, _KEYS, where)
        if "fqdn" in peer:
            patterns.append(text(peer["fqdn"], f"{where}.fqdn"))
            parts += [UNKNOWN_PEERS] if len(peer) > 1 else []
        elif "ipBlock" in peer and len(peer) == 1:
            block = _block(peer["ipBlock"], f"{where}.ipBlock")
            blocks.append(block)
            parts.append(Peers(block, block, *_pods_of(block, pods, allows=allows)))
        else:
            parts.append(_pods(peer, namespace, where))
    whole = joined_peers(parts) if parts else None
    return Others(whole, _names(patterns, allows=allows) if patterns else None, tuple(blocks))


def read_applied(value: object, namespace: str | None, place: str) -> tuple[tuple[Box, ...], bool]:
    """The pods of an `appliedTo`, as boxes like those of sources, and whether that is all; raises Unreadable."""
    boxes: list[Box] = []
    told = True
    for index, entry in enumerate(items(value, place)):
        where = f"{place}[{index}]"
        found = mapping(entry, where)
        known_keys(found, frozenset({"podSelector", "namespaceSelector", "service"}) | _UNTOLD, where)
        if not found or found.keys() - {"podSelector", "namespaceSelector"}:
            boxes.append(label_sets.EVERYTHING)
            told = False
            continue
        of_pod = read_selector(found.get("podSelector") or {}, f"{where}.podSelector")
        of_namespace = read_selector(found.get("namespaceSelector") or {}, f"{where}.namespaceSelector")
        if of_pod is None or of_namespace is None:
            continue
        if namespace is not None and "namespaceSelector" in found:
            raise Unreadable(f"{where}.namespaceSelector", "stands in a policy of one namespace")
        peer = (*label_sets.in_namespace(of_namespace), *label_sets.of_pod(of_pod))
        boxes.append(of_pod if namespace is not None else peer)
    return tuple(dict.fromkeys(boxes)), told


def _pods(peer: dict[str, object], namespace: str | None, place: str) -> Peers:
    if not peer or peer.keys() - {"podSelector", "namespaceSelector"}:
        return UNKNOWN_PEERS
    of_pod = read_selector(peer.get("podSelector") or {}, f"{place}.podSelector")
    written = peer.get("namespaceSelector")
    of_namespace = read_selector(written or {}, f"{place}.namespaceSelector")
    if of_pod is None or of_namespace is None:
        return exact_peers((), ())
    if written is None and namespace is not None:
        return exact_peers((), (label_sets.pods_in(namespace, of_pod),))
    return exact_peers((), ((*label_sets.in_namespace(of_namespace), *label_sets.of_pod(of_pod)),))


def _pods_of(block: Intervals, pods: Intervals, *, allows: bool) -> tuple[tuple[Box, ...], tuple[Box, ...]]:
    """The pods whose addresses are in a block.

    As in an ipBlock of a NetworkPolicy, one that is allowed holds none, unless it is a whole family, and may then.
    """
    every = (label_sets.EVERYTHING,)
    if allows:
        whole = any(is_subset((family,), block) for family in (ALL_V4, ALL_V6))
        return (), every if whole else ()
    if is_subset(pods, block):
        return every, every
    return (), every if intersect(pods, block) else ()


def _names(patterns: Iterable[str], *, allows: bool) -> ShownNames:
    """Names at least and at most; what denies a name by its addresses surely denies none."""
    bounds = []
    for pattern in patterns:
        try:
            bounds.append(host_names.pattern_bounds(pattern))
        except ValueError:  # `*` stands for anything, dots as well, so what is no pattern of ours may match any name
            bounds.append((host_names.NONE, host_names.ANY))
    found = names_in_any(bounds)
    return found if allows else ShownNames(host_names.NONE, found.most)


def _block(value: object, place: str) -> Intervals:
    found = mapping(value, place)
    known_keys(found, _BLOCK_KEYS, place)
    whole = (cidr(found.get("cidr"), f"{place}.cidr"),)
    excepts = items(found.get("except"), f"{place}.except")
    return subtract(whole, canonical(cidr(entry, f"{place}.except[{n}]") for n, entry in enumerate(excepts)))
