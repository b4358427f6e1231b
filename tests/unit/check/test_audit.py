"""`check` with manifests: the proof over what is in Git or in a cluster."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from edges import mcpfence, refusal, values_file
from mcpfence.check.audit import audit
from mcpfence.findings.finding import Finding
from mcpfence.findings.table import Severity
from mcpfence.kube.manifest import floor_policy
from mcpfence.kube.services import ServiceIndex
from mcpfence.render.pipeline import render

CATALOG = {
    "mcpNamespace": {"name": "tools"},
    "cluster": {"profile": "aks", "ipFamilies": ["IPv4"], "cidrs": {"pods": ["10.1.0.0/16"]}},
    "egress": {"provider": "aviatrix"},
    "clients": {"gateway": {"namespace": "gateway", "podSelector": {"app": "gateway"}}},
    "servers": {
        "github": {
            "runtime": "containerized",
            "containerizedConfig": {"image": "ghcr.io/example/github:1", "egressDomains": ["api.github.com"]},
        },
        "vault": {
            "runtime": "containerized",
            "containerizedConfig": {"image": "ghcr.io/example/vault:1", "denyAllEgress": True},
        },
    },
}

Documents = list[dict[str, Any]]


def rendered(catalog: Any = CATALOG) -> Documents:
    """The manifests of the catalog, as somebody would find them in Git; test_namespace.py is about the floor."""
    result = render(catalog, release="demo", namespace="default", services=ServiceIndex())
    return [yaml.safe_load(item.text) for item in result.objects]


def errors(documents: list[Any], catalog: Any = CATALOG) -> list[str]:
    """The messages of all errors."""
    found = audit(catalog, documents, release="demo", namespace="default", services=ServiceIndex())
    return [finding.message for finding in found if finding.severity is Severity.ERROR and finding.id != "floor-drift"]


def named(documents: Documents, kind: str, name: str) -> dict[str, Any]:
    """One manifest."""
    return next(item for item in documents if item["kind"] == kind and item["metadata"]["name"] == name)


REMEDY = "render again and apply: these manifests are not what the catalog gives"


def test_own_render_holds() -> None:
    """What mcpfence renders allows exactly what the catalog says."""
    assert errors(rendered()) == []


def test_cluster_dump_holds() -> None:
    """A List with managedFields, status and Helm's labels, as kubectl prints it, is read like the manifests."""
    items = rendered()
    for item in items:
        item["metadata"] |= {"uid": "1", "managedFields": [{"manager": "helm"}], "resourceVersion": "1"}
        item["metadata"]["labels"]["app.kubernetes.io/managed-by"] = "Helm"
        if item["kind"] == "FirewallPolicy":
            item["status"] = {"ruleset": "abc"}

    assert errors([{"apiVersion": "v1", "kind": "List", "items": items}]) == []


def _lose(name: str) -> Callable[[Documents], Documents]:
    return lambda documents: [item for item in documents if item["metadata"]["name"] != name]


def _widen(documents: Documents) -> Documents:
    policy = named(documents, "NetworkPolicy", "mcp-server-vault-egress")
    policy["spec"]["egress"] = [{"to": [{"ipBlock": {"cidr": "169.254.0.0/16"}}], "ports": [{"port": 80}]}]
    return documents


def _allow_list_widened(documents: Documents) -> Documents:
    policy = named(documents, "FirewallPolicy", "mcp-server-github")
    policy["spec"]["webGroups"][0]["domains"].append("*.github.com")
    return documents


def _narrow(documents: Documents) -> Documents:
    policy = named(documents, "NetworkPolicy", "mcp-server-github-ingress")
    policy["spec"]["ingress"][0]["ports"][0]["port"] = 8098
    return documents


def _unreadable(documents: Documents) -> Documents:
    named(documents, "NetworkPolicy", "mcp-server-github-ingress")["spec"]["ingress"] = "everything"
    return documents


@pytest.mark.parametrize(
    ("edit", "expected"),
    [
        (
            _widen,
            "servers.vault: may reach 169.254.169.254 TCP 80, which the catalog does not grant: spec.egress[0] of "
            "NetworkPolicy tools/mcp-server-vault-egress lets it through; remove spec.egress[0] of NetworkPolicy "
            "tools/mcp-server-vault-egress, or narrow what it selects so that it cannot select app=vault",
        ),
        (
            _lose("mcp-server-vault-ingress"),
            "servers.vault: may be reached by 10.0.0.1 TCP 443, which the catalog does not grant: "
            f"no policy stands against it; {REMEDY}",
        ),
    ],
    ids=["widened", "lost"],
)
def test_drift_is_one_sentence(edit: Callable[[Documents], Documents], expected: str) -> None:
    """Drift is told with one concrete packet, the rule that lets it through, and what to do."""
    assert expected in errors(edit(rendered()))


@pytest.mark.parametrize(
    ("edit", "id", "words"),
    [
        (_allow_list_widened, "proof-wider", ".github.com"),
        (_narrow, "proof-narrower", "TCP 8099"),
        (_unreadable, "policy-unreadable", "spec.ingress"),
        (_lose("mcp-server-github"), "proof-wider", "which the catalog does not grant"),
    ],
    ids=["domain added", "port changed", "unreadable", "firewall policy gone"],
)
def test_drift_is_found(edit: Callable[[Documents], Documents], id: str, words: str) -> None:
    """Each kind of drift is an error of its own id."""
    documents = edit(rendered())
    found = audit(CATALOG, documents, release="demo", namespace="default", services=ServiceIndex())

    assert any(item.id == id and words in item.message for item in found), [item.message for item in found]


@pytest.mark.parametrize("manager", ["mcpfence", "Helm"])
def test_leftover_is_a_warning(manager: str) -> None:
    """The policies of a server that the catalog no longer has are named, also where Helm says that it manages them."""
    smaller = json.loads(json.dumps(CATALOG))
    del smaller["servers"]["vault"]
    items = rendered()
    for item in items:
        item["metadata"]["labels"]["app.kubernetes.io/managed-by"] = manager
    found = audit(smaller, items, release="demo", namespace="default", services=ServiceIndex())
    leftovers = [item for item in found if item.id == "leftover"]

    assert [item.place for item in leftovers] == [
        "FirewallPolicy tools/mcp-server-vault",
        "NetworkPolicy tools/mcp-server-vault-egress",
        "NetworkPolicy tools/mcp-server-vault-ingress",
    ]
    assert {item.severity for item in leftovers} == {Severity.WARNING}


def test_leftover_that_is_cluster_wide() -> None:
    """Such objects say of which namespace they are: ours are named, those of another namespace are not."""
    catalog = json.loads(json.dumps(CATALOG))
    catalog["egress"] = {"provider": "clusternetworkpolicy"}
    (wide,) = [item for item in rendered(catalog) if item["kind"] == "ClusterNetworkPolicy"]
    theirs = json.loads(json.dumps(wide).replace('"tools"', '"other"'))
    theirs["metadata"]["name"] = "theirs"
    smaller = json.loads(json.dumps(catalog))
    del smaller["servers"]["github"]
    found = audit(smaller, [wide, theirs], release="demo", namespace="default", services=ServiceIndex())
    kept = audit(catalog, [wide, theirs], release="demo", namespace="default", services=ServiceIndex())

    assert [item.place for item in found if item.id == "leftover"] == ["ClusterNetworkPolicy mcp-server-github.tools"]
    assert [item.place for item in kept if item.id == "leftover"] == []


def test_catalog_errors_come_first() -> None:
    """A catalog that cannot be rendered is not compared with anything."""
    broken = {**CATALOG, "servers": {"x": {"runtime": "npx", "npxConfig": {"egressDomains": ["*.com"]}}}}
    found: tuple[Finding, ...] = audit(broken, [], release="d", namespace="d", services=ServiceIndex())

    assert {item.id for item in found if item.severity is Severity.ERROR} == {"host-public-suffix"}


def test_check_reads_folders(tmp_path: Path) -> None:
    """`mcpfence check -f VALUES FOLDER` says that the manifests hold, and exits with 1 when one of them is gone."""
    values_file(tmp_path, CATALOG)
    mcpfence("render", "--policies-only", "-f", "values.yaml", "-o", "out", cwd=tmp_path)
    (tmp_path / "floor.yaml").write_text(json.dumps(floor_policy("tools")), encoding="utf-8")
    holds = mcpfence("check", "-f", "values.yaml", "out", "floor.yaml", cwd=tmp_path)
    gone, index = (
        tmp_path / "out" / "networkpolicy-mcp-server-github-ingress.yaml",
        tmp_path / "out" / "kustomization.yaml",
    )
    gone.unlink()
    index.write_text(index.read_text(encoding="utf-8").replace(f"- {gone.name}\n", ""), encoding="utf-8")
    fails = mcpfence("check", "-q", "-f", "values.yaml", "out", "floor.yaml", cwd=tmp_path)

    assert holds.returncode == 0
    assert holds.stderr.decode().endswith("mcpfence: the manifests allow exactly what the catalog says\n")
    assert refusal(fails) == (
        "error: values.yaml:28:3 servers.github: cannot be reached by a pod with app=gateway in a namespace with "
        f"kubernetes.io/metadata.name=gateway TCP 8099, which the catalog grants; {REMEDY} [proof-narrower]"
    )


BROKEN = b"apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: a, namespace: tools}\nspec: 1\n"


def test_sarif_and_markdown_tell_the_same(tmp_path: Path) -> None:
    """SARIF has file and line of each finding; Markdown is a table that no text of a manifest can break."""
    values_file(tmp_path, CATALOG)
    sarif = mcpfence("check", "-f", "values.yaml", "--format", "sarif", "-", cwd=tmp_path, stdin=BROKEN)
    markdown = mcpfence("check", "-f", "values.yaml", "--format", "markdown", cwd=tmp_path)
    run = json.loads(sarif.stdout)["runs"][0]

    assert sarif.returncode == 1
    assert {item["ruleId"] for item in run["results"]} >= {"policy-unreadable", "proof-wider"}
    assert all(
        item["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "values.yaml"
        for item in run["results"]
        if item["ruleId"] == "proof-wider"
    )
    assert markdown.stdout.decode().startswith("### mcpfence: the catalog holds\n")
