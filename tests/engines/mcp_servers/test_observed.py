"""From packets to a catalog: what real servers do without policies, observed, becomes the fences that they run behind."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from control_plane import find_programs
from edges import mcpfence
from mcp_servers.cluster import Cluster
from mcp_servers.observed import DOC, HOSTS, POLICIES, Told, passage, tell
from mcp_servers.parts import find_commands, find_node, find_parts
from mcp_servers.seen import parts_of, store_in
from packet_world import World
from packets import needs
from tiers.engine import Engine
from tiers.judge import find_kube_network_policies
from tooling import need

VALUES = Path(__file__).with_name("observed.yaml")
FOUND = {
    "everything": {"npm.example.com"},
    "fetch": {"python.example.com", "wiki.example.com"},
    "kubernetes": {"npm.example.com"},
}
"""The names that each server needs: its registry, and what it is asked for."""


@pytest.fixture(scope="module")
def told(helm4: Path, tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Iterator[Told]:
    """The way from packets to a catalog, once, in a cluster of its own."""
    for component in (needs.machine, needs.queues, needs.connections, find_node, find_commands):
        need(component)
    parts, judge, _ = need(find_parts), need(find_kube_network_policies), need(needs.api_server)
    done = mcpfence(*("render", "-f", VALUES, "--release", "mcp", "--namespace", "mcp-system"), HELM_BIN=str(helm4))
    assert done.returncode == 0, done.stderr.decode()
    folder = tmp_path_factory.mktemp("observed")
    folder.chmod(0o755)
    values = folder / "values.yaml"
    shutil.copy(VALUES, values)
    with World(folder=folder / "node", programs=find_programs(), felix_program=None) as world:
        cluster = Cluster(world=world, parts=parts, folder=folder, hosts=HOSTS)
        engine = Engine(judge, folder / "engine.log", world.node)
        try:
            cluster.apply(done.stdout, without=POLICIES)
            cluster.make_pods()
            cluster.furnish()
            agent = world.pod("agents", "agent", {"app": "agent"})
            world.pod("shop", "web", {"app": "web"})
            world.settle()
            yield tell(cluster, engine, agent, values)
        finally:
            cluster.close()
            engine.end()
    if not request.session.testsfailed:
        shutil.rmtree(folder)


def test_what_is_proposed_is_what_was_used(told: Told) -> None:
    """Each name that a server's pod reached, on its port, and nothing for what a person has to say or must never be."""
    servers = yaml.safe_load(told.merged)["servers"]

    assert {name: {one["name"] for one in server["egress"]["domains"]} for name, server in servers.items()} == FOUND
    assert {port for server in servers.values() for one in server["egress"]["domains"] for port in one["ports"]} == {80}
    assert "a metadata endpoint" in told.report
    assert "unknown" not in told.report


def test_questions_alone_name_no_address(told: Told) -> None:
    """CoreDNS's log says which names were asked for, and not where they are: nothing is proposed, the names are listed."""
    asked = {one["name"]: set(one["askedOnly"]) for one in told.asked["subjects"]}

    assert all(asked[name] >= names for name, names in FOUND.items())
    assert [item["entry"] for one in told.asked["subjects"] for item in one["wouldBeDenied"] if item["entry"]] == []


def test_the_same_calls_behind_the_fences(told: Told) -> None:
    """Servers start anew, fetch their packages, and answer as they did before."""
    used = {name: dict(heard) for name, heard in told.before.items()}
    used["fetch"]["answers"] = used["fetch"]["answers"][:1]

    assert used["fetch"]["answers"][0]["text"].endswith("Hello from wiki.example.com.")
    assert told.before["fetch"]["answers"][1]["text"].endswith("Hello from 169.254.169.254.")
    assert "web" in used["kubernetes"]["answers"][0]["text"]
    assert _steady(told.after) == _steady(used)


def _steady(heard: dict[str, Any]) -> dict[str, Any]:
    """Of the Kubernetes server without its words, in which a pod has an age."""
    plain = {"answers": [{"error": answer["error"]} for answer in heard["kubernetes"]["answers"]]}
    return {**heard, "kubernetes": {**heard["kubernetes"], **plain}}


def test_nothing_else_opens(told: Told) -> None:
    """Another process in each pod reaches the names that its server used, and the API server where it is granted."""
    wanted = {name: set(names) for name, names in FOUND.items()}
    wanted["kubernetes"].add("API server")

    assert told.reached == wanted


def test_the_logs_of_before_fit_the_new_catalog(told: Told) -> None:
    """Nothing that is proposed is left to propose; what would be denied is the metadata endpoint alone."""
    left = {one["name"]: [item["what"] for item in one["wouldBeDenied"]] for one in told.again["subjects"]}

    assert left == {"everything": [], "fetch": ["169.254.169.254"], "kubernetes": []}
    assert [one["unknown"] for one in told.again["subjects"]] == [[], [], []]


def test_diff_says_what_opened(told: Told) -> None:
    """The widening, in the words of `mcpfence diff`."""
    by_name = {line for line in told.opened if "example.com" in line}

    assert by_name == {
        "+ may reach npm.example.com on TCP 80",
        "+ may reach python.example.com, wiki.example.com on TCP 80",
    }
    assert all(line.endswith("on TCP 53 and UDP 53") for line in set(told.opened) - by_name)


@pytest.mark.golden
def test_docs_show_what_was_seen(told: Told, update_golden: bool) -> None:
    """The passage "Seen working" of docs/observe.md is the output of this run."""
    found = passage(told)
    if update_golden:
        store_in(DOC, found)

    assert parts_of(DOC)[1] == found
