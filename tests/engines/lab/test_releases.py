"""Whole releases under Helm 3 and Helm 4: what is stored in the cluster after each verb."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from charting import parent_chart
from control_plane import ControlPlane
from edges import catalog, container
from lab.audit import awaited, changes
from lab.cluster import CONFIG_MAP, POLICY, Cluster, Release
from lab.manifests import unexpected
from lab.opened import opened
from mcpfence.reach.evaluation.evaluator import Evaluator, Subject
from mcpfence.reach.evaluation.policy_set import read_policies
from mcpfence.reach.flows import flows
from mcpfence.reach.flows.label_sets import EVERYTHING

VAULT = container(containerizedConfig={"image": "registry.example.com/vault:1", "port": 8080, "denyAllEgress": True})
SEARCH = container(egress={"cidrs": [{"cidr": "203.0.113.0/24", "ports": [443]}]})
WIDER_SEARCH = container(egress={"cidrs": [{"cidr": "203.0.113.0/24", "ports": [443, 8443]}]})
FETCH = container(egress={"default": "internet"})

FIRST = catalog(vault=VAULT, search=SEARCH)
SECOND = catalog(vault=VAULT, search=WIDER_SEARCH, fetch=FETCH)
THIRD = catalog(fetch=FETCH)

FLOOR = "mcp-default-deny"
DENY_ALL = {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}


def _policies_of(*servers: str) -> set[str]:
    return {FLOOR} | {f"mcp-server-{server}-{way}" for server in servers for way in ("egress", "ingress")}


def _everything_denied(release: Release) -> bool:
    """Whether the stored policies let no pod of the servers' namespace talk to anyone or be called, by our evaluator."""
    found = read_policies(release.cluster.api.items(*POLICY), namespace="default")
    evaluator, pods = Evaluator(found), Subject(release.fenced, EVERYTHING)
    return all(bounds.most == flows.NOTHING for bounds in (evaluator.egress(pods), evaluator.ingress(pods)))


def _carriers(release: Release) -> list[str]:
    stored = release.cluster.api.items(*CONFIG_MAP, selector="mcpfence.io/carrier=catalog")
    places = [(item["metadata"]["namespace"], item["metadata"]["name"]) for item in stored]
    return [name for namespace, name in places if namespace in (release.namespace, release.fenced)]


def _refused(release: Release, verb: str, values: Mapping[str, Any], *flags: str | Path, **how: Any) -> str:
    done = release.run(verb, values, *flags, **how)
    assert done.returncode == 1, done.stdout.decode()
    return done.stderr.decode()


def _with_a_service(folder: Path) -> Path:
    """Our chart as a subchart of one whose Service the API server refuses if its ports are wrong."""
    chart = parent_chart(folder, {"ports": [80]})
    template = "apiVersion: v1\nkind: Service\nmetadata: {name: one}\nspec: {ports: {{ toJson .Values.ports }}}\n"
    (chart / "templates").mkdir()
    (chart / "templates" / "service.yaml").write_text(template, encoding="utf-8")
    return chart


@pytest.fixture
def release(cluster: Cluster) -> Release:
    """A release that is not installed yet."""
    return cluster.release()


def test_install(release: Release, control_plane: ControlPlane) -> None:
    """What the API server holds is what was rendered: floor, policies and report; the catalog not even for a moment."""
    release.install(FIRST)
    rendered = [one for one in yaml.load_all(release.helm("get manifest"), Loader=yaml.CSafeLoader) if one]
    policies = [one for one in rendered if one["kind"] == "NetworkPolicy"]
    stored = release.stored(POLICY)

    assert set(stored) == _policies_of("vault", "search") == {one["metadata"]["name"] for one in policies}
    for sent in policies:
        # Helm marks what it installs as its own: one label changed, two annotations added.
        found = unexpected(sent, stored[sent["metadata"]["name"]])
        assert {one for one in found if not one.startswith("+ metadata.annotations.meta.helm.sh")} <= {
            *("- metadata.labels.app.kubernetes.io/managed-by", "0 spec.egress", "0 spec.ingress"),
            *(("+ metadata.annotations",) if sent["metadata"]["name"] == FLOOR else ()),  # it has none of ours
        }
    assert set(release.stored(CONFIG_MAP, release.namespace)) == {f"{release.name}-mcpfence"}
    assert _carriers(release) == []
    assert "mcpfence.io/carrier: catalog" not in release.record()[1]["manifest"]
    assert release.verdict(FIRST) == set()
    log = awaited(
        lambda: [change for change in changes(control_plane.audit_log, release.namespace) if "maps" in change.resource],
        bool,
    )
    assert {(change.what, change.name) for change in log} == {("created", f"{release.name}-mcpfence")}


def test_upgrade_brings_changes_and_takes(release: Release) -> None:
    """A server added, changed and removed: its policies come, change and go, and the others stay what they are."""
    release.install(FIRST)
    before = release.stored(POLICY)
    release.upgrade(SECOND)
    after = release.stored(POLICY)
    release.upgrade(THIRD)

    assert set(after) == _policies_of("vault", "search", "fetch")
    assert {name for name in before if before[name]["spec"] != after[name]["spec"]} == {"mcp-server-search-egress"}
    # Helm writes an empty list of rules anew each time, for the API server does not store it; nothing else is touched.
    touched = {
        name for name in before if before[name]["metadata"]["generation"] != after[name]["metadata"]["generation"]
    }
    assert touched - {"mcp-default-deny"} == {"mcp-server-search-egress", "mcp-server-vault-egress"}
    assert set(release.policies()) == _policies_of("fetch")
    assert release.verdict(THIRD) == set()


def test_rollback(release: Release) -> None:
    """Rolling back brings the policies of that revision back, although no post-renderer runs then."""
    release.install(FIRST)
    first = release.policies()
    release.upgrade(SECOND)
    assert release.policies() != first
    release.helm("rollback", "1")

    assert release.policies() == first
    assert _carriers(release) == []


def test_uninstall(release: Release) -> None:
    """Everything is gone but the namespace, which is kept for the servers in it."""
    release.install(FIRST)
    release.helm("uninstall")

    assert release.policies() == {}
    assert release.stored(CONFIG_MAP, release.namespace) == {}
    namespace = release.cluster.api.get("v1", "Namespace", "", release.fenced)
    assert namespace.body["status"]["phase"] == "Active"


def test_uninstall_without_keep(release: Release) -> None:
    """With mcpNamespace.keep false the namespace goes too."""
    release.install({**FIRST, "mcpNamespace": {"keep": False}})
    release.helm("uninstall", "--wait=false")
    namespace = release.cluster.api.get("v1", "Namespace", "", release.fenced)

    assert namespace.body["status"]["phase"] == "Terminating"
    release.cluster.api.finalize(release.fenced)


def test_install_again_into_the_kept_namespace(release: Release) -> None:
    """A kept namespace is in nobody's way: the next install of the same release takes it over."""
    release.install(FIRST)
    release.helm("uninstall")
    release.install(SECOND)

    assert release.verdict(SECOND) == set()


def test_dry_run_on_the_server(release: Release) -> None:
    """`--dry-run=server` shows the policies, has them validated, and stores nothing at all."""
    release.cluster.api.make_namespace(release.namespace)
    shown = release.install(FIRST, "--dry-run=server")

    assert "name: mcp-server-vault-egress\n" in shown
    assert "mcpfence.io/carrier: catalog" not in shown
    assert release.cluster.api.get("v1", "Namespace", "", release.fenced).status == 404
    assert release.stored(("v1", "Secret"), release.namespace) == {}


def test_dry_run_of_an_upgrade_on_the_server(release: Release) -> None:
    """`upgrade --dry-run=server` shows what would come, and changes nothing of what is there."""
    release.install(FIRST)
    before = release.stored(POLICY)
    shown = release.upgrade(SECOND, "--dry-run=server")

    assert "name: mcp-server-fetch-egress\n" in shown
    assert "mcpfence.io/carrier: catalog" not in shown
    assert release.stored(POLICY) == before
    assert release.record()[0]["metadata"]["labels"]["version"] == "1"


def test_dry_run_sees_a_clash(release: Release) -> None:
    """`--dry-run=server` says that somebody else's policy has our name, before anything is installed."""
    api = release.cluster.api
    for namespace in (release.namespace, release.fenced):
        api.make_namespace(namespace)
    metadata = {"name": "mcp-server-vault-egress", "namespace": release.fenced}
    assert api.create({"apiVersion": POLICY[0], "kind": POLICY[1], "metadata": metadata, "spec": DENY_ALL}).ok
    said = _refused(release, "install", {**FIRST, "mcpNamespace": {"create": False}}, "--dry-run=server")

    assert 'NetworkPolicy "mcp-server-vault-egress"' in said
    assert set(release.policies()) == {"mcp-server-vault-egress"}


def test_second_release_in_another_namespace(release: Release) -> None:
    """Two releases stand side by side, each with a set of its own; taking one away leaves the other."""
    other = release.cluster.release("other")
    release.install(FIRST)
    other.install(SECOND)

    assert set(release.policies()) == _policies_of("vault", "search")
    assert set(other.policies()) == _policies_of("vault", "search", "fetch")
    assert release.verdict(FIRST) == other.verdict(SECOND) == set()
    other.helm("uninstall")
    assert release.verdict(FIRST) == set()


@pytest.mark.parametrize("create", [True, False], ids=["create", "share"])
def test_second_release_for_the_same_namespace_is_refused(release: Release, create: bool) -> None:
    """Two floors cannot stand in one namespace, whoever creates it; the first release stays as it is."""
    release.install(FIRST)
    before = release.stored(POLICY)
    other = release.cluster.release("other")
    said = _refused(other, "install", {**SECOND, "mcpNamespace": {"name": release.fenced, "create": create}})

    assert "cannot be imported into the current release" in said
    assert f'must equal "{other.name}": current value is "{release.name}"' in said
    assert release.stored(POLICY) == before


def test_policy_of_somebody_else_with_our_name_is_refused(release: Release) -> None:
    """A policy that was there before is not overwritten, and the release does not come half."""
    api = release.cluster.api
    api.make_namespace(release.fenced)
    metadata = {"name": "mcp-server-vault-egress", "namespace": release.fenced}
    policy = {"apiVersion": POLICY[0], "kind": POLICY[1], "metadata": metadata, "spec": DENY_ALL}
    assert api.create(policy).ok
    said = _refused(release, "install", {**FIRST, "mcpNamespace": {"create": False}})

    assert 'NetworkPolicy "mcp-server-vault-egress"' in said
    assert set(release.policies()) == {"mcp-server-vault-egress"}


def test_upgrade_into_somebody_elses_name_is_refused(release: Release) -> None:
    """A server that comes with an upgrade and finds its policy's name taken: refused, and nothing else is changed."""
    release.install(FIRST)
    metadata = {"name": "mcp-server-fetch-egress", "namespace": release.fenced}
    policy = {"apiVersion": POLICY[0], "kind": POLICY[1], "metadata": metadata, "spec": DENY_ALL}
    assert release.cluster.api.create(policy).ok
    before = release.stored(POLICY)
    said = _refused(release, "upgrade", SECOND)

    assert 'NetworkPolicy "mcp-server-fetch-egress"' in said
    assert release.stored(POLICY) == before


def test_report_of_somebody_else_with_our_name_is_refused(release: Release) -> None:
    """The report's ConfigMap does not overwrite what was there before, either."""
    api = release.cluster.api
    api.make_namespace(release.namespace)
    metadata = {"name": f"{release.name}-mcpfence", "namespace": release.namespace}
    assert api.create({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": {"mine": "1"}}).ok
    said = _refused(release, "install", FIRST)

    assert f'ConfigMap "{release.name}-mcpfence"' in said
    assert release.stored(CONFIG_MAP, release.namespace)[f"{release.name}-mcpfence"]["data"] == {"mine": "1"}
    assert api.get("v1", "Namespace", "", release.fenced).status == 404


def test_upgrade_from_a_failed_state(release: Release, tmp_path: Path) -> None:
    """An install that fails half way leaves nothing open, and the next upgrade puts everything in its place."""
    chart = _with_a_service(tmp_path / "chart")
    bad, good = ({"mcpfence": FIRST, "ports": [{"port": port}]} for port in (99999, 80))
    said = _refused(release, "install", bad, chart=chart)

    assert "99999" in said
    assert "STATUS: failed" in release.helm("status")
    assert release.verdict(FIRST) <= {"proof-narrower"}
    release.upgrade(good, chart=chart)
    assert "STATUS: deployed" in release.helm("status")
    assert release.verdict(FIRST) == set()


def test_upgrade_after_an_upgrade_that_failed(release: Release, tmp_path: Path) -> None:
    """An upgrade that the API server refuses half way opens nothing, and the next one brings what was declared."""
    chart = _with_a_service(tmp_path / "chart")
    release.install({"mcpfence": FIRST, "ports": [{"port": 80}]}, chart=chart)
    before = list(release.stored(POLICY).values())
    _refused(release, "upgrade", {"mcpfence": SECOND, "ports": [{"port": 99999}]}, chart=chart)
    failed = list(release.stored(POLICY).values())
    release.upgrade({"mcpfence": SECOND, "ports": [{"port": 80}]}, chart=chart)
    after = list(release.stored(POLICY).values())

    assert opened(release.fenced, SECOND["servers"], failed, [before, after]) == {}
    assert opened(release.fenced, SECOND["servers"], after, [before]) != {}
    assert release.verdict(SECOND) == set()


# --- the post-renderer forgotten ---


def test_install_without_post_renderer(release: Release) -> None:
    """The floor denies every pod, and the notes say how to see it and what to do."""
    said = release.install(FIRST, fence=False)

    assert release.policies() == {FLOOR: DENY_ALL}
    assert _everything_denied(release)
    assert _carriers(release) == [f"{release.name}-mcpfence-catalog"]
    assert f"Denied now: every pod of namespace {release.fenced}, to and from everywhere, DNS included" in said
    assert (
        "the post-renderer did not run and the servers have no policies of their own: all of them stay cut off" in said
    )


def test_upgrade_with_the_post_renderer_mends_it(release: Release) -> None:
    """Running helm again as the notes say brings the policies and takes the catalog away."""
    release.install(FIRST, fence=False)
    release.upgrade(FIRST)

    assert _carriers(release) == []
    assert release.verdict(FIRST) == set()


def test_upgrade_that_forgets_it_closes(release: Release) -> None:
    """An upgrade without the post-renderer removes the servers' policies: everything is denied, nothing is opened."""
    release.install(SECOND)
    assert not _everything_denied(release)
    release.upgrade(SECOND, fence=False)

    assert release.policies() == {FLOOR: DENY_ALL}
    assert _everything_denied(release)


def test_a_release_without_floor_is_open(release: Release) -> None:
    """The twin of the above: without floor and post-renderer nothing stands in the way, so the check can fail."""
    release.install({**FIRST, "mcpNamespace": {"networkPolicy": {"enabled": False}}}, fence=False)

    assert not _everything_denied(release)
    assert release.verdict(FIRST) == {"proof-wider"}
