"""NetworkPolicies that mcpfence renders, with pods around them that satisfy and miss their selectors."""

from __future__ import annotations

import random
from collections.abc import Sequence

from cilium.judge import Document
from proof.packets import Labels, Pods, mentioned, together
from proof.universe import NAMESPACE_NAME
from reaching.loading import namespace, pod

MOST = 40
"""Pods of one set; each is asked about with each."""


def cluster(rendered: Sequence[Document], *, seed: int = 0, most: int = MOST) -> list[Document]:
    """The NetworkPolicies among some documents, with namespaces, pods that they select, and pods around those."""
    policies = [
        one for one in rendered if one["apiVersion"] == "networking.k8s.io/v1" and one["kind"] == "NetworkPolicy"
    ]
    pods = Pods(together(mentioned(one) for one in policies))
    spaces = [_named(labels, number) for number, labels in enumerate(pods.namespaces())]
    subjects = [
        (one["metadata"]["namespace"], labels)
        for one in policies
        for labels in pods.subjects(one["spec"]["podSelector"])
    ]
    peers = [(space[NAMESPACE_NAME], labels) for space in spaces for labels in pods.peers()]
    rng = random.Random(seed)  # noqa: S311  # the same in every run, and no secret
    chosen = _some(rng, _distinct(subjects), most // 2)
    chosen = _distinct([*chosen, *_some(rng, peers, most - len(chosen))])
    ports = (("http", "TCP", 8080),)
    return [
        *(namespace(space[NAMESPACE_NAME], space) for space in spaces),
        *(pod(f"pod-{number}", labels, namespace=where, ports=ports) for number, (where, labels) in enumerate(chosen)),
        *policies,
    ]


def _named(labels: Labels, number: int) -> Labels:
    """A namespace's labels; those that nobody names get names of their own."""
    name = labels[NAMESPACE_NAME]
    return {**labels, NAMESPACE_NAME: f"elsewhere-{number}" if name == "elsewhere" else name}


def _distinct(found: Sequence[tuple[str, Labels]]) -> list[tuple[str, Labels]]:
    return list({(where, tuple(sorted(labels.items()))): (where, labels) for where, labels in found}.values())


def _some(rng: random.Random, found: Sequence[tuple[str, Labels]], most: int) -> list[tuple[str, Labels]]:
    return rng.sample(found, most) if len(found) > most else list(found)
