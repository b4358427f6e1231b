"""The examples as data: valid against the schema, explained, and true to the public entries that they quote."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from tooling import ROOT

EXAMPLES = ROOT / "values-examples"
NAMES = sorted(folder.name for folder in EXAMPLES.iterdir() if folder.is_dir())
TEXTS = sorted(path for path in EXAMPLES.rglob("*") if path.is_file())
DEMANDED = {"minimal", "obot", "services", "gateway-callers", "aks-aviatrix", "gke", "dual-stack-eks", "fleet"}
REGISTRY_LABELS = {"npmjs", "yarnpkg", "pypi", "pythonhosted", "golang", "crates"}
CONFIGS = ("npxConfig", "uvxConfig", "containerizedConfig")
HTTPS = [443]
PACKAGED = {
    "arxiv-mcp-server": "arxiv",
    "heroku": "heroku",
    "mcp-clickhouse": "clickhouse",
    "mcp-neo4j-cypher": "neo4j-cypher",
    "tavily-mcp": "tavily",
}
"""ToolHive entries that the fleet runs as the package inside their image: entry and name in the fleet."""

Destinations = set[tuple[str, int]]


def _load(path: Path) -> Any:
    return yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)


def _values(example: str) -> dict[str, Any]:
    values = _load(EXAMPLES / example / "values.yaml")
    assert isinstance(values, dict)
    return values


@pytest.fixture(scope="session")
def validator() -> jsonschema.Draft202012Validator:
    """The catalog's schema, as the tools of an editor would read it."""
    schema = json.loads((ROOT / "schemas" / "catalog.schema.json").read_text(encoding="utf-8"))
    return jsonschema.Draft202012Validator(schema)


def test_every_demanded_example_is_there() -> None:
    """The examples that README and the issue name exist; further ones are welcome."""
    assert set(NAMES) >= DEMANDED


@pytest.mark.parametrize("example", NAMES)
def test_example_fits_the_schema(example: str, validator: jsonschema.Draft202012Validator) -> None:
    """Each example's values are valid against the schema, by an independent validator."""
    faults = [f"{error.json_path}: {error.message}" for error in validator.iter_errors(_values(example))]
    assert faults == []


@pytest.mark.parametrize("example", NAMES)
def test_example_says_what_it_is_for(example: str) -> None:
    """Each example has a README with its name as heading and the command that checks it."""
    lines = (EXAMPLES / example / "README.md").read_text(encoding="utf-8").splitlines()
    assert lines[0] == f"# {example}"
    assert any(line.strip().startswith("mcpfence check -f values.yaml") for line in lines)


@pytest.mark.parametrize("path", TEXTS, ids=lambda path: path.relative_to(EXAMPLES).as_posix())
def test_no_public_package_registry_is_named(path: Path) -> None:
    """Examples fetch packages from in-house mirrors: what people copy must not open a way out."""
    hosts = re.findall(r"[a-z0-9-]+(?:\.[a-z0-9-]+)+", path.read_text(encoding="utf-8").lower())
    assert [host for host in hosts if REGISTRY_LABELS & set(host.split("."))] == []


@pytest.mark.parametrize("example", NAMES)
def test_registries_by_name_are_in_house(example: str) -> None:
    """A registry that an example names is a host under example.com."""
    values = _values(example)
    lists = list(values.get("egress", {}).get("registries", {}).values())
    for server in values["servers"].values():
        own = server.get("egress", {}).get("registries", [])
        lists.append([] if isinstance(own, str) else own)
    entries = [entry for entries in lists for entry in entries]
    names = [entry if isinstance(entry, str) else entry["name"] for entry in entries if not _is_service(entry)]
    assert [name for name in names if not name.endswith(".example.com")] == []


def _is_service(entry: Any) -> bool:
    return isinstance(entry, Mapping) and ("namespace" in entry or "mode" in entry)


@pytest.mark.parametrize("path", TEXTS, ids=lambda path: path.relative_to(EXAMPLES).as_posix())
def test_lines_fit_a_screen(path: Path) -> None:
    """No line is longer than 120 characters, since the comments are there to be read."""
    lines = path.read_text(encoding="utf-8").splitlines()
    assert [number for number, line in enumerate(lines, 1) if len(line) > 120] == []


def test_fleet_is_large_and_mixed() -> None:
    """The fleet has at least 60 hosted servers, all runtimes, and some that declare nothing."""
    servers = _values("fleet")["servers"]
    hosted = [server for server in servers.values() if _config(server) is not None]
    silent = [server for server in hosted if not _granted(server) and not _denied(server) and "egress" not in server]
    assert len(hosted) >= 60
    assert {server["runtime"] for server in servers.values()} == {"npx", "uvx", "containerized", "remote", "composite"}
    assert len(silent) >= 5


def _config(server: Mapping[str, Any]) -> Mapping[str, Any] | None:
    return next((server[key] for key in CONFIGS if key in server), None)


def _denied(server: Mapping[str, Any]) -> bool:
    return bool((_config(server) or {}).get("denyAllEgress"))


def _granted(server: Mapping[str, Any]) -> Destinations:
    """The names and ports that a server of the fleet lists."""
    found = {(name, port) for name in (_config(server) or {}).get("egressDomains", []) for port in HTTPS}
    for item in server.get("egress", {}).get("domains", []):
        found |= {(item["name"], port) for port in item.get("ports", HTTPS)}
    return found


def test_every_fleet_server_says_where_its_egress_comes_from() -> None:
    """Each server's line carries a comment that names its source; the composite has no egress to explain."""
    text = (EXAMPLES / "fleet" / "values.yaml").read_text(encoding="utf-8").partition("\nservers:\n")[2]
    heads = re.findall(r"^  ([a-z0-9-]+):(.*)$", text, flags=re.MULTILINE)
    silent = [name for name, rest in heads if not re.match(r"  # (?:ToolHive|Docker)\b", rest)]
    assert (len(heads), silent) == (len(_values("fleet")["servers"]), ["documentation"])


def test_fleet_agrees_with_toolhive_entries(shared: Path) -> None:
    """Hosts and ports of a ToolHive entry are those of the fleet's server with its image, apex and wildcards split."""
    wrong, compared = {}, 0
    for entry, outbound, server in _toolhive(shared):
        if outbound.get("insecure_allow_all") or not outbound.get("allow_host") or entry == "terraform":
            continue  # what the operator decides, and the one entry whose host is a registry
        compared += 1
        expected = _expansion(outbound["allow_host"], outbound["allow_port"])
        if _granted(server) != expected:
            wrong[entry] = sorted(_granted(server) ^ expected)
    assert (wrong, compared >= 30) == ({}, True)


def test_fleet_keeps_closed_what_toolhive_closes(shared: Path) -> None:
    """An entry with an empty outbound is denyAllEgress here, and only such an entry is."""
    wrong = [
        entry
        for entry, outbound, server in _toolhive(shared)
        if _denied(server) != (not any(outbound.get(key) for key in ("insecure_allow_all", "allow_host", "allow_port")))
    ]
    assert wrong == []


def _toolhive(shared: Path) -> list[tuple[str, Mapping[str, Any], Mapping[str, Any]]]:
    """(entry, its outbound permissions, the fleet's server with the same image)."""
    servers = _values("fleet")["servers"]
    images = {config["image"]: server for server in servers.values() if "image" in (config := _config(server) or {})}
    found = []
    for path in sorted((shared / "catalogs" / "toolhive-registry" / "registry").glob("*/spec.yaml")):
        spec = _load(path)
        entry = path.parent.name
        server = servers[PACKAGED[entry]] if entry in PACKAGED else images.get(spec["image"])
        if server is not None:
            found.append((entry, spec["permissions"]["network"]["outbound"], server))
    assert len(found) >= 60
    return found


def test_fleet_agrees_with_docker_entries(shared: Path) -> None:
    """The exact hosts of a Docker entry are those of the fleet's server with its image."""
    images = {(_config(server) or {}).get("image"): server for server in _values("fleet")["servers"].values()}
    compared = {}
    for path in sorted((shared / "catalogs" / "docker-mcp-registry" / "servers").glob("*/server.yaml")):
        entry = _load(path)
        hosts = (entry.get("run") or {}).get("allowHosts", [])
        if entry.get("image") in images and hosts and not any(host.startswith("*") for host in hosts):
            expected = {(host, int(port)) for host, _, port in (item.partition(":") for item in hosts)}
            compared[path.parent.name] = _granted(images[entry["image"]]) == expected
    assert compared == {"duckduckgo": True, "github-official": True}


def _expansion(hosts: list[str], ports: list[int]) -> Destinations:
    """ToolHive's `.example.com` is the apex and every depth below it; localhost is the pod itself."""
    names = {name for host in hosts for name in ((host[1:], f"*{host}") if host.startswith(".") else (host,))}
    names.discard("localhost")
    wild = [name[1:] for name in names if name.startswith("*")]
    kept = {name for name in names if not any(name.removeprefix("*.").endswith(zone) for zone in wild)}
    return {(name, port) for name in kept for port in ports}
