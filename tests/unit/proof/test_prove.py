"""Policies of the same stream that mcpfence did not write: what they add is found, in one sentence."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from helpers import catalog, errors_of
from mcpfence.findings.finding import McpfenceError
from mcpfence.kube.services import ServiceIndex
from mcpfence.proof import prove
from mcpfence.reach.flows import flows
from mcpfence.render.objects import Rendering
from mcpfence.render.pipeline import render

CATALOG = {
    "mcpNamespace": {"name": "tools"},
    "cluster": {"ipFamilies": ["IPv4"]},
    "clients": {"gateway": {"namespace": "gateway", "podSelector": {"app": "gateway"}}},
    "servers": {
        "vault": {
            "runtime": "containerized",
            "containerizedConfig": {"image": "ghcr.io/example/vault:1", "denyAllEgress": True},
        }
    },
}


def _rendered(*documents: str) -> Rendering:
    foreign = [yaml.safe_load(text) for text in documents]
    return render(CATALOG, release="demo", namespace="default", services=ServiceIndex(), foreign=foreign)


def _errors(*documents: str) -> list[str]:
    with pytest.raises(McpfenceError) as refused:
        _rendered(*documents)
    return [f"{item.message} [{item.id}]" for item in refused.value.findings if item.severity.value == "error"]


def _policy(selector: str, rules: str = "egress: [{to: [{ipBlock: {cidr: 10.0.0.0/8}}], ports: [{port: 443}]}]") -> str:
    return f"""
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {{name: careless, namespace: tools}}
spec: {{podSelector: {selector}, policyTypes: [Egress, Ingress], {rules}}}
"""


EDIT = "remove spec.egress[0] of NetworkPolicy tools/careless, or narrow what it selects so that it cannot select app=vault"


@pytest.mark.parametrize(
    "selector",
    [
        "{}",
        "{matchLabels: {app: vault}}",
        "{matchLabels: {team: a}}",
        "{matchExpressions: [{key: x, operator: Exists}]}",
    ],
    ids=["whole namespace", "same selector", "compatible label", "compatible expression"],
)
def test_policy_that_may_select_a_server_widens(selector: str) -> None:
    """A selector that some pod of the server could satisfy counts as selecting."""
    assert _errors(_policy(selector)) == [
        "servers.vault: may reach 10.0.0.1 TCP 443, which the catalog does not grant: spec.egress[0] of NetworkPolicy "
        f"tools/careless lets it through; {EDIT} [proof-wider]"
    ]


def test_ingress_widens() -> None:
    """A rule that admits a caller that the catalog does not declare is found as well."""
    assert _errors(_policy("{}", "ingress: [{from: [{ipBlock: {cidr: 203.0.113.0/24}}], ports: [{port: 8099}]}]")) == [
        "servers.vault: may be reached by 203.0.113.0 TCP 8099, which the catalog does not grant: spec.ingress[0] of "
        "NetworkPolicy tools/careless lets it through; remove spec.ingress[0] of NetworkPolicy tools/careless, or "
        "narrow what it selects so that it cannot select app=vault [proof-wider]"
    ]


@pytest.mark.parametrize(
    "document",
    [
        _policy("{matchLabels: {app: other}}"),
        _policy("{}").replace("namespace: tools", "namespace: elsewhere"),
        _policy("{}", "egress: [], ingress: []"),
    ],
    ids=["other pods", "other namespace", "the floor"],
)
def test_policy_that_adds_nothing_passes(document: str) -> None:
    """What cannot select the server's pods, or has no rules, takes nothing from the proof."""
    assert len(_rendered(document).objects) == 3


def test_unreadable_policy_is_unknown() -> None:
    """What cannot be read may let everything through, so the proof of the pods that it selects fails."""
    messages = _errors(_policy("{}", "egress: [{to: [{ipBlock: {cidr: 10.0.0.0/99}}]}]"))

    assert messages
    for message in messages:
        assert "NetworkPolicy tools/careless cannot be read (spec.egress[0].to[0].ipBlock.cidr" in message
        assert message.endswith("mend NetworkPolicy tools/careless, or remove it [proof-wider]")


def test_engine_without_evaluator_is_refused() -> None:
    """A policy of an engine that can allow, and that nobody here can evaluate, is named and refused."""
    text = "{apiVersion: cilium.io/v2, kind: CiliumNetworkPolicy, metadata: {name: c, namespace: tools}, spec: {endpointSelector: {}}}"

    assert _errors(text) == [
        "servers.vault: CiliumNetworkPolicy tools/c (cilium.io) is not evaluated; it selects every pod of namespace "
        "tools; move it out of this release, or express it in the catalog [policy-not-evaluated]"
    ]


def test_policy_that_only_narrows_is_a_warning() -> None:
    """A policy that can only take away is named, and the render goes on."""
    text = "{apiVersion: networking.istio.io/v1, kind: Sidecar, metadata: {name: s, namespace: tools}, spec: {}}"
    found: dict[str, Any] = {item.id: item.severity.value for item in _rendered(text).findings}

    assert found["policy-only-narrows"] == "warning"


CLOSED = "10.0.0.0/8"
CLOSING = {
    "antrea": f"""
apiVersion: crd.antrea.io/v1beta1
kind: NetworkPolicy
metadata: {{name: shut, namespace: tools}}
spec:
  priority: 1
  tier: emergency
  appliedTo: [{{podSelector: {{}}}}]
  egress: [{{action: Drop, to: [{{ipBlock: {{cidr: {CLOSED}}}}}]}}]
""",
    "calico": f"""
apiVersion: projectcalico.org/v3
kind: GlobalNetworkPolicy
metadata: {{name: shut}}
spec:
  order: 1
  selector: all()
  types: [Egress]
  egress: [{{action: Deny, destination: {{nets: [{CLOSED}]}}}}]
""",
    "clusternetworkpolicy": f"""
apiVersion: policy.networking.k8s.io/v1alpha2
kind: ClusterNetworkPolicy
metadata: {{name: shut}}
spec:
  tier: Admin
  priority: 1
  subject: {{namespaces: {{}}}}
  egress: [{{action: Deny, to: [{{networks: [{CLOSED}]}}]}}]
""",
    "eksclusternetworkpolicy": f"""
apiVersion: networking.k8s.aws/v1alpha1
kind: ClusterNetworkPolicy
metadata: {{name: shut}}
spec:
  tier: Admin
  priority: 1
  subject: {{namespaces: {{}}}}
  egress: [{{action: Deny, to: [{{networks: [{CLOSED}]}}]}}]
""",
    "aviatrix": f"""
apiVersion: networking.aviatrix.com/v1alpha1
kind: FirewallPolicy
metadata: {{name: shut, namespace: tools}}
spec:
  smartGroups: [{{name: inside, selectors: [{{cidr: {CLOSED}}}]}}]
  rules:
  - name: shut
    selector: {{matchLabels: {{}}}}
    action: deny
    protocol: any
    destinationSmartGroups: [{{name: inside}}]
""",
}
"""Each closes what a careless NetworkPolicy opens, for every pod, on a cluster that enforces it."""


@pytest.mark.parametrize("engine", CLOSING)
def test_what_an_engine_of_another_provider_closes_is_not_believed(engine: str) -> None:
    """Nothing says that the cluster enforces it: a widening NetworkPolicy beside it is found as if it were not there."""
    assert _errors(_policy("{}"), CLOSING[engine]) == _errors(_policy("{}"))


def test_callers_that_share_no_label(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two hundred clients with two labels each of their own: proven; where it could not be told, nothing is printed."""
    labels = [{f"a{i}": "x", f"b{i}": "y"} for i in range(200)]
    clients = {f"c{i}": {"namespace": "callers", "podSelector": found} for i, found in enumerate(labels)}
    raw = catalog({"a": {"runtime": "containerized", "egress": {"denyAllEgress": True}}}) | {"clients": clients}

    assert errors_of(raw) == []

    def too_many(*_: object) -> None:
        raise flows.TooManyParts

    monkeypatch.setattr(prove, "counterexamples", too_many)
    assert errors_of(raw) == [
        "servers.a: label selectors overlap in more ways than could be looked at; "
        "select pods by one label that all of them have, with a value of its own for each [proof-undecided]"
    ]


def test_a_policy_of_others_that_denies_is_named() -> None:
    """Under an engine with denials a policy of the same stream can take away; that is no fault of mcpfence."""
    raw = {
        **CATALOG,
        "egress": {"provider": "cilium"},
        "cluster": {"ipFamilies": ["IPv4"], "cni": "cilium"},
        "servers": {
            "web": {
                "runtime": "containerized",
                "containerizedConfig": {"image": "x/web:1"},
                "egress": {"default": "internet"},
            }
        },
    }
    deny = yaml.safe_load(
        """
        apiVersion: cilium.io/v2
        kind: CiliumNetworkPolicy
        metadata: {name: strict, namespace: tools}
        spec: {endpointSelector: {}, egressDeny: [{toCIDR: [198.51.100.0/24, 1.1.1.0/24]}]}
        """
    )
    with pytest.raises(McpfenceError) as refused:
        render(raw, release="demo", namespace="default", services=ServiceIndex(), foreign=[deny])

    assert [item.message for item in refused.value.findings if item.id == "proof-narrower"] == [
        "servers.web: cannot reach 1.1.1.1 TCP 443, which the catalog grants: spec.egressDeny[0] of CiliumNetworkPolicy "
        "tools/strict denies it; remove spec.egressDeny[0] of CiliumNetworkPolicy tools/strict, or narrow what it selects so "
        "that it cannot select app=web"
    ]


def test_a_policy_of_others_that_cannot_be_read_is_named() -> None:
    """It may deny as well as open: both are said of it, and neither of mcpfence."""
    strange = """
        apiVersion: projectcalico.org/v3
        kind: NetworkPolicy
        metadata: {name: strange, namespace: tools}
        spec: {selector: "all()", types: [Ingress], odd: 1}
        """
    assert "; ".join(_errors(strange)).count("NetworkPolicy.projectcalico.org tools/strange cannot be read") == 3
    assert (
        "servers.vault: cannot be reached by a pod with app=gateway in a namespace with "
        "kubernetes.io/metadata.name=gateway TCP 8099, which the catalog grants: NetworkPolicy.projectcalico.org "
        "tools/strange cannot be read (spec.odd is no field of this API), so what it denies is unknown; mend "
        "NetworkPolicy.projectcalico.org tools/strange, or remove it [proof-narrower]"
    ) in _errors(strange)
