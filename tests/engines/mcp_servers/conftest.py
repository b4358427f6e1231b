"""One cluster with real MCP servers in it, for all tests of this folder but those of observe, which have their own.

Those of one cluster run in one group of pytest-xdist.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from control_plane import find_programs
from edges import mcpfence
from mcp_servers.cluster import Cluster
from mcp_servers.conversations import IMPATIENCE, Callers, Heard, converse
from mcp_servers.parts import find_commands, find_node, find_parts
from mcp_servers.talks import PATIENCE
from packet_world import World
from packets import needs
from tooling import need

HERE = Path(__file__).parent


@pytest.hookimpl(tryfirst=True)  # before pytest-xdist reads the groups
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Marks the tests of this folder."""
    for item in items:
        if item.path.parent == HERE:
            item.add_marker(pytest.mark.lab)
            own = item.path.stem == "test_observed"
            item.add_marker(pytest.mark.xdist_group("mcp_observed" if own else "mcp_servers"))


@pytest.fixture(scope="session")
def cluster(helm4: Path, tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Iterator[Cluster]:
    """The servers of values.yaml, rendered with the chart, applied and running behind their fences."""
    need(needs.machine)
    parts, _, _ = need(find_parts), need(find_node), need(find_commands)
    felix, programs = need(needs.felix), find_programs()
    done = mcpfence(
        "render", "-f", HERE / "values.yaml", "--release", "mcp", "--namespace", "mcp-system", HELM_BIN=str(helm4)
    )
    assert done.returncode == 0, done.stderr.decode()
    folder = tmp_path_factory.mktemp("mcp_servers")
    folder.chmod(0o755)
    with World(folder=folder / "node", programs=programs, felix_program=felix) as world:
        made = Cluster(world=world, parts=parts, folder=folder)
        try:
            made.apply(done.stdout)
            made.make_pods()
            made.furnish()
            world.settle()
            made.start()
            yield made
        finally:
            made.close()
    if not request.session.testsfailed:
        shutil.rmtree(folder)


@pytest.fixture(scope="session")
def callers(cluster: Cluster) -> Callers:
    """Who calls, and a pod for the Kubernetes server to tell of."""
    world = cluster.world
    found = Callers(
        agent=world.pod("agents", "agent", {"app": "agent"}),
        other=world.pod("agents", "other", {"app": "other"}),
        namesake=world.pod("elsewhere", "agent", {"app": "agent"}),
    )
    world.pod("shop", "web", {"app": "web"})
    world.settle()
    return found


@pytest.fixture(scope="session")
def fenced(cluster: Cluster, callers: Callers) -> Heard:
    """What everybody hears behind the fences."""
    return converse(cluster, callers, IMPATIENCE)


@pytest.fixture(scope="session")
def unfenced(cluster: Cluster, callers: Callers, fenced: Heard) -> Heard:
    """What everybody hears where no policy is in the servers' namespace; a second round of sessions."""
    assert fenced.everything
    with cluster.unfenced():
        return converse(cluster, callers, PATIENCE)
