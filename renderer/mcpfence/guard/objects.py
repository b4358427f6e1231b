"""The guard's manifests: for each rule a ValidatingAdmissionPolicy and the binding that puts it in force."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from mcpfence.catalog.guard_reader import Guard
from mcpfence.catalog.model import Catalog
from mcpfence.findings.finding import Collector
from mcpfence.guard.kinds import guarded_kinds
from mcpfence.guard.namespaces import namespace_rule
from mcpfence.guard.pods import pods_rules
from mcpfence.guard.policies import cluster_rule, policies_rule
from mcpfence.guard.rule import GuardRule
from mcpfence.kube.manifest import FENCED, Manifest, make_manifest
from mcpfence.kube.object_names import limited
from mcpfence.kube.selectors import Selector
from mcpfence.plan.fence import Fence

VERSION = "admissionregistration.k8s.io/v1"
POLICY, BINDING = "ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding"

PURPOSE = "mcpfence.io/guard"
"""Label: which rule of the guard an object is."""

_WAVE = {"argocd.argoproj.io/sync-wave": "1"}
"""Argo CD applies it behind the policies."""

_MOST = 900_000
"""Characters in the expressions of one policy: the API server stores objects of 1.5 MiB at most."""


def guard_manifests(catalog: Catalog, fences: Sequence[Fence], out: Collector) -> list[Manifest]:
    """The policies and then the bindings of a catalog that asks for a guard; nothing without one."""
    if catalog.guard is None:
        return []
    rules = list(guard_rules(catalog, catalog.guard, fences))
    for rule in rules:
        size = sum(map(len, rule.variables.values()))
        if size > _MOST:
            sentence = (
                f"the labels of all servers are {size:,} characters, and one policy of the API server holds {_MOST:,}"
            )
            out.add("guard-too-large", ("guard",), sentence, "split the catalog into releases (docs/scale.md)")
    policies = [_policy(catalog.namespace, rule) for rule in rules]
    return [*policies, *(_binding(catalog.namespace, rule, catalog.guard) for rule in rules)]


def guard_rules(catalog: Catalog, guard: Guard, fences: Sequence[Fence]) -> Iterator[GuardRule]:
    """Every rule: the servers' namespace first, others in which the catalog fences workloads behind it."""
    selectors = selectors_by_namespace(catalog.namespace, fences)
    kinds = guarded_kinds()
    yield namespace_rule(catalog.namespace, guard.writers)
    yield cluster_rule(kinds, tuple(selectors), guard.writers)
    for namespace, found in selectors.items():
        whole = namespace == catalog.namespace
        yield policies_rule(kinds, namespace, whole, found, guard.writers)
        yield from pods_rules(namespace, whole, found, guard.writers, guard.pods)


def selectors_by_namespace(namespace: str, fences: Iterable[Fence]) -> dict[str, tuple[Selector, ...]]:
    """The selectors of all fences, sorted; the servers' own namespace comes first, whether it has any or not."""
    found: dict[str, set[Selector]] = {namespace: set()}
    for fence in fences:
        found.setdefault(fence.namespace, set()).update(fence.selectors)
    first, *others = found
    return {name: tuple(sorted(found[name])) for name in (first, *sorted(others))}


def actions(rule: GuardRule, guard: Guard) -> list[str]:
    """What the API server does with a request that a rule refuses."""
    mode = "warn" if rule.tells and guard.mode == "deny" else guard.mode
    return {"deny": ["Deny"], "warn": ["Warn", "Audit"], "audit": ["Audit"]}[mode]


def _name(namespace: str, rule: GuardRule) -> str:
    others = [f"-{other}" for other in rule.namespaces if other != namespace]
    return limited("".join([f"mcpfence-{namespace}-{rule.purpose}", *others]))


def _labels(namespace: str, rule: GuardRule) -> dict[str, str]:
    return {FENCED: namespace, PURPOSE: rule.purpose}


def _policy(namespace: str, rule: GuardRule) -> Manifest:
    constraints: dict[str, Any] = {"matchPolicy": "Equivalent"}
    if rule.namespaces:
        expression = {"key": "kubernetes.io/metadata.name", "operator": "In", "values": list(rule.namespaces)}
        constraints["namespaceSelector"] = {"matchExpressions": [expression]}
    constraints["resourceRules"] = [dict(one) for one in rule.resources]
    spec = {
        "failurePolicy": "Fail",
        "matchConstraints": constraints,
        "variables": [{"name": name, "expression": text} for name, text in rule.variables.items()],
        "validations": [
            {
                "expression": one.expression,
                "message": f"the guard of namespace {namespace} refuses it: see docs/guard.md of mcpfence",
                "messageExpression": one.message,
                "reason": "Forbidden",
            }
            for one in rule.validations
        ],
    }
    return make_manifest(VERSION, POLICY, "", _name(namespace, rule), _labels(namespace, rule), {"spec": spec}, _WAVE)


def _binding(namespace: str, rule: GuardRule, guard: Guard) -> Manifest:
    name = _name(namespace, rule)
    spec = {"policyName": name, "validationActions": actions(rule, guard)}
    return make_manifest(VERSION, BINDING, "", name, _labels(namespace, rule), {"spec": spec}, _WAVE)
