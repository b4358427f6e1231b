"""What Antrea's policies let through, read from documents that no emitter of ours has written."""

from __future__ import annotations

from typing import Any

import pytest

from mcpfence.net.addresses import ALL, parse_address, parse_cidr
from mcpfence.reach.evaluation.evaluator import Evaluator, Pod
from mcpfence.reach.evaluation.policy_set import read_policies
from mcpfence.reach.flows import flows
from mcpfence.reach.flows.flows import Packet

X = Pod("mcp", (("app", "x"),))
PODS = [{"podSelector": {"matchLabels": {"app": "x"}}}]
DROP, ANY = {"action": "Drop"}, {"action": "Allow"}
WEB = [{"protocol": "TCP", "port": 443}]


def policy(spec: Any, name: str = "p") -> dict[str, Any]:
    """A policy of Antrea's of namespace mcp, for the pods app=x."""
    whole = {"priority": 5, "appliedTo": PODS, **spec} if isinstance(spec, dict) else spec
    metadata = {"name": name, "namespace": "mcp"}
    return {"apiVersion": "crd.antrea.io/v1beta1", "kind": "NetworkPolicy", "metadata": metadata, "spec": whole}


def everywhere(spec: Any, name: str = "c") -> dict[str, Any]:
    """The same as a policy of the whole cluster."""
    document = policy(spec, name)
    del document["metadata"]["namespace"]
    return {**document, "kind": "ClusterNetworkPolicy"}


def core(egress: list[Any]) -> dict[str, Any]:
    """A NetworkPolicy of Kubernetes for all pods of the namespace."""
    spec = {"podSelector": {}, "policyTypes": ["Egress"], "egress": egress}
    metadata = {"name": "core", "namespace": "mcp"}
    return {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": metadata, "spec": spec}


def to(address: str, port: int = 443, name: str = "", protocol: str = "TCP") -> Packet:
    """A packet to an address outside the cluster."""
    return Packet(address=parse_address(address), protocol=protocol, port=port, name=name)


def to_pod(namespace: str, port: int = 443, **labels: str) -> Packet:
    """A packet to a pod."""
    names = (("kubernetes.io/metadata.name", namespace),)
    return Packet(namespace=names, pod=tuple(sorted(labels.items())), protocol="TCP", port=port)


OUT, META, REDIS, OWN = to("1.1.1.1"), to("169.254.169.254"), to_pod("data", app="redis"), to_pod("mcp", app="redis")


def said(documents: list[Any], *packets: Packet, pods: str = "", subject: Pod = X) -> str:
    """`open`, `closed` or `maybe` for each packet of egress."""
    addresses = (parse_cidr(pods),) if pods else ALL
    reach = Evaluator(read_policies(documents, pod_addresses=addresses)).reach(subject, "egress")
    words = {(True, True): "open", (False, False): "closed", (False, True): "maybe"}
    return " ".join(
        words[flows.includes(reach.least, packet), flows.includes(reach.most, packet)] for packet in packets
    )


def allow(*peers: Any, ports: Any = WEB, **more: Any) -> dict[str, Any]:
    """A rule that allows TCP 443 to some peers."""
    return {"action": "Allow", "to": list(peers), "ports": ports, **more}


def block(cidr: str, *excepts: str) -> dict[str, Any]:
    """A peer of addresses."""
    return {"ipBlock": {"cidr": cidr, **({"except": list(excepts)} if excepts else {})}}


def test_names_and_what_stands_before_them() -> None:
    """An exact name, one label or more below a wildcard; what was dropped before stays closed; nothing else opens."""
    names = allow({"fqdn": "api.example.com"}, {"fqdn": "*.example.net"})
    found = [policy({"egress": [{"action": "Drop", "to": [block("169.254.0.0/16")]}, names, DROP]})]
    shown = [to("1.1.1.1", name=name) for name in ("api.example.com", "a.b.example.net", "example.net", "")]

    assert said(found, *shown) == "open open closed closed"
    assert said(found, to("169.254.169.254", name="api.example.com"), to_pod("mcp", app="x")) == "closed closed"
    assert said(found, to("1.1.1.1", 80, "api.example.com")) == "closed"


def test_a_star_without_a_dot_is_wider() -> None:
    """It matches names that nobody meant, so such a rule is at least nothing; a name that is denied closes nothing."""
    star = policy({"egress": [allow({"fqdn": "*a.example.com"}), DROP]})
    odd = policy({"egress": [allow({"fqdn": "**"}), DROP]})
    denied = policy({"egress": [{"action": "Reject", "to": [{"fqdn": "api.example.com"}]}, ANY]})

    shown = [to("1.1.1.1", name=name) for name in ("ea.example.com", "x.y.example.com", "example.org")]
    assert said([star], *shown) == "maybe maybe closed"
    assert said([odd], to("1.1.1.1", name="evil.example")) == "maybe"
    assert said([denied], to("1.1.1.1", name="api.example.com"), to("1.1.1.1", name="b.example.com")) == "maybe open"


@pytest.mark.parametrize(
    "peers", [[], [{}], [{"group": "g"}], [{"nodeSelector": {}}], [{"fqdn": "x.example", **block("1.1.1.0/24")}]]
)
def test_what_nobody_states_is_a_bound(peers: list[Any]) -> None:
    """An empty list, an empty peer, a group, a name beside a block: nobody at least, everybody at most."""
    assert said([policy({"egress": [{"action": "Allow", "to": peers}, DROP]})], OUT, META, REDIS) == "maybe maybe maybe"
    assert said([policy({"egress": [{"action": "Drop", "to": peers}, ANY]})], OUT, REDIS) == "maybe maybe"


def test_tiers_stand_around_network_policies() -> None:
    """Nothing isolates; before the NetworkPolicies an allow is final, behind them it opens what none of them isolates."""
    late = {"tier": "baseline", "egress": [DROP]}

    assert said([policy({"egress": [allow(block("1.1.1.0/24"))]})], OUT, META) == "open open"
    assert said([policy({"egress": [allow(block("1.1.1.0/24"))]}), core([])], OUT, META) == "open closed"
    assert said([policy({"egress": [DROP]}), core([{}])], OUT) == "closed"
    assert said([policy({"egress": [{"action": "Pass"}, DROP]}), core([{}])], OUT) == "open"
    assert said([policy(late), core([{}])], OUT) == "open"
    assert said([policy(late)], OUT) == "closed"
    assert said([policy({**late, "egress": [ANY]}), core([])], OUT) == "closed"


def test_order_of_policies() -> None:
    """By tier, then by priority; of equal ones nobody says; a tier of somebody's own may stand anywhere."""
    first, last = {"tier": "Emergency", "priority": 9000}, {"tier": "application", "priority": 1}
    opens, drops = {"egress": [ANY]}, {"egress": [DROP]}

    assert said([policy({**opens, **first}, "a"), policy({**drops, **last}, "b")], OUT) == "open"
    assert said([policy({**opens, **last}, "a"), policy({**drops, **first}, "b")], OUT) == "closed"
    assert said([policy({**opens, "priority": 5.5}, "a"), policy({**drops, "priority": 5.25}, "b")], OUT) == "closed"
    assert said([policy(opens, "a"), policy(drops, "b")], OUT) == "maybe"
    assert said([policy({**opens, "tier": "ours"}, "a"), policy(drops, "b")], OUT) == "maybe"
    assert said([policy({**drops, "tier": "ours"}, "a"), policy(opens, "b")], OUT) == "maybe"


def test_peers_of_pods() -> None:
    """Without a namespaceSelector the own namespace; in a policy of the cluster every one."""
    pods = {"podSelector": {"matchLabels": {"app": "redis"}}}
    data = {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "data"}}}

    assert said([policy({"egress": [allow(pods), DROP]})], OWN, REDIS) == "open closed"
    assert said([policy({"egress": [allow({**pods, **data}), DROP]})], OWN, REDIS) == "closed open"
    assert said([policy({"egress": [allow(data), DROP]})], OWN, REDIS) == "closed open"
    assert said([everywhere({"egress": [allow(pods), DROP]})], OWN, REDIS) == "open open"
    never = {"podSelector": {"matchLabels": {"a": "x"}, "matchExpressions": [{"key": "a", "operator": "DoesNotExist"}]}}
    assert said([policy({"egress": [allow(never), DROP]})], OWN) == "closed"


def test_blocks_and_the_addresses_of_pods() -> None:
    """Excepts are taken out; a dropped block may hold pods, an allowed one is of addresses, unless it is a family."""
    drops = policy({"egress": [{"action": "Drop", "to": [block("10.0.0.0/8")]}, ANY]})
    allows = policy({"egress": [allow(block("10.0.0.0/8")), DROP]})

    assert said([policy({"egress": [allow(block("1.1.1.0/24", "1.1.1.128/25")), DROP]})], OUT, to("1.1.1.200")) == (
        "open closed"
    )
    assert (said([drops], REDIS), said([drops], REDIS, pods="10.4.0.0/16")) == ("maybe", "closed")
    assert (said([allows], REDIS), said([allows], REDIS, pods="10.4.0.0/16")) == ("closed", "closed")
    assert said([policy({"egress": [allow(block("0.0.0.0/0")), DROP]})], REDIS) == "maybe"


def test_applied_to() -> None:
    """Per policy or per rule; several entries, groups and service accounts may mean some of all pods."""
    other = [{"podSelector": {"matchLabels": {"app": "y"}}}]

    assert said([policy({"egress": [DROP], "appliedTo": other})], OUT) == "open"
    assert said([policy({"egress": [{**DROP, "appliedTo": PODS}], "appliedTo": None})], OUT) == "closed"
    assert (
        said([policy({"egress": [{**DROP, "appliedTo": other}, {**ANY, "appliedTo": PODS}], "appliedTo": None})], OUT)
        == "open"
    )
    assert said([policy({"egress": [DROP], "appliedTo": [*PODS, *other]})], OUT) == "maybe"
    assert said([policy({"egress": [DROP], "appliedTo": [{"group": "g"}]})], OUT) == "maybe"
    both = {"egress": [{**DROP, "appliedTo": PODS}], "ingress": [{**DROP, "appliedTo": other}], "appliedTo": None}
    assert said([policy(both)], OUT) == "maybe"
    assert (
        said(
            [
                everywhere(
                    {
                        "egress": [DROP],
                        "appliedTo": [{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "mcp"}}}],
                    }
                )
            ],
            OUT,
        )
        == "closed"
    )
    assert (
        said(
            [everywhere({"egress": [DROP], "appliedTo": [{"serviceAccount": {"name": "s", "namespace": "mcp"}}]})], OUT
        )
        == "maybe"
    )
    assert said([policy({"egress": [DROP]})], OUT, subject=Pod("other", (("app", "x"),))) == "open"


def test_ports_and_protocols() -> None:
    """TCP by default, ranges with both ends, all ports without one; ICMP alone; what the source decides is a bound."""
    ranges = [{"port": 8000, "endPort": 8010}, {"protocol": "UDP"}, {"port": "443"}]
    found = [policy({"egress": [allow(block("1.1.1.0/24"), ports=ranges), DROP]})]
    packets = [to("1.1.1.1", 8010), to("1.1.1.1", 8011), to("1.1.1.1", 5, protocol="UDP"), OUT]
    icmp = policy({"egress": [{"action": "Allow", "protocols": [{"icmp": {}}]}, DROP]})
    source = policy({"egress": [allow(block("1.1.1.0/24"), ports=[{"port": 443, "sourcePort": 9}]), DROP]})
    seven = policy({"egress": [allow(block("1.1.1.0/24"), l7Protocols=[{"http": {}}]), DROP]})
    services = policy({"egress": [{"action": "Allow", "toServices": [{"name": "s", "namespace": "data"}]}, DROP]})

    assert said(found, *packets) == "open closed open open"
    assert said([icmp], Packet(address=parse_address("1.1.1.1"), protocol="ICMP", port=None), OUT) == "maybe closed"
    assert (said([source], OUT), said([seven], OUT), said([services], REDIS)) == ("maybe", "maybe", "maybe")


EGRESS = "NetworkPolicy.crd.antrea.io mcp/p: spec.egress[0]"


@pytest.mark.parametrize(
    ("spec", "problem"),
    [
        (None, "NetworkPolicy.crd.antrea.io mcp/p: spec is missing"),
        ({"more": 1}, "NetworkPolicy.crd.antrea.io mcp/p: spec.more is no field of this API"),
        ({"priority": None}, "NetworkPolicy.crd.antrea.io mcp/p: spec.priority is null, not between 1 and 10000"),
        ({"priority": True}, "NetworkPolicy.crd.antrea.io mcp/p: spec.priority is True, not between 1 and 10000"),
        (
            {"priority": float("nan")},
            "NetworkPolicy.crd.antrea.io mcp/p: spec.priority is nan, not between 1 and 10000",
        ),
        ({"tier": 3}, "NetworkPolicy.crd.antrea.io mcp/p: spec.tier is 3, not a string"),
        ({"egress": [DROP], "appliedTo": []}, "NetworkPolicy.crd.antrea.io mcp/p: spec.appliedTo is missing"),
        (
            {"egress": [DROP], "appliedTo": [{"namespaceSelector": {}}]},
            "NetworkPolicy.crd.antrea.io mcp/p: spec.appliedTo[0].namespaceSelector stands in a policy of one namespace",
        ),
        ({"egress": [{"action": "Deny"}]}, f"{EGRESS}.action is 'Deny', not one of Allow, Drop, Reject, Pass"),
        ({"egress": [{**ANY, "peers": []}]}, f"{EGRESS}.peers is no field of this API"),
        ({"egress": [{**ANY, "to": [{"cidr": "x"}]}]}, f"{EGRESS}.to[0].cidr is no field of this API"),
        ({"egress": [allow(block("1.1.1"))]}, f"{EGRESS}.to[0].ipBlock.cidr '1.1.1' is not a CIDR block"),
        ({"egress": [{**ANY, "to": [{"fqdn": 1}]}]}, f"{EGRESS}.to[0].fqdn is 1, not a string"),
        ({"egress": [allow(ports=[{"endPort": 3}])]}, f"{EGRESS}.ports[0].endPort stands without port"),
        (
            {"egress": [allow(ports=[{"port": "web", "endPort": 3}])]},
            f"{EGRESS}.ports[0].endPort stands beside a named port",
        ),
        ({"egress": [allow(ports=[{"port": 9, "endPort": 3}])]}, f"{EGRESS}.ports[0].endPort is 3, below port 9"),
        (
            {"egress": [allow(ports=[{"port": "99999999"}])]},
            f"{EGRESS}.ports[0].port is 99999999, not between 1 and 65535",
        ),
        (
            {"egress": [allow(ports=[{"protocol": "ICMP"}])]},
            f"{EGRESS}.ports[0].protocol is 'ICMP', not TCP, UDP or SCTP",
        ),
    ],
)
def test_what_cannot_be_read_is_a_problem(spec: Any, problem: str) -> None:
    """It is named with its field, never raised, and anything may pass."""
    found = [policy(spec)]

    assert [one.text for one in read_policies(found).problems] == [problem]
    assert said([*found, core([])], OUT) == "maybe"
