"""Random sets of manifests from a seed, for nca, which is asked about many sets at once.

What the sets leave out is where nca 2.1.0 does not follow the text of the API, and mcpfence does:

* nca refuses rules of a direction that policyTypes leaves out; the API ignores them.
* nca takes `egress: []` without policyTypes for isolating; the API says "Egress will be set if the NetworkPolicy has any
  egress rules", and an empty list has none.
* nca looks for Exists and DoesNotExist of a podSelector in the policy's own namespace alone, also where a
  namespaceSelector stands beside it; the API says that both together select "the pods matching PodSelector in the
  Namespaces selected by NamespaceSelector".

`python -m pytest tests/engines/nca` compares 120 sets; MCPFENCE_NCA_SETS=1000 more of them.
"""

from __future__ import annotations

import random
from typing import Any

from reaching.loading import Document, namespace, pod, policy
from reaching.strategies import BLOCKS, EXCEPTS, KEYS, NAMESPACE_LABELS, PODS, PORT_NAMES, PORTS, VALUES

NAMESPACES = tuple(NAMESPACE_LABELS)
PROTOCOLS = ("TCP", "UDP", "SCTP")
OPERATORS = ("In", "NotIn", "Exists", "DoesNotExist")


def scene(seed: int) -> list[Document]:
    """Namespaces, pods and up to five NetworkPolicies; the same seed gives the same documents."""
    rng = random.Random(seed)  # noqa: S311  # the same in every run, and no secret
    pods = [one for one in PODS if one.namespace in NAMESPACES]
    documents = [namespace(name, labels) for name, labels in NAMESPACE_LABELS.items()]
    documents += [pod(one.name, one.labels, namespace=one.namespace, ports=one.ports) for one in pods]
    documents += [_policy(rng, number) for number in range(rng.randint(1, 5))]
    return documents


def _policy(rng: random.Random, number: int) -> Document:
    spec: Document = {"podSelector": {} if rng.random() < 0.3 else _selector(rng, KEYS, VALUES)}
    types = rng.choice([None, ["Ingress"], ["Egress"], ["Ingress", "Egress"]])
    if types:
        spec["policyTypes"] = types
    for direction in ("ingress", "egress"):
        if rng.random() < 0.8 and (not types or direction.title() in types):
            least = 0 if types or direction == "ingress" else 1
            spec[direction] = [_rule(rng, direction) for _ in range(rng.randint(least, 2))]
    return policy(f"policy-{number}", spec, namespace=rng.choice(NAMESPACES))


def _rule(rng: random.Random, direction: str) -> Document:
    found: Document = {}
    if rng.random() < 0.85:
        found["from" if direction == "ingress" else "to"] = [_peer(rng) for _ in range(rng.randint(0, 2))]
    if rng.random() < 0.7:
        found["ports"] = [_port(rng) for _ in range(rng.randint(0, 3))]
    return found


def _peer(rng: random.Random) -> Document:
    kind = rng.choice(["pods", "namespaces", "both", "block"])
    if kind == "block":
        cidr = rng.choice(BLOCKS)
        holes = rng.sample(EXCEPTS.get(cidr, ()), rng.randint(0, len(EXCEPTS.get(cidr, ()))))
        return {"ipBlock": {"cidr": cidr, **({"except": holes} if holes else {})}}
    found: Document = {}
    if kind != "namespaces":
        found["podSelector"] = _selector(rng, KEYS, VALUES, operators=OPERATORS if kind == "pods" else OPERATORS[:2])
    if kind != "pods":
        found["namespaceSelector"] = _selector(rng, ("team", "env"), ("x", "y", "prod"))
    return found


def _selector(
    rng: random.Random, keys: tuple[str, ...], values: tuple[str, ...], *, operators: tuple[str, ...] = OPERATORS
) -> Document:
    found: Document = {}
    if rng.random() < 0.6:
        found["matchLabels"] = {rng.choice(keys): rng.choice(values)}
    if rng.random() < 0.4:
        found["matchExpressions"] = [_expression(rng, keys, values, operators) for _ in range(rng.randint(1, 2))]
    return found


def _expression(
    rng: random.Random, keys: tuple[str, ...], values: tuple[str, ...], operators: tuple[str, ...]
) -> Document:
    operator = rng.choice(operators)
    listed: Any = {"values": rng.sample(values, rng.randint(1, 2))} if operator in ("In", "NotIn") else {}
    return {"key": rng.choice(keys), "operator": operator, **listed}


def _port(rng: random.Random) -> Document:
    found: Document = {}
    if rng.random() < 0.6:
        found["protocol"] = rng.choice(PROTOCOLS)
    kind = rng.choice(["none", "number", "number", "range", "name"])
    if kind == "name":
        found["port"] = rng.choice(PORT_NAMES)
    elif kind != "none":
        found["port"] = rng.choice(PORTS)
        if kind == "range":
            found["endPort"] = rng.choice([port for port in PORTS if port >= found["port"]])
    return found
