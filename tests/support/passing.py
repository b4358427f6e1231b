"""Whether single flows of one pod pass some policies: yes, no, or maybe where the manifests do not tell."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mcpfence.net.addresses import parse_address
from mcpfence.reach.evaluation.evaluator import Evaluator, Pod
from mcpfence.reach.evaluation.policy_set import read_policies
from mcpfence.reach.flows import flows
from mcpfence.reach.flows.flows import Packet
from mcpfence.reach.flows.label_sets import NAMESPACE_NAME

POD = Pod("mcp", (("app", "a"),))
"""Whose flows they are."""


def passes(documents: Sequence[Any], *asked: str, direction: str = "egress") -> str:
    """The answers to `ADDRESS PORT/PROTOCOL [NAME]` or `NAMESPACE/VALUE-OF-app PORT/PROTOCOL [NAME]`, one word each."""
    found = read_policies(documents)
    assert not found.problems, [problem.text for problem in found.problems]
    reach = Evaluator(found).reach(POD, direction)
    words = {(True, True): "yes", (False, True): "maybe", (False, False): "no"}
    packets = [_packet(text) for text in asked]
    return " ".join(words[flows.includes(reach.least, one), flows.includes(reach.most, one)] for one in packets)


def _packet(text: str) -> Packet:
    peer, _, rest = text.partition(" ")
    point, _, name = rest.partition(" ")
    port, _, protocol = point.partition("/")
    space, slash, app = peer.partition("/")
    number = int(port) if port else None
    if slash:
        labels = ((NAMESPACE_NAME, space),)
        return Packet(namespace=labels, pod=(("app", app),), protocol=protocol or "TCP", port=number, name=name)
    return Packet(address=parse_address(peer), protocol=protocol or "TCP", port=number, name=name)
