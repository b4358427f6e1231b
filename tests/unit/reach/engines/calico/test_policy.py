"""What Calico's policies let through, read from documents that no emitter of ours has written.

The answers are Felix's, seen with real packets, wherever the name of a test says what packets do.
"""

from __future__ import annotations

from typing import Any

import pytest

from mcpfence.net.addresses import ALL, parse_address, parse_cidr
from mcpfence.reach.evaluation.deciding_rules import deciding_rules
from mcpfence.reach.evaluation.evaluator import Evaluator, Pod
from mcpfence.reach.evaluation.policy_set import read_policies
from mcpfence.reach.flows import flows
from mcpfence.reach.flows.flows import Packet

X = Pod("mcp", (("app", "x"),))
WEB, DNS = ("TCP", 443), ("UDP", 53)
PODS_OF_KUBE = "projectcalico.org/orchestrator == 'k8s'"


def policy(
    spec: Any, name: str = "p", *, namespace: str = "mcp", group: str = "projectcalico.org/v3"
) -> dict[str, Any]:
    """A policy of Calico's of namespace mcp, for the pods app=x, of egress alone."""
    metadata = {"name": name, "namespace": namespace}
    whole = {"selector": "app == 'x'", "order": 500, "types": ["Egress"], **spec} if isinstance(spec, dict) else spec
    return {"apiVersion": group, "kind": "NetworkPolicy", "metadata": metadata, "spec": whole}


def everywhere(spec: Any, name: str = "g") -> dict[str, Any]:
    """The same as a policy of the whole cluster."""
    document = policy(spec, name)
    del document["metadata"]["namespace"]
    return {**document, "kind": "GlobalNetworkPolicy"}


def core(egress: list[Any], name: str = "core") -> dict[str, Any]:
    """A NetworkPolicy of Kubernetes for all pods of the namespace."""
    spec = {"podSelector": {}, "policyTypes": ["Egress"], "egress": egress}
    metadata = {"name": name, "namespace": "mcp"}
    return {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": metadata, "spec": spec}


def to(address: str, port: tuple[str, int] = WEB, name: str = "") -> Packet:
    """A packet to an address outside the cluster."""
    return Packet(address=parse_address(address), protocol=port[0], port=port[1], name=name)


def to_pod(namespace: str, port: tuple[str, int], **labels: str) -> Packet:
    """A packet to a pod."""
    names = (("kubernetes.io/metadata.name", namespace),)
    return Packet(namespace=names, pod=tuple(sorted(labels.items())), protocol=port[0], port=port[1])


OUT, META, SIX, REDIS = (
    to("1.1.1.1"),
    to("169.254.169.254"),
    to("2606:4700::1"),
    to_pod("data", ("TCP", 6379), app="redis"),
)


def said(documents: list[Any], *packets: Packet, pods: str = "", subject: Pod = X, direction: str = "egress") -> str:
    """`open`, `closed` or `maybe` for each packet."""
    addresses = (parse_cidr(pods),) if pods else ALL
    reach = Evaluator(read_policies(documents, pod_addresses=addresses)).reach(subject, direction)
    words = {(True, True): "open", (False, False): "closed", (False, True): "maybe"}
    return " ".join(
        words[flows.includes(reach.least, packet), flows.includes(reach.most, packet)] for packet in packets
    )


def allow(**destination: Any) -> dict[str, Any]:
    """A rule that allows TCP on some ports to a destination."""
    return {"action": "Allow", "protocol": "TCP", "destination": {"ports": [443], **destination}}


DENY = {"action": "Deny"}
NAMES = {"domains": ["api.example.com", "*.example.net"]}


def test_names_open_by_name_alone() -> None:
    """An exact name, and one label or more below a wildcard; nothing else, no other port, no pod."""
    found = [policy({"egress": [allow(**NAMES), DENY]})]

    assert said(found, to("1.1.1.1", name="api.example.com"), to("2606:4700::1", name="a.b.example.net")) == "open open"
    assert said(found, OUT, to("1.1.1.1", name="example.net"), to("1.1.1.1", ("TCP", 80), "api.example.com")) == (
        "closed closed closed"
    )
    assert said(found, to_pod("data", WEB, app="x")) == "closed"


@pytest.mark.parametrize("left", [{}, {"domains": []}, {"domains": None}])
def test_names_that_were_dropped_open_everything(left: dict[str, Any]) -> None:
    """Open source Calico drops the names; packets then reach every address on the port, metadata and IPv6 as well."""
    assert said([policy({"egress": [allow(**left), DENY]})], OUT, META, SIX, to("1.1.1.1", ("TCP", 80))) == (
        "open open open closed"
    )


def test_blocked_ranges_in_front_of_names() -> None:
    """A deny of nets before the names closes them to whatever a resolver says."""
    rules = [{"action": "Deny", "destination": {"nets": ["169.254.0.0/16", "10.0.0.0/8"]}}, allow(**NAMES), DENY]
    name = "api.example.com"

    assert (
        said([policy({"egress": rules})], to("169.254.169.254", name=name), to("1.1.1.1", name=name)) == "closed open"
    )


def test_order_decides_around_network_policies() -> None:
    """Packets: 500 with a deny beats a NetworkPolicy; Allow at 2000 opens what it isolates, Deny there takes nothing."""
    web, nothing = [{"to": [{"ipBlock": {"cidr": "1.1.1.1/32"}}], "ports": [{"port": 443}]}], core([])
    net = allow(nets=["8.8.8.8/32"])

    assert said([core(web), policy({"egress": [net, DENY]})], OUT, to("8.8.8.8")) == "closed open"
    assert said([core(web), policy({"egress": [net]})], OUT, to("8.8.8.8"), META) == "open open closed"
    assert said([nothing, policy({"order": 2000, "egress": [net]})], OUT, to("8.8.8.8")) == "closed open"
    assert said([core(web), policy({"order": 2000, "egress": [DENY]})], OUT) == "open"
    assert said([nothing, policy({"order": None, "egress": [net]})], to("8.8.8.8")) == "open"
    assert said([core(web), policy({"order": 1000, "egress": [DENY]})], OUT) == "maybe"


def test_equal_orders_go_by_name() -> None:
    """Packets: of two policies of one order the one whose name is first decides; between kinds nobody says."""
    allows, denies = {"egress": [allow(nets=["1.1.1.1/32"])]}, {"egress": [DENY]}

    assert said([policy(allows, "a"), policy(denies, "b")], OUT) == "open"
    assert said([policy(allows, "b"), policy(denies, "a")], OUT) == "closed"
    assert said([everywhere(allows, "a"), everywhere(denies, "b")], OUT) == "open"
    assert said([policy(allows, "a"), everywhere(denies, "b")], OUT) == "maybe"


def test_the_end_of_the_tier_denies() -> None:
    """Packets: empty egress denies what no NetworkPolicy allows, and pods that nothing selects pass."""
    assert said([policy({"egress": []})], OUT) == "closed"
    assert said([policy({}), core([{}])], OUT) == "open"
    assert said([policy({"egress": []})], OUT, subject=Pod("mcp", (("app", "y"),))) == "open"
    assert said([policy({"egress": []})], OUT, subject=Pod("other", (("app", "x"),))) == "open"
    assert said([policy({"types": ["Ingress"], "ingress": []})], OUT) == "open"


@pytest.mark.parametrize(
    ("fields", "egress", "ingress"),
    [
        ({}, "open", "closed"),
        ({"ingress": [DENY]}, "open", "closed"),
        ({"egress": [DENY]}, "closed", "open"),
        ({"egress": [DENY], "ingress": [DENY]}, "closed", "closed"),
    ],
)
def test_types_by_default(fields: dict[str, Any], egress: str, ingress: str) -> None:
    """Ingress, unless there are egress rules alone; both where there are both."""
    found = [policy({"types": None, **fields})]

    assert (said(found, OUT), said(found, OUT, direction="ingress")) == (egress, ingress)


def test_selectors_stay_in_their_namespace() -> None:
    """Packets: a selector without namespaceSelector means the policy's own namespace; in a global one, every one."""
    redis = allow(selector=f"{PODS_OF_KUBE} && app == 'redis'", ports=[6379])
    there = allow(selector="app == 'redis'", namespaceSelector="kubernetes.io/metadata.name == 'data'", ports=[6379])
    own = to_pod("mcp", ("TCP", 6379), app="redis")

    assert said([policy({"egress": [redis, DENY]})], own, REDIS) == "open closed"
    assert said([policy({"egress": [there, DENY]})], own, REDIS) == "closed open"
    assert said([everywhere({"egress": [redis, DENY]})], own, REDIS) == "open open"
    assert said([policy({"egress": [allow(namespaceSelector="all()", ports=[6379]), DENY]})], own, REDIS) == "open open"


def test_sets_of_addresses_may_have_labels_too() -> None:
    """A selector that does not ask for pods alone may select a NetworkSet, of which no manifest here tells."""
    alone = allow(selector=f"{PODS_OF_KUBE} && app == 'redis'")
    both = allow(selector="app == 'redis'")

    assert said([policy({"egress": [alone, DENY]})], OUT, META) == "closed closed"
    assert said([policy({"egress": [both, DENY]})], OUT, META) == "maybe maybe"


def test_blocks_and_the_addresses_of_pods() -> None:
    """A denied block may hold pods; an allowed one is of addresses, as in a NetworkPolicy, unless it is a family."""
    deny = policy({"egress": [{"action": "Deny", "destination": {"nets": ["10.0.0.0/8"]}}, {"action": "Allow"}]})
    allows = policy({"egress": [allow(nets=["10.0.0.0/8"], ports=[6379]), DENY]})
    family = policy({"egress": [allow(nets=["0.0.0.0/0"], ports=[6379]), DENY]})

    assert (said([deny], REDIS), said([deny], REDIS, pods="10.4.0.0/16")) == ("maybe", "closed")
    assert (said([deny], REDIS, pods="192.168.0.0/16"), said([allows], REDIS)) == ("open", "closed")
    assert (said([allows], REDIS, pods="10.4.0.0/16"), said([family], REDIS, pods="10.0.0.0/7")) == ("closed", "maybe")
    assert said([family], REDIS) == "maybe"


def test_nets_and_ports() -> None:
    """NotNets are taken out, host bits do not count, ranges hold both ends, and no port of another protocol opens."""
    rules = [allow(nets=["1.1.1.9/24"], notNets=["1.1.1.128/25"], ports=[443, "8000:8010"]), DENY]
    packets = [to("1.1.1.1"), to("1.1.1.200"), to("1.1.1.1", ("TCP", 8010)), to("1.1.1.1", ("TCP", 8011))]

    assert said([policy({"egress": rules})], *packets, to("1.1.1.1", ("UDP", 443))) == "open closed open closed closed"
    assert said([policy({"egress": [{"action": "Allow", "destination": {"notNets": ["10.0.0.0/8"]}}]})], OUT) == "open"


@pytest.mark.parametrize(
    "fields",
    [
        {"notProtocol": "UDP"},
        {"source": {"nets": ["10.0.0.0/8"]}},
        {"source": {"selector": "app == 'x'"}},
        {"source": {"ports": [1024]}},
        {"destination": {"services": {"name": "s"}}},
        {"destination": {"serviceAccounts": {"names": ["s"]}}},
        {"destination": {"notSelector": "app == 'x'"}},
        {"destination": {"ports": [443], "notPorts": [80]}},
        {"protocol": "TCP", "http": {"methods": ["GET"]}},
    ],
)
def test_what_only_the_cluster_tells_is_a_bound(fields: dict[str, Any]) -> None:
    """A rule with it may match, and may not: neither an allow nor a deny of it is sure."""
    rule = {"protocol": None if "notProtocol" in fields else "TCP", **fields}
    target = REDIS if "serviceAccounts" in str(fields) else OUT
    port = to_pod("mcp", WEB, app="redis") if target is REDIS else OUT

    assert said([policy({"egress": [{"action": "Allow", **rule}, DENY]})], port) == "maybe"
    assert said([policy({"egress": [{"action": "Deny", **rule}, {"action": "Allow"}]})], port) == "maybe"


def test_versions_and_protocols() -> None:
    """One IP version; a protocol by its number; ICMP, which no rule surely matches; all of them without any."""
    four = policy({"egress": [{"action": "Allow", "ipVersion": 4}, DENY]})
    six = policy({"egress": [{"action": "Allow", "protocol": 6, "destination": {"ports": [443]}}, DENY]})
    icmp = policy({"egress": [{"action": "Allow", "protocol": "ICMP"}, DENY]})

    assert said([four], OUT, SIX, REDIS) == "open closed maybe"
    assert said([six], OUT, to("1.1.1.1", ("UDP", 443))) == "open closed"
    assert said([icmp], OUT, Packet(address=parse_address("1.1.1.1"), protocol="ICMP", port=None)) == "closed maybe"


def test_log_decides_nothing_and_pass_ends_the_tier() -> None:
    """Behind a Pass neither the policy's own deny nor a NetworkPolicy is asked."""
    passes = policy({"egress": [{"action": "Log"}, {"action": "Pass", "destination": {"nets": ["1.1.1.1/32"]}}, DENY]})

    assert said([passes, core([])], OUT, to("8.8.8.8")) == "open closed"
    decided = deciding_rules(Evaluator(read_policies([passes])), X, "egress", to("8.8.8.8"))
    assert [one.text for one in decided] == ["NetworkPolicy.projectcalico.org mcp/p spec.egress[2]"]


def test_other_tiers_may_stand_anywhere() -> None:
    """What is in a tier of which nobody knows the place may be in force before all others, or not at all."""
    allows, denies = allow(nets=["1.1.1.1/32"]), {"action": "Deny", "destination": {"nets": ["8.8.8.8/32"]}}
    first = policy({"tier": "security", "egress": [allows, denies]}, "security.p")

    assert said([first, core([])], OUT, to("8.8.8.8")) == "maybe closed"
    assert said([first, core([{}])], OUT, to("8.8.8.8"), META) == "maybe maybe maybe"


def test_global_policies_select_namespaces() -> None:
    """By namespaceSelector; only what is in no namespace by global(); without a selector all pods."""
    deny = {"egress": [DENY]}

    assert said([everywhere({**deny, "selector": None})], OUT) == "closed"
    assert said([everywhere({**deny, "namespaceSelector": "projectcalico.org/name == 'mcp'"})], OUT) == "closed"
    assert said([everywhere({**deny, "namespaceSelector": "projectcalico.org/name == 'other'"})], OUT) == "open"
    assert said([everywhere({**deny, "namespaceSelector": "global()"})], OUT) == "open"
    assert said([everywhere({**deny, "namespaceSelector": "has(team)"})], OUT) == "maybe"
    assert said([everywhere({**deny, "doNotTrack": True})], OUT) == "maybe"
    assert said([policy({**deny, "serviceAccountSelector": "x == 'y'"})], OUT) == "maybe"
    assert said([policy({**deny, "selector": "app == 'x' || app == 'y'"})], OUT) == "maybe"


def test_both_groups_and_the_core_have_names_of_their_own() -> None:
    """Policies of one name in several groups are several policies, and messages tell them apart."""
    found = [
        policy({"egress": [DENY]}, "same"),
        policy({"egress": [DENY]}, "other", group="crd.projectcalico.org/v1"),
        core([], "same"),
    ]
    read = read_policies(found)

    assert read.problems == ()
    assert [one.title for one in read.policies] == [
        "NetworkPolicy.projectcalico.org mcp/same",
        "NetworkPolicy.crd.projectcalico.org mcp/other",
        "NetworkPolicy mcp/same",
    ]


def test_staged_policies_are_not_enforced() -> None:
    """They are neither read nor named."""
    staged = {**policy({"egress": [{"action": "Allow"}]}), "kind": "StagedNetworkPolicy"}
    read = read_policies([staged])

    assert (read.policies, read.not_evaluated, read.problems) == ((), (), ())


EGRESS = "NetworkPolicy.projectcalico.org mcp/p: spec.egress[0]"


@pytest.mark.parametrize(
    ("spec", "problem"),
    [
        (None, "NetworkPolicy.projectcalico.org mcp/p: spec is missing"),
        ({"more": 1}, "NetworkPolicy.projectcalico.org mcp/p: spec.more is no field of this API"),
        (
            {"selector": "app = 'x'"},
            "NetworkPolicy.projectcalico.org mcp/p: spec.selector \"app = 'x'\" has a label without an operator at "
            "\" = 'x'\"",
        ),
        ({"order": True}, "NetworkPolicy.projectcalico.org mcp/p: spec.order is True, no number"),
        ({"order": float("nan")}, "NetworkPolicy.projectcalico.org mcp/p: spec.order is nan, no number"),
        ({"tier": 1}, "NetworkPolicy.projectcalico.org mcp/p: spec.tier is 1, not a string"),
        ({"types": ["Out"]}, "NetworkPolicy.projectcalico.org mcp/p: spec.types[0] is 'Out', not Ingress or Egress"),
        ({"egress": [{"action": "allow"}]}, f"{EGRESS}.action is 'allow', not one of Allow, Deny, Pass, Log"),
        ({"egress": [{"action": "Deny", "to": []}]}, f"{EGRESS}.to is no field of this API"),
        ({"egress": [{"action": "Deny", "protocol": "tcp"}]}, f"{EGRESS}.protocol is 'tcp', no protocol"),
        ({"egress": [{"action": "Deny", "protocol": [6]}]}, f"{EGRESS}.protocol is a list, no protocol"),
        ({"egress": [{"action": "Deny", "ipVersion": 5}]}, f"{EGRESS}.ipVersion is 5, not 4 or 6"),
        (
            {"egress": [{"action": "Allow", "destination": {"ports": [1]}}]},
            f"{EGRESS}.destination.ports stands in a rule without protocol",
        ),
        (
            {"egress": [{"action": "Allow", "protocol": "ICMP", "destination": {"ports": [1]}}]},
            f"{EGRESS}.destination.ports stands in a rule for 'ICMP'",
        ),
        (
            {"egress": [allow(domains=["a.example.com"], nets=["1.1.1.1/32"])]},
            f"{EGRESS}.destination.domains stands beside nets",
        ),
        (
            {"egress": [{"action": "Deny", "destination": {"domains": ["a.example.com"]}}]},
            f"{EGRESS}.destination.domains stands in a rule that does not allow, or not in one of egress",
        ),
        (
            {"ingress": [{"action": "Allow", "source": {"domains": ["a.example.com"]}}], "types": ["Ingress"]},
            "NetworkPolicy.projectcalico.org mcp/p: spec.ingress[0].source.domains stands in a rule that does not "
            "allow, or not in one of egress",
        ),
        (
            {"egress": [allow(domains=["a b"])]},
            f"{EGRESS}.destination.domains[0] 'a b' is no host name",
        ),
        ({"egress": [allow(nets=["1.1.1"])]}, f"{EGRESS}.destination.nets[0] '1.1.1' is no CIDR block"),
        ({"egress": [allow(ports=["9:8"])]}, f"{EGRESS}.destination.ports[0] is '9:8', no range of ports"),
        ({"egress": [allow(ports=[70000])]}, f"{EGRESS}.destination.ports[0] is 70000, no range of ports"),
        ({"egress": [allow(ports=[True])]}, f"{EGRESS}.destination.ports[0] is True, no port"),
        ({"egress": [allow(ports=["a b"])]}, f"{EGRESS}.destination.ports[0] is 'a b', no port"),
    ],
)
def test_what_cannot_be_read_is_a_problem(spec: Any, problem: str) -> None:
    """It is named with its field, never raised, and anything may pass."""
    found = [policy(spec)]

    assert [one.text for one in read_policies(found).problems] == [problem]
    assert said([*found, core([])], OUT) == "maybe"
