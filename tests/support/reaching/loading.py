"""Manifests for the tests: folders of YAML and JSON, and short ways to write objects."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import yaml

from mcpfence.reach.engines.contract import NamedPorts
from mcpfence.reach.evaluation.evaluator import Evaluator, Subject
from mcpfence.reach.evaluation.policy_set import read_policies
from mcpfence.reach.flows.bounds import Bounds
from mcpfence.reach.flows.flows import Reach

Labels = dict[str, str]
Document = dict[str, Any]


def load_folder(folder: Path) -> list[Any]:
    """Every document of the YAML and JSON files below a folder, in the order of their paths."""
    documents: list[Any] = []
    for path in sorted(folder.rglob("*")):
        if path.suffix in (".yaml", ".yml"):
            documents += yaml.load_all(path.read_text(), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
        elif path.suffix == ".json":
            documents.append(json.loads(path.read_text()))
    return documents


def load(text: str) -> list[Any]:
    """Every document of a text."""
    return list(yaml.load_all(text, Loader=yaml.CSafeLoader))


def pod(name: str, labels: Labels | None = None, *, namespace: str = "default", ports: Iterable[Any] = ()) -> Document:
    """A pod; ports are (name, protocol, number)."""
    written = [{"name": label, "protocol": protocol, "containerPort": number} for label, protocol, number in ports]
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": namespace, "labels": labels or {}},
        "spec": {"containers": [{"name": "main", "image": "x", "ports": written}]},
    }


def namespace(name: str, labels: Labels | None = None) -> Document:
    """A namespace."""
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels or {}}}


def policy(name: str, spec: Any, *, namespace: str = "default") -> Document:
    """A NetworkPolicy."""
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": name, "namespace": namespace},
        "spec": spec,
    }


def admin_policy(name: str, spec: Any, *, baseline: bool = False) -> Document:
    """An AdminNetworkPolicy, or the baseline."""
    return {
        "apiVersion": "policy.networking.k8s.io/v1alpha1",
        "kind": "BaselineAdminNetworkPolicy" if baseline else "AdminNetworkPolicy",
        "metadata": {"name": name},
        "spec": spec,
    }


def firewall(name: str, spec: Any, *, namespace: str = "default") -> Document:
    """A FirewallPolicy."""
    return {
        "apiVersion": "networking.aviatrix.com/v1alpha1",
        "kind": "FirewallPolicy",
        "metadata": {"name": name, "namespace": namespace},
        "spec": spec,
    }


def rule(name: str, action: str, to: str, **fields: Any) -> Document:
    """A rule of a FirewallPolicy to one smart group of the same policy; `web` names one of its web groups."""
    web = fields.pop("web", None)
    groups = {"webGroups": [{"name": web}]} if web else {}
    return {"name": name, "action": action, "destinationSmartGroups": [{"name": to}], **groups, **fields}


def egress_of_rules(rules: Any, where: str) -> Bounds[Reach]:
    """What egress rules of a policy in a namespace allow to pods that it selects."""
    return _of_rules({"policyTypes": ["Egress"], "egress": rules}, Subject(where), "egress")


def ingress_of_rules(rules: Any, where: str, ports: NamedPorts | None = None) -> Bounds[Reach]:
    """Who may reach pods that a policy selects, by its ingress rules; `ports` are those of their containers."""
    return _of_rules({"policyTypes": ["Ingress"], "ingress": rules}, Subject(where, ports=ports), "ingress")


def _of_rules(spec: Any, subject: Subject, direction: str) -> Bounds[Reach]:
    found = read_policies([policy("rules", spec, namespace=subject.namespace)])
    return Evaluator(found).reach(subject, direction)
