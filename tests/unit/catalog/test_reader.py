"""Reading: an untrusted mapping becomes a catalog of frozen types, with defaults and a digest."""

from __future__ import annotations

import json
from typing import Any

import pytest

from helpers import NAMESPACE, RELEASE, Raw, one, one_egress, rendered
from mcpfence.catalog.digest import digest
from mcpfence.catalog.reader import read_catalog
from mcpfence.findings.finding import Collector
from schema_cases import sound


def read(raw: Raw) -> Any:
    """The catalog of a mapping that the schema has judged."""
    return read_catalog(raw, release=RELEASE, namespace=NAMESPACE, out=Collector())


def test_defaults() -> None:
    """What is absent has the default that the documentation states."""
    catalog = read({"servers": {"a": {"runtime": "npx"}}})
    server = catalog.servers["a"]

    assert (catalog.namespace, catalog.release, catalog.release_namespace) == ("demo-mcp", "demo", "home")
    assert (catalog.default, catalog.provider, catalog.unenforced_domains, catalog.floor) == (
        "deny",
        "none",
        "refuse",
        True,
    )
    assert (catalog.aviatrix_ipv6, catalog.aviatrix_crd) == (False, "")
    cluster = catalog.cluster
    assert (cluster.profile, cluster.cni, cluster.mesh, cluster.nat64) == ("generic", "generic", "none", False)
    assert (cluster.families, cluster.cidrs) == ({4, 6}, ())
    assert (catalog.dns.pods, catalog.dns.cidrs, catalog.dns.ports, catalog.dns.cluster_ips) == (None, None, None, ())
    assert [selector.text for selector in server.selectors] == ["app=a"]
    assert (server.port, server.selected, server.ingress.clients, server.ingress.ports) == (8099, False, None, None)
    egress = server.egress
    assert (egress.deny_all, egress.listed, egress.registries, egress.default, egress.dns) == (
        False,
        False,
        None,
        None,
        None,
    )
    assert (egress.cloud_identity, egress.kubernetes_api, egress.servers) == (False, False, ())


def test_empty_subtrees_are_absent_ones() -> None:
    """A subtree that is written and empty means the same as one that is not written."""
    empty: Raw = {
        key: {}
        for key in (
            "cluster",
            "dns",
            "egress",
            "clients",
            "mcpServerDefaults",
            "workloads",
            "run",
            "gateway",
            "mcpNamespace",
            "rbac",
        )
    }
    written = [item.text for item in rendered({**one(), **empty, "clients": one()["clients"]}).objects]

    assert written == [item.text for item in rendered(one()).objects]


def test_empty_namespace_is_the_default() -> None:
    """The chart's default for mcpNamespace.name is the empty text."""
    assert read({"mcpNamespace": {"name": ""}}).namespace == "demo-mcp"


def test_long_release_name() -> None:
    """The default namespace of a release with a long name is cut like a name."""
    catalog = read_catalog({}, release="r" * 53 + "-" * 7, namespace="home", out=Collector())

    assert len(catalog.namespace) <= 63
    assert not catalog.namespace.endswith("-")


SAME: dict[str, tuple[Raw, Raw]] = {
    "order of keys": (
        {"a": {"runtime": "npx"}, "b": {"runtime": "uvx"}},
        {"b": {"runtime": "uvx"}, "a": {"runtime": "npx"}},
    ),
    "env": ({"a": {"runtime": "npx"}}, {"a": {"runtime": "npx", "env": [{"key": "A", "value": "b"}]}}),
    "arguments": ({"a": {"runtime": "npx"}}, {"a": {"runtime": "npx", "npxConfig": {"args": ["a"], "package": "p"}}}),
    "description": ({"a": {"runtime": "npx"}}, {"a": {"runtime": "npx", "description": "A", "displayName": "B"}}),
    "path and user of a URL": (
        {"a": {"runtime": "remote", "remoteConfig": {"fixedURL": "https://a.example.com/x?y=z"}}},
        {"a": {"runtime": "remote", "remoteConfig": {"fixedURL": "https://u:p@a.example.com/"}}},
    ),
}


@pytest.mark.parametrize(("servers", "others"), SAME.values(), ids=SAME)
def test_digest_is_of_what_policies_depend_on(servers: Raw, others: Raw) -> None:
    """The digest is the same for any order, and for what the chart's carrier leaves out."""
    assert digest({"servers": servers}) == digest({"servers": others})


DIFFERENT: dict[str, Raw] = {
    "nothing": {},
    "a server": one(),
    "another runtime": one("npx"),
    "a port": one(containerizedConfig={"port": 1}),
    "a name": one_egress(domains=["a.example.com"]),
    "another name": one_egress(domains=["b.example.com"]),
    "a selector": one(podSelector={"a": "b"}),
    "the default port": one() | {"mcpServerDefaults": {"port": 1}},
    "a cluster": one() | {"cluster": {"profile": "eks"}},
    "a client": one() | {"clients": {}},
    "a workload": one() | {"workloads": {"w": {"podSelector": {"a": "b"}}}},
    "the provider": one() | {"egress": {"provider": "aviatrix"}},
    "DNS": one() | {"dns": {"ports": [53]}},
    "a URL": {"servers": {"a": {"runtime": "remote", "remoteConfig": {"fixedURL": "https://a.example.com"}}}},
    "another port of a URL": {
        "servers": {"a": {"runtime": "remote", "remoteConfig": {"fixedURL": "https://a.example.com:1"}}}
    },
}


def test_digest_tells_catalogs_apart() -> None:
    """Whatever changes a policy changes the digest."""
    assert len({digest(raw) for raw in DIFFERENT.values()}) == len(DIFFERENT)


def test_catalog_survives_json() -> None:
    """The carrier holds a catalog as JSON: reading it back gives the same catalog."""
    raw = sound()

    assert read(json.loads(json.dumps(raw))) == read(raw)
