"""Policies without evaluator are named, with the pods that they select where it can be told."""

from __future__ import annotations

from typing import Any

import pytest

from mcpfence.reach.connectivity.connections import connections
from mcpfence.reach.documents.objects import unroll
from mcpfence.reach.engines.not_evaluated import not_evaluated
from mcpfence.reach.evaluation.evaluator import Evaluator, Subject
from mcpfence.reach.evaluation.policy_set import read_policies
from mcpfence.reach.flows import label_sets
from mcpfence.reach.flows.selection import Selects

APP = {"matchLabels": {"app": "x"}}
SELECTED = "pods app=x of namespace mcp"
MAYBE = "it may select pods of namespace mcp"
ANYWHERE = "it may select pods of any namespace"


def document(api: str, kind: str, spec: Any) -> dict[str, Any]:
    """One object of namespace mcp."""
    return {"apiVersion": api, "kind": kind, "metadata": {"name": "p", "namespace": "mcp"}, "spec": spec}


@pytest.mark.parametrize(
    ("api", "kind", "spec", "text"),
    [
        ("cilium.io/v2", "CiliumNetworkPolicy", {"endpointSelector": APP}, f"it selects {SELECTED}"),
        ("cilium.io/v2", "CiliumNetworkPolicy", {"endpointSelector": {}}, "it selects every pod of namespace mcp"),
        ("cilium.io/v2", "CiliumNetworkPolicy", {"endpointSelector": {"matchLabels": {"k8s:app": "x"}}}, MAYBE),
        ("cilium.io/v2", "CiliumNetworkPolicy", {}, MAYBE),
        ("cilium.io/v2", "CiliumClusterwideNetworkPolicy", {"endpointSelector": APP}, ANYWHERE),
        ("networking.k8s.aws/v1alpha1", "PolicyEndpoint", {"podSelector": APP}, f"it selects {SELECTED}"),
        ("networking.k8s.aws/v1alpha1", "ClusterPolicyEndpoint", {"podSelectorEndpoints": []}, ANYWHERE),
        ("policy.networking.k8s.io/v1alpha1", "AdminNetworkPolicy", {"subject": {}}, ANYWHERE),
        ("policy.networking.k8s.io/v1alpha1", "BaselineAdminNetworkPolicy", {}, ANYWHERE),
        ("k8s.ovn.org/v1", "EgressFirewall", {"egress": []}, "it selects every pod of namespace mcp"),
        ("networking.aviatrix.com/v1alpha1", "WebgroupPolicy", {"selector": APP}, f"it selects {SELECTED}"),
        ("networking.aviatrix.com/v1alpha1", "WebgroupPolicy", {"selector": {"service": "x"}}, MAYBE),
        ("networking.istio.io/v1", "Sidecar", {"workloadSelector": {"labels": {"app": "x"}}}, f"it selects {SELECTED}"),
        ("networking.istio.io/v1", "Sidecar", {}, "it selects every pod of namespace mcp"),
        ("security.istio.io/v1", "AuthorizationPolicy", {"selector": APP}, f"it selects {SELECTED}"),
        ("k8s.cni.cncf.io/v1beta1", "MultiNetworkPolicy", {"podSelector": APP}, f"it selects {SELECTED}"),
        ("new.example.com/v1", "SmartNetworkPolicy", {"anything": 1}, MAYBE),
        ("new.example.com/v1", "ClusterFirewallPolicy", {}, ANYWHERE),
        ("k8s.cni.cncf.io/v1beta1", "MultiNetworkPolicy", {"podSelector": {"app": "x"}}, MAYBE),
        ("k8s.cni.cncf.io/v1beta1", "MultiNetworkPolicy", None, MAYBE),
    ],
)
def test_a_policy_without_evaluator_is_named(api: str, kind: str, spec: Any, text: str) -> None:
    """Never silence: the kind, its API group, and whom it selects."""
    found = read_policies([document(api, kind, spec)], enforced=frozenset())

    assert [one.text for one in found.not_evaluated] == [
        f"{kind} mcp/p ({api.rsplit('/', 1)[0]}) is not evaluated; {text}"
    ]
    assert not found.problems
    # By `reach`, not by a proof: nothing says that the cluster enforces them.
    evaluated = kind in ("AdminNetworkPolicy", "BaselineAdminNetworkPolicy") or api.startswith("cilium.io/")
    assert connections([document(api, kind, spec)]).not_evaluated == (() if evaluated else found.not_evaluated)


@pytest.mark.parametrize(
    ("api", "kind"),
    [
        ("v1", "ConfigMap"),
        ("apps/v1", "Deployment"),
        ("projectcalico.org/v3", "StagedNetworkPolicy"),
        ("policy/v1", "PodDisruptionBudget"),
        ("kyverno.io/v1", "ClusterPolicy"),
        ("networking.istio.io/v1", "VirtualService"),
    ],
)
def test_what_is_no_network_policy(api: str, kind: str) -> None:
    """Other kinds, and Calico's staged policies, change nothing."""
    assert not read_policies([document(api, kind, {})]).not_evaluated


def test_istio_s_root_namespace_is_the_whole_mesh() -> None:
    """A policy of istio-system may speak of pods anywhere."""
    one = document("security.istio.io/v1", "AuthorizationPolicy", {})
    one["metadata"]["namespace"] = "istio-system"

    (found,) = read_policies([one]).not_evaluated

    assert (found.namespace, found.told) == (None, False)


def test_a_network_policy_of_another_group_is_not_ours() -> None:
    """Kinds are told apart by their group; extensions is the former home of the real one."""
    documents = [
        document(f"{group}/v1", "NetworkPolicy", {"podSelector": {}}) for group in ("extensions", "other.example")
    ]

    found = read_policies(documents)

    assert len(found.policies) == len(found.not_evaluated) == 1


def test_they_stand_among_the_policies_of_a_subject() -> None:
    """The proof finds those that select a server's pods, and those for which it cannot be told."""
    documents = [
        document("cilium.io/v2", "CiliumNetworkPolicy", {"endpointSelector": APP}),
        document("other.example/v1", "GlobalNetworkPolicy", {}),
        document("k8s.cni.cncf.io/v1beta1", "MultiNetworkPolicy", {"podSelector": {"matchLabels": {"app": "y"}}}),
    ]
    evaluator = Evaluator(read_policies(documents))

    found = evaluator.selecting(Subject("mcp", label_sets.box_of({"app": "x"})))

    assert [(one.title, how) for one, how in found] == [
        ("CiliumNetworkPolicy mcp/p", Selects.SURELY),
        ("GlobalNetworkPolicy mcp/p", Selects.MAYBE),
    ]


@pytest.mark.parametrize(
    ("document", "named"),
    [
        (
            {
                "apiVersion": "kyverno.io/v1",
                "kind": "ClusterPolicy",
                "metadata": {"name": "open"},
                "spec": {"rules": [{"generate": {"kind": "NetworkPolicy", "data": {"spec": {"egress": [{}]}}}}]},
            },
            "ClusterPolicy open (kyverno.io) is not evaluated; it may make policies for pods of any namespace",
        ),
        (
            {
                "apiVersion": "crd.nsx.vmware.com/v1alpha1",
                "kind": "SecurityPolicy",
                "metadata": {"name": "a", "namespace": "mcp"},
                "spec": {},
            },
            "SecurityPolicy mcp/a (crd.nsx.vmware.com) is not evaluated; it may select pods of namespace mcp",
        ),
        (
            {
                "apiVersion": "spdx.softwarecomposition.kubescape.io/v1beta1",
                "kind": "GeneratedNetworkPolicy",
                "metadata": {"name": "a", "namespace": "mcp"},
                "spec": {"kind": "NetworkPolicy", "spec": {"egress": [{}]}},
            },
            "",
        ),
    ],
    ids=["Kyverno", "NSX", "Kubescape"],
)
def test_documents_that_hold_or_are_policies(document: dict[str, object], named: str) -> None:
    """What a controller makes policies of is named; what nothing enforces is not."""
    (one,) = unroll([document]).objects
    found = not_evaluated(one, one.namespace or "default")

    assert (found.text if found else "") == named
