"""What mcpfence.reach and the AWS agent say of flows that show no name, on the same manifests."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, field

from awsagent.judge import Agent
from cilium.asking import questions
from cilium.comparing import WORDS, Tally
from cilium.judge import Document, Point
from cilium.reached import Reached, _bits
from cilium.rendered import cluster
from mcpfence.net.addresses import parse_address
from mcpfence.net.intervals import Intervals, union
from mcpfence.reach.flows import interval_map, label_sets
from mcpfence.reach.flows.traffic import Traffic

TITLE = "The AWS agent's translation and reach: addresses and ports, for names nothing judges"
PODS = 8
"""Pods of one set; each is asked about with each."""

WIDER = {("n", "a"), ("n", "e"), ("n", "i"), ("e", "a"), ("i", "a"), ("e", "i"), ("i", "e")}
"""(what reach says, what the agent says) where the agent lets a side through that reach closes."""


class Nameless(Reached):
    """What passes without a name: rules for names are no part of the agent."""

    def _row(self, me: str, peer: str, direction: str, points: tuple[Point, ...]) -> str:
        if me not in self.ends:
            return "1" * len(points)
        reach = getattr(self.ends[me], direction)
        if peer in self.ends:
            found = [allowed for box, allowed in reach.pods if label_sets.matches(box, self.ends[peer].peer)]
            return _bits(union(*map(_without_names, found)), points)
        allowed = interval_map.value_at(reach.addresses, parse_address(peer))
        return _bits(_without_names(allowed) if allowed else (), points)


def _without_names(allowed: Traffic) -> Intervals:
    return union(*(points for points, names in allowed if names.here))


@dataclass(slots=True)
class AgentTally(Tally):
    """Disagreements, and the flows that foreign policies narrow further than the API says."""

    narrower: int = 0
    refused: int = 0
    notes: list[str] = field(default_factory=list)


def around(rendered: Sequence[Document], *, seed: int = 0) -> list[Document]:
    """The policies of a rendering that the agent reads, with pods around them."""
    return [
        *cluster(rendered, seed=seed, most=PODS),
        *(one for one in rendered if one["kind"] == "ApplicationNetworkPolicy"),
    ]


def compare(
    judge: Agent, title: str, documents: Sequence[Document], tally: AgentTally, *, seed: int = 0, exact: bool = True
) -> None:
    """Ask both at every edge.  Unless `exact` the agent may be narrower, and never wider."""
    asked = questions(documents, seed=seed, addresses=18, points=8)
    answers = judge.ask(documents, *asked)
    found = Nameless(documents)
    tally.sets += 1
    for question, answer in zip(asked, answers, strict=True):
        ours, theirs = found.verdicts(question), answer.verdicts
        if not exact and ours != theirs:
            pairs = list(zip(ours, theirs, strict=True))
            tally.narrower += sum(mine != other and (mine, other) not in WIDER for mine, other in pairs)
            theirs = "".join(other if (mine, other) in WIDER else mine for mine, other in pairs)
        tally.add(title, question, ours, theirs)


def rows(tally: AgentTally, title: str) -> list[str]:
    """What the end of the run shows, under TITLE."""
    found = tally.rows(title)
    if tally.narrower:
        found.append(f"{title:<32} of these {tally.narrower:>7,} where the agent is narrower than the API")
    if tally.refused:
        found.append(f"{title:<32} {tally.refused:>5,} catalogs refused: more entries than the agent holds")
    return found


def foreign(seed: int, servers: Sequence[Document]) -> list[Document]:
    """Policies of others that select pods of a rendering: blocks with excepts, ranges, both kinds."""
    rng = random.Random(seed)  # noqa: S311  # the same in every run, and no secret
    found = []
    for number in range(rng.randint(1, 3)):
        model = rng.choice(servers)
        egress = [_rule(rng) for _ in range(rng.randint(0, 2))]
        kind, version = rng.choice(
            [("NetworkPolicy", "networking.k8s.io/v1"), ("ApplicationNetworkPolicy", "networking.k8s.aws/v1alpha1")]
        )
        metadata = {"name": f"foreign-{number}", "namespace": model["metadata"]["namespace"]}
        spec = {"podSelector": model["spec"]["podSelector"], "policyTypes": ["Egress"], "egress": egress}
        found.append({"apiVersion": version, "kind": kind, "metadata": metadata, "spec": spec})
    return found


_BLOCKS = (("10.0.0.0/9", "10.8.0.0/16"), ("8.8.0.0/15", "8.8.8.0/24"), ("203.0.113.0/24", "203.0.113.64/26"))


def _rule(rng: random.Random) -> Document:
    cidr, hole = rng.choice(_BLOCKS)
    block = {"cidr": rng.choice([cidr, hole]), **({"except": [hole]} if rng.random() < 0.5 else {})}
    if block.get("except") == [block["cidr"]]:
        del block["except"]
    port = rng.choice([53, 443, 8000, 65535])
    ranged = {"protocol": rng.choice(["TCP", "UDP"]), "port": port, "endPort": min(port + rng.randint(0, 9), 65535)}
    return {"to": [{"ipBlock": block}], "ports": [ranged]} if rng.random() < 0.9 else {"to": [{"ipBlock": block}]}


__all__ = ["TITLE", "WORDS", "AgentTally", "Nameless", "around", "compare", "foreign", "rows"]
