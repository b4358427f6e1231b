"""The program in tools/cilium: what it refuses, what it explains, and CiliumNetworkPolicies by the same door."""

from __future__ import annotations

from typing import Any

import pytest

from cilium.judge import Document, Judge, Question, Refused
from reaching.loading import namespace, pod, policy

TLS, DNS = ("TCP", 443), ("UDP", 53)


def cilium_policy(name: str, spec: Any, *, space: str | None = "default") -> Document:
    """A CiliumNetworkPolicy, or without a namespace a clusterwide one."""
    kind = "CiliumNetworkPolicy" if space else "CiliumClusterwideNetworkPolicy"
    metadata = {"name": name, **({"namespace": space} if space else {})}
    return {"apiVersion": "cilium.io/v2", "kind": kind, "metadata": metadata, "spec": spec}


NAMES = cilium_policy(
    "names",
    {
        "endpointSelector": {"matchLabels": {"app": "web"}},
        "egress": [
            {
                "toEndpoints": [{"matchLabels": {"k8s:io.kubernetes.pod.namespace": "dns"}}],
                "toPorts": [
                    {
                        "ports": [{"port": "53", "protocol": "UDP"}],
                        "rules": {"dns": [{"matchPattern": "**.example.com"}]},
                    }
                ],
            },
            {
                "toFQDNs": [{"matchPattern": "**.example.com"}],
                "toPorts": [{"ports": [{"port": "443", "protocol": "TCP"}]}],
            },
        ],
    },
)
WEB = pod("web", {"app": "web"})


def ask(judge: Judge, documents: list[Document], *questions: Question) -> str:
    """All verdicts, one after another."""
    return " ".join(answer.verdicts for answer in judge.ask(documents, *questions))


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("a.example.com", "a"),
        ("b.a.example.com", "a"),
        ("A.Example.COM.", "a"),
        ("example.com", "i"),
        ("xexample.com", "i"),
        ("", "i"),
    ],
)
def test_names_of_a_cilium_policy(judge: Judge, name: str, expected: str) -> None:
    """An address is open under the names that a policy lists: `**.x` is one or more labels, never x itself."""
    assert ask(judge, [WEB, NAMES], Question(("default/web",), ("8.8.8.8",), (TLS,), name)) == expected


def test_ports_with_rules_for_names_are_open(judge: Judge) -> None:
    """A port that is led through the DNS proxy is allowed, and no other port is."""
    server = pod("dns", namespace="dns")
    question = Question(("default/web",), ("dns/dns",), (DNS, ("TCP", 53), TLS))

    assert ask(judge, [WEB, server, namespace("dns"), NAMES], question) == "aii"


def test_clusterwide_policies_and_denials(judge: Judge) -> None:
    """A clusterwide denial wins over what a namespace's policies allow."""
    allow = cilium_policy("all", {"endpointSelector": {}, "egress": [{"toEntities": ["all"]}]})
    deny = cilium_policy("no", {"endpointSelector": {}, "egressDeny": [{"toCIDR": ["10.0.0.0/8"]}]}, space=None)
    question = Question(("default/web",), ("10.0.0.1", "11.0.0.1"), (TLS,))

    assert ask(judge, [WEB, allow], question) == "aa"
    assert ask(judge, [WEB, allow, deny], question) == "ia"


def test_reasons_name_policies(judge: Judge) -> None:
    """Beside each verdict stand the policies that it comes from; none where none speaks of that side."""
    rules = {"podSelector": {}, "policyTypes": ["Ingress"], "ingress": [{"ports": [{"port": 443}]}]}
    documents = [WEB, pod("other"), policy("one", rules), policy("two", rules), NAMES]
    question = Question(("default/other",), ("default/web",), (TLS, DNS))
    answer = judge.ask(documents, question, explain=True)[0]

    assert answer.verdicts == "ae"
    assert answer.reasons[0] == (
        frozenset(),
        frozenset({"NetworkPolicy default/one", "NetworkPolicy default/two"}),
    )


ODD = {"endpointSelector": {}, "egress": [{"toPorts": [{"ports": [{"port": "443", "protocol": "TCP"}]}]}]}


@pytest.mark.parametrize(
    ("document", "reason"),
    [
        (policy("x", {"podSelectr": {}}), 'NetworkPolicy default/x: unknown field "spec.podSelectr"'),
        (
            {**policy("x", {"podSelector": {}}), "kind": "Policy"},
            'Policy default/x: "networking.k8s.io/v1 Policy" is not a kind that is judged here',
        ),
        (
            {**policy("x", {"podSelector": {}}), "metadata": {"name": "x"}},
            "NetworkPolicy /x: has no namespace",
        ),
        (
            cilium_policy("x", {**ODD, "egress": [{**ODD["egress"][0], "toCIDRs": ["10.0.0.0/8"]}]}),  # type: ignore[index]
            'CiliumNetworkPolicy default/x: unknown field "spec.egress[0].toCIDRs"',
        ),
        (
            {**cilium_policy("x", ODD), "metadata": {"name": "x"}},
            "CiliumNetworkPolicy /x: has no namespace, and Cilium would take it for clusterwide",
        ),
        (
            cilium_policy(
                "x", {"endpointSelector": {}, "egress": [{"toServices": [{"k8sService": {"serviceName": "s"}}]}]}
            ),
            "CiliumNetworkPolicy default/x: toServices cannot be resolved here",
        ),
    ],
)
def test_refusals(judge: Judge, document: Document, reason: str) -> None:
    """What the API server would refuse or drop, and what cannot be known here, is refused; the next request is judged."""
    with pytest.raises(Refused) as refused:
        judge.ask([WEB, document])

    assert str(refused.value) == reason
    assert ask(judge, [WEB], Question(("default/web",), ("8.8.8.8",), (TLS,))) == "a"


def test_questions_that_mean_nothing_are_refused(judge: Judge) -> None:
    """A pod that is not there, and a text that is no address."""
    for target, reason in (
        ("default/x", "there is no pod default/x"),
        ("x", '"x" is neither namespace/pod nor an address'),
    ):
        with pytest.raises(Refused, match=reason):
            judge.ask([WEB], Question(("default/web",), (target,), (TLS,)))


def test_the_same_object_twice_is_refused(judge: Judge) -> None:
    """Which of them counts is nobody's guess."""
    with pytest.raises(Refused, match="Pod default/web stands twice"):
        judge.ask([WEB, WEB])


def test_cluster_network_policies(judge: Judge) -> None:
    """Their tiers stand around the others, and names of theirs are read, too; they open kube-dns by themselves."""
    spec = {
        "tier": "Admin",
        "priority": 10,
        "subject": {"pods": {"podSelector": {"matchLabels": {"app": "web"}}, "namespaceSelector": {}}},
        "egress": [
            {
                "action": "Accept",
                "to": [{"domainNames": ["*.example.com"]}],
                "protocols": [{"tcp": {"destinationPort": {"number": 443}}}],
            },
            {"action": "Deny", "to": [{"networks": ["0.0.0.0/0", "::/0"]}, {"namespaces": {}}]},
        ],
    }
    kind, version = "ClusterNetworkPolicy", "policy.networking.k8s.io/v1alpha2"
    document = {"apiVersion": version, "kind": kind, "metadata": {"name": "web"}, "spec": spec}
    resolver = pod("dns", {"k8s-app": "kube-dns"}, namespace="dns", ports=[("dns", "UDP", 53)])
    shut = policy("shut", {"podSelector": {}, "policyTypes": ["Egress"]})
    documents = [WEB, resolver, namespace("dns"), document, shut]
    named = Question(("default/web",), ("8.8.8.8",), (TLS, ("TCP", 80)), "b.a.example.com")
    asking = Question(("default/web",), ("dns/dns",), (DNS,), lookups=("a.example.com", "evil.test"))

    assert ask(judge, documents, named, named._replace(name="")) == "ai ii"
    assert judge.ask(documents, asking)[0].lookups == "yr"
