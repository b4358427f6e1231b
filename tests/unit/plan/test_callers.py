"""Callers, as the design states them: clients, callbacks, workloads, the mesh, and pods that only one may select."""

from __future__ import annotations

from typing import Any

import pytest

from helpers import CLIENT, Raw, catalog, errors_of, names, objects, one, planned, reach, rendered

OBOT = {"namespace": "obot", "podSelector": {"app": "obot"}, "callbackPort": 8080}
EDGE = {"cidrs": ["198.51.100.0/28", "10.0.0.0/24"]}
CLIENTS = {**CLIENT, "obot": OBOT, "edge": EDGE}
EVERYBODY = [
    "gateways/app=gateway on {}",
    "obot/app=obot on {}",
    "10.0.0.0/24 on {}",
    "198.51.100.0/28 on {}",
]


def callers(raw: Raw, title: str = "server a") -> dict[str, list[str]]:
    """Who may call, after a plan without errors."""
    plan = planned(raw)
    assert not [finding.message for finding in plan.findings if finding.severity.value == "error"]
    return reach(plan[title].ingress)


# --- ingress of servers


PORTS: dict[str, tuple[Raw, Raw, int]] = {
    # what: (keys of the server, keys of the catalog, port on which it is called)
    "8099 by default": ({"runtime": "npx"}, {}, 8099),
    "mcpServerDefaults": ({"runtime": "npx"}, {"mcpServerDefaults": {"port": 3000}}, 3000),
    "the container's own": (
        {"runtime": "containerized", "containerizedConfig": {"port": 8080}},
        {"mcpServerDefaults": {"port": 3000}},
        8080,
    ),
    "a container without one": ({"runtime": "containerized"}, {"mcpServerDefaults": {"port": 3000}}, 3000),
}


@pytest.mark.parametrize(("keys", "catalog_keys", "port"), PORTS.values(), ids=PORTS)
def test_every_client_by_default_on_the_servers_port(keys: Raw, catalog_keys: Raw, port: int) -> None:
    """Without ingress every declared client may call, on the server's own port."""
    raw = catalog({"a": keys}, clients=CLIENTS) | catalog_keys

    assert callers(raw) == {"client": [text.format(f"{port}/TCP") for text in EVERYBODY]}


def test_ingress_names_clients_and_ports() -> None:
    """ingress.from names who may call, ingress.ports on what; each alone leaves the other's default."""
    both = {"from": ["edge", "obot"], "ports": [80, "9000-9001"]}
    servers = {
        "a": {"runtime": "npx", "ingress": both},
        "b": {"runtime": "npx", "ingress": {"from": ["obot"]}},
        "c": {"runtime": "npx", "ingress": {"ports": ["53/UDP"]}},
    }
    raw = catalog(servers, clients=CLIENTS)
    on = "80/TCP, 9000-9001/TCP"

    assert callers(raw, "server a") == {
        "client": [f"obot/app=obot on {on}", f"10.0.0.0/24 on {on}", f"198.51.100.0/28 on {on}"]
    }
    assert callers(raw, "server b") == {"client": ["obot/app=obot on 8099/TCP"]}
    assert callers(raw, "server c") == {"client": [text.format("53/UDP") for text in EVERYBODY]}


def test_nobody() -> None:
    """A written empty list is nobody; the policy exists all the same, with no rule."""
    raw = one(ingress={"from": []})

    assert callers(raw) == {}
    assert objects(raw)["NetworkPolicy mcp-server-a-ingress"]["spec"] == {
        "podSelector": {"matchLabels": {"app": "a"}},
        "policyTypes": ["Ingress"],
        "ingress": [],
    }


def test_no_clients_is_a_warning() -> None:
    """A catalog without clients denies every call, with a warning."""
    raw = {"servers": {"a": {"runtime": "containerized"}}}

    assert callers(raw) == {}
    assert planned(raw).messages("clients-none") == [
        "clients: no client is declared, so nobody may call the servers; declare the gateway or back-end that calls them"
    ]
    for servers in ("all", ["a"]):
        caller = {"podSelector": {"app": "proxy"}, "egress": {"servers": servers}}
        assert "clients-none" not in planned({"servers": {"a": {"runtime": "npx"}}, "workloads": {"w": caller}}).ids
    assert "clients-none" not in planned({"servers": {"a": {"runtime": "npx", "ingress": {"from": []}}}}).ids
    assert (
        "clients-none"
        not in planned({"servers": {"a": {"runtime": "remote", "remoteConfig": {"hostname": "a.example.com"}}}}).ids
    )


def test_client_that_is_a_whole_namespace() -> None:
    """A client without a podSelector is every pod of its namespace: a warning."""
    raw = one() | {"clients": {"obot": {"namespace": "obot"}}}

    assert callers(raw) == {"client": ["obot/* on 8099/TCP"]}
    assert planned(raw).messages("client-whole-namespace") == [
        "clients.obot: without a podSelector every pod of namespace obot is this client; write podSelector with the labels "
        "of the caller's pods"
    ]
    peers = objects(raw)["NetworkPolicy mcp-server-a-ingress"]["spec"]["ingress"][0]["from"]
    assert peers == [{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "obot"}}}]


def test_client_in_the_fenced_namespace() -> None:
    """Pods of the policies' own namespace are selected without a namespaceSelector."""
    raw = one() | {"clients": {"ui": {"namespace": "demo-mcp", "podSelector": {"app": "ui"}}}}
    peers = objects(raw)["NetworkPolicy mcp-server-a-ingress"]["spec"]["ingress"][0]["from"]

    assert peers == [{"podSelector": {"matchLabels": {"app": "ui"}}}]


# --- callbacks


def test_callbacks_go_to_clients_that_may_call() -> None:
    """A server may call back exactly those clients with a callbackPort that its ingress includes."""
    servers: Raw = {
        "default": {"runtime": "npx"},
        "named": {"runtime": "npx", "ingress": {"from": ["obot"]}},
        "other": {"runtime": "npx", "ingress": {"from": ["gateway"]}},
        "nobody": {"runtime": "npx", "ingress": {"from": []}},
        "denied": {"runtime": "npx", "egress": {"denyAllEgress": True}},
    }
    plan = planned(catalog(servers, clients=CLIENTS))
    found = {title: reach(fence.egress, "callback", "dns") for title, fence in plan.fences.items()}

    callback = ["obot/app=obot on 8080/TCP"]
    assert {title: words.get("callback", []) for title, words in found.items()} == {
        "server default": callback,
        "server named": callback,
        "server other": [],
        "server nobody": [],
        "server denied": [],
    }
    assert [title for title, words in found.items() if "dns" in words] == ["server default", "server named"]


def test_callback_to_a_whole_namespace() -> None:
    """A client without labels is called back as it calls: every pod of its namespace, on that port."""
    raw = one() | {"clients": {"obot": {"namespace": "obot", "callbackPort": 8080}}}

    assert reach(planned(raw)["server a"].egress, "callback") == {"callback": ["obot/* on 8080/TCP"]}


def test_callbacks_are_no_listing_and_no_way_to_the_internet() -> None:
    """A callback is granted to servers that list nothing, and workloads never get one."""
    raw = catalog(
        clients=CLIENTS, workloads={"w": {"podSelector": {"app": "w"}, "ingress": {"from": ["obot"], "ports": [80]}}}
    )

    assert planned(raw)["workload w"].egress == ()


# --- workloads


def workload(**keys: Any) -> Raw:
    """A workload named w with pods app=w."""
    return {"w": {"podSelector": {"app": "w"}, **keys}}


def test_workload_is_called_by_nobody_by_default() -> None:
    """A workload's ingress is nobody, and both its policies exist all the same."""
    made = objects(catalog(clients=CLIENTS, workloads=workload(namespace="tools")))

    assert made["NetworkPolicy mcp-workload-w-ingress"]["metadata"]["namespace"] == "tools"
    assert made["NetworkPolicy mcp-workload-w-ingress"]["spec"]["ingress"] == []
    assert made["NetworkPolicy mcp-workload-w-egress"]["spec"]["egress"] == []


def test_workload_is_called_by_named_clients() -> None:
    """ingress.from with ports admits exactly those clients on those ports."""
    raw = catalog(clients=CLIENTS, workloads=workload(ingress={"from": ["gateway"], "ports": [3000]}))

    assert callers(raw, "workload w") == {"client": ["gateways/app=gateway on 3000/TCP"]}


def test_workload_with_ports_and_no_clients() -> None:
    """Ports alone admit nobody."""
    raw = catalog(clients=CLIENTS, workloads=workload(ingress={"ports": [3000]}))

    assert callers(raw, "workload w") == {}


def test_workload_has_the_egress_grammar_of_servers() -> None:
    """Names, cidrs, services, registries and the rest mean the same for a workload."""
    egress = {
        "domains": ["a.example.com"],
        "cidrs": [{"cidr": "10.1.0.0/16", "ports": [443]}],
        "registries": ["r.example.com"],
        "kubernetesAPI": True,
        "cloudIdentity": True,
    }
    cluster = {"profile": "gke", "cidrs": {"controlPlane": ["10.0.0.1/32"]}}
    raw = catalog(workloads=workload(egress=egress), cluster=cluster, egress={"provider": "aviatrix"})
    fence = planned(raw)["workload w"]

    assert names(fence) == {"a.example.com": "443/TCP", "r.example.com": "443/TCP"}
    assert list(reach(fence.egress)) == ["dns", "cidr", "kubernetesAPI", "cloudIdentity"]


def test_registries_of_the_catalog_are_not_a_workloads() -> None:
    """A workload has no runtime, so it inherits no registry."""
    raw = catalog(workloads=workload(), egress={"provider": "aviatrix", "registries": {"npx": ["r.example.com"]}})

    assert names(planned(raw)["workload w"]) == {}
    assert planned(raw)["workload w"].egress == ()


SERVERS: Raw = {
    "a": {"runtime": "npx", "ingress": {"from": []}},
    "b": {"runtime": "containerized", "containerizedConfig": {"port": 8080}},
    "r": {"runtime": "remote", "remoteConfig": {"fixedURL": "https://r.example.com/mcp"}},
    "p": {"runtime": "remote", "remoteConfig": {"fixedURL": "http://p.example.com:8443"}},
    "h": {"runtime": "remote", "remoteConfig": {"hostname": "*.h.example.com"}},
    "plain": {"runtime": "remote", "remoteConfig": {"fixedURL": "http://plain.example.com"}},
    "group": {"runtime": "composite", "compositeConfig": {"componentServers": ["b", "r", "inner"]}},
    "inner": {"runtime": "composite", "compositeConfig": {"componentServers": ["a", "group"]}},
}
CALLED: dict[str, tuple[Any, list[str], dict[str, str]]] = {
    # what: (egress.servers, hosted servers that open, names)
    "all": (
        "all",
        ["demo-mcp/app=b on 8080/TCP", "demo-mcp/app=a on 8099/TCP"],
        {
            "r.example.com": "443/TCP",
            "p.example.com": "8443/TCP",
            "*.h.example.com": "443/TCP",
            "plain.example.com": "80/TCP",
        },
    ),
    "one hosted": (["b"], ["demo-mcp/app=b on 8080/TCP"], {}),
    "one remote": (["p"], [], {"p.example.com": "8443/TCP"}),
    "a composite of composites": (
        ["group"],
        ["demo-mcp/app=b on 8080/TCP", "demo-mcp/app=a on 8099/TCP"],
        {"r.example.com": "443/TCP"},
    ),
    "one twice": (["b", "b"], ["demo-mcp/app=b on 8080/TCP"], {}),
}


@pytest.mark.parametrize(("servers", "hosted", "remote"), CALLED.values(), ids=CALLED)
def test_servers_of_a_workload(servers: Any, hosted: list[str], remote: dict[str, str]) -> None:
    """Hosted servers open on their own port, remote ones by the host and port of their URL, composites by their parts."""
    raw = catalog(
        SERVERS, workloads=workload(namespace="tools", egress={"servers": servers}), egress={"provider": "aviatrix"}
    )
    plan = planned(raw)
    fence = plan["workload w"]

    assert reach(fence.egress, "server").get("server", []) == hosted
    assert names(fence) == remote
    assert reach(fence.egress, "dns")
    for title in ("server a", "server b"):
        called = any(f"app={title[-1]} " in text for text in hosted)
        port = {"a": 8099, "b": 8080}[title[-1]]
        expected = [f"tools/app=w on {port}/TCP"] if called else []
        assert reach(plan[title].ingress, "workload").get("workload", []) == expected


def test_workload_enters_where_ingress_is_written() -> None:
    """A workload that calls a server may do so also where ingress.from names others, or nobody, on the server's port."""
    servers = {"a": {"runtime": "npx", "ingress": {"from": ["gateway"], "ports": [80]}}}
    raw = catalog(servers, clients=CLIENTS, workloads=workload(egress={"servers": ["a"]}))

    assert callers(raw) == {"client": ["gateways/app=gateway on 80/TCP"], "workload": ["demo-mcp/app=w on 8099/TCP"]}


def test_remote_servers_under_the_stance_internet() -> None:
    """Under the stance internet remote servers add nothing: they are public."""
    egress = {"default": "internet", "servers": "all"}
    raw = catalog(SERVERS, workloads=workload(egress=egress), egress={"provider": "aviatrix"})
    fence = planned(raw)["workload w"]

    assert names(fence) == {}
    assert "internet" in reach(fence.egress)


def test_urls_of_remote_servers_are_not_judged_where_nobody_calls() -> None:
    """A URL of which no host can be told is an error for who would call it, not for who only lists it."""
    servers = {"r": {"runtime": "remote", "remoteConfig": {"urlTemplate": "https://${HOST}/mcp"}}}

    assert errors_of(catalog(servers)) == []
    assert len(errors_of(catalog(servers, workloads=workload(egress={"servers": ["r"]})))) == 1


def test_remote_and_composite_servers_have_no_objects() -> None:
    """Only hosted servers run as pods: the others have neither fence nor policy."""
    servers = {name: SERVERS[name] for name in ("r", "p")} | {
        "group": {"runtime": "composite", "compositeConfig": {"componentServers": ["r", "p"]}}
    }

    assert [item.kind for item in rendered(catalog(servers)).objects] == ["ConfigMap"]


# --- mesh


def test_ambient_mesh_opens_hbone_beside_each_server_port() -> None:
    """In an ambient mesh 15008 stands beside the port on which a server is called, for clients and workloads alike."""
    servers = {"a": {"runtime": "npx"}, "b": {"runtime": "npx", "ingress": {"from": ["gateway"], "ports": [80]}}}
    raw = catalog(servers, workloads=workload(egress={"servers": "all"}), cluster={"mesh": "ambient"})
    plan = planned(raw)

    assert reach(plan["server a"].ingress) == {
        "client": ["gateways/app=gateway on 8099/TCP, 15008/TCP"],
        "workload": ["demo-mcp/app=w on 8099/TCP, 15008/TCP"],
    }
    assert reach(plan["server b"].ingress)["client"] == ["gateways/app=gateway on 80/TCP, 15008/TCP"]
    assert reach(plan["workload w"].egress, "server")["server"] == [
        "demo-mcp/app=a on 8099/TCP, 15008/TCP",
        "demo-mcp/app=b on 8099/TCP, 15008/TCP",
    ]


# --- selectors


def test_several_selectors_are_one_server() -> None:
    """Each selector of a server gets both policies, and every caller of the server reaches all of them."""
    servers = {"a": {"runtime": "npx", "podSelector": [{"app": "a1"}, {"app": "a2"}]}}
    raw = catalog(servers, workloads=workload(namespace="tools", egress={"servers": ["a"]}))
    made = objects(raw)
    spec = [
        document["spec"] for title, document in made.items() if title.startswith("NetworkPolicy mcp-server-a-egress-")
    ]

    assert sorted(item["podSelector"]["matchLabels"]["app"] for item in spec) == ["a1", "a2"]
    assert reach(planned(raw)["workload w"].egress, "server")["server"] == [
        "demo-mcp/app=a1 on 8099/TCP",
        "demo-mcp/app=a2 on 8099/TCP",
    ]


def test_selectors_of_one_server_may_overlap() -> None:
    """Pods that two selectors of one server share have one fence: nothing adds up."""
    assert errors_of(one(podSelector=[{"app": "a"}, {"app": "a", "user": "x"}, {"tier": "mcp"}])) == []


DISJOINT: dict[str, tuple[Raw, Raw]] = {
    "different values of one label": ({"app": "x"}, {"app": "y", "tier": "mcp"}),
    "a label and its absence": (
        {"tier": "mcp"},
        {"matchLabels": {"app": "y"}, "matchExpressions": [{"key": "tier", "operator": "DoesNotExist"}]},
    ),
    "a label and values without it": (
        {"tier": "mcp"},
        {"matchExpressions": [{"key": "tier", "operator": "In", "values": ["db", "web"]}]},
    ),
    "a label and a refusal of it": (
        {"tier": "mcp"},
        {"matchExpressions": [{"key": "tier", "operator": "NotIn", "values": ["mcp"]}]},
    ),
}


@pytest.mark.parametrize(("one_selector", "other"), DISJOINT.values(), ids=DISJOINT)
def test_disjoint_selectors(one_selector: Raw, other: Raw) -> None:
    """Two servers whose selectors no pod can satisfy together are fine."""
    servers = {"a": {"runtime": "npx", "podSelector": one_selector}, "b": {"runtime": "npx", "podSelector": other}}

    assert errors_of(catalog(servers)) == []


def test_selectors_of_other_namespaces_never_meet() -> None:
    """Pods of two namespaces are different pods, whatever their labels."""
    workloads = {
        "w": {"podSelector": {"app": "a"}, "namespace": "x"},
        "v": {"podSelector": {"app": "a"}, "namespace": "y"},
    }

    assert errors_of(one() | {"workloads": workloads}) == []


def test_workloads_of_one_namespace_must_be_disjoint() -> None:
    """Also far from the fenced namespace two workloads must not share a pod."""
    workloads = {
        "w": {"podSelector": {"app": "a"}, "namespace": "x"},
        "v": {"podSelector": {"tier": "a"}, "namespace": "x"},
    }

    assert errors_of(catalog(workloads=workloads)) == [
        "workloads.w: workload w (app=a) and workload v (tier=a) can select the same pod, which would add up what both may "
        "reach; give the podSelector of v the label app with another value than a [selector-overlap]"
    ]


def test_many_back_ends_do_not_hide_an_overlap() -> None:
    """However many workloads are back-ends of their own, a real overlap behind them is found."""
    services = [{"name": f"w{i}", "podSelector": {"app": f"w{i}"}, "ports": [80]} for i in range(40)]
    workloads: Raw = {f"w{i}": {"podSelector": {"app": f"w{i}"}} for i in range(40)}
    raw = catalog({"a": {"runtime": "npx", "egress": {"services": services}}}, workloads=workloads)

    assert errors_of(raw) == []
    workloads["z1"] = {"podSelector": {"app": "z"}}
    workloads["z2"] = {"podSelector": {"app": "z", "tier": "x"}}
    assert [line.split(":")[0] for line in errors_of(raw)] == ["workloads.z2"]


PROPOSED: dict[str, tuple[Raw, Raw, str]] = {
    "one label lacks": (
        {"tier": "mcp"},
        {"app": "b"},
        "give the podSelector of a the label app with another value than b",
    ),
    "the other lacks": (
        {"app": "a"},
        {"tier": "mcp"},
        "give the podSelector of b the label app with another value than a",
    ),
    "neither has app": ({"x": "1"}, {"y": "1"}, "give the podSelector of b the label x with another value than 1"),
    "equal": ({"app": "a"}, {"app": "a"}, "give the podSelector of b another value of the label app than a"),
    "narrower": (
        {"app": "a"},
        {"app": "a", "x": "1"},
        "give the podSelector of a the label x with another value than 1",
    ),
    "expressions": (
        {"matchExpressions": [{"key": "x", "operator": "Exists"}]},
        {"matchExpressions": [{"key": "y", "operator": "Exists"}]},
        "give both podSelectors one label with different values",
    ),
}


@pytest.mark.parametrize(("first", "second", "todo"), PROPOSED.values(), ids=PROPOSED)
def test_proposed_label_tells_the_two_apart(first: Raw, second: Raw, todo: str) -> None:
    """The error names both servers and proposes the label that is missing."""
    servers = {"a": {"runtime": "npx", "podSelector": first}, "b": {"runtime": "npx", "podSelector": second}}
    (found,) = errors_of(catalog(servers))

    assert found.startswith("servers.b: server b (")
    assert "and server a (" in found
    assert found.endswith(f"; {todo} [selector-overlap]")
