"""Policies of others around what a catalog renders to: its own rules with other actions, in front, behind and beside."""

from __future__ import annotations

import random
from copy import deepcopy
from typing import Any

from ordered.oracle import Document

ORDERS = (1, 499, 500, 999, 1001, 2000)
"""Of Calico: in front of ours and behind, and on both sides of the NetworkPolicies, which stand at 1000."""
TIERS = ("emergency", "securityops", "networkops", "platform", "application")


def foreign_policies(rng: random.Random, documents: list[Document]) -> list[Document]:
    """One to three; each selects what a policy of ours selects, or every pod of its namespace."""
    models = [one for one in documents if one["spec"].get("egress")]
    return [_foreign(rng, rng.choice(models), models, number) for number in range(rng.randint(1, 3))] if models else []


def _foreign(rng: random.Random, model: Document, models: list[Document], number: int) -> Document:
    alike = [one for one in models if one["apiVersion"] == model["apiVersion"]]
    rules = [deepcopy(rule) for one in alike for rule in one["spec"]["egress"]]
    made = deepcopy(model)
    made["metadata"] = {"name": f"foreign-{number}", "namespace": model["metadata"]["namespace"]}
    spec = made["spec"]
    spec["egress"] = rng.sample(rules, min(len(rules), rng.randint(1, 3)))
    everybody = rng.random() < 0.3
    if model["apiVersion"].startswith("projectcalico"):
        spec["order"] = rng.choice(ORDERS)
        spec["selector"] = "all()" if everybody else spec["selector"]
        _act(rng, spec["egress"], "Deny")
    elif model["apiVersion"].startswith("crd.antrea"):
        # Two of one tier and one priority have no order that anybody may count on.
        spec |= {"tier": rng.choice(TIERS), "priority": rng.randint(1, 50) + (number + 1) / 10}
        spec["appliedTo"] = [{"podSelector": {}}] if everybody else spec["appliedTo"]
        _act(rng, spec["egress"], "Drop")
    elif everybody:
        spec["podSelector"] = {}
    return made


def _act(rng: random.Random, rules: list[dict[str, Any]], deny: str) -> None:
    """Other actions; Calico takes names under Allow alone."""
    for rule in rules:
        rule["action"] = "Allow" if rng.random() < 0.5 or "domains" in repr(rule) else deny
