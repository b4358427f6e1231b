"""Every mutant of a scene: one edit of one policy, judged by brute force and by the proof."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import NamedTuple

from mcpfence.findings.finding import Finding
from mcpfence.kube.selectors import Selector
from mcpfence.plan.fence import Fence
from proof.bruteforce import Judge, Verdict, World
from proof.edits import Edit, Path, get
from proof.firewall_kinds import FIREWALL
from proof.network_kinds import NETWORK
from proof.packets import Labels, Mentioned, Pods, mentioned, show, together, universe_of
from proof.policy_kinds import POLICY
from proof.scenes import Scene
from proof.universe import Document, Peer

KINDS = {
    **{name: ("NetworkPolicy", kind) for name, kind in {**NETWORK, **POLICY}.items()},
    **{name: ("FirewallPolicy", kind) for name, kind in FIREWALL.items()},
}
"""What an edit is called: (the kind of object that it is made to, how)."""


class Mutant(NamedTuple):
    """One edit: which kind, of whose document, where, and all documents of the fences around it before and after."""

    kind: str
    place: str
    fences: tuple[Fence, ...]
    before: tuple[Document, ...]
    after: tuple[Document, ...]


class Outcome(NamedTuple):
    """What both sides say of a mutant: a packet that passes in only one of the two states, and the proof's findings."""

    changed: str
    findings: tuple[Finding, ...]

    @property
    def agreed(self) -> bool:
        """Whether the proof caught exactly what changes reach."""
        return bool(self.changed) == bool(self.findings)


def mutants(scene: Scene) -> Iterator[Mutant]:
    """Every edit at every place where it fits."""
    for owner, index, name, edits in _edits(scene):
        for path, after in edits:
            yield _mutant(scene, owner, index, name, path, after)


def representatives(scenes: Sequence[Scene]) -> dict[str, list[Mutant]]:
    """For each scene the first and the last place of every distinct block of rules that no scene before it has."""
    seen: set[tuple[str, str]] = set()
    found: dict[str, list[Mutant]] = {scene.title: [] for scene in scenes}
    for scene in scenes:
        for owner, index, name, edits in _edits(scene):
            blocks: dict[str, list[Edit]] = {}
            for path, after in edits:
                blocks.setdefault(_block(scene.documents[owner][index], path), []).append((path, after))
            for block, places in blocks.items():
                if (name, block) not in seen:
                    seen.add((name, block))
                    ends = places[:1] + (places[1:][-1:] if block.startswith(("egress", "ingress")) else [])
                    for path, after in ends:
                        found[scene.title].append(_mutant(scene, owner, index, name, path, after))
    return found


def _edits(scene: Scene) -> Iterator[tuple[str, int, str, Iterator[Edit]]]:
    """(owner, index of its document, kind, edits) for each document and each kind that is made for it."""
    for owner, documents in scene.documents.items():
        for index, document in enumerate(documents):
            for name, (target, kind) in KINDS.items():
                if document["kind"] == target:
                    yield owner, index, name, kind(document)


def _mutant(scene: Scene, owner: str, index: int, name: str, path: Path, after: tuple[Document, ...]) -> Mutant:
    document = scene.documents[owner][index]
    titles = [owner]
    if len(path) < 3 or "selector" in path:  # it may come to select the pods of others
        spaces = {one["metadata"].get("namespace") for one in (document, *after)}
        around = [title for title, fence in scene.fences.items() if fence.namespace in spaces and title != owner]
        titles += [*around[:1], *around[-1:]]
    others = tuple(one for title in dict.fromkeys(titles[1:]) for one in scene.documents[title])
    ours = scene.documents[owner]
    return Mutant(
        kind=name,
        place=f"{scene.title}: {document['kind']} {document['metadata']['name']} {'.'.join(map(str, path))}",
        fences=tuple(scene.fences[title] for title in dict.fromkeys(titles)),
        before=(*ours, *others),
        after=(*ours[:index], *after, *ours[index + 1 :], *others),
    )


def _block(document: Document, path: Path) -> str:
    """What makes a place distinct, whoever it belongs to: the rule or group that it lies in, else the kind of policy."""
    spec = document["spec"]
    inner = path[:3] if len(path) > 2 and isinstance(path[2], int) else ()
    if document["kind"] == "NetworkPolicy":
        if inner:
            return f"{path[1]} {json.dumps(get(document, inner))}"
        own = [sorted(item) if isinstance(item, dict) else len(item) for item in spec["podSelector"].values()]
        return f"{own} {spec['policyTypes']} {bool(spec[spec['policyTypes'][0].lower()])}"
    groups = {group["name"]: _group(group) for key in ("smartGroups", "webGroups") for group in spec.get(key, ())}
    shape = sorted({_rule(rule, groups) for rule in spec["rules"]})
    if not inner:
        return str(shape)
    place = get(document, inner)
    if path[1] == "rules":
        return f"{_rule(place, groups)} {place['protocol']} {place.get('endPort', 0) > 0} {shape}"
    return f"{groups[place['name']]} {shape}"


def _group(group: Document) -> str:
    """What a group holds, with one domain like another and one block like another."""
    if "domains" in group:
        return str(sorted({name[:1] == "*" for name in group["domains"]}))
    kinds = {
        ":" in one["cidr"] if one.get("cidr", "/0")[-2:] != "/0" else one.get("cidr", "pods")
        for one in group["selectors"]
    }
    return str(sorted(map(str, kinds)))


def _rule(rule: Document, groups: dict[str, str]) -> str:
    """What a rule does with which groups."""
    references = [*rule["destinationSmartGroups"], *rule.get("webGroups", ())]
    return f"{rule['action']} {[groups[one['name']] for one in references]}"


def judged(scene: Scene, mutant: Mutant) -> Outcome:
    """Ask both sides."""
    found = scene.proven(mutant.fences, mutant.after)
    return Outcome(difference(scene, mutant), tuple(found))


def difference(scene: Scene, mutant: Mutant) -> str:
    """One packet for which the documents before and after the edit say different things; empty where there is none."""
    new = [one for one in mutant.after if not any(one is other for other in mutant.before)]
    asked = together([*(scene.mentioned(one) for one in mutant.before), *(mentioned(one) for one in new)])
    judge, pods = _judge(asked, scene.pod_blocks)
    for fence in mutant.fences:
        for selector in fence.selectors:
            for labels in pods.subjects(selector_document(selector)):
                for direction in ("ingress", "egress") if fence.kind != "service" else ("ingress",):
                    found = _differs(judge, mutant, fence.namespace, labels, direction)
                    if found:
                        return f"{fence.title} {labels} {direction} {found}"
    return ""


@lru_cache(maxsize=16)
def _judge(asked: Mentioned, pod_blocks: tuple[str, ...]) -> tuple[Judge, Pods]:
    """Many edits ask for the same packets as others around them."""
    return Judge(universe_of(asked, pod_blocks)), Pods(asked)


def _differs(judge: Judge, mutant: Mutant, namespace: str, labels: Labels, direction: str) -> str:
    before = judge.verdict(mutant.before, namespace, labels, direction, World.NOTHING)
    for world in World:
        after = judge.verdict(mutant.after, namespace, labels, direction, world)
        if after != before:
            return _told(judge, before, after)
    return ""


def _told(judge: Judge, before: Verdict, after: Verdict) -> str:
    """The first peer and flow that two verdicts disagree on."""
    for peer, one, other in zip(judge.universe.peers, before, after, strict=True):
        if one != other:
            place = ((one ^ other) & -(one ^ other)).bit_length() - 1
            gained = "gained" if other >> place & 1 else "lost"
            return f"{gained} {peer_text(peer)} {judge.universe.flows[place]}"
    raise AssertionError("the verdicts are the same")


def peer_text(peer: Peer) -> str:
    """A peer for a message."""
    where = f"pod {dict(peer.labels)} of {dict(peer.namespace or {})} at " if peer.namespace else ""
    return where + show(peer.address)


def selector_document(selector: Selector) -> Document:
    """A fence's selector as a LabelSelector."""
    expressions: Sequence[Document] = [
        {"key": item.key, "operator": item.operator, "values": list(item.values)} for item in selector.expressions
    ]
    return {"matchLabels": dict(selector.labels), "matchExpressions": list(expressions)}
