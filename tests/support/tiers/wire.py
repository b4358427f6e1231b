"""kube-network-policies between real packets: a node whose new connections and DNS answers it judges, pods, an outside."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Self

from cilium.judge import Document
from packet_felix import interface_of
from packet_host import Host
from packet_net import batch, make_namespace, remove_namespaces, running, sweep
from packet_probe import Probe, Result, try_all
from packet_wires import POD_SETTINGS, Pod, join, make_node, make_outside
from reaching.loading import pod as pod_document
from tiers.engine import Engine
from tooling import ROOT

NAMES = ROOT / "tools" / "packet_names.py"


class Wire:
    """The network; a context manager."""

    def __init__(self, program: Path, log: Path) -> None:
        self._program, self._log = program, log
        self._servers: list[subprocess.Popen[bytes]] = []
        self.pods: dict[str, Pod] = {}
        """By `namespace/name`."""

    def __enter__(self) -> Self:
        sweep()
        self._node = make_node()
        self.outside = make_outside(self._node)
        self.outside.start()
        self._engine = Engine(self._program, self._log, self._node)
        self._engine.fill()
        return self

    def __exit__(self, *_: object) -> None:
        self._engine.end()
        for server in self._servers:
            server.kill()
            server.communicate()
        hosts: list[Host] = [*self.pods.values(), self.outside]
        for host in hosts:
            host.close()
        remove_namespaces(*(host.netns for host in hosts), self._node)

    def pod(self, namespace: str, name: str, labels: dict[str, str]) -> Pod:
        """A new pod."""
        number = 10 + len(self.pods)
        addresses = (f"10.244.0.{number}", f"fd00:10:244::{number:x}")
        made = Pod(
            netns=make_namespace(*POD_SETTINGS), addresses=addresses, namespace=namespace, name=name, labels=labels
        )
        self.pods[f"{namespace}/{name}"] = made
        join(self._node, self.outside, made)
        way = interface_of(namespace, name)
        batch(self._node, *(f"route add {address} dev {way}" for address in addresses))
        made.start()
        return made

    def documents(self) -> list[Document]:
        """The pods as objects."""
        return [
            pod_document(one.name, one.labels, namespace=one.namespace)
            | {"status": {"podIPs": [{"ip": address} for address in one.addresses]}}
            for one in self.pods.values()
        ]

    def judge(self, policies: Sequence[Document]) -> None:
        """Let a new engine judge by these policies; connections and names of the one before are forgotten."""
        self._engine.judge([*self.documents(), *policies])

    def serve_names(self, host: Host, table: dict[str, list[str]]) -> None:
        """Let a pod, or the outside, answer DNS from a table."""
        process = host.exec([sys.executable, NAMES, "serve", json.dumps(table)], stdout=subprocess.PIPE)
        self._servers.append(process)
        assert running(process.stdout).readline() == b"ready\n"

    def look_up(self, pod: Pod, server: str, name: str) -> list[str]:
        """What a pod is told by a server about a name, both families."""
        found = []
        for kind in ("A", "AAAA"):
            process = pod.exec([sys.executable, NAMES, "ask", server, name, kind], stdout=subprocess.PIPE)
            found += process.communicate()[0].decode().split("\n")[:-1]
        return found

    def probe(self, asked: Sequence[tuple[Pod, Any, str, str, int]]) -> list[Result]:
        """Whether packets (from, to a host, at an address, protocol, port) get there and back."""
        return try_all(
            [
                Probe(source, source.addresses[":" in address], target, address, protocol, port)
                for source, target, address, protocol, port in asked
            ],
            1.0,
        )
