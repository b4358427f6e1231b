"""Aviatrix FirewallPolicies: rules in the stated order, one webGroup per port, a deny at the end, losses told."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers import CLIENT, Raw, catalog, errors_of, objects, one, one_egress, rendered
from mcpfence.net.ports import PortRange
from mcpfence.plan.fence import Name
from mcpfence.providers.aviatrix.emit import segments

AVIATRIX = {"egress": {"provider": "aviatrix"}}
IPV6 = {"egress": {"provider": "aviatrix", "aviatrix": {"ipv6": True}}}
REDIS = {"name": "redis", "namespace": "data", "podSelector": {"app": "redis"}, "ports": [6379]}
EVERYTHING = {
    "domains": [
        "api.example.com",
        {"name": "*.b.example.com", "ports": [8443]},
        {"name": "w.example.com", "addresses": ["10.20.0.0/24"]},
    ],
    "cidrs": [{"cidr": "10.1.0.0/16", "except": ["10.1.128.0/17"], "ports": [443, "53/UDP", "8000-8010"]}],
    "services": [REDIS, {"name": "ns", "namespace": "data", "mode": "namespace", "ports": "all"}],
    "registries": ["npm.example.com"],
    "kubernetesAPI": True,
}


def spec(raw: Raw, name: str = "mcp-server-a") -> Raw:
    """The spec of one rendered FirewallPolicy."""
    found: Raw = objects(raw)[f"FirewallPolicy {name}"]["spec"]
    return found


def short(found: Raw) -> list[str]:
    """The rules in words: NAME ACTION PROTOCOL/PORTS to GROUP [web GROUP], names without the server's."""
    lines = []
    for rule in found["rules"]:
        (group,), web = rule["destinationSmartGroups"], rule.get("webGroups", [])
        ports = f"/{rule['port']}" + (f"-{rule['endPort']}" if "endPort" in rule else "") if "port" in rule else ""
        line = f"{rule['action']} {rule['protocol']}{ports} to {group['name']}" + "".join(
            f" web {w['name']}" for w in web
        )
        lines.append(line.replace("mcp-server-a-", ""))
    return lines


def test_rules_stand_in_order() -> None:
    """DNS, then pods, then prefixes, then one webGroup per port, then the deny."""
    clients = {"gateway": {**CLIENT["gateway"], "callbackPort": 8080}}
    cluster = {"cidrs": {"controlPlane": ["10.0.0.1/32"]}}
    raw = one("npx", egress=EVERYTHING) | AVIATRIX | {"clients": clients, "cluster": cluster}
    found = spec(raw)

    assert short(found) == [
        "permit tcp/53 to dns",
        "permit udp/53 to dns",
        "permit tcp/8080 to callback",
        "permit tcp/6379 to service",
        "permit any to service-2",
        "permit tcp/443 to address",
        "permit tcp/443 to cidr",
        "permit tcp/8000-8010 to cidr",
        "permit udp/53 to cidr",
        "permit tcp/443 to kubernetes-api",
        "permit tcp/6443 to kubernetes-api",
        "permit tcp/443 to any web web-443",
        "permit tcp/8443 to any web web-8443",
        "deny any to any",
    ]
    groups = {group["name"].removeprefix("mcp-server-a-"): group["selectors"] for group in found["smartGroups"]}
    assert groups == {
        "dns": [{"type": "k8s", "k8sNamespace": "kube-system", "tags": {"k8s-app": "kube-dns"}}],
        "callback": [{"type": "k8s", "k8sNamespace": "gateways", "tags": {"app": "gateway"}}],
        "service": [{"type": "k8s", "k8sNamespace": "data", "tags": {"app": "redis"}}],
        "service-2": [{"type": "k8s", "k8sNamespace": "data"}],
        "address": [{"cidr": "10.20.0.0/24"}],
        "cidr": [{"cidr": "10.1.0.0/17"}],
        "kubernetes-api": [{"cidr": "10.0.0.1/32"}],
        "any": [{"cidr": "0.0.0.0/0"}],
    }
    assert {group["name"].removeprefix("mcp-server-a-"): group["domains"] for group in found["webGroups"]} == {
        "web-443": ["api.example.com", "npm.example.com", "w.example.com"],
        "web-8443": ["*.b.example.com"],
    }


def test_every_server_and_workload_has_one() -> None:
    """Deny-only fences included; remote servers and back-ends have none."""
    service = {**REDIS, "namespace": "demo-mcp"}
    servers: Raw = {
        "a": {"runtime": "containerized", "egress": {"denyAllEgress": True}},
        "b": {"runtime": "containerized", "egress": {"services": [service]}},
        "r": {"runtime": "remote", "remoteConfig": {"hostname": "r.example.com"}},
    }
    raw = catalog(servers, workloads={"w": {"podSelector": {"app": "w"}, "namespace": "tools"}}) | AVIATRIX
    made = [(item.namespace, item.name) for item in rendered(raw).objects if item.kind == "FirewallPolicy"]

    assert made == [("demo-mcp", "mcp-server-a"), ("demo-mcp", "mcp-server-b"), ("tools", "mcp-workload-w")]
    assert short(spec(raw)) == ["deny any to any"]


def test_last_rules_deny_everything() -> None:
    """Each selector's rules end in a deny to every address, with a log; with ipv6 in one for each family."""
    for keys, ends in ((AVIATRIX, ["0.0.0.0/0"]), (IPV6, ["0.0.0.0/0", "::/0"])):
        found = spec(one(podSelector=[{"app": "x"}, {"app": "y"}], egress={"domains": ["a.example.com"]}) | keys)
        groups = {group["name"]: group["selectors"] for group in found["smartGroups"]}
        for app in ("x", "y"):
            rules = [rule for rule in found["rules"] if rule["selector"] == {"matchLabels": {"app": app}}]
            last = rules[-len(ends) :]

            assert [rule["action"] for rule in rules].count("deny") == len(ends)
            assert [groups[rule["destinationSmartGroups"][0]["name"]] for rule in last] == [
                [{"cidr": end}] for end in ends
            ]
            assert all(rule["action"] == "deny" and rule["protocol"] == "any" and rule["logging"] for rule in last)


def test_internet_without_a_web_group() -> None:
    """The stance internet permits the public prefixes, from which everything blocked is taken, and needs no names."""
    found = spec(one_egress(default="internet") | AVIATRIX)
    prefixes = [item["cidr"] for item in found["smartGroups"][1]["selectors"]]

    assert short(found)[2:] == ["permit any to internet", "deny any to any"]
    assert "webGroups" not in found
    assert "8.0.0.0/7" in prefixes
    assert not [text for text in prefixes if text.startswith(("10.", "192.168.", "169.254.")) or ":" in text]


def test_link_local_needs_no_rule() -> None:
    """Link-local destinations never cross the gateway: they are in the NetworkPolicy and in no rule."""
    raw = one_egress(cloudIdentity=True, cidrs=[{"cidr": "169.254.1.0/24", "ports": [80]}]) | {
        "cluster": {"profile": "eks"}
    }
    made = objects(raw | AVIATRIX)

    assert short(made["FirewallPolicy mcp-server-a"]["spec"]) == ["deny any to any"]
    blocks = [rule["to"][0]["ipBlock"]["cidr"] for rule in made["NetworkPolicy mcp-server-a-egress"]["spec"]["egress"]]
    assert blocks == ["169.254.1.0/24", "169.254.170.23/32"]


def test_ipv6_outside_the_cluster_is_a_narrowing() -> None:
    """Without aviatrix.ipv6 no object opens IPv6 outside the cluster, and what is lost is told."""
    egress = {
        "default": "internet",
        "cidrs": [{"cidr": "2600:1::/32", "ports": [443]}, {"cidr": "fd00:1::/64", "ports": [443]}],
    }
    cluster = {"cidrs": {"services": ["fd00:1::/48"]}}
    rendering = rendered(one_egress(**egress) | AVIATRIX | {"cluster": cluster})
    texts = [item.text for item in rendering.objects if item.kind != "ConfigMap"]

    assert [item.text for item in rendering.narrowings] == [
        "server a loses cidr 2600:1::/32; internet 2000::/3: without egress.aviatrix.ipv6 no FirewallPolicy rule covers IPv6, so "
        "no IPv6 destination is opened"
    ]
    assert not any("2600:1::/32" in text or '"::/0"' in text for text in texts)
    assert any("fd00:1::/64" in text for text in texts)
    report = next(item.text for item in rendering.objects if item.kind == "ConfigMap")
    assert "server a loses cidr 2600:1::/32" in report


def test_ipv6_of_names_is_a_narrowing_too() -> None:
    """Names lose their IPv6 addresses; with aviatrix.ipv6, or on a cluster without IPv6, nothing is lost."""
    raw = one_egress(domains=["a.example.com"])

    assert [item.text.split(": ")[0] for item in rendered(raw | AVIATRIX).narrowings] == [
        "server a loses name 2000::/3"
    ]
    assert rendered(raw | IPV6).narrowings == ()
    assert rendered(raw | AVIATRIX | {"cluster": {"ipFamilies": ["IPv4"]}}).narrowings == ()


def test_ipv6_doubles_every_rule_to_everywhere() -> None:
    """With aviatrix.ipv6 every rule to 0.0.0.0/0 stands for ::/0 too."""
    assert short(spec(one_egress(domains=["a.example.com"], dns=False) | IPV6)) == [
        "permit tcp/443 to any web web-443",
        "permit tcp/443 to any-ipv6 web web-443",
        "deny any to any",
        "deny any to any-ipv6",
    ]


@pytest.mark.parametrize(("crd", "port", "expected"), [("", 443, False), ("10.1", 443, True), ("10.1", 8443, False)])
def test_newer_fields_only_where_the_crd_has_them(crd: str, port: int, expected: bool) -> None:
    """Only fields of the oldest CRD are written, unless egress.aviatrix.crd names a newer one."""
    raw = one_egress(domains=[{"name": "a.example.com", "ports": [port]}])
    found = spec(raw | {"egress": {"provider": "aviatrix", "aviatrix": {"crd": crd}}})

    assert [rule.get("flowAppRequirement") for rule in found["rules"] if "webGroups" in rule] == [
        "tlsRequired" if expected else None
    ]


def test_policies_come_before_what_they_narrow() -> None:
    """FirewallPolicies stand first in the output and in Argo CD's waves: the NetworkPolicies open what they narrow."""
    kinds = [item.kind for item in rendered(one_egress(domains=["a.example.com"]) | AVIATRIX).objects]

    assert kinds == ["FirewallPolicy", "NetworkPolicy", "NetworkPolicy", "ConfigMap"]
    metadata = objects(one() | AVIATRIX)["FirewallPolicy mcp-server-a"]["metadata"]
    assert metadata["annotations"] == {"argocd.argoproj.io/sync-wave": "-1", "mcpfence.io/catalog-keys": "servers.a"}


EXPRESSIONS = {"matchExpressions": [{"key": "app", "operator": "Exists"}]}


def test_peers_by_expressions_are_the_clusters_addresses() -> None:
    """Smart groups know no expressions: the firewall passes those ports in the cluster, the NetworkPolicy selects."""
    cluster = {"cidrs": {"pods": ["10.2.0.0/16"], "services": ["10.3.0.0/16", "fd00:3::/48"]}}
    raw = one_egress(services=[{**REDIS, "podSelector": EXPRESSIONS}], dns=False) | AVIATRIX
    found = spec(raw | {"cluster": cluster})

    assert short(found) == ["permit tcp/6379 to service", "deny any to any"]
    assert found["smartGroups"][0]["selectors"] == [{"cidr": "10.2.0.0/15"}]
    assert [line.rpartition(" ")[2] for line in errors_of(raw)] == ["[aviatrix-peer]"]


CANNOT: dict[str, tuple[Raw, str]] = {
    "SCTP": ({"egress": {"cidrs": [{"cidr": "10.1.0.0/16", "ports": ["1/SCTP"]}]}}, "SCTP ports"),
    "expressions": ({"podSelector": EXPRESSIONS}, "matchExpressions in a podSelector"),
}


@pytest.mark.parametrize(("keys", "what"), CANNOT.values(), ids=CANNOT)
def test_what_aviatrix_cannot_say(keys: Raw, what: str) -> None:
    """What the engine cannot express is refused, with every server that needs it, never approximated."""
    selectors: dict[str, Any] = {name: {"matchLabels": {"n": name}, **EXPRESSIONS} for name in "ab"}
    servers = {
        name: {"runtime": "containerized", **({"podSelector": selectors[name]} if "podSelector" in keys else keys)}
        for name in "ab"
    }

    assert errors_of(catalog(servers) | AVIATRIX) == [
        f"egress.provider: provider aviatrix cannot express {what}, which these need: server a, server b; "
        "change them, or the provider [provider-cannot]"
    ]


ranges = st.builds(lambda first, span: PortRange("TCP", first, first + span), st.integers(1, 12), st.integers(0, 4))


@given(st.lists(st.tuples(st.sampled_from("abc"), st.lists(ranges, min_size=1, max_size=2)), min_size=1, max_size=4))
def test_segments_mean_the_same(entries: list[tuple[str, list[PortRange]]]) -> None:
    """Every (name, port) stands in exactly one segment, and every segment holds nothing else."""
    names = [Name(pattern, tuple(ports), "") for pattern, ports in entries]
    expected = {
        (name.pattern, port) for name in names for item in name.ports for port in range(item.first, item.last + 1)
    }
    found = segments(names)
    ports = [port for first, last, _ in found for port in range(first, last + 1)]

    assert {
        (name, port) for first, last, group in found for name in group for port in range(first, last + 1)
    } == expected
    assert len(ports) == len(set(ports))
    assert [first for first, _, _ in found] == sorted(first for first, _, _ in found)
