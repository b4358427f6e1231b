"""The plan, as the design states it: stances, denyAllEgress, registries and DNS."""

from __future__ import annotations

from typing import Any

import pytest

from helpers import CLIENT, Raw, catalog, names, objects, one, one_egress, planned, reach
from mcpfence.net.addresses import cidrs
from mcpfence.plan.fence import Block

AVIATRIX = {"provider": "aviatrix"}
PUBLIC = ["0.0.0.0/0 on every protocol and port", "2000::/3 on every protocol and port"]
DNS = [
    "kube-system/k8s-app=kube-dns on 53/TCP, 53/UDP",
    "169.254.20.10/32 on 53/TCP, 53/UDP",
]
CIDR = {"cidr": "10.1.0.0/16", "ports": [443]}
REDIS = {"name": "redis", "namespace": "data", "podSelector": {"app": "redis"}, "ports": [6379]}
REGISTRY = {"npx": ["npm.example.com"], "uvx": ["pypi.example.com", {"name": "files.example.com", "ports": [8443]}]}


def egress_of(raw: Raw) -> dict[str, list[str]]:
    """What server a may reach besides names, after a plan without errors."""
    plan = planned(raw)
    assert not [finding.message for finding in plan.findings if finding.severity.value == "error"]
    return reach(plan["server a"].egress)


# --- stance


LISTING: dict[str, Raw] = {
    "empty domains": {"egress": {"domains": []}},
    "empty cidrs": {"egress": {"cidrs": []}},
    "empty services": {"egress": {"services": []}},
    "empty egressDomains": {"egress": {"egressDomains": []}},
    "empty egressDomains of the runtime": {"containerizedConfig": {"egressDomains": []}},
}


@pytest.mark.parametrize("keys", LISTING.values(), ids=LISTING)
def test_written_empty_list_counts_as_listing(keys: Raw) -> None:
    """A written empty list grants nothing, and the catalog's stance internet does not apply."""
    assert egress_of(one(**keys) | {"egress": {"default": "internet"}}) == {}


NOT_LISTING: dict[str, Raw] = {
    "nothing": {},
    "an empty egress": {"egress": {}},
    "registries": {"egress": {"registries": [{"name": "r", "mode": "cidr", "cidrs": ["10.9.0.0/24"], "ports": [443]}]}},
    "cloudIdentity": {"egress": {"cloudIdentity": True}},
    "kubernetesAPI": {"egress": {"kubernetesAPI": True}},
    "dns": {"egress": {"dns": True}},
    "a runtime's keys": {"containerizedConfig": {"image": "i", "port": 80}},
}


@pytest.mark.parametrize("keys", NOT_LISTING.values(), ids=NOT_LISTING)
def test_stance_of_the_catalog_holds_for_who_lists_nothing(keys: Raw) -> None:
    """Domains, cidrs and services count as listing; registries, callbacks, cloudIdentity and kubernetesAPI do not."""
    cluster = {"profile": "gke", "cidrs": {"controlPlane": ["10.0.0.1/32"]}}
    clients = {"gateway": {**CLIENT["gateway"], "callbackPort": 8080}}
    raw = one(**keys) | {"egress": {"default": "internet"}, "cluster": cluster, "clients": clients}

    assert egress_of(raw)["internet"] == PUBLIC


@pytest.mark.parametrize("listed", [{"cidrs": [CIDR]}, {"services": [REDIS]}, {"domains": ["a.example.com"]}], ids=str)
def test_stance_of_the_catalog_does_not_hold_for_who_lists(listed: Raw) -> None:
    """Who lists something reaches that and nothing else."""
    raw = one_egress(**listed) | {"egress": {"default": "internet", **AVIATRIX}}

    assert "internet" not in egress_of(raw)


@pytest.mark.parametrize("written", [{}, {"default": "deny"}], ids=["default", "written"])
def test_deny_is_the_default(written: Raw) -> None:
    """Absence never widens: who lists nothing reaches nothing, DNS included."""
    assert egress_of(one() | {"egress": written}) == {}


def test_own_stance_internet_adds_the_public_ranges() -> None:
    """A server's own internet stands beside its cidrs and services."""
    found = egress_of(one_egress(default="internet", cidrs=[CIDR], services=[REDIS]))

    assert found == {
        "dns": DNS,
        "service": ["data/app=redis on 6379/TCP"],
        "cidr": ["10.1.0.0/16 on 443/TCP"],
        "internet": PUBLIC,
    }


def test_own_stance_deny_wins_over_the_catalog() -> None:
    """A server's own deny holds against the catalog's internet."""
    assert egress_of(one_egress(default="deny") | {"egress": {"default": "internet"}}) == {}


def test_internet_is_no_private_address() -> None:
    """Every public address on every protocol and port, and no private one."""
    (internet,) = [
        allow for allow in planned(one_egress(default="internet"))["server a"].egress if allow.kind == "internet"
    ]
    texts = " ".join(peer.text for peer in internet.peers if isinstance(peer, Block))

    assert all(text in texts for text in ("10.0.0.0/8", "169.254.0.0/16", "168.63.129.16/32", "2001:db8::/32"))
    assert [cidrs((peer.block,)) for peer in internet.peers if isinstance(peer, Block)] == [
        ("0.0.0.0/0",),
        ("2000::/3",),
    ]


# --- denyAllEgress


@pytest.mark.parametrize(
    "keys",
    [
        {"containerizedConfig": {"denyAllEgress": True}},
        {"egress": {"denyAllEgress": True}},
        {"egress": {"denyAllEgress": True, "dns": False, "default": "deny", "registries": "none", "domains": []}},
    ],
    ids=["runtime's key", "egress", "beside what grants nothing"],
)
def test_deny_all_reaches_nothing(keys: Raw) -> None:
    """Nothing at all: no DNS, no callback, no inherited registry, whatever the catalog's stance."""
    clients = {"gateway": {**CLIENT["gateway"], "callbackPort": 8080}}
    raw = one(**keys) | {"egress": {"default": "internet", "registries": REGISTRY}, "clients": clients}
    plan = planned(raw)

    assert plan["server a"].egress == ()
    assert plan["server a"].names == ()
    assert reach(plan["server a"].ingress) == {"client": ["gateways/app=gateway on 8099/TCP"]}


def test_deny_all_is_no_caller_of_a_registry() -> None:
    """A registry inside the fenced namespace does not admit the server that may not reach it."""
    npm = {"name": "npm", "mode": "selector", "podSelector": {"app": "npm"}, "ports": [4873]}
    servers: Raw = {"a": {"runtime": "npx", "egress": {"denyAllEgress": True}}, "b": {"runtime": "npx"}}
    plan = planned(catalog(servers, egress={"registries": {"npx": [npm]}}))

    assert reach(plan["service npm"].ingress) == {"backend": ["demo-mcp/app=b on 4873/TCP"]}


def test_deny_all_still_has_both_policies() -> None:
    """A server that reaches nothing has both policies, with an empty list of rules, and its firewall's deny."""
    made = objects(one(containerizedConfig={"denyAllEgress": True}) | {"egress": AVIATRIX})

    assert made["NetworkPolicy mcp-server-a-egress"]["spec"] == {
        "podSelector": {"matchLabels": {"app": "a"}},
        "policyTypes": ["Egress"],
        "egress": [],
    }
    assert made["NetworkPolicy mcp-server-a-ingress"]["spec"]["policyTypes"] == ["Ingress"]
    assert [rule["action"] for rule in made["FirewallPolicy mcp-server-a"]["spec"]["rules"]] == ["deny"]


@pytest.mark.parametrize("runtime", ["npx", "uvx"])
def test_deny_all_needs_a_baked_image(runtime: str) -> None:
    """An npx or uvx server that reaches nothing starts only from an image with its package: a warning says so."""
    plan = planned(one(runtime, egress={"denyAllEgress": True}) | {"egress": {"registries": REGISTRY}})
    article = {"npx": "an", "uvx": "a"}[runtime]

    assert plan.messages("deny-all-package") == [
        f"servers.a: {article} {runtime} server that reaches nothing starts only from an image that holds its package; "
        "bake the package into mcpServerDefaults.image"
    ]
    assert "registry-missing" not in plan.ids


def test_deny_all_false_says_nothing() -> None:
    """denyAllEgress: false changes nothing, and a note tells people who come from Obot what to write."""
    plan = planned(one(containerizedConfig={"denyAllEgress": False}))

    assert plan["server a"].egress == ()
    assert plan.messages("deny-all-false") == [
        "servers.a.containerizedConfig.denyAllEgress: denyAllEgress: false says nothing here; write egress.default: "
        "internet if it shall reach every public address, or list what it reaches"
    ]


# --- registries


def npx(**egress: Any) -> Raw:
    """An npx server with this egress, and registries of the catalog."""
    return one("npx", egress=egress) | {"egress": {**AVIATRIX, "registries": REGISTRY}}


def test_registries_are_inherited_by_runtime() -> None:
    """npx and uvx servers get the catalog's registries of their runtime, marked as such; containers get none."""
    servers = {"n": {"runtime": "npx"}, "u": {"runtime": "uvx"}, "c": {"runtime": "containerized"}}
    plan = planned(catalog(servers, egress={**AVIATRIX, "registries": REGISTRY}))

    assert names(plan["server n"]) == {"npm.example.com": "443/TCP"}
    assert names(plan["server u"]) == {"pypi.example.com": "443/TCP", "files.example.com": "8443/TCP"}
    assert names(plan["server c"]) == {}
    assert all(name.registry for title in ("server n", "server u") for name in plan[title].names)
    assert reach(plan["server n"].egress) == {"dns": DNS}


def test_own_registries_replace_the_catalogs() -> None:
    """A list of entries is the server's own; also a containerized server may have some."""
    plan = planned(npx(registries=["own.example.com"]))
    container = planned(one_egress(registries=["own.example.com"]) | {"egress": AVIATRIX})

    assert names(plan["server a"]) == {"own.example.com": "443/TCP"}
    assert names(container["server a"]) == {"own.example.com": "443/TCP"}


@pytest.mark.parametrize("written", ["none", []], ids=["none", "empty list"])
def test_no_registries(written: object) -> None:
    """`none`, or an empty list, grants none, with a warning that the server will not start."""
    plan = planned(npx(registries=written))

    assert names(plan["server a"]) == {}
    assert plan["server a"].egress == ()
    assert plan.messages("registry-missing") == [
        "servers.a: npx fetches the package at every start, and no registry is granted; name your registry's host under "
        "egress.registries.npx, or bake the package into the image"
    ]


@pytest.mark.parametrize("runtime", ["npx", "uvx", "containerized"])
def test_warning_without_registries(runtime: str) -> None:
    """There is no default registry; npx and uvx servers without one get a warning, containers do not need any."""
    plan = planned(one(runtime))

    assert ("registry-missing" in plan.ids) == (runtime != "containerized")


def test_registries_of_the_stance_internet() -> None:
    """For the stance internet registries by name add nothing but their addresses, and there is no warning."""
    registries = {"npx": [{"name": "npm.example.com", "ports": [8443], "addresses": ["10.9.0.0/24"]}, "b.example.com"]}
    raw = one("npx", egress={"default": "internet"}) | {"egress": {**AVIATRIX, "registries": registries}}
    plan = planned(raw)

    assert names(plan["server a"]) == {}
    assert reach(plan["server a"].egress) == {"dns": DNS, "address": ["10.9.0.0/24 on 8443/TCP"], "internet": PUBLIC}
    assert "registry-missing" not in plan.ids
    assert "registry-missing" not in planned(one("npx", egress={"default": "internet"})).ids


def test_registries_beside_domains() -> None:
    """Registries add to what a server lists, and one name can be both."""
    plan = planned(npx(domains=["api.example.com", "npm.example.com"]))
    found = sorted((name.pattern, name.registry) for name in plan["server a"].names)

    assert found == [("api.example.com", False), ("npm.example.com", False), ("npm.example.com", True)]


# --- DNS


NEEDS_DNS: dict[str, tuple[Raw, bool]] = {
    # what: (keys of the server, whether it gets DNS)
    "nothing": ({}, False),
    "domains": ({"egress": {"domains": ["a.example.com"]}}, True),
    "registries by name": ({"egress": {"registries": ["r.example.com"]}}, True),
    "a service by selector": ({"egress": {"services": [REDIS]}}, True),
    "a service by namespace": (
        {"egress": {"services": [{"name": "x", "namespace": "data", "mode": "namespace", "ports": [1]}]}},
        True,
    ),
    "a service by cidr": (
        {"egress": {"services": [{"name": "x", "mode": "cidr", "cidrs": ["10.9.0.0/24"], "ports": [1]}]}},
        False,
    ),
    "the stance internet": ({"egress": {"default": "internet"}}, True),
    "cidrs": ({"egress": {"cidrs": [CIDR]}}, False),
    "kubernetesAPI": ({"egress": {"kubernetesAPI": True}}, False),
    "cloudIdentity": ({"egress": {"cloudIdentity": True}}, False),
    "dns: true": ({"egress": {"dns": True}}, True),
    "dns: false with a service": ({"egress": {"services": [REDIS], "dns": False}}, False),
    "dns: false with the stance internet": ({"egress": {"default": "internet", "dns": False}}, False),
    "dns: auto": ({"egress": {"services": [REDIS], "dns": "auto"}}, True),
    "a callback": ({"ingress": {"from": ["obot"]}}, True),
}


@pytest.mark.parametrize(("keys", "expected"), NEEDS_DNS.values(), ids=NEEDS_DNS)
def test_who_gets_dns(keys: Raw, expected: bool) -> None:
    """DNS goes only to those who have something to resolve; `dns` overrides."""
    raw = {"ingress": {"from": ["gateway"]}, "runtime": "containerized", **keys}
    clients = {**CLIENT, "obot": {"namespace": "obot", "podSelector": {"app": "obot"}, "callbackPort": 8080}}
    cluster = {"profile": "eks", "cidrs": {"controlPlane": ["10.0.0.1/32"]}}
    found = egress_of(catalog({"a": raw}, clients=clients, cluster=cluster, egress=AVIATRIX))

    assert found.get("dns", []) == (DNS if expected else [])


def test_names_without_dns_is_a_warning() -> None:
    """dns: false beside names means that nothing can resolve them: a warning."""
    plan = planned(one_egress(domains=["a.example.com"], dns=False) | {"egress": AVIATRIX})

    assert reach(plan["server a"].egress) == {}
    assert plan.messages("dns-off-with-names") == [
        "servers.a.egress.dns: names are granted but dns: false lets nothing resolve them; write dns: auto, or list "
        "addresses"
    ]


def test_dns_comes_first() -> None:
    """The resolver is the first destination of every server, so that rules read alike."""
    plan = planned(one_egress(services=[REDIS], cidrs=[CIDR], default="internet"))

    assert plan["server a"].egress[0].kind == "dns"


GKE = ["kube-system/k8s-app=kube-dns", "kube-system/k8s-app=node-local-dns", "169.254.20.10/32", "169.254.169.254/32"]
PROFILES = {
    "generic": (["kube-system/k8s-app=kube-dns", "169.254.20.10/32"], "53/TCP, 53/UDP"),
    "eks": (["kube-system/k8s-app=kube-dns", "169.254.20.10/32"], "53/TCP, 53/UDP"),
    "aks": (["kube-system/k8s-app=kube-dns", "169.254.20.10/32"], "53/TCP, 53/UDP"),
    "k3s": (["kube-system/k8s-app=kube-dns", "169.254.20.10/32"], "53/TCP, 53/UDP"),
    "gke": (GKE, "53/TCP, 53/UDP"),
    "openshift": (["openshift-dns/dns.operator.openshift.io/daemonset-dns=default"], "5353/TCP, 5353/UDP"),
}


@pytest.mark.parametrize(("profile", "peers", "ports"), [(k, *v) for k, v in PROFILES.items()], ids=PROFILES)
def test_resolvers_of_the_profiles(profile: str, peers: list[str], ports: str) -> None:
    """Each kind of cluster has its resolvers and their ports, and nothing else on them."""
    found = egress_of(one_egress(dns=True) | {"cluster": {"profile": profile}})

    assert found == {"dns": [f"{peer} on {ports}" for peer in peers]}


def test_families_of_resolvers() -> None:
    """A cluster without IPv4 has no IPv4 resolver."""
    found = egress_of(one_egress(dns=True) | {"cluster": {"profile": "gke", "ipFamilies": ["IPv6"]}})

    assert found == {"dns": [f"{peer} on 53/TCP, 53/UDP" for peer in GKE[:2]]}


OWN = [{"namespace": "dns", "podSelector": {"app": "unbound"}}, {"cidr": "10.0.0.53/32"}, {"cidr": "fd00::53/128"}]
DNS_KEYS: dict[str, tuple[Raw, list[str]]] = {
    "own peers": (
        {"peers": OWN},
        [f"{peer} on 5353/TCP, 5353/UDP" for peer in ("dns/app=unbound", "10.0.0.53/32", "fd00::53/128")],
    ),
    "own ports": (
        {"ports": ["53/UDP", "853"][:1]},
        ["openshift-dns/dns.operator.openshift.io/daemonset-dns=default on 53/UDP"],
    ),
    "the Service's address beside the profile's peers": (
        {"clusterIP": ["172.30.0.10", "fd02::a"]},
        [
            f"{peer} on 5353/TCP, 5353/UDP"
            for peer in (
                "openshift-dns/dns.operator.openshift.io/daemonset-dns=default",
                "172.30.0.10/32",
                "fd02::a/128",
            )
        ],
    ),
    "everything": (
        {"peers": OWN[:1], "ports": [53], "clusterIP": ["172.30.0.10/32"]},
        ["dns/app=unbound on 53/TCP", "172.30.0.10/32 on 53/TCP"],
    ),
    "empty lists are the profile's": (
        {"peers": [], "ports": [], "clusterIP": []},
        ["openshift-dns/dns.operator.openshift.io/daemonset-dns=default on 5353/TCP, 5353/UDP"],
    ),
}


@pytest.mark.parametrize(("keys", "expected"), DNS_KEYS.values(), ids=DNS_KEYS)
def test_dns_keys(keys: Raw, expected: list[str]) -> None:
    """dns.peers and dns.ports each replace the profile's; dns.clusterIP adds to either."""
    raw = one_egress(dns=True) | {"cluster": {"profile": "openshift"}, "dns": keys}

    assert egress_of(raw) == {"dns": expected}


# --- order
