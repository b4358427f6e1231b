"""Who can reach whom in a set of manifests: what `mcpfence reach` shows, without its formats.

Workloads that are there, addresses of both families outside, and the ingress controller that Ingress and Route objects
imply.  The policies of all layers must let a flow pass, at the source as at the destination.  A flow that only
something unreadable might allow is not in it: `unknown` names the workloads for which that is so.

Assumed where manifests cannot tell: pods are reached over IPv4 as far as a firewall's CIDR groups are concerned, and
groups that hold some but not all IPv4 addresses let pods pass where they permit and do not stop them where they deny.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from mcpfence.net.addresses import ALL_V4
from mcpfence.net.intervals import Intervals, canonical, intersect
from mcpfence.reach.connectivity import outside
from mcpfence.reach.connectivity.absent_peers import absent_peers
from mcpfence.reach.connectivity.class_profiles import profiles
from mcpfence.reach.connectivity.ingress_backends import CONTROLLER, backends
from mcpfence.reach.connectivity.outside import Outside
from mcpfence.reach.connectivity.pairs import Reached, reached_by_class
from mcpfence.reach.connectivity.pod_classes import PodClasses
from mcpfence.reach.connectivity.workloads import ClusterWorkload, read_namespaces, read_workloads
from mcpfence.reach.documents.fields import Problem
from mcpfence.reach.documents.objects import unroll
from mcpfence.reach.engines.not_evaluated import NotEvaluated
from mcpfence.reach.evaluation.policy_set import PolicyReader, PolicySet, policies_of
from mcpfence.reach.flows import traffic
from mcpfence.structs import Struct

Target = tuple[str, Intervals]
"""A workload's text and the points of protocol and port on which it is reached."""


class Connectivity(Struct):
    """The answer.  Workloads stand under their text (`ns/name[Kind]`), in its order; equal answers share one object.

    `inside` gives what each workload reaches (it may stand among that itself), `outward` the addresses that it reaches,
    `inward` those that reach it.  The borders are where blocks of policies begin and end on IPv4: `outside.ranges`.
    """

    workloads: Mapping[str, ClusterWorkload]
    inside: Mapping[str, tuple[Target, ...]]
    outward: Mapping[str, Outside]
    inward: Mapping[str, Outside]
    controller: tuple[Target, ...]
    """What the ingress controller reaches."""
    ingress_borders: tuple[int, ...]
    egress_borders: tuple[int, ...]
    unknown: tuple[tuple[str, str], ...]
    """(workload, direction) for which a policy cannot be read."""
    problems: tuple[Problem, ...]
    not_evaluated: tuple[NotEvaluated, ...]
    cautions: tuple[str, ...]
    absent: tuple[str, ...] = ()
    """Pods that policies allow and of which the input has none: lines are missing."""


def connections(documents: Iterable[object], *, namespace: str = "default") -> Connectivity:
    """The connectivity of parsed documents; objects that name no namespace lie in `namespace`.  Never raises."""
    unrolled = unroll(documents)
    reader = PolicyReader(namespace, (ALL_V4,), every=True)
    policies = policies_of(unrolled.objects, reader, unrolled.problems)
    workloads, label_problems = read_workloads(unrolled.objects, namespace)
    classes = PodClasses([*workloads, CONTROLLER], read_namespaces(unrolled.objects))
    led = backends(unrolled.objects, classes, namespace)
    return _Connections(classes, policies).result(led, (*unrolled.skipped, *label_problems))


class _Connections:
    """What one answer needs while it is made: the classes and what each of them may do."""

    def __init__(self, classes: PodClasses, policies: PolicySet) -> None:
        self.classes, self.policies = classes, policies
        self.egress = profiles(policies.policies, "egress", classes)
        self.ingress = profiles(policies.policies, "ingress", classes)
        self.reached = reached_by_class(classes, self.egress, self.ingress)
        self.controller = classes.place(CONTROLLER)
        self.texts = [
            [one.text for one in classes.members[one_class] if one is not CONTROLLER] for one_class in classes.classes
        ]

    def result(self, led: Mapping[int, frozenset[int]], skipped: Iterable[Problem]) -> Connectivity:
        """Everything together; `led` are the ports to which Ingress and Route objects lead.

        `skipped` is what could not be read without any policy being in doubt.
        """
        places: dict[str, list[int]] = {}
        for place, texts in enumerate(self.texts):
            for text in texts:
                places.setdefault(text, []).append(place)
        split = {text: found for text, found in places.items() if len(found) > 1}
        expanded = {id(found): self._targets(found, bool(split)) for found in self.reached}
        outward = [profile.flows.addresses for profile in self.egress]
        inward = [profile.flows.addresses for profile in self.ingress]
        ordered = sorted(places)
        workloads = {one.text: one for found in self.classes.members.values() for one in found if one is not CONTROLLER}
        return Connectivity(
            workloads={text: workloads[text] for text in ordered},
            inside={text: _merge([expanded[id(self.reached[i])] for i in places[text]]) for text in ordered},
            outward={text: outside.merge([outward[i] for i in places[text]]) for text in ordered},
            inward={text: outside.merge([inward[i] for i in places[text]]) for text in ordered},
            controller=self._targets(self._led(led), bool(split)),
            ingress_borders=outside.borders(outside.blocks_of(self.policies.policies, "ingress")),
            egress_borders=outside.borders(self._egress_blocks()),
            unknown=tuple(sorted(set(self._unknown()))),
            problems=self.policies.problems,
            not_evaluated=self.policies.not_evaluated,
            cautions=(
                *(problem.text for problem in skipped),
                *(caution for one in self.policies.policies for caution in one.cautions),
                *(() if ordered else (NOBODY,)),
                *_beyond_policies(workloads[text] for text in ordered),
                *self._variants(split),
            ),
            absent=absent_peers(self.policies.policies, self.classes) if ordered else (),
        )

    def _targets(self, reached: Reached, merging: bool) -> tuple[Target, ...]:
        """Classes as the workloads in them, in the order of their texts."""
        found = [(text, points) for place, points in reached for text in self.texts[place]]
        return _merge([tuple(found)], always=True) if merging else tuple(sorted(found))

    def _led(self, led: Mapping[int, frozenset[int]]) -> Reached:
        found = []
        for place, points in self.reached[self.controller]:
            ports = canonical(traffic.span("TCP", port, port) for port in led.get(place, ()))
            common = intersect(points, ports)
            if common:
                found.append((place, common))
        return tuple(found)

    def _egress_blocks(self) -> Iterator[Intervals]:
        yield from outside.blocks_of(self.policies.policies, "egress")
        for layer in {id(layer): layer for profile in self.egress for layer in profile.behind}.values():
            yield from (members for members, _ in layer.addresses)

    def _unknown(self) -> Iterator[tuple[str, str]]:
        for place, texts in enumerate(self.texts):
            if self.egress[place].unknown:
                yield from ((text, "egress") for text in texts)
            if self.ingress[place].unknown:
                yield from ((text, "ingress") for text in texts)

    def _variants(self, split: Mapping[str, list[int]]) -> Iterator[str]:
        """Owners whose pods differ in what policies look at; their lines are the union over those pods."""
        masks = (
            {mask for profile in {*self.egress, *self.ingress} for mask, _ in profile.flows.pods} if split else set()
        )
        for text, places in sorted(split.items()):
            first = places[0]
            for place in places[1:]:
                same = (self.egress[place], self.ingress[place]) == (self.egress[first], self.ingress[first])
                if not same or any((mask >> place ^ mask >> first) & 1 for mask in masks):
                    yield f"{text} has pods with different labels, and policies tell them apart: lines hold for some"
                    break


def _merge(parts: list[tuple[Target, ...]], *, always: bool = False) -> tuple[Target, ...]:
    """One list of targets from those of several variants of a workload."""
    if len(parts) == 1 and not always:
        return parts[0]
    found: dict[str, Intervals] = {}
    for part in parts:
        for text, points in part:
            found[text] = canonical((*found[text], *points)) if text in found else points
    return tuple(sorted(found.items()))


NOBODY = "no pods are in the input, so no line can say who reaches whom: add Deployments, Pods and the like"


def _beyond_policies(workloads: Iterable[ClusterWorkload]) -> Iterator[str]:
    for one in workloads:
        if one.host_network:
            yield f"{one.text} is on the host network: most engines apply no policy there, and these lines assume one"
        elif one.further_networks:
            yield f"{one.text} has further networks, where no policy holds: these lines are those of the cluster's own"
