"""Priorities: unique inside their range, the same in every render, and moved as seldom as can be."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers import NAMESPACE, RELEASE, Raw, catalog, objects
from mcpfence.findings.finding import McpfenceError
from mcpfence.findings.table import Severity
from mcpfence.kube.services import index
from mcpfence.providers.clusternetworkpolicy.priorities import places
from mcpfence.render.pipeline import render

NOBODY = [{"sctp": {"destinationPort": {"number": 9}}}]
SERVER: Raw = {"runtime": "containerized", "egress": {"domains": ["a.example.com"]}}


def tiered(servers: Raw, **settings: object) -> Raw:
    """A catalog under the provider with these settings."""
    return catalog(servers, egress={"provider": "clusternetworkpolicy", "clusternetworkpolicy": settings})


def priorities(raw: Raw) -> dict[str, int]:
    """The priorities of the rendered objects by their names."""
    made = objects(raw)
    return {key.split()[1]: one["spec"]["priority"] for key, one in made.items() if key.startswith("Cluster")}


def foreign(priority: int, tier: str = "Admin", **labels: str) -> Raw:
    """A policy of somebody else that denies nothing that ours accept, for pods of namespaces with these labels."""
    spec = {
        "tier": tier,
        "priority": priority,
        "subject": {"namespaces": {"matchLabels": labels}},
        "egress": [{"action": "Deny", "to": [{"networks": ["10.0.0.0/8"]}], "protocols": NOBODY}],
    }
    return {
        "apiVersion": "policy.networking.k8s.io/v1alpha2",
        "kind": "ClusterNetworkPolicy",
        "metadata": {"name": "theirs"},
        "spec": spec,
    }


def errors(raw: Raw, document: Raw) -> list[str]:
    """What a render says that finds this document of somebody else in its stream."""
    try:
        render(raw, release=RELEASE, namespace=NAMESPACE, services=index([], NAMESPACE), foreign=[document])
    except McpfenceError as error:
        return [f"{one.message} [{one.id}]" for one in error.findings if one.severity is Severity.ERROR]
    return []


@given(st.sets(st.text(min_size=1, max_size=8), max_size=40), st.integers(40, 60))
def test_places_are_unique(names: set[str], size: int) -> None:
    """Each name has a place of its own below the size, whatever order they come in."""
    found = places(sorted(names), size)

    assert set(found) == names
    assert len(set(found.values())) == len(names)
    assert all(0 <= place < size for place in found.values())
    assert places(sorted(names, reverse=True), size) == found


def test_full_range_is_used_up() -> None:
    """As many names as places fit, and one more does not."""
    assert sorted(places(["a", "b", "c"], 3).values()) == [0, 1, 2]
    with pytest.raises(IndexError):
        places(["a", "b", "c", "d"], 3)


def test_further_server_moves_few() -> None:
    """Of 100 servers in the default range one more moves at most a few, and mostly none."""
    names = [f"server s{number}" for number in range(100)]
    before = places(names, 900)
    moved = [
        sum(places([*names, f"server t{more}"], 900)[name] != before[name] for name in names) for more in range(50)
    ]

    assert max(moved) <= 2
    assert moved.count(0) > 40


def test_priorities_lie_in_the_range() -> None:
    """Each object has one of the range, no two the same; servers without names have none."""
    servers = {f"s{number}": SERVER for number in range(10)} | {"quiet": {"runtime": "containerized"}}
    found = priorities(tiered(servers, priorities=[500, 509]))

    assert sorted(found.values()) == list(range(500, 510))
    assert "mcp-server-quiet.demo-mcp" not in found


def test_shared_priority() -> None:
    """A range of one number is shared by all: their pods are disjoint."""
    servers = {f"s{number}": SERVER for number in range(4)}

    assert set(priorities(tiered(servers, priorities=[7, 7])).values()) == {7}


@pytest.mark.parametrize("priority", [500, 504, 509])
def test_priority_of_somebody_else_is_refused(priority: int) -> None:
    """A foreign Admin policy of our range would decide before or behind ours, and nobody says which."""
    assert errors(tiered({"a": SERVER}, priorities=[500, 509]), foreign(priority)) == [
        f"ClusterNetworkPolicy theirs: has priority {priority} of the Admin tier, and ours have 500 to 509: which of two "
        "equal ones decides is undefined; give it another priority, or write other "
        "egress.clusternetworkpolicy.priorities [clusternetworkpolicy-priority-taken]"
    ]


@pytest.mark.parametrize(("priority", "tier"), [(499, "Admin"), (510, "Admin"), (505, "Baseline")])
def test_priority_of_somebody_else_outside_is_fine(priority: int, tier: str) -> None:
    """In front of the range, behind it and in the other tier there is no question."""
    assert errors(tiered({"a": SERVER}, priorities=[500, 509]), foreign(priority, tier)) == []


def test_priority_of_somebody_else_for_other_pods_is_fine() -> None:
    """Another release in another namespace may have the same priorities: no connection is matched by both."""
    other = foreign(504, **{"kubernetes.io/metadata.name": "other"})
    same = foreign(504, **{"kubernetes.io/metadata.name": "demo-mcp"})

    assert errors(tiered({"a": SERVER}, priorities=[500, 509]), other) == []
    assert errors(tiered({"a": SERVER}, priorities=[500, 509]), same) != []
