"""Policies of others, from a seed: NetworkPolicies and Cilium's own kinds, as the API server and the agent take them.

They select pods that are there, and hold what is read wrongly most easily: lists that are empty, ports that are absent,
port 0, names with stars in strange places, denials of blocks inside others, policies that do not isolate.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any

from cilium.judge import Document
from reaching.loading import policy

Labels = dict[str, str]
BLOCKS = ("10.0.0.0/8", "0.0.0.0/0", "::/0", "169.254.0.0/16", "203.0.113.0/24", "fd00::/8", "8.8.8.8/32", "2000::/3")
HOLES = {
    "10.0.0.0/8": ("10.20.0.0/16", "10.0.0.0/8"),
    "0.0.0.0/0": ("10.0.0.0/8", "169.254.169.254/32"),
    "::/0": ("fd00::/8", "2001:db8::/32"),
    "fd00::/8": ("fd00:ec2::/32",),
}
NAMES: tuple[Document, ...] = (
    {"matchName": "foreign.example.com"},
    {"matchName": "Mixed.Example.COM."},
    {"matchPattern": "**.example.com"},
    {"matchPattern": "***.example.net"},
    {"matchPattern": "*.example.org"},
    {"matchPattern": "*example.com"},
    {"matchPattern": "a.**.example.com"},
    {"matchPattern": "sub*.example.net"},
    {"matchPattern": "*"},
)
ENTITIES = ("all", "world", "cluster", "none", "kube-apiserver", "host")
PORTS: tuple[Document, ...] = (
    {"port": "443", "protocol": "TCP"},
    {"port": "443"},
    {"port": "8000", "endPort": 9000, "protocol": "TCP"},
    {"port": "53", "protocol": "UDP"},
    {"port": "53", "protocol": "ANY"},
    {"port": "0", "protocol": "TCP"},
    {"port": "0"},
    {"port": "1", "endPort": 65535, "protocol": "SCTP"},
)


def foreign_policies(rng: random.Random, pods: Sequence[tuple[str, Labels]], most: int = 3) -> list[Document]:
    """Up to so many policies that select some of the pods, given as (namespace, labels)."""
    makers = (_network_policy, _cilium_policy, _cilium_policy, _clusterwide)
    return [rng.choice(makers)(rng, f"foreign-{number}", pods) for number in range(rng.randint(0, most))]


def _network_policy(rng: random.Random, name: str, pods: Sequence[tuple[str, Labels]]) -> Document:
    where, labels = rng.choice(pods)
    spec: Document = {"podSelector": {"matchLabels": _one(rng, labels)}, "policyTypes": ["Egress"], "egress": []}
    for _ in range(rng.randint(0, 2)):
        block = rng.choice(BLOCKS)
        holes = [hole for hole in HOLES.get(block, ()) if hole != block and rng.random() < 0.5]
        peer: Document = {"ipBlock": {"cidr": block, **({"except": holes} if holes else {})}}
        rule: Document = {"to": [rng.choice([peer, {"namespaceSelector": {}}, {"podSelector": {}}])]}
        if rng.random() < 0.7:
            rule["ports"] = [{"protocol": rng.choice(["TCP", "UDP"]), "port": rng.choice([53, 443, 8080])}]
        spec["egress"].append(rule)
    return policy(name, spec, namespace=where)


def _cilium_policy(rng: random.Random, name: str, pods: Sequence[tuple[str, Labels]]) -> Document:
    where, labels = rng.choice(pods)
    selector = {"matchLabels": {rng.choice(["", "k8s:", "any:"]) + key: one for key, one in _one(rng, labels).items()}}
    metadata = {"name": name, "namespace": where}
    spec = {"endpointSelector": rng.choice([selector, selector, {}]), **_lists(rng, pods)}
    return {"apiVersion": "cilium.io/v2", "kind": "CiliumNetworkPolicy", "metadata": metadata, "spec": spec}


def _clusterwide(rng: random.Random, name: str, pods: Sequence[tuple[str, Labels]]) -> Document:
    where, labels = rng.choice(pods)
    chosen = {"k8s:io.kubernetes.pod.namespace": where, **_one(rng, labels)}
    spec = {"endpointSelector": {"matchLabels": chosen}, **_lists(rng, pods)}
    kind = "CiliumClusterwideNetworkPolicy"
    return {"apiVersion": "cilium.io/v2", "kind": kind, "metadata": {"name": name}, "spec": spec}


def _lists(rng: random.Random, pods: Sequence[tuple[str, Labels]]) -> Document:
    found: Document = {}
    if rng.random() < 0.8:
        found["egress"] = [_allow(rng, pods) for _ in range(rng.randint(1, 3))]
    if rng.random() < 0.5 or not found:
        found["egressDeny"] = [_deny(rng, pods) for _ in range(rng.randint(1, 2))]
    if rng.random() < 0.2:
        found["ingress"] = [rng.choice([{}, {"fromEntities": ["all"]}, {"fromCIDR": ["10.0.0.0/8"]}])]
    if rng.random() < 0.5:
        found["enableDefaultDeny"] = {"egress": rng.random() < 0.5, "ingress": False}
    return found


def _allow(rng: random.Random, pods: Sequence[tuple[str, Labels]]) -> Document:
    if rng.random() < 0.1:
        return {}
    if rng.random() < 0.4:
        rule: Document = {"toFQDNs": rng.sample(NAMES, rng.randint(0, 2))}
        if not rule["toFQDNs"] and rng.random() < 0.5:
            return rule
        return {**rule, "toPorts": [{"ports": _ports(rng)}]}
    rule = _peers(rng, pods)
    if rng.random() < 0.2:
        dns = [{"port": "53", "protocol": rng.choice(["UDP", "TCP", "ANY"])}]
        return {**rule, "toPorts": [{"ports": dns, "rules": {"dns": rng.sample(NAMES, rng.randint(0, 2))}}]}
    return {**rule, **_written(rng)}


def _deny(rng: random.Random, pods: Sequence[tuple[str, Labels]]) -> Document:
    return {} if rng.random() < 0.1 else {**_peers(rng, pods), **_written(rng)}


def _written(rng: random.Random) -> Document:
    kind = rng.random()
    if kind < 0.25:
        return {}
    if kind < 0.35:
        return {"toPorts": []}
    if kind < 0.4:
        return {"toPorts": [{"ports": []}]}
    return {"toPorts": [{"ports": _ports(rng)}]}


def _ports(rng: random.Random) -> list[Document]:
    return [dict(one) for one in rng.sample(PORTS, rng.randint(1, 2))]


def _peers(rng: random.Random, pods: Sequence[tuple[str, Labels]]) -> Document:
    where, labels = rng.choice(pods)
    kind = rng.choice(["toEndpoints", "toCIDR", "toCIDRSet", "toCIDRSet", "toEntities"])
    if rng.random() < 0.1:
        return {kind: []}
    if kind == "toEndpoints":
        match = rng.choice([{}, _one(rng, labels), {"k8s:io.kubernetes.pod.namespace": where, **_one(rng, labels)}])
        return {kind: [{"matchLabels": match} if match else {}]}
    if kind == "toCIDR":
        return {kind: [rng.choice(BLOCKS)]}
    if kind == "toEntities":
        return {kind: [rng.choice(ENTITIES)]}
    block = rng.choice(BLOCKS)
    holes = [hole for hole in HOLES.get(block, ()) if rng.random() < 0.5]
    return {kind: [{"cidr": block, **({"except": holes} if holes else {})}]}


def _one(rng: random.Random, labels: Labels) -> Labels:
    """Some of a pod's labels."""
    keys = sorted(labels)
    return {key: labels[key] for key in rng.sample(keys, min(len(keys), rng.randint(1, 2)))} if keys else {}


def with_specs(document: Document, **changed: Any) -> Document:
    """The document with a spec in which some keys are others."""
    return {**document, "spec": {**document["spec"], **changed}}
