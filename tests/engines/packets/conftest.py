"""A cluster whose packets are real, for the tests of a group of pytest-xdist: those that compare, and all others."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from control_plane import find_programs
from packet_world import World
from packets import needs
from packets.play import Tally
from tooling import need

HERE = Path(__file__).parent
GROUPS = {"test_agreement": "packets"}
"""The files whose tests share a cluster; the others share one more."""


@pytest.hookimpl(tryfirst=True)  # before pytest-xdist reads the groups
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Marks the tests of this folder."""
    for item in items:
        if item.path.parent == HERE:
            item.add_marker(pytest.mark.lab)
            if {"world", "tally"} & set(getattr(item, "fixturenames", ())):
                item.add_marker(pytest.mark.xdist_group(GROUPS.get(item.path.stem, "packets-days")))


@pytest.fixture(scope="session")
def tally() -> Tally:
    """The sum over all scenes."""
    return Tally(name="total")


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Iterator[World]:
    """The cluster; its logs stay only if a test failed."""
    need(needs.machine)
    felix, programs = need(needs.felix), find_programs()
    folder = tmp_path_factory.mktemp("packets") / "node"
    with World(folder=folder, programs=programs, felix_program=felix) as made:
        yield made
    if not request.session.testsfailed:
        shutil.rmtree(folder)
