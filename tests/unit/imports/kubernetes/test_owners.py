"""Who belongs to whom: only what a workload of the input made is left out; what an operator made is imported."""

from __future__ import annotations

import json
from typing import Any

import pytest
import yaml

from mcpfence.imports.run import Imported, Request, import_texts
from mcpfence.imports.shared.source import Text


def _owned(kind: str, name: str, version: str = "apps/v1", *, controller: bool = True) -> list[dict[str, Any]]:
    return [{"apiVersion": version, "kind": kind, "name": name, "controller": controller}]


def _object(kind: str, name: str, owners: Any = None, labels: Any = None, **spec: Any) -> dict[str, Any]:
    """A workload or pod of namespace agents whose pods are app=notes and listen on 8080."""
    labels = {"app": "notes", **(labels or {})}
    metadata: dict[str, Any] = {"name": name, "namespace": "agents"} | ({"ownerReferences": owners} if owners else {})
    pod = {"containers": [{"name": "c", "image": "example/notes:1", "ports": [{"containerPort": 8080}]}]}
    if kind == "Pod":
        return {"apiVersion": "v1", "kind": kind, "metadata": {**metadata, "labels": labels}, "spec": pod}
    body = {"selector": {"matchLabels": labels}, "template": {"metadata": {"labels": labels}, "spec": pod}, **spec}
    return {"apiVersion": "apps/v1", "kind": kind, "metadata": metadata, "spec": body}


def _imported(*items: dict[str, Any]) -> Imported:
    text = json.dumps({"kind": "List", "apiVersion": "v1", "items": items})
    return import_texts([Text("cluster.json", text)], Request(format="kubernetes"))


def _servers(found: Imported) -> dict[str, Any]:
    catalog = yaml.safe_load(found.text) if found.text else {}
    return {name: one["podSelector"] for name, one in catalog.get("servers", {}).items()}


_RS = {"pod-template-hash": "7d9f"}
_CR = _owned("MCPServer", "notes", "mcp.example.com/v1")
_ONE = {"notes": {"app": "notes"}}


@pytest.mark.parametrize(
    ("items", "servers"),
    [
        ([_object("Deployment", "notes", _CR)], _ONE),
        ([_object("StatefulSet", "notes", _CR)], _ONE),
        ([_object("DaemonSet", "notes", _owned("Agent", "x", "example.com/v1"), {"part": "mcp"})], {"notes": {"app": "notes", "part": "mcp"}}),
        ([_object("Pod", "notes-a", _CR)], _ONE),
        ([_object("Pod", "notes-7d9f-a", _owned("ReplicaSet", "notes-7d9f"), {**_RS, "x": "mcp"})], {"notes": {"app": "notes", "x": "mcp"}}),
        ([_object("Pod", f"notes-7d9f-{end}", _owned("ReplicaSet", "notes-7d9f"), {**_RS, "x": "mcp"}) for end in "ab"], {"notes": {"app": "notes", "x": "mcp"}}),
        ([_object("Pod", "mcp-0", _owned("StatefulSet", "mcp"), {"statefulset.kubernetes.io/pod-name": "mcp-0"})], {"mcp": {"app": "notes"}}),
        ([_object("ReplicaSet", "mcp-7d9f", _owned("Deployment", "mcp"), _RS)], {"mcp": {"app": "notes"}}),
        ([_object("ReplicaSet", "mcp-7d9f", _owned("Rollout", "mcp", "argoproj.io/v1alpha1"), {"rollouts-pod-template-hash": "7d9f"})], {"mcp": {"app": "notes"}}),
        ([_object("Deployment", "mcp"), _object("ReplicaSet", "mcp-7d9f", _owned("Deployment", "mcp"), _RS), _object("Pod", "mcp-7d9f-a", _owned("ReplicaSet", "mcp-7d9f"), _RS)], {"mcp": {"app": "notes"}}),
        ([_object("Deployment", "mcp"), _object("Pod", "mcp-7d9f-a", _owned("ReplicaSet", "mcp-7d9f"), _RS)], {"mcp": {"app": "notes"}}),
        ([_object("ReplicaSet", "mcp-1", _owned("Deployment", "mcp"), {"pod-template-hash": "1"}, replicas=0), _object("ReplicaSet", "mcp-2", _owned("Deployment", "mcp"), {"pod-template-hash": "2"})], {"mcp": {"app": "notes"}}),
        ([_object("Pod", "mcp", [{"apiVersion": "v1", "kind": "Node", "name": "n1", "controller": True}])], {"mcp": {"app": "notes"}}),
        ([_object("Deployment", "mcp", _owned("ConfigMap", "x", "v1", controller=False))], {"mcp": {"app": "notes"}}),
        ([_object("Deployment", "mcp", "nonsense")], {"mcp": {"app": "notes"}}),
    ],
    ids=["of an operator", "its StatefulSet", "its DaemonSet", "its pod", "a pod alone", "pods alone", "of a StatefulSet", "a ReplicaSet alone", "of a Rollout", "all three", "two of three", "the past", "of a node", "an owner that controls nothing", "nonsense"],
)  # fmt: skip
def test_what_is_a_workload_of_its_own(items: list[dict[str, Any]], servers: dict[str, Any]) -> None:
    """Each workload is imported once, whichever of its objects are there, and whoever made it."""
    assert _servers(_imported(*items)) == servers


def test_the_operators_own_resource_is_no_workload() -> None:
    """A resource that is in the input beside what was made of it covers nothing: its pods are the Deployment's."""
    resource = {
        "apiVersion": "mcp.example.com/v1",
        "kind": "MCPServer",
        "metadata": {"name": "notes", "namespace": "agents"},
    }

    assert _servers(_imported(resource, _object("Deployment", "notes", _CR))) == _ONE


def test_toolhives_proxies_are_no_servers() -> None:
    """An MCPServer of ToolHive owns the proxy's Deployment as well, which becomes a workload where it has a policy."""
    proxy = _object(
        "Deployment", "notes", _owned("MCPServer", "notes", "toolhive.stacklok.dev/v1beta1"), {"app": "mcpserver"}
    )

    assert _servers(_imported(_object("StatefulSet", "mcp-notes", labels={"app": "other"}), proxy)) == {"mcp-notes": {"app": "other"}}  # fmt: skip


def test_pods_of_one_owner_that_differ_stand_for_themselves() -> None:
    """What one pod may is not what its sibling may: each is imported under its own name, and that is said."""
    first, second = (
        _object("Pod", name, _owned("StatefulSet", "mcp"), {"role": role})
        for name, role in (("mcp-0", "reader"), ("mcp-1", "writer"))
    )
    found = _imported(first, second)

    assert _servers(found) == {"mcp-0": {"app": "notes", "role": "reader"}, "mcp-1": {"app": "notes", "role": "writer"}}
    assert [one.message for one in found.findings if one.id == "import-guess"] == [
        f"cluster.json:1 items[{i}]: pods of StatefulSet agents/mcp differ in their labels or ports; "
        f"imported this one by itself, as mcp-{i}"
        for i in (0, 1)
    ]


def test_an_operators_policy_comes_back() -> None:
    """A NetworkPolicy that an operator owns adds to the catalog's for good: the warning names its owner."""
    policy = {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": "notes", "namespace": "agents", "ownerReferences": _CR},
        "spec": {"podSelector": {"matchLabels": {"app": "notes"}}, "policyTypes": ["Egress"], "egress": [{}]},
    }
    found = _imported(_object("Deployment", "notes", _CR), policy)

    assert [one.message for one in found.findings if one.id == "import-owned-policy"] == [
        "cluster.json:1 items[1]: belongs to MCPServer agents/notes, whose operator makes it again when it is deleted, and "
        "policies add up; narrow it or turn it off where its owner is declared"
    ]


def test_jobs_are_said_once() -> None:
    """Jobs and their pods are not imported; one warning stands for all pods of a Job, none for those of a CronJob."""
    job = _owned("Job", "load", "batch/v1")
    found = _imported(
        _object("Deployment", "mcp"),
        *(_object("Pod", f"load-{end}", job, {"app": "load"}) for end in "ab"),
        _object("CronJob", "tidy", labels={"app": "tidy"}),
        _object("Job", "tidy-123", _owned("CronJob", "tidy", "batch/v1"), {"app": "tidy"}),
        _object("Pod", "tidy-123-x", _owned("Job", "tidy-123", "batch/v1"), {"app": "tidy"}),
    )

    assert [one.message for one in found.findings if " is not imported; " in one.message] == [
        f"cluster.json:1 items[{i}]: {title} is not imported; the floor denies its pods everything; "
        "write a workload for them"
        for i, title in ((1, "Job agents/load"), (3, "CronJob agents/tidy"))
    ]


def test_one_pods_reach_does_not_excuse_another() -> None:
    """Pods of one owner are compared one by one: what the reader may reach is more than today for the writer."""
    from mcpfence.imports.kubernetes.comparison import comparison
    from mcpfence.imports.shared.source import Document, Node

    pods = [_object("Pod", f"mcp-{i}", _owned("StatefulSet", "mcp"), {"role": role}) for i, role in enumerate("rw")]
    opened = {"to": [{"ipBlock": {"cidr": "10.1.0.0/16"}}], "ports": [{"port": 443}]}

    def policy(role: dict[str, str], rules: list[Any]) -> dict[str, Any]:
        return {
            "apiVersion": "networking.k8s.io/v1",
            "kind": "NetworkPolicy",
            "metadata": {"name": f"p{len(role)}{len(rules)}", "namespace": "agents"},
            "spec": {"podSelector": {"matchLabels": role}, "policyTypes": ["Egress"], "egress": rules},
        }

    today = [*pods, policy({"app": "notes"}, []), policy({"role": "r"}, [opened])]
    document = Document("x", today, "")
    change = comparison(
        [Node(document, one, (i,)) for i, one in enumerate(today)], [policy({"app": "notes"}, [opened])], "agents", {}
    )(["StatefulSet agents/mcp"], "egress")

    assert change is not None
    assert change.is_gain
