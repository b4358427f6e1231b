"""The AWS agent's translation and mcpfence.reach on what provider eks renders: addresses and ports, names apart."""

from __future__ import annotations

import os
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, seed, settings

from awsagent.comparing import TITLE, AgentTally, around, compare, foreign, rows
from awsagent.judge import Agent
from cilium.judge import Document
from figures import Figure
from helpers import NAMESPACE, RELEASE
from mcpfence.findings.finding import McpfenceError
from mcpfence.findings.table import Severity
from mcpfence.kube.services import index
from mcpfence.render.pipeline import render
from strategies import Cluster, catalogs

CATALOGS = int(os.environ.get("MCPFENCE_AWS_AGENT_CATALOGS", "1000"))
PARTS = 8
"""Of the catalogs, so that all cores have work."""
EKS = Cluster(egresses=({"provider": "eks"},), families=((4,), (4, 6)), profiles=("eks",), plain=())


def rendered(raw: Any) -> list[Document]:
    """A catalog's objects, read back from their text."""
    found = render(raw, release=RELEASE, namespace=NAMESPACE, services=index([], NAMESPACE))
    return [yaml.load(item.text, Loader=yaml.CSafeLoader) for item in found.objects]


def known(raw: Any) -> Any:
    """The same catalog with a resolver that Auto Mode has."""
    return {**raw, "dns": {**raw["dns"], "clusterIP": ["10.200.0.10"]}}


def unless_refused(raw: Any) -> list[Document]:
    """The objects of a catalog; none where it needs more entries than the agent holds, which is the only refusal."""
    try:
        return rendered(raw)
    except McpfenceError as refused:
        errors = {one.id for one in refused.findings if one.severity is Severity.ERROR}
        if errors != {"eks-entries"}:
            raise
        return []


@pytest.mark.slow
@pytest.mark.parametrize("part", range(PARTS))
def test_random_catalogs(agent: Agent, figure: Figure, part: int) -> None:
    """What a catalog gives means to the agent what it means to reach; foreign policies beside it open no more."""
    tally, mixed = AgentTally(), AgentTally()

    @seed(part)
    @settings(max_examples=-(-CATALOGS // PARTS), suppress_health_check=list(HealthCheck))
    @given(catalogs(EKS))
    def judged(raw: Any) -> None:
        found = unless_refused(known(raw))
        if not found:
            tally.refused += 1
            return
        documents = around(found)
        compare(agent, "a random catalog", documents, tally, seed=tally.sets)
        policies = [one for one in documents if one["kind"] == "NetworkPolicy"]
        more = [*documents, *foreign(tally.sets, policies)] if policies else documents
        compare(agent, "with foreign policies", more, mixed, seed=tally.sets, exact=False)

    try:
        judged()
    finally:
        for row in rows(tally, f"catalogs {part + 1} of {PARTS}") + rows(mixed, f"and foreign ones {part + 1}"):
            figure(TITLE, row)

    assert tally.disagreements == mixed.disagreements == []
    assert tally.sets + tally.refused >= -(-CATALOGS // PARTS)
    assert tally.refused < tally.sets / 10
    assert set(tally.verdicts) == set("aein")
