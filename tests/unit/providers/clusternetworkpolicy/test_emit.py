"""ClusterNetworkPolicies: rules in the stated order, canonical networks, packed lists, a deny at the end."""

from __future__ import annotations

import pytest

from helpers import CLIENT, Raw, catalog, objects, one, one_egress, rendered

TIERED = {"egress": {"provider": "clusternetworkpolicy"}}
REDIS = {"name": "redis", "namespace": "data", "podSelector": {"app": "redis"}, "ports": [6379]}
EVERYTHING = {
    "domains": [
        "api.example.com",
        {"name": "*.b.example.com", "ports": [8443, "9000-9010"]},
        {"name": "w.example.com", "addresses": ["10.20.0.0/24"]},
    ],
    "cidrs": [{"cidr": "10.1.0.0/16", "except": ["10.1.128.0/17"], "ports": [443, "53/UDP", "8000-8010", "7/SCTP"]}],
    "services": [REDIS, {"name": "ns", "namespace": "data", "mode": "namespace", "ports": "all"}],
    "registries": ["npm.example.com"],
}


def spec(raw: Raw, name: str = "mcp-server-a.demo-mcp") -> Raw:
    """The spec of one rendered ClusterNetworkPolicy."""
    found: Raw = objects(raw)[f"ClusterNetworkPolicy {name}"]["spec"]
    return found


def short(found: Raw) -> list[str]:
    """The rules in words: NAME ACTION kinds of peers PROTOCOL/PORTS."""
    return [
        f"{rule['name']} {rule['action']} {'+'.join(next(iter(peer)) for peer in rule['to'])} "
        + ",".join(_port(one) for one in rule.get("protocols", ()))
        for rule in found["egress"]
    ]


def _port(protocol: Raw) -> str:
    ((name, content),) = protocol.items()
    port = content["destinationPort"]
    return f"{name}/" + (
        str(port["number"]) if "number" in port else f"{port['range']['start']}-{port['range']['end']}"
    )


def test_rules_stand_in_order() -> None:
    """DNS, pods and listed addresses, the deny of all that is not public, names by their ports, the deny of all."""
    clients = {"gateway": {**CLIENT["gateway"], "callbackPort": 8080}}
    found = spec(one("npx", egress=EVERYTHING) | TIERED | {"clients": clients})

    assert short(found) == [
        "dns Accept pods+networks tcp/53,udp/53",
        "callback Accept pods tcp/8080",
        "service Accept pods tcp/6379",
        "service Accept pods ",
        "address Accept networks tcp/443",
        "cidr Accept networks tcp/443,tcp/8000-8010,udp/53,sctp/7",
        "not-public Deny namespaces+networks ",
        "name Accept domainNames tcp/443",
        "name Accept domainNames tcp/8443,tcp/9000-9010",
        "all Deny networks+namespaces ",
    ]
    rules = {rule["name"]: rule for rule in found["egress"]}
    assert rules["cidr"]["to"] == [{"networks": ["10.1.0.0/17"]}]
    assert rules["dns"]["to"][:1] == [
        {
            "pods": {
                "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "kube-system"}},
                "podSelector": {"matchLabels": {"k8s-app": "kube-dns"}},
            }
        }
    ]
    assert rules["all"]["to"] == [{"networks": ["0.0.0.0/0", "::/0"]}, {"namespaces": {}}]
    assert [rule["to"] for rule in found["egress"] if rule["name"] == "name"] == [
        [{"domainNames": ["api.example.com", "npm.example.com", "w.example.com"]}],
        [{"domainNames": ["*.b.example.com"]}],
    ]


def test_whose_it_is_and_for_whom() -> None:
    """Cluster-wide, with the namespace in its name and in a label; the subject is always of that namespace."""
    made = objects(one_egress(domains=["api.example.com"]) | TIERED)["ClusterNetworkPolicy mcp-server-a.demo-mcp"]

    assert made["apiVersion"] == "policy.networking.k8s.io/v1alpha2"
    assert "namespace" not in made["metadata"]
    assert made["metadata"]["labels"]["mcpfence.io/namespace"] == "demo-mcp"
    assert made["spec"]["tier"] == "Admin"
    assert made["spec"]["subject"] == {
        "pods": {
            "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "demo-mcp"}},
            "podSelector": {"matchLabels": {"app": "a"}},
        }
    }


def test_api_version() -> None:
    """The newer version is written where the catalog asks for it."""
    settings = {"egress": {"provider": "clusternetworkpolicy", "clusternetworkpolicy": {"apiVersion": "v1beta1"}}}
    made = objects(one_egress(domains=["api.example.com"]) | settings)["ClusterNetworkPolicy mcp-server-a.demo-mcp"]

    assert made["apiVersion"] == "policy.networking.k8s.io/v1beta1"


@pytest.mark.parametrize("egress", [{"denyAllEgress": True}, {"default": "internet"}, {"services": [REDIS]}])
def test_no_object_without_names(egress: Raw) -> None:
    """NetworkPolicies say it all where no name is listed."""
    assert [item.kind for item in rendered(one_egress(**egress) | TIERED).objects] == [
        "NetworkPolicy",
        "NetworkPolicy",
        "ConfigMap",
    ]


def test_network_policy_opens_nothing_for_names() -> None:
    """What it accepts adds up with nothing: the tier in front of it decides on names."""
    egress = objects(one_egress(domains=["api.example.com"]) | TIERED)["NetworkPolicy mcp-server-a-egress"]

    assert [[port["port"] for port in rule["ports"]] for rule in egress["spec"]["egress"]] == [[53, 53]]


def test_one_object_a_selector() -> None:
    """A subject is one selector, so each has an object with a name and a priority of its own."""
    raw = one(podSelector=[{"app": "x"}, {"app": "y"}], egress={"domains": ["a.example.com"]}) | TIERED
    made = {key: value for key, value in objects(raw).items() if key.startswith("ClusterNetworkPolicy")}

    assert len(made) == 2
    assert len({found["spec"]["priority"] for found in made.values()}) == 2
    assert all(key.endswith(".demo-mcp") for key in made)


def test_lists_are_packed() -> None:
    """Peers on the same ports share a rule, blocks share a peer, and no list is longer than 25."""
    cidrs = [{"cidr": f"10.{number}.0.0/16", "ports": [443]} for number in range(1, 60, 2)]
    domains = [f"h{number}.example.com" for number in range(60)]
    found = spec(one_egress(cidrs=cidrs, domains=domains) | TIERED)
    rules = {rule["name"]: rule for rule in found["egress"]}

    assert len(found["egress"]) == 5
    assert [len(peer["networks"]) for peer in rules["cidr"]["to"]] == [25, 5]
    assert [len(peer["domainNames"]) for peer in rules["name"]["to"]] == [25, 25, 10]


def test_pods_of_one_label_share_a_peer() -> None:
    """A workload that calls every server has one peer, whatever their number."""
    servers: Raw = {f"s{number}": {"runtime": "npx", "npxConfig": {"package": "x"}} for number in range(40)}
    raw = catalog(servers, workloads={"w": {"podSelector": {"app": "w"}, "egress": {"servers": "all"}}}) | TIERED
    raw["workloads"]["w"]["egress"]["domains"] = ["a.example.com"]
    rule = next(rule for rule in spec(raw, "mcp-workload-w.demo-mcp")["egress"] if rule["name"] == "server")

    assert [len(peer["pods"]["podSelector"]["matchExpressions"][0]["values"]) for peer in rule["to"]] == [40]


# --- under Cilium ---

CILIUM = TIERED | {"cluster": {"cni": "cilium"}}


def test_names_are_spoken_of_first_under_cilium() -> None:
    """On a port that is shut, before anything plainly accepts DNS; the rest stands as it did."""
    found = spec(one_egress(domains=["api.example.com", {"name": "*.example.org", "ports": [1, 8443]}]) | CILIUM)

    assert short(found) == [
        "dns-elsewhere Deny pods ",
        "dns-other-ports Deny pods tcp/1-52,tcp/54-65535,udp/1-52,udp/54-65535,sctp/1-65535",
        "dns-names Deny networks+namespaces tcp/2",
        "dns-names Accept domainNames tcp/2",
        "dns Accept pods+networks tcp/53,udp/53",
        "not-public Deny namespaces+networks ",
        "name Accept domainNames tcp/1,tcp/8443",
        "name Accept domainNames tcp/443",
        "all Deny networks+namespaces ",
    ]
    assert [rule["to"] for rule in found["egress"] if rule["name"] == "dns-names"][1] == [
        {"domainNames": ["*.example.org", "api.example.com", "*.cluster.local"]}
    ]


def test_resolvers_of_the_catalog_alone_under_cilium() -> None:
    """Pods that call themselves kube-dns elsewhere are shut, whatever their port is."""
    found = spec(one_egress(domains=["api.example.com"]) | CILIUM)
    elsewhere, here = (rule["to"][0]["pods"]["namespaceSelector"] for rule in found["egress"][:2])

    assert elsewhere["matchExpressions"] == [
        {"key": "kubernetes.io/metadata.name", "operator": "NotIn", "values": ["kube-system"]}
    ]
    assert here["matchExpressions"] == [
        {"key": "kubernetes.io/metadata.name", "operator": "In", "values": ["kube-system"]}
    ]


def test_domain_of_the_cluster() -> None:
    """The names of Services, and those that a search path makes, stay resolvable."""
    settings = {"egress": {"provider": "clusternetworkpolicy", "clusternetworkpolicy": {"clusterDomain": "corp.local"}}}
    found = spec(one_egress(domains=["api.example.com"]) | CILIUM | settings)

    assert found["egress"][3]["to"] == [{"domainNames": ["api.example.com", "*.corp.local"]}]


def test_what_has_no_name_under_cilium_is_said() -> None:
    """What is listed by address cannot be looked up; pods can, by the cluster's names."""
    raw = one_egress(domains=["api.example.com"], services=[REDIS], cidrs=[{"cidr": "10.9.0.0/16", "ports": [443]}])
    said = [found.message for found in rendered(raw | CILIUM).findings if found.id == "clusternetworkpolicy-resolves"]

    assert said == [
        "servers.a: servers.a.egress.cidrs[0] is listed by addresses, and Cilium lets these pods resolve the listed names "
        "alone; call it by its address, or list its names under egress.domains with these addresses"
    ]
