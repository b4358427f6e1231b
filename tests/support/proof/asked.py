"""Packets around a fence, one by one: what the fence grants, and what the slow judge lets through its policies."""

from __future__ import annotations

import random
from collections.abc import Iterator

from mcpfence.net.addresses import V6_BASE
from mcpfence.plan.fence import Fence
from mcpfence.proof.prove import wanted
from mcpfence.reach.flows import flows
from mcpfence.reach.flows.flows import Packet
from proof.bruteforce import Judge, World
from proof.mutants import peer_text, selector_document
from proof.packets import Pods, together, universe_of
from proof.scenes import Scene
from proof.universe import Flow, Peer, members


def asked(here: Scene, title: str, fence: Fence, chance: random.Random) -> Iterator[tuple[bool, bool, str]]:
    """(whether the fence grants a packet, whether it passes, which it is) for some packets around a fence."""
    documents = here.documents[title]
    mentioned = together(here.mentioned(one) for one in documents)
    judge, pods, want = Judge(universe_of(mentioned, here.pod_blocks)), Pods(mentioned), wanted(fence)
    directions = {"ingress": want.ingress} if fence.kind == "service" else want._asdict()
    for selector in fence.selectors:
        labels = chance.choice(pods.subjects(selector_document(selector)))
        for direction, reach in directions.items():
            verdict = judge.verdict(documents, fence.namespace, labels, direction, World.NOTHING)
            for place, flow in _probes(judge, verdict, chance):
                peer = judge.universe.peers[place]
                passes = bool(verdict[place] >> judge.universe.flows.index(flow) & 1)
                what = f"{title} {labels} {direction} {peer_text(peer)} {flow}"
                yield flows.includes(reach, _packet(peer, flow)), passes, what


def _probes(judge: Judge, verdict: tuple[int, ...], chance: random.Random) -> Iterator[tuple[int, Flow]]:
    """Some peers, each with flows that pass and flows that do not."""
    places = range(len(judge.universe.peers))
    for place in chance.sample(places, min(40, len(places))):
        for bits in (verdict[place], judge.universe.every_flow & ~verdict[place]):
            if bits:
                yield place, judge.universe.flows[chance.choice(list(members(bits)))]


def _packet(peer: Peer, flow: Flow) -> Packet:
    port = flow.port or None
    if peer.namespace is None:
        version, value = peer.address
        address = value if version == 4 else V6_BASE + value
        return Packet(address=address, protocol=flow.protocol, port=port, name=flow.name)
    namespace, labels = tuple(sorted(peer.namespace.items())), tuple(sorted(peer.labels.items()))
    return Packet(namespace=namespace, pod=labels, protocol=flow.protocol, port=port, name=flow.name)
