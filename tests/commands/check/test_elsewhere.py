"""`mcpfence check` of manifests that another release or namespace rendered."""

from __future__ import annotations

from pathlib import Path

import pytest

from helpers import run_cli

VALUES = """
clients: {gateway: {namespace: gateway, podSelector: {app: gateway}}}
servers: {a: {runtime: containerized, containerizedConfig: {denyAllEgress: true}}}
"""
PLACE = "error: mcpNamespace.name: the manifests are for servers in namespace shop-mcp, and the catalog's are in "


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a catalog, and what release shop rendered of it."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "values.yaml").write_text(VALUES, encoding="utf-8")
    rendered = run_cli("render", "-f", "values.yaml", "--policies-only", "--release", "shop", "-n", "tools")
    assert rendered.code == 0, rendered.stderr
    (tmp_path / "shop.yaml").write_text(rendered.stdout, encoding="utf-8")
    return tmp_path


def _check(*arguments: str) -> list[str]:
    return run_cli("check", "-f", "values.yaml", "--policies-only", *arguments).stderr.splitlines()


@pytest.mark.usefixtures("folder")
def test_a_forgotten_release_is_one_error() -> None:
    """It names the flags of the render, which the report has, instead of an alarm for every server."""
    assert _check("shop.yaml") == [
        f"{PLACE}mcpfence-mcp (release mcpfence); write --release shop --namespace tools as for the render of these "
        "manifests, or mcpNamespace.name [manifests-elsewhere]",
        "mcpfence: 1 error, no warnings, no notes",
    ]
    assert _check("shop.yaml", "--release", "shop", "--namespace", "tools")[-1].endswith(
        "the manifests allow exactly what the catalog says"
    )


def test_without_a_report_the_flags_are_not_known(folder: Path) -> None:
    """What kubectl prints of policies alone has no report."""
    text = (folder / "shop.yaml").read_text(encoding="utf-8")
    (folder / "policies.yaml").write_text(text.partition("---\napiVersion: v1\nkind: ConfigMap")[0], encoding="utf-8")

    assert _check("policies.yaml", "--release", "mcp") == [
        f"{PLACE}mcp-mcp (release mcp); write --release and --namespace as for the render of these manifests, or "
        "mcpNamespace.name [manifests-elsewhere]",
        "mcpfence: 1 error, no warnings, no notes",
    ]


def test_a_cluster_where_another_release_is_fenced(folder: Path) -> None:
    """Its objects have uids, and the catalog's namespace is judged: it is open."""
    text = (folder / "shop.yaml").read_text(encoding="utf-8")
    live = text.replace("metadata:\n", "metadata:\n  uid: 2f6c8f0e-0000-4000-8000-000000000001\n")
    (folder / "cluster.yaml").write_text(live, encoding="utf-8")

    said = run_cli("check", "-f", "values.yaml", "cluster.yaml", "--release", "mcp").stderr

    assert "[proof-wider]" in said
    assert "[manifests-elsewhere]" not in said


def test_a_policy_in_the_namespace_of_the_catalog_is_proven(folder: Path) -> None:
    """Where the catalog's namespace has some policy the servers are judged against it."""
    (folder / "other.yaml").write_text(
        "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: x, namespace: mcp-mcp}\n"
        "spec: {podSelector: {matchLabels: {app: other}}, policyTypes: [Egress]}\n",
        encoding="utf-8",
    )

    said = _check("shop.yaml", "other.yaml", "--release", "mcp")

    assert [line.rpartition("[")[2] for line in said[:-1]] == ["proof-narrower]"]
