"""Verdicts: may this flow pass?  The evaluators say so from the rendered manifests; the catalog gives the reasons.

A question about a set of flows (a client of several peers, a name at every address) is answered as a whole:

    allowed   every flow of it surely passes          denied    none can
    partly    some pass, some do not                  unknown   it cannot be told from the manifests
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Literal

from mcpfence.explain.caller_remedies import to_be_called
from mcpfence.explain.context import Sight, View, look
from mcpfence.explain.endpoint import Answer, End, deciding, end_of, flows_of, joined, packets_of, points_of, worst
from mcpfence.explain.grants import PUBLIC, Line, caller_lines, egress_lines
from mcpfence.explain.name_addresses import Places, blocks_text, places_of
from mcpfence.explain.remedies import Remedy, to_reach
from mcpfence.explain.targets import PodSet, Target
from mcpfence.findings.finding import path_text
from mcpfence.kube.manifest import FLOOR
from mcpfence.net.intervals import canonical, intersect
from mcpfence.net.ports import ports_text
from mcpfence.plan.fence import Fence
from mcpfence.proof.prove import box_of, subjects
from mcpfence.providers import NamesAt
from mcpfence.reach.evaluation.evaluator import Subject
from mcpfence.reach.flows import flows, host_names, label_sets, traffic
from mcpfence.reach.flows.flows import Reach
from mcpfence.structs import Struct


class Verdict(Struct):
    """The answer, the policies behind it, what grants it in the catalog or what would."""

    flag: Literal["to", "from"]
    target: Target
    answer: Answer
    sentence: str
    ends: tuple[End, ...]
    grants: tuple[Line, ...]
    remedies: tuple[Remedy, ...]
    notes: tuple[str, ...]

    @property
    def allowed(self) -> bool:
        """Whether every flow of the question surely passes."""
        return self.answer == "allowed"


def may_reach(view: View, fence: Fence, target: Target) -> Verdict:
    """Whether the pods of a fence may reach a target."""
    others = _fences_of(view, target.pods)
    sight = look(view, [fence, *others], floor=_on_floor(view, target.pods))
    if target.host:
        return _host(view, fence, target, sight)
    asked = flows_of(target.pods, target.addresses, target.ports, sight)
    mine = end_of(fence.title, "egress", subjects(fence), asked, sight)
    theirs = _other_end(fence, target, "ingress", sight)
    answer = worst([mine, *theirs])
    remedies = [to_reach(view, fence, target, asked)] if mine.answer != "allowed" else []
    if any(end.answer != "allowed" for end in theirs):
        remedies += _at_the_other_end(view, fence, target, _fences_of(view, target.pods, sight.keys))
    grants = _granting(egress_lines(view, fence), asked) if mine.answer in ("allowed", "partly") else ()
    notes = [*_unseen(target, [mine, *theirs]), *_by_name(view, sight, subjects(fence), target, mine.answer)]
    notes += _inside(view, target)
    sentence = _SENTENCES["to", answer].format(us=fence.title, them=_said(target), ports=ports_text(target.ports))
    return Verdict("to", target, answer, sentence, (mine, *theirs), grants, _needed(remedies), tuple(notes))


def may_call(view: View, fence: Fence, target: Target) -> Verdict:
    """Whether a target may call the pods of a fence."""
    others = _fences_of(view, target.pods)
    sight = look(view, [fence, *others], floor=_on_floor(view, target.pods))
    asked = flows_of(target.pods, target.addresses, target.ports, sight)
    mine = end_of(fence.title, "ingress", subjects(fence), asked, sight)
    theirs = _other_end(fence, target, "egress", sight)
    answer = worst([mine, *theirs])
    remedies = [to_be_called(view, fence, target)] if mine.answer != "allowed" else []
    if any(end.answer != "allowed" for end in theirs):
        remedies.append(_caller_cannot(view, fence, target, _fences_of(view, target.pods, sight.keys)))
    grants = _granting(caller_lines(view, fence), asked) if mine.answer in ("allowed", "partly") else ()
    notes = [*_unseen(target, [mine, *theirs]), *_inside(view, target)]
    if target.addresses and intersect(target.addresses, canonical(view.catalog.cluster.nodes)):
        notes.append("the node of a pod always reaches it (kubelet probes); no NetworkPolicy stops that")
    sentence = _SENTENCES["from", answer].format(us=fence.title, them=_said(target), ports=ports_text(target.ports))
    return Verdict("from", target, answer, sentence, (mine, *theirs), grants, _needed(remedies), tuple(notes))


_SENTENCES: dict[tuple[str, Answer], str] = {
    ("to", "allowed"): "{us} may reach {them} on {ports}",
    ("to", "denied"): "{us} may not reach {them} on {ports}",
    ("to", "partly"): "{us} may reach only a part of {them} on {ports}",
    ("to", "unknown"): "whether {us} may reach {them} on {ports} cannot be told",
    ("from", "allowed"): "{them} may call {us} on {ports}",
    ("from", "denied"): "{them} may not call {us} on {ports}",
    ("from", "partly"): "only a part of {them} may call {us} on {ports}",
    ("from", "unknown"): "whether {them} may call {us} on {ports} cannot be told",
}


def _said(target: Target) -> str:
    return f"{target.said} ({target.shown})" if target.shown else target.said


# --- the other end ---


def _fences_of(view: View, pods: Iterable[PodSet], keys: Iterable[str] = ()) -> list[Fence]:
    """The fences whose selectors some of the pods may satisfy; `keys`: see PodSet.box."""
    return [
        fence
        for fence in view.fences
        if any(
            one.namespace == fence.namespace and label_sets.intersect(one.box(keys), box_of(selector)) is not None
            for one in pods
            for selector in fence.selectors
        )
    ]


def _on_floor(view: View, pods: Iterable[PodSet]) -> bool:
    return view.catalog.floor and any(one.namespace == view.catalog.namespace for one in pods)


def _other_end(fence: Fence, target: Target, direction: str, sight: Sight) -> tuple[End, ...]:
    """What policies of this render say on the side of the target's pods; nothing where none selects them."""
    ours = [PodSet(fence.namespace, selector) for selector in fence.selectors]
    asked = flows_of(ours, (), target.ports, sight)
    ends = []
    for pods in target.pods:
        subject = Subject(pods.namespace, pods.box(sight.keys))
        end = end_of(target.said, direction, [subject], asked, sight)
        if end.passed or end.stopped:
            ends.append(end)
    return (joined(target.said, direction, ends),) if ends else ()


def _at_the_other_end(view: View, fence: Fence, target: Target, others: Sequence[Fence]) -> list[Remedy]:
    """What the called side lacks; pods that no fence selects need nothing else than a services entry of the caller."""
    asking = Target(fence.kind, fence.title, target.ports, pods=_pods_of(fence), name=fence.name)
    return [to_be_called(view, other, asking) for other in others[:1]]


def _caller_cannot(view: View, fence: Fence, target: Target, others: Sequence[Fence]) -> Remedy:
    """What the calling side lacks."""
    called = Target(fence.kind, fence.title, target.ports, pods=_pods_of(fence), name=fence.name)
    for other in others:
        if other.kind != "service":
            return to_reach(view, other, called, flows.NOTHING)
    why = f"{FLOOR} denies what no server or workload of the catalog is"
    return Remedy(why, f"declare the caller as a workload with egress.servers: [{fence.name}]", ("workloads",))


def _needed(remedies: Sequence[Remedy]) -> tuple[Remedy, ...]:
    """What both ends lack, each key once; where nothing can open one of them, that alone counts."""
    never = [remedy for remedy in remedies if not remedy.key]
    return tuple(never[:1] or {remedy.key: remedy for remedy in reversed(remedies)}.values())


def _pods_of(fence: Fence) -> tuple[PodSet, ...]:
    return tuple(PodSet(fence.namespace, selector) for selector in fence.selectors)


# --- names ---


def _host(view: View, fence: Fence, target: Target, sight: Sight) -> Verdict:
    """A name is granted at public addresses; where it resolves is not ours to know."""
    tcp = target.ports[0].protocol == "TCP"
    allowed = traffic.named(points_of(target.ports), host_names.names_of([target.host]) if tcp else host_names.NAMELESS)
    places = places_of(view, fence, allowed, sight)
    answer: Answer = (
        "allowed" if places.open else "partly" if places.sure else "unknown" if places.perhaps else "denied"
    )
    asked = flows.reach_of(places.sure or places.public, (), allowed)
    ends = [
        End(fence.title, "egress", answer, *deciding(sight, subject, "egress", packets_of(asked)[:1]))
        for subject in subjects(fence)
    ]
    grants = _granting(egress_lines(view, fence), asked) if places.sure else ()
    denied = flows.reach_of(places.public, (), allowed)
    remedies = () if places.open else (to_reach(view, fence, target, denied),)
    return Verdict(
        "to",
        target,
        answer,
        _host_sentence(fence, target, answer, places),
        (joined(fence.title, "egress", ends),),
        grants,
        remedies,
        tuple(_host_notes(view, fence, places, grants)),
    )


def _host_sentence(fence: Fence, target: Target, answer: Answer, places: Places) -> str:
    sentence = _SENTENCES["to", answer].format(us=fence.title, them=target.said, ports=ports_text(target.ports))
    if answer == "allowed":
        return f"{sentence}, at public {' and '.join(f'IPv{number}' for number in places.open)} addresses"
    if answer == "partly":
        return f"{sentence.replace('only a part of ', '')} only where it resolves to {blocks_text(places.sure)}"
    return f"{sentence}, at public addresses" if places.private else sentence


def _host_notes(view: View, fence: Fence, places: Places, grants: Sequence[Line]) -> Iterator[str]:
    if places.open and places.closed:
        yield f"not over IPv{places.closed[0]}"
    if places.open and places.private and view.provider.names_at is NamesAt.ANYWHERE:
        yield "also wherever else it resolves to, private addresses and the metadata endpoint among them"
    granted = {line.key for line in grants}
    own = [line for line in egress_lines(view, fence) if line.kind == "address" and line.key[:-1] in granted]
    for line in own:
        yield f"also where it resolves to {', '.join(line.what)}, by {path_text(line.key)}"
    if places.private and not places.open:
        yield f"where it resolves to {blocks_text(places.private)} it is open, like every name there"
    if any(line.kind in PUBLIC for line in grants):
        yield "names are not compared here: any name passes at those addresses"


# --- reasons and notes ---


def _granting(lines: Iterable[Line], asked: Reach) -> tuple[Line, ...]:
    return tuple(line for line in lines if flows.intersect(line.reach, asked))


def _unseen(target: Target, ends: Sequence[End]) -> list[str]:
    """An example of what does not pass where only a part does, and what other people's policies may say."""
    notes = [f"does not pass: {end.example}" for end in ends if end.answer == "partly"]
    if target.pods and any(end.answer == "unknown" for end in ends):
        notes.append("it depends on the pod: ask for one of them, as NAMESPACE/KEY=VALUE,...")
    if target.pods and len(ends) == 1:
        notes.append(f"policies on the side of {target.said} are not part of this render")
    return notes


def _by_name(view: View, sight: Sight, pods: Sequence[Subject], target: Target, answer: Answer) -> list[str]:
    """An address that is refused to nameless flows may be open to those under a granted name."""
    if answer == "allowed" or not target.addresses:
        return []
    asked = flows.reach_of(target.addresses, (), traffic.named(points_of(target.ports), host_names.EVERY_NAME))
    shown = {
        pattern
        for subject in pods
        for _, allowed in flows.intersect(sight.evaluator.egress(subject).most, asked).addresses
        for _, found in allowed
        for pattern in host_names.signed_patterns(found)
    }
    if not shown:
        return []
    listed = ", ".join(sorted(shown)[:5]) + (f" and {len(shown) - 5:,} more" if len(shown) > 5 else "")
    if view.provider.names_at is NamesAt.ANYWHERE:
        return [f"it is open to whoever makes a granted name resolve to it: {listed}"]
    return [f"connections that show a granted name (TLS SNI or HTTP Host) do pass there: {listed}"]


def _inside(view: View, target: Target) -> list[str]:
    """Addresses of pods and Services are not what policies compare."""
    cluster = view.catalog.cluster
    if target.addresses and intersect(target.addresses, canonical([*cluster.pods, *cluster.services])):
        return ["an address of the cluster: pods are told by their labels, so ask with NAMESPACE/POD"]
    return []
