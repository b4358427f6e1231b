"""Who plays in a scene: pods for what its policies select, for the peers that they name, and for those that miss."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from random import Random
from typing import Any, NamedTuple

from mcpfence.reach.documents.label_selectors import read_selector
from mcpfence.reach.flows.label_sets import NAMESPACE_NAME, sample

Document = dict[str, Any]

MOST_SUBJECTS, MOST_PEERS, MOST_NEAR = 10, 10, 6
RESOLVER = {"k8s-app": "kube-dns"}
WRONG_RESOLVER = {"k8s-app": "not-kube-dns"}


def dice(seed: str | int) -> Random:
    """Chance that falls the same in every run."""
    return Random(seed)  # noqa: S311  # no secret


class Role(NamedTuple):
    """A pod to be: where, with which labels, and as what."""

    namespace: str
    labels: tuple[tuple[str, str], ...]
    part: str
    """`subject`, `peer`, `near` (a peer but for one label, or in another namespace), or `resolver`."""


def cast(policies: Iterable[Document], random: Random) -> list[Role]:
    """The pods of a scene: one for each different fence, one for each peer, and some that just miss."""
    every = list(policies)
    peers = sorted(set(_peers(every)))
    random.shuffle(peers)
    peers = peers[:MOST_PEERS]
    near = sorted({miss for role in peers for miss in _near(role)} - set(peers))
    random.shuffle(near)
    resolvers = [_role("kube-system", labels, "resolver") for labels in (RESOLVER, WRONG_RESOLVER)]
    found: dict[tuple[object, ...], Role] = {}
    for role in (*_subjects(every), *resolvers, *peers, *near[:MOST_NEAR]):
        found.setdefault((role.namespace, role.labels), role)
    return list(found.values())


def _role(namespace: str, labels: dict[str, str], part: str) -> Role:
    return Role(namespace, tuple(sorted(labels.items())), part)


def _subjects(policies: list[Document]) -> Iterator[Role]:
    """Pods of fences with different rules; the tenth server with the same ones would tell nothing new."""
    fences: dict[str, list[Document]] = {}
    for document in policies:
        if document["spec"].get("podSelector"):
            key = json.dumps([document["metadata"]["namespace"], document["spec"]["podSelector"]], sort_keys=True)
            fences.setdefault(key, []).append(document)
    different: dict[str, Role] = {}
    for members in fences.values():
        rules = [{key: value for key, value in one["spec"].items() if key != "podSelector"} for one in members]
        box = read_selector(members[0]["spec"]["podSelector"], "podSelector")
        if box is not None:
            role = _role(members[0]["metadata"]["namespace"], sample(box), "subject")
            different.setdefault(json.dumps(rules, sort_keys=True), role)
    yield from list(different.values())[:MOST_SUBJECTS]


def _peers(policies: Iterable[Document]) -> Iterator[Role]:
    for document in policies:
        spec = document["spec"]
        for rule in (*(spec.get("ingress") or ()), *(spec.get("egress") or ())):
            for peer in (*(rule.get("from") or ()), *(rule.get("to") or ())):
                if "ipBlock" not in peer:
                    yield from _peer(peer, document["metadata"]["namespace"])


def _peer(peer: Document, namespace: str) -> Iterator[Role]:
    spaces = read_selector(peer.get("namespaceSelector") or {}, "namespaceSelector")
    pods = read_selector(peer.get("podSelector") or {}, "podSelector")
    if spaces is not None and pods is not None:
        yield _role(sample(spaces).get(NAMESPACE_NAME, namespace), sample(pods), "peer")


def _near(role: Role) -> Iterator[Role]:
    yield _role("elsewhere", dict(role.labels), "near")
    for key, value in role.labels:
        yield _role(role.namespace, {**dict(role.labels), key: "another" if value == "other" else "other"}, "near")
