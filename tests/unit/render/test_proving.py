"""Fences of one template share a proof only where the same policies of others stand around all of them."""

from __future__ import annotations

from typing import Any

import pytest

from edges import catalog, container
from helpers import NAMESPACE, RELEASE
from mcpfence.findings.finding import McpfenceError
from mcpfence.kube.services import index
from mcpfence.render.pipeline import render

NAMES = ("a", "b", "c", "d")
FENCED = f"{RELEASE}-mcp"


def opening(selector: dict[str, Any], namespace: str = FENCED) -> dict[str, Any]:
    """A policy of somebody else that opens every address to the pods of a selector."""
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": "theirs", "namespace": namespace},
        "spec": {"podSelector": selector, "policyTypes": ["Egress"], "egress": [{}]},
    }


def wider(*foreign: dict[str, Any]) -> set[str]:
    """The servers of which the proof says that they may reach more, of four that differ in their names alone."""
    raw = catalog(**{name: container() for name in NAMES})
    try:
        render(raw, release=RELEASE, namespace=NAMESPACE, services=index([], NAMESPACE), foreign=foreign)
    except McpfenceError as error:
        return {str(one.path[1]) for one in error.findings if one.id == "proof-wider"}
    return set()


@pytest.mark.parametrize("name", NAMES)
def test_the_one_that_is_opened_is_found(name: str) -> None:
    """Whichever of the four it is, beside a floor that all of them share."""
    floor = opening({}) | {"spec": {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}}

    assert wider(opening({"matchLabels": {"app": name}})) == {name}
    assert wider(floor, opening({"matchLabels": {"app": name}})) == {name}


@pytest.mark.parametrize(
    "selector",
    [
        {},
        {"matchLabels": {"tier": "tools"}},
        {"matchExpressions": [{"key": "app", "operator": "NotIn", "values": ["e"]}]},
    ],
)
def test_what_opens_all_of_them_is_found(selector: dict[str, Any]) -> None:
    """The proof ends with the first fault, which they all have."""
    assert wider(opening(selector))


def test_other_namespaces_open_nothing() -> None:
    """Neither a policy there nor one that selects none of them."""
    assert wider(opening({}, "elsewhere"), opening({"matchLabels": {"app": "e"}})) == set()
