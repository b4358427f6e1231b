"""What mcpfence.reach says to the same questions: for each flow what surely passes, and what may pass."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from cilium.judge import Document, Point, Question
from mcpfence.net.addresses import parse_address
from mcpfence.net.intervals import contains
from mcpfence.reach.engines.contract import Policy
from mcpfence.reach.evaluation.evaluator import Evaluator, Pod
from mcpfence.reach.evaluation.policy_set import read_policies
from mcpfence.reach.flows import host_names, interval_map, label_sets, traffic
from mcpfence.reach.flows.bounds import Bounds
from mcpfence.reach.flows.flows import Reach
from mcpfence.reach.flows.label_sets import Box
from mcpfence.reach.flows.traffic import Traffic

METADATA_NAME = "kubernetes.io/metadata.name"


class End(NamedTuple):
    """A pod as a peer, and what its own two directions allow."""

    peer: dict[str, str]
    egress: Bounds[Reach]
    ingress: Bounds[Reach]


class Reached:
    """One set of manifests, read by the evaluator.

    `hidden_baseline`: a NetworkPolicy of one direction hides the Baseline tier from its pods in the other, too, which
    is a fault of kube-network-policies; `altered` counts the answers that differ by it.
    """

    def __init__(self, documents: Sequence[Document], *, hidden_baseline: bool = False) -> None:
        policies = [one for one in documents if one["kind"] not in ("Pod", "Namespace")]
        found = read_policies(policies)
        assert not found.problems, found.problems
        self.evaluator = Evaluator(found)
        front = [one for one in policies if one["spec"].get("tier") != "Baseline"]
        self._front = Evaluator(read_policies(front)) if hidden_baseline else None
        self.altered = 0
        spaces = {
            one["metadata"]["name"]: one["metadata"].get("labels", {}) for one in documents if _is(one, "Namespace")
        }
        self.ends = dict(self._end(one, spaces) for one in documents if _is(one, "Pod"))

    def _end(self, document: Document, spaces: dict[str, dict[str, str]]) -> tuple[str, End]:
        metadata = document["metadata"]
        space, labels = metadata["namespace"], metadata.get("labels", {})
        pod = Pod(space, tuple(sorted(labels.items())))
        peer = _placed(label_sets.in_namespace, {**spaces.get(space, {}), METADATA_NAME: space})
        peer |= _placed(label_sets.of_pod, labels)
        return f"{space}/{metadata['name']}", End(peer, self._bounds(pod, "egress"), self._bounds(pod, "ingress"))

    def _bounds(self, pod: Pod, direction: str) -> Bounds[Reach]:
        found = self.evaluator.reach(pod, direction)
        if self._front is None:
            return found
        selecting = [one for one, _ in self.evaluator.selecting(pod)]
        network = [one for one in selecting if isinstance(one, Policy) and one.engine == "networkpolicy"]
        if not network or any(one.rules(direction) is not None for one in network):
            return found
        self.altered += found != self._front.reach(pod, direction)
        return self._front.reach(pod, direction)

    def verdicts(self, question: Question) -> tuple[str, str]:
        """Letters as the judges have them: of what surely passes, and of what may pass."""
        least, most = [], []
        for source in question.sources:
            for target in question.targets:
                out = self._row(source, target, "egress", question)
                into = self._row(target, source, "ingress", question)
                for at in range(len(question.points)):
                    least.append(_letter(out[0][at], into[0][at]))
                    most.append(_letter(out[1][at], into[1][at]))
        return "".join(least), "".join(most)

    def _row(self, me: str, peer: str, direction: str, question: Question) -> tuple[list[bool], list[bool]]:
        if me not in self.ends:
            everything = [True] * len(question.points)
            return everything, everything
        bounds: Bounds[Reach] = getattr(self.ends[me], direction)
        name = question.name if direction == "egress" else ""
        return self._bits(bounds.least, peer, question.points, name), self._bits(
            bounds.most, peer, question.points, name
        )

    def _bits(self, reach: Reach, peer: str, points: tuple[Point, ...], name: str) -> list[bool]:
        found: list[Traffic] = []
        if peer in self.ends:
            found = [allowed for box, allowed in reach.pods if label_sets.matches(box, self.ends[peer].peer)]
        else:
            one = interval_map.value_at(reach.addresses, parse_address(peer))
            found = [one] if one else []
        return [any(_passes(allowed, point, name) for allowed in found) for point in points]


def _passes(allowed: Traffic, point: Point, name: str) -> bool:
    protocol, port = point
    value = traffic.span(protocol, port, port)[0]
    return any(contains(points, value) and host_names.contains(names, name) for points, names in allowed)


def _letter(out: bool, into: bool) -> str:
    return ("a" if into else "e") if out else ("i" if into else "n")


def _is(document: Document, kind: str) -> bool:
    return bool(document["kind"] == kind)


def _placed(where: Callable[[Box], Box], labels: dict[str, str]) -> dict[str, str]:
    """Labels under the keys that boxes over peers have for them."""
    return {where(label_sets.box_of({key: value}))[0][0]: value for key, value in labels.items()}
