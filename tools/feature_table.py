"""What each provider makes of each thing that a catalog can grant: a table for the docs, from renders that were proven.

One server is granted one thing under each provider in turn.  A render that stands is proven, so it is exact, but for
the narrowings that it lists; a refusal has its finding.
"""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from typing import Any

from mcpfence.findings.finding import McpfenceError
from mcpfence.kube.services import index
from mcpfence.providers import all_providers
from mcpfence.providers.contract import NamesAt, Provider
from mcpfence.render.pipeline import render

Raw = dict[str, Any]

CLUSTERS: Mapping[str, Raw] = {
    "eks": {"cluster": {"profile": "eks"}, "dns": {"clusterIP": ["10.100.0.10"]}},
    "gke": {"cluster": {"profile": "gke", "cni": "cilium"}},
    "calico": {"egress": {"calico": {"edition": "enterprise"}}},
}
"""What a provider must be told of its cluster, beyond its own name."""

GRANTS: Mapping[str, Raw] = {
    "nothing": {"default": "deny"},
    "`api.example.com`": {"domains": ["api.example.com"]},
    "`*.example.com`": {"domains": ["*.example.com"]},
    "a name on ports 8000 to 8009": {"domains": [{"name": "api.example.com", "ports": ["8000-8009"]}]},
    "a name on ports 8000 to 8999": {"domains": [{"name": "api.example.com", "ports": ["8000-8999"]}]},
    "a name on 30 single ports": {
        "domains": [{"name": "api.example.com", "ports": list(range(8000, 8060, 2))}],
    },
    "a name with its `addresses`": {
        "domains": [{"name": "db.example.com", "ports": [5432], "addresses": ["10.20.0.0/16"]}],
    },
    "a name without DNS": {"domains": ["api.example.com"], "dns": False},
    "a cidr with an `except`": {
        "cidrs": [{"cidr": "10.20.0.0/16", "except": ["10.20.7.0/24"], "ports": [5432]}],
    },
    "a cidr on every port": {"cidrs": [{"cidr": "10.20.0.0/16", "ports": "all"}]},
    "SCTP": {"cidrs": [{"cidr": "10.20.0.0/16", "ports": ["3868/SCTP"]}]},
    "pods by labels": {
        "services": [{"name": "redis", "namespace": "data", "podSelector": {"app": "redis"}, "ports": [6379]}]
    },
    "pods by expressions": {
        "services": [
            {
                "name": "redis",
                "namespace": "data",
                "podSelector": {"matchExpressions": [{"key": "app", "operator": "Exists"}]},
                "ports": [6379],
            }
        ]
    },
    "the stance `internet`": {"default": "internet"},
}
"""What one server is granted, and what the row is called."""

ANYWHERE = "¹"


def feature_table() -> str:
    """A row for each grant, a column for each provider."""
    rows = all_providers()
    lines = [f"| granted | {' | '.join(f'`{row.name}`' for row in rows)} |", f"|---|{'---|' * len(rows)}"]
    for title, egress in GRANTS.items():
        lines.append(f"| {title} | {' | '.join(_cell(row, egress) for row in rows)} |")
    return "\n".join(lines)


def catalog_of(provider: str, egress: Raw) -> Raw:
    """A catalog of one server that is granted this, under a provider."""
    raw: Raw = deepcopy({"cluster": {"ipFamilies": ["IPv4"]}, **CLUSTERS.get(provider, {})})
    raw["cluster"]["ipFamilies"] = ["IPv4"]
    raw["egress"] = {"provider": provider, **raw.get("egress", {})}
    image = {"image": "registry.example.com/server:1", "port": 8080}
    raw["clients"] = {"gateway": {"namespace": "gateways", "podSelector": {"app": "gateway"}}}
    raw["servers"] = {"one": {"runtime": "containerized", "containerizedConfig": image, "egress": egress}}
    return raw


def _cell(provider: Provider, egress: Raw) -> str:
    raw = catalog_of(provider.name, egress)
    try:
        rendering = render(raw, release="mcp", namespace="home", services=index([], "home"))
    except McpfenceError as error:
        ids = sorted({finding.id for finding in error.findings if finding.severity.value == "error"})
        return f"refused: {', '.join(f'`{id}`' for id in ids)}"
    anywhere = ANYWHERE if egress.get("domains") and provider.names_at is NamesAt.ANYWHERE else ""
    return ("narrowed" if rendering.narrowings else "exact") + anywhere
