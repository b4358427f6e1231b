"""Who can reach whom: workloads, owners, variants, ingress controllers, firewalls, and the forms of the answer."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

import pytest

from mcpfence.reach.connectivity.connections import connections
from mcpfence.reach.connectivity.csv_form import as_csv
from mcpfence.reach.connectivity.json_form import as_json, document
from mcpfence.reach.connectivity.list_form import as_list, focused
from mcpfence.reach.documents.further_networks import FURTHER_NETWORKS
from reaching.loading import firewall, load, namespace, pod, policy, rule

DENY = policy("deny", {"policyTypes": ["Ingress", "Egress"]})


def lines(*documents: Any, focus: str = "") -> list[str]:
    """The lines of some documents."""
    return as_list(connections(documents), focus).splitlines()


def inside(*documents: Any) -> list[str]:
    """The lines between workloads."""
    return [line for line in lines(*documents) if "[External]" not in line]


def workload(kind: str, api: str, spec: Any, **metadata: Any) -> dict[str, Any]:
    """One object with pods."""
    return {"apiVersion": api, "kind": kind, "metadata": {"name": "w", **metadata}, "spec": spec}


TEMPLATE = {
    "metadata": {"labels": {"app": "w"}},
    "spec": {"containers": [{"ports": [{"name": "http", "containerPort": 80}]}]},
}


@pytest.mark.parametrize(
    ("kind", "api", "spec"),
    [
        ("Deployment", "apps/v1", {"template": TEMPLATE}),
        ("Deployment", "extensions/v1beta1", {"template": TEMPLATE}),
        ("StatefulSet", "apps/v1", {"template": TEMPLATE}),
        ("DaemonSet", "apps/v1", {"template": TEMPLATE}),
        ("ReplicaSet", "apps/v1", {"template": TEMPLATE}),
        ("ReplicationController", "v1", {"template": TEMPLATE}),
        ("Job", "batch/v1", {"template": TEMPLATE}),
        ("CronJob", "batch/v1", {"jobTemplate": {"spec": {"template": TEMPLATE}}}),
    ],
)
def test_workloads_of_every_kind(kind: str, api: str, spec: Any) -> None:
    """Labels and ports come from the pod template, the name from the workload, the namespace from the default."""
    allow = {"podSelector": {"matchLabels": {"app": "w"}}, "ingress": [{"ports": [{"port": "http"}]}]}

    assert inside(workload(kind, api, spec), pod("x"), policy("p", allow)) == [
        f"default/w[{kind}] => default/x[Pod] : All Connections",
        f"default/x[Pod] => default/w[{kind}] : TCP 80",
    ]


@pytest.mark.parametrize(
    ("references", "text"),
    [
        ([{"kind": "ReplicaSet", "name": "web-1", "controller": True}], "default/web-1[ReplicaSet]"),
        ([{"kind": "ReplicaSet", "name": "web-1", "controller": False}], "default/web-abc[Pod]"),
        ([{"kind": "ReplicaSet", "name": "web-1"}], "default/web-abc[Pod]"),
        ([{"kind": "Node", "name": "n", "controller": True}], "default/web-abc[Pod]"),
        ([{"name": "web-1", "controller": True}], "default/web-1[Pod]"),
        ([{"kind": "A", "name": "a"}, {"kind": "B", "name": "b", "controller": True}], "default/b[B]"),
        (None, "default/web-abc[Pod]"),
        ([None, {"controller": True}], "default/web-abc[Pod]"),
    ],
)
def test_pods_stand_for_their_owner(references: Any, text: str) -> None:
    """The controller counts; a node owns mirror pods, which count as pods."""
    one = pod("web-abc")
    one["metadata"]["ownerReferences"] = references

    assert list(connections([one]).workloads) == [text]


def owned(name: str, labels: dict[str, str]) -> dict[str, Any]:
    """A pod of the ReplicaSet web."""
    one = pod(name, labels)
    one["metadata"]["ownerReferences"] = [{"kind": "ReplicaSet", "name": "web", "controller": True}]
    return one


def test_labels_that_no_policy_looks_at_do_not_matter() -> None:
    """Pods of one owner that differ in a hash are one workload."""
    allow = {
        "podSelector": {"matchLabels": {"app": "web"}},
        "ingress": [{"from": [{"podSelector": {"matchLabels": {"app": "x"}}}]}],
    }
    documents = [
        owned("web-1", {"app": "web", "h": "1"}),
        owned("web-2", {"app": "web", "h": "2"}),
        pod("x", {"app": "x"}),
        policy("p", allow),
    ]

    found = connections(documents)

    assert not found.cautions
    assert [line for line in as_list(found).splitlines() if "External" not in line] == [
        "default/web[ReplicaSet] => default/x[Pod] : All Connections",
        "default/x[Pod] => default/web[ReplicaSet] : All Connections",
    ]


def test_labels_that_policies_tell_apart_are_said() -> None:
    """Pods of one owner that policies treat differently: the lines are those of any of them, and it is said."""
    open_80 = {"podSelector": {"matchLabels": {"t": "1"}}, "ingress": [{"ports": [{"port": 80}]}]}
    open_90 = {"podSelector": {"matchLabels": {"t": "2"}}, "ingress": [{"ports": [{"port": 90}]}]}
    documents = [
        owned("web-1", {"t": "1"}),
        owned("web-2", {"t": "2"}),
        pod("x"),
        policy("a", open_80),
        policy("b", open_90),
    ]

    found = connections(documents)

    assert list(found.cautions) == [
        "default/web[ReplicaSet] has pods with different labels, and policies tell them apart: lines hold for some"
    ]
    assert "default/x[Pod] => default/web[ReplicaSet] : TCP 80,90" in as_list(found).splitlines()


def test_the_later_of_two_workloads_of_one_name_counts() -> None:
    """As kubectl apply would have it."""
    allow = {"podSelector": {"matchLabels": {"v": "2"}}, "policyTypes": ["Ingress"]}

    assert inside(pod("w", {"v": "1"}), pod("w", {"v": "2"}), pod("x"), policy("p", allow)) == [
        "default/w[Pod] => default/x[Pod] : All Connections"
    ]


def test_no_workloads_no_lines() -> None:
    """Policies alone say nothing of who reaches whom."""
    assert lines(DENY) == []
    assert lines() == []


def test_a_workload_does_not_reach_itself() -> None:
    """There is no line from a workload to itself, replicas or not."""
    assert lines(pod("a")) == [
        "0.0.0.0-255.255.255.255[External] => default/a[Pod] : All Connections",
        "default/a[Pod] => 0.0.0.0-255.255.255.255[External] : All Connections",
    ]


def test_namespaces_that_are_not_there_have_their_name() -> None:
    """The label kubernetes.io/metadata.name needs no Namespace object, and other labels need one."""
    by_name = {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "a"}}}
    by_label = {"namespaceSelector": {"matchLabels": {"team": "x"}}}
    pods = [pod("p", namespace="a"), pod("q", namespace="b"), pod("w")]

    named = inside(*pods, policy("p", {"ingress": [{"from": [by_name]}]}))
    unknown = inside(*pods, policy("p", {"ingress": [{"from": [by_label]}]}))
    known = inside(*pods, namespace("b", {"team": "x"}), policy("p", {"ingress": [{"from": [by_label]}]}))

    assert [line for line in named if "=> default/w" in line] == ["a/p[Pod] => default/w[Pod] : All Connections"]
    assert [line for line in unknown if "=> default/w" in line] == []
    assert [line for line in known if "=> default/w" in line] == ["b/q[Pod] => default/w[Pod] : All Connections"]


def test_lists_are_unrolled() -> None:
    """Lists of every kind give their items; those of a typed list need no kind of their own."""
    one, two = pod("a"), pod("b")
    for item in (one, two):
        del item["kind"], item["apiVersion"]
    listed = {"apiVersion": "v1", "kind": "PodList", "items": [one, two]}

    assert len(connections([{"apiVersion": "v1", "kind": "List", "items": [listed, DENY]}]).workloads) == 2


@pytest.mark.parametrize(
    ("ports", "text"),
    [
        ([{"port": 80}, {"port": 81}, {"port": 90}], "TCP 80-81,90"),
        ([{"protocol": "UDP"}, {"port": 80}], "TCP 80,UDP 1-65535"),
        ([{"protocol": "SCTP", "port": 9}, {"protocol": "UDP", "port": 53}, {"port": 1}], "SCTP 9,TCP 1,UDP 53"),
        ([{"protocol": "TCP"}, {"protocol": "UDP"}, {"protocol": "SCTP"}], "All Connections"),
        ([], "All Connections"),
    ],
)
def test_how_ports_are_written(ports: Any, text: str) -> None:
    """Protocols by name, ports ascending, ranges joined; all ports of all three are all connections."""
    assert f"default/x[Pod] => default/w[Pod] : {text}" in lines(
        pod("w", {"app": "w"}),
        pod("x"),
        policy("p", {"podSelector": {"matchLabels": {"app": "w"}}, "ingress": [{"ports": ports}]}),
    )


def test_addresses_are_cut_where_blocks_end() -> None:
    """Ranges end where a block of any rule of the direction begins or ends, although nothing differs there."""
    halves = [{"ipBlock": {"cidr": "10.0.0.0/9"}}, {"ipBlock": {"cidr": "10.128.0.0/9"}}]
    spec = {"podSelector": {}, "policyTypes": ["Ingress"], "ingress": [{"from": halves}], "egress": []}

    assert [line for line in lines(pod("w"), policy("p", spec)) if line.startswith(("0", "1"))] == [
        "10.0.0.0-10.127.255.255[External] => default/w[Pod] : All Connections",
        "10.128.0.0-10.255.255.255[External] => default/w[Pod] : All Connections",
    ]
    assert "default/w[Pod] => 0.0.0.0-255.255.255.255[External] : All Connections" in lines(pod("w"), policy("p", spec))


INGRESS = """
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {selector: {app: web}, ports: [{name: www, port: 80, targetPort: http}, {name: adm, port: 81, targetPort: 9090}]}
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: i}
spec:
  rules:
  - http: {paths: [{path: /, backend: {service: {name: web, port: {%s}}}}]}
  - {host: a.example}
"""
ROUTE = """
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {selector: {app: web}, ports: [{name: www, port: 80, targetPort: http}, {name: adm, port: 81, targetPort: 9090}]}
---
apiVersion: route.openshift.io/v1
kind: Route
metadata: {name: r}
spec: {to: {kind: Service, name: web}%s}
"""
WEB = pod("web", {"app": "web"}, ports=[("http", "TCP", 8080), ("admin", "TCP", 9090)])


@pytest.mark.parametrize(
    ("text", "ports"),
    [
        (INGRESS % "number: 80", "TCP 8080"),
        (INGRESS % "name: adm", "TCP 9090"),
        (INGRESS % "number: 82", None),
        (ROUTE % "", "TCP 8080,9090"),
        (ROUTE % ", port: {targetPort: http}", "TCP 8080"),
        (ROUTE % ", port: {targetPort: 9090}", "TCP 9090"),
        (ROUTE % ", alternateBackends: [{kind: Service, name: other}]", "TCP 8080,9090"),
        ((ROUTE % "").replace("kind: Service, name: web}", "kind: Other, name: web}"), None),
        ((INGRESS % "number: 80").replace("selector: {app: web}, ", ""), None),
        ((ROUTE % ", port: {targetPort: http}").replace("targetPort: 9090", "targetPort: http"), "TCP 8080"),
        ((ROUTE % ", port: {targetPort: 80}").replace("port: 81", "port: 80"), "TCP 8080"),
    ],
)
def test_ingress_controllers(text: str, ports: str | None) -> None:
    """Ingress and Route objects lead to the container ports behind the Service's matching ports."""
    found = [line for line in lines(WEB, *load(text)) if line.startswith("{")]

    assert found == ([f"{{ingress-controller}} => default/web[Pod] : {ports}"] if ports else [])


def test_policies_stop_ingress_controllers() -> None:
    """The controller is a pod without labels in a namespace of its own: rules for pods of other labels do not mean it."""
    documents = [WEB, *load(INGRESS % "number: 80")]
    closed = policy("p", {"ingress": [{"from": [{"namespaceSelector": {"matchLabels": {"a": "b"}}}]}]})
    opened = policy("p", {"ingress": [{"from": [{"namespaceSelector": {}}], "ports": [{"port": "http"}]}]})

    assert [line for line in lines(*documents, closed) if line.startswith("{")] == []
    assert [line for line in lines(*documents, opened) if line.startswith("{")] == [
        "{ingress-controller} => default/web[Pod] : TCP 8080"
    ]


@pytest.mark.parametrize(
    ("focus", "texts"),
    [
        ("web", {"default/web[Pod]", "other/web[Pod]"}),
        ("other/web", {"other/web[Pod]"}),
        ("ingress-controller", {"{ingress-controller}"}),
        ("none", set()),
        ("default/none", set()),
    ],
)
def test_focus(focus: str, texts: set[str]) -> None:
    """A workload's name, or namespace and name: one end of every line is it."""
    documents = [WEB, pod("web", namespace="other"), pod("x"), *load(INGRESS % "number: 80")]
    found = connections(documents)

    assert focused(found, focus) == texts
    ends = [set(line.split(" : ")[0].split(" => ")) for line in as_list(found, focus).splitlines()]
    assert all(pair & texts for pair in ends)
    assert bool(ends) == bool(texts)
    assert len(document(found, focus)["connections"]) <= len(document(found)["connections"])


def test_host_network_is_said() -> None:
    """Most engines apply no policy there, and the lines assume one: a caution."""
    one = pod("node-agent")
    one["spec"]["hostNetwork"] = True

    assert list(connections([one]).cautions) == [
        "default/node-agent[Pod] is on the host network: most engines apply no policy there, and these lines assume one"
    ]


@pytest.mark.parametrize("key", FURTHER_NETWORKS)
def test_further_networks_are_said(key: str) -> None:
    """What Multus or GKE adds is beyond the policies of the cluster's network."""
    one = pod("cache")
    one["metadata"]["annotations"] = {key: "default/storage"}

    assert list(connections([one]).cautions) == [
        "default/cache[Pod] has further networks, where no policy holds: these lines are those of the cluster's own"
    ]


def wall(*rules: Any) -> dict[str, Any]:
    """A FirewallPolicy of the namespace default."""
    groups = [
        {"name": "any", "selectors": [{"cidr": "0.0.0.0/0"}]},
        {"name": "net", "selectors": [{"cidr": "10.0.0.0/8"}]},
        {"name": "pods", "selectors": [{"type": "k8s", "k8sNamespace": "default", "tags": {"app": "x"}}]},
    ]
    web = [{"name": "names", "domains": ["api.example.com", "*.example.org"]}]
    return firewall("w", {"smartGroups": groups, "webGroups": web, "rules": list(rules)})


def test_firewalls_stand_behind_the_source() -> None:
    """What a pod may reach passes its firewall too; who may reach it does not.  A block may hold pods' addresses."""
    rules = [
        rule("pods", "permit", "pods", protocol="tcp", port=80),
        rule("web", "permit", "net", protocol="tcp", port=443, web="names"),
        rule("deny", "deny", "any"),
    ]
    for one in rules:
        one["selector"] = {"matchLabels": {"app": "w"}}

    assert lines(pod("w", {"app": "w"}), pod("x", {"app": "x"}), pod("y"), wall(*rules), focus="w") == [
        "0.0.0.0-255.255.255.255[External] => default/w[Pod] : All Connections",
        "default/w[Pod] => 10.0.0.0-10.255.255.255[External] : TCP 443",
        "default/w[Pod] => 169.254.0.0-169.254.255.255[External] : All Connections",
        "default/w[Pod] => default/x[Pod] : TCP 80,443",
        "default/w[Pod] => default/y[Pod] : TCP 443",
        "default/x[Pod] => default/w[Pod] : All Connections",
        "default/y[Pod] => default/w[Pod] : All Connections",
    ]


def test_a_group_that_is_defined_elsewhere_is_unknown() -> None:
    """No line rests on it, and the workload is named."""
    spec = {"rules": [{"name": "r", "action": "deny", "destinationSmartGroups": [{"uuid": "1"}]}]}

    found = connections([pod("w"), firewall("w", spec)])

    assert found.unknown == (("default/w[Pod]", "egress"),)
    assert "default/w[Pod] => 0.0.0.0" not in as_list(found)


DOCUMENT = {
    "format": "mcpfence.reach/v1",
    "workloads": ["default/w[Pod]", "default/x[Pod]"],
    "connections": [
        {
            "from": {"addresses": ["10.0.0.0-10.0.0.255", "fd00::-fd00::ff"]},
            "to": {"workload": "default/w[Pod]"},
            "traffic": {"TCP": ["80", "90-99"], "UDP": ["53"]},
        },
        {
            "from": {"workload": "default/w[Pod]"},
            "to": {"addresses": ["10.0.0.0-10.255.255.255"]},
            "traffic": {"TCP": ["443"]},
            "names": ["api.example.com", "*.example.org"],
        },
        {
            "from": {"workload": "default/w[Pod]"},
            "to": {"addresses": ["10.0.0.0-10.255.255.255"]},
            "traffic": {"ICMP": True},
        },
        {
            "from": {"workload": "default/w[Pod]"},
            "to": {"addresses": ["169.254.0.0-169.254.255.255", "fe80::-febf:ffff:ffff:ffff:ffff:ffff:ffff:ffff"]},
            "traffic": {"all": True},
        },
        {
            "from": {"workload": "default/x[Pod]"},
            "to": {"addresses": ["0.0.0.0-255.255.255.255", "::-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"]},
            "traffic": {"all": True},
        },
    ],
    "unknown": [{"workload": "default/x[Pod]", "direction": "ingress"}],
    "problems": [{"document": "NetworkPolicy default/bad", "field": "spec.ingress[0].from[0]", "reason": "is missing"}],
    "notEvaluated": [
        {"document": "GlobalNetworkPolicy g", "apiGroup": "other.example", "namespace": None, "selects": None}
    ],
    "cautions": [],
}


def test_the_json_form() -> None:
    """The whole document: both families, names, ICMP, what is unknown and what was not evaluated."""
    source = {"from": [{"ipBlock": {"cidr": "10.0.0.0/24"}}, {"ipBlock": {"cidr": "fd00::/120"}}]}
    ports = [{"port": 80}, {"port": 90, "endPort": 99}, {"port": 53, "protocol": "UDP"}]
    selected = {"podSelector": {"matchLabels": {"app": "w"}}}
    rules = [
        rule("web", "permit", "net", protocol="tcp", port=443, web="names", selector=selected["podSelector"]),
        rule("ping", "permit", "net", protocol="icmp", selector=selected["podSelector"]),
        rule("deny", "deny", "any", selector=selected["podSelector"]),
        {**rule("deny6", "deny", "six"), "selector": selected["podSelector"]},
    ]
    walled = wall(*rules)
    walled["spec"]["smartGroups"].append({"name": "six", "selectors": [{"cidr": "::/0"}]})
    documents = [
        pod("w", {"app": "w"}),
        pod("x", {"app": "x"}),
        policy("p", {**selected, "ingress": [{**source, "ports": ports}]}),
        policy("bad", {"podSelector": {"matchLabels": {"app": "x"}}, "ingress": [{"from": [None]}]}),
        {"apiVersion": "other.example/v1", "kind": "GlobalNetworkPolicy", "metadata": {"name": "g"}, "spec": {}},
        walled,
    ]

    found = connections(documents)

    assert document(found) == DOCUMENT
    assert json.loads(as_json(found)) == DOCUMENT
    assert as_json(found).endswith("}\n")


def test_the_csv_form() -> None:
    """Header and rows as the text has them; fields with commas are quoted."""
    spec = {"podSelector": {"matchLabels": {"app": "w"}}, "ingress": [{"ports": [{"port": 80}, {"port": 90}]}]}
    found = connections([pod("w", {"app": "w"}), pod("x"), policy("p", spec)])

    text = as_csv(found)

    assert 'default/x[Pod],default/w[Pod],"TCP 80,90"\n' in text
    rows = list(csv.reader(io.StringIO(text)))
    assert rows[0] == ["src", "dst", "conn"]
    assert [f"{source} => {target} : {conn}" for source, target, conn in rows[1:]] == as_list(found).splitlines()
