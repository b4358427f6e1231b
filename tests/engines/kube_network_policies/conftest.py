"""The running engine that the tests here share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from cilium.judge import Judge
from tiers.judge import find_kube_network_policies
from tooling import need


@pytest.fixture(scope="session")
def judge() -> Iterator[Judge]:
    """kube-network-policies."""
    running = Judge(need(find_kube_network_policies))
    yield running
    running.close()
