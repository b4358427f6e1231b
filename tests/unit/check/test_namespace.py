"""`check` with manifests: what the namespace itself must have, its floor and its Pod Security labels."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from mcpfence.check.audit import audit
from mcpfence.kube.manifest import floor_policy
from mcpfence.kube.services import ServiceIndex
from mcpfence.render.pipeline import render

Document = dict[str, Any]

CATALOG: Document = {
    "mcpNamespace": {"name": "tools"},
    "cluster": {"profile": "aks", "ipFamilies": ["IPv4"]},
    "clients": {"gateway": {"namespace": "gateway", "podSelector": {"app": "gateway"}}},
    "servers": {
        "vault": {
            "runtime": "containerized",
            "containerizedConfig": {"image": "ghcr.io/example/vault:1", "denyAllEgress": True},
        },
    },
}
KEY = "mcpNamespace.networkPolicy.enabled"
PODS = "pods of namespace tools that are no server or workload"
MISSING = "the floor (NetworkPolicy tools/mcp-default-deny) is missing or does not select every pod"
REMEDY = (
    "render the chart again and apply all of it, or give check every policy of the namespace; "
    "if helm installs the chart apart from these, pass --policies-only; "
    "where something else denies by default there, write mcpNamespace.networkPolicy.enabled: false"
)
CALLED = f"{KEY}: {MISSING}: {PODS} may be reached by 10.0.0.1 TCP 443; {REMEDY}"
REACHES = f"{KEY}: {MISSING}: {PODS} may reach 169.254.169.254 TCP 443; {REMEDY}"


def opened(rule: str, does: str = "may reach 169.254.169.254 TCP 443") -> str:
    """What is said of a rule that opens the floor."""
    return (
        f"{KEY}: the floor is open: {PODS} {does}, since {rule} lets it through; "
        f"remove {rule}, or narrow what it selects to the pods that need it"
    )


def found(*documents: Document, catalog: Document = CATALOG) -> list[str]:
    """What is said of the namespace, with these documents beside what the catalog renders."""
    rendering = render(catalog, release="demo", namespace="default", services=ServiceIndex())
    manifests = [*documents, *(yaml.safe_load(item.text) for item in rendering.objects)]
    said = audit(catalog, manifests, release="demo", namespace="default", services=ServiceIndex())
    return [one.message for one in said if one.id in ("floor-drift", "pod-security-drift")]


def floor(namespace: str = "tools", **spec: Any) -> Document:
    """The floor with other keys in its spec."""
    document = floor_policy(namespace)
    return {**document, "spec": {**document["spec"], **spec}}


def policy(selector: Any, **spec: Any) -> Document:
    """Another policy of the namespace."""
    metadata = {"name": "other", "namespace": "tools"}
    body = {"podSelector": selector, "policyTypes": ["Egress"], "egress": [{}], **spec}
    return {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": metadata, "spec": body}


def without(*servers: str) -> Document:
    """A selector of every pod but these servers'."""
    return {"matchExpressions": [{"key": "app", "operator": "NotIn", "values": list(servers)}]}


EXISTS = {"key": "job", "operator": "Exists"}
RULE, OTHER = "spec.egress[0] of NetworkPolicy tools/mcp-default-deny", "spec.egress[0] of NetworkPolicy tools/other"

CASES: dict[str, tuple[list[Document], list[str]]] = {
    "as rendered": ([floor()], []),
    "missing": ([], [CALLED, REACHES]),
    "of another namespace": ([floor("other")], [CALLED, REACHES]),
    "one direction": ([floor(policyTypes=["Ingress"])], [REACHES]),
    "some pods": ([floor(podSelector={"matchLabels": {"app": "x"}})], [CALLED, REACHES]),
    "all pods but one": ([floor(podSelector=without("redis"))], [CALLED, REACHES]),
    "a rule in it": ([floor(egress=[{}])], [opened(RULE)]),
    "opened beside it": ([floor(), policy(without("vault"))], [opened(OTHER)]),
    "opened for labelled pods": (
        [floor(), policy({"matchExpressions": [{"key": "job", "operator": "Exists"}]})],
        [opened(OTHER)],
    ),
    "opened for pods with one label and without another": (
        [floor(), policy({"matchExpressions": [EXISTS, {"key": "app", "operator": "DoesNotExist"}]})],
        [opened(OTHER)],
    ),
    "opened for pods with one label or another value": (
        [floor(), policy({"matchExpressions": [EXISTS, {"key": "app", "operator": "NotIn", "values": ["vault"]}]})],
        [opened(OTHER)],
    ),
    "pods with a policy of their own, by label and its absence": (
        [
            floor(),
            policy({"matchLabels": {"job": "a"}, "matchExpressions": [{"key": "app", "operator": "DoesNotExist"}]}),
        ],
        [],
    ),
    "under another name, in two pieces": (
        [policy({}, egress=[]), {**floor(policyTypes=["Ingress"]), "metadata": {"name": "in", "namespace": "tools"}}],
        [],
    ),
    "pods with a policy of their own": ([floor(), policy({"matchLabels": {"app": "redis"}})], []),
    "in a list": ([{"apiVersion": "v1", "kind": "List", "items": [floor()]}], []),
}


@pytest.mark.parametrize("name", CASES)
def test_the_floor_is_part_of_what_is_proven(name: str) -> None:
    """Jobs, sandboxes and databases of the namespace have nothing else around them."""
    documents, said = CASES[name]

    assert found(*documents) == said


def test_a_floor_that_is_off_is_not_missed() -> None:
    """The catalog says so, and a warning of its own tells what that means."""
    values = {"name": "tools", "networkPolicy": {"enabled": False}}
    assert found(catalog={**CATALOG, "mcpNamespace": values}) == []


def test_pods_of_a_fence_are_judged_by_it() -> None:
    """A workload may select every pod that has some label, or has none."""
    workload = {"podSelector": without("vault"), "egress": {"default": "internet"}}
    assert found(floor(), catalog={**CATALOG, "workloads": {"rest": workload}}) == []


# --- the labels of the Namespace ---

LEVEL = "pod-security.kubernetes.io/"
RESTRICTED = {
    f"{LEVEL}{mode}{end}": value
    for mode in ("enforce", "audit", "warn")
    for end, value in (("", "restricted"), ("-version", "latest"))
}


def namespace(**labels: str | None) -> Document:
    """The Namespace with other labels; None removes one."""
    changed = {**RESTRICTED, **{f"{LEVEL}{key.replace('_', '-')}": value for key, value in labels.items()}}
    kept = {key: value for key, value in changed.items() if value is not None}
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "tools", "labels": kept}}


def drift(key: str, said: str, label: str) -> list[str]:
    """The one finding of a label."""
    return [
        f"mcpNamespace.podSecurity.{key}: Namespace tools {said}, so pods that the catalog's values refuse may be "
        f"let in; render the chart again and apply, or label it {label}"
    ]


LABELS: list[tuple[Document, Document, list[str]]] = [
    (namespace(), {}, []),
    (namespace(enforce_version=None), {}, []),
    (
        namespace(enforce="privileged"),
        {},
        drift("enforce", f'has {LEVEL}enforce: "privileged", not restricted', f"{LEVEL}enforce=restricted"),
    ),
    (namespace(warn=None), {}, drift("warn", f"has no label {LEVEL}warn", f"{LEVEL}warn=restricted")),
    (
        namespace(audit_version="v1.20"),
        {},
        drift("auditVersion", f'has {LEVEL}audit-version: "v1.20", not latest', f"{LEVEL}audit-version=latest"),
    ),
    (namespace(enforce="baseline"), {"podSecurity": {"enforce": "baseline"}}, []),
    (namespace(), {"podSecurity": {"enforce": "baseline"}}, []),
    (namespace(enforce="privileged"), {"podSecurity": {"enabled": False}}, []),
    (namespace(enforce="privileged"), {"create": False}, []),
]


@pytest.mark.parametrize(("document", "values", "said"), LABELS)
def test_pod_security_is_what_the_values_say(document: Document, values: Document, said: list[str]) -> None:
    """Stricter is fine; whose Namespace it is that the chart does not create is not ours to say."""
    catalog = {**CATALOG, "mcpNamespace": {"name": "tools", **values}}

    assert found(floor(), document, catalog=catalog) == said
