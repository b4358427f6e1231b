"""One side of a comparison: its policies, its pods, and what those may reach.

What cannot be told exactly is said: `doubts` in words, and `marks`, which are equal for two sides whose unknown parts
were written alike, whatever their names and order.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any, NamedTuple

from mcpfence.kube.manifest import MANAGED_BY
from mcpfence.net.addresses import ALL
from mcpfence.net.intervals import Intervals, union
from mcpfence.reach.connectivity.workloads import named_ports, read_workloads
from mcpfence.reach.documents.objects import Object, unroll
from mcpfence.reach.engines.aviatrix.policy import Firewall
from mcpfence.reach.engines.networkpolicy.evaluate import NamedPorts
from mcpfence.reach.engines.networkpolicy.policy import Policy
from mcpfence.reach.engines.networkpolicy.rules import Rule
from mcpfence.reach.engines.not_evaluated import not_evaluated
from mcpfence.reach.evaluation.pod_evaluator import PodReach
from mcpfence.reach.evaluation.policy_set import Reader, policies_of
from mcpfence.reach.flows import bounds, flows
from mcpfence.reach.flows.bounds import Bounds
from mcpfence.reach.flows.label_sets import Box, Labels

_OWNERS = {"mcpfence.io/server": "server", "mcpfence.io/workload": "workload", "mcpfence.io/service": "back-end"}

PortName = tuple[str, str]
"""Protocol and name."""

Location = tuple[str, Box]
"""Pods: their namespace and a box around their labels."""


class Place(NamedTuple):
    """One pod, which may stand for all that policies treat alike.  On its host's network it is beyond every policy."""

    namespace: str
    labels: Labels
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
        self._reach = PodReach(self.policies)

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

    @cached_property
    def workloads(self) -> dict[str, tuple[Place, ...]]:
        """The pods of each workload, by title."""
        found: dict[str, list[Place]] = {}
        for one in read_workloads(self._objects, self.namespace)[0]:
            place = Place(one.namespace, tuple(sorted(one.labels)), named_ports(one.ports), one.host_network)
            found.setdefault(f"{one.kind} {one.namespace}/{one.name}", []).append(place)
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
        if direction == "egress":
            return self._reach.egress(place.namespace, place.labels)
        return self._reach.ingress(place.namespace, place.labels, place.ports)

    def isolates(self, place: Place, direction: str) -> bool:
        """Whether a NetworkPolicy selects the pods for this direction, so that what none allows is denied."""
        return any(one.sound and one.rules(direction) is not None for one in self._policies(place))

    def walls(self, place: Place) -> frozenset[str]:
        """The contents of the FirewallPolicies of the pods."""
        return frozenset(self._content(one.title) for one in self._firewalls(place))

    def _policies(self, place: Place) -> list[Policy]:
        return self._reach.selecting(place.namespace, place.labels)[0]

    def _firewalls(self, place: Place) -> list[Firewall]:
        return self._reach.selecting(place.namespace, place.labels)[1]

    # --- what it cannot tell ---

    def marks(self, places: Iterable[Place], direction: str) -> frozenset[object]:
        """What stands where the bounds of the places are not exact."""
        return frozenset(mark for place in places for mark in self._marks(place, direction))

    def _marks(self, place: Place, direction: str) -> Iterator[object]:
        if direction == "egress":
            yield from self.walls(place)
        addresses: dict[PortName, Intervals] = {}
        pods: dict[PortName, set[Box]] = {}
        for policy in self._policies(place):
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
            walls = self._firewalls(place) if direction == "egress" else []
            if len(walls) > 1:
                said[" and ".join(one.title for one in walls)] = "are tried in an order that no manifest states"
            blamed: list[Policy | Firewall] = [*self._policies(place), *walls]
            for policy in blamed:
                reason = _doubt(policy, direction)
                if reason:
                    said[policy.title] = reason
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


def _title(one: Object, namespace: str) -> str:
    return one.title if one.namespace else f"{one.kind} {namespace}/{one.name}"


def _owner(one: Object) -> str:
    """`server github` for an object that mcpfence made; Helm overwrites managed-by, so part-of counts."""
    metadata = one.document.get("metadata")
    labels = metadata.get("labels") if isinstance(metadata, Mapping) else None
    if not isinstance(labels, Mapping) or labels.get("app.kubernetes.io/part-of") != MANAGED_BY:
        return ""
    return next((f"{word} {labels[key]}" for key, word in _OWNERS.items() if isinstance(labels.get(key), str)), "")


def _doubt(policy: Policy | Firewall, direction: str) -> str:
    """Why one policy cannot be told exactly, as half a sentence; empty where it can."""
    if not policy.sound:
        why = policy.problems[0]
        return f"cannot be read ({f'{why.field} {why.reason}'.strip()}), so what it lets through is unknown"
    if isinstance(policy, Firewall):
        if policy.problems:
            return f"cannot be told exactly ({policy.problems[0].field} {policy.problems[0].reason})"
        if any(not line.flows.exact or not line.sure for line in policy.lines):
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
