"""Which policy and which rule decide on one concrete flow: the fold's walk from the front, asked for its rules."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from mcpfence.net.intervals import contains
from mcpfence.reach.engines import all_engines
from mcpfence.reach.engines.contract import CLUSTER, Action, NamedPorts, matched
from mcpfence.reach.evaluation.evaluator import Evaluator, Pod, Subject, matched_anywhere
from mcpfence.reach.evaluation.fold import Speaking, in_turn
from mcpfence.reach.flows import flows
from mcpfence.reach.flows.flows import Packet
from mcpfence.reach.flows.selection import Selects
from mcpfence.structs import Struct


class Decision(Struct):
    """A rule that speaks of the flow: `field` is its path (empty: the policy as a whole), `sure` as Selects.SURELY."""

    policy: str
    field: str
    allows: bool
    sure: bool

    @property
    def text(self) -> str:
        """As messages name it: `NetworkPolicy mcp/web spec.egress[1]`."""
        return f"{self.policy} {self.field}".rstrip()


def deciding_rules(
    evaluator: Evaluator, subject: Subject | Pod, direction: str, packet: Packet, layer: str = CLUSTER
) -> tuple[Decision, ...]:
    """The rules of one layer that may decide on the flow, up to those that surely do.

    Where no rule allows or denies it, the policies that isolate the pods and so deny it.  Empty where no policy of the
    layer speaks of it, and where it never crosses the layer: then it passes.
    """
    ports = subject.ports if direction == "ingress" else None
    return deciding_among(evaluator.speaking(subject, direction).get(layer, []), direction, packet, ports)


def deciding_among(
    speaking: Sequence[Speaking], direction: str, packet: Packet, ports: NamedPorts | None = None
) -> tuple[Decision, ...]:
    """The same, for who asks of many flows of the same pods: among the policies of a layer that speak of them."""
    unseen = all_engines()[speaking[0].policy.engine].unseen if speaking else ()
    if packet.address is not None and contains(unseen, packet.address):
        return ()
    found: list[Decision] = []
    for tier in in_turn(sorted(speaking, key=lambda one: one.policy.title)):
        for equals in tier:
            rows = [row for one in equals for row in _deciding(one, direction, packet, ports)]
            found += [decision for decision, _ in rows]
            if any(decision.sure and not passes for decision, passes in rows):
                return tuple(found)
        if not found:
            found += _isolating(one for equals in tier for one in equals)
            if any(decision.sure for decision in found):
                break
    return tuple(found)


def _deciding(
    one: Speaking, direction: str, packet: Packet, ports: NamedPorts | None
) -> Iterator[tuple[Decision, bool]]:
    """The rules of one policy that may decide, each with whether it passes the flow on; up to one that surely decides.

    Rules that all allow do not stand in each other's way: then every one that matches is told.
    """
    title = one.policy.title
    if not one.policy.sound:
        yield Decision(title, "", allows=True, sure=False), False
        return
    for place, rule, sure in one.rows():
        match = matched_anywhere(rule, direction) if ports is None else matched(rule, direction, ports)
        if not flows.includes(match.most, packet):
            continue
        surely = sure and one.how is Selects.SURELY and flows.includes(match.least, packet)
        allows = rule.action is not Action.DENY
        yield Decision(title, one.policy.field(direction, place), allows, surely), rule.action is Action.PASS
        if surely and not one.only_allows:
            return


def _isolating(speaking: Iterable[Speaking]) -> Iterator[Decision]:
    for one in speaking:
        if one.isolates is not Selects.NEVER:
            yield Decision(one.policy.title, "", allows=False, sure=one.isolates is Selects.SURELY)
