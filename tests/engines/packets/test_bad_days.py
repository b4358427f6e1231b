"""Bad days: Felix dies, half of a set is applied, policies go; nothing ever opens wider than the catalog."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import pytest
import yaml

from figures import Figure
from packet_world import Pod, Port, Probe, World
from packets import play
from packets.cast import dice
from packets.judge import Judge
from packets.plan import Aim, plan
from packets.scenes import Document, Scene, catalog_scene, example, scene
from tooling import eventually

TITLE = "real packets on bad days"


@dataclass(frozen=True, slots=True)
class Stage:
    """A scene whose chart brings the floor, its pods, what it allows, and probes."""

    scene: Scene
    judge: Judge
    pods: Sequence[Pod]
    aims: list[Aim]

    def pod(self, **labels: str) -> Pod:
        """The first pod with these labels."""
        return next(pod for pod in self.pods if labels.items() <= pod.labels.items())


@pytest.fixture(scope="module")
def stage(world: World, request: pytest.FixtureRequest) -> Stage:
    """The example with two IP families; its objects come from the chart with real helm."""
    found = example("dual-stack-eks", request.getfixturevalue("helm4"))
    pods = play.stage(world, found)
    judge = Judge(found.policies)
    aims = plan(world, pods, found.policies, judge, dice(7))
    play.check_baseline(world, [aim.probe for aim in aims])
    return Stage(found, judge, pods, aims)


@pytest.fixture
def whole(world: World, stage: Stage) -> Stage:
    """The scene, all of it in force."""
    world.clear()
    play.enforce(world, stage.scene)
    return stage


def _disagreements(
    world: World,
    stage: Stage,
    policies: Sequence[Document] | None = None,
) -> list[str]:
    judge = stage.judge if policies is None else Judge(policies)
    return play.compare(world, "", stage.aims, judge).disagreements


def _opened(world: World, stage: Stage, allowed: Judge) -> list[str]:
    """Probes that get through though they are not allowed."""
    results = world.probe([aim.probe for aim in stage.aims], play.WAIT)
    return [
        play.show(aim.probe)
        for aim, result in zip(stage.aims, results, strict=True)
        if result.arrived and not allowed.allows(aim.probe)
    ]


# --- Felix ---


def test_felix_killed_and_restarted(world: World, whole: Stage, figure: Figure) -> None:
    """Without Felix the policies that it programmed go on; restarted, it takes up what was written meanwhile."""
    policies = whole.scene.policies
    gone = [one for one in policies if one["metadata"]["name"].startswith("mcp-server-orders-")]
    rest = [one for one in policies if one not in gone]

    world.felix.kill()
    dead = _disagreements(world, whole)
    for one in gone:
        world.api.delete_policy(one["metadata"]["namespace"], one["metadata"]["name"])
    deaf = _disagreements(world, whole)
    began = time.monotonic()
    world.felix.start()
    world.settle()
    seconds = time.monotonic() - began
    results = play.measure(world, whole.aims, Judge(rest))

    assert (dead, deaf) == ([], [])
    assert play.weigh("", whole.aims, results, Judge(rest)).disagreements == []
    assert play.weigh("", whole.aims, results, whole.judge).disagreements
    figure(TITLE, f"Felix killed, policies changed, Felix started: agrees again after {seconds:.1f} s")


def test_no_packet_leaks_while_felix_restarts(world: World, whole: Stage, figure: Figure) -> None:
    """A server that keeps trying gets nothing through: not before, while or after Felix is away."""
    server = whole.pod(app="sequential-thinking")
    with _Stream(world, server, "1.1.1.1", 4433) as stream:
        world.felix.kill()
        stream.goes_on()
        world.felix.start()
        world.settle()
        stream.goes_on()

    assert stream.arrived == []
    figure(TITLE, f"Felix restarted under fire: {len(stream.sent)} datagrams sent, 0 arrived")


@pytest.mark.usefixtures("whole")
def test_new_pod_while_felix_is_away(world: World) -> None:
    """A pod that starts while Felix is away has no connection at all, and later only what its fence allows."""
    world.felix.kill()
    try:
        pod = world.pod("mcp", "late", {"app": "browser"})
        probes = [_to_outside(world, pod, "1.1.1.1", 443), _to_outside(world, pod, "10.0.0.1", 443)]
        alone = world.probe(probes, play.WAIT)
    finally:
        world.felix.start()
        world.settle()
    found = play.patiently(world, probes, [True, False])
    world.delete_pod(pod)

    assert [result.arrived for result in alone] == [False, False]
    assert [result.arrived for result in found] == [True, False]


@pytest.mark.usefixtures("whole")
def test_new_pod_is_fenced_from_its_first_packet(world: World, figure: Figure) -> None:
    """A pod that starts where its policies are in force already never gets a packet out that they deny."""
    pod = world.pod("mcp", "early", {"app": "sequential-thinking"})
    with _Stream(world, pod, "1.1.1.1", 4433) as stream:
        world.settle()
        stream.goes_on()
    world.delete_pod(pod)

    assert stream.arrived == []
    figure(TITLE, f"new pod under policies: {len(stream.sent)} datagrams sent from its start, 0 arrived")


# --- when a policy is in force ---


def test_deny_holds_from_the_moment_it_is_programmed(world: World, stage: Stage, figure: Figure) -> None:
    """`settle` returns when Felix has programmed what was written: from then on not one packet gets through.

    The server sends a datagram every few milliseconds, each a flow of its own, over both families in turn, while its
    policies are applied; the clock of the arrivals is that of `settle`.
    """
    for address in ("1.1.1.1", "2606:4700::1111"):
        world.clear()
        world.settle()
        server = stage.pod(app="sequential-thinking")
        with _Stream(world, server, address, 4433) as stream:
            stream.arrives()
            before = time.monotonic()
            for text, _ in stage.scene.objects:
                world.apply(text)
            written = time.monotonic()
            world.settle()
            programmed = time.monotonic()
            stream.goes_on()

        assert any(when < before for when in stream.arrived)
        assert [when for when in stream.arrived if when > programmed] == []
        last = max(stream.arrived)
        figure(
            TITLE,
            f"deny, seen from {address}: last packet {max(0.0, last - written) * 1000:.0f} ms after the last of"
            f" {len(stage.scene.objects)} objects was written; reported after {(programmed - written) * 1000:.0f} ms",
        )


# --- half of a set ---


def test_half_applied_sets(world: World, stage: Stage, figure: Figure) -> None:
    """The floor first, then some policies and more: never more is open than the catalog allows; a full apply mends it."""
    world.clear()
    floor = [pair for pair in stage.scene.objects if pair[1]["metadata"]["name"] == "mcp-default-deny"]
    others = [pair for pair in stage.scene.objects if pair not in floor]
    assert floor
    dice(3).shuffle(others)
    applied: list[Document] = []
    tried = 0
    for part in (floor, others[:1], others[1:4], others[4:7]):
        for text, document in part:
            world.apply(text)
            applied.append(document)
        world.settle()
        policies = [one for one in applied if one["kind"] == "NetworkPolicy"]
        assert _opened(world, stage, stage.judge) == []
        assert _disagreements(world, stage, policies) == []
        tried += len(stage.aims)

    play.enforce(world, stage.scene)
    assert _disagreements(world, stage) == []
    figure(TITLE, f"half-applied set, floor first: {tried} probes in 4 steps, 0 wider than the catalog; then all of it")


def test_without_the_floor_half_a_set_is_open(world: World, stage: Stage) -> None:
    """The same without the floor: a server whose policies are not there yet is open, which is what the floor is for."""
    world.clear()
    for text, document in stage.scene.objects:
        if "orders" in document["metadata"]["name"]:
            world.apply(text)
    world.settle()

    assert _opened(world, stage, stage.judge)


def test_removing_a_server_closes_it(world: World, whole: Stage) -> None:
    """Without its own policies a server is on the floor: nothing in, nothing out; the others stay as they are."""
    server = whole.pod(app="browser")
    own = [one for one in whole.scene.policies if one["metadata"]["name"].startswith("mcp-server-browser-")]
    assert len(own) == 2
    for one in own:
        world.api.delete_policy(one["metadata"]["namespace"], one["metadata"]["name"])
    world.settle()

    ours = [aim.probe for aim in whole.aims if server in (aim.probe.source, aim.probe.target)]
    assert sum(whole.judge.allows(probe) is True for probe in ours) > 20
    assert [play.show(p) for p, r in zip(ours, world.probe(ours, play.WAIT), strict=True) if r.arrived] == []
    assert _disagreements(world, whole, [one for one in whole.scene.policies if one not in own]) == []

    play.enforce(world, whole.scene)
    assert _disagreements(world, whole) == []


# --- what Kubernetes leaves open ---


def test_blocks_and_the_addresses_of_pods(world: World) -> None:
    """Calico's ipBlocks hold the addresses of pods too, which Kubernetes leaves open; `reach` keeps the two apart.

    So a listed block that holds pods opens them under Calico, whatever their labels.
    """
    cidrs = [{"cidr": "10.244.0.0/16", "ports": [443]}, {"cidr": "fd00:10:244::/64", "ports": [443]}]
    reader = {"runtime": "containerized", "containerizedConfig": {"image": "x"}, "egress": {"cidrs": cidrs}}
    both = {"ipFamilies": ["IPv4", "IPv6"]}
    found = catalog_scene("pods in blocks", {"cluster": both, "servers": {"reader": reader}})
    source = world.pod("demo-mcp", "p0", {"app": "reader"})
    target = world.pod("data", "unlisted", {"app": "database"})
    world.clear()
    play.enforce(world, found)
    ends = list(zip(source.addresses, target.addresses, strict=True))
    probes = [Probe(source, ours, target, theirs, "TCP", 443) for ours, theirs in ends]

    results = play.patiently(world, probes, [True, True])

    assert [result.open for result in results] == [True, True]
    assert [Judge(found.policies).allows(probe) for probe in probes] == [True, True]
    by_labels = Judge(found.policies, blocks_hold_pods=False)
    assert [by_labels.allows(probe) for probe in probes] == [False, False]


NAMED = """\
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: named, namespace: demo-mcp}
spec:
  podSelector: {matchLabels: {app: caller}}
  policyTypes: [Egress]
  egress: [{to: [{ipBlock: {cidr: 10.244.0.0/16}}], ports: [{port: web}]}]
"""


def test_named_ports_in_blocks(world: World) -> None:
    """A named port in a block is, under Calico, that port of the pods in it; so `reach` must not say that it is closed."""
    source = world.pod("demo-mcp", "p0", {"app": "caller"})
    target = world.pod("data", "named", {"app": "web"}, [Port("web", "TCP", 8081)])
    world.clear()
    play.enforce(world, scene("named ports in blocks", NAMED))
    probes = [Probe(source, source.addresses[0], target, target.addresses[0], "TCP", port) for port in (8081, 8082)]

    results = play.patiently(world, probes, [True, False])

    assert [result.open for result in results] == [True, False]
    assert Judge([yaml.load(NAMED, Loader=yaml.CSafeLoader)]).allows(probes[0]) is not False


def _to_outside(world: World, pod: Pod, address: str, port: int) -> Probe:
    return Probe(pod, pod.addresses[":" in address], world.outside, address, "TCP", port)


class _Stream:
    """Datagrams from a pod to the outside while the block runs; `sent` and `arrived` are their times afterwards."""

    def __init__(self, world: World, pod: Pod, address: str, port: int) -> None:
        self._world, self._pod, self._address, self._port = world, pod, address, port
        self.sent: list[float] = []
        self.arrived: list[float] = []

    def __enter__(self) -> Self:
        self._world.outside.listen({self._port})
        self._world.outside.ask(do="seen")
        self._pod.ask(do="stream", to=[self._address, self._port], every=0.005)
        return self

    def goes_on(self) -> None:
        """Wait until many more are sent, however long it takes."""
        enough = self._pod.ask(do="sent") + 100
        eventually(lambda: self._pod.ask(do="sent") >= enough, "the pod sends no more")

    def arrives(self) -> None:
        """Wait until some arrive."""

        def more() -> bool:
            self.arrived += [item[5] for item in self._world.outside.ask(do="seen") if item[4] == self._port]
            return bool(self.arrived)

        eventually(more, "nothing arrives")

    def __exit__(self, *_: object) -> None:
        self.sent = list(self._pod.ask(do="stop").values())
        time.sleep(0.1)
        self.arrived += [item[5] for item in self._world.outside.ask(do="seen") if item[4] == self._port]
