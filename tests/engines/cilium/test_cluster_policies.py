"""Cilium 1.20 as the second judge of ClusterNetworkPolicies: its engine, and its DNS proxy's own check of names."""

from __future__ import annotations

import pytest

from cilium.judge import Document, Judge, Question, Refused
from figures import Figure
from helpers import one_egress
from reaching.loading import pod
from tiers.comparing import Tally
from tiers.pods import DNS
from tiers.rendered import CATALOGS, PARTS, property_of, rendered

TITLE = "ClusterNetworkPolicy: Cilium and reach"


@pytest.mark.slow
@pytest.mark.parametrize("part", range(PARTS))
def test_random_catalogs(judge: Judge, figure: Figure, part: int) -> None:
    """Ours alone are answered exactly; with policies of others the engine stays within what reach says."""
    ours, mixed = Tally(), Tally()
    try:
        property_of(part, "v1alpha2")(judge, ours, mixed)
    finally:
        figure(TITLE, ours.row(f"ours alone, {part + 1} of {PARTS}"))
        figure(TITLE, mixed.row(f"with foreign ones, {part + 1} of {PARTS}"))

    assert ours.catalogs > CATALOGS // PARTS * 0.85
    assert ours.doubtful == 0
    assert ours.named
    assert ours.verdicts["a"]
    assert mixed.verdicts["a"]


# --- names on their way to the engine: what its DNS proxy passes, and learns from ---

NAMES = (
    *("api.example.com", "a.b.example.org", "example.org", "other.example.com"),
    *("cache.data.svc.cluster.local", "api.example.com.demo-mcp.svc.cluster.local"),
)


def lookups(judge: Judge, policies: list[Document], resolver: str) -> str:
    """What becomes of a query for each of NAMES: y passed and learnt, r refused, u not seen, n the port is shut."""
    pods = [pod("a", {"app": "a"}, namespace="demo-mcp")]
    pods += [pod("dns", {"k8s-app": "kube-dns"}, namespace=space, ports=DNS) for space in ("kube-system", "evil")]
    question = Question(("demo-mcp/a",), (resolver,), (("UDP", 53),), lookups=NAMES)
    return judge.ask([*pods, *policies], question)[0].lookups


def policies_of(cni: str) -> list[Document]:
    """What is rendered for a server with two names."""
    egress = {"provider": "clusternetworkpolicy"}
    raw = one_egress(domains=["api.example.com", "*.example.org"]) | {"egress": egress, "cluster": {"cni": cni}}
    found = rendered(raw, "v1alpha2")
    assert found
    return found


def test_listed_names_are_learnt(judge: Judge) -> None:
    """The listed names and the cluster's own pass its proxy, every other one is refused."""
    assert lookups(judge, policies_of("cilium"), "kube-system/dns") == "yyrryy"


def test_resolvers_elsewhere_stay_shut(judge: Judge) -> None:
    """Its rules for names would open DNS to whatever calls itself kube-dns."""
    assert lookups(judge, policies_of("cilium"), "evil/dns") == "nnnnnn"
    without = policies_of("cilium")
    for one in without:
        if one["kind"] == "ClusterNetworkPolicy":
            one["spec"]["egress"] = [rule for rule in one["spec"]["egress"] if rule["name"] != "dns-elsewhere"]
    assert lookups(judge, without, "evil/dns") == "yyrryy"


def test_plain_dns_in_front_hides_names(judge: Judge) -> None:
    """Why the rules stand otherwise under Cilium: else no query is seen, and no name ever opens."""
    assert lookups(judge, policies_of("generic"), "kube-system/dns") == "uuuuuu"


def test_names_under_another_action_are_refused(judge: Judge) -> None:
    """As reach has it: the whole object is refused, its deny with it."""
    policies = policies_of("cilium")
    for one in policies:
        if one["kind"] == "ClusterNetworkPolicy":
            next(rule for rule in one["spec"]["egress"] if rule["name"] == "name")["action"] = "Pass"
    with pytest.raises(Refused, match=r"domainNames is only supported for egress\.action=Accept"):
        judge.ask(policies)
