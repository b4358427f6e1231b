"""Which policy and which rule decide on one concrete flow."""

from __future__ import annotations

from typing import NamedTuple

from mcpfence.net.intervals import contains
from mcpfence.reach.engines.aviatrix.evaluate import Selects, selects
from mcpfence.reach.engines.aviatrix.policy import LINK_LOCAL, Firewall
from mcpfence.reach.engines.networkpolicy.evaluate import egress_bounds, ingress_bounds
from mcpfence.reach.engines.networkpolicy.policy import Policy
from mcpfence.reach.engines.networkpolicy.rules import Rules
from mcpfence.reach.evaluation.evaluator import Evaluator, Subject
from mcpfence.reach.flows import flows
from mcpfence.reach.flows.flows import Packet


class Decision(NamedTuple):
    """A rule that speaks of the flow: `field` is its path (empty: the policy as a whole), `sure` as Selects.SURELY."""

    policy: str
    field: str
    allows: bool
    sure: bool

    @property
    def text(self) -> str:
        """As messages name it: `NetworkPolicy mcp/web spec.egress[1]`."""
        return f"{self.policy} {self.field}".rstrip()


def network_decisions(evaluator: Evaluator, subject: Subject, direction: str, packet: Packet) -> tuple[Decision, ...]:
    """The NetworkPolicy rules that allow the flow; without any, the policies that isolate the pods and so deny it.

    Empty where no NetworkPolicy speaks of the pods in this direction: then everything passes.
    """
    allowing: list[Decision] = []
    isolating: list[Decision] = []
    for policy, how in evaluator.selecting(subject):
        rules = policy.rules(direction) if isinstance(policy, Policy) else None
        if not isinstance(policy, Policy) or rules is None:
            continue
        sure = how is Selects.SURELY and policy.sound
        isolating.append(Decision(policy.title, "", allows=False, sure=sure))
        if not policy.sound:
            allowing.append(Decision(policy.title, "", allows=True, sure=False))
        allowing += [
            Decision(policy.title, f"spec.{direction}[{rule.position}]", allows=True, sure=sure)
            for rule in rules.items
            if flows.includes(_most(Rules((rule,)), direction, subject), packet)
        ]
    return tuple(allowing or isolating)


def firewall_decisions(evaluator: Evaluator, subject: Subject, packet: Packet) -> tuple[Decision, ...]:
    """For each FirewallPolicy of the pods the first rules that may decide on the flow, up to one that surely does.

    Empty where no rule speaks of it, or where it never crosses the gateway: then it passes.
    """
    found: list[Decision] = []
    if packet.address is not None and contains(LINK_LOCAL, packet.address):
        return ()
    for policy, _ in evaluator.selecting(subject):
        if not isinstance(policy, Firewall):
            continue
        if not policy.sound:
            found.append(Decision(policy.title, "", allows=True, sure=False))
        for index, line in enumerate(policy.lines):
            box, whole = policy.source(index)
            how = selects(box, subject.selector)
            if how is Selects.NEVER or not flows.includes(line.flows.most, packet):
                continue
            sure = line.sure and whole and how is Selects.SURELY and flows.includes(line.flows.least, packet)
            name = f"spec.rules[{index}] {policy.names[index]}"
            found.append(Decision(policy.title, name, allows=line.permit, sure=sure))
            if sure:
                break
    return tuple(found)


def _most(rules: Rules, direction: str, subject: Subject) -> flows.Reach:
    return (egress_bounds(rules) if direction == "egress" else ingress_bounds(rules, subject.ports)).most
