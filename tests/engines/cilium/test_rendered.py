"""Cilium's engine and mcpfence.reach on what mcpfence itself renders."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings

import golden
from cilium.asking import questions
from cilium.comparing import TITLE, Tally, compare
from cilium.judge import Judge, Question
from cilium.reached import Reached
from cilium.rendered import cluster
from figures import Figure
from helpers import NAMESPACE, RELEASE
from mcpfence.kube.services import index
from mcpfence.render.objects import Rendering
from mcpfence.render.pipeline import render
from proof.catalogs import OWN
from proof.packets import Pods, mentioned
from strategies import catalogs


def documents_of(rendering: Rendering) -> list[Any]:
    """The objects of a rendering, read back from their text."""
    return [yaml.load(item.text, Loader=yaml.CSafeLoader) for item in rendering.objects]


def rendered(raw: Any) -> Rendering:
    """A catalog rendered, without manifests beside it."""
    return render(raw, release=RELEASE, namespace=NAMESPACE, services=index([], NAMESPACE))


@pytest.mark.parametrize("example", golden.examples())
def test_examples(judge: Judge, figure: Figure, example: str) -> None:
    """Every example: its servers, callers, back-ends and what is around them, at every edge of its policies."""
    tally = Tally()
    documents = cluster(documents_of(golden.rendering_of(example)[0]))
    compare(judge, example, documents, questions(documents, seed=0, addresses=60, points=40), tally)
    for row in tally.rows(f"example {example}"):
        figure(TITLE, row)

    assert tally.disagreements == []
    assert not tally.altered.total()
    assert tally.verdicts["a"]
    assert tally.verdicts["n"]


@pytest.mark.parametrize("title", sorted(OWN))
def test_catalogs_of_the_proof(judge: Judge, title: str) -> None:
    """Expressions, several selectors, SCTP, ranges and both families, as the proof's own catalogs have them."""
    tally = Tally()
    documents = cluster(documents_of(rendered(OWN[title])))
    compare(judge, title, documents, questions(documents, seed=0, addresses=60, points=40), tally)

    assert tally.disagreements == []
    assert not tally.altered.total()


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(catalogs())
def _random_catalogs(judge: Judge, tally: Tally, raw: Any) -> None:
    documents = cluster(documents_of(rendered(raw)))
    compare(judge, "a random catalog", documents, questions(documents, seed=0, addresses=40), tally)

    assert tally.disagreements == []
    assert not tally.altered.total()


def test_random_catalogs(judge: Judge, figure: Figure) -> None:
    """Random catalogs of every provider: their NetworkPolicies mean to Cilium what they mean to reach."""
    tally = Tally()
    try:
        _random_catalogs(judge, tally)
    finally:
        for row in tally.rows("random catalogs"):
            figure(TITLE, row)


def test_wider_rendering_is_seen(judge: Judge) -> None:
    """A rule that is added on the engine's side alone lets through what reach denies."""
    documents = cluster(documents_of(golden.rendering_of("minimal")[0]))
    place, policy = next((i, one) for i, one in enumerate(documents) if one["metadata"]["name"].endswith("-egress"))
    more = [*policy["spec"]["egress"], {"to": [{"ipBlock": {"cidr": "10.1.2.0/24"}}]}]
    wider = [*documents[:place], {**policy, "spec": {**policy["spec"], "egress": more}}, *documents[place + 1 :]]
    subject = Pods(mentioned(policy)).subjects(policy["spec"]["podSelector"])[0]
    where = policy["metadata"]["namespace"]
    one = next(f"{where}/{it['metadata']['name']}" for it in documents if it["metadata"].get("labels") == subject)
    question = Question((one,), ("10.1.2.3",), (("TCP", 22),))

    assert Reached(documents).verdicts(question) == judge.ask(documents, question)[0].verdicts == "i"
    assert judge.ask(wider, question)[0].verdicts == "a"
