"""Catalogs of any size for the benchmark: few kinds of rules, every domain its own, the same bytes in every run.

    python bench/generate.py 1000 > values.yaml          the values of 1,000 servers
    python bench/generate.py 1000 --stream > stream.yaml  what helm hands to a post-renderer for them

Shares follow public catalogs: most servers name one to four hosts, a few have wildcards, ports of their own, private
addresses, back-ends or nothing at all, some run elsewhere.  Only keys that policies depend on are written: descriptions
and env would slow helm down, which reads them, and not the renderer, which never sees them.
"""

from __future__ import annotations

import argparse
import random
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parent.parent
CHART = ROOT / "chart"
RELEASE = "bench"
NAMESPACE = "gateway"
"""The release's own namespace; the servers' is `bench-mcp`, the chart's default."""

Values = dict[str, Any]

_SEED = 20_240_607
_WORDS = ("acorn", "birch", "cedar", "delta", "ember", "fjord", "gamma", "heron", "iris", "juno", "kestrel", "lumen")
_HOSTS = ("api", "auth", "files", "mcp", "search", "events")
_BACK_ENDS = (
    {"name": "redis", "namespace": "data", "podSelector": {"app": "redis"}, "ports": [6379]},
    {"name": "postgres", "namespace": "data", "podSelector": {"app": "postgres"}, "ports": [5432]},
    {"name": "vectors", "namespace": "search", "podSelector": {"app": "vectors", "tier": "store"}, "ports": [6333]},
)
_NETWORKS = ("10.20.0.0/24", "10.20.1.0/24", "10.30.4.0/22", "192.168.40.0/24")
_PORTS = (8080, 3000, 8000, 8099)


def make_values(servers: int) -> Values:
    """Values with this many servers; the first ones of a larger catalog are not those of a smaller one."""
    dice = random.Random(_SEED + servers)  # noqa: S311 - the same catalog in every run is the point
    made = (_server(dice, number) for number in range(servers))
    return {
        "cluster": {"profile": "aks", "ipFamilies": ["IPv4"]},
        "egress": {
            "provider": "aviatrix",
            "registries": {"npx": ["npm.example.net"], "uvx": ["pypi.example.net", "wheels.example.net"]},
        },
        "clients": {
            "obot": {"namespace": "obot", "podSelector": {"app.kubernetes.io/name": "obot"}, "callbackPort": 8080},
            "studio": {"namespace": "studio", "podSelector": {"app": "studio-api"}, "callbackPort": 9000},
            "api": {"namespace": "platform", "podSelector": {"app": "mcp-connect"}},
            "edge": {"cidrs": ["10.0.5.0/28"]},
        },
        "servers": {f"{_WORDS[number % len(_WORDS)]}-{number:05}": server for number, server in enumerate(made)},
    }


def _server(dice: random.Random, number: int) -> Values:
    runtime = "npx" if number == 0 else dice.choices(("npx", "uvx", "containerized", "remote"), (46, 26, 24, 4))[0]
    if runtime == "remote":
        return {"runtime": runtime, "remoteConfig": {"fixedURL": f"https://mcp.{_domain(number)}/mcp"}}
    config: Values = {"package": f"@example/server-{number}"}
    if runtime == "uvx":
        config = {"package": f"server-{number}-mcp"}
    elif runtime == "containerized":
        config = {"image": f"ghcr.io/example/server-{number}:1.{number % 9}.0", "port": dice.choice(_PORTS)}
    server: Values = {"runtime": runtime, f"{runtime}Config": config}
    # One npx server that names one host is what a catalog of one server is measured with.
    _grant(dice, number, server, config, 0.5 if number == 0 else dice.random())
    if dice.random() < 0.05:
        server["ingress"] = {"from": ["obot"]}
    return server


def _grant(dice: random.Random, number: int, server: Values, config: Values, kind: float) -> None:
    """What one server may reach; `kind` from 0 to 1 picks one of nine ways to say it."""
    if kind < 0.14:
        if server["runtime"] == "containerized" and kind < 0.09:
            config["denyAllEgress"] = True
    elif kind < 0.16:
        server["egress"] = {"default": "internet"}
    else:
        count = dice.choices((1, 2, 3, 4), (50, 28, 14, 8))[0]
        config["egressDomains"] = [f"{host}.{_domain(number)}" for host in dice.sample(_HOSTS, count)]
    if 0.16 <= kind < 0.24:
        config["egressDomains"].append(f"*.{_domain(number)}")
    elif 0.24 <= kind < 0.28:
        server["egress"] = {"domains": [{"name": f"admin.{_domain(number)}", "ports": [8443]}]}
    elif 0.28 <= kind < 0.33:
        server["egress"] = {"cidrs": [{"cidr": dice.choice(_NETWORKS), "ports": [dice.choice((443, 5432))]}]}
    elif 0.33 <= kind < 0.38:
        server["egress"] = {"services": [dict(dice.choice(_BACK_ENDS))]}


def _domain(number: int) -> str:
    return f"{_WORDS[number % len(_WORDS)]}{number}.example.{('com', 'org', 'net')[number % 3]}"


def make_function_input(values: Values) -> Values:
    """What a KRM function is given on stdin: an empty ResourceList with the catalog as its functionConfig."""
    config = {
        "apiVersion": "mcpfence.io/v1alpha1",
        "kind": "McpfenceCatalog",
        "metadata": {"name": RELEASE},
        "spec": {"release": RELEASE, "namespace": NAMESPACE, "catalog": values},
    }
    head = {"apiVersion": "config.kubernetes.io/v1", "kind": "ResourceList"}
    return {**head, "items": [], "functionConfig": config}


def make_registry(servers: int) -> Values:
    """A registry of ToolHive's with this many images, each with hosts of its own."""
    return {"version": "1.0.0", "servers": {f"image-{number:05}": _image(number) for number in range(servers)}}


def _image(number: int) -> Values:
    hosts = [f"{host}.{_domain(number)}" for host in _HOSTS[: 1 + number % 4]]
    return {
        "description": f"Server {number}",
        "transport": "stdio",
        "image": f"ghcr.io/example/image-{number}:1.0",
        "permissions": {"network": {"outbound": {"allow_host": hosts, "allow_port": [443]}}},
    }


class _Plain(yaml.CSafeDumper):
    """Writes what stands twice twice, as people do: an alias would cost every reader of YAML more than it says."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002  # as PyYAML calls it
        """Nothing is an alias."""
        return True


def write_values(servers: int, path: Path) -> None:
    """Write the values as the block YAML that people keep in Git."""
    write_yaml(make_values(servers), path)


def write_yaml(document: Values, path: Path) -> None:
    """Write a document as block YAML."""
    with path.open("w", encoding="utf-8") as file:
        yaml.dump(document, file, Dumper=_Plain, sort_keys=False)


def write_stream(helm: Path, values: Path, path: Path) -> None:
    """Write what `helm` prints for our chart and these values, which is what it would hand to a post-renderer."""
    command = [str(helm), "template", RELEASE, str(CHART), "--namespace", NAMESPACE, "--values", str(values)]
    with path.open("wb") as file:
        subprocess.run(command, stdin=subprocess.DEVNULL, stdout=file, check=True)


def main() -> int:
    """Print values or the stream."""
    from machine import find_helms

    parser = argparse.ArgumentParser(description="Make a catalog for the benchmark.")
    parser.add_argument("servers", type=int, help="how many")
    parser.add_argument("--stream", action="store_true", help="print helm's stream with the carrier instead")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="mcpfence-bench-") as name:
        path = Path(name) / "values.yaml"
        write_values(options.servers, path)
        if options.stream:
            helm = next(iter(find_helms().values())).path
            write_stream(helm, path, Path(name) / "stream.yaml")
            path = Path(name) / "stream.yaml"
        with path.open("rb") as file:
            sys.stdout.buffer.writelines(file)
    return 0


if __name__ == "__main__":
    sys.exit(main())
