"""Rows of the flow table as flows of the catalog's pods: whose they are, and what is at the other end.

Names that DNS told are put in later (sightings.py), when flows are in the order of pods and addresses.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import Literal

from mcpfence.explain.context import View
from mcpfence.findings.finding import quote
from mcpfence.kube.services import ServiceRecord, Unresolved, port_by_name
from mcpfence.net.intervals import canonical, contains
from mcpfence.observe.addresses import line_address
from mcpfence.observe.record import FlowEnd
from mcpfence.observe.snapshot import Snapshot
from mcpfence.observe.table import DayTally, FlowKey, Tally
from mcpfence.plan.fence import Fence
from mcpfence.proof.prove import box_of
from mcpfence.reach.flows import label_sets
from mcpfence.structs import Struct

Direction = Literal["egress", "ingress"]
LabelPairs = tuple[tuple[str, str], ...]


class Peer(Struct):
    """The other end: pods by namespace and labels, or an address, with the names that it may stand for."""

    kind: Literal["pods", "address", "outside", "node", "unknown"]
    """`outside`: some public address that the log does not name; `node`: the cluster's own nodes."""
    namespace: str = ""
    labels: LabelPairs = ()
    address: str = ""
    names: tuple[str, ...] = ()
    named: bool = False
    """Whether the one name is sure."""
    why: str = ""
    """Why nothing is known of it."""


class OwnPod(Struct):
    """An end that is known to be a pod."""

    namespace: str
    name: str
    labels: LabelPairs


class FlowSide(Struct):
    """A flow from the side of one fence's pod, on some days."""

    fence: Fence
    direction: Direction
    pod: OwnPod
    peer: Peer
    port: int
    days: Sequence[DayTally]


_KEPT = 20_000
"""So many answers of one kind are kept."""


class Attribution:
    """Answers whose an end was; asked once for each row, so what is found out of labels is kept."""

    def __init__(self, view: View, snapshot: Snapshot) -> None:
        self._snapshot = snapshot
        self._fences = view.fences
        cluster = view.catalog.cluster
        self._nodes = canonical((*cluster.nodes, *cluster.control_plane))
        self._services = canonical(cluster.services)
        self._known: dict[tuple[str, LabelPairs], Fence | None] = {}
        self._ends: dict[FlowEnd, OwnPod | None] = {}

    def client_of(self, end: FlowEnd, tally: Tally) -> tuple[str, str] | None:
        """The pod that asked DNS, as namespace and name; None where it is no pod that is known."""
        pod = self._pod(end, tally.first, tally.last)
        return (pod.namespace, pod.name) if pod and pod.name else None

    def sides(self, key: FlowKey, days: Sequence[DayTally]) -> Iterator[FlowSide]:
        """A row from the side of each end that is a fence's pod, for all days in which the ends were the same."""
        for (source, destination), part in self._stretches(key, days):
            ours = self._fence_of(source)
            if ours is not None and source is not None and ours.kind != "service":
                peer, port = self._called(key, destination)
                yield FlowSide(ours, "egress", source, peer, port, part)
            theirs = self._fence_of(destination)
            if theirs is not None and destination is not None:
                yield FlowSide(theirs, "ingress", destination, self._caller(key, source), key.port, part)

    def _stretches(
        self, key: FlowKey, days: Sequence[DayTally]
    ) -> Iterator[tuple[tuple[OwnPod | None, OwnPod | None], Sequence[DayTally]]]:
        """Days in turn, parted where an address changes its owner."""
        if not (self._changes(key.source) or self._changes(key.destination)):
            _, _, first, last = days[0]
            yield (self._pod(key.source, first, last), self._pod(key.destination, first, last)), days
            return
        owned = (
            ((self._pod(key.source, day[2], day[3]), self._pod(key.destination, day[2], day[3])), day) for day in days
        )
        for pods, part in groupby(owned, key=lambda item: item[0]):
            yield pods, [day for _, day in part]

    def _changes(self, end: FlowEnd) -> bool:
        """Whether it depends on the time whose an end was."""
        return not end.namespace and end.address in self._snapshot.owners

    def _pod(self, end: FlowEnd, first: int, last: int) -> OwnPod | None:
        if end.namespace:
            if end not in self._ends:
                if len(self._ends) >= _KEPT:
                    self._ends.clear()
                labels = _pairs(end.labels) or self._snapshot.labels_of(end)
                self._ends[end] = OwnPod(end.namespace, end.pod, labels) if labels is not None else None
            return self._ends[end]
        owner = self._snapshot.owner(end.address, first, last) if end.address else None
        return OwnPod(owner.namespace, owner.pod, owner.labels) if owner else None

    def _fence_of(self, pod: OwnPod | None) -> Fence | None:
        if pod is None:
            return None
        key = (pod.namespace, pod.labels)
        if key not in self._known:
            if len(self._known) >= _KEPT:
                self._known.clear()
            self._known[key] = fence_of(self._fences, pod.namespace, dict(pod.labels))
        return self._known[key]

    def _called(self, key: FlowKey, pod: OwnPod | None) -> tuple[Peer, int]:
        """What was called, and on which port of it: a Service's port is that of the pods behind it."""
        end = key.destination
        if pod is not None:
            return Peer("pods", pod.namespace, pod.labels, end.address), key.port
        service = self._snapshot.service_at(end)
        if service is not None:
            return self._behind(service, key)
        if end.service or end.namespace:
            what = f"Service {end.service}" if end.service else f"a pod {end.pod or ''} of namespace {end.namespace}"
            flag = "--services" if end.service else "--pods"
            return Peer("unknown", why=f"{what}, whose labels are not known: give {flag}"), key.port
        return self._at_address(key), key.port

    def _behind(self, service: tuple[tuple[str, str], ServiceRecord], key: FlowKey) -> tuple[Peer, int]:
        (namespace, name), record = service
        title = f"Service {namespace}/{name}"
        port = next((p for p in record.ports if p.port == key.port and p.protocol == key.protocol), None)
        pods = [
            pod
            for pod in self._snapshot.services.pods.get(namespace, ())
            if record.selector and all(pod.labels.get(k) == v for k, v in record.selector.items())
        ]
        if port is None or not record.selector:
            lacks = f"port {key.port}" if record.selector else "selector"
            return Peer("unknown", why=f"{title}, which has no {lacks}"), key.port
        try:
            target = (
                port.target if isinstance(port.target, int) else port_by_name(port.protocol, port.target, pods).first
            )
        except Unresolved:
            why = f"{title}, whose port {quote(port.target)} no pod of --pods tells"
            return Peer("unknown", why=why), key.port
        shared = set(record.selector.items()) if not pods else set.intersection(*(set(p.labels.items()) for p in pods))
        return Peer("pods", namespace, tuple(sorted(shared)), key.destination.address), target

    def _at_address(self, key: FlowKey) -> Peer:
        end = key.destination
        if not end.address:
            told = end.labels == PUBLIC_NETWORK
            return Peer("outside") if told else Peer("unknown", why="an end of which the log says nothing")
        if end.address in self._snapshot.owners:
            why = f"{end.address}, which several pods had, or none yet"
            return Peer("unknown", address=end.address, why=why)
        at = line_address(end.address)
        if at is not None and contains(self._services, at):
            why = f"{end.address}, an address of a Service: give --services"
            return Peer("unknown", address=end.address, why=why)
        sure = key.evidence == "sni" or len(key.names) == 1
        return Peer("address", address=end.address, names=key.names, named=sure and bool(key.names))

    def _caller(self, key: FlowKey, pod: OwnPod | None) -> Peer:
        end = key.source
        if pod is not None:
            return Peer("pods", pod.namespace, pod.labels, end.address)
        at = line_address(end.address) if end.address else None
        node = end.labels.startswith("reserved:") and "reserved:world" not in end.labels
        if node or end.address in self._snapshot.node_addresses or (at is not None and contains(self._nodes, at)):
            return Peer("node", address=end.address)
        if end.namespace:
            why = f"a pod {end.pod} of namespace {end.namespace}, whose labels are not known: give --pods"
            return Peer("unknown", why=why)
        if at is None:
            return Peer("outside") if end.labels == PUBLIC_NETWORK else Peer("unknown", why="an end without address")
        if end.address in self._snapshot.owners:
            return Peer("unknown", why=f"{end.address}, which several pods had, or none yet")
        return Peer("address", address=end.address)


PUBLIC_NETWORK = "reserved:world"
"""The labels of an end that is outside of the cluster, where a log has no address of it."""


def fence_of(fences: tuple[Fence, ...], namespace: str, labels: Mapping[str, str]) -> Fence | None:
    """The fence whose pods have these labels; selectors of fences are disjoint."""
    for fence in fences:
        if fence.namespace == namespace and any(label_sets.matches(box_of(one), labels) for one in fence.selectors):
            return fence
    return None


def _pairs(text: str) -> LabelPairs:
    """`app=github,tier=web` as pairs; what is reserved is no label."""
    return tuple(
        (key, value)
        for key, sign, value in (part.partition("=") for part in text.split(","))
        if sign and not key.startswith("reserved:")
    )
