"""Namespaces and pods around some policies: those that their selectors select, and those that they miss."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator, Sequence
from typing import Any

from cilium.asking import values_of
from cilium.judge import Document
from proof.packets import satisfying
from reaching.loading import namespace, pod

NAME = "kubernetes.io/metadata.name"
DNS = (("dns", "UDP", 53), ("dns-tcp", "TCP", 53))
"""The ports of resolvers, under their usual names."""
_MOST = 22


def around(policies: Sequence[Document], seed: int = 0) -> list[Document]:
    """The policies behind their namespaces and pods, chosen by the seed where there are many."""
    rng = random.Random(seed)  # noqa: S311  # the same in every run, and no secret
    own = {one["metadata"]["namespace"] for one in policies if one["kind"] == "NetworkPolicy"}
    spaces = sorted({"elsewhere", *own, *_names(policies)})
    subjects = [
        (one["metadata"]["namespace"], labels)
        for one in policies
        if one["kind"] == "NetworkPolicy"
        for labels in _labels(one["spec"]["podSelector"])
    ]
    selectors = {
        json.dumps(one, sort_keys=True) for key in ("podSelector", "matchLabels") for one in _of(policies, key)
    }
    peers = [(rng.choice(spaces), labels) for text in sorted(selectors) for labels in _labels(json.loads(text))]
    peers += [(space, {"k8s-app": "kube-dns"}) for space in ("kube-system", "elsewhere")] + [("elsewhere", {})]
    chosen = [*_some(rng, _distinct(subjects), _MOST // 2), *_some(rng, _distinct(peers), _MOST // 2)]
    return [
        *(namespace(space) for space in sorted({*spaces, "kube-system"})),
        *(
            pod(f"pod-{number}", labels, namespace=space, ports=DNS if labels.get("k8s-app") == "kube-dns" else ())
            for number, (space, labels) in enumerate(_distinct(chosen))
        ),
        *policies,
    ]


def _of(policies: Sequence[Document], key: str) -> Iterator[Any]:
    """Selectors under a key; plain maps of labels become selectors."""
    for found in values_of(policies, key):
        if key == "podSelector":
            yield found
        elif NAME not in found:
            yield {"matchLabels": found}


def _labels(selector: Document) -> list[dict[str, str]]:
    """A few label sets that a selector selects."""
    return satisfying(selector, {})[:2]


def _names(policies: Sequence[Document]) -> Iterator[str]:
    for labels in values_of(policies, "matchLabels"):
        if NAME in labels:
            yield labels[NAME]
    for terms in values_of(policies, "matchExpressions"):
        for term in terms:
            yield from term.get("values", ()) if term["key"] == NAME else ()


def _distinct(found: Sequence[tuple[str, dict[str, str]]]) -> list[tuple[str, dict[str, str]]]:
    return list({(space, tuple(sorted(labels.items()))): (space, labels) for space, labels in found}.values())


def _some(rng: random.Random, found: list[Any], most: int) -> list[Any]:
    return rng.sample(found, most) if len(found) > most else found
