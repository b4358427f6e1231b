"""Antrea's NetworkPolicies: rules in the stated order, never an empty peer or list, what cannot be said is refused."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings

from helpers import CLIENT, Raw, catalog, errors_of, objects, one, one_egress, rendered
from strategies import catalogs

ANTREA: Raw = {"egress": {"provider": "antrea"}}
KIND = "NetworkPolicy.crd.antrea.io"
REDIS = {"name": "redis", "namespace": "data", "podSelector": {"app": "redis"}, "ports": [6379]}
EVERYTHING = {
    "domains": ["api.example.com", {"name": "*.b.example.com", "ports": [8443, "9000-9010"]}],
    "cidrs": [
        {"cidr": "10.1.0.0/16", "except": ["10.1.128.0/17"], "ports": [443, "53/UDP", "8000-8010"]},
        {"cidr": "10.2.0.0/16", "ports": ["7/SCTP"]},
    ],
    "services": [REDIS, {"name": "ns", "namespace": "data", "mode": "namespace", "ports": "all"}],
}


def spec(raw: Raw, name: str = "mcp-server-a-names") -> Raw:
    """The spec of one rendered policy of Antrea's."""
    found: Raw = objects(raw)[f"{KIND} {name}"]["spec"]
    return found


def peer_words(peer: Raw) -> str:
    """A peer in words."""
    if "podSelector" in peer or "namespaceSelector" in peer:
        (namespace,) = peer["namespaceSelector"]["matchLabels"].values()
        return f"{namespace}/{peer.get('podSelector', {}).get('matchLabels', {})}"
    return str(peer.get("fqdn") or peer["ipBlock"]["cidr"])


def short(rule: Raw) -> str:
    """A rule in words: ACTION PORTS to PEERS; many peers by their number."""
    ports = ",".join(
        f"{port['protocol']}/{port['port']}" + (f"-{port['endPort']}" if "endPort" in port else "")
        for port in rule.get("ports", [])
    )
    peers = [peer_words(peer) for peer in rule.get("to", [])]
    shown = " ".join(peers) if len(peers) < 4 else f"{len(peers)} blocks"
    return " ".join(part for part in (rule["action"], ports, f"to {shown}" if peers else "") if part)


def test_rules_stand_in_order() -> None:
    """DNS, pods, prefixes, the drop of what no name may resolve to, names by ports, the drop of everything."""
    clients = {"gateway": {**CLIENT["gateway"], "callbackPort": 8080}}
    found = spec(one("npx", egress=EVERYTHING) | ANTREA | {"clients": clients})

    assert {key: value for key, value in found.items() if key != "egress"} == {
        "tier": "application",
        "priority": 50,
        "appliedTo": [{"podSelector": {"matchLabels": {"app": "a"}}}],
    }
    assert [short(rule) for rule in found["egress"]] == [
        "Allow TCP/53,UDP/53 to kube-system/{'k8s-app': 'kube-dns'} 169.254.20.10/32",
        "Allow TCP/8080 to gateways/{'app': 'gateway'}",
        "Allow TCP/6379 to data/{'app': 'redis'}",
        "Allow to data/{}",
        "Allow TCP/443,TCP/8000-8010,UDP/53 to 10.1.0.0/17",
        "Allow SCTP/7 to 10.2.0.0/16",
        "Drop to 22 blocks",
        "Allow TCP/8443,TCP/9000-9010 to *.b.example.com",
        "Allow TCP/443 to api.example.com",
        "Drop",
    ]


def test_only_names_need_one() -> None:
    """Servers and workloads without names have NetworkPolicies alone, and those know nothing of public addresses."""
    servers: Raw = {
        "closed": {"runtime": "containerized", "egress": {"denyAllEgress": True}},
        "open": {"runtime": "containerized", "egress": {"default": "internet"}},
        "named": {"runtime": "containerized", "egress": {"domains": ["a.example.com"]}},
    }
    workload = {"podSelector": {"app": "w"}, "namespace": "tools", "egress": {"domains": ["b.example.com"]}}
    raw = catalog(servers, workloads={"w": workload}) | ANTREA
    ours = [(item.namespace, item.name) for item in rendered(raw).objects if item.kind == KIND]

    assert ours == [("demo-mcp", "mcp-server-named-names"), ("tools", "mcp-workload-w-names")]
    assert "0.0.0.0/0" not in str(objects(raw)["NetworkPolicy mcp-server-named-egress"])


def test_callers_of_many_are_one_peer() -> None:
    """Servers that differ in one label are one selector, as in a NetworkPolicy."""
    servers = {name: {"runtime": "containerized"} for name in ("b", "c", "d")}
    workload = {"podSelector": {"app": "w"}, "egress": {"domains": ["a.example.com"], "servers": "all"}}
    found = spec(catalog(servers, workloads={"w": workload}) | ANTREA, "mcp-workload-w-names")

    several = {"matchExpressions": [{"key": "app", "operator": "In", "values": ["b", "c", "d"]}]}
    assert several in [peer.get("podSelector") for rule in found["egress"] for peer in rule.get("to", ())]


@settings(max_examples=60)
@given(catalogs())
def test_nothing_is_ever_empty(raw: Any) -> None:
    """No peer without a key, no empty list, no name beside another key, no star without a dot: whatever the catalog."""
    raw = {**raw, "egress": {**raw.get("egress", {}), "provider": "antrea"}}
    raw["egress"].pop("aviatrix", None)
    if errors_of(raw):
        return
    for name, document in objects(raw).items():
        for rule in document["spec"]["egress"] if name.startswith(f"{KIND} ") else ():
            assert rule.get("to", ["absent"]), name
            assert rule.get("ports", ["absent"]), name
            for peer in rule.get("to", ()):
                assert set(peer) in ({"fqdn"}, {"ipBlock"}, {"namespaceSelector"}, {"namespaceSelector", "podSelector"})
                assert "*" not in peer.get("fqdn", "").removeprefix("*.")
                assert "except" not in peer.get("ipBlock", {})


def test_settings_and_refusals() -> None:
    """Tier and priority as written; a tier behind the NetworkPolicies is no choice; no underscore in names."""
    raw = one_egress(domains=["a.example.com"])
    early = {"provider": "antrea", "antrea": {"tier": "emergency", "priority": 1}}
    found = spec(raw | {"egress": early})

    assert (found["tier"], found["priority"]) == ("emergency", 1)
    for bad in ({"tier": "baseline"}, {"priority": 0}, {"priority": 1.5}):
        assert len(errors_of(raw | {"egress": {"provider": "antrea", "antrea": bad}})) == 1
    assert errors_of(one_egress(domains=["a_b.example.com"]) | ANTREA) == [
        'servers.a: "a_b.example.com" has an underscore, which Antrea refuses in names; list its addresses under '
        "egress.cidrs [antrea-name]"
    ]
