"""The bridges of mcpfence, each before server-everything in a fenced pod of its own, measured with real clients."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import yaml

from mcp_servers.cluster import ENVIRONMENT, START_SECONDS, Cluster, Document
from mcp_servers.pods import HERE, Container, Surroundings
from mcp_servers.talks import resolv_conf
from mcpfence.kube.services import ServiceIndex
from mcpfence.render.pipeline import render
from packet_world import Pod
from tooling import eventually

CALLS = 6
"""Of one client: four that ask what the process remembers, a large one, one over IPv6."""
_SERVER = "mcp-server-everything"


class Row(NamedTuple):
    """What one client saw of one bridge."""

    bridge: str
    client: str
    agreed: str
    """The version of MCP."""
    processes: int
    """Of the server, that were there at some time during the calls."""
    memory: str
    """Whose the server's memory is."""
    large: bool
    six: bool
    mebibytes: int
    """What all processes of the container hold, shared pages shared out (PSS)."""
    killed: str
    """What became of the container when the server was killed before this client came; empty for the first one."""


@dataclass(slots=True)
class Stand:
    """One bridge: what is rendered for it, and its pod."""

    bridge: str
    number: int
    cluster: Cluster
    container: Container = field(init=False)

    @property
    def namespace(self) -> str:
        """Of its own, since a catalog has one bridge for npx."""
        return f"bridge-{self.number}"

    def apply(self) -> None:
        """Render a catalog with this bridge, apply its policies and make its pod."""
        rendering = render(self._catalog(), release="rel", namespace="ns", services=ServiceIndex())
        world = self.cluster.world
        world.label_namespace(self.namespace)
        found = [(item.text, yaml.safe_load(item.text)) for item in rendering.objects]
        for text, document in found:
            if document["kind"] == "NetworkPolicy":
                world.apply(text)
        (deployment,) = (document for _, document in found if document["kind"] == "Deployment")
        around = Surroundings(
            folder=self._folder(),
            resolv=resolv_conf(self.namespace),
            environment=ENVIRONMENT,
            image={name: self.cluster.parts / "bin" / name for name in ("uv", "uvx")},
        )
        pod = world.pod(self.namespace, "everything-0", deployment["spec"]["template"]["metadata"]["labels"])
        self.container = Container(deployment=deployment, pod=pod, around=around)

    def _folder(self) -> Path:
        folder = self.cluster.folder / self.namespace
        folder.mkdir()
        folder.chmod(0o755)
        return folder

    def _catalog(self) -> Document:
        registries = {
            runtime: [{"name": runtime, "mode": "cidr", "cidrs": [f"{address}/32"], "ports": [80]}]
            for runtime, address in (("npx", "10.40.70.10"), ("uvx", "10.40.70.11"))
        }
        env = {"NPM_CONFIG_REGISTRY": "http://npm.example.com", "UV_DEFAULT_INDEX": "http://python.example.com/simple"}
        server = {
            "runtime": "npx",
            "npxConfig": {"package": "@modelcontextprotocol/server-everything@2026.8.31"},
            "env": [{"key": key, "value": value} for key, value in env.items()],
            "egress": {"dns": True, "cidrs": [{"cidr": "10.40.70.11/32", "ports": [80]}]},
        }
        return {
            "mcpNamespace": {"name": self.namespace},
            "run": {"enabled": True},
            "cluster": {"ipFamilies": ["IPv4", "IPv6"]},
            "mcpServerDefaults": {"bridge": {"npx": self.bridge}},
            "egress": {"registries": registries},
            "clients": {"agent": {"namespace": "agents", "podSelector": {"app": "agent"}}},
            "servers": {"everything": server},
        }

    def start(self) -> None:
        """Start the container and wait until it listens."""
        self.container.start()
        began = time.monotonic()
        while not self.cluster.answers_probe(self.container):
            assert not self.container.ended(), self.container.ended()
            assert time.monotonic() - began < START_SECONDS, self.container.said()
            time.sleep(0.2)

    def measure(self, caller: Pod, python: Path, client: str, killed: str = "") -> Row:
        """One client's row."""
        pod, port = self.container.pod, self.container.port
        urls = (f"http://{pod.addresses[0]}:{port}/mcp", f"http://[{pod.addresses[1]}]:{port}/mcp")
        command: list[str | Path] = [python, "-I", "-B", HERE / "bridge_client.py", *urls]
        with self._counted() as seen:
            process = caller.exec(command, env={"HOME": "/"}, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
            out, errors = process.communicate(timeout=2 * START_SECONDS)
        assert process.returncode == 0, f"{self.bridge} {client}: {errors.decode()}; {self.container.said()}"
        heard = json.loads(out)
        return Row(
            bridge=self.bridge,
            client=client,
            agreed=heard["agreed"],
            processes=len(seen),
            memory=_memory([text.split()[0] for text in heard["answers"]]),
            large=heard["large"],
            six=heard["six"] == "Echo: six",
            mebibytes=sum(map(_pss, self._pids())) >> 20,
            killed=killed,
        )

    @contextmanager
    def _counted(self) -> Iterator[set[int]]:
        """The processes of the server that are there at some time meanwhile."""
        seen: set[int] = set()
        done = threading.Event()

        def count() -> None:
            while not done.wait(0.1):
                seen.update(self._servers())

        thread = threading.Thread(target=count)
        thread.start()
        try:
            yield seen
        finally:
            done.set()
            thread.join()

    def _pids(self) -> list[int]:
        """All processes of the container, on this machine."""
        if self.container.ended():
            return []
        inside = _link(Path(f"/proc/{self.container.main_pid()}/ns/pid"))
        return [int(path.name) for path in Path("/proc").glob("[0-9]*") if _link(path / "ns/pid") == inside]

    def _servers(self) -> list[int]:
        return [pid for pid in self._pids() if _is_server(_words(pid))]

    def kill(self) -> str:
        """Kill the server's process and have the kubelet's part done, if the container ends: what became of it."""
        for pid in self._servers():
            os.kill(pid, signal.SIGKILL)
        if self.bridge.startswith("supergateway"):
            return "its session ends, and no other"
        if self.bridge.startswith("fastmcp"):
            return "the next call starts another server"
        eventually(lambda: bool(self.container.ended()), f"{self.bridge} serves on without its server")
        self.start()
        return "the container ends, and is started again"


def _memory(words: list[str]) -> str:
    """Started, Stopped, Started is one process; then Stopped again from another session is the same one."""
    known: dict[tuple[str, ...], str] = {
        ("Started", "Stopped", "Started", "Stopped"): "everybody's",
        ("Stopped", "Started", "Stopped", "Started"): "everybody's",
        ("Started", "Stopped", "Started", "Started"): "the session's",
        ("Started", "Started", "Started", "Started"): "none",
    }
    return known.get(tuple(words), " ".join(words))


def _is_server(words: list[str]) -> bool:
    return len(words) > 1 and Path(words[0]).name == "node" and words[1].endswith(_SERVER)


def _words(pid: int) -> list[str]:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().decode("utf-8", "replace").split("\0")
    except OSError:
        return []


def _link(path: Path) -> str:
    try:
        return str(path.readlink())
    except OSError:
        return ""


def _pss(pid: int) -> int:
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii").splitlines()
    except OSError:
        return 0
    return sum(int(line.split()[1]) for line in lines if line.startswith("Pss:")) << 10


def all_rows(cluster: Cluster, caller: Pod, bridges: tuple[str, ...], newer: Path) -> list[Row]:
    """Every bridge with the older client, then the server killed, then the newer client, which is the Python `newer`."""
    stands = [Stand(bridge, number, cluster) for number, bridge in enumerate(bridges)]
    for stand in stands:
        stand.apply()
    cluster.world.settle()

    def both(stand: Stand) -> list[Row]:
        try:
            stand.start()
            first = stand.measure(caller, cluster.parts / "bin/python", "mcp 1.30.0")
            return [first, stand.measure(caller, newer, "mcp 2.3.0", stand.kill())]
        finally:
            stand.container.stop()

    with ThreadPoolExecutor(len(stands)) as pool:
        return [row for rows in pool.map(both, stands) for row in rows]
