"""The proof of the floor: what no server or workload selects is denied in both directions, whatever its labels.

Jobs, sandboxes and databases live in the fenced namespace too, and nothing but the floor stands around them.  It is
judged by what it does, not by its name: the policies that select every pod of the namespace must let nothing through,
and no further policy may open a pod that has no labels, or labels that nobody named.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from mcpfence.findings.finding import Finding, Path
from mcpfence.kube.manifest import FLOOR, floor_policy
from mcpfence.plan.fence import Fence
from mcpfence.proof.prove import box_of
from mcpfence.reach.engines.contract import DIRECTIONS, Policy
from mcpfence.reach.evaluation.evaluator import Evaluator, Pod, Subject
from mcpfence.reach.evaluation.policy_set import PolicySet, joined, read_policies
from mcpfence.reach.flows import flows, label_sets
from mcpfence.reach.flows.label_sets import EVERYTHING, Box
from mcpfence.reach.flows.selection import Selects

_KEY: Path = ("mcpNamespace", "networkPolicy", "enabled")
_FRESH = "mcpfence-no-such-value"
_REMEDY = (
    "render the whole chart, and let nothing take its floor out; "
    "where something else denies by default there, write mcpNamespace.networkPolicy.enabled: false"
)


def floor_among(around: PolicySet, namespace: str, fences: Sequence[Fence], *, beside: bool) -> list[Finding]:
    """What opens the floor of a namespace among the policies of a stream; its absence, unless it stands `beside` them.

    What a render makes itself selects the pods of fences alone, which the floor is not for.
    """
    if not beside:
        return prove_floor(namespace, fences, around, _REMEDY)
    if not around.policies:
        return []
    floor = read_policies([floor_policy(namespace)])
    return prove_floor(namespace, fences, joined(floor, around.policies), _REMEDY)


def prove_floor(namespace: str, fences: Sequence[Fence], policies: PolicySet, remedy: str) -> list[Finding]:
    """What the floor of a namespace does not deny among these policies; at most one finding a direction."""
    every = Subject(namespace)
    whole = Evaluator(policies)
    on_all = [one for one, how in whole.selecting(every) if how is Selects.SURELY and isinstance(one, Policy)]
    base = Evaluator(policies._replace(policies=tuple(on_all)))
    pods = [one for one in _strangers(namespace, policies.policies) if not _fenced(one, fences)]
    found = []
    for direction in DIRECTIONS:
        questions: list[tuple[Evaluator, Subject | Pod]] = [(base, every), *((whole, pod) for pod in pods)]
        opened = (one for how, pods_of in questions for one in _opened(how, pods_of, direction, remedy))
        found += [one for one in [next(opened, None)] if one is not None]
    return found


def _opened(evaluator: Evaluator, subject: Subject | Pod, direction: str, remedy: str) -> Iterator[Finding]:
    most = evaluator.reach(subject, direction).most
    packet = flows.witness(most)
    if packet is None:
        return
    if direction == "ingress":
        packet = flows.of_caller(packet, most, flows.NOTHING)
    namespace = subject.namespace
    does = "may reach" if direction == "egress" else "may be reached by"
    who = f"pods of namespace {namespace} that are no server or workload {does} {packet.text}"
    from mcpfence.reach.evaluation.deciding_rules import deciding_rules  # here, since nearly all proofs succeed

    decisions = deciding_rules(evaluator, subject, direction, packet)
    culprit = next((decision for decision in decisions if decision.allows), None)
    if culprit is None:
        sentence = f"the floor (NetworkPolicy {namespace}/{FLOOR}) is missing or does not select every pod: {who}"
        yield Finding("floor-drift", _KEY, sentence, remedy)
        return
    rule = f"{culprit.field} of {culprit.policy}" if culprit.field else culprit.policy
    sentence = f"the floor is open: {who}, since {rule} lets it through"
    yield Finding("floor-drift", _KEY, sentence, f"remove {rule}, or narrow what it selects to the pods that need it")


def _strangers(namespace: str, policies: Sequence[Policy]) -> Iterator[Pod]:
    """Pods that nobody named: for each selector that asks for no value the pod with the fewest and the most labels.

    Fewest: those that it must have; most: every key that some policy asks for, but those that it must not have.  Each
    has a value that no policy names.  A selector without a key gives the pod without labels and the one with all.
    """
    there = [policy for policy in policies if policy.namespace in (None, namespace)]
    boxes = dict.fromkeys(
        [EVERYTHING, *(_of_pod(policy, source.pods) for policy in there for source in policy.sources)]
    )
    keys = {key for box in boxes for key, _ in box}
    unnamed = [box for box in boxes if all(values.inverted or values.absent for _, values in box)]
    fewest = ({key for key, values in box if not values.absent} for box in unnamed)
    most = (keys - {key for key, values in box if not values.inverted} for box in unnamed)
    for labels in dict.fromkeys(tuple(sorted(one)) for pair in zip(fewest, most, strict=True) for one in pair):
        yield Pod(namespace, tuple((key, _FRESH) for key in labels))


def _of_pod(policy: Policy, box: Box | None) -> Box:
    return (label_sets.split_peer(box)[1] if policy.namespace is None and box else box) or EVERYTHING


def _fenced(pod: Pod, fences: Sequence[Fence]) -> bool:
    """Whether a fence selects the pod: then its own proof says what it may do."""
    labels = dict(pod.labels)
    return any(
        fence.namespace == pod.namespace and label_sets.matches(box_of(selector), labels)
        for fence in fences
        for selector in fence.selectors
        if all(labels.get(key) == value for key, value in selector.labels)  # most are told apart by these
    )
