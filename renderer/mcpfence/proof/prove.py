"""The proof: what the manifests let through, read back from their text, is what the fence says - no more, no less.

    wider      the manifests (ours and foreign ones of the same stream) allow a flow that the fence does not grant
               (its names at any address are tolerated under an engine that cannot close anything to names)
    narrower   the fence grants a flow that the manifests do not surely allow, and no narrowing lists it

Policies that only might select the fence's pods count as selecting for `wider` and as not selecting for `narrower`.
The evaluators (`reach`) know nothing of catalogs, plans and providers; this module is where both sides meet.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from typing import Any

from mcpfence.findings.finding import Finding
from mcpfence.kube.selectors import Selector
from mcpfence.net.addresses import ALL
from mcpfence.net.intervals import Intervals, canonical
from mcpfence.net.ports import ALL_PORTS, Ports
from mcpfence.plan.fence import Allow, Block, Fence, Name, Narrowing, Peer, Pods, addresses_among, names_by_ports
from mcpfence.providers.contract import NamesAt
from mcpfence.reach.engines.contract import Policy
from mcpfence.reach.engines.enforcement_settings import DISARMS
from mcpfence.reach.engines.not_evaluated import SELECTS, NotEvaluated
from mcpfence.reach.evaluation.evaluator import Evaluator, Subject
from mcpfence.reach.flows import flows, host_names, label_sets, traffic
from mcpfence.reach.flows.flows import Packet, Reach, TooManyParts
from mcpfence.reach.flows.label_sets import Box, Values
from mcpfence.reach.flows.selection import Selects
from mcpfence.structs import Struct

OUR_FAULT = "this is a fault of mcpfence, and nothing was printed: please report it with the catalog"
DISJOINT = "select pods by one label that all of them have, with a value of its own for each"
UNKNOWN = "Policies outside this stream are unknown to it."


class Wanted(Struct):
    """A fence as reach: who may reach its pods, and what they may reach."""

    ingress: Reach
    egress: Reach


@lru_cache(maxsize=16)
def wanted(fence: Fence) -> Wanted:
    """What the fence says, in the terms of the evaluators.

    Asked five times of each fence that is proven.
    """
    egress = [_allowed(allow.peers, allow.ports) for allow in fence.egress]
    public = addresses_among(fence.public)
    egress += [flows.reach_of(public, (), shown) for shown in _shown(fence)]
    return Wanted(flows.union_of(_allowed(a.peers, a.ports) for a in fence.ingress), flows.union_of(egress))


def tolerated(fence: Fence, names_at: NamesAt) -> Reach:
    """What the pods may reach without being granted it: their names, where the engine closes nothing to names."""
    if names_at is NamesAt.PUBLIC:
        return flows.NOTHING
    return flows.union_of(flows.reach_of(ALL, (label_sets.EVERYTHING,), shown) for shown in _shown(fence))


def _shown(fence: Fence) -> list[traffic.Traffic]:
    """The names of a fence on their ports."""
    return [
        traffic.named(_points(ports), host_names.names_at([(name.pattern, name.least, name.most) for name in names]))
        for ports, names in names_by_ports(fence.names).items()
    ]


def dns_of(fence: Fence) -> Reach:
    """The flows to the resolvers of a fence; nothing where it asks none."""
    return flows.union_of(_allowed(allow.peers, allow.ports) for allow in fence.egress if allow.kind == "dns")


def reach_of_allow(allow: Allow) -> Reach:
    """The flows of one of a fence's allows."""
    return _allowed(allow.peers, allow.ports)


def reach_of_name(fence: Fence, name: Name) -> Reach:
    """The flows of one of a fence's names, at the addresses at which the catalog grants it."""
    shown = host_names.names_at([(name.pattern, name.least, name.most)])
    return flows.reach_of(addresses_among(fence.public), (), traffic.named(_points(name.ports), shown))


def reach_of_pods(pods: Iterable[Pods], ports: Ports) -> Reach:
    """The flows to (or from) some pods on some ports."""
    return _allowed(tuple(pods), ports)


def lost_reach(narrowings: Iterable[Narrowing], lost_names: Sequence[Name]) -> Reach:
    """The flows that narrowings list; an allow of kind `name` stands for the names at its addresses."""
    parts: list[Reach] = []
    for narrowing in narrowings:
        for allow in narrowing.lost:
            if allow.kind == "name":
                parts += [_named(allow, name) for name in narrowing.names or lost_names]
            else:
                parts.append(_allowed(allow.peers, allow.ports))
    return flows.union_of(parts)


def _named(allow: Allow, name: Name) -> Reach:
    addresses = addresses_among(allow.peers)
    shown = host_names.names_at([(name.pattern, name.least, name.most)])
    return flows.reach_of(addresses, (), traffic.named(_points(name.ports), shown))


@lru_cache(maxsize=4096)
def _allowed(peers: tuple[Peer, ...], ports: Ports) -> Reach:
    addresses = addresses_among(peers)
    pods = [label_sets.pods_in(peer.namespace, box_of(peer.selector)) for peer in peers if not isinstance(peer, Block)]
    return flows.reach_of(addresses, pods, traffic.plain(_points(ports)))


@lru_cache(maxsize=4096)
def _points(ports: Ports) -> Intervals:
    if ports == ALL_PORTS:
        return traffic.EVERY_POINT
    return canonical(traffic.span(item.protocol, item.first, item.last) for item in ports)


@lru_cache(maxsize=65536)
def box_of(selector: Selector) -> Box:
    """A selector as the set of label sets that satisfy it."""
    box: Box = label_sets.box_of(dict(selector.labels))
    for item in selector.expressions:
        values = {
            "In": label_sets.one_of(item.values),
            "NotIn": label_sets.none_of(item.values),
            "Exists": label_sets.PRESENT,
            "DoesNotExist": label_sets.MISSING,
        }[item.operator]
        box = _both(box, item.key, values)
    return box


def _both(box: Box, key: str, values: Values) -> Box:
    joined = label_sets.intersect(box, ((key, values),))
    if joined is None:  # the catalog's reader has refused contradictions
        raise ValueError("a selector that no pod satisfies")
    return joined


class Counterexample(Struct):
    """One flow in which manifests and fence differ, of some pods in one direction; `wider`: it is more than granted."""

    subject: Subject
    direction: str
    packet: Packet
    wider: bool


def prove(
    fence: Fence,
    evaluator: Evaluator,
    remedy: str = OUR_FAULT,
    *,
    names_at: NamesAt = NamesAt.PUBLIC,
    others: frozenset[str] = frozenset(),
) -> list[Finding]:
    """Compare a (prepared) fence with the policies that stand around its pods; no finding: they are equal.

    `remedy` is what to do where the fence's own policies are at fault, `names_at` what the engine says of names,
    `others` are the titles of policies that are not the fence's.
    """
    found: list[Finding] = []
    for subject in subjects(fence):
        found += _unknown(fence, evaluator.selecting(subject))
        try:
            for one in counterexamples(fence, subject, evaluator, names_at):
                worded = (
                    _wider(fence, one, evaluator, remedy)
                    if one.wider
                    else _narrower(fence, one, evaluator, remedy, others)
                )
                found.append(worded)
        except TooManyParts as many:
            found.append(Finding("proof-undecided", fence.path, str(many), DISJOINT))
    return found


def subjects(fence: Fence) -> tuple[Subject, ...]:
    """The pods of a fence, one subject for each selector."""
    return tuple(Subject(fence.namespace, box_of(selector)) for selector in fence.selectors)


def counterexamples(
    fence: Fence, subject: Subject, evaluator: Evaluator, names_at: NamesAt = NamesAt.PUBLIC
) -> Iterator[Counterexample]:
    """At most two a direction: a flow that passes and is not granted, one that is granted and does not surely pass."""
    want = wanted(fence)
    checks = [("ingress", want.ingress, flows.NOTHING), ("egress", want.egress, tolerated(fence, names_at))]
    for direction, granted, besides in checks[:1] if fence.kind == "service" else checks:
        bounds = evaluator.reach(subject, direction)
        extra = flows.witness_outside(bounds.most, flows.union(granted, besides))
        if extra is not None:
            told = flows.of_caller(extra, bounds.most, granted) if direction == "ingress" else extra
            yield Counterexample(subject, direction, told, wider=True)
        missing = flows.witness_outside(granted, bounds.least)
        if missing is not None:
            yield Counterexample(subject, direction, missing, wider=False)


def prove_narrowings(fence: Fence, prepared: Fence, narrowings: Iterable[Narrowing]) -> list[Finding]:
    """Check that the whole fence is what was prepared and what is listed as lost, and nothing was added."""
    whole, kept = wanted(fence).egress, wanted(prepared).egress
    listed = lost_reach(narrowings, fence.names)
    try:
        if flows.same(whole, flows.union(kept, listed)) and wanted(fence).ingress == wanted(prepared).ingress:
            return []
        gone = flows.witness_outside(whole, flows.union(kept, listed))
    except TooManyParts as many:
        return [Finding("proof-undecided", fence.path, str(many), DISJOINT)]
    what = f"{gone.text} is lost and no narrowing lists it" if gone else "more was prepared than the fence says"
    return [Finding("proof-narrower", fence.path, what, OUR_FAULT)]


def _wider(fence: Fence, found: Counterexample, evaluator: Evaluator, remedy: str) -> Finding:
    from mcpfence.reach.evaluation.deciding_rules import deciding_rules  # here, since nearly all proofs succeed

    subject, direction, packet, _ = found
    does = "may reach" if direction == "egress" else "may be reached by"
    sentence = f"{does} {packet.text}, which the catalog does not grant"
    decisions = deciding_rules(evaluator, subject, direction, packet)
    culprit = next((decision for decision in decisions if decision.allows), None)
    if culprit is None:
        return Finding("proof-wider", fence.path, f"{sentence}: no policy stands against it", remedy)
    if not culprit.field:
        why = _why_unreadable(evaluator, subject, culprit.policy)
        sentence += f": {culprit.policy} cannot be read ({why}), so what it lets through is unknown"
        return Finding("proof-wider", fence.path, sentence, f"mend {culprit.policy}, or remove it")
    sentence += f": {culprit.field} of {culprit.policy} lets it through"
    pods = fence.selectors[0].text
    todo = f"remove {culprit.field} of {culprit.policy}, or narrow what it selects so that it cannot select {pods}"
    return Finding("proof-wider", fence.path, sentence, todo)


def _why_unreadable(evaluator: Evaluator, subject: Subject, title: str) -> str:
    for policy, _ in evaluator.selecting(subject):
        if isinstance(policy, Policy) and policy.title == title:
            return "; ".join(f"{problem.field} {problem.reason}".strip() for problem in policy.problems[:2])
    return ""


def _narrower(
    fence: Fence, found: Counterexample, evaluator: Evaluator, remedy: str, others: frozenset[str]
) -> Finding:
    from mcpfence.reach.evaluation.deciding_rules import deciding_rules  # here, since nearly all proofs succeed

    subject, direction, packet, _ = found
    does = "cannot reach" if direction == "egress" else "cannot be reached by"
    sentence = f"{does} {packet.text}, which the catalog grants"
    layers = evaluator.speaking(subject, direction) if others else ()
    decisions = (one for layer in layers for one in deciding_rules(evaluator, subject, direction, packet, layer))
    culprit = next((one for one in decisions if one.policy in others and not (one.allows and one.field)), None)
    if culprit is None:
        return Finding("proof-narrower", fence.path, sentence, remedy)
    if culprit.allows:
        why = _why_unreadable(evaluator, subject, culprit.policy)
        sentence += f": {culprit.policy} cannot be read ({why}), so what it denies is unknown"
        return Finding("proof-narrower", fence.path, sentence, f"mend {culprit.policy}, or remove it")
    rule = f"{culprit.field} of {culprit.policy}" if culprit.field else culprit.policy
    todo = f"remove {rule}, or narrow what it selects so that it cannot select {fence.selectors[0].text}"
    return Finding("proof-narrower", fence.path, f"{sentence}: {rule} denies it", todo)


def _unknown(fence: Fence, selecting: Sequence[tuple[Any, Selects]]) -> list[Finding]:
    """Policies of engines without evaluator that select the fence's pods are named, never passed over."""
    found = []
    for policy, _ in selecting:
        if isinstance(policy, NotEvaluated):
            id = "policy-not-evaluated" if policy.opens else "policy-only-narrows"
            instead = "express it in the catalog" if policy.does == SELECTS else "take policies out of what it is for"
            todo = f"move it out of this release, or {instead}" if policy.opens else ""
            todo = "leave enforcement on there, or take it out" if policy.does == DISARMS else todo
            todo = "give what `kubectl kustomize` makes of the folder in its place" if policy.because else todo
            found.append(Finding(id, fence.path, policy.text, todo))
    return found


def relevant(selecting: Iterable[tuple[Any, Selects]]) -> list[Any]:
    """The policies that could change what a fence's own policies allow: all but those without any rule."""
    return [policy for policy, _ in selecting if not _adds_nothing(policy)]


def _adds_nothing(policy: Any) -> bool:
    """A policy without rules that isolates, such as the floor: it takes nothing from policies that add up with it."""
    if not isinstance(policy, Policy) or not policy.sound or not policy.isolates:
        return False
    return all(rules is None or not (rules.items or rules.faults) for rules in (policy.ingress, policy.egress))
