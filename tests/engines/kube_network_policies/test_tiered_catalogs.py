"""kube-network-policies and mcpfence.reach on random catalogs under provider clusternetworkpolicy."""

from __future__ import annotations

import pytest

from cilium.judge import Judge
from figures import Figure
from tiers.comparing import Tally
from tiers.rendered import CATALOGS, PARTS, property_of

TITLE = "ClusterNetworkPolicy: kube-network-policies and reach"


@pytest.mark.slow
@pytest.mark.parametrize("part", range(PARTS))
def test_random_catalogs(judge: Judge, figure: Figure, part: int) -> None:
    """Ours alone are answered exactly; with policies of others the engine stays within what reach says.

    It never asks the Baseline tier for pods that a NetworkPolicy of the other direction selects, which is its fault.
    """
    ours, mixed = Tally(), Tally()
    try:
        property_of(part, hidden_baseline=True)(judge, ours, mixed)
    finally:
        figure(TITLE, ours.row(f"ours alone, {part + 1} of {PARTS}"))
        figure(TITLE, mixed.row(f"with foreign ones, {part + 1} of {PARTS}"))

    assert ours.catalogs >= CATALOGS // PARTS * 0.85
    assert ours.doubtful == ours.altered == 0
    assert ours.named
    assert ours.verdicts["a"]
    assert mixed.verdicts["a"]
