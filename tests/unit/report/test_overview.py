"""Overviews: what of a fence stands on the page, which rules let it through, what is to be looked at."""

from __future__ import annotations

import pytest

from edges import catalog, container
from explaining import EXAMPLES, view_of
from mcpfence.explain.grants import caller_lines, egress_lines
from mcpfence.report.overview import make_overview
from mcpfence.report.words import short
from reporting import overview, overview_of

CIDRS = {"cidrs": [{"cidr": "8.8.8.0/24", "ports": [443]}, {"cidr": "10.1.0.0/16", "ports": [5432]}]}


@pytest.mark.parametrize("example", EXAMPLES)
def test_every_line_of_every_fence(example: str) -> None:
    """What `explain` says of a fence stands in the overview: who calls, what it reaches, nothing else."""
    view, entries = view_of(example), overview_of(example).entries
    fences = {entry.fence: entry for entry in entries if entry.fence is not None}

    assert len(fences) == len(view.fences)
    for fence, entry in fences.items():
        lines = () if fence.kind == "service" else egress_lines(view, fence)
        assert tuple(grant.line for grant in entry.reaches) == lines
        assert tuple(grant.line for grant in entry.called_by) == caller_lines(view, fence)
    assert {entry.name for entry in entries if entry.kind == "server"} == view.catalog.servers.keys()


@pytest.mark.parametrize("example", EXAMPLES)
def test_every_line_has_its_rules(example: str) -> None:
    """Each rule is one of a manifest of that fence, and no line is without one: what passes passes by a rule."""
    for entry in overview_of(example).entries:
        for grant in (*entry.reaches, *entry.called_by):
            assert grant.rules
            assert [
                rule for rule in grant.rules if not any(rule.startswith(f"{title} ") for title in entry.manifests)
            ] == []


def test_rules_are_left_out() -> None:
    """Where a form does not tell them they are not worked out; everything else is the same."""
    view = view_of("services")
    full, quick = make_overview(view), make_overview(view, rules=False)
    bare = [
        entry._replace(
            reaches=tuple(grant._replace(rules=()) for grant in entry.reaches),
            called_by=tuple(grant._replace(rules=()) for grant in entry.called_by),
        )
        for entry in full.entries
    ]

    assert quick == full._replace(entries=tuple(bare))


def test_classes_of_destinations() -> None:
    """Public and private addresses are told apart, and so is the way in which each is enforced."""
    (entry,) = overview(catalog(a=container(egress=CIDRS))).entries

    assert [(grant.line.what, grant.destination, grant.enforcement) for grant in entry.reaches] == [
        (("8.8.8.0/24",), "public", "address"),
        (("10.1.0.0/16",), "private", "address"),
    ]
    (entry,) = overview_of("unenforced").entries
    assert [(grant.destination, grant.enforcement, grant.names) for grant in entry.reaches] == [
        ("unenforced", "unenforced", ("api.github.com",)),
        ("dns", "pods", ()),
    ]
    names = next(entry for entry in overview_of("gke").entries if entry.name == "github").reaches[0]
    assert (names.destination, names.enforcement) == ("names", "anywhere")


def test_names_of_back_ends() -> None:
    """A back-end, and a registry in the cluster, are called as their entries are, not by their pods."""
    named = {
        (grant.destination, text)
        for example in ("services", "dual-stack-eks")
        for entry in overview_of(example).entries
        for grant in entry.reaches
        for text in short(grant)
        if grant.line.kind in ("service", "registry")
    }

    assert {("services", "orders-db"), ("services", "cache"), ("registries", "package-mirror")} <= named


@pytest.mark.parametrize(
    ("server", "undeclared"),
    [
        (container(), True),
        (container(egress={}), True),
        (container(egress={"dns": True}), True),
        (container(egress={"domains": []}), False),
        (container(egress={"cidrs": []}), False),
        (container(egress={"default": "deny"}), False),
        (container(egress={"kubernetesAPI": True}), False),
        (container(egress=CIDRS), False),
    ],
)
def test_undeclared(server: dict[str, object], undeclared: bool) -> None:
    """Only a server of which nobody said anything is; an empty list, a stance or a deny is a word."""
    raw = catalog(a=server) | {"cluster": {"ipFamilies": ["IPv4"], "cidrs": {"controlPlane": ["10.9.0.1/32"]}}}
    (entry,) = overview(raw).entries

    assert (entry.undeclared, "undeclared" in entry.marks) == (undeclared, undeclared)


@pytest.mark.parametrize(
    ("example", "sentence"),
    [
        (
            "unenforced",
            "none that knows host names (egress.provider: none): NetworkPolicies enforce addresses, pods and ports, "
            "and nothing enforces names",
        ),
        (
            "obot",
            "aviatrix (FirewallPolicy) enforces host names, at public addresses alone; "
            "NetworkPolicies enforce addresses, pods and ports",
        ),
        (
            "gke",
            "gke (FQDNNetworkPolicy) enforces host names, wherever they resolve to; "
            "NetworkPolicies enforce addresses, pods and ports",
        ),
    ],
)
def test_the_engine_in_a_sentence(example: str, sentence: str) -> None:
    """Who enforces names, where they may lie, and what is left to NetworkPolicies."""
    assert overview_of(example).engine == sentence
