"""Pods that a fence is for and for which no policy holds: those on their host's network, or with networks of their own.

A fence selects pods by labels, and network plugins leave pods of the host's network out, whatever their labels are.
Interfaces that Multus adds are beyond the policies of the cluster's network.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from mcpfence.findings.finding import Finding
from mcpfence.plan.fence import Fence
from mcpfence.proof.prove import box_of
from mcpfence.reach.connectivity.workloads import ClusterWorkload, read_templates, read_workloads
from mcpfence.reach.documents.objects import Object
from mcpfence.reach.evaluation.policy_set import read_policies
from mcpfence.reach.flows import label_sets
from mcpfence.reach.flows.label_sets import Box

FencedPods = tuple[str, str, Box]
"""Namespace of some pods, what messages call them, and a box around their labels."""


def beyond_policies(objects: Iterable[Object], fences: Sequence[Fence], namespace: str) -> list[Finding]:
    """A finding for each workload that a fence selects; `namespace` is that of objects which name none."""
    pods = ((fence.namespace, fence.title, box_of(selector)) for fence in fences for selector in fence.selectors)
    return _among(_beyond(objects, namespace), pods)


def beyond_rendered(objects: Iterable[Object], rendered: Iterable[Object], namespace: str) -> list[Finding]:
    """The same for pods that the NetworkPolicies of an earlier render select, whose catalog is not there."""
    workloads = _beyond(objects, namespace)
    return _among(workloads, _selected(rendered)) if workloads else []


def _selected(rendered: Iterable[Object]) -> Iterator[FencedPods]:
    for one in rendered:
        for policy in read_policies([one.document]).policies if one.kind == "NetworkPolicy" else ():
            yield from ((one.namespace, f"what {one.title} selects", source.pods) for source in policy.sources)


def _beyond(objects: Iterable[Object], namespace: str) -> list[ClusterWorkload]:
    objects = list(objects)
    every = [*read_workloads(objects, namespace)[0], *read_templates(objects, namespace)]
    return [one for one in every if one.host_network or one.further_networks]


def _among(workloads: Sequence[ClusterWorkload], pods: Iterable[FencedPods]) -> list[Finding]:
    found: dict[ClusterWorkload, Finding] = {}
    for namespace, title, box in pods if workloads else ():
        for one in workloads:
            if one not in found and namespace == one.namespace and label_sets.matches(box, dict(one.labels)):
                found[one] = _told(one, title)
    return [found[one] for one in workloads if one in found]


def _told(one: ClusterWorkload, title: str) -> Finding:
    where = "on their host's network" if one.host_network else "in further networks"
    what = "hostNetwork" if one.host_network else f"the annotation {one.further_networks}"
    sentence = f"its pods are {where}, where no policy holds for them, and {title} is one"
    todo = f"remove {what}, or label pods that are something else otherwise"
    return Finding("host-network", (), sentence, todo, f"{one.kind} {one.namespace}/{one.name}")
