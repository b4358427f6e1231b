"""One scene from beginning to end: pods, baseline, policies, probes, and what packets and `reach` disagree on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from packet_world import Pod, Probe, Result, World
from packets.cast import cast, dice
from packets.judge import Judge
from packets.plan import KINDS, Aim, plan
from packets.scenes import Scene

WAIT = 0.7
"""Seconds until a probe counts as closed; on an idle machine an open one takes a few milliseconds."""

PATIENCE = (1.5, 4.0)
"""How long those are tried again that should be open and were not: a busy machine is no verdict."""


@dataclass(slots=True, kw_only=True)
class Tally:
    """What came of the probes of one scene, and what packets and `reach` disagree on."""

    name: str
    opened: Counter[str] = field(default_factory=Counter)
    closed: Counter[str] = field(default_factory=Counter)
    disagreements: list[str] = field(default_factory=list)
    scenes: int = 0

    @property
    def probes(self) -> int:
        """How many were compared."""
        return self.opened.total() + self.closed.total()

    def line(self) -> str:
        """For the table at the end of the run."""
        kinds = "".join(f"{f'{self.opened[kind]}/{self.closed[kind]}':>10}" for kind in KINDS)
        sums = f"{self.probes:>7}{self.opened.total():>7}{self.closed.total():>7}{len(self.disagreements):>9}"
        return f"{self.name:<22}{sums}{kinds}"

    def add(self, other: Tally) -> None:
        """Count another one's probes too."""
        self.opened += other.opened
        self.closed += other.closed
        self.disagreements += other.disagreements
        self.scenes += 1


def heading() -> str:
    """Above the lines; its first character sorts before theirs."""
    return f"{' scene':<22}{'probes':>7}{'open':>7}{'closed':>7}{'disagree':>9}" + "".join(
        f"{kind:>10}" for kind in KINDS
    )


def stage(world: World, scene: Scene) -> list[Pod]:
    """The pods of a scene, with no policy anywhere; Felix has it."""
    world.clear()
    for namespace, labels in scene.namespaces.items():
        world.label_namespace(namespace, labels)
    pods: list[Pod] = []
    numbers: Counter[str] = Counter()
    for role in cast(scene.policies, dice(scene.name)):
        name = f"p{numbers[role.namespace]}"
        numbers[role.namespace] += 1
        pods.append(world.pod(role.namespace, name, dict(role.labels)))
    world.settle()
    return pods


def check_baseline(world: World, probes: Sequence[Probe], patience: Sequence[float] = PATIENCE) -> None:
    """Without policies every probe gets through: so a closed answer, later, is the policy's."""
    results = patiently(world, probes, [True] * len(probes), patience)
    lost = [f"{show(probe)}: {result.word}" for probe, result in zip(probes, results, strict=True) if not result.open]
    assert not lost, f"{len(lost)} of {len(probes)} do not get through without any policy: {lost[:20]}"


def patiently(
    world: World, probes: Sequence[Probe], expected: Sequence[bool | None], patience: Sequence[float] = PATIENCE
) -> list[Result]:
    """The results of all probes; those that should be open and were not are tried again."""
    results = world.probe(probes, WAIT)
    for wait in patience:
        again = [index for index, result in enumerate(results) if expected[index] and not result.open]
        if not again:
            break
        for index, result in zip(again, world.probe([probes[index] for index in again], wait), strict=True):
            results[index] = result
    return results


def enforce(world: World, scene: Scene) -> None:
    """Apply the scene's objects as they stand and wait until Felix has programmed them."""
    for text, _ in scene.objects:
        world.apply(text)
    world.settle()


def measure(world: World, aims: Sequence[Aim], judge: Judge) -> list[Result]:
    """Probe; what the judge expects to be open is tried again before it counts as closed."""
    return patiently(world, [aim.probe for aim in aims], [judge.allows(aim.probe) for aim in aims])


def weigh(name: str, aims: Sequence[Aim], results: Sequence[Result], judge: Judge) -> Tally:
    """Compare what became of the probes with the verdicts of a judge."""
    tally = Tally(name=name)
    for aim, result in zip(aims, results, strict=True):
        verdict = judge.allows(aim.probe)
        if verdict is None:
            continue
        (tally.opened if result.open else tally.closed)[aim.kind] += 1
        if verdict is not (result.open if verdict else result.arrived):
            said = "open" if verdict else "closed"
            tally.disagreements.append(f"{show(aim.probe)}: reach says {said}, the packet {_fate(result)}")
    return tally


def compare(world: World, name: str, aims: Sequence[Aim], judge: Judge) -> Tally:
    """Measure and weigh."""
    return weigh(name, aims, measure(world, aims, judge), judge)


def play(world: World, scene: Scene, pods: Sequence[Pod] | None = None) -> Tally:
    """A whole scene; `pods` are those of the caller, else the policies say who is needed."""
    actors = stage(world, scene) if pods is None else list(pods)
    judge = Judge(scene.policies, scene.namespaces)
    aims = plan(world, actors, scene.policies, judge, dice(scene.name))
    check_baseline(world, [aim.probe for aim in aims])
    enforce(world, scene)
    return compare(world, scene.name, aims, judge)


def _fate(result: Result) -> str:
    if result.open:
        return "got through"
    return f"arrived, but: {result.word}" if result.arrived else f"did not: {result.word}"


def show(probe: Probe) -> str:
    """A probe in one line."""
    source, target = (_host(host) for host in (probe.source, probe.target))
    return f"{source}{probe.source_address} -> {target}{probe.address} {probe.protocol} {probe.port}"


def _host(host: object) -> str:
    if not isinstance(host, Pod):
        return ""
    labels = ",".join(f"{key}={value}" for key, value in sorted(host.labels.items()))
    return f"{host.namespace}/{labels or '(no label)'} "
