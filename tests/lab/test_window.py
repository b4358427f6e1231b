"""Layered sets: how long does the NetworkPolicy of a server stand without the FirewallPolicy that narrows it?

With aviatrix a server that lists names has a NetworkPolicy that allows all public addresses on the names' ports.
Until its FirewallPolicy is there, and once it is gone, the server may reach any name.  Which of the two helm creates
and deletes first is what these tests measure, as the API server saw it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import pytest

from control_plane import ControlPlane
from edges import container
from figures import Figure
from lab.audit import Event, changes
from lab.azure import AZURE
from lab.cluster import FIREWALL, POLICY, Cluster, Release, verdict

SERVERS = 40
TITLE = "aviatrix: how long a NetworkPolicy stood without its FirewallPolicy"
NAMES = [f"s{number}" for number in range(SERVERS)]
SERVER = container(egress={"domains": ["api.example.com"]})
VALUES = {**AZURE, "servers": dict.fromkeys(NAMES, SERVER)}


@pytest.fixture
def installed(cluster: Cluster) -> Release:
    """A release with servers that list names."""
    release = cluster.release("window")
    release.install(VALUES)
    return release


def _times(release: Release, control_plane: ControlPlane, what: str) -> Mapping[tuple[str, str], Event]:
    events = changes(control_plane.audit_log, release.fenced)
    return {(event.resource, event.name): event for event in events if event.what == what}


def _gaps(times: Mapping[tuple[str, str], Event], names: Iterable[str] = NAMES) -> list[float]:
    """Seconds from each server's egress NetworkPolicy to its FirewallPolicy; negative if the latter came first."""
    gaps = []
    for name in names:
        policy = times["networkpolicies", f"mcp-server-{name}-egress"]
        firewall = times["firewallpolicies", f"mcp-server-{name}"]
        gaps.append((firewall.when - policy.when).total_seconds())
    return gaps


def test_window_of_an_install(installed: Release, control_plane: ControlPlane, figure: Figure) -> None:
    """Helm 3 creates every FirewallPolicy first; Helm 4 sorts kinds itself and creates them last."""
    major = installed.cluster.host.major
    gaps = _gaps(_times(installed, control_plane, "created"))
    stored = [item for kind in (POLICY, FIREWALL) for item in installed.stored(kind).values()]
    order = [item for item in stored if item["metadata"]["name"] != "mcp-default-deny"]
    order.sort(key=lambda item: int(item["metadata"]["resourceVersion"]))

    if major == 3:
        assert max(gaps) < 0
        assert [item["kind"] for item in order[:SERVERS]] == ["FirewallPolicy"] * SERVERS
    else:
        assert min(gaps) > 0
        assert [item["kind"] for item in order[-SERVERS:]] == ["FirewallPolicy"] * SERVERS
    figure(TITLE, f"helm {major}, install:              {max(0.0, *gaps):5.2f} s for {SERVERS} servers")


def test_window_of_an_uninstall(installed: Release, control_plane: ControlPlane, figure: Figure) -> None:
    """Both delete every NetworkPolicy first; then each server's pods stand on the FirewallPolicy alone for a moment."""
    major = installed.cluster.host.major
    installed.helm("uninstall")
    gaps = _gaps(_times(installed, control_plane, "deleted"))

    assert min(gaps) > 0
    figure(
        TITLE, f"helm {major}, uninstall:            {max(0.0, *(-gap for gap in gaps)):5.2f} s for {SERVERS} servers"
    )


def test_window_of_an_upgrade(installed: Release, control_plane: ControlPlane, figure: Figure) -> None:
    """An upgrade creates in the order of an install; Helm 3 also deletes in that order, so there the firewall goes first."""
    major = installed.cluster.host.major
    names = [f"new{number}" for number in range(SERVERS)]
    installed.upgrade({**VALUES, "servers": dict.fromkeys(names, SERVER)})
    added = _gaps(_times(installed, control_plane, "created"), names)
    removed = _gaps(_times(installed, control_plane, "deleted"))

    if major == 3:
        assert max(added) < 0
        assert max(removed) < 0
    else:
        assert min(added) > 0
        assert min(removed) > 0
    figure(TITLE, f"helm {major}, upgrade that adds:    {max(0.0, *added):5.2f} s for {SERVERS} servers")
    figure(
        TITLE,
        f"helm {major}, upgrade that removes: {max(0.0, *(-gap for gap in removed)):5.2f} s for {SERVERS} servers",
    )


def test_what_the_window_opens(installed: Release) -> None:
    """The residual risk is real, and `check` sees it: without the FirewallPolicies the set is wider than the catalog."""
    policies = list(installed.stored(POLICY).values())
    firewalls = list(installed.stored(FIREWALL).values())
    file, place = installed.write(VALUES), (installed.name, installed.namespace)

    assert verdict(file, *place, [*policies, *firewalls]) == set()
    assert verdict(file, *place, policies) == {"proof-wider"}
    assert verdict(file, *place, firewalls) == {"proof-wider"}
