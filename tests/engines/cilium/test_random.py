"""Cilium's engine and mcpfence.reach on random sets of NetworkPolicies: the same verdict on every question."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import pytest

from cilium.asking import questions
from cilium.comparing import TITLE, Tally, compare, meant
from cilium.judge import Judge, Question
from cilium.policysets import policy_set
from cilium.reached import Reached
from figures import Figure
from mcpfence.reach.documents.fields import mapping
from mcpfence.reach.engines.networkpolicy import rules
from mcpfence.reach.flows import traffic
from reaching.scenes import scene

SETS = int(os.environ.get("MCPFENCE_CILIUM_SETS", "1200"))
PARTS = 8
"""Of the sets, so that all cores have work."""


@pytest.mark.slow
@pytest.mark.parametrize("part", range(PARTS))
def test_cilium_says_the_same(judge: Judge, figure: Figure, part: int) -> None:
    """Every pair of pods and addresses at every edge, each direction by itself; MCPFENCE_CILIUM_SETS asks for more."""
    tally = Tally()
    seeds = range(part, SETS, PARTS)
    for seed in seeds:
        documents = policy_set(seed)
        compare(judge, f"policy_set({seed})", documents, questions(documents, seed=seed), tally)
    for row in tally.rows(f"random policies {part + 1} of {PARTS}"):
        figure(TITLE, row)

    assert tally.disagreements == []
    assert tally.sets == len(seeds)
    assert all(tally.altered.values())
    assert set(tally.verdicts) == set("aein")


def test_cilium_says_the_same_as_nca(judge: Judge, figure: Figure) -> None:
    """The sets of which reach and nca say the same: three judges that share no line of code."""
    tally = Tally()
    for seed in range(120):
        documents = scene(seed)
        compare(judge, f"scene({seed})", documents, questions(documents, seed=seed), tally)
    for row in tally.rows("policies that nca judges too"):
        figure(TITLE, row)

    assert tally.disagreements == []


def test_cilium_names_the_same_policies(judge: Judge) -> None:
    """Where something is allowed, the policies that the engine derives it from are policies whose rules reach blames."""
    seen = 0
    for seed in range(60):
        documents = policy_set(seed)
        inside, outward, _ = questions(documents, seed=seed, addresses=4, points=0)
        question = inside._replace(targets=(*inside.targets, *outward.targets), points=(("TCP", 80), ("UDP", 53)))
        answer = judge.ask(documents, question, explain=True)[0]
        found = Reached(meant(documents))
        for index, (letter, reasons) in enumerate(zip(answer.verdicts, answer.reasons, strict=True)):
            source, target, point = question.at(index)
            sides = ((source, target, "egress", "ae"), (target, source, "ingress", "ai"))
            for (me, peer, direction, allowed), policies in zip(sides, reasons, strict=True):
                if me in found.ends and letter in allowed:
                    seen += 1
                    blamed = found.blamed(me, peer, direction, point)
                    assert policies <= blamed, (seed, source, target, point)
                    assert bool(policies) == bool(blamed), (seed, source, target, point)

    assert seen > 1000


def test_disagreement_says_where() -> None:
    """The message names the set, both ends, protocol and port, and what each judge says."""
    tally = Tally(sets=1)
    tally.add("policy_set(7)", Question(("a/x", "a/y"), ("10.0.0.1",), (("TCP", 80), ("UDP", 53))), "aaae", "aaan")

    assert tally.disagreements == [
        "policy_set(7): a/y -> 10.0.0.1 UDP 53: reach says only egress allows, Cilium says neither side allows"
    ]
    assert [row.split() for row in tally.rows("it")] == [
        ["it", "1", "sets", "4", "questions", "3", "allowed", "1", "denied", "1", "disagreements"]
    ]


# --- the comparison itself: a fault on one side alone is seen ---


def _faulty(judge: Judge, most: int = 150) -> int:
    """How many sets it takes until a fault shows; 0 where it never does."""
    for seed in range(most):
        documents, tally = policy_set(seed), Tally()
        compare(judge, "", documents, questions(documents, seed=seed), tally)
        if tally.wrong:
            return seed + 1
    return 0


def _without_excepts(real: Callable[..., Any]) -> Callable[..., Any]:
    return lambda value, place: real({"cidr": value["cidr"]}, place)


def _one_port_more(real: Callable[..., Any]) -> Callable[..., Any]:
    def read(value: Any, place: str) -> Any:
        protocol, found = real(value, place)
        return protocol, found if isinstance(found, str) else (found[0], min(found[1] + 1, traffic.LAST_PORT))

    return read


def _tcp_for_absent_and_udp(real: Callable[..., Any]) -> Callable[..., Any]:
    return lambda value, place: real({**mapping(value, place), "protocol": "TCP"}, place)


def _own_namespace_alone(real: Callable[..., Any]) -> Callable[..., Any]:
    def read(value: Any, namespace: str, place: str) -> Any:
        return real(
            {key: item for key, item in value.items() if key != "namespaceSelector" or len(value) == 1},
            namespace,
            place,
        )

    return read


def _not_in_as_exists(real: Callable[..., Any]) -> Callable[..., Any]:
    def read(value: Any, place: str) -> Any:
        terms = value.get("matchExpressions") or []
        changed = [{"key": one["key"], "operator": "Exists"} if one["operator"] == "NotIn" else one for one in terms]
        return real({**value, "matchExpressions": changed}, place)

    return read


@pytest.mark.parametrize(
    ("name", "fault"),
    [
        ("_block", _without_excepts),
        ("_port", _one_port_more),
        ("_port", _tcp_for_absent_and_udp),
        ("_peer", _own_namespace_alone),
        ("read_selector", _not_in_as_exists),
    ],
)
def test_faulty_evaluator_is_seen(
    judge: Judge, monkeypatch: pytest.MonkeyPatch, name: str, fault: Callable[..., Any]
) -> None:
    """An evaluator that reads one thing wrongly disagrees within the first sets, and not before it is broken."""
    assert _faulty(judge, 20) == 0

    monkeypatch.setattr(rules, name, fault(getattr(rules, name)))

    assert 0 < _faulty(judge) <= 150
