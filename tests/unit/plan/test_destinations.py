"""Destinations, as the design states them: names and addresses, listed cidrs, metadata, identity, the API server."""

from __future__ import annotations

import ipaddress
from typing import Any

import pytest

from helpers import CLIENT, Raw, catalog, errors_of, names, objects, one, one_egress, planned, reach, rendered
from mcpfence.net.addresses import cidrs
from mcpfence.net.special_ranges import METADATA
from mcpfence.plan.fence import Block

AVIATRIX = {"provider": "aviatrix"}


def blocks(raw: Raw, *kinds: str) -> list[str]:
    """The address peers of server a's egress in words, excepts included."""
    fence = planned(raw)["server a"]
    return [
        peer.text for allow in fence.egress if allow.kind in kinds for peer in allow.peers if isinstance(peer, Block)
    ]


def listed(**entry: Any) -> Raw:
    """A server that lists one cidr, on every port unless it says otherwise."""
    return one_egress(cidrs=[{"ports": "all", **entry}])


# --- names


def test_names_of_all_places_add_up() -> None:
    """The runtime's egressDomains, egress.egressDomains and egress.domains are one list."""
    raw = one(
        "npx",
        npxConfig={"egressDomains": ["a.example.com"]},
        egress={
            "egressDomains": ["b.example.com"],
            "domains": ["*.c.example.com", {"name": "D.example.com.", "ports": [443, "8000-8001"]}],
            "registries": "none",
        },
    )

    assert names(planned(raw | {"egress": AVIATRIX})["server a"]) == {
        "*.c.example.com": "443/TCP",
        "a.example.com": "443/TCP",
        "b.example.com": "443/TCP",
        "d.example.com": "443/TCP, 8000-8001/TCP",
    }


def test_names_resolve_to_public_addresses_only() -> None:
    """A name is granted at whatever public address it resolves to: the fence holds the public ranges beside it."""
    fence = planned(one_egress(domains=["a.example.com"]) | {"egress": AVIATRIX})["server a"]

    assert [block.text.split(" ")[0] for block in fence.public] == ["0.0.0.0/0", "2000::/3"]
    assert fence.public == planned(one()).network.public
    assert planned(one())["server a"].public == ()


def test_addresses_are_destinations_of_their_own() -> None:
    """A domain's addresses are opened on the domain's ports, beside the name and never joined with it."""
    entry = {"name": "wiki.corp.example.com", "ports": [443, 8443], "addresses": ["10.20.0.0/24", "fd00:1::/64"]}
    fence = planned(one_egress(domains=[entry]) | {"egress": AVIATRIX})["server a"]

    assert names(fence) == {"wiki.corp.example.com": "443/TCP, 8443/TCP"}
    assert reach(fence.egress, "address") == {
        "address": ["10.20.0.0/24 on 443/TCP, 8443/TCP", "fd00:1::/64 on 443/TCP, 8443/TCP"]
    }


@pytest.mark.parametrize(
    ("address", "id"),
    [("10.0.0.0/8", "cidr-in-cluster"), ("0.0.0.0/0", "cidr-mixed"), ("169.254.169.254/32", "cidr-only-metadata")],
)
def test_addresses_follow_the_rules_of_cidrs(address: str, id: str) -> None:
    """What holds for listed cidrs holds for the addresses of a name and the cidrs of a service."""
    cluster = {"cidrs": {"pods": ["10.1.0.0/16"]}}
    domain = one_egress(domains=[{"name": "a.example.com", "addresses": [address]}])
    service = one_egress(services=[{"name": "a", "mode": "cidr", "cidrs": [address], "ports": [443]}])

    for raw in (domain, service, listed(cidr=address)):
        assert id in planned(raw | {"egress": AVIATRIX, "cluster": cluster}).ids


def test_names_without_an_engine_become_the_public_ranges() -> None:
    """With unenforcedDomains: internet names are the public ranges on their ports, with a warning; no name is left."""
    raw = one_egress(domains=["a.example.com", {"name": "b.example.com", "ports": [8443]}])
    plan = planned(raw | {"egress": {"unenforcedDomains": "internet"}})

    assert names(plan["server a"]) == {}
    assert reach(plan["server a"].egress, "unenforced") == {
        "unenforced": ["0.0.0.0/0 on 443/TCP, 8443/TCP", "2000::/3 on 443/TCP, 8443/TCP"]
    }
    assert plan.messages("domains-open") == [
        "egress.unenforcedDomains: names are not enforced: these may reach every public address on the ports of their "
        "names: server a; choose an egress.provider that knows names"
    ]


def test_who_is_open_by_names() -> None:
    """Each is named, and those that list nothing and are open for their package's registry alone are marked."""
    raw = catalog(
        {
            "filesystem": {"runtime": "npx"},
            "github": {"runtime": "npx", "npxConfig": {"egressDomains": ["api.github.com"]}},
            "sealed": {"runtime": "npx", "egress": {"registries": "none"}},
            "vault": {"runtime": "containerized"},
        },
        egress={"unenforcedDomains": "internet", "registries": {"npx": ["npm.example.com"]}},
        workloads={"job": {"podSelector": {"app": "job"}, "egress": {"domains": ["a.example.com"]}}},
    )

    assert planned(raw).messages("domains-open") == [
        "egress.unenforcedDomains: names are not enforced: these may reach every public address on the ports of their "
        "names: server github, workload job, server filesystem (for its registry alone); choose an egress.provider that "
        "knows names; where the package is baked into the image write registries: none in that server's egress"
    ]
    many = catalog({f"s{i:02}": {"runtime": "npx"} for i in range(23)}, egress=raw["egress"])
    (said,) = planned(many).messages("domains-open")
    assert "server s19 (for its registry alone) and 3 more; choose" in said


def test_registries_without_an_engine_are_a_warning_too() -> None:
    """The same where the only names are registries, or the hosts of remote servers."""
    registries = one("npx", egress={"registries": ["r.example.com"]})
    remote = catalog(
        {"r": {"runtime": "remote", "remoteConfig": {"fixedURL": "https://r.example.com/mcp"}}},
        workloads={"w": {"podSelector": {"app": "w"}, "egress": {"servers": ["r"]}}},
    )

    for raw in (registries, remote):
        assert "domains-open" in planned(raw | {"egress": {"unenforcedDomains": "internet"}}).ids
    assert "domains-open" not in planned(one() | {"egress": {"unenforcedDomains": "internet"}}).ids


def test_unenforced_domains_change_nothing_where_an_engine_knows_names() -> None:
    """unenforcedDomains is for provider none alone."""
    raw = one_egress(domains=["a.example.com"]) | {"egress": {**AVIATRIX, "unenforcedDomains": "internet"}}

    assert names(planned(raw)["server a"]) == {"a.example.com": "443/TCP"}
    assert "domains-open" not in planned(raw).ids


# --- listed cidrs


CUT: dict[str, tuple[str, str]] = {
    # what: (cidr, block that is left)
    "private": ("10.1.0.0/16", "10.1.0.0/16"),
    "public": ("8.8.8.0/24", "8.8.8.0/24"),
    "documentation": ("203.0.113.0/24", "203.0.113.0/24"),
    "link-local": (
        "169.254.0.0/16",
        "169.254.0.0/16 except 169.254.42.42/32, 169.254.169.252/32, 169.254.169.254/32, 169.254.170.2/32, 169.254.170.23/32",
    ),
    "around Azure's endpoint": ("168.63.129.0/24", "168.63.129.0/24 except 168.63.129.16/32"),
    "around Alibaba's endpoint": ("100.64.0.0/10", "100.64.0.0/10 except 100.100.100.200/32"),
    "around Oracle's endpoint": ("192.0.0.0/24", "192.0.0.0/24 except 192.0.0.192/32"),
    "unique local": (
        "fc00::/7",
        "fc00::/7 except fd00:42::42/128, fd00:ec2::23/128, fd00:ec2::254/128, fd20:ce::254/128",
    ),
    "a piece of NAT64": (
        "64:ff9b::a9fe:a900/120",
        "64:ff9b::a9fe:a900/120 except 64:ff9b::a9fe:a9fc/128, 64:ff9b::a9fe:a9fe/128",
    ),
    "a piece of 6to4": ("2002:a83f:8100::/40", "2002:a83f:8100::/40 except 2002:a83f:8110::/48"),
}


@pytest.mark.parametrize(("cidr", "left"), CUT.values(), ids=CUT)
def test_metadata_is_cut_out_of_listed_cidrs(cidr: str, left: str) -> None:
    """A listed cidr may be private or public; the metadata endpoints and their images are never in it."""
    assert blocks(listed(cidr=cidr), "cidr") == [left]


@pytest.mark.parametrize("address", [text for text, _ in METADATA])
@pytest.mark.parametrize("form", ["cidr", "address", "service"])
def test_no_entry_reaches_a_metadata_endpoint(address: str, form: str) -> None:
    """Whatever entry lists the block around an endpoint, the endpoint is not in the rendered policy."""
    wide = str(ipaddress.ip_network(address).supernet(new_prefix=24 if "." in address else 64))
    forms: dict[str, Raw] = {
        "cidr": {"cidrs": [{"cidr": wide, "ports": "all"}]},
        "address": {"domains": [{"name": "a.example.com", "addresses": [wide]}]},
        "service": {"services": [{"name": "a", "mode": "cidr", "cidrs": [wide], "ports": "all"}]},
    }
    egress = forms[form]
    provider = {**AVIATRIX, "aviatrix": {"ipv6": True}}
    policy = objects(one_egress(**egress, dns=False) | {"egress": provider})["NetworkPolicy mcp-server-a-egress"]
    found = [peer["ipBlock"] for rule in policy["spec"]["egress"] for peer in rule["to"] if "ipBlock" in peer]
    inside = [
        block
        for block in found
        if ipaddress.ip_address(address) in ipaddress.ip_network(block["cidr"])
        and not any(ipaddress.ip_address(address) in ipaddress.ip_network(out) for out in block.get("except", []))
    ]

    assert wide in [block["cidr"] for block in found]
    assert inside == []


def test_excepts_and_metadata_add_up() -> None:
    """An entry's own excepts stand beside the endpoints that are cut out."""
    raw = listed(cidr="168.63.129.0/24", **{"except": ["168.63.129.17/32", "168.63.129.128/25"]})

    assert blocks(raw, "cidr") == ["168.63.129.0/24 except 168.63.129.16/31, 168.63.129.128/25"]


MIXED = {
    "every address": "0.0.0.0/0",
    "public and private": "8.0.0.0/6",
    "public and cluster": "51.0.0.0/15",
    "public and excepted": "55.0.0.0/15",
    "every IPv6 address": "::/0",
    "global unicast": "2000::/3",
}


@pytest.mark.parametrize("cidr", MIXED.values(), ids=MIXED)
def test_mixed_cidrs_are_refused(cidr: str) -> None:
    """A cidr with public and blocked addresses would open private ranges by the way."""
    raw = listed(cidr=cidr) | {"cluster": {"cidrs": {"pods": ["51.0.0.0/16"]}}, "egress": {"except": ["55.0.0.0/16"]}}

    assert errors_of(raw) == [
        f"servers.a.egress.cidrs[0]: {cidr} holds public and blocked addresses; write egress.default: internet for every "
        "public address, or narrower cidrs that are one or the other [cidr-mixed]"
    ]


def test_excepts_can_unmix() -> None:
    """A cidr whose blocked part is excepted is public: the excepts say what is meant."""
    raw = listed(cidr="8.0.0.0/6", **{"except": ["10.0.0.0/8"]})

    assert blocks(raw, "cidr") == ["8.0.0.0/6 except 10.0.0.0/8"]
    assert errors_of(raw) == []


def test_blocked_ranges_may_be_listed() -> None:
    """What the user writes is granted, also where a stance would never reach it: blocked ranges are not forbidden."""
    raw = listed(cidr="34.118.224.0/24") | {"cluster": {"profile": "gke"}, "egress": {"except": ["55.0.0.0/16"]}}

    assert blocks(raw, "cidr") == ["34.118.224.0/24"]
    assert errors_of(raw) == []


def test_cidr_in_the_cluster_is_a_warning() -> None:
    """A cidr that overlaps cluster.cidrs opens pods, Services or nodes by address: a warning, not an error."""
    raw = listed(cidr="10.0.0.0/8") | {"cluster": {"cidrs": {"services": ["10.96.0.0/12"]}}}
    plan = planned(raw)

    assert plan.messages("cidr-in-cluster") == [
        "servers.a.egress.cidrs[0]: 10.0.0.0/8 overlaps cluster.cidrs: pods, Services or nodes of this cluster; list the "
        "back-end under egress.services if it runs in the cluster"
    ]
    assert blocks(raw, "cidr") == ["10.0.0.0/8"]


REOPENED: dict[str, tuple[Raw, str | None]] = {
    # what: (egress beside the entry with the except, what opens it again)
    "nothing": ({}, None),
    "a narrower cidr": ({"cidrs": [{"cidr": "10.1.2.0/24", "ports": [80]}]}, "servers.a.egress.cidrs[1]"),
    "a cidr beside it": ({"cidrs": [{"cidr": "10.2.0.0/16", "ports": [80]}]}, None),
    "a cidr with the same except": (
        {"cidrs": [{"cidr": "10.1.0.0/16", "except": ["10.1.2.0/24"], "ports": [80]}]},
        None,
    ),
    "an address": (
        {"domains": [{"name": "a.example.com", "addresses": ["10.1.2.3/32"]}]},
        "servers.a.egress.domains[0].addresses",
    ),
    "a service": (
        {"services": [{"name": "s", "mode": "cidr", "cidrs": ["10.1.2.3/32"], "ports": [80]}]},
        "servers.a.egress.services[0]",
    ),
    "a registry": (
        {"registries": [{"name": "s", "mode": "cidr", "cidrs": ["10.1.2.3/32"], "ports": [80]}]},
        "servers.a.egress.registries[0]",
    ),
}


@pytest.mark.parametrize(("beside", "by"), REOPENED.values(), ids=REOPENED)
def test_except_that_another_entry_reopens(beside: Raw, by: str | None) -> None:
    """An except subtracts inside its own entry only; a warning says which other entry opens it again."""
    entry = {"cidr": "10.1.0.0/16", "except": ["10.1.2.0/24"], "ports": [443]}
    raw = one_egress(**{**beside, "cidrs": [entry, *beside.get("cidrs", [])]}) | {"egress": AVIATRIX}
    found = planned(raw).messages("except-reopened")

    assert [text.split(" is opened again by ")[1].split(";")[0] for text in found] == ([by] if by else [])
    assert all(text.startswith("servers.a.egress.cidrs[0]: the except 10.1.2.") for text in found)


def test_except_that_the_stance_reopens() -> None:
    """The stance internet opens again what a public cidr excepts."""
    raw = one_egress(default="internet", cidrs=[{"cidr": "8.8.8.0/24", "except": ["8.8.8.8/32"], "ports": [53]}])

    assert planned(raw).messages("except-reopened") == [
        "servers.a.egress.cidrs[0]: the except 8.8.8.8/32 is opened again by servers.a.egress.default; an except subtracts "
        "only inside its own entry; cut it out of the other one too"
    ]


def test_same_cidr_twice_with_other_ports() -> None:
    """Two entries of one block are two destinations, each on its own ports."""
    raw = one_egress(cidrs=[{"cidr": "10.1.0.0/16", "ports": [443]}, {"cidr": "10.1.0.0/16", "ports": ["53/UDP"]}])

    assert reach(planned(raw)["server a"].egress) == {"cidr": ["10.1.0.0/16 on 443/TCP", "10.1.0.0/16 on 53/UDP"]}


# --- cloud identity


IDENTITY = {
    "eks": ["169.254.170.23/32 on 80/TCP", "fd00:ec2::23/128 on 80/TCP"],
    "gke": ["169.254.169.254/32 on 80/TCP", "169.254.169.252/32 on 988/TCP"],
}


@pytest.mark.parametrize(("profile", "expected"), IDENTITY.items())
def test_cloud_identity(profile: str, expected: list[str]) -> None:
    """cloudIdentity opens exactly the profile's credential endpoint, and no DNS."""
    found = reach(planned(one_egress(cloudIdentity=True) | {"cluster": {"profile": profile}})["server a"].egress)

    assert found == {"cloudIdentity": expected}


@pytest.mark.parametrize("profile", ["gke", "eks"])
def test_cloud_identity_is_never_a_default(profile: str) -> None:
    """No stance and no listed cidr reaches the endpoint; DNS at the metadata address is DNS and nothing else."""
    raw = one_egress(default="internet") | {"cluster": {"profile": profile}}
    fence = planned(raw)["server a"]

    assert not reach(fence.egress, "cloudIdentity")
    policy = objects(raw)["NetworkPolicy mcp-server-a-egress"]
    for rule in policy["spec"]["egress"]:
        for peer in rule["to"]:
            if peer.get("ipBlock", {}).get("cidr", "").startswith("169.254."):
                assert {port["port"] for port in rule["ports"]} == {53}


def test_cloud_identity_of_one_family() -> None:
    """Only the endpoint of a family that the cluster has is opened."""
    raw = one_egress(cloudIdentity=True) | {"cluster": {"profile": "eks", "ipFamilies": ["IPv6"]}}

    assert reach(planned(raw)["server a"].egress) == {"cloudIdentity": ["fd00:ec2::23/128 on 80/TCP"]}


# --- the API server


def test_kubernetes_api() -> None:
    """kubernetesAPI opens cluster.cidrs.controlPlane on 443 and 6443, and no DNS."""
    cluster = {"cidrs": {"controlPlane": ["10.0.0.1/32", "fd00::1/128", "51.0.0.1/32"]}}
    found = reach(planned(one_egress(kubernetesAPI=True) | {"cluster": cluster})["server a"].egress)

    assert found == {
        "kubernetesAPI": [
            "10.0.0.1/32 on 443/TCP, 6443/TCP",
            "51.0.0.1/32 on 443/TCP, 6443/TCP",
            "fd00::1/128 on 443/TCP, 6443/TCP",
        ]
    }


def test_kubernetes_api_is_never_a_default() -> None:
    """The API server's own ranges are blocked for the stance internet, also where they are public."""
    raw = one_egress(default="internet") | {"cluster": {"cidrs": {"controlPlane": ["51.0.0.1/32"]}}}
    public = next(allow.peers[0] for allow in planned(raw)["server a"].egress if allow.kind == "internet")

    assert isinstance(public, Block)
    assert "51.0.0.1/32" in cidrs(public.excepts)


def test_kubernetes_api_has_no_metadata() -> None:
    """Metadata endpoints are cut out of controlPlane as well."""
    raw = one_egress(kubernetesAPI=True) | {"cluster": {"cidrs": {"controlPlane": ["169.254.169.0/24"]}}}

    assert blocks(raw, "kubernetesAPI") == ["169.254.169.0/24 except 169.254.169.252/32, 169.254.169.254/32"]


# --- families


def test_only_the_families_of_the_cluster_are_rendered() -> None:
    """With IPv4 alone no IPv6 block is in any object, and the other way round."""
    for family, foreign in (("IPv4", ":"), ("IPv6", ".")):
        raw = one_egress(default="internet") | {
            "cluster": {"profile": "gke", "ipFamilies": [family]},
            "clients": CLIENT,
        }
        policies = [item.text for item in rendered(raw).objects if item.kind == "NetworkPolicy"]
        blocks_of = [line.split(":", 1)[1] for text in policies for line in text.splitlines() if "cidr:" in line]

        assert blocks_of
        assert not [text for text in blocks_of if foreign in text.split("/")[0]]


def test_namespace_of_the_policies() -> None:
    """mcpNamespace.name, else RELEASE-mcp; -n is the release's namespace only, where the report goes."""
    default, own = rendered(one()), rendered(one() | {"mcpNamespace": {"name": "tools"}})

    assert {(item.kind, item.namespace) for item in default.objects} == {
        ("NetworkPolicy", "demo-mcp"),
        ("ConfigMap", "home"),
    }
    assert {(item.kind, item.namespace) for item in own.objects} == {("NetworkPolicy", "tools"), ("ConfigMap", "home")}


def test_catalog_stance_is_not_for_workloads() -> None:
    """The catalog's stance is for servers: a workload that lists nothing reaches nothing."""
    raw = catalog({"a": {"runtime": "containerized"}}, egress={"default": "internet"})
    found = planned(raw | {"workloads": {"w": {"podSelector": {"app": "w"}}}})

    assert found["server a"].internet
    assert found["workload w"].egress == ()
