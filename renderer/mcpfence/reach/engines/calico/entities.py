"""The other end of a Calico rule: nets, selectors, domains and ports of `source` or `destination`, as bounds.

    nets, notNets                 addresses; of a rule that denies also the pods that have some of them
    selector, namespaceSelector   pods; and sets of addresses (NetworkSet, HostEndpoint) unless it asks for pods alone
    domains                       whatever address one of the names resolves to; an empty list is no list

All that is written must hold together.  What only the cluster can tell (serviceAccounts, services, notSelector) makes
a rule match at least nothing.  Addresses are those outside the pods, as in an ipBlock of a NetworkPolicy: a block that
is allowed holds no pods, unless it is a whole family, and may then; one that is denied may hold those that it covers.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping

from mcpfence.net.addresses import ALL, ALL_V4, ALL_V6, parse_cidr
from mcpfence.net.intervals import EMPTY, Interval, Intervals, canonical, intersect, is_subset, subtract
from mcpfence.reach.documents.fields import Unreadable, items, known_keys, mapping, shown, text
from mcpfence.reach.engines.calico import selectors
from mcpfence.reach.engines.calico.selectors import EVERY, BadSelector, Boxes
from mcpfence.reach.engines.contract import Action, Peers, Ports, ShownNames, exact_peers, names_in_any
from mcpfence.reach.flows import host_names, label_sets, traffic
from mcpfence.structs import Struct

_KEYS = frozenset(
    {
        *("nets", "notNets", "selector", "notSelector", "namespaceSelector", "ports", "notPorts"),
        *("serviceAccounts", "services", "domains"),
    }
)
_UNTOLD = ("notSelector", "notPorts", "serviceAccounts", "services")
"""What narrows a rule to what no manifest tells."""
_RANGE = re.compile(r"([0-9]{1,5})(?::([0-9]{1,5}))?\Z")
_NAME = re.compile(r"[a-zA-Z0-9_.-]{1,128}\Z")


class Entity(Struct):
    """One end of a rule; `sure` is false where it may be less than its peers; `blocks` as in a Rule."""

    peers: Peers
    names: ShownNames | None
    sure: bool
    blocks: tuple[Intervals, ...]


def keys_of(value: object, place: str) -> dict[str, object]:
    """What an end says, without what is empty; raises Unreadable."""
    found = mapping({} if value is None else value, place)
    known_keys(found, _KEYS, place)
    return {key: entry for key, entry in found.items() if entry not in (None, "", [], {})}


def read_entity(
    found: dict[str, object], namespace: str | None, action: Action | None, pod_addresses: Intervals, place: str
) -> Entity:
    """One end of a rule of a policy in `namespace` (None: of a global one); raises Unreadable."""
    sure = not any(key in found for key in _UNTOLD)
    if "domains" in found:
        return _domains(found, action, place)
    addresses = _addresses(found, place)
    if "services" in found:  # its end points may be anything
        return Entity(exact_peers(ALL, (label_sets.EVERYTHING,)), None, sure=False, blocks=())
    boxes = _boxes(found, namespace, place)
    if boxes is not None:
        return Entity(_selected(found, boxes, addresses, pod_addresses), None, sure, ())
    if addresses is None:
        return Entity(exact_peers(ALL, (label_sets.EVERYTHING,)), None, sure, ())
    pods = _pods_of(addresses, pod_addresses, allowed=action is Action.ALLOW, given="nets" in found)
    return Entity(Peers(addresses, addresses, *pods), None, sure, (addresses,))


def _selected(
    found: Mapping[str, object], boxes: Boxes, addresses: Intervals | None, pod_addresses: Intervals
) -> Peers:
    """The pods of some boxes, if their addresses are in the nets; and sets of addresses, where they may be meant."""
    others = ALL if addresses is None else addresses
    selector = found.get("selector")
    if isinstance(selector, str) and selectors.pods_alone(selector):
        others = EMPTY
    all_of_them = addresses is None or is_subset(pod_addresses, addresses)
    most = boxes.most if addresses is None or intersect(pod_addresses, addresses) else ()
    return Peers(EMPTY, others, boxes.least if all_of_them else (), most)


def _pods_of(
    addresses: Intervals, pods: Intervals, *, allowed: bool, given: bool
) -> tuple[tuple[label_sets.Box, ...], tuple[label_sets.Box, ...]]:
    """The pods whose addresses are in a block, at least and at most."""
    every = (label_sets.EVERYTHING,)
    if allowed and given:
        whole = any(is_subset((family,), addresses) for family in (ALL_V4, ALL_V6))
        return (), every if whole else ()
    if is_subset(pods, addresses):
        return every, every
    return (), every if intersect(pods, addresses) else ()


def _domains(found: dict[str, object], action: Action | None, place: str) -> Entity:
    """Names, which stand alone in an egress rule that allows: the API refuses, or should, all else."""
    if action is not Action.ALLOW:
        raise Unreadable(f"{place}.domains", "stands in a rule that does not allow, or not in one of egress")
    if beside := sorted(found.keys() & {"nets", "notNets", "selector", "notSelector", "namespaceSelector", "services"}):
        raise Unreadable(f"{place}.domains", f"stands beside {beside[0]}")
    bounds = []
    for index, entry in enumerate(items(found["domains"], f"{place}.domains")):
        where = f"{place}.domains[{index}]"
        try:
            bounds.append(host_names.pattern_bounds(text(entry, where)))
        except ValueError as bad:
            raise Unreadable(where, f"{shown(entry)} {bad}") from None
    sure = not any(key in found for key in _UNTOLD)
    return Entity(Peers(ALL, ALL, (), ()), names_in_any(bounds), sure, (ALL,))


def _boxes(found: dict[str, object], namespace: str | None, place: str) -> Boxes | None:
    """The pods that selectors select; None without any.  Without a namespaceSelector, those of the own namespace."""
    of_pod, of_namespace = found.get("selector"), found.get("namespaceSelector")
    if of_pod is None and of_namespace is None and not found.keys() & {"serviceAccounts"}:
        return None
    boxes = EVERY
    if of_pod is not None:
        boxes = parsed(of_pod, f"{place}.selector", namespaces=False)
    if of_namespace is not None:
        return selectors.both(parsed(of_namespace, f"{place}.namespaceSelector", namespaces=True), boxes)
    if namespace is None:
        return boxes
    own = (label_sets.pods_in(namespace),)
    return selectors.both(Boxes(own, own), boxes)


def parsed(value: object, place: str, *, namespaces: bool, own: str = "") -> Boxes:
    """A selector as boxes over peers; raises Unreadable."""
    written = text(value, place)
    try:
        return selectors.namespaces(written) if namespaces else selectors.pods(written, own)
    except BadSelector as bad:
        raise Unreadable(place, f"{shown(written)} {bad}") from None


def _addresses(found: dict[str, object], place: str) -> Intervals | None:
    """The addresses of nets and notNets; None where neither is written."""
    if "nets" not in found and "notNets" not in found:
        return None
    whole = _nets(found["nets"], f"{place}.nets") if "nets" in found else ALL
    return subtract(whole, _nets(found["notNets"], f"{place}.notNets")) if "notNets" in found else whole


def _nets(value: object, place: str) -> Intervals:
    entries = items(value, place)
    return canonical(_net(entry, f"{place}[{index}]") for index, entry in enumerate(entries))


def _net(value: object, place: str) -> Interval:
    """A block, or an address that stands for itself; Calico masks host bits."""
    written = text(value, place)
    try:
        network = ipaddress.ip_network(written, strict=False)
        return parse_cidr(str(network))
    except ValueError:
        raise Unreadable(place, f"{shown(written)} is no CIDR block") from None


def read_ports(value: object, protocols: tuple[str, ...], place: str) -> Ports:
    """A list of ports that is not empty, for each of some protocols; raises Unreadable."""
    numbers: list[Interval] = []
    named: set[tuple[str, str]] = set()
    for index, entry in enumerate(items(value, place)):
        where = f"{place}[{index}]"
        if isinstance(entry, bool) or not isinstance(entry, (int, str)):
            raise Unreadable(where, f"is {shown(entry)}, no port")
        match = _RANGE.match(str(entry))
        if match is not None:
            first, last = int(match[1]), int(match[2] or match[1])
            if not 0 <= first <= last <= traffic.LAST_PORT:
                raise Unreadable(where, f"is {shown(entry)}, no range of ports")
            numbers += [traffic.span(protocol, max(first, 1), max(last, 1)) for protocol in protocols]
        elif isinstance(entry, str) and _NAME.match(entry):
            named |= {(protocol, entry) for protocol in protocols}
        else:
            raise Unreadable(where, f"is {shown(entry)}, no port")
    return Ports(canonical(numbers), frozenset(named))
