"""What mcpfence renders of random catalogs, with pods around it, and the property that both engines are asked."""

from __future__ import annotations

import os
import random
from collections.abc import Callable
from typing import Any

import yaml
from hypothesis import HealthCheck, given, seed, settings

from cilium.judge import Document, Judge
from helpers import NAMESPACE, RELEASE, Raw
from mcpfence.findings.finding import McpfenceError
from mcpfence.findings.table import Severity
from mcpfence.kube.services import index
from mcpfence.render.pipeline import render
from tiers.asking import Asked, asked
from tiers.catalogs import GROUP, foreign_policies, tiered_catalogs
from tiers.comparing import Tally
from tiers.pods import around
from tiers.reached import Reached

CATALOGS = int(os.environ.get("MCPFENCE_TIERED_CATALOGS", "1200"))
PARTS = 24
"""Of the catalogs, so that all cores have work."""
REFUSED = {f"clusternetworkpolicy-{word}" for word in ("dns", "limit", "unlearnt")}
_SPACES = ["demo-mcp", "gateways", "data", "kube-system", "elsewhere"]


def rendered(raw: Raw, version: str = "") -> list[Document] | None:
    """The policies of a catalog, in a version of their API; None where the provider refuses the catalog."""
    egress = raw["egress"]
    if version:
        written = {**egress.get("clusternetworkpolicy", {}), "apiVersion": version}
        egress = {**egress, "clusternetworkpolicy": written}
    try:
        found = render({**raw, "egress": egress}, release=RELEASE, namespace=NAMESPACE, services=index([], NAMESPACE))
    except McpfenceError as error:
        if not REFUSED.issuperset(one.id for one in error.findings if one.severity is Severity.ERROR):
            raise
        return None
    documents = [yaml.load(item.text, Loader=yaml.CSafeLoader) for item in found.objects]
    return [one for one in documents if one["kind"].endswith("Policy")]


def compare(
    judge: Judge, title: str, documents: list[Document], questions: Asked, tally: Tally, *, hidden_baseline: bool
) -> None:
    """Ask the engine and reach, and count; `hidden_baseline` as in Reached."""
    reached = Reached(documents, hidden_baseline=hidden_baseline)
    tally.altered += reached.altered
    every = [*questions.plain, *questions.named, *questions.otherwise]
    for question, answer in zip(every, judge.ask(documents, *every), strict=True):
        narrower = question.name != question.name.lower()
        tally.add(title, question, reached.verdicts(question), answer.verdicts, narrower=narrower)
    tally.catalogs += 1


def property_of(
    part: int, version: str = "", *, hidden_baseline: bool = False
) -> Callable[[Judge, Tally, Tally], None]:
    """The property over the catalogs of one part: ours alone are exact, with others the engine is within bounds."""

    def both(judge: Judge, title: str, documents: list[Document], questions: Asked, tally: Tally) -> None:
        compare(judge, title, documents, questions, tally, hidden_baseline=hidden_baseline)

    def check(judge: Judge, ours: Tally, mixed: Tally, raw: Any) -> None:
        policies = rendered(raw, version)
        if policies is None:
            return
        documents = around(policies)
        both(judge, "ours", documents, asked(documents, seed=0), ours)
        assert ours.disagreements == []
        rng = random.Random(repr(raw))  # noqa: S311  # the same in every run, and no secret
        foreign = foreign_policies(rng, policies, _SPACES)
        if version:
            foreign = [{**one, "apiVersion": f"{GROUP}/{version}"} for one in foreign]
        documents = around([*policies, *foreign])
        both(judge, "mixed", documents, asked(documents, seed=1, addresses=5, points=4, names=4), mixed)
        assert mixed.disagreements == []

    many = settings(max_examples=CATALOGS // PARTS, suppress_health_check=[HealthCheck.too_slow])
    return seed(part)(many(given(raw=tiered_catalogs())(check)))
