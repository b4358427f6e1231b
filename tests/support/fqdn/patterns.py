"""FQDNNetworkPolicies as CiliumNetworkPolicies: Dataplane V2 is built on Cilium, whose patterns have the same words."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from typing import NamedTuple, TypeVar

from cilium.asking import values_of
from cilium.judge import Document, Judge, Point, Question
from cilium.rendered import cluster
from mcpfence.net.addresses import parse_address
from mcpfence.reach.evaluation.evaluator import Evaluator, Pod
from mcpfence.reach.evaluation.policy_set import read_policies
from mcpfence.reach.flows import flows
from mcpfence.reach.flows.flows import Packet

T = TypeVar("T")

TITLE = "GKE's patterns in Cilium's engine and reach: names at every depth"
ADDRESSES = ("1.1.1.1", "10.99.0.1", "127.0.0.1", "169.254.169.254", "2606:4700:4700::1111")
PODS = 3
MOST_NAMES, MOST_POINTS = 24, 8
"""Of one set of policies, chosen by its seed."""


class Compared(NamedTuple):
    """Questions that were asked, those that were allowed, and the answers that differ."""

    asked: int
    allowed: int
    wrong: list[str]


def as_cilium(one: Document) -> Document:
    """The same selector, names, patterns and ports, for Cilium."""
    rules = [
        {
            "toFQDNs": [{f"match{key.title()}": text for key, text in match.items()} for match in rule["matches"]],
            "toPorts": [{"ports": [{**port, "port": str(port["port"])} for port in rule["ports"]]}],
        }
        for rule in one["spec"]["egress"]
    ]
    spec = {"endpointSelector": one["spec"]["podSelector"], "egress": rules}
    return {"apiVersion": "cilium.io/v2", "kind": "CiliumNetworkPolicy", "metadata": one["metadata"], "spec": spec}


def names_to_ask(policies: Sequence[Document]) -> list[str]:
    """Of every name and pattern: itself, its base, up to five labels more, no dot between, other letters, a last dot."""
    found = {""}
    for match in [item for matches in values_of(list(policies), "matches") for item in matches]:
        base = str(next(iter(match.values()))).lstrip("*.")
        deeper = [base]
        for label in "abcde":
            deeper.append(f"{label}.{deeper[-1]}")
        found |= {*deeper, f"x{base}", f"{base.upper()}.", base.partition(".")[2]}
    return sorted(found)


def points_to_ask(policies: Sequence[Document]) -> tuple[Point, ...]:
    """Each port, one below and one above, and the same of UDP."""
    found: set[Point] = {("TCP", 1), ("UDP", 443)}
    for ports in values_of(list(policies), "ports"):
        for entry in ports:
            near = [port for port in (entry["port"] - 1, entry["port"], entry["port"] + 1) if 1 <= port <= 65535]
            found |= {(entry["protocol"], port) for port in near} | {("UDP", entry["port"])}
    return tuple(sorted(found))


def compare(
    judge: Judge, rendered: Sequence[Document], engine: Sequence[Document] | None = None, *, seed: int = 0
) -> Compared:
    """Ask Cilium about a rendering (or about `engine` in its place) and reach about the rendering, name by name."""
    rng = random.Random(seed)  # noqa: S311  # the same in every run, and no secret
    policies = [one for one in rendered if one["kind"] == "FQDNNetworkPolicy"]
    around = cluster(rendered, seed=seed, most=PODS)
    pods = [one for one in around if one["kind"] == "Pod"]
    points = tuple(_some(rng, points_to_ask(policies), MOST_POINTS))
    sources = tuple(f"{one['metadata']['namespace']}/{one['metadata']['name']}" for one in pods)
    asked = (
        [Question(sources, ADDRESSES, points, name) for name in _some(rng, names_to_ask(policies), MOST_NAMES)]
        if pods
        else []
    )
    judged = [one for one in engine or rendered if one["kind"] == "FQDNNetworkPolicy"]
    answers = judge.ask([*around, *map(as_cilium, judged)], *asked)
    evaluator = Evaluator(read_policies([*around, *policies]))
    wrong: list[str] = []
    total = allowed = 0
    for question, answer in zip(asked, answers, strict=True):
        for index, mine in enumerate(_ours(evaluator, pods, question)):
            passes = answer.verdicts[index] in "ae"
            total, allowed = total + 1, allowed + passes
            if mine != passes:
                source, target, point = question.at(index)
                wrong.append(f"{source} -> {target} {point} as {question.name!r}: reach {mine}, Cilium {passes}")
    return Compared(total, allowed, wrong)


def _some(rng: random.Random, found: Sequence[T], most: int) -> Sequence[T]:
    return rng.sample(found, most) if len(found) > most else found


def _ours(evaluator: Evaluator, pods: Sequence[Document], question: Question) -> Iterator[bool | None]:
    """Whether a flow passes; None where reach does not tell."""
    for one in pods:
        labels = tuple(sorted(one["metadata"].get("labels", {}).items()))
        reach = evaluator.egress(Pod(one["metadata"]["namespace"], labels))
        for address in question.targets:
            number = parse_address(address)
            for protocol, port in question.points:
                packet = Packet(address=number, protocol=protocol, port=port, name=question.name)
                least, most = (flows.includes(bound, packet) for bound in reach)
                yield least if least == most else None
