"""Keys beside the place where they belong: where that is, what is said of it, and what a catalog means then."""

from __future__ import annotations

import json
from typing import Any

import pytest

from mcpfence.catalog.meant import meant
from mcpfence.catalog.misplaced import CONFIG_KEYS, misplaced, runtime_of
from mcpfence.catalog.model import CONFIGS
from mcpfence.catalog.schema import judge, schema_text
from mcpfence.findings.finding import Collector, Path

AT: Path = ("servers", "x")


@pytest.mark.parametrize(
    ("path", "holder", "todo"),
    [
        ((*AT, "package"), {"runtime": "npx", "package": "notes"}, "write npxConfig: {package: notes}"),
        ((*AT, "package"), {"runtime": "uvx", "uvxConfig": {}, "package": "notes==1.0"}, 'write package: "notes==1.0" under uvxConfig'),
        ((*AT, "package"), {"package": "notes"}, ""),
        ((*AT, "package"), {"runtime": "npx", "npxConfig": {"package": "a"}, "package": "b"}, ""),
        ((*AT, "package"), {"runtime": "npx", "npxConfig": "notes", "package": "b"}, ""),
        ((*AT, "package"), {"runtime": ["npx"], "package": "b"}, ""),
        ((*AT, "image"), {"image": "example/notes"}, "write containerizedConfig: {image: example/notes}"),
        ((*AT, "image"), {"runtime": "npx", "image": "example/notes"}, ""),
        ((*AT, "url"), {"url": "https://mcp.example.com"}, 'write remoteConfig: {fixedURL: "https://mcp.example.com"}'),
        ((*AT, "url"), {"url": "https://mcp.example.com/TOPSECRET"}, "write remoteConfig: {fixedURL: ...}"),
        ((*AT, "url"), {"url": "https://TOPSECRET@mcp.example.com"}, "write remoteConfig: {fixedURL: ...}"),
        ((*AT, "denyAllEgress"), {"runtime": "npx", "npxConfig": {}, "denyAllEgress": True}, "write denyAllEgress: true under npxConfig"),
        ((*AT, "domains"), {"runtime": "npx", "domains": ["api.example.com"]}, "write egress: {domains: [api.example.com]}"),
        ((*AT, "cidrs"), {"egress": {}, "cidrs": [{"cidr": "10.0.0.0/8"}]}, "write cidrs: ... under egress"),
        ((*AT, "labels"), {"labels": {"app": "x"}}, "write podSelector: {app: x}"),
        (("clients", "gw", "selector"), {"selector": {"app": "gw"}}, "write podSelector: {app: gw}"),
        (("clients", "gw", "selector"), {"podSelector": {}, "selector": {"app": "gw"}}, ""),
        ((*AT, "egress", "services", 0, "port"), {"port": 8080}, "write ports: [8080]"),
        ((*AT, "egress", "services", 0, "port"), {"ports": [1], "port": 8080}, ""),
        ((*AT, "colour"), {"runtime": "npx", "colour": "red"}, ""),
    ],
)  # fmt: skip
def test_where_a_key_belongs(path: Path, holder: dict[str, Any], todo: str) -> None:
    """The place by the runtime or by what tells it; nothing where something stands there, or it is not sure."""
    assert misplaced(path, holder) == todo


@pytest.mark.parametrize(
    ("server", "runtime"),
    [
        ({"runtime": "npx", "image": "x"}, "npx"),
        ({"runtime": "docker", "image": "x"}, ""),
        ({"uvxConfig": {}}, "uvx"),
        ({"url": "x"}, "remote"),
        ({"npxConfig": {}, "url": "x"}, ""),
        ({}, ""),
    ],
)
def test_which_runtime_a_server_has(server: dict[str, Any], runtime: str) -> None:
    """What it says, else what its keys tell, if they tell one."""
    assert runtime_of(server) == runtime


def test_the_keys_are_those_of_the_schema() -> None:
    """Each key is one that the schema has below the runtime's mapping, and nothing of it is left out but one table."""
    schema = json.loads(schema_text())
    server = schema["$defs"]["server"]["properties"]
    for runtime, keys in CONFIG_KEYS.items():
        config = server[CONFIGS[runtime]]
        config = schema["$defs"][config["$ref"].rpartition("/")[2]] if "$ref" in config else config
        assert set(keys) <= set(config["properties"]), runtime


def test_what_is_meant() -> None:
    """Faults that leave no doubt are mended, the others stay faults; the catalog that was given is as it was."""
    raw: dict[str, Any] = {
        "cluster": {"profile": "EKS", "cidrs": {"pods": "10.0.0.0/16"}},
        "egress": {"provider": "cillium"},
        "servers": {"x": {"image": "example/x:1", "containerizedConfig": {"port": "8080"}}},
    }
    before = json.dumps(raw)
    out = Collector()
    judge(raw, out)
    found, left = meant(raw, out.findings())

    assert found == {
        "cluster": {"profile": "eks", "cidrs": {"pods": ["10.0.0.0/16"]}},
        "egress": {"provider": "cillium"},
        "servers": {"x": {"runtime": "containerized", "containerizedConfig": {"port": 8080, "image": "example/x:1"}}},
    }
    assert left == [("egress", "provider")]
    assert json.dumps(raw) == before
