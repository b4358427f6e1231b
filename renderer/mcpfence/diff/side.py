"""One side of a comparison: its policies, its pods, and what those may reach.

What cannot be told exactly is said: `doubts` in words, and `marks`, which are equal for two sides whose unknown parts
were written alike, whatever their names and order.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any

from mcpfence.kube.api_defaults import body_of
from mcpfence.kube.manifest import is_ours, labels_of
from mcpfence.net.addresses import ALL
from mcpfence.net.intervals import Intervals, union
from mcpfence.reach.connectivity.workloads import named_ports, read_workloads
from mcpfence.reach.documents.objects import Object, unroll
from mcpfence.reach.engines import all_engines
from mcpfence.reach.engines.applied_texts import applied, is_applied
from mcpfence.reach.engines.contract import Action, NamedPorts, Policy, Rule, matched
from mcpfence.reach.engines.kustomizations import BECAUSE
from mcpfence.reach.engines.not_evaluated import not_evaluated
from mcpfence.reach.evaluation.evaluator import Evaluator, Pod
from mcpfence.reach.evaluation.policy_set import PolicyReader, policies_of
from mcpfence.reach.flows import bounds, flows
from mcpfence.reach.flows.bounds import Bounds, exact
from mcpfence.reach.flows.flows import Reach
from mcpfence.reach.flows.label_sets import NAMESPACE_NAME, Box, Labels, split_peer
from mcpfence.structs import Struct

_OWNERS = {"mcpfence.io/server": "server", "mcpfence.io/workload": "workload", "mcpfence.io/service": "back-end"}

_CALLERS, _RIGHTS = "who may call through a gateway", "what a server or its users may do"
_GUARD = "what the API server refuses"
_ACCESS = {
    ("extensions.kuadrant.io", "OIDCPolicy"): _CALLERS,
    ("kuadrant.io", "AuthPolicy"): _CALLERS,
    **{
        ("gateway.networking.k8s.io", kind): _CALLERS
        for kind in ("GRPCRoute", "HTTPRoute", "ReferenceGrant", "TCPRoute", "TLSRoute")
    },
    **{("rbac.authorization.k8s.io", kind): _RIGHTS for kind in ("Role", "RoleBinding")},
    **{
        ("admissionregistration.k8s.io", kind): _GUARD
        for kind in ("ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding")
    },
}
"""Kinds that are compared as they are written; rights and the guard only where mcpfence makes them."""

PortName = tuple[str, str]
"""Protocol and name."""

Location = tuple[str, Box]
"""Pods: their namespace and a box around their labels."""


class Place(Struct):
    """One pod, which may stand for all that policies treat alike.

    On its host's network, and with networks of its own beside the cluster's, it is beyond every policy.
    """

    namespace: str
    labels: Labels
    ports: NamedPorts | None = None
    host_network: bool = False
    further_networks: bool = False


class Manifests(Struct):
    """What a side is made of; `rendered` are what mcpfence has just made of a catalog, and proven; None without one.

    `namespace` is for objects that name none.  `pod_addresses`, if known, are those that pods may have.
    """

    documents: Sequence[Any] = ()
    rendered: Sequence[Any] | None = None
    namespace: str = "default"
    pod_addresses: Intervals = ()


def one_and_the_same(old: Manifests, new: Manifests) -> bool:
    """Whether two sides were made of the very same documents, as equal texts are that were parsed once."""
    apart = (old.namespace, old.pod_addresses, old.rendered is None) != (
        new.namespace,
        new.pod_addresses,
        new.rendered is None,
    )
    return not apart and all(
        len(before) == len(after) and all(map(_same, before, after))
        for before, after in ((old.documents, new.documents), (old.rendered or (), new.rendered or ()))
    )


def _same(old: object, new: object) -> bool:
    """Whether two documents are one, or are written alike; to be equal is too little: to Python `1` and `true` are."""
    return old is new or _written(old) == _written(new)


def _written(document: object) -> str:
    """A document as text; one of kustomize's in which nothing is unknown is the same wherever the folder lies."""
    if isinstance(document, dict) and document.get(BECAUSE) == []:
        return repr({**document, "metadata": None})
    return repr(document)


class Side:
    """Answers about one side; built once, then only read."""

    def __init__(self, name: str, found: Manifests, pod_addresses: Intervals = ()) -> None:
        """`name` is what doubts call it; `pod_addresses` are those of the other side, for a side that knows none."""
        unrolled = unroll([*(found.rendered or ()), *found.documents])
        self.name, self.namespace = name, found.namespace
        reader = PolicyReader(found.namespace, found.pod_addresses or pod_addresses or ALL)
        self.policies = policies_of(unrolled.objects, reader)
        self.problems = tuple(problem.text for problem in unrolled.problems)
        self._objects = unrolled.objects
        self._evaluator = Evaluator(self.policies)
        self._speaking: dict[tuple[str, Labels, str], list[Policy]] = {}

    # --- whom it speaks of ---

    @cached_property
    def selectors(self) -> frozenset[Location]:
        """Every selector of a policy, or of a rule of one, that can select a pod."""
        return frozenset(location for policy in self.policies.policies for location in self._locations(policy))

    def _locations(self, policy: Policy) -> Iterator[Location]:
        """The pods that a policy selects, or that a rule of it is for."""
        boxes = [one.pods for one in policy.sources] if policy.sound else [policy.selector]
        for box in boxes:
            if box is not None and policy.namespace is not None:
                yield policy.namespace, box
            elif box is not None:
                of_namespace, of_pod = split_peer(box)
                named = dict(of_namespace).get(NAMESPACE_NAME)
                every = self._namespaces if named is None or named.inverted else named.values
                yield from ((name, of_pod) for name in every)

    @cached_property
    def _namespaces(self) -> frozenset[str]:
        """The namespaces of which anything is known."""
        return frozenset(one.namespace or self.namespace for one in self._objects)

    @cached_property
    def owners(self) -> dict[Location, str]:
        """`server github`: what a selector belongs to, by the labels that mcpfence gives its policies."""
        labelled = {
            title: owner
            for one in self._objects
            if (owner := _owner(one))
            for title in (
                _title(one, self.namespace),
                one.title,
            )  # cluster-wide policies are called by their name alone
        }
        return {
            location: labelled[policy.title]
            for policy in reversed(self.policies.policies)
            if policy.title in labelled
            for location in self._locations(policy)
        }

    @cached_property
    def workloads(self) -> dict[str, tuple[Place, ...]]:
        """The pods of each workload, by title."""
        found: dict[str, list[Place]] = {}
        for one in read_workloads(self._objects, self.namespace)[0]:
            beyond = one.host_network, bool(one.further_networks)
            place = Place(one.namespace, tuple(sorted(one.labels)), named_ports(one.ports), *beyond)
            found.setdefault(f"{one.kind} {one.namespace}/{one.name}", []).append(place)
        return {title: tuple(places) for title, places in found.items()}

    # --- what its pods may do ---

    def bounds(self, places: Iterable[Place], direction: str) -> Bounds[Reach]:
        """What pods of any of the places may reach, or who may reach them; nothing where there is no place."""
        parts = [self._bounds(place, direction) for place in places]
        if len(parts) == 1:
            return parts[0]
        least, most = flows.union_of(part.least for part in parts), flows.union_of(part.most for part in parts)
        return Bounds(most, most) if least == most else Bounds(least, most)

    def _bounds(self, place: Place, direction: str) -> Bounds[Reach]:
        if place.host_network or place.further_networks:
            return bounds.EVERYTHING
        return self._evaluator.reach(Pod(place.namespace, place.labels, place.ports), direction)

    def isolates(self, place: Place, direction: str) -> bool:
        """Whether a policy isolates the pods in this direction, so that what none allows is denied."""
        return any(one.sound and one.isolates for one in self._policies(place, direction))

    def ordered(self, place: Place, direction: str) -> frozenset[str]:
        """The contents of the policies of the pods that have an order, so that they do not just add up."""
        return frozenset(self._content(one.title) for one in self._policies(place, direction) if not _adds_up(one))

    def _policies(self, place: Place, direction: str) -> list[Policy]:
        """The policies that speak of the pods, layer by layer, by title."""
        key = place.namespace, place.labels, direction
        known = self._speaking.get(key)
        if known is None:
            layers = self._evaluator.speaking(Pod(place.namespace, place.labels), direction).values()
            known = [policy for layer in layers for policy in sorted((one.policy for one in layer), key=_by_title)]
            self._speaking[key] = known
        return known

    # --- what it cannot tell ---

    def marks(self, places: Iterable[Place], direction: str) -> frozenset[object]:
        """What stands where the bounds of the places are not exact."""
        return frozenset(mark for place in places for mark in self._marks(place, direction))

    def _marks(self, place: Place, direction: str) -> Iterator[object]:
        addresses: dict[PortName, Intervals] = {}
        pods: dict[PortName, set[Box]] = {}
        for policy in self._policies(place, direction):
            if not policy.sound or not _adds_up(policy):
                yield self._content(policy.title)
            for name, rule in _named_ports(policy, direction):
                addresses[name] = union(addresses.get(name, ()), rule.peers.most_addresses)
                pods.setdefault(name, set()).update(rule.peers.most_pods)
        for name, peers in pods.items():  # as a destination, addresses have no ports with names
            yield name, addresses[name] if direction == "ingress" else (), frozenset(peers)

    def doubts(self, places: Iterable[Place], direction: str) -> dict[str, str]:
        """Why the bounds of the places are not exact: the policies that are to blame, each with half a sentence."""
        said: dict[str, str] = {}
        for place in places:
            policies = self._policies(place, direction)
            for titles in _unordered(policies):
                said[" and ".join(titles)] = "are tried in an order that no manifest states"
            for policy in policies:
                reason = _doubt(policy, direction)
                if reason:
                    said[policy.title] = reason
        return said

    @cached_property
    def not_evaluated(self) -> dict[tuple[str, str, str | None, str], str]:
        """The policies without evaluator: what they are called, by what they are and say."""
        found = {}
        known = frozenset(self.policies.not_evaluated)
        named = applied(self._objects, self.namespace)
        for one in self._objects if known else ():
            where = one.namespace or self.namespace
            other = not_evaluated(one, where, text_applied=is_applied(one, where, named))
            if other in known and other is not None:
                found[other.api_group, other.kind, other.namespace, _text(_body(one.document))] = other.text
        return found

    @cached_property
    def access(self) -> dict[str, str]:
        """What says who may call through a gateway, and what rights are given; none of it is reach.  Texts by title."""
        found: dict[str, str] = {}
        for one in self._objects:
            why = _ACCESS.get((one.group, one.kind))
            if why is not None and (why == _CALLERS or is_ours(one.document)):
                title = f"{_title(one, self.namespace)} ({one.group}), which says {why}"
                found[title] = found.get(title, "") + _text(body_of(one.kind, one.document))
        return found

    @cached_property
    def _contents(self) -> dict[str, str]:
        found: dict[str, str] = {}
        for one in self._objects:
            for title in {_title(one, self.namespace): None, one.title: None}:
                found[title] = found.get(title, "") + _text(one.document.get("spec"))
        return found

    def _content(self, title: str) -> str:
        return self._contents.get(title, title)


def _title(one: Object, namespace: str) -> str:
    return one.title if one.namespace else f"{one.called} {namespace}/{one.name}"


def _owner(one: Object) -> str:
    """`server github` for an object that mcpfence made."""
    if not is_ours(one.document):
        return ""
    labels = labels_of(one.document)
    return next((f"{word} {labels[key]}" for key, word in _OWNERS.items() if isinstance(labels.get(key), str)), "")


def _by_title(policy: Policy) -> str:
    return policy.title


def _adds_up(policy: Policy) -> bool:
    return all_engines()[policy.engine].adds_up


def _unordered(policies: Iterable[Policy]) -> list[list[str]]:
    """The titles of policies that have one priority, and rules whose order matters."""
    found: dict[object, list[Policy]] = {}
    for policy in policies:
        if not _adds_up(policy):
            found.setdefault((policy.tier, policy.priority), []).append(policy)
    return [[one.title for one in equals] for equals in found.values() if len(equals) > 1 and len(_actions(equals)) > 1]


def _actions(policies: Iterable[Policy]) -> set[Action]:
    """What the rules of some policies do; where it is one thing, their order does not matter."""
    lists = [rules for one in policies for rules in (one.ingress, one.egress) if rules is not None]
    return {rule.action for rules in lists for rule in rules.items}


def _doubt(policy: Policy, direction: str) -> str:
    """Why one policy cannot be told exactly, as half a sentence; empty where it can."""
    if not policy.sound:
        why = policy.problems[0]
        return f"cannot be read ({f'{why.field} {why.reason}'.strip()}), so what it lets through is unknown"
    if not _adds_up(policy):
        if policy.problems:
            return f"cannot be told exactly ({policy.problems[0].field} {policy.problems[0].reason})"
        rules = policy.rules(direction)
        if rules is not None and any(not one.sure or not exact(matched(one, direction)) for one in rules.items):
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
