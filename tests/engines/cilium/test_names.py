"""What provider cilium renders: the engine with its DNS proxy, and reach, on every edge of it, policies of others among it."""

from __future__ import annotations

import os
import random
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, Phase, given, seed, settings

from cilium.foreign import foreign_policies
from cilium.judge import Judge
from cilium.named_flows import TITLE, Count, among, compare, pods_of, scene
from figures import Figure
from helpers import NAMESPACE, RELEASE
from mcpfence.kube.services import index
from mcpfence.net.addresses import ALL, parse_cidr
from mcpfence.net.intervals import Intervals, canonical, subtract
from mcpfence.net.special_ranges import metadata
from mcpfence.render.pipeline import render
from strategies import Cluster, Raw, catalogs

CATALOGS = int(os.environ.get("MCPFENCE_CILIUM_CATALOGS", "1200"))
PARTS = 8
"""Of the catalogs, so that all cores have work."""

CILIUM = Cluster(
    egresses=(
        {"provider": "cilium"},
        {"provider": "cilium", "cilium": {"sni": True}},
        {"provider": "cilium", "cilium": {"searchDomains": ["corp.example.com"]}},
    )
)


def rendered(raw: Raw) -> list[Any]:
    """The policies of a catalog, read back from their text."""
    found = render(raw, release=RELEASE, namespace=NAMESPACE, services=index([], NAMESPACE))
    return [yaml.load(item.text, Loader=yaml.CSafeLoader) for item in found.objects if item.kind.endswith("Policy")]


@pytest.mark.slow
@pytest.mark.parametrize("part", range(PARTS))
def test_random_catalogs_with_policies_of_others(judge: Judge, figure: Figure, part: int) -> None:
    """No flow passes that reach denies, and none is denied that reach lets surely pass; what is ours is told exactly."""
    alone, mixed = Count(), Count()

    @seed(part)
    @settings(
        max_examples=CATALOGS // PARTS,
        database=None,
        derandomize=False,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(catalogs(CILIUM))
    def ask(raw: Raw) -> None:
        place = alone.sets + mixed.sets
        own = rendered(raw)
        rng = random.Random(f"{part} {place}")  # noqa: S311  # the same in every run, and no secret
        before = scene(own, seed=place)
        others = foreign_policies(rng, pods_of(before)) if place % 2 else []
        count = mixed if others else alone
        count.foreign += len(others)
        title = f"part {part} catalog {place}"
        compare(judge, title, among(before, others), count, seed=place, api_addresses=api_addresses(raw))

    try:
        ask()
    finally:
        for name, count in (("alone", alone), ("among others", mixed)):
            for row in count.rows(f"{part + 1} of {PARTS}, {name}"):
                figure(TITLE, row)

    for count in (alone, mixed):
        assert count.disagreements == []
        assert count.allowed
        assert set(count.lookups) >= set("yrn")
    assert alone.exact == alone.questions.total()


def api_addresses(raw: Raw) -> Intervals:
    """Where a catalog has the API server; everywhere if it does not say."""
    found = canonical(map(parse_cidr, raw["cluster"].get("cidrs", {}).get("controlPlane", ())))
    return subtract(found, metadata()) or ALL
