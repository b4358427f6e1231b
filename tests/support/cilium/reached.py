"""What mcpfence.reach says to the same questions, by each of its evaluators, in the same letters as the judge."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import NamedTuple

from cilium.asking import values_of
from cilium.judge import Document, Point, Question
from mcpfence.net.addresses import parse_address
from mcpfence.net.intervals import Intervals, contains, union
from mcpfence.reach.connectivity.connections import Connectivity, connections
from mcpfence.reach.connectivity.outside import Outside
from mcpfence.reach.connectivity.workloads import ClusterWorkload, named_ports
from mcpfence.reach.evaluation.deciding_rules import deciding_rules
from mcpfence.reach.evaluation.evaluator import Evaluator, Pod, Subject
from mcpfence.reach.evaluation.policy_set import read_policies
from mcpfence.reach.flows import flows, interval_map, label_sets, traffic
from mcpfence.reach.flows.bounds import exact
from mcpfence.reach.flows.flows import Packet, Reach
from mcpfence.reach.flows.label_sets import Box

METADATA_NAME = "kubernetes.io/metadata.name"
LETTERS = {("1", "1"): "a", ("1", "0"): "e", ("0", "1"): "i", ("0", "0"): "n"}


class End(NamedTuple):
    """A pod as the evaluators know it: who it is as a peer, and what its own two directions allow."""

    subject: Subject
    peer: dict[str, str]
    egress: Reach
    ingress: Reach


class Reached:
    """One set of manifests, read by the evaluators."""

    def __init__(self, documents: Sequence[Document]) -> None:
        self.found = read_policies(documents)
        assert not self.found.problems, self.found.problems
        self.connectivity: Connectivity = connections(documents)
        self.evaluator = Evaluator(self.found)
        labels = {
            one["metadata"]["name"]: one["metadata"].get("labels", {})
            for one in documents
            if one["kind"] == "Namespace"
        }
        keys = {key for found in values_of(documents, "matchLabels") for key in found}
        keys |= set(values_of([list(values_of(documents, "matchExpressions"))], "key"))
        self.ends = {
            f"{one.namespace}/{one.name}": self._end(one, keys, labels.get(one.namespace, {}))
            for one in self.connectivity.workloads.values()
        }

    def _end(self, one: ClusterWorkload, keys: set[str], namespace: dict[str, str]) -> End:
        """The answers for all pods with these labels and no others that count, and for the one pod, are the same."""
        own = dict(one.labels)
        box = tuple(
            (key, label_sets.one_of([own[key]]) if key in own else label_sets.MISSING) for key in sorted({*keys, *own})
        )
        ports = named_ports(one.ports)
        subject = Subject(one.namespace, box, ports)
        egress, ingress = self.evaluator.egress(subject), self.evaluator.ingress(subject)
        pod = Pod(one.namespace, tuple(sorted(one.labels)), ports)
        again = self.evaluator.egress(pod), self.evaluator.ingress(pod)
        assert exact(ingress)
        assert flows.same(egress.least, again[0].least)
        assert flows.same(ingress.least, again[1].least)
        peer = _placed(label_sets.in_namespace, {**namespace, METADATA_NAME: one.namespace}) | _placed(
            label_sets.of_pod, own
        )
        return End(subject, peer, egress.least, ingress.least)

    def verdicts(self, question: Question) -> str:
        """One letter for each source, destination and point, as the judge has them."""
        rows = []
        for source in question.sources:
            for target in question.targets:
                out = self._row(source, target, "egress", question.points)
                into = self._row(target, source, "ingress", question.points)
                rows.append(_letters(out, into))
        return "".join(rows)

    def _row(self, me: str, peer: str, direction: str, points: tuple[Point, ...]) -> str:
        if me not in self.ends:
            return "1" * len(points)
        reach: Reach = getattr(self.ends[me], direction)
        if peer in self.ends:
            return _bits(points_with(reach, self.ends[peer].peer), points)
        found = interval_map.value_at(reach.addresses, parse_address(peer))
        return _bits(traffic.points_of(found) if found else (), points)

    def blamed(self, me: str, peer: str, direction: str, point: Point) -> set[str]:
        """The policies of one end whose rules allow a flow; empty where no policy speaks of it or none allows it."""
        protocol, port = point
        if peer in self.ends:
            namespace, pod = label_sets.split_labels(self.ends[peer].peer)
            packet = Packet(namespace=namespace, pod=pod, protocol=protocol, port=port)
        else:
            packet = Packet(address=parse_address(peer), protocol=protocol, port=port)
        found = deciding_rules(self.evaluator, self.ends[me].subject, direction, packet)
        return {one.policy for one in found if one.allows}

    def connected(self, question: Question) -> str:
        """What `mcpfence reach` shows: one bit for each source, destination and point."""
        rows = []
        for source in question.sources:
            inside = dict(self.connectivity.inside[f"{source}[Pod]"]) if source in self.ends else {}
            for target in question.targets:
                if source in self.ends and target in self.ends:
                    found: Intervals = inside.get(f"{target}[Pod]", ())
                elif source in self.ends:
                    found = _outside(self.connectivity.outward[f"{source}[Pod]"], target)
                else:
                    found = _outside(self.connectivity.inward[f"{target}[Pod]"], source)
                rows.append(_bits(found, question.points))
        return "".join(rows)


def points_with(reach: Reach, peer: dict[str, str]) -> Intervals:
    """The points on which a reach has a pod with these labels."""
    return union(*(traffic.points_of(allowed) for box, allowed in reach.pods if label_sets.matches(box, peer)))


def _placed(where: Callable[[Box], Box], labels: dict[str, str]) -> dict[str, str]:
    """Labels under the keys that boxes over peers have for them."""
    return {where(label_sets.box_of({key: value}))[0][0]: value for key, value in labels.items()}


def _outside(reached: Outside, address: str) -> Intervals:
    found = interval_map.value_at(reached, parse_address(address))
    return traffic.points_of(found) if found else ()


@lru_cache(maxsize=65536)
def _bits(found: Intervals, points: tuple[Point, ...]) -> str:
    return "".join("01"[contains(found, traffic.span(protocol, port, port)[0])] for protocol, port in points)


@lru_cache(maxsize=65536)
def _letters(out: str, into: str) -> str:
    return "".join(LETTERS[pair] for pair in zip(out, into, strict=True))
