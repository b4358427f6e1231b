"""Witnesses of random policies against the naive evaluator, which reads the documents line by line."""

from __future__ import annotations

from typing import Any

from hypothesis import given

from mcpfence.evidence.witnesses import witnesses
from mcpfence.net.addresses import format_address
from mcpfence.reach.evaluation.evaluator import Evaluator
from mcpfence.reach.evaluation.evaluator import Pod as Judged
from mcpfence.reach.evaluation.policy_set import read_policies
from mcpfence.reach.flows.flows import Packet as Flow
from mcpfence.reach.flows.label_sets import NAMESPACE_NAME
from reaching import bruteforce, strategies
from reaching.bruteforce import Packet, Pod
from reaching.strategies import NAMESPACE_LABELS


def _end(flow: Flow) -> tuple[Pod | str, dict[str, dict[str, str]]]:
    """The other end of a witness, and the labels of namespaces with those of its own among them."""
    if flow.address is not None:
        return format_address(flow.address), NAMESPACE_LABELS
    labels = dict(flow.namespace)
    name = labels.pop(NAMESPACE_NAME, "some-namespace")
    return Pod("other", name, dict(flow.pod)), {**NAMESPACE_LABELS, name: labels}


@given(strategies.scenes(named=False))
def test_every_verdict_is_that_of_the_naive_evaluator(scene: tuple[list[Any], Pod, list[Packet]]) -> None:
    """In both directions, on whatever packets the boundaries of some policies give; and somebody is named for each."""
    documents, one, _ = scene
    evaluator = Evaluator(read_policies(documents))
    pod = Judged(one.namespace, tuple(sorted(one.labels.items())))
    for direction, kind in (("egress", "Egress"), ("ingress", "Ingress")):
        for witness in witnesses(evaluator, pod, direction):
            end, namespaces = _end(witness.packet)
            to = end if direction == "egress" else one
            packet = Packet(to, witness.packet.protocol, witness.packet.port or 1, witness.packet.name)
            naive = bruteforce.passes(documents, one, end, packet, kind, namespaces)
            assert naive is witness.allowed, witness
            isolated = any(bruteforce.isolates(policy, one, kind) for policy in documents)
            assert bool(witness.decided) is isolated, witness
