"""Services: which pods and pod ports stand behind a name, told by the Service object and the pods' templates."""

from __future__ import annotations

from typing import Any

import pytest

from helpers import catalog, errors_of, names, one, one_egress, planned, reach
from mcpfence.kube.services import index

Doc = dict[str, Any]


def service(name: str = "redis", namespace: str = "data", **spec: Any) -> Doc:
    """A Service on port 80 for pods app=redis."""
    full = {"selector": {"app": "redis"}, "ports": [{"port": 80, "targetPort": 6379}], **spec}
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": name} | ({"namespace": namespace} if namespace else {}),
        "spec": full,
    }


def deployment(
    kind: str = "Deployment", labels: Any = None, ports: Any = None, init: Any = None, restart: str = ""
) -> Doc:
    """A workload of namespace data whose pods are app=redis and have these container ports."""
    first = {"ports": init or []} | ({"restartPolicy": restart} if restart else {})
    template: Doc = {
        "metadata": {"labels": labels or {"app": "redis", "tier": "db"}},
        "spec": {"containers": [{"name": "a", "ports": ports or []}], "initContainers": [first]},
    }
    spec = {"jobTemplate": {"spec": {"template": template}}} if kind == "CronJob" else {"template": template}
    metadata: Doc = {"name": "r", "namespace": "data"}
    document: Doc = {"apiVersion": "x", "kind": kind, "metadata": metadata, "spec": spec}
    if kind == "Pod":
        document |= {"metadata": metadata | template["metadata"], "spec": template["spec"]}
    return document


def past(document: Doc) -> Doc:
    """A ReplicaSet of an earlier revision, without pods."""
    document["metadata"]["ownerReferences"] = [{"kind": "Deployment", "name": "r", "controller": True}]
    document["spec"]["replicas"] = 0
    return document


def opened(entry: Doc, *documents: Doc) -> list[str]:
    """What a services entry of server a opens."""
    plan = planned(one_egress(services=[entry]), *documents)
    assert not [finding.message for finding in plan.findings if finding.severity.value == "error"]
    return reach(plan["server a"].egress, "service")["service"]


REDIS = {"name": "redis", "namespace": "data"}

RESOLVED: dict[str, tuple[Doc, list[Doc], list[str]]] = {
    # what: (entry, manifests, what it opens)
    "selector and pod port of the Service": (REDIS, [service()], ["data/app=redis on 6379/TCP"]),
    "podSelector of the catalog wins": (
        {**REDIS, "podSelector": {"app": "other"}},
        [service()],
        ["data/app=other on 6379/TCP"],
    ),
    "ports of the catalog win": ({**REDIS, "ports": [7000]}, [service()], ["data/app=redis on 7000/TCP"]),
    "both of the catalog need no Service": (
        {**REDIS, "podSelector": {"app": "x"}, "ports": ["1-2/UDP"]},
        [],
        ["data/app=x on 1-2/UDP"],
    ),
    "both of the catalog win over an ExternalName": (
        {**REDIS, "podSelector": {"app": "x"}, "ports": [1]},
        [service(type="ExternalName")],
        ["data/app=x on 1/TCP"],
    ),
    "port without targetPort is the pod port": (
        REDIS,
        [service(ports=[{"port": 6379}])],
        ["data/app=redis on 6379/TCP"],
    ),
    "several ports and protocols": (
        REDIS,
        [
            service(
                ports=[{"port": 1, "targetPort": 53, "protocol": "UDP"}, {"port": 53}, {"port": 9, "protocol": "SCTP"}]
            )
        ],
        ["data/app=redis on 53/TCP, 53/UDP, 9/SCTP"],
    ),
    "a headless Service": (REDIS, [service(clusterIP="None")], ["data/app=redis on 6379/TCP"]),
    "named port of the pods": (
        REDIS,
        [
            service(ports=[{"port": 80, "targetPort": "redis"}]),
            deployment(ports=[{"name": "redis", "containerPort": 6380}]),
        ],
        ["data/app=redis on 6380/TCP"],
    ),
    "named port with one number in each template": (
        REDIS,
        [
            service(ports=[{"port": 80, "targetPort": "redis"}]),
            deployment(ports=[{"name": "redis", "containerPort": 6380}]),
            deployment("StatefulSet", ports=[{"name": "redis", "containerPort": 6380}]),
        ],
        ["data/app=redis on 6380/TCP"],
    ),
    "named port of the first container that has it": (
        REDIS,
        [
            service(ports=[{"port": 80, "targetPort": "redis"}]),
            deployment(
                ports=[{"name": "redis", "containerPort": 6380}, {"name": "redis", "containerPort": 6381}],
                init=[{"name": "redis", "containerPort": 6382}],
            ),
        ],
        ["data/app=redis on 6380/TCP"],
    ),
    "named port of each protocol": (
        REDIS,
        [
            service(
                ports=[
                    {"port": 53, "targetPort": "dns"},
                    {"port": 53, "targetPort": "dns", "protocol": "UDP"},
                ]
            ),
            deployment(
                ports=[
                    {"name": "dns", "containerPort": 5353},
                    {"name": "dns", "containerPort": 5354, "protocol": "UDP"},
                ]
            ),
        ],
        ["data/app=redis on 5353/TCP, 5354/UDP"],
    ),
    "named port beside a revision of the past": (
        REDIS,
        [
            service(ports=[{"port": 80, "targetPort": "redis"}]),
            deployment(ports=[{"name": "redis", "containerPort": 6380}]),
            past(deployment("ReplicaSet", ports=[{"name": "redis", "containerPort": 6390}])),
        ],
        ["data/app=redis on 6380/TCP"],
    ),
    "named port of a sidecar": (
        REDIS,
        [
            service(ports=[{"port": 80, "targetPort": "redis"}]),
            deployment(init=[{"name": "redis", "containerPort": 6381}], restart="Always"),
        ],
        ["data/app=redis on 6381/TCP"],
    ),
    "named port of pods that the catalog selects": (
        {**REDIS, "podSelector": {"tier": "db"}},
        [
            service(ports=[{"port": 80, "targetPort": "redis"}]),
            deployment(labels={"tier": "db"}, ports=[{"name": "redis", "containerPort": 6382}]),
        ],
        ["data/tier=db on 6382/TCP"],
    ),
    "the Service of the right namespace": (
        REDIS,
        [service(namespace="other", ports=[{"port": 1}]), service(), service("else", ports=[{"port": 2}])],
        ["data/app=redis on 6379/TCP"],
    ),
    "the namespace of the policies is the default": (
        {"name": "redis"},
        [service(namespace="demo-mcp")],
        ["demo-mcp/app=redis on 6379/TCP"],
    ),
    "a manifest without a namespace lives in the release's own": (
        {"name": "redis", "namespace": "home"},
        [service(namespace="")],
        ["home/app=redis on 6379/TCP"],
    ),
    "mode namespace": (
        {**REDIS, "mode": "namespace", "ports": [6379, "53/UDP"]},
        [],
        ["data/* on 6379/TCP, 53/UDP"],
    ),
    "mode cidr": (
        {**REDIS, "mode": "cidr", "cidrs": ["10.9.0.0/16", "10.8.0.0/16"], "ports": "all"},
        [],
        ["10.8.0.0/16 on every protocol and port", "10.9.0.0/16 on every protocol and port"],
    ),
}


@pytest.mark.parametrize(("entry", "documents", "expected"), RESOLVED.values(), ids=RESOLVED)
def test_what_an_entry_opens(entry: Doc, documents: list[Doc], expected: list[str]) -> None:
    """Ports are pod ports; what the catalog writes wins, the Service of the input gives the rest."""
    assert opened(entry, *documents) == expected


@pytest.mark.parametrize("kind", ["Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "Job", "CronJob", "Pod"])
def test_named_ports_of_every_workload(kind: str) -> None:
    """Each kind of workload has pods, and those have the port's name."""
    found = opened(
        REDIS,
        service(ports=[{"port": 80, "targetPort": "redis"}]),
        deployment(kind, ports=[{"name": "redis", "containerPort": 6380}]),
    )

    assert found == ["data/app=redis on 6380/TCP"]


EACH = "write one entry for each kind of pods, with its podSelector and ports"
NO_PORTS = "write ports here (ports are pod ports, the Service's targetPort)"
NEITHER = "write podSelector and ports here (ports are pod ports, the Service's targetPort)"
UNRESOLVED: dict[str, tuple[Doc, list[Doc], str]] = {
    # what: (entry, manifests, what is said behind the place)
    "no such Service": (
        REDIS,
        [service("other"), service(namespace="other")],
        f"has no podSelector and ports, and Service data/redis is not in the input; {NEITHER}, or pass the Service with -f",
    ),
    "an ExternalName": (
        REDIS,
        [service(type="ExternalName", selector=None)],
        f"Service data/redis is an ExternalName Service, which stands for a name outside the cluster; {NEITHER}",
    ),
    "an ExternalName for its ports": (
        {**REDIS, "podSelector": {"app": "x"}},
        [service(type="ExternalName")],
        f"Service data/redis is an ExternalName Service, which stands for a name outside the cluster; {NO_PORTS}",
    ),
    "no selector": (REDIS, [service(selector=None)], f"Service data/redis is a Service without a selector; {NEITHER}"),
    "an empty selector": (
        REDIS,
        [service(selector={})],
        f"Service data/redis is a Service without a selector; {NEITHER}",
    ),
    "no ports": (REDIS, [service(ports=[])], f"Service data/redis is a Service without ports; {NEITHER}"),
    "a named port without any pods": (
        REDIS,
        [service(ports=[{"port": 80, "targetPort": "redis"}])],
        f'Service data/redis has the target port "redis", which no pod template of the input names; {NEITHER}',
    ),
    "a named port of other pods": (
        REDIS,
        [
            service(ports=[{"port": 80, "targetPort": "redis"}]),
            deployment(labels={"app": "other"}, ports=[{"name": "redis", "containerPort": 1}]),
        ],
        f'Service data/redis has the target port "redis", which no pod template of the input names; {NEITHER}',
    ),
    "a named port with another number in each template": (
        REDIS,
        [
            service(ports=[{"port": 80, "targetPort": "redis"}]),
            deployment(ports=[{"name": "redis", "containerPort": 6380}]),
            deployment("StatefulSet", ports=[{"name": "redis", "containerPort": 6390}]),
        ],
        f'Service data/redis has the target port "redis", which is 6380 in Deployment r and 6390 in StatefulSet r; {EACH}',
    ),
    "a named port that some of the pods lack": (
        REDIS,
        [
            service(ports=[{"port": 80, "targetPort": "redis"}]),
            deployment(ports=[{"name": "redis", "containerPort": 6380}]),
            deployment("Job"),
        ],
        f'Service data/redis has the target port "redis", which is 6380 in Deployment r and not there in Job r; {EACH}',
    ),
    "a named port of an init container that ends": (
        REDIS,
        [
            service(ports=[{"port": 80, "targetPort": "redis"}]),
            deployment(init=[{"name": "redis", "containerPort": 6381}]),
        ],
        f'Service data/redis has the target port "redis", which no pod template of the input names; {NEITHER}',
    ),
    "a named port of another protocol": (
        REDIS,
        [
            service(ports=[{"port": 80, "targetPort": "redis"}]),
            deployment(ports=[{"name": "redis", "containerPort": 1, "protocol": "UDP"}]),
        ],
        f'Service data/redis has the target port "redis", which no pod template of the input names; {NEITHER}',
    ),
    "a named port with an impossible number": (
        REDIS,
        [
            service(ports=[{"port": 80, "targetPort": "redis"}]),
            deployment(ports=[{"name": "redis", "containerPort": 70000}]),
        ],
        f'Service data/redis has the target port "redis", which no pod template of the input names; {NEITHER}',
    ),
    "a port that is none": (
        REDIS,
        [service(ports=[{"port": 0}])],
        f"Service data/redis has the port 0, which is outside 1 to 65535; {NEITHER}",
    ),
    "a protocol that is none": (
        REDIS,
        [service(ports=[{"port": 1, "protocol": "ICMP"}])],
        f"Service data/redis has a port with the unknown protocol ICMP; {NEITHER}",
    ),
}


@pytest.mark.parametrize(("entry", "documents", "said"), UNRESOLVED.values(), ids=UNRESOLVED)
def test_what_cannot_be_resolved(entry: Doc, documents: list[Doc], said: str) -> None:
    """A Service that cannot give what the entry leaves out is an error that says why and what to write."""
    expected = f"servers.a.egress.services[0]: {said} [service-unresolved]"

    assert errors_of(one_egress(services=[entry]), *documents) == [expected]


@pytest.mark.parametrize(
    "document",
    [None, 1, "Service", [], {}, {"kind": "Service"}, {"kind": "Service", "metadata": {"name": "a"}, "spec": []},
     {"kind": "Service", "metadata": [], "spec": {}}, {"kind": "Deployment", "metadata": {}, "spec": {"template": 1}},
     {"kind": "Pod", "metadata": {"labels": 1}, "spec": {"containers": 1}},
     {"kind": "Service", "metadata": {"name": "a"}, "spec": {"ports": [1, {"port": [1]}], "selector": 1}},
     {"kind": "CronJob", "metadata": {}, "spec": {"jobTemplate": None}}],
    ids=repr,
)  # fmt: skip
def test_odd_manifests_are_passed_over(document: Any) -> None:
    """Manifests of other people may hold anything: what is not understood gives nothing and breaks nothing."""
    found = index([document], "home")

    assert all(not record.ports for record in found.services.values())


def test_back_end_elsewhere_is_a_note() -> None:
    """The ingress of a back-end in another namespace is not ours to write: a note says so."""
    plan = planned(one_egress(services=[REDIS]), service())

    assert plan.messages("back-end-elsewhere") == [
        "servers.a.egress.services[0]: the ingress of redis in namespace data is outside this render; "
        "make sure that its own policies admit these callers"
    ]
    assert list(plan.fences) == ["server a"]


INSIDE = {"name": "redis", "podSelector": {"app": "redis"}, "ports": [6379]}


def test_back_end_inside_gets_its_ingress() -> None:
    """A back-end of the fenced namespace admits the servers and workloads that list it, on the ports that each lists."""
    raw = catalog(
        {
            "a": {"runtime": "containerized", "egress": {"services": [INSIDE]}},
            "b": {"runtime": "containerized", "egress": {"services": [{**INSIDE, "ports": [6379, 6380]}]}},
            "c": {"runtime": "containerized"},
        },
        workloads={
            "w": {
                "podSelector": {"app": "w"},
                "namespace": "tools",
                "egress": {"services": [{**INSIDE, "namespace": "demo-mcp"}]},
            }
        },
    )
    plan = planned(raw)

    assert list(plan.fences) == ["server a", "server b", "server c", "workload w", "service redis"]
    assert reach(plan["service redis"].ingress) == {
        "backend": [
            "demo-mcp/app=a on 6379/TCP",
            "tools/app=w on 6379/TCP",
            "demo-mcp/app=b on 6379-6380/TCP",
        ]
    }
    assert plan["service redis"].egress == ()
    assert plan.ids == set()


def test_back_end_that_is_a_workload() -> None:
    """A workload with an equal selector takes the callers into its own fence; there is no second policy."""
    raw = catalog(
        {"a": {"runtime": "containerized", "egress": {"services": [INSIDE]}}},
        workloads={
            "redis": {"podSelector": {"app": "redis"}, "ingress": {"from": ["gateway"], "ports": [26379]}},
            "other": {"podSelector": {"app": "redis"}, "namespace": "elsewhere"},
        },
    )
    plan = planned(raw)

    assert list(plan.fences) == ["server a", "workload other", "workload redis"]
    assert reach(plan["workload redis"].ingress) == {
        "client": ["gateways/app=gateway on 26379/TCP"],
        "backend": ["demo-mcp/app=a on 6379/TCP"],
    }
    assert plan["workload other"].ingress == ()


def test_back_end_that_is_half_a_workload() -> None:
    """A workload of several selectors, one of which is the back-end's, is no back-end: its other pods would open too."""
    raw = catalog(
        {"a": {"runtime": "containerized", "egress": {"services": [INSIDE]}}},
        workloads={"redis": {"podSelector": [{"app": "redis"}, {"app": "sentinel"}]}},
    )

    assert [line.rpartition(" ")[2] for line in errors_of(raw)] == ["[selector-overlap]"]


def test_service_that_selects_a_server() -> None:
    """A services entry on a server's pods is an error that says to declare the caller as a client."""
    raw = catalog(
        {
            "a": {"runtime": "containerized"},
            "b": {
                "runtime": "containerized",
                "egress": {"services": [{"name": "a", "podSelector": {"app": "a"}, "ports": [1]}]},
            },
        }
    )

    assert errors_of(raw) == [
        'servers.b.egress.services[0]: the service "a" selects pods of server a; declare the caller under clients, '
        "and name it in servers.a.ingress.from [service-selects-server]"
    ]


def test_service_of_the_stream_that_selects_a_server() -> None:
    """The same where the Service object says which pods they are."""
    raw = one_egress(services=[{"name": "tools"}])
    found = errors_of(raw, service("tools", "demo-mcp", selector={"tier": "mcp"}))

    assert [line.rpartition(" ")[2] for line in found] == ["[service-selects-server]"]


def test_registry_as_a_service() -> None:
    """A registry entry with a namespace or a mode is a services entry, its callers included."""
    raw = one(
        "npx",
        egress={
            "registries": [
                {"name": "npm", "mode": "selector", "podSelector": {"app": "npm"}, "ports": [4873]},
                {"name": "cache", "namespace": "ci"},
                {"name": "mirror", "mode": "cidr", "cidrs": ["10.9.0.0/24"], "ports": [443]},
            ]
        },
    )
    plan = planned(raw, service("cache", "ci"))

    assert reach(plan["server a"].egress, "registry", "service") == {
        "registry": ["demo-mcp/app=npm on 4873/TCP", "ci/app=redis on 6379/TCP", "10.9.0.0/24 on 443/TCP"]
    }
    assert names(plan["server a"]) == {}
    assert reach(plan["service npm"].ingress) == {"backend": ["demo-mcp/app=a on 4873/TCP"]}
    assert "registry-missing" not in plan.ids


# --- ports of the Service where pod ports belong

NAMED_PODS = {
    "kind": "Deployment",
    "metadata": {"name": "redis", "namespace": "data"},
    "spec": {
        "template": {
            "metadata": {"labels": {"app": "redis"}},
            "spec": {"containers": [{"ports": [{"name": "web", "containerPort": 8080}]}]},
        }
    },
}
OTHER_PODS: dict[str, Any] = {
    **NAMED_PODS,
    "spec": {
        "template": {
            "metadata": {"labels": {"app": "redis"}},
            "spec": {"containers": [{"ports": [{"name": "web", "containerPort": 80}]}]},
        }
    },
}


def on_ports(*ports: dict[str, Any]) -> dict[str, Any]:
    """A Service of those pods."""
    spec = {"selector": {"app": "redis"}, "ports": list(ports)}
    return {"kind": "Service", "metadata": {"name": "redis", "namespace": "data"}, "spec": spec}


MOVED = on_ports({"port": 80, "targetPort": 8080})
SAID = (
    "servers.a.egress.services[0].ports: {} is the port of Service data/redis, and no pod behind it listens there; "
    "write {}: policies see pod ports"
)


@pytest.mark.parametrize(
    ("entry", "given", "said"),
    [
        ({"ports": [80]}, [MOVED], [("80/TCP", "8080/TCP")]),
        ({"ports": [80, 81]}, [MOVED], [("80/TCP", "8080/TCP")]),
        ({"ports": [80], "podSelector": {"app": "redis"}}, [MOVED], [("80/TCP", "8080/TCP")]),
        ({"ports": [80], "mode": "namespace"}, [MOVED], [("80/TCP", "8080/TCP")]),
        ({"ports": [80]}, [on_ports({"port": 80, "targetPort": "web"}), NAMED_PODS], [("80/TCP", "8080/TCP")]),
        ({"ports": [80]}, [on_ports({"port": 80, "targetPort": "web"})], [("80/TCP", 'the pod port named "web"')]),
        (
            {"ports": ["53/UDP", 53]},
            [on_ports({"port": 53, "targetPort": 5353, "protocol": "UDP"}, {"port": 53, "targetPort": 5354})],
            [("53/TCP", "5354/TCP"), ("53/UDP", "5353/UDP")],
        ),
        ({"ports": [80]}, [on_ports({"port": 80, "targetPort": "web"}), NAMED_PODS, OTHER_PODS], []),
        ({"ports": [8080]}, [MOVED], []),
        ({"ports": ["80-9000"]}, [MOVED], []),
        ({"ports": [6379]}, [on_ports({"port": 6379})], []),
        ({"ports": [80]}, [on_ports({"port": 80, "targetPort": 8080}, {"port": 81, "targetPort": 80})], []),
        ({"ports": ["80/UDP"]}, [MOVED], []),
        ({"ports": [80]}, [], []),
        ({}, [MOVED], []),
    ],
)
def test_ports_of_the_service(entry: dict[str, Any], given: list[Any], said: list[tuple[str, str]]) -> None:
    """A port that is the Service's own opens nothing: the warning says which pod port to write."""
    raw = one_egress(services=[{"name": "redis", "namespace": "data"} | entry])

    assert planned(raw, *given).messages("service-port") == [SAID.format(*words) for words in said]


@pytest.mark.parametrize(
    "given",
    [
        [{**MOVED, "metadata": {"name": "cache", "namespace": "data"}}],
        [{"apiVersion": "v1", "kind": "List", "items": [MOVED]}],
        [{"apiVersion": "v1", "kind": "ServiceList", "items": [{key: MOVED[key] for key in ("metadata", "spec")}]}],
    ],
    ids=["under another name", "in a list", "in a list of Services"],
)
def test_the_service_behind_an_entry_is_found(given: list[Any]) -> None:
    """By its name, or as the only one that selects the entry's pods; in lists as kubectl reads them."""
    name = given[0].get("metadata", MOVED["metadata"])["name"]
    entry = {"name": "redis", "namespace": "data", "podSelector": {"app": "redis"}, "ports": [80]}

    assert planned(one_egress(services=[entry]), *given).messages("service-port") == [
        SAID.format("80/TCP", "8080/TCP").replace("data/redis", f"data/{name}")
    ]


def test_of_two_services_of_the_same_pods_none_is_meant() -> None:
    """Which of them an entry of another name stands for is not told."""
    given = [{**MOVED, "metadata": {"name": name, "namespace": "data"}} for name in ("a", "b")]
    entry = {"name": "redis", "namespace": "data", "podSelector": {"app": "redis"}, "ports": [80]}

    assert planned(one_egress(services=[entry]), *given).messages("service-port") == []
