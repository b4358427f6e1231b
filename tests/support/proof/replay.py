"""What the proof prints is replayed: asked for one pod exactly, the evaluator must say the same of the packet.

The proof answers for all pods of a selector, with whatever further labels.  So of the pods that the policies around it
can tell apart one must bear out what was found: a flow that passes and should not, or one that does not and should.
"""

from __future__ import annotations

from collections.abc import Iterator

from mcpfence.plan.fence import Fence
from mcpfence.proof.prove import Counterexample, counterexamples, subjects
from mcpfence.reach.engines.contract import Policy
from mcpfence.reach.evaluation.evaluator import Evaluator, Pod, Subject
from mcpfence.reach.flows import flows, label_sets
from mcpfence.reach.flows.label_sets import Box


def unborne(fence: Fence, evaluator: Evaluator) -> list[str]:
    """The counterexamples of a fence that no pod bears out."""
    return [
        f"{fence.title} {one.direction} {one.packet.text} ({'wider' if one.wider else 'narrower'})"
        for subject in subjects(fence)
        for one in counterexamples(fence, subject, evaluator)
        if not any(_bears_out(pod, one, evaluator) for pod in _pods(subject, evaluator))
    ]


def _bears_out(pod: Pod, found: Counterexample, evaluator: Evaluator) -> bool:
    bounds = evaluator.reach(pod, found.direction)
    if found.wider:
        return flows.includes(bounds.most, found.packet)
    return not flows.includes(bounds.least, found.packet)


def _pods(subject: Subject, evaluator: Evaluator) -> Iterator[Pod]:
    """A pod of each part of the selector that the policies around it tell apart: which of them select it, and not."""
    parts: list[Box] = [subject.selector]
    for policy, _ in evaluator.selecting(subject):
        for source in policy.sources if isinstance(policy, Policy) else ():
            inside = [label_sets.intersect(part, source.pods) for part in parts]
            outside = [piece for part in parts for piece in label_sets.cut(part, source.pods)]
            parts = list(dict.fromkeys([*(part for part in inside if part is not None), *outside]))[:_PARTS]
    for part in parts:
        yield Pod(subject.namespace, tuple(sorted(label_sets.sample(part).items())), subject.ports)


_PARTS = 200
