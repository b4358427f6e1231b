"""One side of a comparison: its policies, its pods, and what those may reach.

What cannot be told exactly is said: `doubts` in words, and `marks`, which are equal for two sides whose unknown parts
were written alike, whatever their names and order.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any, NamedTuple

from mcpfence.addresses import ALL
from mcpfence.intervals import Intervals, union
from mcpfence.manifest import MANAGED_BY
from mcpfence.reach import bounds, flows
from mcpfence.reach.aviatrix import Firewall
from mcpfence.reach.bounds import Bounds
from mcpfence.reach.boxes import MISSING, Box, box_of
from mcpfence.reach.evaluate import Evaluator, Subject
from mcpfence.reach.firewall import Selects
from mcpfence.reach.granted import NamedPorts
from mcpfence.reach.objects import Object, unroll
from mcpfence.reach.policy import Policy
from mcpfence.reach.policyset import Reader, policies_of
from mcpfence.reach.rules import Rule
from mcpfence.reach.unevaluated import NotEvaluated, not_evaluated
from mcpfence.reach.workloads import Workload, named_ports, read_workloads

_OWNERS = {"mcpfence.io/server": "server", "mcpfence.io/workload": "workload", "mcpfence.io/service": "back-end"}

PortName = tuple[str, str]
"""Protocol and name."""

Location = tuple[str, Box]
"""Pods: their namespace and a box around their labels."""


class Place(NamedTuple):
    """Pods that policies treat alike.  Those on the host's network are beyond every policy."""

    namespace: str
    box: Box
    ports: NamedPorts | None = None
    host_network: bool = False


class Manifests(NamedTuple):
    """What a side is made of; `rendered` are what mcpfence has just made of a catalog, and proven; None without one.

    `namespace` is for objects that name none.  `pod_addresses`, if known, are those that pods may have.
    """

    documents: Sequence[Any] = ()
    rendered: Sequence[Any] | None = None
    namespace: str = "default"
    pod_addresses: Intervals = ()


class Side:
    """Answers about one side; built once, then only read."""

    def __init__(self, name: str, found: Manifests, pod_addresses: Intervals = ()) -> None:
        """`name` is what doubts call it; `pod_addresses` are those of the other side, for a side that knows none."""
        unrolled = unroll([*(found.rendered or ()), *found.documents])
        self.name, self.namespace = name, found.namespace
        reader = Reader(found.namespace, found.pod_addresses or pod_addresses or ALL)
        self.policies = policies_of(unrolled.objects, reader)
        self.problems = tuple(problem.text for problem in unrolled.problems)
        self._objects = unrolled.objects
        self._evaluator = Evaluator(self.policies)
        self._known: dict[tuple[str, Box, str], Bounds] = {}

    # --- whom it speaks of ---

    @cached_property
    def selectors(self) -> frozenset[Location]:
        """Every selector of a policy, or of a rule of one, that can select a pod."""
        found: set[Location] = set()
        for policy in self.policies.policies:
            if policy.namespace is not None and policy.selector is not None:
                found.add((policy.namespace, policy.selector))
        for wall in self.policies.firewalls:
            boxes = [box for box, _ in wall.sources] if wall.sound else [wall.selector]
            found.update((wall.namespace, box) for box in boxes if box is not None)
        return frozenset(found)

    @cached_property
    def owners(self) -> dict[Location, str]:
        """`server github`: what a selector belongs to, by the labels that mcpfence gives its policies."""
        labelled = {_title(one, self.namespace): owner for one in self._objects if (owner := _owner(one))}
        return {
            (policy.namespace, policy.selector): labelled[policy.title]
            for policy in reversed(self.policies.policies)
            if policy.title in labelled and policy.namespace is not None and policy.selector is not None
        }

    def workloads(self, keys: Mapping[str, frozenset[str]]) -> dict[str, tuple[Place, ...]]:
        """The pods of each workload, by title; `keys` are the label keys that selectors of a namespace look at.

        A pod has no labels but its own, so every other key counts as missing.
        """
        found: dict[str, list[Place]] = {}
        for one in read_workloads(self._objects, self.namespace)[0]:
            found.setdefault(f"{one.kind} {one.namespace}/{one.name}", []).append(_place(one, keys))
        return {title: tuple(places) for title, places in found.items()}

    # --- what its pods may do ---

    def bounds(self, places: Iterable[Place], direction: str) -> Bounds:
        """What pods of any of the places may reach, or who may reach them; nothing where there is no place."""
        parts = [self._bounds(place, direction) for place in places]
        if len(parts) == 1:
            return parts[0]
        least, most = flows.union_of(part.least for part in parts), flows.union_of(part.most for part in parts)
        return Bounds(most, most) if least == most else Bounds(least, most)

    def _bounds(self, place: Place, direction: str) -> Bounds:
        if place.host_network:
            return bounds.EVERYTHING
        key = (place.namespace, place.box, direction)
        known = self._known.get(key) if place.ports is None else None
        if known is None:
            subject = Subject(place.namespace, place.box, place.ports)
            known = self._evaluator.egress(subject) if direction == "egress" else self._evaluator.ingress(subject)
            if place.ports is None:
                self._known[key] = known
        return known

    def isolates(self, place: Place, direction: str) -> bool:
        """Whether a NetworkPolicy selects the pods for this direction, so that what none allows is denied."""
        return any(
            isinstance(policy, Policy)
            and how is Selects.SURELY
            and policy.sound
            and policy.rules(direction) is not None
            for policy, how in self._selecting(place)
        )

    def walls(self, place: Place) -> frozenset[str]:
        """The contents of the FirewallPolicies of the pods."""
        return frozenset(
            self._content(policy.title) for policy, _ in self._selecting(place) if isinstance(policy, Firewall)
        )

    def _selecting(self, place: Place) -> list[tuple[Policy | Firewall | NotEvaluated, Selects]]:
        return self._evaluator.selecting(Subject(place.namespace, place.box, place.ports))

    # --- what it cannot tell ---

    def marks(self, places: Iterable[Place], direction: str) -> frozenset[object]:
        """What stands where the bounds of the places are not exact."""
        return frozenset(mark for place in places for mark in self._marks(place, direction))

    def _marks(self, place: Place, direction: str) -> Iterator[object]:
        addresses: dict[PortName, Intervals] = {}
        pods: dict[PortName, set[Box]] = {}
        for policy, how in self._selecting(place):
            if isinstance(policy, Firewall):
                if direction == "egress":
                    yield self._content(policy.title), how
            elif isinstance(policy, Policy):
                if not policy.sound:
                    yield self._content(policy.title)
                for name, rule in _named_ports(policy, direction):
                    addresses[name] = union(addresses.get(name, ()), rule.addresses)
                    pods.setdefault(name, set()).update(rule.pods)
        for name, peers in pods.items():  # as a destination, addresses have no ports with names
            yield name, addresses[name] if direction == "ingress" else (), frozenset(peers)

    def doubts(self, places: Iterable[Place], direction: str) -> dict[str, str]:
        """Why the bounds of the places are not exact: the policies that are to blame, each with half a sentence."""
        said: dict[str, str] = {}
        for place in places:
            walls = []
            for policy, how in self._selecting(place):
                reason = _doubt(policy, direction)
                if not reason and how is Selects.MAYBE and isinstance(policy, Policy):
                    reason = "may select some of these pods and not others"
                if reason:
                    said[policy.title] = reason
                walls += [policy.title] if isinstance(policy, Firewall) else []
            if len(walls) > 1 and direction == "egress":
                said[" and ".join(walls)] = "are tried in an order that no manifest states"
        return said

    @cached_property
    def not_evaluated(self) -> dict[tuple[str, str, str | None, str], str]:
        """The policies without evaluator: what they are called, by what they are and say."""
        found = {}
        known = frozenset(self.policies.not_evaluated)
        for one in self._objects if known else ():
            other = not_evaluated(one, one.namespace or self.namespace)
            if other in known and other is not None:
                found[other.api_group, other.kind, other.namespace, _text(_body(one.document))] = other.text
        return found

    @cached_property
    def _contents(self) -> dict[str, str]:
        found: dict[str, str] = {}
        for one in self._objects:
            title = _title(one, self.namespace)
            found[title] = found.get(title, "") + _text(one.document.get("spec"))
        return found

    def _content(self, title: str) -> str:
        return self._contents.get(title, title)


def label_keys(selectors: Iterable[Location]) -> dict[str, frozenset[str]]:
    """The label keys that selectors look at, by namespace."""
    found: dict[str, set[str]] = {}
    for namespace, box in selectors:
        found.setdefault(namespace, set()).update(key for key, _ in box)
    return {namespace: frozenset(keys) for namespace, keys in found.items()}


def _place(one: Workload, keys: Mapping[str, frozenset[str]]) -> Place:
    labels = dict(one.labels)
    missing = [(key, MISSING) for key in keys.get(one.namespace, frozenset()) if key not in labels]
    box = tuple(sorted((*box_of(labels), *missing)))
    return Place(one.namespace, box, named_ports(one.ports), one.host_network)


def _title(one: Object, namespace: str) -> str:
    return one.title if one.namespace else f"{one.kind} {namespace}/{one.name}"


def _owner(one: Object) -> str:
    """`server github` for an object that mcpfence made; Helm overwrites managed-by, so part-of counts."""
    metadata = one.document.get("metadata")
    labels = metadata.get("labels") if isinstance(metadata, Mapping) else None
    if not isinstance(labels, Mapping) or labels.get("app.kubernetes.io/part-of") != MANAGED_BY:
        return ""
    return next((f"{word} {labels[key]}" for key, word in _OWNERS.items() if isinstance(labels.get(key), str)), "")


def _doubt(policy: Policy | Firewall | NotEvaluated, direction: str) -> str:
    """Why one policy cannot be told exactly, as half a sentence; empty where it can."""
    if isinstance(policy, NotEvaluated):
        return ""
    if not policy.sound:
        why = policy.problems[0]
        return f"cannot be read ({f'{why.field} {why.reason}'.strip()}), so what it lets through is unknown"
    if isinstance(policy, Firewall):
        if direction == "egress" and policy.problems:
            return f"cannot be told exactly ({policy.problems[0].field} {policy.problems[0].reason})"
        if direction == "egress" and any(not line.flows.exact or not line.sure for line in policy.lines):
            return (
                "cannot be told exactly (which pods its blocks hold, or how its wildcards are read, is in no manifest)"
            )
        return ""
    names = sorted({name for (_, name), _ in _named_ports(policy, direction)})
    return f"opens ports by name ({', '.join(names)}), which only containers can tell" if names else ""


def _named_ports(policy: Policy, direction: str) -> Iterator[tuple[PortName, Rule]]:
    rules = policy.rules(direction)
    for rule in rules.items if rules is not None else ():
        yield from ((name, rule) for name in rule.ports.named)


def _body(document: Mapping[str, Any]) -> dict[str, Any]:
    """What a policy says, without what it is called and what a cluster has made of it."""
    return {str(key): value for key, value in document.items() if key not in ("metadata", "status")}


def _text(value: object) -> str:
    try:
        return json.dumps(value, sort_keys=True, default=str)
    except (TypeError, ValueError):  # keys of several types, or a document that contains itself
        return repr(value)
