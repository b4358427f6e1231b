"""What a state of the store lets through beyond other states of it, by the evaluator of `mcpfence reach`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from lab.api import Document
from mcpfence.reach.evaluation.evaluator import Evaluator, Subject
from mcpfence.reach.evaluation.policy_set import read_policies
from mcpfence.reach.flows import flows
from mcpfence.reach.flows.flows import Reach
from mcpfence.reach.flows.label_sets import box_of

FLOOR = "mcp-default-deny"
STRANGER = "nobody-in-particular"
"""A pod of the servers' namespace that is no server."""

Way = tuple[str, str]
"""A pod's label `app` and a direction."""


def has_floor(state: Iterable[Document]) -> bool:
    """Whether every pod of the namespace is denied what no other policy allows."""
    return any(one["metadata"]["name"] == FLOOR for one in state)


def opened(
    namespace: str, servers: Iterable[str], state: Sequence[Document], references: Sequence[Sequence[Document]]
) -> dict[Way, str]:
    """Where `state` lets through what none of `references` does, with one packet each."""
    ways = _ways(servers)
    known = [dict(_most(namespace, ways, reference)) for reference in references]
    found = {}
    for way, most in _most(namespace, ways, state):
        beyond = flows.witness_outside(most, flows.union_of(reference[way] for reference in known))
        if beyond:
            found[way] = beyond.text
    return found


def isolated(namespace: str, servers: Iterable[str], state: Sequence[Document]) -> set[Way]:
    """The pods and directions for which some policy stands; the others are open."""
    return {way for way, most in _most(namespace, _ways(servers), state) if not flows.same(most, flows.EVERYTHING)}


def _ways(servers: Iterable[str]) -> list[Way]:
    return [(app, direction) for app in (*servers, STRANGER) for direction in ("egress", "ingress")]


def _most(namespace: str, ways: Iterable[Way], state: Sequence[Document]) -> Iterator[tuple[Way, Reach]]:
    evaluator = Evaluator(read_policies(state, namespace="default"))
    for app, direction in ways:
        subject = Subject(namespace, box_of({"app": app}))
        bounds = evaluator.egress(subject) if direction == "egress" else evaluator.ingress(subject)
        yield (app, direction), bounds.most
