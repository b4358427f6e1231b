"""Installs and upgrades that are cut off half way: nothing opens on the way, and the next run puts it right.

The moment is exact (support/lab/tripwire.py), and every state that the store went through is looked at (support/lab/history.py).
"""

from __future__ import annotations

import copy
import time
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from control_plane import ControlPlane, Programs
from edges import Host, catalog, container
from figures import Figure
from helpers import rendered
from lab.api import Api, Document
from lab.azure import AZURE
from lab.cluster import FIREWALL, POLICY, Cluster, Release, verdict
from lab.faults import FAULTS, Fault
from lab.history import FLAGS, POLICIES, History
from lab.manifests import add_crds, await_served
from lab.opened import Way, has_floor, isolated, opened
from lab.tripwire import Tripwire

pytestmark = pytest.mark.xdist_group("lab-bad-days")

TITLE = "Bad days: every state that the store was in"

HELD = {"proof-narrower"}
"""All that `check` may say of a set that is not whole: something is closed that should be open."""


def _server(number: int, *ports: int) -> dict[str, Any]:
    return container(egress={"cidrs": [{"cidr": f"203.0.113.{number}/32", "ports": list(ports)}]})


FIRST = catalog(**{f"s{number}": _server(number, 443) for number in range(6)})
SECOND = catalog(**{f"s{number}": _server(number, 443, *([8443] if number % 2 else [])) for number in range(2, 8)})
"""Two servers more, two fewer, two that may reach another port, two as they were."""
WITH_RIGHTS = {**FIRST, "rbac": {"create": True}}
"""With an account that may deploy servers."""

LAYERED = {
    **AZURE,
    "servers": {f"s{number}": container(egress={"domains": ["api.example.com"]}) for number in range(3)},
}


@dataclass(slots=True, kw_only=True)
class Day:
    """A cluster of one's own, its history, and what befalls it."""

    cluster: Cluster
    server: ControlPlane
    history: History
    fault: Fault

    def interrupted(self, release: Release, verb: str, values: Mapping[str, Any], *, at: int) -> None:
        """`helm VERB` in which the fault comes while the policy number `at` is to be stored; all is mended then."""

        def act() -> None:
            for _ in range(1000):  # those before were let through, and are stored a moment later
                if len(self.history.at(self.history.now(), *POLICIES)) >= at - 1:
                    break
                time.sleep(0.01)
            self.fault.befall()

        with Tripwire(self.server, self.cluster.api, lambda asked: len(asked) == at, act) as wire:
            done = release.run(verb, values)
            assert wire.tripped, "helm came to its end before the fault"
            self.fault.mend()
            for kind in (POLICY, FIREWALL):
                await_served(self.cluster.api, self.cluster.api.resource(*kind).path())
            wire.remove()
        assert done.returncode == 1, done.stdout.decode()


@pytest.fixture
def day(request: pytest.FixtureRequest, programs: Programs, host: Host, shared: Path, tmp_path: Path) -> Iterator[Day]:
    """A day that will be bad, on a cluster that nobody else uses."""
    server = ControlPlane(folder=tmp_path / "server", programs=programs, apiserver_flags=FLAGS)
    fault = FAULTS[request.param](server)
    try:
        with server, closing(Api(server.url, server.ca, server.token)) as api:
            add_crds(api, shared / "crds" / "aviatrix")
            cluster = Cluster(host=host, api=api, kubeconfig=server.kubeconfig)
            yield Day(cluster=cluster, server=server, history=History(server.etcd_url), fault=fault)
    finally:
        fault.close()


def _verdict(release: Release, values: Mapping[str, Any], state: list[Document]) -> set[str]:
    return verdict(release.write(values), release.name, release.namespace, state)


@pytest.mark.parametrize("day", FAULTS, indirect=True)
def test_an_install_that_is_cut_off(day: Day, request: pytest.FixtureRequest, figure: Figure) -> None:
    """Nothing that is closed opens again, with the floor all is closed, and the next run makes it what was declared."""
    release, start = day.cluster.release("cut"), day.history.now()
    day.interrupted(release, "install", WITH_RIGHTS, at=6)
    cut = day.history.now()
    release.forget_pending(1)
    release.upgrade(WITH_RIGHTS, "--install")
    states = list(day.history.states(start))

    assert (len(states[0]), len(day.history.at(cut, *POLICIES)), len(states[-1])) == (0, 5, 13)
    assert release.verdict(FIRST) == set()
    closed = set[Way]()
    for state in states:
        before, closed = closed, isolated(release.fenced, FIRST["servers"], state)
        assert before <= closed
        assert closed.isdisjoint(opened(release.fenced, FIRST["servers"], state, [states[-1]]))
        if has_floor(state):
            assert _verdict(release, FIRST, state) <= HELD
    # Whoever the chart lets deploy servers can do nothing before all their fences are there.
    revisions = range(cut, day.history.now() + 1)
    may_deploy = next(one for one in revisions if day.history.at(one, f"rolebindings/{release.fenced}/"))
    assert (may_deploy > cut, len(day.history.at(may_deploy, *POLICIES))) == (True, 13)
    figure(
        TITLE,
        f"helm {day.cluster.host.major}, {request.node.callspec.params['day']}, install: {len(states)} states, none opens anything",
    )


@pytest.mark.parametrize("day", ["API server killed", "store full"], indirect=True)
def test_an_upgrade_that_is_cut_off(day: Day, request: pytest.FixtureRequest, figure: Figure) -> None:
    """At every moment each server may do what the old or the new catalog says, and after the repair what the new says."""
    release = day.cluster.release("cut")
    release.install(FIRST)
    start = day.history.now()
    day.interrupted(release, "upgrade", SECOND, at=4)
    release.helm("rollback")
    release.upgrade(SECOND)
    states = list(day.history.states(start))
    servers = {*FIRST["servers"], *SECOND["servers"]}

    assert release.verdict(SECOND) == set()
    assert [opened(release.fenced, servers, state, [states[0], states[-1]]) for state in states] == [{}] * len(states)
    # The twin: neither catalog allows all that the other does, so there was something to see.
    assert opened(release.fenced, servers, states[0], [states[-1]])
    assert opened(release.fenced, servers, states[-1], [states[0]])
    figure(
        TITLE,
        f"helm {day.cluster.host.major}, {request.node.callspec.params['day']}, upgrade: {len(states)} states, none opens anything",
    )


def test_an_opening_is_seen() -> None:
    """The comparison can fail: a rule that opens, and a policy that is gone, are told with the pods and one packet."""
    servers = FIRST["servers"]
    whole = [
        one
        for one in [yaml.load(item.text, Loader=yaml.CSafeLoader) for item in rendered(FIRST).objects]
        if one["kind"] == "NetworkPolicy"
    ]
    wrong = copy.deepcopy(whole)
    (policy,) = [one for one in wrong if one["metadata"]["name"] == "mcp-server-s1-ingress"]
    namespace, policy["spec"]["ingress"] = policy["metadata"]["namespace"], [{"ports": [{"port": 8080}]}]
    gone = [one for one in whole if one is not whole[0]]

    assert opened(namespace, servers, whole, [whole]) == {}
    assert opened(namespace, servers, wrong, [whole]).keys() == {("s1", "ingress")}
    assert isolated(namespace, servers, whole) - isolated(namespace, servers, gone) == {("s0", "egress")}


@pytest.mark.parametrize("day", ["API server killed"], indirect=True)
def test_a_layered_install_that_is_cut_off(day: Day) -> None:
    """What Helm 4 leaves open between the two kinds stays open until the next run; Helm 3 leaves nothing open."""
    release, major = day.cluster.release("layered"), day.cluster.host.major
    # Helm 3: three FirewallPolicies and a few NetworkPolicies; Helm 4: all NetworkPolicies and no FirewallPolicy.
    day.interrupted(release, "install", LAYERED, at=6 if major == 3 else 8)
    half = day.history.at(day.history.now(), *POLICIES)
    release.forget_pending(1)
    release.upgrade(LAYERED, "--install")
    whole = day.history.at(day.history.now(), *POLICIES)

    kinds = [one["kind"] for one in half]
    assert (kinds.count("FirewallPolicy"), kinds.count("NetworkPolicy")) == ((3, 2) if major == 3 else (0, 7))
    closed = isolated(release.fenced, LAYERED["servers"], [one for one in half if one["kind"] == "NetworkPolicy"])
    wider = closed & opened(release.fenced, LAYERED["servers"], half, [whole]).keys()
    assert wider == (set() if major == 3 else {(name, "egress") for name in LAYERED["servers"]})
    assert release.verdict(LAYERED) == set()
