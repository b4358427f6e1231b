"""What cannot be read: a problem that names document and field, never an exception, never "allowed"."""

from __future__ import annotations

from typing import Any

import pytest

from mcpfence.reach.connectivity.connections import NOBODY, connections
from mcpfence.reach.connectivity.list_form import as_list
from mcpfence.reach.evaluation.evaluator import Evaluator, Subject
from mcpfence.reach.evaluation.policy_set import read_policies
from mcpfence.reach.flows import bounds, flows, label_sets
from reaching.loading import firewall, pod, policy, rule


def egress(**fields: Any) -> dict[str, Any]:
    """A spec with one egress rule."""
    return {"podSelector": {}, "policyTypes": ["Egress"], "egress": [fields]}


def block(**fields: Any) -> dict[str, Any]:
    """A spec with one ipBlock."""
    return egress(to=[{"ipBlock": fields}])


def port(**fields: Any) -> dict[str, Any]:
    """A spec with one port."""
    return egress(to=[{"podSelector": {}}], ports=[fields])


SPECS: list[tuple[Any, str]] = [
    (None, "spec is missing"),
    ([], "spec is a list, not a mapping"),
    ("deny", "spec is 'deny', not a mapping"),
    ({"egres": []}, "spec.egres is no field of this API"),
    ({"podSelector": []}, "spec.podSelector is a list, not a mapping"),
    ({"podSelector": "app=x"}, "spec.podSelector is 'app=x', not a mapping"),
    ({"podSelector": {"app": "x"}}, "spec.podSelector.app is no field of this API"),
    ({"podSelector": {"matchLabels": ["x"]}}, "spec.podSelector.matchLabels is a list, not a mapping"),
    ({"podSelector": {"matchLabels": {"v": 1.0}}}, "spec.podSelector.matchLabels.v is 1.0, not a string"),
    ({"policyTypes": "Egress"}, "spec.policyTypes is 'Egress', not a list"),
    ({"policyTypes": ["egress"]}, "spec.policyTypes[0] is 'egress', not Ingress or Egress"),
    ({"ingress": {}}, "spec.ingress is a mapping, not a list"),
    ({"ingress": [None]}, "spec.ingress[0] is missing"),
    ({"ingress": [[]]}, "spec.ingress[0] is a list, not a mapping"),
    ({"ingress": [{"to": []}]}, "spec.ingress[0].to is no field of this API"),
    (egress(**{"from": []}), "spec.egress[0].from is no field of this API"),
    (egress(to={}), "spec.egress[0].to is a mapping, not a list"),
    (egress(to=[None]), "spec.egress[0].to[0] is missing"),
    (egress(to=[{}]), "spec.egress[0].to[0] has no podSelector, namespaceSelector or ipBlock"),
    (egress(to=[{"podSelectors": {}}]), "spec.egress[0].to[0].podSelectors is no field of this API"),
    (
        egress(to=[{"podSelector": {}, "ipBlock": {"cidr": "10.0.0.0/8"}}]),
        "spec.egress[0].to[0] has ipBlock beside a selector",
    ),
    (block(), "spec.egress[0].to[0].ipBlock.cidr is null, not a string"),
    (block(cidr="10.0.0.0"), "spec.egress[0].to[0].ipBlock.cidr '10.0.0.0' has no prefix length"),
    (block(cidr="10.0.0.0/33"), "spec.egress[0].to[0].ipBlock.cidr '10.0.0.0/33' is not a CIDR block"),
    (block(cidr="::ffff:0:0/96"), "spec.egress[0].to[0].ipBlock.cidr '::ffff:0:0/96' is an IPv4-mapped IPv6 block"),
    (block(cidr="10.0.0.0/8", excepts=[]), "spec.egress[0].to[0].ipBlock.excepts is no field of this API"),
    (
        block(cidr="10.0.0.0/8", **{"except": ["11.0.0.0/16"]}),
        "spec.egress[0].to[0].ipBlock.except[0] '11.0.0.0/16' is no smaller part of the cidr",
    ),
    (
        block(cidr="10.0.0.0/8", **{"except": ["10.1.0.0/16", "10.0.0.0/8"]}),
        "spec.egress[0].to[0].ipBlock.except[1] '10.0.0.0/8' is no smaller part of the cidr",
    ),
    (
        block(cidr="::/0", **{"except": ["10.0.0.0/8"]}),
        "spec.egress[0].to[0].ipBlock.except[0] '10.0.0.0/8' is no smaller part of the cidr",
    ),
    (block(cidr="10.0.0.0/8", **{"except": [10]}), "spec.egress[0].to[0].ipBlock.except is 10, not a string"),
    (port(port=80, protocol="tcp"), "spec.egress[0].ports[0].protocol is 'tcp', not TCP, UDP or SCTP"),
    (port(port=80, protocol=["TCP"]), "spec.egress[0].ports[0].protocol is a list, not TCP, UDP or SCTP"),
    (port(endPort=90), "spec.egress[0].ports[0].endPort stands without port"),
    (port(port=80, endPort=79), "spec.egress[0].ports[0].endPort is 79, below port 80"),
    (port(port=80, endPort="90"), "spec.egress[0].ports[0].endPort is '90', not a whole number"),
    (port(port="http", endPort=90), "spec.egress[0].ports[0].endPort stands beside a named port"),
    (port(port="80"), "spec.egress[0].ports[0].port is '80', neither a number nor the name of a port"),
    (port(port="Http"), "spec.egress[0].ports[0].port is 'Http', neither a number nor the name of a port"),
    (port(port=0), "spec.egress[0].ports[0].port is 0, not between 1 and 65535"),
    (port(port=65536), "spec.egress[0].ports[0].port is 65536, not between 1 and 65535"),
    (port(port=True), "spec.egress[0].ports[0].port is True, not a whole number"),
    (port(port=80.0), "spec.egress[0].ports[0].port is 80.0, not a whole number"),
    (port(port=80, ports=81), "spec.egress[0].ports[0].ports is no field of this API"),
    (
        egress(to=[{"podSelector": {"matchExpressions": [{"key": "a", "operator": "Equals", "values": ["x"]}]}}]),
        "spec.egress[0].to[0].podSelector.matchExpressions[0].operator is 'Equals', not In, NotIn, Exists or DoesNotExist",
    ),
]


@pytest.mark.parametrize(("spec", "message"), SPECS, ids=[message for _, message in SPECS])
def test_a_network_policy_that_cannot_be_read(spec: Any, message: str) -> None:
    """Its problem names document and field; its pods may do anything at most, and nothing at least."""
    found = read_policies([policy("bad", spec)])
    bounds_of = Evaluator(found)

    (problem,) = found.problems
    assert problem.text.startswith(f"NetworkPolicy default/bad: {message}")
    for direction in ("ingress", "egress"):
        if found.policies[0].rules(direction) is not None:
            reach = bounds_of.reach(Subject("default"), direction)
            assert (reach.least, reach.most) == (flows.NOTHING, flows.EVERYTHING)


@pytest.mark.parametrize(("spec", "message"), SPECS, ids=[message for _, message in SPECS])
def test_no_line_rests_on_what_cannot_be_read(spec: Any, message: str) -> None:
    """`reach` lists no connection that only an unreadable policy might allow, and names the pods that it concerns."""
    found = connections([policy("bad", spec), pod("web")])

    assert found.problems[0].text.startswith(f"NetworkPolicy default/bad: {message}")
    silent = {direction for _, direction in found.unknown}
    assert silent
    text = as_list(found)
    assert ("=> default/web[Pod]" not in text) == ("ingress" in silent)
    assert ("default/web[Pod] =>" not in text) == ("egress" in silent)


def test_an_unreadable_policy_speaks_of_its_own_pods_only() -> None:
    """Where the selector can be read, other pods are not in doubt; where it cannot, the namespace is."""
    rules = {"policyTypes": ["Egress"], "egress": [{"ports": [{"port": "80"}]}]}
    one = read_policies([policy("bad", {"podSelector": {"matchLabels": {"app": "x"}}, **rules})])
    all_of_it = read_policies([policy("bad", {"podSelector": 5, **rules})])
    other = Subject("default", label_sets.box_of({"app": "y"}))

    assert Evaluator(one).egress(other) is bounds.EVERYTHING
    assert Evaluator(all_of_it).egress(other).least == flows.NOTHING
    assert Evaluator(all_of_it).egress(Subject("elsewhere")) is bounds.EVERYTHING


def test_readable_policies_beside_an_unreadable_one() -> None:
    """What others surely allow is still at least allowed."""
    good = {"policyTypes": ["Egress"], "egress": [{"to": [{"ipBlock": {"cidr": "10.0.0.0/8"}}]}]}
    found = read_policies([policy("good", good), policy("bad", {"egress": [{"to": [{}]}]})])

    reach = Evaluator(found).egress(Subject("default"))

    assert reach.least
    assert not flows.same(reach.least, reach.most)
    assert reach.most == flows.EVERYTHING


def test_one_name_twice() -> None:
    """Two different policies of one name: one of them does not exist, and nobody knows which; equal ones are one."""
    deny, allow = {"policyTypes": ["Egress"]}, {"policyTypes": ["Egress"], "egress": [{}]}
    found = read_policies([policy("p", deny), policy("p", allow)])

    assert [problem.text for problem in found.problems] == [
        "NetworkPolicy default/p stands twice, with different contents"
    ]
    assert Evaluator(found).egress(Subject("default")).most == flows.EVERYTHING
    assert not read_policies([policy("p", deny), policy("p", dict(deny))]).problems


ANY = [{"name": "any", "selectors": [{"cidr": "0.0.0.0/0"}]}]


def group(**selector: Any) -> dict[str, Any]:
    """A spec with one smart group."""
    return {"smartGroups": [{"name": "g", "selectors": [selector]}], "rules": [rule("r", "permit", "g")]}


def rules(**fields: Any) -> dict[str, Any]:
    """A spec with one rule."""
    return {"smartGroups": ANY, "rules": [{**rule("r", "permit", "any"), **fields}]}


WALLS: list[tuple[Any, str]] = [
    (None, "spec is missing"),
    ({"rule": []}, "spec.rule is no field of this API"),
    ({"rules": {}}, "spec.rules is a mapping, not a list"),
    ({"rules": [None]}, "spec.rules[0] is missing"),
    ({"smartGroups": [{"selectors": []}], "rules": []}, "spec.smartGroups[0].name null is no name"),
    ({"smartGroups": [*ANY, *ANY], "rules": []}, "spec.smartGroups[1].name 'any' stands twice"),
    (group(), "spec.smartGroups[0].selectors[0] is empty"),
    (group(cidr="10.0.0.1"), "spec.smartGroups[0].selectors[0].cidr '10.0.0.1' has no prefix length"),
    (group(cidr="10.0.0.0/8", type="k8s"), "spec.smartGroups[0].selectors[0] has cidr beside other fields"),
    (group(cidr=None), "spec.smartGroups[0].selectors[0].cidr is null, not a string"),
    (group(type="k8s", tags={"a": 1}), "spec.smartGroups[0].selectors[0].tags.a is 1, not a string"),
    (group(type="k8s", namespace="a"), "spec.smartGroups[0].selectors[0].namespace is no field of this API"),
    (
        {"webGroups": [{"name": "w", "domains": ["**.x.test"]}], "rules": []},
        "spec.webGroups[0].domains '**.x.test' has two * in a row",
    ),
    ({"webGroups": [{"name": "w", "domains": [1]}], "rules": []}, "spec.webGroups[0].domains is 1, not a string"),
    (rules(name=""), "spec.rules[0].name is '', no name"),
    (rules(action="allow"), "spec.rules[0].action is 'allow', not one of permit, intrusion_detection_permit, deny"),
    (rules(action=None), "spec.rules[0].action is null, not one of"),
    (rules(ports=["443"]), "spec.rules[0].ports is no field of this API"),
    (rules(protocol="TCP"), "spec.rules[0].protocol is 'TCP', not tcp, udp, icmp or any"),
    (rules(port="443"), "spec.rules[0].port is '443', not a whole number"),
    (rules(port=True), "spec.rules[0].port is True, not a whole number"),
    (rules(port=443, endPort=80), "spec.rules[0].endPort is 80, below port 443"),
    (rules(endPort=80), "spec.rules[0].endPort stands without port"),
    (rules(protocol="icmp", port=8), "spec.rules[0].port stands beside protocol icmp"),
    (rules(destinationSmartGroups=[]), "spec.rules[0].destinationSmartGroups is empty"),
    (rules(destinationSmartGroups=[{}]), "spec.rules[0].destinationSmartGroups[0] needs either a name or a uuid"),
    (rules(destinationSmartGroups=["any"]), "spec.rules[0].destinationSmartGroups[0] is 'any', not a mapping"),
    (rules(webGroups={}), "spec.rules[0].webGroups is a mapping, not a list"),
    (rules(selector={"matchExpressions": []}), "spec.rules[0].selector.matchExpressions is no field of this API"),
    (rules(selector={"matchLabels": {"a": None}}), "spec.rules[0].selector.matchLabels.a is null, not a string"),
    (
        {"smartGroups": ANY, "rules": [rule("r", "permit", "any"), rule("r", "deny", "any")]},
        "spec.rules has two rules of one name",
    ),
]


@pytest.mark.parametrize(("spec", "message"), WALLS, ids=[message for _, message in WALLS])
def test_a_firewall_policy_that_cannot_be_read(spec: Any, message: str) -> None:
    """Its problem names document and field; the pods of its namespace may reach anything at most, nothing at least."""
    found = read_policies([firewall("bad", spec)])

    assert found.problems[0].text.startswith(f"FirewallPolicy default/bad: {message}")
    reach = Evaluator(found).egress(Subject("default", label_sets.box_of({"app": "x"})))
    assert (reach.least, reach.most) == (flows.NOTHING, flows.EVERYTHING)
    listed = connections([firewall("bad", spec), pod("web")])
    assert ("default/web[Pod]", "egress") in listed.unknown
    assert "default/web[Pod] =>" not in as_list(listed)


@pytest.mark.parametrize(
    ("documents", "skipped"),
    [
        ([None], []),
        (["text"], ["document 1 is 'text', no Kubernetes object"]),
        ([[{"kind": "NetworkPolicy"}]], ["document 1 is a list, no Kubernetes object"]),
        ([{}], ["document 1 has no kind"]),
        ([{"kind": 5}], ["document 1 has no kind"]),
        ([{"kind": "Pod", "apiVersion": 1}], ["document 1 has the apiVersion 1"]),
        (
            [{"kind": "List", "items": [None, {"kind": "ConfigMap"}, {"a": 1}]}],
            ["document 1 items[0] is null, no Kubernetes object", "document 1 items[2] has no kind"],
        ),
        ([{"kind": "Pod", "apiVersion": "v1", "metadata": []}], []),
        ([{"kind": "Deployment", "apiVersion": "apps/v1", "spec": []}], []),
    ],
)
def test_what_is_no_object_is_passed_over(documents: list[Any], skipped: list[str]) -> None:
    """No policy hides there, so it is a caution and not a problem."""
    found = connections(documents)

    assert not found.problems
    assert [one for one in found.cautions if one != NOBODY] == skipped


def test_a_list_in_itself() -> None:
    """YAML aliases can make a list that contains itself: it is unrolled once, and said."""
    cyclic: dict[str, Any] = {"kind": "List", "apiVersion": "v1", "items": [policy("p", {})]}
    cyclic["items"].append(cyclic)

    found = read_policies([cyclic])

    assert len(found.policies) == 1
    assert [problem.text for problem in found.problems] == [
        "document 1 items[1]: items is a list in itself, or too many lists deep"
    ]


def test_policies_that_contain_themselves() -> None:
    """Cycles in rules, selectors and labels end at the first value of a wrong type."""
    rules: list[Any] = []
    rules.append(rules)
    labels: dict[str, Any] = {}
    labels["a"] = labels
    spec: dict[str, Any] = {"podSelector": {}}
    spec["ingress"] = [spec]
    bad = [
        policy("rules", {"egress": rules}),
        policy("labels", {"podSelector": {"matchLabels": labels}}),
        policy("spec", spec),
        policy("twice", {"egress": rules}),
        policy("twice", {"egress": [rules]}),
    ]

    found = read_policies([*bad, {"kind": "List", "items": [{"kind": "List", "items": bad}]}])

    assert {problem.document for problem in found.problems} == {
        "NetworkPolicy default/rules",
        "NetworkPolicy default/labels",
        "NetworkPolicy default/spec",
        "NetworkPolicy default/twice",
    }
    assert not connections([pod("web", labels), *bad]).workloads["default/web[Pod]"].labels


def test_lists_too_many_deep() -> None:
    """Nothing real is a list of lists of lists; what is, is said and not followed."""
    nested: dict[str, Any] = policy("p", {})
    for _ in range(40):
        nested = {"kind": "List", "items": [nested]}

    assert [problem.field for problem in read_policies([nested]).problems] == ["items"]


def test_labels_of_pods_that_are_no_strings() -> None:
    """They are left out and said: the API server would not take the pod."""
    found = connections([pod("web", {"version": 1.0, "app": "web"})])  # type: ignore[dict-item]

    assert list(found.cautions) == ["Pod default/web: metadata.labels.'version' is 1.0, not a string"]
    assert found.workloads["default/web[Pod]"].labels == frozenset({("app", "web")})
