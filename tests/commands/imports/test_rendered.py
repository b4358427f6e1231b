"""What mcpfence rendered comes back through `import kubernetes` with the same reach, under every provider."""

from __future__ import annotations

from pathlib import Path

import pytest

from helpers import run_cli
from mcpfence.providers import all_providers
from mcpfence.providers.contract import Feature

_NAMED = sorted(one.name for one in all_providers() if Feature.NAME in one.expresses)
_READ = [name for name in _NAMED if name != "aviatrix"]
"""Providers whose names an import takes; a layered engine's are no names of its own."""
_MORE = {
    "calico": "calico: {edition: enterprise}",
    "eks": "registries: {uvx: [python.example.com]}",
    "gke": "registries: {uvx: [python.example.com]}",
}
_CATALOG = """
mcpNamespace: {{name: mcp}}
cluster: {{profile: {profile}, ipFamilies: [IPv4]}}
dns: {{clusterIP: [172.20.0.10]}}
egress:
  provider: {provider}
  {more}
clients:
  gateway: {{namespace: gateway, podSelector: {{app: gateway}}}}
servers:
  api:
    runtime: containerized
    containerizedConfig: {{image: ghcr.io/example/api:1, port: 8080, egressDomains: [api.example.com, "*.example.org"]}}
  db:
    runtime: containerized
    containerizedConfig: {{image: ghcr.io/example/db:1, port: 8080}}
    egress: {{cidrs: [{{cidr: 10.60.12.0/24, ports: [5432]}}]}}
  shop:
    runtime: containerized
    containerizedConfig: {{image: ghcr.io/example/shop:1, port: 8080}}
    egress: {{services: [{{name: orders, namespace: shop, podSelector: {{app: orders}}, ports: [8080]}}]}}
"""
_POD = """---
apiVersion: v1
kind: Pod
metadata: {{name: {name}, namespace: mcp, labels: {{app: {name}}}}}
spec: {{containers: [{{name: c, image: "ghcr.io/example/{name}:1", ports: [{{containerPort: 8080}}]}}]}}
"""


@pytest.mark.parametrize("provider", _READ)
def test_own_policies_come_back_with_the_same_reach(provider: str, tmp_path: Path) -> None:
    """Names, addresses, pods and the resolver of rendered policies are those of the catalog that an import makes."""
    profile = provider if provider in ("eks", "gke") else "generic"
    text = _CATALOG.format(profile=profile, provider=provider, more=_MORE.get(provider, "default: deny"))
    catalog, imported = tmp_path / "values.yaml", tmp_path / "imported.yaml"
    catalog.write_text(text, encoding="utf-8")
    rendered = run_cli("render", "--policies-only", "-f", str(catalog))
    assert rendered.code == 0, rendered.stderr
    cluster = tmp_path / "cluster.yaml"
    cluster.write_text(
        rendered.stdout + "".join(_POD.format(name=name) for name in ("api", "db", "shop")), encoding="utf-8"
    )

    found = run_cli("import", "kubernetes", str(cluster), "--only", "api,db,shop", "-o", str(imported))

    assert found.code == 0, found.stderr
    assert "refused" not in found.stderr
    compared = run_cli("diff", str(catalog), str(imported))
    assert (compared.code, compared.stdout) == (0, "the same reach (4 subjects compared)\n"), compared.stdout
