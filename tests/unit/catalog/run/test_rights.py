"""Rights at the API server by which a server could leave its fence."""

from __future__ import annotations

from typing import Any

import pytest

from helpers import errors_of, one, rendered
from mcpfence.catalog.run.rights import undone
from mcpfence.findings.table import Severity
from mcpfence.providers import NETWORK_POLICY, all_providers
from mcpfence.reach.engines import all_engines, by_kind
from mcpfence.reach.engines.not_evaluated import _KINDS

RULES = "servers.a.run.serviceAccount.rules[0].resources: "


def with_rule(group: str, resources: str, verbs: str) -> dict[str, Any]:
    """A catalog whose one server runs with a rule."""
    rule = {"apiGroups": [group], "resources": resources.split(), "verbs": verbs.split()}
    server = one(
        containerizedConfig={"image": "registry.example.com/a:1"},
        egress={"kubernetesAPI": True},
        run={"serviceAccount": {"rules": [rule]}},
    )
    return server | {"cluster": {"cidrs": {"controlPlane": ["10.1.0.1/32"]}}}


def warnings_of(raw: dict[str, Any]) -> list[str]:
    """What is warned of below the rules."""
    return [item.message for item in rendered(raw).findings if item.message.startswith(RULES)]


@pytest.mark.parametrize(
    ("group", "resources", "verbs", "shown"),
    [
        ("networking.k8s.io", "networkpolicies ingresses", "delete get", "delete on networkpolicies"),
        ("networking.k8s.io", "NetworkPolicies", "Create", "create on networkpolicies"),
        ("networking.k8s.io", "networkpolicies/status", "patch", "patch on networkpolicies/status"),
        ("extensions", "networkpolicies", "deletecollection update", "deletecollection, update on networkpolicies"),
        ("networking.aviatrix.com", "firewallpolicies", "create", "create on firewallpolicies"),
        ("projectcalico.org", "networksets", "update", "update on networksets"),
        ("networking.istio.io", "sidecars virtualservices", "create", "create on sidecars"),
        ("acme.example", "acmetrafficpolicies", "create", "create on acmetrafficpolicies"),
        ("kyverno.io", "policies", "create", "create on policies"),
        ("k8s.otterize.com", "clientintents", "create", "create on clientintents"),
        (
            "admissionregistration.k8s.io",
            "mutatingwebhookconfigurations",
            "create",
            "create on mutatingwebhookconfigurations",
        ),
        ("apiextensions.k8s.io", "customresourcedefinitions", "create delete", "delete on customresourcedefinitions"),
    ],
)
def test_rights_that_undo_the_fence(group: str, resources: str, verbs: str, shown: str) -> None:
    """To write policies, of whichever engine, is to write one's own fence."""
    assert errors_of(with_rule(group, resources, verbs)) == [
        f"{RULES}with {shown} the server could undo its own fence; "
        "leave it get, list and watch of policies, or none of them [run-rules]"
    ]


@pytest.mark.parametrize(
    ("group", "resources", "verbs", "shown"),
    [
        ("", "pods services", "create get", "create on pods the server could start or change pods that no fence of its own selects"),
        ("apps", "deployments", "patch", "patch on deployments the server could start or change pods that no fence of its own selects"),
        ("", "pods/exec", "get", "get on pods/exec the server could act through other pods, behind their fences"),
        ("", "pods/exec pods/portforward", "create", "create on pods/exec, pods/portforward the server could act through other pods, behind their fences"),
        ("", "serviceaccounts/token", "create", "create on serviceaccounts/token the server could take the rights of others"),
        ("rbac.authorization.k8s.io", "rolebindings", "create", "create on rolebindings the server could give out rights, or take them away"),
        ("", "serviceaccounts", "patch", "patch on serviceaccounts the server could take the rights of others"),
        ("certificates.k8s.io", "signers", "approve", "approve on signers the server could take the rights of others"),
        ("argoproj.io", "applications", "create", "create on applications the server could have a controller start pods or apply policies for it"),
        ("kubevirt.io", "virtualmachines", "create get", "create on virtualmachines the server could have a controller start pods or apply policies for it"),
        ("apiregistration.k8s.io", "apiservices", "create", "create on apiservices the server could answer for the API server, or take its guards away"),
        ("gateway.networking.k8s.io", "httproutes", "create", "create on httproutes the server could lead callers past the checks of a gateway"),
        ("", "namespaces", "patch", "patch on namespaces the server could change by which labels policies know namespaces"),
    ],
)  # fmt: skip
def test_rights_around_the_fence(group: str, resources: str, verbs: str, shown: str) -> None:
    """With some rights the fence holds and others act for the server: a warning says which."""
    raw = with_rule(group, resources, verbs)

    assert warnings_of(raw) == [f"{RULES}with {shown}; remove it unless that is what the server is for"]
    (found,) = [item for item in rendered(raw).findings if item.id == "run-rules-around"]
    assert found.severity is Severity.WARNING


@pytest.mark.parametrize(
    ("group", "resources", "verbs"),
    [
        ("networking.k8s.io", "networkpolicies", "get list watch"),
        ("networking.k8s.io", "ingresses", "create delete"),
        ("", "pods pods/log events namespaces", "get list watch"),
        ("wgpolicyk8s.io", "policyreports", "create"),
        ("", "configmaps services", "create update"),
        ("", "serviceaccounts", "create"),
        ("apiextensions.k8s.io", "customresourcedefinitions", "create"),
    ],
)
def test_rights_that_leave_the_fence_alone(group: str, resources: str, verbs: str) -> None:
    """To read policies, and to write what decides nothing about them, is nobody's fence."""
    assert warnings_of(with_rule(group, resources, verbs)) == []


def test_every_engine_that_is_known() -> None:
    """What providers emit, what the judge reads and what it knows to be a policy may no server write."""
    kinds = {(kind.group, kind.kind) for one_ in all_providers() for kind in (*one_.kinds, NETWORK_POLICY)}
    kinds |= {*by_kind(every=True), *_KINDS}
    kinds |= {kind for engine in all_engines().values() for kind in engine.unevaluated}
    policies = {(group, kind.lower()) for group, kind in kinds}
    plural = {(group, kind.removesuffix("y") + "ies" if kind.endswith("y") else f"{kind}s") for group, kind in policies}
    allowed = [
        (group, name)
        for group, name in plural
        if not undone({"apiGroups": [group], "resources": [name], "verbs": ["patch"]})
    ]

    assert len(plural) > 15
    assert allowed == []
