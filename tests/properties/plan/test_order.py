"""What a plan does not depend on: the order of keys, the other servers; and what it leaves as it was."""

from __future__ import annotations

import json
import random
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from helpers import CLIENT, Raw, rendered

CIDR = {"cidr": "10.1.0.0/16", "ports": [443]}
REDIS = {"name": "redis", "namespace": "data", "podSelector": {"app": "redis"}, "ports": [6379]}
REGISTRY = {"npx": ["npm.example.com"], "uvx": ["pypi.example.com", {"name": "files.example.com", "ports": [8443]}]}
NAMES = ["a", "b", "c-1"]
OBOT = {"namespace": "obot", "podSelector": {"app": "obot"}, "callbackPort": 8080}

entries = st.fixed_dictionaries(
    {"runtime": st.sampled_from(["npx", "uvx", "containerized"])},
    optional={
        "egress": st.fixed_dictionaries(
            {},
            optional={
                "domains": st.lists(st.sampled_from(["a.example.com", "*.b.example.com", "c.example.com"]), max_size=3),
                "cidrs": st.lists(st.sampled_from([CIDR, {"cidr": "fd00:1::/32", "ports": "all"}]), max_size=2),
                "services": st.lists(st.sampled_from([REDIS, {**REDIS, "namespace": "demo-mcp"}]), max_size=2),
                "registries": st.sampled_from(["inherit", "none", ["own.example.com"]]),
                "dns": st.sampled_from(["auto", True, False]),
            },
        ),
        "ingress": st.fixed_dictionaries(
            {}, optional={"from": st.lists(st.sampled_from(["gateway", "edge"])), "ports": st.just([80])}
        ),
        "podSelector": st.just([{"app": "x", "of": "many"}, {"app": "y", "of": "many"}]),
    },
)

catalogs = st.builds(
    lambda servers, provider, default, families: {
        "clients": {
            "obot": OBOT,
            "edge": {"cidrs": ["198.51.100.0/28"]},
            "gateway": {**CLIENT["gateway"], "callbackPort": 1},
        },
        "egress": {"provider": provider, "unenforcedDomains": "internet", "default": default, "registries": REGISTRY},
        "cluster": {"ipFamilies": families},
        "servers": {
            name: {
                **server,
                **(
                    {"podSelector": [{**s, "n": name} for s in server["podSelector"]]}
                    if "podSelector" in server
                    else {}
                ),
            }
            for name, server in servers.items()
        },
        "workloads": {"w": {"podSelector": {"app": "w"}, "egress": {"servers": "all"}}},
    },
    st.dictionaries(st.sampled_from(NAMES), entries, max_size=3),
    st.sampled_from(["none", "aviatrix"]),
    st.sampled_from(["deny", "internet"]),
    st.just(["IPv4", "IPv6"]),
)


def shuffled(value: Any, chance: random.Random) -> Any:
    """The same document with the keys of every mapping in another order."""
    if isinstance(value, dict):
        items = list(value.items())
        chance.shuffle(items)
        return {key: shuffled(item, chance) for key, item in items}
    return [shuffled(item, chance) for item in value] if isinstance(value, list) else value


@settings(max_examples=40)
@given(catalogs, st.randoms(use_true_random=False))
def test_order_of_keys_does_not_matter(raw: Raw, chance: random.Random) -> None:
    """The same catalog in any order of its keys gives the same objects, findings and digest, byte for byte."""
    one_way, other = rendered(raw), rendered(shuffled(raw, chance))

    assert [item[:3] for item in one_way.objects] == [item[:3] for item in other.objects]
    assert [item.text for item in one_way.objects] == [item.text for item in other.objects]
    assert one_way.findings == other.findings
    assert one_way.catalog.digest == other.catalog.digest


@settings(max_examples=40)
@given(catalogs)
def test_servers_do_not_depend_on_each_other(raw: Raw) -> None:
    """A server's own objects are the same text with and without the other servers."""
    made = {item[:3]: item.text for item in rendered(raw).objects}
    for name, server in raw["servers"].items():
        alone = rendered({**raw, "servers": {name: server}})

        for item in alone.objects:
            if item.name.startswith("mcp-server-"):
                assert made[item[:3]] == item.text


@settings(max_examples=40)
@given(catalogs)
def test_render_changes_nothing_that_it_was_given(raw: Raw) -> None:
    """Rendering is pure: the catalog is the same afterwards, and a second render gives the same text."""
    before = json.dumps(raw)
    first = [item.text for item in rendered(raw).objects]

    assert json.dumps(raw) == before
    assert [item.text for item in rendered(raw).objects] == first
