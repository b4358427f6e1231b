"""The comparison can fail: planted widenings are seen by packets and by `reach`, planted errors of the test itself too."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import pytest
import yaml

from packet_world import Pod, Probe, Result, World
from packets import play
from packets.cast import dice
from packets.judge import Judge
from packets.plan import Aim, plan
from packets.scenes import Scene, catalog_scene, scene

CATALOG: dict[str, Any] = {
    "cluster": {"ipFamilies": ["IPv4", "IPv6"]},
    "clients": {"gateway": {"namespace": "gateways", "podSelector": {"app": "gateway"}}},
    "servers": {
        "vault": {
            "runtime": "containerized",
            "containerizedConfig": {"image": "x", "port": 8080, "denyAllEgress": True},
        },
        "partner": {
            "runtime": "containerized",
            "containerizedConfig": {"image": "x", "port": 8081},
            "egress": {
                "cidrs": [
                    {"cidr": "203.0.113.0/24", "except": ["203.0.113.8/30"], "ports": ["443-444", "4433/UDP"]},
                    {"cidr": "2606:4700::/32", "ports": [443]},
                ],
                "services": [{"name": "redis", "namespace": "data", "podSelector": {"app": "redis"}, "ports": [6379]}],
                "dns": True,
            },
        },
        "browser": {
            "runtime": "containerized",
            "containerizedConfig": {"image": "x", "port": 8082},
            "egress": {"default": "internet"},
        },
    },
}


@cache
def clean() -> Scene:
    """A scene with a server of each stance."""
    return catalog_scene("planted", CATALOG)


def changed(before: str, after: str) -> Scene:
    """The scene with one piece of its text replaced."""
    stream = "".join(f"---\n{text.removeprefix('---').strip()}\n" for text, _ in clean().objects)
    assert before in stream, before
    return scene("planted", stream.replace(before, after))


@dataclass(frozen=True, slots=True)
class Stage:
    """The pods of the clean scene, what it allows, and probes that get through without policies."""

    judge: Judge
    pods: Sequence[Pod]
    aims: list[Aim]


@pytest.fixture(scope="module")
def stage(world: World) -> Stage:
    """Set once: the pods stay, only policies change."""
    pods = play.stage(world, clean())
    judge = Judge(clean().policies)
    aims = plan(world, pods, clean().policies, judge, dice(1))
    play.check_baseline(world, [aim.probe for aim in aims])
    return Stage(judge, pods, aims)


def _put(world: World, found: Scene) -> None:
    world.clear()
    play.enforce(world, found)


CARELESS = """\
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: allow-web, namespace: demo-mcp}
spec:
  podSelector: {}
  policyTypes: [Egress]
  egress: [{to: [{ipBlock: {cidr: 0.0.0.0/0}}], ports: [{port: 443}]}]
"""


def test_careless_policy(world: World, stage: Stage) -> None:
    """Another policy of the namespace adds what it allows, for packets and for `reach` alike."""
    policies = [*clean().policies, yaml.load(CARELESS, Loader=yaml.CSafeLoader)]
    _put(world, clean())
    assert play.compare(world, "before", stage.aims, stage.judge).disagreements == []

    world.apply(CARELESS)
    world.settle()
    results = play.measure(world, stage.aims, Judge(policies))
    seen = play.weigh("after", stage.aims, results, stage.judge).disagreements

    assert any("10.0.0.1 TCP 443: reach says closed, the packet got through" in line for line in seen), seen
    assert any("app=vault" in line for line in seen), seen
    assert not any(":: " in line or " UDP " in line for line in seen), seen
    assert play.weigh("after", stage.aims, results, Judge(policies)).disagreements == []


MUTATIONS = {
    "except dropped": ("        - 10.0.0.0/8\n", ""),
    "except of a listed block narrower": ("203.0.113.8/30", "203.0.113.8/31"),
    "block one bit shorter": ("cidr: 203.0.113.0/24", "cidr: 203.0.112.0/23"),
    "one port more": ("endPort: 444", "endPort: 445"),
    "another protocol": ("- protocol: UDP\n      port: 4433", "- protocol: TCP\n      port: 4433"),
    "no ports": ("    ports:\n    - protocol: TCP\n      port: 6379\n", ""),
    "any pod of the namespace": ("      podSelector:\n        matchLabels:\n          app: redis\n", ""),
    "any namespace": ("          kubernetes.io/metadata.name: gateways\n", "          {}\n"),
    "egress not isolated": ("  - Egress\n  egress: []\n", "  - Ingress\n"),
}


@pytest.mark.parametrize("mutation", MUTATIONS)
def test_mutated_manifest(world: World, stage: Stage, mutation: str) -> None:
    """A manifest that was changed for the worse: packets and `reach` see the same, which is not what it was."""
    worse = changed(*MUTATIONS[mutation])
    _put(world, worse)
    judge = Judge(worse.policies)
    aims = plan(world, stage.pods, worse.policies, judge, dice(1))

    aims = list(dict.fromkeys((*stage.aims, *aims)))
    results = play.measure(world, aims, judge)
    changes = play.weigh(mutation, aims, results, stage.judge).disagreements

    assert play.weigh(mutation, aims, results, judge).disagreements == []
    wider = [line for line in changes if "reach says closed, the packet got through" in line]
    assert wider
    assert wider == changes or mutation == "another protocol"


class Turned(Judge):
    """A judge that errs on one probe."""

    wrong: Probe

    def allows(self, probe: Probe) -> bool | None:
        """The opposite, once."""
        verdict = super().allows(probe)
        return not verdict if probe == self.wrong else verdict


@pytest.mark.parametrize("verdict", [True, False], ids=["open", "closed"])
def test_turned_expectation(world: World, stage: Stage, verdict: bool) -> None:
    """One wrong verdict among hundreds is one disagreement."""
    _put(world, clean())
    judge = Turned(clean().policies)
    judge.wrong = next(aim.probe for aim in stage.aims if stage.judge.allows(aim.probe) is verdict)

    results = play.measure(world, stage.aims, stage.judge)
    found = play.weigh("turned", stage.aims, results, judge).disagreements

    fate = "reach says closed, the packet got through" if verdict else "reach says open, the packet did not: timeout"
    assert found == [f"{play.show(judge.wrong)}: {fate}"]


def test_baseline_that_does_not_hold(world: World, stage: Stage) -> None:
    """Where something else than the policies stops packets, nothing is compared."""
    _put(world, clean())

    with pytest.raises(AssertionError, match="do not get through without any policy"):
        play.check_baseline(world, [aim.probe for aim in stage.aims], patience=())


def test_packet_that_arrives_without_answer(world: World, stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """A packet that got there counts as through, though its answer was lost: the target is asked too."""
    world.clear()
    world.settle()
    aim = next(aim for aim in stage.aims if stage.judge.allows(aim.probe) is False)
    real = World.probe
    lost = Result(open=False, arrived=True, word="timeout")
    monkeypatch.setattr(World, "probe", lambda *given: [lost for _ in real(*given)])

    found = play.compare(world, "lost", [aim], stage.judge).disagreements

    assert found == [f"{play.show(aim.probe)}: reach says closed, the packet arrived, but: timeout"]
