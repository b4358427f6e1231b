"""Reach: the exact set of flows that one subject may have in one direction.

A flow is (peer, protocol, port, name).  Peers are of two kinds that never overlap: addresses (both families on one
line of whole numbers), and pods (boxes over the labels of the pod and its namespace).  An ipBlock or a CIDR group
speaks of addresses, a selector of pods; "everywhere" is both.

Sets are closed under `union`, `intersect` and `minus`; `within` and `witness` answer what the proof asks.  The address
part is canonical.  The pod part is in a normal form (sorted, equal boxes joined, covered ones dropped); two different
forms of one set are possible, so ask `same`, which is exact, and not `==`, which is only quick.  Operations on
identical objects cost nothing, and results are cached by the objects' values with hashes computed once.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Final

from mcpfence.net import addresses as line
from mcpfence.net.intervals import Intervals, contains
from mcpfence.reach.flows import host_names, interval_map, label_sets, traffic
from mcpfence.reach.flows.interval_map import Grouped
from mcpfence.reach.flows.label_sets import Box
from mcpfence.reach.flows.traffic import Traffic
from mcpfence.structs import Struct


class TooManyParts(Exception):
    """Label sets overlap in so many ways that what they have in common cannot be worked out in reasonable time.

    Boxes that speak of different keys have no short difference: of n of them with two keys each it has 2^n parts.
    """

    def __init__(self) -> None:
        super().__init__("label selectors overlap in more ways than could be looked at")


_MOST_PARTS = 2_000
"""So many parts of one box are cut; a part takes up to a millisecond."""

_SMALL = 64
"""Up to so many boxes each is compared with each, to drop those that another one covers."""


class Reach:
    """A set of flows; make it with `reach_of` or the operations below."""

    __slots__ = ("_hash", "addresses", "pods")

    def __init__(self, addresses: Grouped[Traffic] = (), pods: tuple[tuple[Box, Traffic], ...] = ()) -> None:
        self.addresses: Final = addresses
        self.pods: Final = pods
        self._hash: Final = hash((addresses, pods))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Reach):
            return NotImplemented
        return self.addresses == other.addresses and self.pods == other.pods

    def __hash__(self) -> int:
        return self._hash

    def __bool__(self) -> bool:
        """Whether there is any flow."""
        return bool(self.addresses or self.pods)


class Packet(Struct):
    """One concrete flow: an address, or the labels of a pod and its namespace; name "" where none shows."""

    protocol: str
    port: int | None
    address: int | None = None
    namespace: tuple[tuple[str, str], ...] = ()
    pod: tuple[tuple[str, str], ...] = ()
    name: str = ""

    @property
    def text(self) -> str:
        """As messages show it: `203.0.113.7 TCP 443 as api.example.com`."""
        if self.address is not None:
            peer = line.format_address(self.address)
        else:
            peer = f"a pod {_labels(self.pod)} in a namespace {_labels(self.namespace)}"
        port = f" {self.port}" if self.port is not None else ""
        return f"{peer} {self.protocol}{port}" + (f" as {self.name}" if self.name else "")


def reach_of(addresses: Intervals = (), pods: Iterable[Box] = (), allowed: Traffic = traffic.EVERYTHING) -> Reach:
    """The same traffic with all these addresses and pods."""
    if not allowed:
        return NOTHING
    return Reach(((addresses, allowed),) if addresses else (), _normal((box, allowed) for box in pods))


NOTHING = Reach()
EVERYTHING = Reach(((line.ALL, traffic.EVERYTHING),), ((label_sets.EVERYTHING, traffic.EVERYTHING),))


@lru_cache(maxsize=16384)
def union(left: Reach, right: Reach) -> Reach:
    """What is in either."""
    if left is right or not right or left is EVERYTHING:
        return left
    if not left or right is EVERYTHING:
        return right
    return Reach(interval_map.combine(left.addresses, right.addresses, _either), _normal((*left.pods, *right.pods)))


def union_of(parts: Iterable[Reach]) -> Reach:
    """What is in any of the parts, in one pass over their pods."""
    found = list(parts)
    addresses = interval_map.combine_all([part.addresses for part in found if part.addresses], _either)
    return Reach(addresses, _normal(item for part in found for item in part.pods)) if found else NOTHING


@lru_cache(maxsize=16384)
def intersect(left: Reach, right: Reach) -> Reach:
    """What is in both."""
    if left is right or right is EVERYTHING or not left:
        return left
    if left is EVERYTHING or not right:
        return right
    common: list[tuple[Box, Traffic]] = []
    for ours, ours_allowed in left.pods:
        for theirs, theirs_allowed in right.pods:
            allowed = traffic.intersect(ours_allowed, theirs_allowed)
            box = label_sets.intersect(ours, theirs) if allowed else None
            if box is not None:
                common.append((box, allowed))
    return Reach(interval_map.combine(left.addresses, right.addresses, _both), _normal(common))


@lru_cache(maxsize=16384)
def minus(left: Reach, right: Reach) -> Reach:
    """What of `left` is not in `right`; raises TooManyParts."""
    if left is right or right is EVERYTHING or not left:
        return NOTHING
    if not right:
        return left
    taken = dict(right.pods)
    pieces = [piece for box, allowed in left.pods for piece in _cut(box, allowed, taken)]
    return Reach(interval_map.combine(left.addresses, right.addresses, _less), _normal(pieces))


def minus_at_most(left: Reach, right: Reach) -> Reach:
    """What of `left` is not in `right`, or a little more: pods stand whole where the difference has too many parts."""
    try:
        return minus(left, right)
    except TooManyParts:
        taken = dict(right.pods)
        pieces = [(box, rest) for box, allowed in left.pods if (rest := _left_over(box, allowed, taken)[0])]
        return Reach(interval_map.combine(left.addresses, right.addresses, _less), _normal(pieces))


@lru_cache(maxsize=16384)
def within(left: Reach, right: Reach) -> bool:
    """Whether every flow of `left` is one of `right`."""
    return witness_outside(left, right) is None


def same(left: Reach, right: Reach) -> bool:
    """Whether both are the same set of flows."""
    return left == right or (within(left, right) and within(right, left))


def witness(reach: Reach) -> Packet | None:
    """One flow of the set, the most telling one that is at hand; None where there is none."""
    if reach.addresses:
        members, allowed = reach.addresses[0]
        for candidate, may in reach.addresses:
            if any(contains(candidate, address) for address in _TELLING):
                members, allowed = candidate, may
                break
        address = next((item for item in _TELLING if contains(members, item)), members[0][0])
        point, name = traffic.sample(allowed)
        protocol, port = traffic.decode(point)
        return Packet(address=address, protocol=protocol, port=port, name=name)
    return _pod_packet(label_sets.sample(reach.pods[0][0]), reach.pods[0][1]) if reach.pods else None


@lru_cache(maxsize=16384)
def witness_outside(left: Reach, right: Reach) -> Packet | None:
    """One flow of `left` that is not in `right`; None where there is none.  Never builds the whole difference.

    Raises TooManyParts.
    """
    if left is right or right is EVERYTHING:
        return None
    outside = interval_map.combine(left.addresses, right.addresses, _less)
    if outside:
        return witness(Reach(outside))
    taken = _joined(right.pods)
    for box, allowed in _joined(left.pods).items():
        found = _escape(box, allowed, taken)
        if found is not None:
            return found
    return None


def of_caller(packet: Packet, left: Reach, right: Reach) -> Packet:
    """A flow of `left` that is not in `right`, from an address that callers have where one of those is such a flow."""
    others = (packet._replace(address=address) for address in _CALLERS if packet.address is not None)
    return next((one for one in others if includes(left, one) and not includes(right, one)), packet)


def includes(reach: Reach, packet: Packet) -> bool:
    """Whether a concrete flow is in the set."""
    point = traffic.span(packet.protocol, packet.port or 1, packet.port or 1)[0]
    if packet.address is not None:
        allowed = interval_map.value_at(reach.addresses, packet.address)
        return allowed is not None and _passes(allowed, point, packet.name)
    namespace, pod = dict(packet.namespace), dict(packet.pod)
    for box, allowed in reach.pods:
        of_namespace, of_pod = label_sets.split_peer(box)
        if (
            label_sets.matches(of_namespace, namespace)
            and label_sets.matches(of_pod, pod)
            and _passes(allowed, point, packet.name)
        ):
            return True
    return False


_TELLING = tuple(
    line.parse_address(text)
    for text in ("169.254.169.254", "10.0.0.1", "192.168.0.1", "1.1.1.1", "fd00:ec2::254", "2606:4700:4700::1111")
)
"""Addresses that people recognise, in the order in which they make a point."""
_CALLERS = tuple(line.parse_address(text) for text in ("10.0.0.1", "192.168.0.1", "1.1.1.1"))
"""Nobody is called by a metadata endpoint."""


def _passes(allowed: Traffic, point: int, name: str) -> bool:
    found = interval_map.value_at(allowed, point)
    return found is not None and host_names.contains(found, name)


def _normal(items: Iterable[tuple[Box, Traffic]]) -> tuple[tuple[Box, Traffic], ...]:
    joined: dict[Box, Traffic] = {}
    for box, allowed in items:
        joined[box] = traffic.union(joined[box], allowed) if box in joined else allowed
    if len(joined) > 1:
        rows = list(joined.items()) if len(joined) <= _SMALL else [(box, t) for box, t in joined.items() if not box]
        for wide, most in rows:
            for box, allowed in list(joined.items()):
                if box != wide and label_sets.covers(wide, box) and not traffic.minus(allowed, most):
                    del joined[box]
    if len(joined) == 1:
        return tuple(joined.items())
    return tuple(sorted(joined.items(), key=_order))


def _joined(pods: tuple[tuple[Box, Traffic], ...]) -> dict[Box, Traffic]:
    """The same flows in fewer boxes, where the boxes of one traffic differ in the values of one key alone.

    One side may list thousands of pods by name in one selector, the other one each in a selector of its own.
    """
    if len(pods) < 2:
        return dict(pods)
    alike: dict[Traffic, list[Box]] = {}
    for box, allowed in pods:
        alike.setdefault(allowed, []).append(box)
    joined: dict[Box, Traffic] = {}
    for allowed, boxes in alike.items():
        for box in label_sets.join(boxes):
            joined[box] = traffic.union(joined[box], allowed) if box in joined else allowed
    return joined


def _order(item: tuple[Box, Traffic]) -> tuple[object, ...]:
    return label_sets.order(item[0])


def _without(box: Box, allowed: Traffic, hole: Box, taken: Traffic) -> list[tuple[Box, Traffic]]:
    """What of one box and its traffic is left when another one is taken out."""
    rest = traffic.minus(allowed, taken)
    if rest == allowed:
        return [(box, allowed)]
    inside = label_sets.intersect(box, hole)
    if inside is None:
        return [(box, allowed)]
    pieces = [(piece, allowed) for piece in label_sets.cut(box, hole)]
    return [*pieces, (inside, rest)] if rest else pieces


def _left_over(box: Box, allowed: Traffic, holes: Mapping[Box, Traffic]) -> tuple[Traffic, list[tuple[Box, Traffic]]]:
    """The traffic of a box that no hole around all of it takes, and the holes that take some of that from a part of it.

    Mostly a box stands among the holes itself: then nothing has to be cut, nor compared with the others.
    """
    equal = holes.get(box)
    rest = traffic.minus(allowed, equal) if equal is not None else allowed
    inner: list[tuple[Box, Traffic]] = []
    for hole, taken in holes.items() if rest else ():
        if label_sets.covers(hole, box):
            rest = traffic.minus(rest, taken)
        elif label_sets.intersect(hole, box) is not None:
            inner.append((hole, taken))
    return rest, [(hole, taken) for hole, taken in inner if traffic.intersect(rest, taken)] if rest else []


def _cut(box: Box, allowed: Traffic, holes: Mapping[Box, Traffic]) -> list[tuple[Box, Traffic]]:
    """What of one box and its traffic is left when the holes are taken out; raises TooManyParts."""
    rest, inner = _left_over(box, allowed, holes)
    pieces = [(box, rest)] if rest else []
    for hole, taken in inner:
        pieces = [part for piece in pieces for part in _without(*piece, hole, taken)]
        if len(pieces) > _MOST_PARTS:
            raise TooManyParts
    return pieces


def _escape(box: Box, allowed: Traffic, holes: Mapping[Box, Traffic]) -> Packet | None:
    """A flow of one box with its traffic that lies in none of the holes, found depth first; raises TooManyParts.

    A sample of each part is tried before it is cut, and it is cut by a hole that holds the sample: thousands of boxes
    that each miss it then cost no cutting at all.
    """
    rest, inner = _left_over(box, allowed, holes)
    stack = [(box, rest)] if rest else []
    for _ in range(_MOST_PARTS):
        if not stack:
            return None
        box, allowed = stack.pop()
        labels = label_sets.sample(box)
        rest, cutting = allowed, None
        for hole, taken in inner:
            if label_sets.matches(hole, labels):
                left = traffic.minus(rest, taken)
                if left != rest:
                    rest, cutting = left, (hole, taken)
        if rest or cutting is None:
            return _pod_packet(labels, rest)
        stack += _without(box, allowed, *cutting)
    raise TooManyParts


def _pod_packet(labels: Mapping[str, str], allowed: Traffic) -> Packet:
    namespace, pod = label_sets.split_labels(labels)
    point, name = traffic.sample(allowed)
    protocol, port = traffic.decode(point)
    return Packet(namespace=namespace, pod=pod, protocol=protocol, port=port, name=name)


def _labels(labels: tuple[tuple[str, str], ...]) -> str:
    return f"with {','.join(f'{key}={value}' for key, value in labels)}" if labels else "without labels"


def _either(left: Traffic | None, right: Traffic | None) -> Traffic | None:
    if left is None:
        return right
    return left if right is None else traffic.union(left, right)


def _both(left: Traffic | None, right: Traffic | None) -> Traffic | None:
    return (traffic.intersect(left, right) or None) if left is not None and right is not None else None


def _less(left: Traffic | None, right: Traffic | None) -> Traffic | None:
    if left is None or right is None:
        return left
    return traffic.minus(left, right) or None
