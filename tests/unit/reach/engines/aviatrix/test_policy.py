"""Aviatrix FirewallPolicies: order of rules, groups, names, several policies, and the layer below them."""

from __future__ import annotations

from typing import Any

import pytest

from mcpfence.net.addresses import ALL, ALL_V4, ALL_V6, parse_address, parse_cidr
from mcpfence.net.intervals import Intervals, canonical, subtract
from mcpfence.reach.engines.aviatrix import ENGINE, GATEWAY
from mcpfence.reach.evaluation.evaluator import Evaluator, Subject
from mcpfence.reach.evaluation.policy_set import read_policies
from mcpfence.reach.flows import flows, host_names, label_sets, traffic
from mcpfence.reach.flows.bounds import Bounds, exact
from mcpfence.reach.flows.flows import Packet, Reach
from reaching.loading import firewall, policy, rule

WEB = Subject("mcp", label_sets.box_of({"app": "web"}))
SELECTOR = {"matchLabels": {"app": "web"}}
POD_BLOCK = (parse_cidr("10.244.0.0/16"),)
ANY_V4 = {"name": "any", "selectors": [{"cidr": "0.0.0.0/0"}]}
ANY_V6 = {"name": "any6", "selectors": [{"cidr": "::/0"}]}
DNS = {"name": "dns", "selectors": [{"type": "k8s", "k8sNamespace": "kube-system", "tags": {"k8s-app": "kube-dns"}}]}
NET = {"name": "net", "selectors": [{"cidr": "10.0.0.0/8"}]}
WEB_NAMES = {"name": "names", "domains": ["api.example.com", "*.example.org"]}
HTTPS = (traffic.span("TCP", 443, 443),)


def wall(*rules: Any, groups: tuple[Any, ...] = (ANY_V4, ANY_V6, DNS, NET), web: tuple[Any, ...] = (WEB_NAMES,)) -> Any:
    """The spec of a policy."""
    return {"smartGroups": list(groups), "webGroups": list(web), "rules": list(rules)}


def evaluate(*specs: Any, subject: Subject = WEB, pods: Intervals = POD_BLOCK) -> Bounds[Reach]:
    """What FirewallPolicies with these specs let the subject reach, where pods live in one block."""
    found = read_policies(
        [firewall(f"wall-{i}", spec, namespace="mcp") for i, spec in enumerate(specs)], pod_addresses=pods
    )
    return Evaluator(found).layer(subject, "egress", GATEWAY.layer)


def passing(*addresses: str, allowed: traffic.Traffic = traffic.EVERYTHING, pods: tuple[Any, ...] = ()) -> Reach:
    """Addresses and pods with this traffic, and what never crosses the gateway."""
    blocks = canonical(parse_cidr(text) for text in addresses)
    return flows.union(flows.reach_of(blocks, pods, allowed), flows.reach_of(ENGINE.unseen))


def test_without_rules_everything_passes() -> None:
    """A FirewallPolicy does not isolate: what no rule matches passes."""
    assert evaluate().most == flows.EVERYTHING
    assert evaluate(wall()).least == flows.EVERYTHING
    assert evaluate(wall(rule("r", "permit", "net"))).least == flows.EVERYTHING


def test_a_forgotten_deny_is_allow_all() -> None:
    """Permits alone narrow nothing; with the trailing deny they are all that is left."""
    permit = rule("web", "permit", "net", protocol="tcp", port=443)
    denies = [rule("deny", "deny", "any"), rule("deny6", "deny", "any6")]

    assert evaluate(wall(permit)).least == flows.EVERYTHING
    assert flows.same(
        evaluate(wall(permit, *denies)).most, passing("10.0.0.0/8", allowed=traffic.plain(HTTPS), pods=((),))
    )


def test_a_deny_for_ipv4_alone_leaves_ipv6_open() -> None:
    """0.0.0.0/0 is no IPv6 address."""
    found = evaluate(wall(rule("deny", "deny", "any")))

    assert flows.same(found.most, flows.union(flows.reach_of((ALL_V6,)), flows.reach_of(ENGINE.unseen)))


def test_the_first_match_decides() -> None:
    """Order is meaning: the same two rules the other way round."""
    deny = rule("deny", "deny", "net", protocol="tcp")
    permit = rule("permit", "permit", "net", protocol="tcp", port=443)
    packet = Packet(address=parse_address("10.1.1.1"), protocol="TCP", port=443)

    assert not flows.includes(evaluate(wall(deny, permit)).most, packet)
    assert flows.includes(evaluate(wall(permit, deny)).least, packet)


@pytest.mark.parametrize(
    ("fields", "points"),
    [
        ({}, traffic.EVERY_POINT),
        ({"protocol": "any"}, traffic.EVERY_POINT),
        ({"protocol": "tcp"}, (traffic.span("TCP"),)),
        ({"protocol": "udp", "port": 53}, (traffic.span("UDP", 53, 53),)),
        ({"protocol": "tcp", "port": 80, "endPort": 90}, (traffic.span("TCP", 80, 90),)),
        ({"protocol": "icmp"}, (traffic.span("ICMP"),)),
        ({"protocol": "tcp", "port": 0}, (traffic.span("TCP"),)),
        ({"port": 53}, tuple(traffic.span(protocol, 53, 53) for protocol in ("TCP", "UDP", "SCTP"))),
    ],
)
def test_protocols_and_ports(fields: dict[str, Any], points: Intervals) -> None:
    """What a rule matches: no protocol means any, no port (or 0) every port."""
    found = evaluate(wall(rule("r", "deny", "net", **fields)))

    denied = flows.minus(flows.EVERYTHING, found.most)
    assert denied == flows.reach_of((parse_cidr("10.0.0.0/8"),), [()], traffic.plain(points))


def test_names_are_matched_on_tcp_alone() -> None:
    """A rule with web groups matches flows that show one of its names; all others fall through to later rules."""
    permit = rule("web", "permit", "any", web="names")
    found = evaluate(wall(permit, rule("deny", "deny", "any"), rule("deny6", "deny", "any6"))).most

    for protocol, name, passes in (
        ("TCP", "api.example.com", True),
        ("TCP", "a.b.example.org", True),
        ("TCP", "example.org", False),
        ("TCP", "", False),
        ("UDP", "api.example.com", False),
    ):
        packet = Packet(address=parse_address("9.9.9.9"), protocol=protocol, port=443, name=name)
        assert flows.includes(found, packet) == passes, packet


def test_a_star_is_every_name_but_no_nameless_flow() -> None:
    """`*` as Obot writes it."""
    web = {"name": "names", "domains": ["*"]}
    deny = rule("deny", "deny", "any", protocol="tcp", port=443, web="names")

    found = evaluate(wall(deny, web=(web,))).most

    assert not flows.includes(found, Packet(address=1, protocol="TCP", port=443, name="x.test"))
    assert flows.includes(found, Packet(address=1, protocol="TCP", port=443))


def test_a_partial_wildcard_is_bounds() -> None:
    """What `app*.example.com` matches nobody has defined: permitted at most, not at least."""
    web = {"name": "names", "domains": ["app*.example.com"]}
    spec = wall(rule("r", "permit", "any", web="names"), rule("deny", "deny", "any"), web=(web,))
    packet = Packet(address=parse_address("9.9.9.9"), protocol="TCP", port=443, name="app1.example.com")

    assert flows.includes(evaluate(spec).most, packet)
    assert not flows.includes(evaluate(spec).least, packet)


def test_rules_are_for_the_pods_of_their_selector() -> None:
    """A selector of other pods is passed over; none, or an empty one, means every pod of the namespace."""
    deny = rule("deny", "deny", "any")
    others = {**deny, "selector": {"matchLabels": {"app": "db"}}}
    mine = {**deny, "selector": SELECTOR}

    assert evaluate(wall(others)).most == flows.EVERYTHING
    for spec in (
        wall(mine),
        wall(deny),
        wall({**deny, "selector": {}}),
        wall({**deny, "selector": {"matchLabels": {}}}),
    ):
        assert not flows.includes(evaluate(spec).most, Packet(address=1, protocol="TCP", port=1))


def test_selectors_may_differ_from_rule_to_rule() -> None:
    """Each rule has its own source; those of other pods do not stand in the order."""
    first = rule("a", "permit", "any", selector={"matchLabels": {"app": "db"}})
    second = rule("b", "deny", "any", selector=SELECTOR)
    third = rule("c", "permit", "any", selector=SELECTOR)

    assert not flows.includes(evaluate(wall(first, second, third)).most, Packet(address=1, protocol="TCP", port=1))


@pytest.mark.parametrize("selector", [{"matchLabels": {"tier": "x"}}, {"service": "web"}])
def test_rules_that_may_be_for_the_subject(selector: dict[str, Any]) -> None:
    """A compatible selector, or a Service's pods: a deny is not relied upon, a permit is."""
    packet = Packet(address=parse_address("10.1.1.1"), protocol="TCP", port=1)
    maybe_deny = evaluate(wall(rule("a", "deny", "net", selector=selector)))
    maybe_permit = evaluate(wall(rule("a", "permit", "net", selector=selector), rule("b", "deny", "any")))

    for found in (maybe_deny, maybe_permit):
        assert flows.includes(found.most, packet)
        assert not flows.includes(found.least, packet)


def test_watched_rules_are_not_relied_upon() -> None:
    """A rule in watch mode may only log."""
    found = evaluate(wall({**rule("a", "deny", "any"), "watch": True}))

    assert (found.least, found.most) == (evaluate(wall(rule("a", "deny", "any"))).least, flows.EVERYTHING)


def test_rules_for_tls_alone_are_bounds() -> None:
    """tlsRequired without names: whether a flow is TLS is not among what is known of it."""
    spec = wall(rule("a", "permit", "net", flowAppRequirement="tlsRequired"), rule("b", "deny", "any"))
    packet = Packet(address=parse_address("10.1.1.1"), protocol="TCP", port=443)

    assert flows.includes(evaluate(spec).most, packet)
    assert not flows.includes(evaluate(spec).least, packet)


@pytest.mark.parametrize(
    ("reference", "reason"),
    [
        ({"name": "other"}, "names the group 'other', which this policy does not define"),
        ({"uuid": "0-1"}, "names a group by its uuid, and what that holds is not in the manifests"),
    ],
)
@pytest.mark.parametrize("key", ["destinationSmartGroups", "webGroups"])
def test_groups_that_are_defined_elsewhere(reference: dict[str, str], reason: str, key: str) -> None:
    """They hold at least nothing and at most everything, and are said."""
    to = [{"name": "net"}] if key == "webGroups" else [reference]
    written = {"name": "a", "action": "permit", "destinationSmartGroups": to, key: [reference]}
    spec = wall(written, rule("b", "deny", "any"), rule("c", "deny", "any6"))
    packet = Packet(address=parse_address("10.1.1.1"), protocol="TCP", port=443, name="x.test")

    found = read_policies([firewall("w", spec, namespace="mcp")])

    assert [problem.text for problem in found.problems] == [f"FirewallPolicy mcp/w: spec.rules[0].{key}[0] {reason}"]
    reach = Evaluator(found).layer(WEB, "egress", GATEWAY.layer)
    assert flows.includes(reach.most, packet)
    assert not flows.includes(reach.least, packet)


@pytest.mark.parametrize(
    "selector",
    [
        {"type": "vm", "tags": {"a": "b"}},
        {"type": "k8s_node"},
        {"external": "feed"},
        {"s2c": "site"},
        {"k8sNamespace": "kube-system"},
    ],
)
def test_groups_of_the_cloud_are_unknown(selector: dict[str, Any]) -> None:
    """What a cloud's tags or feeds hold is in no manifest: at least nothing, at most everything."""
    group = {"name": "g", "selectors": [selector]}

    found = evaluate(wall(rule("a", "deny", "g"), groups=(group,)))

    assert (found.least, found.most) == (flows.reach_of(ENGINE.unseen), flows.EVERYTHING)


def test_a_pod_name_narrows_a_group_nobody_knows_how_far() -> None:
    """k8s groups with more than namespace and tags hold at most what these two select."""
    group = {"name": "g", "selectors": [{"type": "k8s", "k8sNamespace": "data", "k8sPodName": "redis-0"}]}

    found = evaluate(wall(rule("a", "permit", "g"), rule("b", "deny", "any"), groups=(group, ANY_V4)))

    assert found.most.pods == ((label_sets.pods_in("data"), traffic.EVERYTHING),)
    assert not found.least.pods


def test_blocks_hold_pods_only_where_pods_are_known_to_live() -> None:
    """A block around all pods matches every pod; one around some of them may; one beside them does not."""
    spec = wall(rule("a", "deny", "net"))
    pod = Packet(protocol="TCP", port=1)

    assert not flows.includes(evaluate(spec).most, pod)
    some = evaluate(spec, pods=(parse_cidr("10.0.0.0/7"),))
    assert flows.includes(some.most, pod)
    assert not flows.includes(some.least, pod)
    assert flows.includes(evaluate(spec, pods=(parse_cidr("172.16.0.0/12"),)).least, pod)


def test_blocks_that_only_together_hold_all_pods() -> None:
    """0.0.0.0/0 and ::/0 in one group match every pod, whatever its family; alone neither is enough."""
    both = {"name": "both", "selectors": [{"cidr": "0.0.0.0/0"}, {"cidr": "::/0"}]}
    pod = Packet(protocol="TCP", port=1)

    together = evaluate(wall(rule("a", "deny", "both"), groups=(both,)), pods=ALL)
    listed = {"name": "a", "action": "deny", "destinationSmartGroups": [{"name": "any"}, {"name": "any6"}]}
    referenced = evaluate(wall(listed), pods=ALL)

    assert not flows.includes(together.most, pod)
    assert not flows.includes(referenced.most, pod)
    assert flows.includes(evaluate(wall(rule("a", "deny", "any")), pods=ALL).most, pod)


def test_link_local_never_crosses_the_gateway() -> None:
    """169.254.0.0/16 and fe80::/10 pass whatever the rules say: only the NetworkPolicy stands before them."""
    found = evaluate(wall(rule("a", "deny", "any"), rule("b", "deny", "any6")))

    assert flows.same(found.most, flows.reach_of(ENGINE.unseen))


def test_the_order_of_several_policies_is_unknown() -> None:
    """At most passes what passes in some order, at least what passes in every order."""
    deny, permit = wall(rule("a", "deny", "net")), wall(rule("a", "permit", "net"))
    packet = Packet(address=parse_address("10.1.1.1"), protocol="TCP", port=1)

    found = evaluate(deny, permit)

    assert flows.includes(found.most, packet)
    assert not flows.includes(found.least, packet)
    assert not flows.includes(evaluate(deny, wall(rule("a", "permit", "dns"))).most, packet)


def test_both_layers_must_allow() -> None:
    """The NetworkPolicy opens public addresses on 443 and DNS, the firewall narrows by name and lets DNS pass."""
    public = subtract((ALL_V4,), (parse_cidr("10.0.0.0/8"),))
    dns = {"namespaceSelector": {"matchLabels": {label_sets.NAMESPACE_NAME: "kube-system"}}}
    network = {
        "podSelector": SELECTOR,
        "policyTypes": ["Egress"],
        "egress": [
            {
                "to": [{**dns, "podSelector": {"matchLabels": {"k8s-app": "kube-dns"}}}],
                "ports": [{"protocol": "UDP", "port": 53}],
            },
            {"to": [{"ipBlock": {"cidr": "169.254.20.10/32"}}], "ports": [{"protocol": "UDP", "port": 53}]},
            {"to": [{"ipBlock": {"cidr": "0.0.0.0/0", "except": ["10.0.0.0/8"]}}], "ports": [{"port": 443}]},
        ],
    }
    spec = wall(
        rule("dns", "permit", "dns", protocol="udp", port=53, selector=SELECTOR),
        rule("web", "permit", "any", protocol="tcp", port=443, web="names", selector=SELECTOR),
        rule("deny", "deny", "any", protocol="any", selector=SELECTOR),
    )
    found = read_policies([policy("n", network, namespace="mcp"), firewall("f", spec, namespace="mcp")])

    reach = Evaluator(found).egress(WEB)

    kube_dns = label_sets.pods_in("kube-system", label_sets.box_of({"k8s-app": "kube-dns"}))
    over_udp = traffic.plain((traffic.span("UDP", 53, 53),))
    web = traffic.named(HTTPS, host_names.names_of(WEB_NAMES["domains"]))
    link_local_web = flows.reach_of((parse_cidr("169.254.0.0/16"),), (), traffic.plain(HTTPS))
    intended = flows.union_of(
        [
            flows.reach_of((parse_cidr("169.254.20.10/32"),), [kube_dns], over_udp),
            flows.reach_of(public, (), web),
            link_local_web,
        ]
    )
    assert exact(reach)
    assert flows.same(reach.most, intended)


def test_equal_rules_under_other_names_are_worked_out_once() -> None:
    """Servers differ in the names of groups and rules and in their selector: the answer is one object."""
    documents = []
    for name in ("a", "b"):
        smart = [{"name": f"{name}-any", "selectors": [{"cidr": "0.0.0.0/0"}]}]
        web = [{"name": f"{name}-web", "domains": ["api.example.com"]}]
        own = {"matchLabels": {"app": name}}
        rules = [
            rule(f"{name}-r", "permit", f"{name}-any", protocol="tcp", port=443, web=f"{name}-web", selector=own),
            rule(f"{name}-d", "deny", f"{name}-any", selector=own),
        ]
        documents.append(firewall(name, {"smartGroups": smart, "webGroups": web, "rules": rules}, namespace="mcp"))
    found = read_policies(documents)
    evaluator = Evaluator(found)

    answers = [evaluator.egress(Subject("mcp", label_sets.box_of({"app": name}))) for name in ("a", "b")]

    assert found.policies[0].egress is found.policies[1].egress
    assert answers[0] is answers[1]
    assert not flows.same(answers[0].most, flows.EVERYTHING)
