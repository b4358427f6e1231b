"""The running agent that the tests here share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from awsagent.judge import Agent, find_agent
from tooling import need


@pytest.fixture(scope="session")
def agent() -> Iterator[Agent]:
    """The AWS agent's translation of policies."""
    running = Agent(need(find_agent))
    yield running
    running.close()
