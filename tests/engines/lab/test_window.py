"""Layered sets: how long does the NetworkPolicy of a server stand without the FirewallPolicy that narrows it?

With aviatrix a server that lists names has a NetworkPolicy that allows all public addresses on the names' ports.
Until its FirewallPolicy is there, and once it is gone, the server may reach any name.  Which of the two helm creates
and deletes first is what these tests measure, as the API server saw it; docs/evidence.md has a table of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import pytest

from control_plane import ControlPlane
from edges import container
from figures import Figure
from lab.audit import Change, awaited, changes
from lab.azure import AZURE
from lab.cluster import FIREWALL, POLICY, Cluster, Release, verdict
from lab.opened import FLOOR, opened

SERVERS = 20
TITLE = f"Aviatrix: how long a NetworkPolicy stood without its FirewallPolicy ({SERVERS} servers)"
NAMES = [f"s{number}" for number in range(SERVERS)]
MORE = [f"new{number}" for number in range(SERVERS)]
SERVER = container(egress={"domains": ["api.example.com"]})
VALUES = {**AZURE, "servers": dict.fromkeys(NAMES, SERVER)}

Times = Mapping[tuple[str, str], Change]


@pytest.fixture
def installed(cluster: Cluster) -> Release:
    """A release with servers that list names."""
    release = cluster.release("window")
    release.install(VALUES)
    return release


def _times(release: Release, control_plane: ControlPlane, what: str, names: Iterable[str]) -> Times:
    """The creations or deletions of these servers' policies, once all of them are in the log."""
    wanted = {("networkpolicies", f"mcp-server-{name}-egress") for name in names}
    wanted |= {("firewallpolicies", f"mcp-server-{name}") for name in names}

    def read() -> Times:
        found = changes(control_plane.audit_log, release.fenced)
        return {(change.resource, change.name): change for change in found if change.what == what}

    return awaited(read, lambda found: wanted <= found.keys())


def _gaps(times: Times, names: Iterable[str]) -> list[float]:
    """Milliseconds from each server's egress NetworkPolicy to its FirewallPolicy; negative if the latter came first."""
    gaps = []
    for name in names:
        policy = times["networkpolicies", f"mcp-server-{name}-egress"]
        firewall = times["firewallpolicies", f"mcp-server-{name}"]
        gaps.append((firewall.when - policy.when).total_seconds() * 1000)
    return sorted(gaps)


def _line(release: Release, title: str, gaps: list[float]) -> str:
    """A window is where the NetworkPolicy stands alone: `gaps` of creations, or those of deletions turned round."""
    head = f"helm {release.cluster.host.major}, {title:<24}"
    if gaps[-1] <= 0:
        return f"{head} none: the order is the safe one, by {-gaps[-1]:.0f} to {-gaps[0]:.0f} ms"
    return f"{head} {max(0.0, gaps[0]):.0f} to {gaps[-1]:.0f} ms, in the middle {gaps[len(gaps) // 2]:.0f} ms"


def _in_order(release: Release) -> list[str]:
    """The kinds of the servers' policies, in the order in which the API server stored them."""
    stored = [item for kind in (POLICY, FIREWALL) for item in release.stored(kind).values()]
    stored.sort(key=lambda item: int(item["metadata"]["resourceVersion"]))
    return [item["kind"] for item in stored if item["metadata"]["name"] != FLOOR]


def test_window_of_an_install(installed: Release, control_plane: ControlPlane, figure: Figure) -> None:
    """Helm 3 creates every FirewallPolicy first, as they stand in the stream; Helm 4 sorts kinds, and creates them last."""
    order = _in_order(installed)
    firewalls, policies = ["FirewallPolicy"] * SERVERS, ["NetworkPolicy"] * 2 * SERVERS
    gaps = _gaps(_times(installed, control_plane, "created", NAMES), NAMES)

    assert order == (firewalls + policies if installed.cluster.host.major == 3 else policies + firewalls)
    figure(TITLE, _line(installed, "install", gaps))


def test_window_of_an_upgrade(installed: Release, control_plane: ControlPlane, figure: Figure) -> None:
    """Servers that come: as in an install.  Servers that go: Helm 3 deletes the firewall first, Helm 4 the policies."""
    major = installed.cluster.host.major
    installed.upgrade({**VALUES, "servers": dict.fromkeys(MORE, SERVER)})
    added = _gaps(_times(installed, control_plane, "created", [*NAMES, *MORE]), MORE)
    removed = [-gap for gap in _gaps(_times(installed, control_plane, "deleted", NAMES), NAMES)][::-1]

    assert (added[-1] < 0) == (major == 3)
    assert (removed[0] > 0) == (major == 3)
    figure(TITLE, _line(installed, "upgrade that adds", added))
    figure(TITLE, _line(installed, "upgrade that removes", removed))


def test_what_the_window_opens(installed: Release) -> None:
    """The residual risk is real, and `check` sees it: without the FirewallPolicies the set is wider than the catalog."""
    policies = list(installed.stored(POLICY).values())
    firewalls = list(installed.stored(FIREWALL).values())
    file, place = installed.write(VALUES), (installed.name, installed.namespace)

    assert verdict(file, *place, [*policies, *firewalls]) == set()
    assert verdict(file, *place, policies) == {"proof-wider"}
    assert verdict(file, *place, firewalls) == {"proof-wider"}
    # What is open is any public address on the port of the names, and nothing else.
    beyond = opened(installed.fenced, NAMES, policies, [[*policies, *firewalls]])
    assert beyond.keys() == {(name, "egress") for name in NAMES}
    assert all(packet.split()[1:3] == ["TCP", "443"] for packet in beyond.values())


def test_the_floor_covers_a_server_that_goes(installed: Release) -> None:
    """Once both NetworkPolicies of a server are gone it is closed, firewall or not: the floor stands."""
    state = [item for kind in (POLICY, FIREWALL) for item in installed.stored(kind).values()]
    floor = [item for item in state if item["metadata"]["name"] == FLOOR]
    left = [item for item in state if item["metadata"]["name"] in (FLOOR, "mcp-server-s0")]

    assert (len(floor), len(left)) == (1, 2)
    assert opened(installed.fenced, ["s0"], left, [floor]) == {}
    assert opened(installed.fenced, ["s0"], state, [floor]).keys() == {("s0", "egress"), ("s0", "ingress")}
