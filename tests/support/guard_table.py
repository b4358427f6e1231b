"""Requests that the guard lets pass or refuses: every kind, verb and writer, for an evaluator and for an API server.

CATALOG      servers in FENCED, a workload in SHARED, where others have pods, too
rows()       what is asked, by name, with a piece of what is said where it is refused
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any, NamedTuple

from guarding import Document, Request, groups_of
from helpers import CLIENT
from mcpfence.guard.kinds import GuardedKind, guarded_kinds
from mcpfence.reach.documents.further_networks import FURTHER_NETWORKS

FENCED, SHARED, ELSEWHERE = "mcp-servers", "tools", "elsewhere"

CATALOG: dict[str, Any] = {
    "mcpNamespace": {"name": FENCED},
    "clients": CLIENT,
    "guard": {
        "enabled": True,
        "writers": [
            {"kind": "User", "name": "helm"},
            {"kind": "Group", "name": "platform"},
            {"kind": "ServiceAccount", "name": "argocd", "namespace": "argocd"},
        ],
    },
    "servers": {
        "github": {"runtime": "containerized", "egress": {"cidrs": [{"cidr": "203.0.113.0/24", "ports": [443]}]}},
        "vault": {"runtime": "containerized", "podSelector": {"matchLabels": {"app": "vault", "tier": "secret"}}},
    },
    "workloads": {"queue": {"namespace": SHARED, "podSelector": {"app": "queue"}}},
}

OUTSIDER = ("bob", ("system:authenticated", "system:masters"))
"""Who may do everything by RBAC, and is no writer."""
WRITERS = {
    "user": ("helm", ("system:authenticated", "system:masters")),
    "group": ("carol", ("system:authenticated", "system:masters", "platform")),
    "account": ("system:serviceaccount:argocd:argocd", ("system:authenticated", "system:masters")),
}
CLEANERS = (
    "system:serviceaccount:kube-system:namespace-controller",
    "system:serviceaccount:kube-system:generic-garbage-collector",
    "system:kube-controller-manager",
)

OPENS, OURS = "could open pods of", "is part of the fences of"
RELABELS = "decide which pods it admits"
OUR_LABELS = {"app.kubernetes.io/part-of": "mcpfence", "mcpfence.io/server": "github"}


def _subject(**named: Any) -> Document:
    return {"subject": {"namespaces": {"matchLabels": named.get("labels", {})}}, "priority": 1}


AWAY = {"kubernetes.io/metadata.name": ELSEWHERE}

FORMS: dict[tuple[str, str], tuple[Document, Document | None, Document | None]] = {
    # kind: a spec that opens, one that does not, and one that opens in another namespace or for other pods alone
    ("networking.k8s.io", "NetworkPolicy"): (
        {"podSelector": {}, "ingress": [{}]},
        {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]},
        {"podSelector": {"matchLabels": {"app": "mine"}}, "ingress": [{}]},
    ),
    ("extensions", "NetworkPolicy"): ({"podSelector": {}, "egress": [{}]}, {"podSelector": {}}, None),
    ("networking.aviatrix.com", "FirewallPolicy"): (
        {"rules": [{"name": "a", "action": "deny"}, {"name": "b", "action": "permit"}]},
        {"rules": [{"name": "a", "action": "deny"}]},
        None,
    ),
    ("networking.aviatrix.com", "WebgroupPolicy"): ({"selector": {"matchLabels": {"app": "mine"}}}, None, None),
    ("cilium.io", "CiliumNetworkPolicy"): (
        {"endpointSelector": {}, "egress": [{"toEntities": ["world"]}]},
        {"endpointSelector": {}, "egressDeny": [{"toEntities": ["world"]}]},
        {"endpointSelector": {"matchLabels": {"app": "mine"}}, "egress": [{"toEntities": ["world"]}]},
    ),
    ("cilium.io", "CiliumClusterwideNetworkPolicy"): (
        {"endpointSelector": {}, "ingress": [{"fromEntities": ["all"]}]},
        {"endpointSelector": {}, "ingressDeny": [{"fromEntities": ["all"]}]},
        {
            "endpointSelector": {"matchLabels": {"k8s:io.kubernetes.pod.namespace": ELSEWHERE}},
            "ingress": [{"fromEntities": ["all"]}],
        },
    ),
    ("networking.k8s.aws", "ApplicationNetworkPolicy"): (
        {"podSelector": {}, "egress": [{"to": [{"domainNames": ["example.com"]}]}]},
        {"podSelector": {}, "policyTypes": ["Egress"]},
        {
            "podSelector": {"matchExpressions": [{"key": "app", "operator": "In", "values": ["mine"]}]},
            "egress": [{"to": [{"domainNames": ["example.com"]}]}],
        },
    ),
    ("networking.k8s.aws", "ClusterNetworkPolicy"): (
        {**_subject(), "tier": "Admin", "egress": [{"action": "Accept"}]},
        {**_subject(), "tier": "Admin", "egress": [{"action": "Deny"}]},
        {**_subject(labels=AWAY), "tier": "Admin", "egress": [{"action": "Accept"}]},
    ),
    ("networking.gke.io", "FQDNNetworkPolicy"): (
        {"podSelector": {}, "egress": [{"matches": [{"name": "example.com"}]}]},
        {"podSelector": {}},
        {"podSelector": {"matchLabels": {"app": "mine"}}, "egress": [{"matches": [{"name": "example.com"}]}]},
    ),
    **{
        (group, kind): (
            {"selector": "all()", "egress": [{"action": "Deny"}, {"action": "Allow"}]},
            {"selector": "all()", "egress": [{"action": "Deny"}]},
            None,
        )
        for group in ("projectcalico.org", "crd.projectcalico.org")
        for kind in ("NetworkPolicy", "GlobalNetworkPolicy")
    },
    **{
        ("crd.antrea.io", kind): (
            {"appliedTo": [{"podSelector": {}}], "egress": [{"action": "Allow"}]},
            {"appliedTo": [{"podSelector": {}}], "egress": [{"action": "Drop"}, {"action": "Reject"}]},
            None,
        )
        for kind in ("NetworkPolicy", "ClusterNetworkPolicy")
    },
    **{
        ("policy.networking.k8s.io", kind): (
            {**_subject(), "ingress": [{"action": action}]},
            {**_subject(), "ingress": [{"action": "Deny"}]},
            {
                "subject": {"pods": {"namespaceSelector": {"matchLabels": AWAY}, "podSelector": {}}},
                "ingress": [{"action": action}],
            },
        )
        for kind, action in (
            ("AdminNetworkPolicy", "Pass"),
            ("BaselineAdminNetworkPolicy", "Allow"),
            ("ClusterNetworkPolicy", "Accept"),
        )
    },
}
"""As people write them, each in the words of its vendor."""

CLUSTER_WIDE = {
    "CiliumClusterwideNetworkPolicy",
    "ClusterNetworkPolicy",
    "GlobalNetworkPolicy",
    "AdminNetworkPolicy",
    "BaselineAdminNetworkPolicy",
}


class Row(NamedTuple):
    """One request, and a piece of what is said where it is refused (empty: it passes)."""

    request: Request
    refusal: str


def kinds() -> list[GuardedKind]:
    """Those of which the table has forms."""
    return [kind for kind in guarded_kinds() if (kind.group, kind.kind) in FORMS]


class Asking:
    """Makes the requests for objects of one kind."""

    def __init__(self, kind: GuardedKind, namespace: str = FENCED) -> None:
        self.kind = kind
        self.namespace = "" if kind.kind in CLUSTER_WIDE else namespace

    def document(self, name: str, spec: Document, labels: Document | None = None, **metadata: Any) -> Document:
        """One object."""
        found = {"name": name, "labels": dict(labels or {}), **metadata}
        if self.namespace:
            found["namespace"] = self.namespace
        version = {"networking.k8s.io": "v1"}.get(self.kind.group, "v1alpha1")
        api_version = f"{self.kind.group}/{version}"
        return {"apiVersion": api_version, "kind": self.kind.kind, "metadata": found, "spec": copy.deepcopy(spec)}

    def ours(self, name: str, spec: Document) -> Document:
        """One with our labels."""
        return self.document(name, spec, {**OUR_LABELS, "mcpfence.io/namespace": FENCED})

    def ask(self, operation: str, who: Any, new: Document | None, old: Document | None = None) -> Request:
        """One request."""
        user, groups = who
        name = (new or old or {})["metadata"]["name"]
        return Request(
            operation,
            self.kind.group,
            self.kind.kind,
            self.kind.plural,
            self.namespace,
            name,
            new,
            old,
            user=user,
            groups=(*groups, *groups_of(user)),
        )


def changed(spec: Document) -> Document:
    """A spec that says something else: each rule twice, or further pods."""
    lists = {key: value * 2 for key, value in spec.items() if isinstance(value, list)}
    return {**spec, **(lists or {"selector": {"matchLabels": {"app": "other"}}})}


def _named(name: str, kind: GuardedKind) -> str:
    return f"{name.replace(' ', '-')}-{kind.plural}-{kind.group.split('.')[0]}"[:63].rstrip("-")


def policy_rows() -> Iterator[tuple[str, Row]]:
    """Every kind: made, changed and deleted by outsiders and writers."""
    for kind in kinds():
        opening, closing, apart = FORMS[kind.group, kind.kind]
        asking = Asking(kind)

        def row(name: str, operation: str, who: Any, new: Any, old: Any, said: str) -> tuple[str, Row]:
            called = _named(name, kind)  # noqa: B023  used at once
            for one in (new, old):
                if one is not None:
                    one["metadata"]["name"] = called
            title = f"{kind.kind} of {kind.group}: {name}"  # noqa: B023
            return title, Row(asking.ask(operation, who, new, old), said)  # noqa: B023

        new, ours = asking.document, asking.ours
        yield row("outsider opens", "CREATE", OUTSIDER, new("", opening), None, OPENS)
        yield row("outsider opens as ours", "CREATE", OUTSIDER, ours("", opening), None, OPENS)
        yield row("writer opens unlabelled", "CREATE", WRITERS["user"], new("", opening), None, "not one that mcpfence")
        for name, who in WRITERS.items():
            yield row(f"{name} opens", "CREATE", who, ours("", opening), None, "")
        yield row("outsider changes ours", "UPDATE", OUTSIDER, ours("", changed(opening)), ours("", opening), OURS)
        yield row("outsider relabels ours", "UPDATE", OUTSIDER, new("", opening), ours("", opening), OURS)
        noted = ours("", opening)
        noted["metadata"]["finalizers"] = ["example.com/engine"]
        yield row("finalizer on ours", "UPDATE", OUTSIDER, noted, ours("", opening), "")
        yield row("writer changes ours", "UPDATE", WRITERS["account"], ours("", opening), ours("", {}), "")
        yield row("outsider deletes ours", "DELETE", OUTSIDER, None, ours("", opening), OURS)
        yield row("writer deletes ours", "DELETE", WRITERS["group"], None, ours("", opening), "")
        for number, cleaner in enumerate(CLEANERS):
            who = (cleaner, OUTSIDER[1])
            yield row(f"cleaner {number}", "DELETE", who, None, ours("", opening), "")
        yield row("outsider deletes another", "DELETE", OUTSIDER, None, new("", opening), "")
        if closing is not None:
            yield row("outsider closes", "CREATE", OUTSIDER, new("", closing), None, "")
            yield row("closing becomes opening", "UPDATE", OUTSIDER, new("", opening), new("", closing), OPENS)
        if apart is not None and kind.kind in CLUSTER_WIDE:
            yield row("outsider opens elsewhere", "CREATE", OUTSIDER, new("", apart), None, "")
        elif kind.kind not in CLUSTER_WIDE:
            yield from _shared_rows(kind, opening, apart)


def _shared_rows(kind: GuardedKind, opening: Document, apart: Document | None) -> Iterator[tuple[str, Row]]:
    """In a namespace of others, where the catalog fences a workload, and in one in which it fences nothing."""
    shared, elsewhere = Asking(kind, SHARED), Asking(kind, ELSEWHERE)
    about = f"{kind.kind} of {kind.group}"
    made = shared.document(_named("opens shared", kind), opening)
    yield f"{about}: outsider opens where a workload is", Row(shared.ask("CREATE", OUTSIDER, made), OPENS)
    if apart is not None:
        made = shared.document(_named("opens beside", kind), apart)
        yield f"{about}: outsider opens for other pods", Row(shared.ask("CREATE", OUTSIDER, made), "")
    made = elsewhere.document(_named("opens away", kind), opening)
    yield f"{about}: outsider opens elsewhere", Row(elsewhere.ask("CREATE", OUTSIDER, made), "")


def rows() -> dict[str, Row]:
    """The whole table."""
    return dict([*policy_rows(), *pod_rows(), *namespace_rows()])


# --- pods and the namespace ---

HOST, MOVES, UNKNOWN = "is on its host's network", "takes labels by which it leaves", "has labels that no server"
FURTHER, BRINGS, DEBUGS = "is in further networks", "brings labels by which", "would get a container"
MULTUS = "k8s.v1.cni.cncf.io/networks"

GITHUB, VAULT, QUEUE, STRANGER = {"app": "github"}, {"app": "vault", "tier": "secret"}, {"app": "queue"}, {"app": "x"}


def pod(labels: Document, *, network: bool = False, further: bool = False, debug: bool = False) -> Document:
    """A pod without name and namespace."""
    spec: Document = {"containers": [{"name": "main", "image": "registry.example.com/main:1"}]}
    if network:
        spec["hostNetwork"] = True
    if debug:
        target = {"name": "debug", "image": "registry.example.com/shell:1", "targetContainerName": "main"}
        spec["ephemeralContainers"] = [target]
    metadata: Document = {"labels": dict(labels)}
    if further:
        metadata["annotations"] = {MULTUS: "second"}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec}


def binding(labels: Document, **annotations: str) -> Document:
    """What a scheduler sends."""
    metadata = {"labels": dict(labels), "annotations": annotations}
    target = {"kind": "Node", "name": "node"}
    return {"apiVersion": "v1", "kind": "Binding", "metadata": metadata, "target": target}


def pod_rows() -> Iterator[tuple[str, Row]]:
    """Pods that come, and pods that change."""

    def row(  # noqa: PLR0913  a request has that many parts
        title: str,
        operation: str,
        new: Document | None,
        old: Document | None,
        said: str,
        *,
        who: Any = OUTSIDER,
        subresource: str = "",
        namespace: str = FENCED,
        kind: str = "Pod",
    ) -> tuple[str, Row]:
        name = "".join(c for c in title.lower().replace(" ", "-") if c.isalnum() or c == "-")
        for one in (new, old):
            if one is not None:
                one["metadata"] |= {"name": name, "namespace": namespace}
        user, groups = who
        plural = {"Pod": "pods", "Binding": "pods" if subresource else "bindings"}[kind]
        asked = Request(
            operation, "", kind, plural, namespace, name, new, old, subresource, user, (*groups, *groups_of(user))
        )
        return f"Pod: {title}", Row(asked, said)

    controller = ("system:serviceaccount:kube-system:replicaset-controller", OUTSIDER[1])
    kubelet = ("system:node:node", OUTSIDER[1])
    yield row("a server's", "CREATE", pod(GITHUB), None, "", who=controller)
    yield row("a server's with more labels", "CREATE", pod({**VAULT, "more": "1"}), None, "", who=controller)
    yield row("half of a server's labels", "CREATE", pod({"app": "vault"}), None, UNKNOWN, who=controller)
    yield row("nobody's", "CREATE", pod(STRANGER), None, UNKNOWN)
    yield row("nobody's by a writer", "CREATE", pod({}), None, UNKNOWN, who=WRITERS["user"])
    yield row("a host's", "CREATE", pod(GITHUB, network=True), None, HOST, who=controller)
    yield row("a host's by a writer", "CREATE", pod(GITHUB, network=True), None, HOST, who=WRITERS["user"])
    yield row("further networks", "CREATE", pod(GITHUB, further=True), None, FURTHER, who=controller)
    yield row("further networks later", "UPDATE", pod(GITHUB, further=True), pod(GITHUB), FURTHER)
    for title, key in (("another default network", FURTHER_NETWORKS[1]), ("networks of GKE", FURTHER_NETWORKS[2])):
        there = pod(GITHUB)
        there["metadata"]["annotations"] = {key: "second"}
        yield row(title, "CREATE", there, None, FURTHER, who=controller)
    yield row("another label", "UPDATE", pod({**GITHUB, "more": "1"}), pod(GITHUB), "")
    yield row("a change to another fence", "UPDATE", pod(VAULT), pod(GITHUB), MOVES)
    yield row("a change out of its fence", "UPDATE", pod(STRANGER), pod(GITHUB), MOVES)
    yield row("a change by a writer", "UPDATE", pod(VAULT), pod(GITHUB), "", who=WRITERS["user"])
    yield row("a change of its status", "UPDATE", pod(GITHUB), pod(GITHUB), "", who=kubelet, subresource="status")
    yield row("another fence by its status", "UPDATE", pod(VAULT), pod(GITHUB), MOVES, subresource="status")
    debugged = ("ephemeralcontainers", pod(GITHUB, debug=True), pod(GITHUB))
    yield row("a debugger", "UPDATE", debugged[1], debugged[2], DEBUGS, subresource=debugged[0])
    debugged = ("ephemeralcontainers", pod(GITHUB, debug=True), pod(GITHUB))
    yield row("a debugger by a writer", "UPDATE", *debugged[1:], "", who=WRITERS["user"], subresource=debugged[0])
    scheduler = ("system:kube-scheduler", OUTSIDER[1])
    bound: Document = {"kind": "Binding", "subresource": "binding", "who": scheduler}
    yield row("bound", "CREATE", binding({}), pod(GITHUB), "", **bound)
    yield row(
        "bound with a node's labels", "CREATE", binding({"topology.kubernetes.io/zone": "a"}), pod(GITHUB), "", **bound
    )
    yield row("bound into another fence", "CREATE", binding(VAULT), pod(GITHUB), BRINGS, **bound)
    yield row("bound into another fence, old", "CREATE", binding(VAULT), pod(GITHUB), BRINGS, kind="Binding")
    further = binding({}, **{MULTUS: "second"})
    yield row("bound into further networks", "CREATE", further, pod(GITHUB), FURTHER, **bound)
    yield row("deleted", "DELETE", None, pod(GITHUB), "")
    shared: Document = {"namespace": SHARED}
    yield row("of others", "CREATE", pod(STRANGER), None, "", **shared)
    yield row("of others on a host", "CREATE", pod(STRANGER, network=True), None, "", **shared)
    yield row("a workload's on a host", "CREATE", pod(QUEUE, network=True), None, HOST, **shared)
    yield row("of others becomes a workload's", "UPDATE", pod(QUEUE), pod(STRANGER), MOVES, **shared)
    debugger = (pod(STRANGER, debug=True), pod(STRANGER))
    yield row("of others with a debugger", "UPDATE", *debugger, "", subresource="ephemeralcontainers", **shared)
    yield row("elsewhere on a host", "CREATE", pod(GITHUB, network=True), None, "", namespace=ELSEWHERE)


def namespace_rows() -> Iterator[tuple[str, Row]]:
    """Labels of namespaces, by each way in which they can be changed."""
    privileged = {"pod-security.kubernetes.io/enforce": "privileged"}
    changes = {
        "outsider relabels it": (FENCED, privileged, {}, OUTSIDER, "", RELABELS),
        "outsider relabels it by its status": (
            FENCED,
            privileged,
            {},
            OUTSIDER,
            "status",
            RELABELS,
        ),
        "outsider relabels it by its end": (
            FENCED,
            privileged,
            {},
            OUTSIDER,
            "finalize",
            RELABELS,
        ),
        "outsider annotates it": (FENCED, {}, {"note": "1"}, OUTSIDER, "", ""),
        "writer relabels it": (FENCED, {"more": "1"}, {}, WRITERS["group"], "", ""),
        "outsider relabels another one": (ELSEWHERE, privileged, {}, OUTSIDER, "", ""),
    }
    for title, (name, labels, notes, (user, groups), subresource, said) in changes.items():
        plain = {"kubernetes.io/metadata.name": name}
        old = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": plain}}
        new = {**old, "metadata": {"name": name, "labels": {**plain, **labels}, "annotations": notes}}
        asked = Request("UPDATE", "", "Namespace", "namespaces", "", name, new, old, subresource, user, groups)
        yield f"Namespace: {title}", Row(asked, said)
    old = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": FENCED, "labels": {}}}
    asked = Request("DELETE", "", "Namespace", "namespaces", "", FENCED, None, old, user="bob", groups=OUTSIDER[1])
    yield "Namespace: outsider deletes it", Row(asked, "")
