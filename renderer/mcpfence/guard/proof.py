"""That the guard which leaves is the one that was meant: its objects are read back from their text and compared.

What no comparison of a text with its own source would show is asked of the objects by themselves: whether every kind
that an engine reads is matched, in every fenced namespace, whether a failure refuses, whether nothing is excepted, and
whether each policy has the binding without which the API server does not ask it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from mcpfence.catalog.guard_reader import Guard
from mcpfence.catalog.model import Catalog
from mcpfence.documents.reader import BadDocument, load_foreign
from mcpfence.findings.finding import Collector
from mcpfence.guard.objects import BINDING, POLICY
from mcpfence.kube.manifest import Manifest
from mcpfence.plan.fence import Fence
from mcpfence.proof.prove import OUR_FAULT
from mcpfence.reach.engines import by_kind

_PATH = ("guard",)
_ACTIONS = {"deny": "Deny", "warn": "Warn", "audit": "Audit"}

Specs = dict[str, Mapping[str, Any]]


def prove_guard(
    catalog: Catalog, fences: Sequence[Fence], written: Iterable[tuple[Manifest, str]], out: Collector
) -> None:
    """Read the guard's objects back from their texts; every doubt is an error."""
    specs: dict[str, Specs] = {POLICY: {}, BINDING: {}}
    for manifest, text in written:
        try:
            found = load_foreign(text)
        except BadDocument:
            found = []
        if found != [manifest.document]:
            sentence = f"the text written for {manifest.kind} {manifest.name} cannot be read back as that object"
            out.add("proof-text", _PATH, sentence, OUR_FAULT)
            return
        specs[manifest.kind][manifest.name] = found[0]["spec"]
    if catalog.guard is None:
        return
    namespaces = {catalog.namespace, *(fence.namespace for fence in fences)}
    for fault in faults(specs[POLICY], specs[BINDING], catalog.guard, namespaces):
        out.add("proof-guard", _PATH, fault, OUR_FAULT)


def faults(policies: Specs, bindings: Specs, guard: Guard, namespaces: Iterable[str]) -> Iterator[str]:
    """What keeps policies and bindings from being the guard of these namespaces."""
    if set(policies) != set(bindings):
        yield "its policies and bindings are not of the same names"
    for name, spec in policies.items():
        yield from _policy_faults(name, spec)
    strictest = [name for name, spec in bindings.items() if _ACTIONS[guard.mode] in spec["validationActions"]]
    for name, spec in bindings.items():
        if set(spec) != {"policyName", "validationActions"} or spec["policyName"] != name:
            yield f"binding {name} does not put its policy in force everywhere"
        if name not in strictest and not (guard.pods == "warn" and name.endswith("unknown-pods")):
            yield f"binding {name} does not {guard.mode}"
    for namespace in sorted(namespaces):
        for group, kind in sorted(by_kind(every=True)):
            plural = f"{kind[:-1].lower()}ies"
            if not any(_covers(spec, namespace, group, plural) for spec in policies.values()):
                yield f"{kind} of {group} is not guarded in namespace {namespace}"
        for plural in ("pods", "pods/status", "pods/binding"):
            if not any(_covers(spec, namespace, "", plural) for spec in policies.values()):
                yield f"{plural} are not guarded in namespace {namespace}"


def _policy_faults(name: str, spec: Mapping[str, Any]) -> Iterator[str]:
    if spec.get("failurePolicy") != "Fail":
        yield f"policy {name} lets pass what it cannot judge"
    if {"matchConditions", "paramKind"} & set(spec) or "excludeResourceRules" in spec["matchConstraints"]:
        yield f"policy {name} leaves requests out"
    if not spec["validations"]:
        yield f"policy {name} demands nothing"


def _covers(spec: Mapping[str, Any], namespace: str, group: str, plural: str) -> bool:
    """Whether a policy is asked for objects of a kind in a namespace."""
    constraints = spec["matchConstraints"]
    selector = constraints.get("namespaceSelector")
    if selector is not None and namespace not in selector["matchExpressions"][0]["values"]:
        return False
    return any(
        group in rule["apiGroups"] and plural in rule["resources"] and rule["scope"] == "Namespaced"
        for rule in constraints["resourceRules"]
    )
