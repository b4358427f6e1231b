"""What `diff` calls the same, wider and narrower, and what it says cannot be told."""

from __future__ import annotations

import copy
import json
from pathlib import Path

import pytest

from diffing import (
    BASE,
    DENY_ALL,
    OLD,
    TWO_RULES,
    Document,
    Edit,
    catalogs,
    deployment,
    diff,
    difference,
    edited,
    policy,
    to,
    to_pods,
    told,
)
from mcpfence.diff.compare import compare
from mcpfence.diff.flow_text import lines
from mcpfence.diff.forms import as_text
from mcpfence.diff.side import Manifests, one_and_the_same
from mcpfence.reach.engines.kustomizations import BECAUSE

# --- what is the same ---


def _noisy() -> list[Document]:
    """As a cluster gives it back."""
    made = policy(egress=TWO_RULES)
    made["metadata"] |= {"uid": "1", "managedFields": [{"manager": "helm"}], "labels": {"x": "y"}}
    return [{"apiVersion": "v1", "kind": "List", "items": [{**made, "status": {}}]}]


SAME: dict[str, tuple[list[Document], list[Document]]] = {
    "rules in another order": ([policy(egress=TWO_RULES)], [policy(egress=TWO_RULES[::-1])]),
    "documents in another order": ([policy(egress=TWO_RULES), DENY_ALL], [DENY_ALL, policy(egress=TWO_RULES)]),
    "another name": ([policy("a", egress=TWO_RULES)], [policy("b", egress=TWO_RULES)]),
    "a policy for each rule": (
        [policy(egress=TWO_RULES)],
        [policy("a", egress=TWO_RULES[:1]), policy("b", egress=TWO_RULES[1:])],
    ),
    "a rule for each port": (
        [policy(egress=TWO_RULES)],
        [policy(egress=[to("192.0.2.0/24", 443), to("192.0.2.0/24", 8443), to_pods(app="db")])],
    ),
    "a policy for each direction": (
        [policy(policyTypes=["Ingress", "Egress"], egress=TWO_RULES, ingress=[{}])],
        [policy("a", egress=TWO_RULES), policy("b", policyTypes=["Ingress"], ingress=[{}])],
    ),
    "a policy for each value of a selector": (
        [policy(selector={"matchExpressions": [{"key": "app", "operator": "In", "values": ["a", "b"]}]})],
        [policy("a", {"matchLabels": {"app": "a"}}), policy("b", {"matchLabels": {"app": "b"}})],
    ),
    "a rule that another one holds": (
        [policy(egress=TWO_RULES)],
        [policy(egress=[*TWO_RULES, to("192.0.2.128/25", 443)])],
    ),
    "a block in two halves": (
        [policy(egress=[to("192.0.2.0/24")])],
        [policy(egress=[to("192.0.2.0/25"), to("192.0.2.128/25")])],
    ),
    "an except instead of a half": (
        [policy(egress=[to("192.0.2.0/25")])],
        [policy(egress=[to("192.0.2.0/24", **{"except": ["192.0.2.128/25"]})])],
    ),
    "policyTypes by default": (
        [policy(policyTypes=["Ingress", "Egress"], egress=TWO_RULES)],
        [policy(policyTypes=None, egress=TWO_RULES)],
    ),
    "matchLabels as an expression": (
        [policy(egress=TWO_RULES)],
        [
            policy(
                selector={"matchExpressions": [{"key": "app", "operator": "In", "values": ["web"]}]}, egress=TWO_RULES
            )
        ],
    ),
    "as a cluster gives it back": ([policy(egress=TWO_RULES)], _noisy()),
    "a second floor": ([DENY_ALL, policy(egress=TWO_RULES)], [DENY_ALL, DENY_ALL, policy(egress=TWO_RULES)]),
    "pods that a policy selects already": (
        [DENY_ALL, policy(egress=TWO_RULES)],
        [
            DENY_ALL,
            policy(egress=TWO_RULES),
            policy("x", {"matchLabels": {"app": "web", "tier": "x"}}, egress=TWO_RULES),
        ],
    ),
    "unreadable alike": (
        [policy("a", egress=[to("10.0.0.1/8/8")])],
        [policy("b", egress=[to("10.0.0.1/8/8")])],
    ),
    "a named port in another policy": (
        [policy(egress=[{"to": [{"podSelector": {}}], "ports": [{"port": "http"}]}, to("192.0.2.0/24")])],
        [
            policy("a", egress=[{"to": [{"podSelector": {}}], "ports": [{"port": "http"}]}]),
            policy("b", egress=[to("192.0.2.0/24")]),
        ],
    ),
    "other objects": (
        [policy(egress=TWO_RULES)],
        [policy(egress=TWO_RULES), {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web"}}],
    ),
    "what a workload runs": ([deployment(containers=[])], [deployment(containers=[{"name": "a", "image": "b"}])]),
}


@pytest.mark.parametrize("documents", [new for _, new in SAME.values()], ids=SAME)
def test_the_very_same_documents(documents: list[Document]) -> None:
    """Documents that are one and the same on both sides are told as equal ones are, without looking at every pod."""
    side = Manifests(documents)

    assert compare(side, Manifests([*documents])) == compare(side, Manifests(copy.deepcopy(documents)))


@pytest.mark.parametrize(
    "other",
    [
        Manifests([{"port": True}]),
        Manifests([{"port": 1}, {"port": 1}]),
        Manifests([{"port": 1}], namespace="other"),
        Manifests([{"port": 1}], pod_addresses=((0, 1),)),
        Manifests([{"port": 1}], rendered=()),
    ],
)
def test_equal_is_not_enough(other: Manifests) -> None:
    """To Python true is 1; and what a side was made of is more than its documents."""
    document: Document = {"port": 1}

    assert one_and_the_same(Manifests([document]), Manifests([document]))
    assert not one_and_the_same(Manifests([document]), other)


@pytest.mark.parametrize("because", [[], ["its key x is not evaluated"]])
def test_a_folder_that_lies_elsewhere(because: list[str]) -> None:
    """A kustomization has its path as its name, which counts only where something is said of it."""
    sides = [Manifests([{"metadata": {"name": path}, BECAUSE: because}]) for path in ("k.yaml", "old/k.yaml")]

    assert one_and_the_same(*sides) == (not because)


@pytest.mark.parametrize(("old", "new"), SAME.values(), ids=SAME)
def test_same(old: list[Document], new: list[Document]) -> None:
    """Text, names and order do not count, nor how rules are spread over policies: the other way round no more."""
    for found in (difference(old, new), difference(new, old)):
        assert (found.changes, found.doubts, found.different) == ((), (), False)


def test_yaml_of_another_style_is_the_same(tmp_path: Path) -> None:
    """Block, flow, JSON, quotes, comments and anchors are one text to us."""
    made = policy(egress=TWO_RULES)
    styled = "# a comment\n--- &anchor\n" + json.dumps(made, indent=1)
    done = diff(tmp_path, made, styled)

    assert (done.stderr, done.code) == ("", 0)


SAME_CATALOGS: dict[str, Edit] = {
    "servers in another order": lambda raw: raw.update(servers=dict(reversed(raw["servers"].items()))),
    "another image": lambda raw: raw["servers"]["vault"]["containerizedConfig"].update(image="ghcr.io/example/vault:2"),
    "a default that is written": lambda raw: raw.update(egress={"default": "deny"}),
    "a podSelector that is the default": lambda raw: raw["servers"]["vault"].update(podSelector={"app": "vault"}),
    "a client that is not used": lambda raw: [
        raw["clients"].update(other={"namespace": "other", "podSelector": {"app": "other"}}),
        *(server.update(ingress={"from": ["gateway"]}) for server in raw["servers"].values()),
    ],
    "a block in two halves": lambda raw: raw["servers"]["notion"]["egress"].update(
        cidrs=[{"cidr": "3.128.0.0/10", "ports": [443]}, {"cidr": "3.192.0.0/10", "ports": [443]}]
    ),
    "a remote server": lambda raw: raw["servers"].update(
        hub={"runtime": "remote", "remoteConfig": {"fixedURL": "https://mcp.example.com/mcp"}}
    ),
}


@pytest.mark.parametrize("edit", SAME_CATALOGS.values(), ids=SAME_CATALOGS)
def test_same_catalogs(edit: Edit) -> None:
    """What no policy depends on is the same."""
    found = catalogs(OLD, edited(OLD, edit))

    assert (told(found), found.same) == ([], 4)


# --- what is wider, and seen from the other side narrower ---


def _base(edit: Edit) -> list[Document]:
    return [DENY_ALL, edited(BASE[1], edit)]


WIDER: dict[str, tuple[list[Document], list[str]]] = {
    "a port": (
        _base(lambda made: made["spec"]["egress"][0]["ports"].append({"port": 22})),
        ["may reach 192.0.2.0/24 (256 addresses) on TCP 22"],
    ),
    "a protocol": (
        _base(lambda made: made["spec"]["egress"][0]["ports"].append({"port": 443, "protocol": "UDP"})),
        ["may reach 192.0.2.0/24 (256 addresses) on UDP 443"],
    ),
    "every port": (
        _base(lambda made: made["spec"]["egress"][0].pop("ports")),
        ["may reach 192.0.2.0/24 (256 addresses) on every protocol and port but TCP 443"],
    ),
    "a larger block": (
        _base(lambda made: made["spec"]["egress"][0].update(to=[{"ipBlock": {"cidr": "192.0.0.0/16"}}])),
        [
            "may reach 8 IPv4 blocks (65,280 addresses), the largest 192.0.16.0/20, 192.0.32.0/19, 192.0.64.0/18, "
            "192.0.128.0/17 on TCP 443"
        ],
    ),
    "one address": (
        _base(lambda made: made["spec"]["egress"].append(to("169.254.169.254/32", 80))),
        ["may reach 169.254.169.254 on TCP 80"],
    ),
    "IPv6": (
        _base(lambda made: made["spec"]["egress"].append(to("2001:db8::/32", 443))),
        ["may reach 2001:db8::/32 (2^96 addresses) on TCP 443"],
    ),
    "every public address": (
        _base(lambda made: made["spec"]["egress"].append(to("0.0.0.0/0", 443))),
        ["may reach every public IPv4 address and 14 IPv4 blocks (592."],
    ),
    "no peers at all": (
        _base(lambda made: made["spec"]["egress"].append({"ports": [{"port": 53, "protocol": "UDP"}]})),
        ["may reach every address on UDP 53", "may reach every pod of every namespace on UDP 53"],
    ),
    "pods of another label": (
        _base(lambda made: made["spec"]["egress"].append(to_pods(app="cache"))),
        ["may reach pods app=cache of namespace shop on TCP 5432"],
    ),
    "every pod of the namespace": (
        _base(lambda made: made["spec"]["egress"].append({"to": [{"podSelector": {}}], "ports": [{"port": 5432}]})),
        ["may reach pods app notin (db) of namespace shop on TCP 5432"],
    ),
    "pods of some namespaces": (
        _base(
            lambda made: made["spec"]["egress"].append(
                {"to": [{"namespaceSelector": {"matchLabels": {"team": "a"}}}], "ports": [{"port": 80}]}
            )
        ),
        ["may reach every pod of namespaces with team=a on TCP 80"],
    ),
    "an egress rule for everything": (
        _base(lambda made: made["spec"]["egress"].append({})),
        ["may reach everything else: nothing is denied any more"],
    ),
    "a caller": (
        [
            *BASE,
            policy("in", policyTypes=["Ingress"], ingress=[{"from": [{"podSelector": {}}], "ports": [{"port": 80}]}]),
        ],
        ["may be reached by every pod of namespace shop on TCP 80"],
    ),
}


@pytest.mark.parametrize(("new", "lines"), WIDER.values(), ids=WIDER)
def test_wider(new: list[Document], lines: list[str]) -> None:
    """What is gained is said; the other way round the same words say what is lost."""
    forth, back = difference(BASE, new), difference(new, BASE)
    wide, narrow = (forth.changes[0].verdict, forth.count("wider")), (back.changes[0].verdict, back.count("narrower"))

    assert (wide, narrow) == (("wider", 1), ("narrower", 1))
    assert [line[: len(f"+ {said}")] for line, said in zip(told(forth)[1:], lines, strict=True)] == [
        f"+ {said}" for said in lines
    ]
    if "everything" not in lines[0]:
        assert [line[1:] for line in told(back)[1:]] == [line[1:] for line in told(forth)[1:]]


def test_no_policy_left() -> None:
    """Where no policy selects the pods any more everything passes; with a floor below them, nothing does."""
    assert told(difference([policy(egress=TWO_RULES)], [])) == [
        "pods app=web of namespace shop: wider",
        "+ may reach everything else: nothing is denied any more",
    ]
    assert told(difference([DENY_ALL, policy(egress=TWO_RULES)], [DENY_ALL])) == [
        "pods app=web of namespace shop: narrower",
        "- may reach 192.0.2.0/24 (256 addresses) on TCP 443, 8443",
        "- may reach pods app=db of namespace shop on TCP 5432",
    ]


def test_floor_removed() -> None:
    """The pods that only the floor selects are named as such."""
    assert told(difference(BASE, BASE[1:]))[:2] == [
        "every pod of namespace shop that no other policy selects: wider",
        "+ may reach everything else: nothing is denied any more",
    ]


def test_policy_that_adds_to_another() -> None:
    """A new policy isolates its pods, but those that another one isolates already gain what it allows."""
    debug = policy("debug", {"matchLabels": {"debug": "yes"}}, egress=[to("198.51.100.0/24")])
    found = difference([policy(egress=TWO_RULES)], [policy(egress=TWO_RULES), debug])

    assert told(found) == [
        "pods debug=yes of namespace shop that other policies select too: wider",
        "+ may reach 198.51.100.0/24 (256 addresses) on every protocol and port",
        "pods debug=yes of namespace shop: narrower",
        "- may reach everything else: what is not allowed is denied now",
    ]


def test_selector_whose_pods_all_have_others() -> None:
    """Where other selectors take all pods of a selector between them, its parts are compared."""
    presence = {operator: {"matchExpressions": [{"key": "tier", "operator": operator}]} for operator in _PRESENCE}
    others = [policy(operator, selector, egress=[]) for operator, selector in presence.items()]
    found = difference([policy(egress=[]), *others], [policy(egress=[to("192.0.2.0/24")]), *others])

    assert told(found) == [
        "pods such as app=web of namespace shop, pods such as app=web,tier=any of namespace shop: wider",
        "+ may reach 192.0.2.0/24 (256 addresses) on every protocol and port",
    ]


_PRESENCE = ("Exists", "DoesNotExist")


def test_catalog_of_another_namespace() -> None:
    """Who is fenced now is said where a server's pods are others; the floor of the old namespace is gone."""
    found = catalogs(OLD, edited(OLD, lambda raw: raw.update(mcpNamespace={"name": "other"})))
    remark = "! its pods are now app=vault of namespace other; before, they were app=vault of namespace tools"

    assert remark in told(found)
    assert told(found)[0] == "every pod of namespace tools that no other policy selects: wider"


def test_floor_of_a_catalog() -> None:
    """The floor is the chart's, and part of what is compared."""
    off = edited(OLD, lambda raw: raw["mcpNamespace"].update(networkPolicy={"enabled": False}))

    assert told(catalogs(OLD, off))[0] == "every pod of namespace tools that no other policy selects: wider"
    left = edited(off, lambda raw: raw["servers"].pop("vault"))
    remark = "! no policy selects these pods any more: those that are left may reach everything"
    assert remark in told(catalogs(off, left))


def test_equal_changes_stand_together() -> None:
    """A thousand servers that gain the same are one change, with the first ten by name."""
    old = edited(OLD, lambda raw: [raw["servers"].update({f"s{i:02}": raw["servers"]["vault"]}) for i in range(12)])
    new = edited(old, lambda raw: raw["clients"].update(edge={"cidrs": ["198.51.100.0/28"]}))
    found = catalogs(old, new)

    assert len(found.changes) == 1
    assert told(found) == [
        "server notion, server redis-tool, server s00, server s01, server s02, server s03, server s04, server s05, "
        "server s06, server s07 and 5 more: wider",
        "+ may be reached by 198.51.100.0/28 (16 addresses) on TCP 8080",
    ]


# --- workloads ---


def test_workload_out_of_its_fence() -> None:
    """Another label on the pods, and no policy selects them any more."""
    found = difference([*BASE[1:], deployment()], [*BASE[1:], deployment(labels={"app": "web2"})])

    assert told(found) == [
        "Deployment shop/web: wider",
        "+ may reach everything else: nothing is denied any more",
    ]


def test_workload_on_the_network_of_its_host() -> None:
    """No policy reaches such pods."""
    found = difference([*BASE, deployment()], [*BASE, deployment(hostNetwork=True)])

    assert told(found)[0] == "Deployment shop/web: wider"
    assert told(found)[-1] == "! its pods are on the host's network, where no policy reaches them"


def test_workload_in_further_networks() -> None:
    """No policy reaches pods there, and where they leave them their policies hold again."""
    there = deployment()
    there["spec"]["template"]["metadata"]["annotations"] = {"v1.multus-cni.io/default-network": "shop/storage"}
    came, went = difference([*BASE, deployment()], [*BASE, there]), difference([*BASE, there], [*BASE, deployment()])

    assert told(came)[0] == "Deployment shop/web: wider"
    assert told(came)[-1] == "! its pods are in further networks, where no policy reaches them"
    assert told(went)[-1] == "! its pods were in further networks, where no policy reached them"


def test_new_workload_with_its_policy() -> None:
    """It is added with all that it may reach; its policy takes nothing from anybody."""
    found = difference([], [policy(egress=TWO_RULES), deployment()])

    assert told(found) == [
        "Deployment shop/web, pods app=web of namespace shop: added",
        "+ may reach 192.0.2.0/24 (256 addresses) on TCP 443, 8443",
        "+ may reach pods app=db of namespace shop on TCP 5432",
        "+ may be reached by everything, on every protocol and port",
    ]


def test_pods_of_one_owner_are_compared_one_by_one() -> None:
    """What one of them gains is no less a gain because another one loses it."""

    def pod(name: str) -> Document:
        owner = {"controller": True, "kind": "ReplicaSet", "name": "web"}
        metadata = {"name": name, "namespace": "shop", "labels": {"app": name}, "ownerReferences": [owner]}
        return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": {}}

    rules = {"a": [to("192.0.2.0/24")], "b": [to("198.51.100.0/24")]}
    pods = [pod("a"), pod("b")]
    one = [policy(name, {"matchLabels": {"app": name}}, egress=rules[name]) for name in "ab"]
    other = [policy(name, {"matchLabels": {"app": name}}, egress=rules[swapped]) for name, swapped in ("ab", "ba")]
    found = told(difference([*pods, *one], [*pods, *other]))

    assert found[:2] == [
        "ReplicaSet shop/web: wider and narrower",
        "+ may reach 192.0.2.0/24, 198.51.100.0/24 (512 addresses) on every protocol and port",
    ]


def test_workload_has_no_labels_but_its_own() -> None:
    """A policy for other labels is nothing to it."""
    debug = policy("debug", {"matchLabels": {"debug": "yes"}}, egress=[{}])
    found = difference([*BASE, deployment()], [*BASE, debug, deployment()])

    assert [pods.title for change in found.changes for pods in change.subjects] == ["pods debug=yes of namespace shop"]


def test_named_ports_of_a_workload() -> None:
    """What a container calls its port is known, so the number behind the name is compared."""
    rule = policy(policyTypes=["Ingress"], ingress=[{"ports": [{"port": "http"}]}])
    sides = [
        [rule, deployment(containers=[{"ports": [{"name": "http", "containerPort": port}]}])] for port in (8080, 8081)
    ]
    lines = told(difference(*sides))

    assert lines[:2] == [
        "Deployment shop/web: wider and narrower",
        "+ may be reached by every address on TCP 8081",
    ]


# --- firewalls ---


def firewall(name: str, labels: dict[str, str], *rules: tuple[str, str]) -> Document:
    """A FirewallPolicy of namespace shop with rules (action, block)."""
    return {
        "apiVersion": "networking.aviatrix.com/v1alpha1",
        "kind": "FirewallPolicy",
        "metadata": {"name": name, "namespace": "shop"},
        "spec": {
            "smartGroups": [{"name": f"g{i}", "selectors": [{"cidr": cidr}]} for i, (_, cidr) in enumerate(rules)],
            "rules": [
                {
                    "name": f"r{i}",
                    "action": action,
                    "selector": {"matchLabels": labels},
                    "destinationSmartGroups": [{"name": f"g{i}"}],
                    "protocol": "any",
                }
                for i, (action, _) in enumerate(rules)
            ],
        },
    }


OPEN = policy(selector={}, egress=[to("10.0.0.0/8")])


def test_order_of_firewall_rules() -> None:
    """The first match decides, so another order is another reach; with NetworkPolicies both must allow."""
    rules = [("permit", "10.1.0.0/16"), ("deny", "10.0.0.0/8")]
    one, other = firewall("f", {"app": "web"}, *rules), firewall("f", {"app": "web"}, *rules[::-1])

    assert told(difference([OPEN, one], [OPEN, other])) == [
        "pods app=web of namespace shop: narrower",
        "- may reach 10.1.0.0/16 (65,536 addresses) on every protocol and port",
    ]
    assert not difference([OPEN, one], [OPEN, {**one, "metadata": {"name": "other", "namespace": "shop"}}]).different


def test_firewall_that_matters_for_pods_of_two_selectors() -> None:
    """What it forbids its own pods have no way to anyway; those that another policy opens lose it."""
    closed = policy("closed", {"matchLabels": {"app": "web"}}, egress=[])
    opened = policy("opened", {"matchLabels": {"debug": "yes"}}, egress=[to("10.0.0.0/8")])
    wall = firewall("f", {"app": "web"}, ("deny", "10.1.0.0/16"))

    assert told(difference([closed, opened], [closed, opened, wall])) == [
        "pods app=web of namespace shop that other policies select too: narrower",
        "- may reach 10.1.0.0/16 (65,536 addresses) on every protocol and port",
    ]


def test_firewalls_whose_order_nobody_states() -> None:
    """Two for the same pods: what both give together is between two bounds, and that is said."""
    permit, deny = firewall("a", {"app": "web"}, ("permit", "10.1.0.0/16")), firewall("b", {}, ("deny", "10.0.0.0/8"))
    both = "FirewallPolicy shop/a and FirewallPolicy shop/b"
    found = difference([OPEN, deny], [OPEN, deny, permit])

    assert told(found)[:2] == [
        "pods app=web of namespace shop: wider",
        "+ may reach 10.1.0.0/16 (65,536 addresses) on every protocol and port",
    ]
    assert f"! {both} of NEW are tried in an order that no manifest states" in told(found)
    assert not [line for line in told(found) if "of OLD" in line]
    again = difference([OPEN, deny, permit], [permit, deny, OPEN])
    assert f"{both} are tried in an order that no manifest states" in again.remarks
    assert not again.different


def test_group_that_is_elsewhere() -> None:
    """A group by its uuid may hold anything."""
    wall = firewall("f", {"app": "web"}, ("permit", "10.1.0.0/16"), ("deny", "0.0.0.0/0"))
    loose = edited(wall, lambda made: made["spec"]["rules"][0].update(destinationSmartGroups=[{"uuid": "x"}]))
    found = told(difference([OPEN, wall], [OPEN, loose]))

    assert found[0] == "pods app=web of namespace shop: wider"
    assert found[-1] == (
        "! FirewallPolicy shop/f of NEW cannot be told exactly (spec.rules[0].destinationSmartGroups[0] names a group "
        "by its uuid, and what that holds is not in the manifests)"
    )


# --- what cannot be told ---


def test_unreadable_policy() -> None:
    """It may open or close anything: said, and never the same."""
    broken = policy(egress=[to("10.0.0.1/8/8")])
    sentence = "cannot be read (spec.egress[0].to[0].ipBlock.cidr '10.0.0.1/8/8' is not a CIDR block), so what it lets through is unknown"

    assert told(difference([broken], BASE[1:])) == [
        "pods app=web of namespace shop: unclear",
        "- may reach everything else, at most",
        f"! NetworkPolicy shop/web of OLD {sentence}",
    ]
    assert told(difference([], [broken])) == [
        "pods app=web of namespace shop: unclear",
        f"! NetworkPolicy shop/web of NEW {sentence}",
    ]
    assert told(difference([broken], [broken])) == [
        "unknown, and alike on both sides:",
        f"! NetworkPolicy shop/web {sentence}",
    ]


def test_unknown_that_changed() -> None:
    """Nothing is known of either side, but not the same nothing."""
    one, other = policy(egress=[to("10.0.0.1/8/8")]), policy(egress=[to("10.0.0.2/8/8")])
    walls = [firewall("f", {"app": "web"}, ("permit", "10.1.0.0/16"), ("deny", "0.0.0.0/0")) for _ in "ab"]
    for wall, uuid in zip(walls, "ab", strict=True):
        wall["spec"]["rules"][0]["destinationSmartGroups"] = [{"uuid": uuid}]

    for old, new in (([one], [other]), ([OPEN, walls[0]], [OPEN, walls[1]])):
        found = difference(old, new)
        assert [change.verdict for change in found.changes] == ["unclear"]
        assert [doubt.split(" cannot be ")[0][-6:] for doubt in found.changes[0].doubts] == ["of OLD", "of NEW"]
        assert not difference(old, old).different


def test_named_port_of_unknown_containers() -> None:
    """Another name is another port, though nobody can say which."""
    sides = [
        [policy(egress=[{"to": [{"podSelector": {}}], "ports": [{"port": name}]}])] for name in ("http", "metrics")
    ]

    assert told(difference(*sides)) == [
        "pods app=web of namespace shop: unclear",
        "! NetworkPolicy shop/web of OLD opens ports by name (http), which only containers can tell",
        "! NetworkPolicy shop/web of NEW opens ports by name (metrics), which only containers can tell",
    ]


def test_policy_without_evaluator() -> None:
    """New, gone or changed it is a difference; alike, it is still said."""
    spec: Document = {"podSelector": {"matchLabels": {"app": "web"}}}
    group, kind = "k8s.cni.cncf.io", "MultiNetworkPolicy"
    made = {"apiVersion": f"{group}/v1beta1", "kind": kind, "metadata": {"name": "c", "namespace": "shop"}}
    one, other = {**made, "spec": spec}, {**made, "spec": {**spec, "egress": [{}]}}
    text = f"{kind} shop/c ({group}) is not evaluated; it selects pods app=web of namespace shop"

    assert difference([one], [other]).different
    assert told(difference([one], [other])) == [f"! only in OLD: {text}", f"! only in NEW: {text}"]
    assert as_text(difference([], [one])).splitlines()[0] == "1 not evaluated"
    assert not difference([one], [one]).different
    assert told(difference([one], [one])) == ["unknown, and alike on both sides:", f"! {text}"]


def test_what_cannot_be_told_is_no_silence(tmp_path: Path) -> None:
    """Exit 1 where only a policy without evaluator is new, or one that cannot be read."""
    other = {"apiVersion": "cilium.io/v2", "kind": "CiliumNetworkPolicy", "metadata": {"name": "c"}, "spec": {}}

    assert (diff(tmp_path, BASE, [*BASE, other]).code, diff(tmp_path, [other], [other]).code) == (1, 0)
    assert diff(tmp_path, [], [policy(egress=[to("10.0.0.1/8/8")])]).code == 1


def test_kubernetes_policies_are_evaluated() -> None:
    """They are not among those without evaluator, and another one's policy that has the name of one is."""
    other = {**policy(egress=TWO_RULES), "apiVersion": "other.example/v3"}

    assert difference([policy(egress=TWO_RULES)], [policy(egress=TWO_RULES)]).remarks == ()
    assert difference([policy(egress=TWO_RULES)], [policy(egress=TWO_RULES), other]).doubts == (
        "only in NEW: NetworkPolicy.other.example shop/web (other.example) is not evaluated; it may select pods of namespace shop",
    )


def test_labels_of_ours_prove_nothing() -> None:
    """Somebody else's policy with our labels is compared by its selector, like every other."""
    ours = edited(BASE[1], lambda made: made["metadata"].update(labels=_LABELS))
    wide = edited(
        ours, lambda made: made["spec"].update(podSelector={}), lambda made: made["metadata"].update(name="x")
    )
    found = difference(BASE, [DENY_ALL, ours, wide])

    assert found.changes[0].verdict == "wider"
    assert found.changes[0].egress.gained


_LABELS = {"app.kubernetes.io/part-of": "mcpfence", "mcpfence.io/server": "web"}


def test_manifests_of_ours_have_names() -> None:
    """Rendered manifests in Git are told by server; one that is new is added, not a loss for unfenced pods."""
    ours = edited(BASE[1], lambda made: made["metadata"].update(labels=_LABELS))

    assert told(difference([], [ours]))[0] == "server web: added"
    assert told(difference([DENY_ALL], [DENY_ALL, ours]))[0] == "server web: added"
    assert told(difference([ours], []))[-1] == (
        "! no policy selects these pods any more: those that are left may reach everything"
    )
    assert not difference([ours], BASE[1:]).different


def test_a_caller_more_among_many_that_share_no_label() -> None:
    """The exact difference would have 2^n parts: the new caller is named whole, and nothing is in doubt."""

    def side(count: int) -> Manifests:
        peers = [{"podSelector": {"matchLabels": {f"a{i}": "x", f"b{i}": "y"}}} for i in range(count)]
        return Manifests([policy(policyTypes=["Ingress"], ingress=[{"from": peers, "ports": [{"port": 80}]}])])

    found = compare(side(30), side(31))

    (change,) = found.changes
    assert found.doubts == change.doubts == ()
    assert lines(change.ingress.gained) == ["pods a30=x,b30=y of namespace shop on TCP 80"]
    assert not change.ingress.lost
