"""The catalog at a glance."""

from __future__ import annotations

from typing import Any

from helpers import NAMESPACE, RELEASE
from mcpfence.check.summary import summary_lines
from mcpfence.findings.finding import Collector
from mcpfence.render.pipeline import load_catalog


def lines(raw: Any) -> list[str]:
    """The rows of a catalog that is sound."""
    out = Collector()
    catalog = load_catalog(raw, release=RELEASE, namespace=NAMESPACE, out=out)
    assert catalog is not None, out.findings()
    return summary_lines(catalog)


def hosted(**config: Any) -> dict[str, Any]:
    """A containerized server with these settings."""
    return {"runtime": "containerized", "containerizedConfig": {"image": "example/a:1.0.0", **config}}


def test_rows_of_a_catalog() -> None:
    """Runtimes by how many there are; a server that says it needs nothing is declared, one that says nothing is not."""
    raw = {
        "egress": {"provider": "cilium"},
        "cluster": {"cni": "cilium"},
        "clients": {"gateway": {"namespace": "gateways", "podSelector": {"app": "gateway"}}},
        "servers": {
            "a": hosted(denyAllEgress=True),
            "b": hosted(egressDomains=["api.example.com"]),
            "c": hosted(),
            "d": {"runtime": "remote", "remoteConfig": {"hostname": "mcp.example.com"}},
        },
    }

    assert lines(raw) == [
        "  servers     4: 3 containerized, 1 remote",
        "  clients     1: gateway",
        "  workloads   none",
        "  engine      cilium",
        "  undeclared  1: c",
        "  unenforced  none",
    ]


def test_names_that_nothing_enforces() -> None:
    """They are counted where public addresses are open in their place."""
    raw = {
        "egress": {"unenforcedDomains": "internet"},
        "servers": {f"s{number}": hosted(egressDomains=["api.example.com"]) for number in range(10)},
    }

    assert lines(raw)[1:] == [
        "  clients     none",
        "  workloads   none",
        "  engine      none: NetworkPolicy alone knows no names",
        "  undeclared  none",
        "  unenforced  10: s0, s1, s2, s3, s4, s5, s6, s7 and 2 more",
    ]


def test_registries_that_nothing_enforces() -> None:
    """A server that lists no name is open as well where it fetches its package from a registry by name."""
    raw = {
        "egress": {"unenforcedDomains": "internet", "registries": {"npx": ["npm.example.com"]}},
        "servers": {"a": {"runtime": "npx", "npxConfig": {"package": "a"}}, "b": hosted()},
    }

    assert lines(raw)[-1] == "  unenforced  1: a"
