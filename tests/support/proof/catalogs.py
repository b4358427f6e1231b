"""Catalogs of the proof's own: what no example has, in as few servers as can be."""

from __future__ import annotations

from typing import Any

_IMAGE = {"image": "registry.example.com/server:1", "port": 8080}
_CLIENTS: dict[str, Any] = {
    "gateway": {"namespace": "gateways", "podSelector": {"app": "gateway"}, "callbackPort": 9000},
    "agents": {"namespace": "agents", "podSelector": {"app": "agent"}},
    "edge": {"cidrs": ["198.51.100.0/28", "2001:db8:40::/64"]},
}


def _server(**keys: Any) -> dict[str, Any]:
    return {"runtime": "containerized", "containerizedConfig": _IMAGE, **keys}


PLAIN: dict[str, Any] = {
    "clients": _CLIENTS,
    "servers": {
        "expressions": _server(
            podSelector={
                "matchLabels": {"app": "expressions"},
                "matchExpressions": [
                    {"key": "tier", "operator": "In", "values": ["a", "b"]},
                    {"key": "track", "operator": "NotIn", "values": ["canary"]},
                    {"key": "old", "operator": "DoesNotExist"},
                ],
            },
            egress={
                "services": [
                    {
                        "name": "queue",
                        "namespace": "data",
                        "podSelector": {
                            "matchLabels": {"app": "queue"},
                            "matchExpressions": [
                                {"key": "shard", "operator": "In", "values": ["0", "1"]},
                                {"key": "retired", "operator": "DoesNotExist"},
                            ],
                        },
                        "ports": [5672, "7000-7010", "7000-7010/SCTP"],
                    }
                ]
            },
        ),
        "users": _server(
            podSelector=[{"app": "user", "id": "one"}, {"app": "user", "id": "two"}],
            egress={
                "cidrs": [
                    {
                        "cidr": "10.9.0.0/16",
                        "except": ["10.9.1.0/24", "10.9.255.0/25"],
                        "ports": ["8000-8010", "53/UDP"],
                    },
                    {"cidr": "2001:db8:9::/48", "ports": "all"},
                ],
                "services": [{"name": "logs", "namespace": "logging", "mode": "namespace", "ports": [514, "514/UDP"]}],
            },
            ingress={"from": ["gateway"], "ports": [8080, "9090-9092"]},
        ),
    },
    "workloads": {
        "operator": {
            "namespace": "operators",
            "podSelector": {"app": "operator"},
            "egress": {"default": "internet", "servers": "all"},
            "ingress": {"from": ["edge"], "ports": [9443]},
        }
    },
}
"""NetworkPolicies alone: matchExpressions, several selectors, SCTP, port ranges, both families, a workload elsewhere."""

FIREWALL: dict[str, Any] = {
    "cluster": {"profile": "aks", "cidrs": {"pods": ["10.64.0.0/14"], "services": ["10.68.0.0/16"]}},
    "egress": {"provider": "aviatrix", "aviatrix": {"ipv6": True}},
    "clients": _CLIENTS,
    "servers": {
        "names": _server(
            egress={
                "domains": [
                    {"name": "api.example.com", "ports": [443, 8443]},
                    {"name": "*.cdn.example.com"},
                    {"name": "wiki.example.com", "ports": ["8440-8450"], "addresses": ["10.20.0.0/24"]},
                ],
                "services": [{"name": "redis", "namespace": "data", "podSelector": {"app": "redis"}, "ports": [6379]}],
                "cidrs": [{"cidr": "203.0.113.0/24", "except": ["203.0.113.7/32"], "ports": [443, "443/UDP"]}],
            }
        ),
        "users": _server(
            podSelector=[{"app": "user", "id": "one"}, {"app": "user", "id": "two"}],
            egress={"cidrs": [{"cidr": "2606:4700:10::/44", "except": ["2606:4700:10:8::/64"], "ports": "all"}]},
        ),
        "shut": _server(containerizedConfig={**_IMAGE, "denyAllEgress": True}),
    },
}
"""Aviatrix with IPv6: names on several and overlapping ports, addresses, services, two selectors, nothing at all."""

FIREWALL_IPV4: dict[str, Any] = {
    **FIREWALL,
    "egress": {"provider": "aviatrix"},
    "cluster": {"profile": "generic"},
    "servers": {"names": FIREWALL["servers"]["names"], "shut": FIREWALL["servers"]["shut"]},
}
"""The same without IPv6 beyond the cluster, and without a word on where pods have their addresses."""

OWN: dict[str, dict[str, Any]] = {"plain": PLAIN, "firewall": FIREWALL, "firewall-ipv4": FIREWALL_IPV4}
"""By title."""
