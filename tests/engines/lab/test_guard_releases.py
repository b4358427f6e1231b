"""Helm with the guard on: install, upgrade, rollback and uninstall by a writer pass, and nobody else's helm does."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from edges import catalog, container
from guard_table import OPENS, OURS
from lab.cluster import POLICY, Cluster, Release, verdict
from lab.guarded import DRY, as_outsider, await_in_force, wide
from tooling import eventually

HELM, OTHER, OUTSIDER = "deployer@example.com", "system:serviceaccount:argocd:argocd", "bob@example.com"

SEARCH = container(egress={"cidrs": [{"cidr": "203.0.113.0/24", "ports": [443]}]})
WIDER = container(egress={"cidrs": [{"cidr": "203.0.113.0/24", "ports": [443, 8443]}]})
FETCH = container(egress={"default": "internet"})

GUARD = ("admissionregistration.k8s.io/v1", "ValidatingAdmissionPolicy")
BINDING = ("admissionregistration.k8s.io/v1", "ValidatingAdmissionPolicyBinding")

USER, ACCOUNT = {"kind": "User", "name": HELM}, {"kind": "ServiceAccount", "name": "argocd", "namespace": "argocd"}


def guarded(*writers: Any, **servers: Any) -> dict[str, Any]:
    """A catalog with a guard."""
    return {**catalog(**servers), "guard": {"enabled": True, "writers": list(writers or [USER])}}


def who(user: str) -> tuple[str, ...]:
    """Flags of helm: be this user, who may do everything by RBAC."""
    return ("--kube-as-user", user, "--kube-as-group", "system:masters")


@pytest.fixture
def release(cluster: Cluster) -> Release:
    """A release that is not installed yet."""
    return cluster.release("guard")


def _names(release: Release, kind: tuple[str, str]) -> set[str]:
    """The guard's objects of this release."""
    names = {item["metadata"]["name"] for item in release.cluster.api.items(*kind)}
    return {name for name in names if name.startswith(f"mcpfence-{release.fenced}-")}


def _refused(release: Release, verb: str, values: Mapping[str, Any], user: str) -> str:
    done = release.run(verb, values, *who(user))
    assert done.returncode == 1, done.stdout.decode()
    return done.stderr.decode()


def _stands(release: Release, values: Mapping[str, Any]) -> set[str]:
    """What `check -` finds wrong with all policies and with the guard."""
    items = [item for kind in (POLICY, GUARD, BINDING) for item in release.cluster.api.items(*kind)]
    return verdict(release.write(values), release.name, release.namespace, items)


def test_a_life(release: Release) -> None:
    """Install, upgrade, rollback and uninstall by the writer; a wide policy by an outsider is refused all the while."""
    api = release.cluster.api
    first, second = guarded(search=SEARCH), guarded(search=WIDER, fetch=FETCH)
    release.install(first, *who(HELM))
    await_in_force(api, release.fenced)
    assert _stands(release, first) == set()
    before = release.policies()

    release.upgrade(second, *who(HELM))
    await_in_force(api, release.fenced)
    refused = as_outsider(api, "POST", wide(release.fenced))
    assert (refused.status, OPENS in refused.message) == (403, True)
    assert f"NetworkPolicy {release.fenced}/allow-web could open pods of namespace {release.fenced}" in refused.message
    assert _stands(release, second) == set()

    release.helm("rollback", "1", *who(HELM))
    assert release.policies() == before
    assert _stands(release, first) == set()

    release.upgrade(second, *who(HELM))
    release.upgrade(first, *who(HELM))
    assert release.policies() == before, "what an upgrade takes away goes"

    release.helm("uninstall", *who(HELM))
    assert release.policies() == {}
    assert (_names(release, GUARD), _names(release, BINDING)) == (set(), set())
    eventually(lambda: as_outsider(api, "POST", wide(release.fenced), query=DRY).ok, "the guard outlives its release")


def test_an_outsiders_helm(release: Release) -> None:
    """Whoever is no writer changes nothing, with rights to everything; what is there stays."""
    first = guarded(search=SEARCH)
    release.install(first, *who(HELM))
    await_in_force(release.cluster.api, release.fenced)
    before = release.stored(POLICY)

    said = _refused(release, "upgrade", guarded(search=WIDER), OUTSIDER)
    done = release.cluster.helm("uninstall", release.name, "--namespace", release.namespace, *who(OUTSIDER))

    assert OURS in said or OPENS in said
    assert f"{OUTSIDER} is none of guard.writers" in said
    assert done.returncode == 1
    assert {name: one["spec"] for name, one in release.stored(POLICY).items()} == {
        name: one["spec"] for name, one in before.items()
    }


def test_without_a_guard_it_would_pass(release: Release) -> None:
    """The twin of the above: the same upgrade by the same outsider, where the catalog asks for no guard."""
    release.install(catalog(search=SEARCH), *who(HELM))
    release.upgrade(catalog(search=WIDER), *who(OUTSIDER))

    assert as_outsider(release.cluster.api, "POST", wide(release.fenced), query=DRY).ok


def test_writers_change(release: Release) -> None:
    """The upgrade that names another writer is made by the old one, and the next one by the new one alone."""
    api = release.cluster.api
    release.install(guarded(USER, search=SEARCH), *who(HELM))
    await_in_force(api, release.fenced)
    second = guarded(ACCOUNT, search=WIDER, fetch=FETCH)
    release.upgrade(second, *who(HELM))
    eventually(lambda: "search-egress" in _refused_change(release, HELM), "the old writer is still one")

    assert _stands(release, second) == set()
    assert HELM in _refused_change(release, HELM)
    third = guarded(ACCOUNT, search=SEARCH)
    release.upgrade(third, *who(OTHER))
    assert _stands(release, third) == set()


def _refused_change(release: Release, user: str) -> str:
    """What the API server says to a delete of a policy of ours, as a dry run; nothing where it passes."""
    one = release.stored(POLICY)["mcp-server-search-egress"]
    path = release.cluster.api.path({"apiVersion": POLICY[0], "kind": POLICY[1], **one})
    answer = release.cluster.api.request("DELETE", path, query=DRY, user=user, groups=("system:masters",))
    return "" if answer.ok else answer.message


def test_the_guard_comes_with_an_upgrade_and_goes_with_one(release: Release) -> None:
    """Turned on in a release that lives, and off again; a binding that somebody deleted comes back."""
    api = release.cluster.api
    release.install(catalog(search=SEARCH), *who(HELM))
    on = guarded(search=SEARCH)
    release.upgrade(on, *who(HELM))
    await_in_force(api, release.fenced)
    (binding,) = (
        item for item in api.items(*BINDING) if item["metadata"]["name"] == f"mcpfence-{release.fenced}-policies"
    )
    assert api.delete(binding).ok
    release.upgrade(on, *who(HELM))
    await_in_force(api, release.fenced)
    assert _stands(release, on) == set()

    release.upgrade(catalog(search=SEARCH), *who(HELM))
    assert _names(release, BINDING) == set()
    assert release.verdict(catalog(search=SEARCH)) == set()
