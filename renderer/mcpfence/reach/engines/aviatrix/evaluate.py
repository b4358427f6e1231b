"""What FirewallPolicies let through: ordered rules, the first match decides, what nothing matches passes.

Several policies of one namespace are tried one after the other in an order that nobody states.  So at most passes what
passes in some order, at least what passes in every order.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import IntEnum

from mcpfence.reach.engines.aviatrix.policy import LINK_LOCAL, Firewall, Line
from mcpfence.reach.flows import bounds, flows, label_sets
from mcpfence.reach.flows.bounds import Bounds
from mcpfence.reach.flows.flows import Reach
from mcpfence.reach.flows.label_sets import Box

_PASSING = flows.reach_of(LINK_LOCAL)
"""Never crosses the gateway."""


class Selects(IntEnum):
    """Whether a policy speaks of the pods of a subject."""

    NEVER = 0
    MAYBE = 1
    """Of some, or it cannot be told."""
    SURELY = 2


def selects(box: Box | None, subject: Box) -> Selects:
    """Whether a selector selects pods that satisfy the subject's, with whatever further labels."""
    if box is None:
        return Selects.NEVER
    if not box or box == subject or label_sets.covers(box, subject):
        return Selects.SURELY
    return Selects.NEVER if label_sets.meet(box, subject) is None else Selects.MAYBE


_Shape = tuple[Line, ...]
"""The rules that speak of a subject, in order."""

_How = Callable[[Box], Selects]


@dataclass(slots=True)
class Firewalls:
    """Evaluates FirewallPolicies; policies whose rules match the same flows are worked out once."""

    _passes: dict[_Shape, tuple[Bounds, Bounds]] = field(default_factory=dict)
    _together: dict[tuple[_Shape, ...], Bounds] = field(default_factory=dict)
    _doubtful: dict[Line, Line] = field(default_factory=dict)

    def egress(self, policies: Iterable[Firewall], subject: Box) -> Bounds:
        """What the policies (of the subject's namespace) let pods of the subject reach."""
        return self._egress(policies, lambda box: selects(box, subject))

    def egress_of_pod(self, policies: Iterable[Firewall], labels: Mapping[str, str]) -> Bounds:
        """What the policies (of the pod's namespace) let a pod with exactly these labels reach."""
        return self._egress(policies, lambda box: Selects.SURELY if label_sets.matches(box, labels) else Selects.NEVER)

    def _egress(self, policies: Iterable[Firewall], how: _How) -> Bounds:
        shapes: list[_Shape] = []
        for policy in policies:
            if not policy.sound:
                return bounds.UNKNOWN
            shape = self._shape(policy, how)
            if shape:
                shapes.append(shape)
        if not shapes:
            return bounds.EVERYTHING
        key = tuple(shapes)
        known = self._together.get(key)
        if known is None:
            known = self._together[key] = self._evaluate(key)
        return known

    def _shape(self, policy: Firewall, how: _How) -> _Shape:
        if len(policy.sources) == 1:
            box, whole = policy.sources[0]
            verdict = how(box)
            if verdict is Selects.SURELY and whole:
                return policy.lines
            return tuple(self._maybe(line) for line in policy.lines) if verdict is not Selects.NEVER else ()
        found = []
        for line, (box, whole) in zip(policy.lines, policy.sources, strict=True):
            verdict = how(box)
            if verdict is not Selects.NEVER:
                found.append(line if verdict is Selects.SURELY and whole else self._maybe(line))
        return tuple(found)

    def _maybe(self, line: Line) -> Line:
        """The same line, not surely in force."""
        return self._doubtful.setdefault(line, replace(line, sure=False)) if line.sure else line

    def _evaluate(self, shapes: tuple[_Shape, ...]) -> Bounds:
        passed = [self._pass(shape) for shape in shapes]
        least = shared = flows.EVERYTHING
        for allowed, _ in passed:
            least, shared = flows.meet(least, allowed.least), flows.meet(shared, allowed.most)
        most = flows.union_of([shared, *(permitted.most for _, permitted in passed)])
        most, least = flows.union(most, _PASSING), flows.union(least, _PASSING)
        return Bounds(most, most) if most == least else Bounds(least, most)

    def _pass(self, shape: _Shape) -> tuple[Bounds, Bounds]:
        """What passes one policy: with what nothing matches passing, and what a rule permits expressly."""
        if shape not in self._passes:
            self._passes[shape] = (_run(shape, flows.EVERYTHING), _run(shape, flows.NOTHING))
        return self._passes[shape]


def _run(shape: _Shape, unmatched: Reach) -> Bounds:
    """From the last rule to the first: each decides on what it matches, and leaves the rest to those behind it."""
    least = most = unmatched
    for line in reversed(shape):
        lower, upper = line.flows.least if line.sure else flows.NOTHING, line.flows.most
        if line.permit:
            least, most = flows.union(lower, least), flows.union(upper, most)
        else:
            least, most = flows.minus(least, upper), flows.minus(most, lower)
    return Bounds(least, most)
