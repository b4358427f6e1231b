"""Rows of the flow table as flows of the catalog's pods: whose they are, and what is at the other end."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Literal

from mcpfence.explain.context import View
from mcpfence.findings.finding import quote
from mcpfence.kube.services import ServiceRecord, Unresolved, port_by_name
from mcpfence.net.intervals import canonical, contains
from mcpfence.observe.addresses import line_address
from mcpfence.observe.answers import AnswerBook
from mcpfence.observe.record import FlowEnd, FlowVerdict
from mcpfence.observe.snapshot import Snapshot
from mcpfence.observe.table import FlowKey, Tally
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


class Observation(Struct):
    """One row from the side of one fence."""

    fence: Fence
    direction: Direction
    pod: str
    peer: Peer
    protocol: str
    port: int
    verdict: FlowVerdict
    oriented: bool
    day: int
    tally: Tally


class _Pod(Struct):
    """An end that is known to be a pod."""

    namespace: str
    name: str
    labels: LabelPairs


class Attribution:
    """Answers whose an end was; asked once for each row, so what is found out of labels is kept."""

    def __init__(self, view: View, snapshot: Snapshot) -> None:
        self._snapshot = snapshot
        self._fences = view.fences
        cluster = view.catalog.cluster
        self._nodes = canonical((*cluster.nodes, *cluster.control_plane))
        self._services = canonical(cluster.services)
        self._known: dict[tuple[str, LabelPairs], Fence | None] = {}

    def client_of(self, end: FlowEnd, tally: Tally) -> tuple[str, str] | None:
        """The pod that asked DNS, as namespace and name; None where it is no pod that is known."""
        pod = self._pod(end, tally)
        return (pod.namespace, pod.name) if pod and pod.name else None

    def observations(self, key: FlowKey, tally: Tally, book: AnswerBook) -> Iterator[Observation]:
        """A row from the side of each end that is a fence's pod."""
        source, destination = self._pod(key.source, tally), self._pod(key.destination, tally)
        ours = self._fence_of(source)
        if ours is not None and source is not None and ours.kind != "service":
            peer, port = self._called(key, tally, destination, source, book)
            yield self._seen(ours, "egress", source, peer, key._replace(port=port), tally)
        theirs = self._fence_of(destination)
        if theirs is not None and destination is not None:
            yield self._seen(theirs, "ingress", destination, self._caller(key, source), key, tally)

    def _seen(
        self, fence: Fence, direction: Direction, pod: _Pod, peer: Peer, key: FlowKey, tally: Tally
    ) -> Observation:
        name = pod.name or pod.namespace
        return Observation(
            fence, direction, name, peer, key.protocol, key.port, key.verdict, key.oriented, key.day, tally
        )

    def _pod(self, end: FlowEnd, tally: Tally) -> _Pod | None:
        if end.namespace:
            labels = _pairs(end.labels)
            if labels:
                return _Pod(end.namespace, end.pod, labels)
            found = self._snapshot.labels_of(end)
            return _Pod(end.namespace, end.pod, found) if found is not None else None
        owner = self._snapshot.owner(end.address, tally.first, tally.last) if end.address else None
        return _Pod(owner.namespace, owner.pod, owner.labels) if owner else None

    def _fence_of(self, pod: _Pod | None) -> Fence | None:
        if pod is None:
            return None
        key = (pod.namespace, pod.labels)
        if key not in self._known:
            self._known[key] = fence_of(self._fences, pod.namespace, dict(pod.labels))
        return self._known[key]

    def _called(self, key: FlowKey, tally: Tally, pod: _Pod | None, caller: _Pod, book: AnswerBook) -> tuple[Peer, int]:
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
        return self._at_address(key, tally, caller, book), key.port

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

    def _at_address(self, key: FlowKey, tally: Tally, caller: _Pod, book: AnswerBook) -> Peer:
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
        if key.names:
            sure = key.evidence == "sni" or len(key.names) == 1
            return Peer("address", address=end.address, names=key.names, named=sure)
        found = book.names_of((caller.namespace, caller.name), end.address, tally.first, tally.last)
        late = "" if found.before or not found.names else "no answer of DNS before it tells its name"
        named = found.before and len(found.names) == 1
        return Peer("address", address=end.address, names=found.names, named=named, why=late)

    def _caller(self, key: FlowKey, pod: _Pod | None) -> Peer:
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
