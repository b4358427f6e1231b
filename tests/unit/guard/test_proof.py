"""The guard is read back: what is missing, weaker or for others is said, and nothing is printed."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest
import yaml

from guard_table import CATALOG, FENCED, SHARED
from helpers import rendered
from mcpfence.catalog.guard_reader import Guard, Writers
from mcpfence.guard.proof import faults

GUARD = Guard(Writers(("helm",), ()))
_OBJECTS = [
    yaml.load(item.text, Loader=yaml.CSafeLoader)
    for item in rendered(CATALOG).objects
    if item.kind.startswith("ValidatingAdmission")
]
POLICIES = {one["metadata"]["name"]: one["spec"] for one in _OBJECTS if one["kind"] == "ValidatingAdmissionPolicy"}
BINDINGS = {one["metadata"]["name"]: one["spec"] for one in _OBJECTS if one["kind"].endswith("Binding")}

NETWORK = f"mcpfence-{FENCED}-policies"


def said(change: Callable[[Any, Any], Any], guard: Guard = GUARD, **named: Any) -> list[str]:
    """The faults after a change of policies and bindings."""
    policies, bindings = copy.deepcopy(POLICIES), copy.deepcopy(BINDINGS)
    change(policies, bindings)
    return list(faults(policies, bindings, guard, named.get("namespaces", {FENCED, SHARED})))


def test_what_is_made_has_no_fault() -> None:
    """The guard of the table as it is."""
    assert said(lambda *_: None) == []


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        (lambda p, _: p[NETWORK].update(failurePolicy="Ignore"), f"policy {NETWORK} lets pass what it cannot judge"),
        (lambda p, _: p[NETWORK].update(matchConditions=[{}]), f"policy {NETWORK} leaves requests out"),
        (
            lambda p, _: p[NETWORK]["matchConstraints"].update(excludeResourceRules=[{}]),
            f"policy {NETWORK} leaves requests out",
        ),
        (lambda p, _: p[NETWORK].update(validations=[]), f"policy {NETWORK} demands nothing"),
        (
            lambda _, b: b[NETWORK].update(matchResources={"namespaceSelector": {}}),
            f"binding {NETWORK} does not put its policy in force everywhere",
        ),
        (
            lambda _, b: b[NETWORK].update(policyName="other"),
            f"binding {NETWORK} does not put its policy in force everywhere",
        ),
        (lambda _, b: b[NETWORK].update(validationActions=["Audit"]), f"binding {NETWORK} does not deny"),
        (lambda _, b: b.pop(NETWORK), "its policies and bindings are not of the same names"),
        (
            lambda p, _: p[NETWORK]["matchConstraints"]["resourceRules"].pop(),
            f"GlobalNetworkPolicy of projectcalico.org is not guarded in namespace {FENCED}",
        ),
        (
            lambda p, _: p[f"mcpfence-{FENCED}-pods"]["matchConstraints"]["resourceRules"].pop(),
            f"pods/binding are not guarded in namespace {FENCED}",
        ),
        (
            lambda p, _: p[NETWORK]["matchConstraints"]["namespaceSelector"]["matchExpressions"][0].update(
                values=["x"]
            ),
            f"NetworkPolicy of networking.k8s.io is not guarded in namespace {FENCED}",
        ),
    ],
)
def test_faults(change: Callable[[Any, Any], Any], fault: str) -> None:
    """Each way in which the guard would stand and not guard."""
    assert fault in said(change)


def test_another_namespace() -> None:
    """A namespace of which no policy speaks is one that is not guarded."""
    assert "pods are not guarded in namespace other" in said(lambda *_: None, namespaces={"other"})


def test_pods_may_only_be_warned_of_where_asked() -> None:
    """The action of the rule for unknown pods is the catalog's, not another one."""

    def weaken(_: Any, bindings: Any) -> None:
        bindings[f"mcpfence-{FENCED}-unknown-pods"]["validationActions"] = ["Warn", "Audit"]

    assert said(weaken) == [f"binding mcpfence-{FENCED}-unknown-pods does not deny"]
    assert said(weaken, GUARD._replace(pods="warn")) == []
