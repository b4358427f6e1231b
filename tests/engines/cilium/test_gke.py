"""GKE's patterns in Cilium's engine: what provider gke renders opens the same names there as in mcpfence.reach."""

from __future__ import annotations

import copy
import os
from collections.abc import Callable
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, seed, settings

from cilium.judge import Document, Judge
from figures import Figure
from fqdn.patterns import TITLE, compare
from helpers import NAMESPACE, RELEASE, one_egress
from mcpfence.kube.services import index
from mcpfence.render.pipeline import render
from strategies import Cluster, catalogs

CATALOGS = int(os.environ.get("MCPFENCE_GKE_CATALOGS", "1000"))
PARTS = 8
"""Of the catalogs, so that all cores have work."""
GKE = Cluster(egresses=({"provider": "gke"},), profiles=("gke",), plain=("gke",))


def rendered(raw: Any) -> list[Document]:
    """A catalog's objects, read back from their text."""
    found = render(raw, release=RELEASE, namespace=NAMESPACE, services=index([], NAMESPACE))
    return [yaml.load(item.text, Loader=yaml.CSafeLoader) for item in found.objects]


def short_ranges(value: Any) -> Any:
    """The same catalog with ranges of ports that gke writes out."""
    if isinstance(value, dict):
        return {key: short_ranges(item) for key, item in value.items()}
    if isinstance(value, list):
        return [short_ranges(item) for item in value]
    return "8000-8019" if value == "1-65535" else value


@pytest.mark.slow
@pytest.mark.parametrize("part", range(PARTS))
def test_random_catalogs(judge: Judge, figure: Figure, part: int) -> None:
    """Every name and pattern, up to five labels deeper, on every port and its neighbours, at addresses of all kinds."""
    counts = {"catalogs": 0, "asked": 0, "allowed": 0, "wrong": 0}
    wrong: list[str] = []

    @seed(part)
    @settings(max_examples=-(-CATALOGS // PARTS), suppress_health_check=list(HealthCheck))
    @given(catalogs(GKE))
    def judged(raw: Any) -> None:
        found = compare(judge, rendered(short_ranges(raw)), seed=counts["catalogs"])
        counts["catalogs"] += 1
        counts["asked"] += found.asked
        counts["allowed"] += found.allowed
        counts["wrong"] += len(found.wrong)
        wrong.extend(found.wrong[:5])
        assert not found.wrong

    try:
        judged()
    finally:
        figure(TITLE, f"catalogs {part + 1} of {PARTS}  " + "  ".join(f"{n:>10,} {word}" for word, n in counts.items()))

    assert wrong == []
    assert counts["catalogs"] >= -(-CATALOGS // PARTS)
    assert 0 < counts["allowed"] < counts["asked"]


NAMED = one_egress(domains=["api.example.com", "*.example.org"]) | {
    "cluster": {"profile": "gke", "ipFamilies": ["IPv4"]},
    "egress": {"provider": "gke"},
}


def edited(edit: Callable[[Any], Any]) -> list[Document]:
    """What gke renders, with the rule for names edited."""
    found = copy.deepcopy(rendered(NAMED))
    edit(next(one for one in found if one["kind"] == "FQDNNetworkPolicy")["spec"]["egress"][0])
    return found


@pytest.mark.parametrize(
    "edit",
    [
        lambda rule: rule["matches"].append({"pattern": "*.*.*.*.example.org"}),
        lambda rule: rule["matches"].append({"name": "example.org"}),
        lambda rule: rule["matches"].append({"pattern": "*"}),
        lambda rule: rule["ports"].append({"protocol": "TCP", "port": 444}),
        lambda rule: rule["matches"].pop(),
    ],
)
def test_other_patterns_are_seen(judge: Judge, edit: Callable[[Any], Any]) -> None:
    """As rendered nothing differs; a pattern, a name or a port that Cilium alone has, or lacks, is seen."""
    as_is = rendered(NAMED)

    assert compare(judge, as_is).wrong == []
    assert compare(judge, as_is, edited(edit)).wrong != []


@pytest.mark.parametrize(
    "pattern", ["*.x.io", "*.*.x.io", "*.*.*.x.io", "*", "a*.x.io", "*x.io", "b.*.x.io", "**.x.io"]
)
def test_readings_of_patterns(judge: Judge, pattern: str) -> None:
    """Of patterns that others may have written reach says what Cilium does, or that it cannot tell."""
    found = compare(judge, edited(lambda rule: rule["matches"].append({"pattern": pattern})))

    assert [line for line in found.wrong if ": reach None," not in line] == []
    assert bool(found.wrong) == (pattern.strip("*.") not in ("x.io", "") or pattern in ("*x.io", "**.x.io"))
