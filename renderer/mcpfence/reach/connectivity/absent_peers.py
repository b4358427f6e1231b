"""Pods that policies speak of and that are not in the input: no line can show what passes between them and others."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from mcpfence.reach.connectivity.ingress_backends import CONTROLLER
from mcpfence.reach.connectivity.pod_classes import Mask, PodClasses
from mcpfence.reach.engines.contract import Action, Policy
from mcpfence.reach.flows import label_sets
from mcpfence.reach.flows.label_sets import NAMESPACE_NAME, Box

_NAMED = 2
"""So many policies are named for each; how many more there are is counted."""


def absent_peers(policies: Iterable[Policy], classes: PodClasses) -> tuple[str, ...]:
    """A sentence for each kind of pods that policies allow to the pods of the input and of which there is none."""
    real = classes.everyone & ~(1 << classes.place(CONTROLLER))
    found: dict[tuple[str, Box], dict[str, None]] = {}
    for policy in policies:
        for direction, box in _allowed(policy, classes, real):
            if not classes.mask(box) & real:
                found.setdefault((direction, box), {})[policy.title] = None
    rows = sorted(found.items(), key=lambda row: (row[0][0], label_sets.order(row[0][1])))
    return tuple(_sentence(direction, box, list(titles)) for (direction, box), titles in rows)


def _allowed(policy: Policy, classes: PodClasses, real: Mask) -> Iterator[tuple[str, Box]]:
    """The boxes of pods that rules of the policy allow to some pod of the input."""
    for direction in ("ingress", "egress"):
        rules = policy.rules(direction)
        for index, rule in enumerate(rules.items if rules is not None else ()):
            if rule.action is not Action.ALLOW or not policy.sources:
                continue
            pods = policy.source(index).pods
            spoken = classes.mask(pods) if policy.namespace is None else classes.selected(policy.namespace, pods)
            if spoken & real:
                yield from ((direction, box) for box in rule.peers.most_pods)


def _sentence(direction: str, box: Box, titles: list[str]) -> str:
    named = ", ".join(titles[:_NAMED])
    more = f" and {len(titles) - _NAMED:,} more" if len(titles) > _NAMED else ""
    verb = "allows" if len(titles) == 1 else "allow"
    missing = "who reaches them" if direction == "egress" else "what they reach"
    return f"no {pods_text(box)} are in the input, so no line shows {missing}: {named}{more} {verb} it"


def pods_text(box: Box) -> str:
    """`pods app=redis of namespace data`."""
    namespace, pod = label_sets.split_peer(box)
    pods = f"pods {label_sets.box_text(pod)}" if pod else "pods"
    names = dict(namespace).get(NAMESPACE_NAME)
    if len(namespace) == 1 and names is not None and not names.inverted and not names.absent:
        return f"{pods} of namespace {', '.join(sorted(names.values))}"
    return f"{pods} of namespaces {label_sets.box_text(namespace)}" if namespace else pods
