"""Who lifts the limit on names that may be asked of the resolver, where an engine's own objects set one.

A policy beside them that opens the resolver's ports as they are lets every name be asked.  What may be reached stays as
it is, so the proof of a fence holds; what is lost is the filter of what leaves in questions, so every such policy is
named.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from mcpfence.findings.finding import Finding
from mcpfence.plan.fence import Fence
from mcpfence.proof.prove import dns_of
from mcpfence.reach.engines.contract import EVERY_PORT, Action, Policy, Rule, matched
from mcpfence.reach.flows import flows

_TODO = "remove it there: the resolver is opened by what is rendered, for the names that the catalog grants"


def unfiltered(fence: Fence, around: Iterable[object], finding: str) -> Iterator[Finding]:
    """One finding for each policy of others that opens the resolver of the fence's pods without a look at names.

    A rule for every port lifts nothing: an engine leads the resolver's own port through its proxy all the same.
    """
    asked = flows.NOTHING if fence.internet else dns_of(fence)
    for policy in around if asked else ():
        if not isinstance(policy, Policy) or policy.egress is None or not policy.sound:
            continue
        for place, rule in enumerate(policy.egress.items):
            if _opens(rule) and flows.intersect(matched(rule, "egress").most, asked):
                field = policy.field("egress", place)
                sentence = f"{field} opens the resolver, so its pods may ask for every name, not only for granted ones"
                yield Finding(finding, (), sentence, _TODO, document=policy.title)
                break


def _opens(rule: Rule) -> bool:
    return rule.action is Action.ALLOW and not rule.filtered and rule.names is None and rule.ports != EVERY_PORT
