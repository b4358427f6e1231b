"""Reading: an untrusted mapping becomes a catalog of frozen types, or findings; nothing else ever happens."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers import NAMESPACE, RELEASE, Raw, one, one_egress, rendered
from mcpfence.catalog.digest import digest
from mcpfence.catalog.reader import read_catalog
from mcpfence.findings.finding import Collector, Finding, McpfenceError
from mcpfence.findings.table import Severity
from mcpfence.kube.services import ServiceIndex
from mcpfence.render.objects import Rendering
from mcpfence.render.pipeline import render
from schema_cases import FULL


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


def sound() -> Raw:
    """A catalog with every key of the schema, and no error."""
    raw = copy.deepcopy(FULL)
    raw["cluster"] |= {"ipFamilies": ["IPv4", "IPv6"], "profile": "eks", "cni": "generic"}
    raw["egress"]["provider"] = "aviatrix"
    raw["egress"]["registries"]["uvx"] = [{"name": "pypi", "mode": "cidr", "cidrs": ["10.2.0.0/24"], "ports": [443]}]
    servers = raw["servers"]
    servers["github"]["npxConfig"]["denyAllEgress"] = False
    servers["github"]["podSelector"] = {"matchLabels": {"app": "github"}}
    servers["search"]["podSelector"] = [{"app": "search-1"}, {"app": "search-2"}]
    servers["hub"]["remoteConfig"] = {
        "fixedURL": "https://mcp.example.com/x",
        "headers": servers["hub"]["remoteConfig"]["headers"],
    }
    for item in (servers["github"], raw["workloads"]["gateway"]):
        item["egress"] = copy.deepcopy(item["egress"])
        item["egress"]["cidrs"].pop()
        item["egress"]["services"].pop()
    return raw


def test_sound_catalog_renders() -> None:
    """The catalog that is damaged below is sound: what its damage is told of is the damage."""
    assert len(rendered(sound()).objects) > 10


def steps(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The path of every value below the root."""
    found = [path] if path else []
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        found += steps(item, (*path, key))
    return found


PATHS = steps(sound())
ODD: list[Any] = [
    None, True, False, 0, 1, -1, 443, 65536, 1.5, 443.0, 1e300, 10**30, "", " ", "a", "A", "a.b", "x" * 70, "é", "a\nb", "443",
    "80-90", "90-80", "53/UDP", "all", "none", "inherit", "auto", "deny", "internet", "selector", "namespace", "cidr", "npx",
    "containerized", "remote", "composite", "api.example.com", "*.example.com", "*.com", "https://a.example.com/x", "{{ x }}",
    "10.0.0.0/8", "0.0.0.0/0", "::/0", "fd00::/8", "169.254.169.254/32", "gke", "cilium", "aviatrix", "github", "obot", [], {},
    [[]], [{}], {"a": {}}, {"app": "a"}, {"matchLabels": {"app": "a"}}, [{"app": "a"}], ["api.example.com"], [None],
]  # fmt: skip
damages = st.lists(st.tuples(st.sampled_from(PATHS), st.sampled_from([*ODD, "DELETE", *PATHS])), min_size=1, max_size=4)


def damaged(raw: Raw, damage: list[tuple[Any, Any]]) -> Raw:
    """The catalog with values replaced by odd ones or by parts of itself, or taken away."""
    for path, value in damage:
        inside: Any = raw
        try:
            for step in path[:-1]:
                inside = inside[step]
            if value == "DELETE":
                del inside[path[-1]]
                continue
            inside[path[-1]] = copy.deepcopy(_part(raw, value)) if isinstance(value, tuple) else value
        except (KeyError, IndexError, TypeError):
            continue
    return raw


def _part(raw: Any, path: tuple[Any, ...]) -> Any:
    for step in path:
        raw = raw[step]
    return raw


def outcome(raw: Any) -> tuple[Rendering | None, tuple[Finding, ...]]:
    """The rendering if there is one, and everything that was found."""
    try:
        rendering = render(raw, release=RELEASE, namespace=NAMESPACE, services=ServiceIndex())
    except McpfenceError as error:
        return None, error.findings
    return rendering, rendering.findings


@settings(max_examples=200)
@given(damages)
def test_any_catalog_is_rendered_or_refused(damage: list[tuple[Any, Any]]) -> None:
    """However a catalog is damaged, the answer is its objects or findings with an error; never anything else."""
    rendering, findings = outcome(damaged(sound(), damage))

    assert bool(rendering) != any(finding.severity is Severity.ERROR for finding in findings)
    assert all(finding.sentence for finding in findings)
    assert not rendering or rendering.objects


@given(damages)
def test_findings_do_not_depend_on_the_order_of_keys(damage: list[tuple[Any, Any]]) -> None:
    """Also what is wrong is told alike in any order of keys."""
    raw = damaged(sound(), damage)

    assert outcome(raw)[1] == outcome(backwards(raw))[1]


def backwards(value: Any) -> Any:
    """The same document with the keys of every mapping in reverse order."""
    if isinstance(value, dict):
        return {key: backwards(value[key]) for key in reversed(value)}
    return [backwards(item) for item in value] if isinstance(value, list) else value


@given(
    st.recursive(
        st.sampled_from(ODD), lambda inner: st.dictionaries(st.sampled_from(["servers", "a", "runtime"]), inner)
    )
)
def test_anything_is_refused_politely(raw: Any) -> None:
    """What is no catalog at all is refused with a sentence that is no longer than a few lines."""
    _, findings = outcome(raw)

    assert all(len(finding.message) < 1000 for finding in findings)


def test_catalog_survives_json() -> None:
    """The carrier holds a catalog as JSON: reading it back gives the same catalog."""
    raw = sound()

    assert read(json.loads(json.dumps(raw))) == read(raw)
