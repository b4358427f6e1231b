"""The peers of a ClusterNetworkPolicy's rule, as bounds around what engines take them for.

    namespaces, pods    pods, exactly; pods without namespaceSelector are those of every namespace
    networks            addresses, exactly; where it denies or passes on, pods that may have them at most (the API's
                        text and one engine, not the other).  What it accepts are addresses, as in a NetworkPolicy
    domainNames         the names at whatever address they resolve to: at most a pod's too
    nodes               at least nothing, at most every address
    {}                  a field that the CRD dropped: at least nothing, at most everything
    networks beside domainNames   the standard channel drops the names: at least the addresses, at most both

`*.x` is one or more labels below x.  A name in upper case or with a trailing dot is compared literally by one engine,
so it is at least nothing.
"""

from __future__ import annotations

from mcpfence.net.addresses import ALL
from mcpfence.net.intervals import Interval, Intervals, canonical, intersect
from mcpfence.reach.documents.fields import Unreadable, cidr, items, known_keys, mapping, shown, text
from mcpfence.reach.documents.label_selectors import read_pods, read_selector
from mcpfence.reach.engines.contract import Peers, ShownNames, joined_peers, names_in_any
from mcpfence.reach.flows import host_names, label_sets
from mcpfence.reach.flows.label_sets import Box
from mcpfence.structs import Struct

_POD_KINDS = frozenset({"namespaces", "pods"})
_KINDS = {"ingress": _POD_KINDS, "egress": _POD_KINDS | {"networks", "nodes", "domainNames"}}
EVERY_NAMESPACE = frozenset({"namespaceSelector"})
"""What pods need not have: those of every namespace are meant then."""
_BOTH = {"networks", "domainNames"}
_MOST = 25
_NO_PODS: tuple[Box, ...] = ()
_EVERY_POD = (label_sets.EVERYTHING,)


class PeersRead(Struct):
    """The peers of one rule: those without names (None: there are none), the names, and the blocks as they stand."""

    peers: Peers | None
    names: ShownNames | None
    blocks: tuple[Intervals, ...]


class PeerReader:
    """Reads lists of peers; `pod_addresses` are those that pods may have."""

    def __init__(self, pod_addresses: Intervals) -> None:
        self._pod_addresses = pod_addresses
        self.anywhere = Peers(ALL, ALL, _NO_PODS, _EVERY_POD)
        """Where names may resolve to."""
        self.perhaps_anywhere = Peers((), ALL, _NO_PODS, _EVERY_POD)

    def read(self, value: object, direction: str, place: str, *, opens: bool) -> PeersRead:
        """The list `to` or `from` of one rule, which accepts or does not; raises Unreadable."""
        written = items(value, place)
        if not written:
            raise Unreadable(place, "is empty")
        if len(written) > _MOST:
            raise Unreadable(place, f"has {len(written)} peers, and at most {_MOST} are taken")
        parts: list[Peers] = []
        blocks: list[Intervals] = []
        names: list[ShownNames] = []
        for index, entry in enumerate(written):
            where = f"{place}[{index}]"
            found = mapping(entry, where)
            known_keys(found, _KINDS[direction], where)
            if not found:
                parts.append(self.perhaps_anywhere)
            elif len(found) > 1 and found.keys() != _BOTH:
                raise Unreadable(where, "needs exactly one kind of peer")
            if found.keys() & _POD_KINDS:
                box = read_pods(found, where, optional=EVERY_NAMESPACE)
                parts += [Peers((), (), (box,), (box,))] if box is not None else []
                parts += [Peers((), (), (), ())] if box is None else []
            if "networks" in found:
                block = canonical(_networks(found["networks"], f"{where}.networks"))
                parts.append(Peers(block, block, _NO_PODS, _NO_PODS if opens else self._pods_of(block)))
                blocks.append(block)
            if "nodes" in found:
                read_selector(found["nodes"], f"{where}.nodes")
                parts.append(Peers((), ALL, _NO_PODS, _NO_PODS))
            if "domainNames" in found:
                sure = len(found) == 1
                names.append(_names(found["domainNames"], f"{where}.domainNames", sure=sure))
        return PeersRead(joined_peers(parts) if parts else None, _shown(names) if names else None, tuple(blocks))

    def _pods_of(self, block: Intervals) -> tuple[Box, ...]:
        return _EVERY_POD if intersect(self._pod_addresses, block) else _NO_PODS


def _networks(value: object, place: str) -> list[Interval]:
    return [cidr(entry, f"{place}[{index}]") for index, entry in enumerate(_few(value, place))]


def _names(value: object, place: str, *, sure: bool) -> ShownNames:
    least, most = [], []
    for index, entry in enumerate(_few(value, place)):
        where = f"{place}[{index}]"
        written = text(entry, where)
        try:
            host_names.names_of([written])
        except ValueError as bad:
            raise Unreadable(where, f"{shown(written)} {bad}") from None
        if written == "*":
            raise Unreadable(where, "'*' is every name, which the API does not take")
        most.append(written)
        if sure and written == written.lower().removesuffix("."):
            least.append(written)
    return ShownNames(host_names.names_of(least), host_names.names_of(most))


def _shown(names: list[ShownNames]) -> ShownNames:
    return names_in_any((one.least, one.most) for one in names)


def _few(value: object, place: str) -> list[object]:
    written = items(value, place)
    if not 0 < len(written) <= _MOST:
        raise Unreadable(place, f"has {len(written)} entries, and 1 to {_MOST} are taken" if written else "is empty")
    return written
