"""Policies that may not stay: hooks, objects that nobody applies, and those that are going."""

from __future__ import annotations

from typing import Any

import pytest

from krm import answer_to, function_config, resource_list
from mcpfence.check.audit import audit
from mcpfence.kube.manifest import floor_policy
from mcpfence.kube.services import ServiceIndex
from mcpfence.reach.documents.staying import why_not_staying

Raw = dict[str, Any]

CATALOG: Raw = {
    "mcpNamespace": {"name": "tools"},
    "clients": {"agent": {"namespace": "agents", "podSelector": {"app": "agent"}}},
    "workloads": {"redis": {"podSelector": {"app": "redis"}, "namespace": "data", "egress": {"default": "deny"}}},
}
NOT_STAYING: dict[str, tuple[Raw, str]] = {
    "a hook of Helm's": ({"annotations": {"helm.sh/hook": "pre-install"}}, "the annotation helm.sh/hook"),
    "a hook of Argo CD's": (
        {"annotations": {"argocd.argoproj.io/hook": "PreSync"}},
        "the annotation argocd.argoproj.io/hook",
    ),
    "never applied": (
        {"annotations": {"config.kubernetes.io/local-config": "true"}},
        "the annotation config.kubernetes.io/local-config",
    ),
    "not applied by Flux": (
        {"annotations": {"kustomize.toolkit.fluxcd.io/reconcile": "Disabled"}},
        "the annotation kustomize.toolkit.fluxcd.io/reconcile",
    ),
    "not applied by Flux for a label": (
        {"labels": {"kustomize.toolkit.fluxcd.io/reconcile": "disabled"}},
        "the label kustomize.toolkit.fluxcd.io/reconcile",
    ),
    "ignored by Flux": (
        {"annotations": {"kustomize.toolkit.fluxcd.io/ssa": "Ignore"}},
        "the annotation kustomize.toolkit.fluxcd.io/ssa",
    ),
    "left by Flux if it is there": (
        {"labels": {"kustomize.toolkit.fluxcd.io/ssa": "IfNotPresent"}},
        "the label kustomize.toolkit.fluxcd.io/ssa",
    ),
    "not applied by kapp": ({"annotations": {"kapp.k14s.io/noop": ""}}, "the annotation kapp.k14s.io/noop"),
    "waited for by kapp": ({"annotations": {"kapp.k14s.io/exists": ""}}, "the annotation kapp.k14s.io/exists"),
    "not applied by Config Sync": (
        {"annotations": {"configmanagement.gke.io/managed": "disabled"}},
        "the annotation configmanagement.gke.io/managed",
    ),
    "for some clusters": (
        {"annotations": {"configsync.gke.io/cluster-name-selector": "a"}},
        "the annotation configsync.gke.io/cluster-name-selector",
    ),
    "for some networks": (
        {"annotations": {"ovn.kubernetes.io/network_policy_for": "default/a"}, "uid": "1"},
        "the annotation ovn.kubernetes.io/network_policy_for",
    ),
    "going": ({"deletionTimestamp": "2026-01-01T00:00:00Z", "uid": "1"}, "metadata.deletionTimestamp"),
}
STAYING: dict[str, Raw] = {
    "a hook that is there": {"annotations": {"helm.sh/hook": "pre-install"}, "uid": "1"},
    "applied": {"annotations": {"config.kubernetes.io/local-config": "false"}},
    "no annotations": {"annotations": None},
    "no labels": {"labels": ["kustomize.toolkit.fluxcd.io/reconcile"]},
    "applied by Flux": {"labels": {"kustomize.toolkit.fluxcd.io/ssa": "Merge"}},
}


def said(**metadata: Any) -> list[str]:
    """What is said of a floor with further metadata."""
    floor = floor_policy("tools")
    document = {**floor, "metadata": {**floor["metadata"], **metadata}}
    found = audit(CATALOG, [document], release="demo", namespace="default", services=ServiceIndex())
    return [f"{one.message} [{one.id}]" for one in found if one.id in ("floor-drift", "policy-not-staying")]


@pytest.mark.parametrize(("metadata", "why"), NOT_STAYING.values(), ids=NOT_STAYING)
def test_what_may_not_stay_closes_nothing(metadata: Raw, why: str) -> None:
    """The floor counts as missing, and a warning says why."""
    *errors, warning = said(**metadata)

    assert warning == (
        f"NetworkPolicy tools/mcp-default-deny: may not stay in the cluster ({why}), so nothing that it closes is "
        "believed; remove it there, or let a policy that stays close the same [policy-not-staying]"
    )
    assert [text.split(":")[1] for text in errors] == [
        " the floor (NetworkPolicy tools/mcp-default-deny) is missing or does not select every pod"
    ] * 2


@pytest.mark.parametrize("metadata", STAYING.values(), ids=STAYING)
def test_what_stays(metadata: Raw) -> None:
    """What a cluster holds is there, whatever brought it."""
    assert said(**metadata) == []


@pytest.mark.parametrize("document", [{}, {"metadata": None}, {"metadata": {"annotations": ["helm.sh/hook"]}}])
def test_without_metadata(document: Raw) -> None:
    """Nothing says that it does not stay."""
    assert why_not_staying(document) == ""


def test_a_list_of_items_keeps_no_policy_from_being_applied() -> None:
    """Of what stood at an earlier policy of ours, `krm` keeps where it came from and not `local-config`."""
    items = answer_to(resource_list(config=function_config()))["items"]
    for item in items:
        marks = {"config.kubernetes.io/local-config": "true", "config.kubernetes.io/path": "p"}
        item["metadata"]["annotations"] = {**item["metadata"].get("annotations", {}), **marks}
    again = answer_to(resource_list(*items, config=function_config()))["items"]

    kept = [set(item["metadata"]["annotations"]) for item in again]
    assert all("config.kubernetes.io/path" in keys for keys in kept)
    assert not any("config.kubernetes.io/local-config" in keys for keys in kept)
