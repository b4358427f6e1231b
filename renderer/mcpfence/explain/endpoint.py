"""One end of a question: what the policies around some pods decide on it, and by which rules."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Literal

from mcpfence.explain.context import Sight
from mcpfence.explain.targets import PodSet
from mcpfence.kube.manifest import FLOOR
from mcpfence.net.intervals import Intervals, canonical
from mcpfence.net.ports import ALL_PORTS, Ports
from mcpfence.reach.evaluation.deciding_rules import Decision, deciding_rules
from mcpfence.reach.evaluation.evaluator import Subject
from mcpfence.reach.flows import flows, host_names, label_sets, traffic
from mcpfence.reach.flows.bounds import Bounds
from mcpfence.reach.flows.flows import Packet, Reach
from mcpfence.structs import Struct

Answer = Literal["allowed", "denied", "partly", "unknown"]
_WORST: tuple[Answer, ...] = ("denied", "partly", "unknown", "allowed")
_PIECES = 16
"""So many parts of a question are looked at for the rules that decide."""


class End(Struct):
    """What the policies on one side say: `passed` and `stopped` are policies with the rule that decides."""

    whose: str
    direction: str
    answer: Answer
    passed: tuple[Decision, ...]
    stopped: tuple[Decision, ...]
    example: str = ""
    """A flow that does not surely pass, where only a part does."""


def worst(ends: Iterable[End]) -> Answer:
    """The answer of several ends that must all allow."""
    answers = {end.answer for end in ends}
    return next(answer for answer in _WORST if answer in answers)


def points_of(ports: Ports) -> Intervals:
    """Ports on the line of protocols and ports."""
    if ports == ALL_PORTS:
        return traffic.EVERY_POINT
    return canonical(traffic.span(item.protocol, item.first, item.last) for item in ports)


def flows_of(pods: Iterable[PodSet], addresses: Intervals, ports: Ports, sight: Sight) -> Reach:
    """The flows in question: they show no name."""
    found = [label_sets.pods_in(one.namespace, one.box(sight.keys)) for one in pods]
    return flows.reach_of(addresses, found, traffic.named(points_of(ports), host_names.NAMELESS))


def _answer(bounds: Bounds[Reach], asked: Reach) -> Answer:
    if flows.witness_outside(asked, bounds.least) is None:
        return "allowed"
    if not flows.intersect(asked, bounds.most):
        return "denied"
    return "unknown" if flows.witness_outside(asked, bounds.most) is None else "partly"


def end_of(whose: str, direction: str, pods: Sequence[Subject], asked: Reach, sight: Sight) -> End:
    """The answer of the policies that select some pods; of several subjects all must allow."""
    found = []
    for subject in pods:
        bounds = sight.evaluator.egress(subject) if direction == "egress" else sight.evaluator.ingress(subject)
        answer = _answer(bounds, asked)
        part = asked if answer in ("allowed", "denied") else flows.minus(asked, bounds.least)
        packets = packets_of(part)
        example = packets[0].text if packets and answer == "partly" else ""
        found.append(End(whose, direction, answer, *deciding(sight, subject, direction, packets), example))
    return joined(whose, direction, found)


def joined(whose: str, direction: str, found: Sequence[End]) -> End:
    """Several ends as one."""
    passed = tuple(dict.fromkeys(decision for end in found for decision in end.passed))
    stopped = tuple(dict.fromkeys(decision for end in found for decision in end.stopped))
    return End(whose, direction, worst(found), passed, stopped, next((end.example for end in found if end.example), ""))


def packets_of(asked: Reach) -> list[Packet]:
    """One flow of each part of the question: each block of addresses, each set of pods, each range of ports."""
    parts: list[Reach] = []
    for members, allowed in asked.addresses:
        parts += [Reach((((block,), one),)) for block in members for one in _by_range(allowed)]
    parts += [Reach((), ((box, one),)) for box, allowed in asked.pods for one in _by_range(allowed)]
    found = (flows.witness(part) for part in parts[:_PIECES])
    return [packet for packet in found if packet is not None]


def _by_range(allowed: traffic.Traffic) -> list[traffic.Traffic]:
    return [traffic.named((span,), shown) for points, shown in allowed for span in points]


def deciding(
    sight: Sight, subject: Subject, direction: str, packets: Iterable[Packet]
) -> tuple[tuple[Decision, ...], tuple[Decision, ...]]:
    """The rules that pass the packets, and the policies or rules that stop them."""
    found: list[Decision] = []
    for packet in packets:
        for layer in sight.evaluator.speaking(subject, direction):
            said = deciding_rules(sight.evaluator, subject, direction, packet, layer)
            own = [decision for decision in said if not decision.policy.endswith(f"/{FLOOR}")]
            found += own or said
    every = dict.fromkeys(found)
    return tuple(one for one in every if one.allows), tuple(one for one in every if not one.allows)
