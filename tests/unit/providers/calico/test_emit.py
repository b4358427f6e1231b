"""Calico's NetworkPolicies: rules in the stated order, limits kept, what cannot be held is refused, nothing in vain."""

from __future__ import annotations

from typing import Any

import pytest

from helpers import CLIENT, Raw, catalog, errors_of, objects, one, one_egress, rendered

CALICO: Raw = {"egress": {"provider": "calico", "calico": {"edition": "enterprise"}}}
KIND = "NetworkPolicy.projectcalico.org"
REDIS = {"name": "redis", "namespace": "data", "podSelector": {"app": "redis"}, "ports": [6379]}
EVERYTHING = {
    "domains": ["api.example.com", {"name": "*.b.example.com", "ports": [8443, "9000-9010"]}],
    "cidrs": [
        {"cidr": "10.1.0.0/16", "except": ["10.1.128.0/17"], "ports": [443, "53/UDP", "8000-8010"]},
        {"cidr": "10.2.0.0/16", "ports": ["7/SCTP"]},
    ],
    "services": [REDIS, {"name": "ns", "namespace": "data", "mode": "namespace", "ports": "all"}],
    "kubernetesAPI": True,
}


def spec(raw: Raw, name: str = "mcp-server-a-names") -> Raw:
    """The spec of one rendered policy of Calico's."""
    found: Raw = objects(raw)[f"{KIND} {name}"]["spec"]
    return found


def short(rule: Raw) -> str:
    """A rule in words: ACTION PROTOCOL/PORTS to DESTINATION; long lists of nets by their length."""
    to = dict(rule.get("destination", {}))
    ports = ",".join(map(str, to.pop("ports", [])))
    selector = to.pop("selector", "").removeprefix("projectcalico.org/orchestrator == 'k8s'").removeprefix(" && ")
    where = to.pop("namespaceSelector", "").removeprefix("kubernetes.io/metadata.name == ")
    parts = [f"{where}/{selector}"] if where else []
    for key, values in to.items():
        parts.append(f"{key} {' '.join(values) if len(values) < 4 else len(values)}")
    protocol = rule.get("protocol", "any") + (f"/{ports}" if ports else "")
    return f"{rule['action']} {protocol}{' to ' if parts else ''}{' '.join(parts)}"


def test_rules_stand_in_order() -> None:
    """DNS, pods, addresses, the deny of what no name may resolve to, names by ports, the deny of everything."""
    clients = {"gateway": {**CLIENT["gateway"], "callbackPort": 8080}}
    cluster = {"cidrs": {"controlPlane": ["10.0.0.1/32"]}}
    found = spec(one("npx", egress=EVERYTHING) | CALICO | {"clients": clients, "cluster": cluster})

    assert {key: value for key, value in found.items() if key != "egress"} == {
        "tier": "default",
        "order": 500,
        "selector": "projectcalico.org/orchestrator == 'k8s' && app == 'a'",
        "types": ["Egress"],
    }
    assert [short(rule) for rule in found["egress"]] == [
        "Allow TCP/53 to 'kube-system'/k8s-app == 'kube-dns'",
        "Allow UDP/53 to 'kube-system'/k8s-app == 'kube-dns'",
        "Allow TCP/53 to nets 169.254.20.10/32",
        "Allow UDP/53 to nets 169.254.20.10/32",
        "Allow TCP/8080 to 'gateways'/app == 'gateway'",
        "Allow TCP/6379 to 'data'/app == 'redis'",
        "Allow any to 'data'/",
        "Allow TCP/443,8000:8010 to nets 10.1.0.0/16 notNets 10.1.128.0/17",
        "Allow UDP/53 to nets 10.1.0.0/16 notNets 10.1.128.0/17",
        "Allow SCTP/7 to nets 10.2.0.0/16",
        "Allow TCP/443,6443 to nets 10.0.0.1/32",
        "Deny any to nets 15",
        "Deny any to nets 7",
        "Allow TCP/8443,9000:9010 to domains *.b.example.com",
        "Allow TCP/443 to domains api.example.com",
        "Deny any",
    ]


def test_selectors_are_expressions() -> None:
    """Each operator has its words, and nothing but pods can be meant."""
    pods = {
        "matchLabels": {"app.kubernetes.io/name": "a"},
        "matchExpressions": [
            {"key": "tier", "operator": "In", "values": ["b", "a"]},
            {"key": "track", "operator": "NotIn", "values": ["canary"]},
            {"key": "x", "operator": "Exists"},
            {"key": "y", "operator": "DoesNotExist"},
        ],
    }
    found = spec(one(podSelector=pods, egress={"domains": ["a.example.com"]}) | CALICO)

    assert found["selector"] == (
        "projectcalico.org/orchestrator == 'k8s' && app.kubernetes.io/name == 'a' && tier in {'a', 'b'} && "
        "track not in {'canary'} && has(x) && !has(y)"
    )


def test_only_names_need_one() -> None:
    """Servers and workloads without names have NetworkPolicies alone, and those know nothing of public addresses."""
    servers: Raw = {
        "closed": {"runtime": "containerized", "egress": {"denyAllEgress": True}},
        "open": {"runtime": "containerized", "egress": {"default": "internet"}},
        "named": {"runtime": "containerized", "egress": {"domains": ["a.example.com"]}},
    }
    workload = {"podSelector": {"app": "w"}, "namespace": "tools", "egress": {"domains": ["b.example.com"]}}
    found = objects(catalog(servers, workloads={"w": workload}) | CALICO)
    ours = [
        (item.namespace, item.name)
        for item in rendered(catalog(servers, workloads={"w": workload}) | CALICO).objects
        if item.kind == KIND
    ]

    assert ours == [("demo-mcp", "mcp-server-named-names"), ("tools", "mcp-workload-w-names")]
    assert "0.0.0.0/0" not in str(found["NetworkPolicy mcp-server-named-egress"])
    assert all(found[f"NetworkPolicy mcp-server-{name}-egress"] for name in servers)


def test_one_for_each_selector() -> None:
    """Two selectors are two policies under names of their own, with the same rules."""
    found = objects(one(podSelector=[{"app": "x"}, {"app": "y"}], egress={"domains": ["a.example.com"]}) | CALICO)
    ours = {name: document["spec"] for name, document in found.items() if name.startswith(f"{KIND} ")}

    assert len(ours) == 2
    assert [one["selector"].rpartition(" ")[2] for one in ours.values()] == ["'x'", "'y'"]
    first, second = (one["egress"] for one in ours.values())
    assert first == second


def test_lists_are_cut_to_size() -> None:
    """More than 256 nets, 256 excepts or 50 ports are spread over rules, and nothing is left out."""
    nets = [{"cidr": f"10.{n // 256}.{n % 256}.0/24", "ports": [5432]} for n in range(0, 600, 2)]
    holes = {"cidr": "172.16.0.0/12", "except": [f"172.17.{n}.{m}/32" for n in range(2) for m in range(0, 256, 2)]}
    more = {"cidr": "192.168.0.0/16", "except": [f"192.168.{n}.1/32" for n in range(256)] + ["192.168.0.3/32"]}
    cidrs = [{**holes, "ports": list(range(1000, 1120, 2))}, {**more, "ports": [1]}, *nets]
    rules = spec(one_egress(domains=["a.example.com"], cidrs=cidrs) | CALICO)["egress"]

    lists = [rule["destination"] for rule in rules if "destination" in rule]
    assert max(len(to.get("nets", ())) for to in lists) <= 256
    assert max(len(to.get("notNets", ())) for to in lists) == 256
    assert max(len(to.get("ports", ())) for to in lists) == 50
    assert [len(to["ports"]) for to in lists if to.get("nets") == ["172.16.0.0/12"]] == [50, 10]


@pytest.mark.parametrize("settings", [{}, {"calico": {}}, {"calico": {"order": 10}}])
def test_the_edition_must_be_written(settings: dict[str, Any]) -> None:
    """Open source Calico would open the ports of the names to everywhere, so it is asked for by name."""
    raw = one_egress(domains=["a.example.com"]) | {"egress": {"provider": "calico", **settings}}

    assert errors_of(raw) == [
        "egress.calico.edition: is not written, and open source Calico drops the host names of a policy: what is left "
        "of such a rule opens its ports to every address; write enterprise or cloud if the cluster runs one of them, "
        "else egress.provider: none [calico-edition]"
    ]


def test_what_no_policy_holds_is_refused() -> None:
    """A selector of more than 1,024 characters, and more than 1,024 rules."""
    pods = {f"label-{n}": "v" * 60 for n in range(20)}
    wide = [
        {"cidr": f"10.{n}.0.0/16", "ports": [f"{n + 1}/{protocol}"]}
        for n in range(200)
        for protocol in ("TCP", "UDP", "SCTP")
    ]
    many = [
        {"cidr": f"172.16.{n}.0/24", "ports": [f"{n + 1}/{protocol}"]}
        for n in range(256)
        for protocol in ("TCP", "UDP")
    ]

    assert errors_of(one(podSelector=pods, egress={"domains": ["a.example.com"]}) | CALICO) == [
        "servers.a: needs a selector of 1,589 characters, and Calico's hold 1,024; select the pods by fewer labels "
        "[calico-limit]"
    ]
    assert errors_of(one_egress(domains=["a.example.com"], cidrs=wide + many) | CALICO) == [
        "servers.a: needs 1,120 rules, and a policy of Calico's holds 1,024; grant fewer peers, or ranges of ports "
        "[calico-limit]"
    ]


def test_order_is_a_setting() -> None:
    """It is below that of the NetworkPolicies, always."""
    raw = one_egress(domains=["a.example.com"])
    egress = {"provider": "calico", "calico": {"edition": "cloud", "order": 7}}
    late = {"provider": "calico", "calico": {"edition": "cloud", "order": 1000}}

    assert spec(raw | {"egress": egress})["order"] == 7
    assert [message.partition(":")[0] for message in errors_of(raw | {"egress": late})] == ["egress.calico.order"]
