"""The running engine that the tests here share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from cilium.judge import Judge, find_cilium
from tooling import need


@pytest.fixture(scope="session")
def judge() -> Iterator[Judge]:
    """Cilium's policy engine."""
    running = Judge(need(find_cilium))
    yield running
    running.close()
