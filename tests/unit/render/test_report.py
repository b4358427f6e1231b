"""The report: one line on each fence, and what remains."""

from __future__ import annotations

from typing import Any

import yaml

from helpers import Raw, catalog, rendered


def report(raw: Raw) -> dict[str, str]:
    data: dict[str, Any] = yaml.safe_load(rendered(raw).objects[-1].text)["data"]
    return data


def test_destinations_are_named() -> None:
    """Addresses, pods and settings with their ports, at most four of a kind, and no word such as cidr."""
    egress = {
        "cidrs": [{"cidr": "10.60.12.0/24", "ports": [5432], "except": ["10.60.12.7/32"]}],
        "services": [{"name": "r", "namespace": "data", "podSelector": {"app": "redis"}, "ports": [6379]}],
    }
    many = {"cidrs": [{"cidr": f"192.0.2.{i}/32", "ports": [443]} for i in range(6)]}
    servers = {
        "a": {"runtime": "containerized", "egress": egress},
        "b": {"runtime": "containerized", "egress": many},
        "c": {"runtime": "containerized", "egress": {"default": "internet"}},
    }

    assert report(catalog(servers))["servers"].splitlines() == [
        "a (containerized): reaches pods app=redis of namespace data on 6379/TCP, "
        "10.60.12.0/24 less 1 except on 5432/TCP, dns; called on 8099/TCP",
        "b (containerized): reaches 192.0.2.0/32 on 443/TCP, 192.0.2.1/32 on 443/TCP, 192.0.2.2/32 on 443/TCP, "
        "192.0.2.3/32 on 443/TCP and 2 more; called on 8099/TCP",
        "c (containerized): reaches every public address; dns; called on 8099/TCP",
    ]


def test_names_that_nobody_enforces_are_a_risk() -> None:
    """They are counted, and the line of the server says what is open in their place."""
    servers = {
        "a": {"runtime": "npx", "npxConfig": {"package": "x", "egressDomains": ["a.example.com", "b.example.com"]}},
        "b": {"runtime": "containerized", "egress": {"domains": ["a.example.com"]}},
        "c": {"runtime": "containerized", "egress": {"default": "internet"}},
    }
    settings = {"unenforcedDomains": "internet", "registries": {"npx": ["r.example.com"]}}
    found = report(catalog(servers, egress=settings))

    assert found["servers"].splitlines()[1] == (
        "b (containerized): reaches every public address on 443/TCP, since no engine enforces its names; dns; "
        "called on 8099/TCP"
    )
    assert (
        "names that are not enforced: 3 host names of 2 fences; every public address on their ports is open "
        in (found["residualRisk"])
    )
    assert "not enforced" not in report(catalog({"c": servers["c"]}, egress=settings))["residualRisk"]
