"""The keys of the catalog that policies say they stand for."""

from __future__ import annotations

import pytest

from helpers import Raw, catalog, planned, rendered
from mcpfence.kube.manifest import KEYS
from mcpfence.plan.catalog_keys import catalog_keys
from mcpfence.plan.fence import CatalogKeys

EVERYTHING: Raw = catalog(
    {
        "a": {
            "runtime": "npx",
            "npxConfig": {"package": "x", "egressDomains": ["a.example.com", "b.example.com"]},
            "egress": {
                "cidrs": [{"cidr": "192.0.2.0/24", "ports": [1]}, {"cidr": "10.1.0.0/16", "ports": [1]}],
                "services": [{"name": "r", "namespace": "data", "podSelector": {"app": "r"}, "ports": [1]}],
                "kubernetesAPI": True,
            },
            "ingress": {"from": ["gateway"]},
        },
        "ab": {"runtime": "containerized", "egress": {"default": "internet"}},
        "denied": {"runtime": "containerized", "containerizedConfig": {"denyAllEgress": True}},
    },
    egress={"provider": "aviatrix", "registries": {"npx": ["r.example.com"]}},
    cluster={"cidrs": {"controlPlane": ["10.9.0.1/32"]}},
)


@pytest.mark.parametrize(
    ("title", "keys"),
    [
        (
            "server a",
            CatalogKeys(
                (
                    "dns",
                    "egress.registries.npx",
                    "servers.a.egress.cidrs",
                    "servers.a.egress.kubernetesAPI",
                    "servers.a.egress.services",
                    "servers.a.npxConfig.egressDomains",
                ),
                ("servers.a.ingress.from",),
            ),
        ),
        ("server ab", CatalogKeys(("dns", "servers.ab.egress.default"), ("clients",))),
        ("server denied", CatalogKeys(("servers.denied",), ("clients",))),
    ],
)
def test_each_rule_has_its_key(title: str, keys: CatalogKeys) -> None:
    """Lists as a whole, settings of all by their own key, and the entry itself where nothing is opened."""
    fence = planned(EVERYTHING)[title]

    assert catalog_keys(fence, fence.name) == keys


def test_the_name_can_be_another_one() -> None:
    """Only keys of the own entry take the other name: not those of an entry whose name begins alike."""
    keys = catalog_keys(planned(EVERYTHING)["server a"], "zz")

    assert "servers.zz.egress.cidrs" in keys.egress
    assert not [key for key in (*keys.egress, *keys.ingress) if key.startswith("servers.a")]


def test_policies_carry_the_keys_of_their_direction() -> None:
    """Each object says what it stands for, in the name of its own server."""
    objects = rendered(EVERYTHING).objects
    found = {
        item.name: line.partition(": ")[2].strip('"')
        for item in objects
        for line in item.text.splitlines()
        if line.strip().startswith(KEYS)
    }

    assert found["mcp-server-a-ingress"] == "servers.a.ingress.from"
    assert found["mcp-server-ab-egress"] == "dns, servers.ab.egress.default"
    assert found["mcp-server-denied"] == "servers.denied"
    assert len(found) == len(objects) - 1  # the report
