"""Random clusters from a seed: namespaces, pods and NetworkPolicies with everything that the API has.

Wider than `reaching.scenes`, which leaves out what another judge reads differently: blocks of any length in both
families, rules of a direction that policyTypes leaves out, `egress: []` without policyTypes, selectors of nothing,
labels that Cilium does not look at, namespaces without an object, named ports that differ from pod to pod.
"""

from __future__ import annotations

import ipaddress
import random
from typing import Any

from reaching.loading import Document, Labels, namespace, pod, policy

NAMESPACES: dict[str, Labels] = {"a": {"team": "x"}, "b": {"team": "y", "env": "prod"}, "c": {}}
WITHOUT_OBJECT = "d"
"""A namespace with pods and policies that is not among the manifests."""

LABELS = {"app": ("p", "q", "r", ""), "app.kubernetes.io/name": ("p", "q"), "tier": ("web", "db")}
FILTERED = {"pod-template-hash": ("5d4f", "77c9"), "statefulset.kubernetes.io/pod-name": ("db-0", "db-1")}
"""Labels that Cilium leaves out of identities."""

NAMESPACE_LABELS = {
    "team": ("x", "y", "z"),
    "env": ("prod", "dev"),
    "kubernetes.io/metadata.name": (*NAMESPACES, WITHOUT_OBJECT),
}
PROTOCOLS = ("TCP", "UDP", "SCTP")
PORT_NAMES = ("http", "dns", "metrics", "nobody-has-it")
PORTS = (1, 2, 53, 80, 443, 1023, 1024, 8080, 9090, 32767, 32768, 65534, 65535)
WIDE = ("0.0.0.0/0", "::/0", "10.0.0.0/8", "128.0.0.0/1", "fd00::/8", "2000::/3")
SEEDS = (
    "10.1.2.3",
    "10.255.0.0",
    "192.168.1.1",
    "100.64.0.1",
    "169.254.169.254",
    "203.0.113.7",
    "127.0.0.1",
    "8.8.8.8",
)
SEEDS_6 = ("fd00:ec2::254", "2001:db8:1::1", "2606:4700::1111", "64:ff9b::a01:203", "fe80::1", "::1")
DIRECTIONS = ("ingress", "egress")

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def policy_set(seed: int) -> list[Document]:
    """Up to nine pods and eight policies; the same seed gives the same documents."""
    rng = random.Random(seed)  # noqa: S311  # the same in every run, and no secret
    documents = [namespace(name, labels) for name, labels in NAMESPACES.items()]
    numbers = {name: rng.choice(PORTS) for name in PORT_NAMES[:3]} if rng.random() < 0.5 else {}
    documents += [_pod(rng, number, numbers) for number in range(rng.randint(4, 9))]
    strange = rng.random() < 0.1
    documents += [_policy(rng, number, strange) for number in range(rng.randint(2, 8))]
    return documents


def _where(rng: random.Random) -> str:
    return rng.choice([*NAMESPACES, *NAMESPACES, WITHOUT_OBJECT])


def _pod(rng: random.Random, number: int, numbers: dict[str, int]) -> Document:
    """A pod; a name of a port means the same number in all of them where `numbers` says so."""
    labels = {key: rng.choice(values) for key, values in LABELS.items() if rng.random() < 0.6}
    labels |= {key: rng.choice(values) for key, values in FILTERED.items() if rng.random() < 0.3}
    names = rng.sample(PORT_NAMES[:3], rng.randint(0, 3))
    protocols = {name: "UDP" if name == "dns" else rng.choice(PROTOCOLS[:1] * 3 + PROTOCOLS) for name in names}
    ports = [(name, protocols[name], numbers.get(name) or rng.choice(PORTS)) for name in names]
    return pod(f"pod-{number}", labels, namespace=_where(rng), ports=ports)


def _policy(rng: random.Random, number: int, strange: bool) -> Document:
    """A policy; a strange one may have rules beyond its policyTypes, and select by labels that Cilium filters."""
    known = LABELS | (FILTERED if strange else {})
    spec: Document = {"podSelector": {} if rng.random() < 0.3 else _selector(rng, known)}
    types = rng.choice([None, ["Ingress"], ["Egress"], ["Ingress", "Egress"], ["Ingress", "Egress"]])
    if types:
        spec["policyTypes"] = types
    for direction in DIRECTIONS:
        if rng.random() < 0.8 and (not types or direction.title() in types or strange):
            spec[direction] = [_rule(rng, direction, known) for _ in range(rng.choice([0, 1, 1, 2, 3]))]
    return policy(f"policy-{number}", spec, namespace=_where(rng))


def _rule(rng: random.Random, direction: str, known: dict[str, tuple[str, ...]]) -> Document:
    found: Document = {}
    if rng.random() < 0.9:
        found["from" if direction == "ingress" else "to"] = [
            _peer(rng, known) for _ in range(rng.choice([0, 1, 1, 2, 3]))
        ]
    if rng.random() < 0.75:
        found["ports"] = [_port(rng) for _ in range(rng.choice([0, 1, 1, 2, 3]))]
    return found


def _peer(rng: random.Random, known: dict[str, tuple[str, ...]]) -> Document:
    kind = rng.choice(["pods", "namespaces", "both", "block", "block"])
    if kind == "block":
        return {"ipBlock": _block(rng)}
    found: Document = {}
    if kind != "namespaces":
        found["podSelector"] = {} if rng.random() < 0.2 else _selector(rng, known)
    if kind != "pods":
        found["namespaceSelector"] = {} if rng.random() < 0.2 else _selector(rng, NAMESPACE_LABELS)
    return found


def _selector(rng: random.Random, known: dict[str, tuple[str, ...]]) -> Document:
    """A selector with something in it; some select nothing at all."""
    found: Document = {}
    keys = tuple(known)
    if rng.random() < 0.6:
        found["matchLabels"] = {key: rng.choice(known[key]) for key in rng.sample(keys, rng.choice([1, 1, 2]))}
    if not found or rng.random() < 0.4:
        found["matchExpressions"] = [_expression(rng, rng.choice(keys), known) for _ in range(rng.randint(1, 2))]
    return found


def _expression(rng: random.Random, key: str, known: dict[str, tuple[str, ...]]) -> Document:
    operator = rng.choice(["In", "NotIn", "Exists", "DoesNotExist"])
    listed: Any = {"values": rng.sample(known[key], rng.randint(1, 2))} if operator in ("In", "NotIn") else {}
    return {"key": key, "operator": operator, **listed}


def _block(rng: random.Random) -> Document:
    whole = ipaddress.ip_network(rng.choice(WIDE)) if rng.random() < 0.3 else _network(rng)
    room = whole.max_prefixlen - whole.prefixlen
    holes = [_inside(rng, whole) for _ in range(rng.choice([0, 0, 1, 2, 3]))] if room else []
    return {"cidr": str(whole), **({"except": list(dict.fromkeys(map(str, holes)))} if holes else {})}


def _network(rng: random.Random) -> Network:
    """A block around a well-known address."""
    text, least, most = (rng.choice(SEEDS), 4, 32) if rng.random() < 0.6 else (rng.choice(SEEDS_6), 3, 128)
    return ipaddress.ip_network((text, rng.choice([least, 8, 16, 24, most, rng.randint(least, most)])), strict=False)


def _inside(rng: random.Random, whole: Network) -> Network:
    """A smaller block within: at an end, or somewhere, possibly within another one that is cut out too."""
    length = rng.choice([whole.prefixlen + 1, rng.randint(whole.prefixlen + 1, whole.max_prefixlen)])
    offset = rng.choice([0, whole.num_addresses - 1, rng.randrange(whole.num_addresses)])
    make = ipaddress.IPv4Network if whole.version == 4 else ipaddress.IPv6Network
    return make((int(whole.network_address) + offset, length), strict=False)


def _port(rng: random.Random) -> Document:
    found: Document = {}
    if rng.random() < 0.6:
        found["protocol"] = rng.choice(PROTOCOLS)
    kind = rng.choice(["none", "number", "number", "range", "range", "name", "name"])
    if kind == "name":
        found["port"] = rng.choice(PORT_NAMES)
    elif kind != "none":
        found["port"] = rng.choice(PORTS)
        if kind == "range":
            found["endPort"] = rng.choice([port for port in PORTS if port >= found["port"]])
    return found
