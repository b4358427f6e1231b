"""Somebody edits an object of a release by hand: who sees it, and what puts it right."""

from __future__ import annotations

from typing import Any

import pytest

from edges import catalog, container
from lab.azure import AZURE
from lab.cluster import FIREWALL, POLICY, Cluster, Release

MERGE = "application/merge-patch+json"

VAULT = container(containerizedConfig={"image": "registry.example.com/vault:1", "port": 8080, "denyAllEgress": True})
VALUES = {**catalog(search=container(egress={"domains": ["api.example.com"]}), vault=VAULT), **AZURE}

PERMIT_ANY = {
    "name": "open",
    "action": "permit",
    "selector": {"matchLabels": {"app": "search"}},
    "destinationSmartGroups": [{"name": "mcp-server-search-any"}],
    "protocol": "any",
}
EDITS: dict[str, tuple[tuple[str, str], str, dict[str, Any]]] = {
    "policy": (POLICY, "mcp-server-search-ingress", {"spec": {"ingress": [{}]}}),
    "policy without rules": (POLICY, "mcp-server-vault-egress", {"spec": {"egress": [{}]}}),
    "floor": (POLICY, "mcp-default-deny", {"spec": {"egress": [{}]}}),
    "firewall": (FIREWALL, "mcp-server-search", {"spec": {"rules": [PERMIT_ANY]}}),
}
"""What opens something: kind, name, patch."""


@pytest.fixture(params=EDITS)
def edit(request: pytest.FixtureRequest) -> str:
    """Each edit by its title."""
    return str(request.param)


@pytest.fixture
def edited(cluster: Cluster, edit: str) -> Release:
    """A release in which somebody has opened something by hand."""
    release = cluster.release("drift")
    release.install(VALUES)
    kind, name, change = EDITS[edit]
    path = cluster.api.resource(*kind).path(release.fenced, name)
    answer = cluster.api.request("PATCH", path, change, content_type=MERGE)
    assert answer.ok, answer.message
    return release


def test_an_edit_is_seen_and_mended(edited: Release, edit: str) -> None:
    """`check` sees each; then Helm 3 mends all but vendors' kinds, Helm 4 names the conflict, and force mends all."""
    before = edited.verdict(VALUES)
    done = edited.run("upgrade", VALUES)
    after = edited.verdict(VALUES)

    assert before == {"proof-wider"}
    if edited.cluster.host.major == 4:
        said = done.stderr.decode()
        assert "Apply failed with 1 conflict" in said
        assert f"/{EDITS[edit][1]} " in said
        assert after == {"proof-wider"}
    else:
        # Helm 3 compares kinds that it does not know with its own last manifest alone, not with the cluster.
        assert after == ({"proof-wider"} if edit == "firewall" else set())
    edited.upgrade(VALUES, "--force-conflicts" if edited.cluster.host.major == 4 else "--force")
    assert edited.verdict(VALUES) == set()


@pytest.mark.parametrize("edit", ["firewall", "policy"], indirect=True)
def test_a_deleted_object_comes_back(edited: Release, edit: str) -> None:
    """The gentler remedy, for both helms: delete what was edited, and upgrade with the same values."""
    kind, name, _ = EDITS[edit]
    api = edited.cluster.api
    assert api.request("DELETE", api.resource(*kind).path(edited.fenced, name)).ok
    edited.upgrade(VALUES)

    assert edited.verdict(VALUES) == set()
