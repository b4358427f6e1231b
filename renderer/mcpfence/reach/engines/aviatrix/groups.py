"""Smart groups (peers) and web groups (names) of Aviatrix policies, as bounds.

    {cidr: 10.0.0.0/8}                                       addresses, exactly
    {type: k8s, k8sNamespace: data, tags: {app: redis}}      the pods that {namespace data, app=redis} selects, exactly
    {type: vm, ...}, {external: ...}, {s2c: ...}, by uuid    at least nothing, at most everything

A block surely holds pods if it holds every address that pods may have, and may hold some if it holds some of those.
`*.x` is one or more labels below x; `*` is any name; a `*` elsewhere is at least nothing (`names.pattern_bounds`).
"""

from __future__ import annotations

from mcpfence.net.intervals import Interval, Intervals, canonical, intersect, is_subset
from mcpfence.reach.documents.fields import Unreadable, cidr, items, known_keys, mapping, shown, text
from mcpfence.reach.documents.label_selectors import read_labels
from mcpfence.reach.engines.contract import UNKNOWN_PEERS, Peers, ShownNames, joined_peers
from mcpfence.reach.flows import host_names, label_sets
from mcpfence.reach.flows.label_sets import Box

_K8S_KEYS = frozenset({"type", "k8sNamespace", "tags"})
_PLAIN_KEYS = _K8S_KEYS | {"cidr"}
_CLOUD_KEYS = {"external", "extArgs", "s2c", "name", "region", "zone", "accountId", "accountName"}
_SELECTOR_KEYS = _PLAIN_KEYS | _CLOUD_KEYS | {"k8sClusterId", "k8sPodName", "k8sService"}

_Entry = tuple[str, list[object]]


class GroupReader:
    """Reads groups; equal ones are worked out once.  `pod_addresses` are the addresses that pods may have."""

    def __init__(self, pod_addresses: Intervals) -> None:
        self.pod_addresses = pod_addresses
        self._peers: dict[object, Peers] = {}
        self._shown: dict[tuple[str, ...], ShownNames] = {}

    def smart(self, value: object) -> dict[str, Peers]:
        """spec.smartGroups by name; raises Unreadable."""
        found: dict[str, Peers] = {}
        for index, entry in enumerate(items(value, "spec.smartGroups")):
            name, selectors = _entry(entry, f"spec.smartGroups[{index}]", "selectors", found)
            key = _content(selectors)
            peers = self._peers.get(key) if key else None
            if peers is None:
                peers = self._read(selectors, f"spec.smartGroups[{index}].selectors")
                if key:
                    self._peers[key] = peers
            found[name] = peers
        return found

    def web(self, value: object) -> dict[str, ShownNames]:
        """spec.webGroups by name; raises Unreadable."""
        found: dict[str, ShownNames] = {}
        for index, entry in enumerate(items(value, "spec.webGroups")):
            name, domains = _entry(entry, f"spec.webGroups[{index}]", "domains", found)
            place = f"spec.webGroups[{index}].domains"
            patterns = tuple([text(domain, place) for domain in domains])
            shown_ = self._shown.get(patterns)
            if shown_ is None:
                shown_ = self._shown[patterns] = _names(patterns, place)
            found[name] = shown_
        return found

    def join(self, parts: list[Peers]) -> Peers:
        """The union of groups; blocks that only together hold every pod's address hold every pod."""
        joined = joined_peers(parts)
        if len(parts) == 1:
            return joined
        return self._with_pods(joined.least_addresses, joined.most_addresses, joined.least_pods, joined.most_pods)

    def _with_pods(self, least: Intervals, most: Intervals, sure: tuple[Box, ...], may: tuple[Box, ...]) -> Peers:
        if is_subset(self.pod_addresses, least):
            sure = (label_sets.EVERYTHING,)
        if intersect(self.pod_addresses, least):
            may = (label_sets.EVERYTHING,)
        return Peers(least, most, sure, may)

    def _read(self, selectors: list[object], place: str) -> Peers:
        blocks: list[Interval] = []
        others: list[Peers] = []
        for index, entry in enumerate(selectors):
            found = _selector(entry, f"{place}[{index}]")
            if isinstance(found, Peers):
                others.append(found)
            else:
                blocks.append(found)
        least = canonical(blocks)
        return self.join([self._with_pods(least, least, (), ()), *others])


def _entry(value: object, place: str, content: str, taken: dict[str, Peers] | dict[str, ShownNames]) -> _Entry:
    """Name and content of one group; the name must be new."""
    group = mapping(value, place)
    if group.keys() != {"name", content}:
        known_keys(group, frozenset({"name", content}), place)
    name = group.get("name")
    if not isinstance(name, str) or name in taken:
        reason = "stands twice" if isinstance(name, str) else "is no name"
        raise Unreadable(f"{place}.name", f"{shown(name)} {reason}")
    return name, items(group.get(content), f"{place}.{content}")


def _content(selectors: list[object]) -> object:
    """A key for the content of plain selectors; None where they are not plain."""
    parts = []
    for entry in selectors:
        if not isinstance(entry, dict) or not _PLAIN_KEYS.issuperset(entry):
            return None
        tags = entry.get("tags")
        pairs = tuple(tags.items()) if isinstance(tags, dict) else None
        parts.append((tuple(entry), entry.get("cidr"), entry.get("type"), entry.get("k8sNamespace"), pairs))
    key = tuple(parts)
    try:
        hash(key)
    except TypeError:
        return None
    return key


def _selector(value: object, place: str) -> Interval | Peers:
    """A block, or what another kind of selector is."""
    found = mapping(value, place)
    known_keys(found, _SELECTOR_KEYS, place)
    if not found:
        raise Unreadable(place, "is empty")
    if "cidr" in found:
        if len(found) > 1:
            raise Unreadable(place, "has cidr beside other fields")
        return cidr(found["cidr"], f"{place}.cidr")
    kind = found.get("type")
    if kind is not None and not isinstance(kind, str):
        raise Unreadable(f"{place}.type", f"is {shown(kind)}, not a string")
    tags = read_labels(found.get("tags"), f"{place}.tags")
    if kind != "k8s":
        return UNKNOWN_PEERS
    namespace = found.get("k8sNamespace")
    box = label_sets.of_pod(tags)
    if namespace is not None:
        box = label_sets.pods_in(text(namespace, f"{place}.k8sNamespace"), tags)
    return Peers((), (), (box,) if _K8S_KEYS.issuperset(found) else (), (box,))


def _names(patterns: tuple[str, ...], place: str) -> ShownNames:
    most: list[host_names.Names] = []
    plain = []
    for pattern in patterns:
        if pattern == "*":
            return ShownNames(host_names.EVERY_NAME, host_names.EVERY_NAME)
        try:
            low, high = host_names.pattern_bounds(pattern)
        except ValueError as bad:
            raise Unreadable(place, f"{shown(pattern)} {bad}") from None
        if low is high:
            plain.append(pattern)
        else:
            most.append(high)
    exact = host_names.names_of(plain)
    return ShownNames(exact, host_names.union_of([exact, *most]))
