"""What packets do under Felix is what `mcpfence.reach` says, at every edge of what was applied."""

from __future__ import annotations

from pathlib import Path

import pytest

import golden
from figures import Figure
from packet_world import World
from packets.plan import KINDS
from packets.play import Tally, heading, play
from packets.scenes import catalog_scene, crowd, example, policy_scene, random_catalogs, random_policies

TITLE = "real packets (open/closed by kind of edge)"
CATALOGS, POLICIES = 12, 10
SCENES = len(golden.examples()) + CATALOGS + POLICIES


def _passed(found: Tally, tally: Tally, figure: Figure) -> None:
    figure(TITLE, found.line())
    tally.add(found)
    assert not found.disagreements, "\n".join(found.disagreements[:30])
    assert found.probes


@pytest.mark.parametrize("name", golden.examples())
def test_example(world: World, helm4: Path, tally: Tally, figure: Figure, name: str) -> None:
    """An example, chart and all, as `mcpfence render` prints it."""
    _passed(play(world, example(name, helm4)), tally, figure)


@pytest.mark.parametrize("number", range(CATALOGS))
def test_random_catalog(world: World, tally: Tally, figure: Figure, number: int) -> None:
    """A random catalog, rendered."""
    _passed(play(world, catalog_scene(f"random catalog {number:02}", random_catalogs(CATALOGS)[number])), tally, figure)


@pytest.mark.parametrize("number", range(POLICIES))
def test_random_policies(world: World, tally: Tally, figure: Figure, number: int) -> None:
    """Policies that mcpfence would not write: no types, no peers, expressions, named ports, three namespaces."""
    found = policy_scene(f"random policies {number:02}", random_policies(POLICIES)[number])
    _passed(play(world, found, crowd(world, found)), tally, figure)


def test_zz_total(tally: Tally, figure: Figure) -> None:
    """Enough was tried in all scenes together, of every kind, with both answers."""
    if tally.scenes < SCENES:
        pytest.skip(f"only {tally.scenes} of {SCENES} scenes were played in this process")
    figure(TITLE, heading())
    figure(TITLE, tally.line())

    assert tally.probes >= 15_000
    assert all(tally.opened[kind] >= 150 and tally.closed[kind] >= 150 for kind in KINDS)
