"""What was seen of one thing (a name, an address, pods, on one port), whoever saw it and when: one total for each.

Rows go in flow by flow and come out thing by thing, so that no more than one is in memory.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

from mcpfence.explain.context import View
from mcpfence.observe.addresses import line_address
from mcpfence.observe.attribution import Direction, Peer
from mcpfence.observe.judge import Outcome
from mcpfence.observe.sightings import Observation
from mcpfence.observe.sorting import Row, RowSorter, SetAside
from mcpfence.observe.table import DayTally, Tally
from mcpfence.plan.blocked_ranges import metadata_reason, reasons_against
from mcpfence.structs import Struct

_ADDRESSES = 20
"""So many addresses of one thing are kept, and as many again for which nothing is proposed."""


class SeenTarget(Struct):
    """What is told of as one thing: a name, an address, pods, on one port."""

    direction: Direction
    peer: Peer
    """Without the address where a name or pods stand for it."""
    protocol: str
    port: int
    why: str = ""
    """Why it is unknown."""

    @property
    def order(self) -> Row:
        """Where it stands among others."""
        peer = self.peer
        where = (peer.kind, peer.names, peer.namespace, peer.labels, peer.address)
        return (self.direction, *where, self.protocol, self.port, self.why)


class Evidenced(Struct):
    """What was seen of one thing."""

    tally: Tally
    days: tuple[int, ...]
    """Ascending; 0 where records have no time."""
    pods: int
    addresses: tuple[str, ...]
    """Some of them, ascending."""
    audited: bool = False


class Told(Struct):
    """All that came out of one thing, by outcome."""

    fence: int
    """The number of the fence."""
    group: str
    """What it is one of many of."""
    outcomes: Sequence[tuple[Outcome, SeenTarget, Evidenced]]


class TargetTallies:
    """Filled with judged observations, then read thing by thing."""

    def __init__(self, view: View, aside: SetAside) -> None:
        self._view = view
        self._numbers = {(fence.kind, fence.name): number for number, fence in enumerate(view.fences)}
        self._rows = RowSorter(aside)

    def add(self, seen: Observation, outcome: Outcome, why: str, days: Sequence[DayTally]) -> None:
        """One observation, and what the judge says of it."""
        peer, address = seen.peer, seen.peer.address
        if peer.kind == "pods" or peer.named or len(peer.names) > 1:
            peer = peer._replace(address="")
        number = self._numbers[seen.fence.kind, seen.fence.name]
        what = (number, seen.direction, group_of(seen.direction, peer), tuple(peer), seen.protocol, seen.port)
        times = (tuple(day[0] for day in days), sum(day[1] for day in days), _first(days), max(day[3] for day in days))
        self._rows.add((what, outcome, why, seen.pod, address, seen.verdict == "audit", times))

    def __iter__(self) -> Iterator[Told]:
        for what, rows in groupby(self._rows, key=lambda row: row[0]):
            number, direction, group, plain, protocol, port = what
            found = []
            for (outcome, why), alike in groupby(rows, key=lambda row: row[1:3]):
                target = SeenTarget(direction, Peer(*plain), protocol, port, why)
                found.append((outcome, target, self._joined(alike)))
            yield Told(number, group, found)

    def _joined(self, rows: Iterable[Row]) -> Evidenced:
        """All rows of one thing, in the order of pods and addresses."""
        tally, days, pods, last, audited = None, set[int](), 0, None, False
        addresses: dict[str, None] = {}
        for _, _, _, pod, address, audit, (seen_days, *times) in rows:
            tally = Tally(*times) if tally is None else tally.joined(Tally(*times))
            days.update(seen_days)
            pods, last = pods + (pod != last), pod
            audited |= audit
            self._keep(addresses, address)
        return Evidenced(tally or Tally(0, 0, 0), tuple(sorted(days)), pods, tuple(sorted(addresses)), audited)

    def _keep(self, kept: dict[str, None], address: str) -> None:
        """Keep some addresses of one thing; however many: one at least for which nothing is proposed."""
        if not address or address in kept:
            return
        if len(kept) < _ADDRESSES or (len(kept) < 2 * _ADDRESSES and _is_never_proposed(self._view, address)):
            kept[address] = None


def _first(days: Sequence[DayTally]) -> int:
    return min(day[2] for day in days)


def _is_never_proposed(view: View, address: str) -> bool:
    at = line_address(address)
    return at is not None and bool(metadata_reason(at) or reasons_against(at, view.catalog))


def group_of(direction: Direction, peer: Peer) -> str:
    """What things have in common of which there may be many: `to addresses in 192.0.0.0/16`."""
    return f"{'to' if direction == 'egress' else 'from'} {_peers_like(peer)}"


def _peers_like(peer: Peer) -> str:
    if peer.kind == "pods":
        return f"pods of namespace {peer.namespace}"
    if peer.named:
        return names_below(peer.names[0])
    if peer.names:
        return "addresses that have several names"
    if peer.address:
        return addresses_around(peer.address)
    return "public addresses that the log does not name" if peer.kind == "outside" else "ends that are not known"


def names_below(name: str) -> str:
    """`names below example.com`, by the last two labels."""
    base = ".".join(name.rsplit(".", 2)[-2:])
    return f"names below {base}" if base != name else f"name {name}"


def addresses_around(address: str) -> str:
    """`addresses in 192.0.0.0/16`, of IPv6 a /32."""
    if ":" not in address:
        return f"addresses in {'.'.join(address.split('.')[:2])}.0.0/16"
    first, second = (f"{address.partition('::')[0]}:0:0".split(":"))[:2]
    return f"addresses in {first or '0'}:{second or '0'}::/32"
