"""kube-network-policies between real packets: a node whose new connections and DNS answers it judges, pods, an outside.

The queues are filled by xtables, since the rules that the engine writes itself need an expression of nftables that the
kernels of many test machines lack.  What it says of a packet, and how it learns names, is its own code.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Self

from cilium.judge import Document
from packet_felix import interface_of
from packet_host import Host, end_with_parent
from packet_net import batch, inside, make_namespace, remove_namespaces, running, sweep
from packet_probe import Probe, Result, try_all
from packet_wires import POD_SETTINGS, Pod, join, make_node, make_outside
from reaching.loading import pod as pod_document
from tooling import ROOT

NAMES = ROOT / "tools" / "packet_names.py"
QUEUES = {100, 101}
"""New connections, and DNS answers (tools/kube-network-policies)."""
FILLING = (
    ("-m", "conntrack", "--ctstate", "NEW", "-j", "NFQUEUE", "--queue-num", "100"),
    ("-p", "udp", "--sport", "53", "-m", "conntrack", "!", "--ctstate", "NEW", "-j", "NFQUEUE", "--queue-num", "101"),
)
READY_SECONDS = 30.0


class Wire:
    """The network; a context manager."""

    def __init__(self, program: Path, log: Path) -> None:
        self._program, self._log = program, log
        self._engine: subprocess.Popen[bytes] | None = None
        self._servers: list[subprocess.Popen[bytes]] = []
        self.pods: dict[str, Pod] = {}
        """By `namespace/name`."""

    def __enter__(self) -> Self:
        sweep()
        self._node = make_node()
        self.outside = make_outside(self._node)
        self.outside.start()
        for command in ("iptables-legacy", "ip6tables-legacy"):
            for rule in FILLING:
                self._inside(command, "-t", "mangle", "-A", "POSTROUTING", *rule)
        return self

    def __exit__(self, *_: object) -> None:
        self._end_engine()
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
        self._end_engine()
        with self._log.open("ab") as log:
            self._engine = subprocess.Popen(
                ["ip", "netns", "exec", self._node, str(self._program), "packets"],
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                preexec_fn=end_with_parent,  # noqa: PLW1509  # no thread is around when it starts
            )
        pipe = running(self._engine.stdin)
        pipe.write(json.dumps({"objects": [*self.documents(), *policies]}).encode() + b"\n")
        pipe.flush()
        deadline = time.monotonic() + READY_SECONDS
        while not self._queues() >= QUEUES:
            assert self._engine.poll() is None, self._log.read_text()
            assert time.monotonic() < deadline, "the engine does not read its queues"
            time.sleep(0.05)

    def _queues(self) -> set[int]:
        with inside(self._node):
            text = Path("/proc/thread-self/net/netfilter/nfnetlink_queue").read_text(encoding="ascii")
        return {int(line.split()[0]) for line in text.splitlines()}

    def _end_engine(self) -> None:
        if self._engine:
            self._engine.kill()
            self._engine.wait()
            running(self._engine.stdin).close()
            self._engine = None

    def _inside(self, *command: str) -> None:
        subprocess.run(["ip", "netns", "exec", self._node, *command], check=True, capture_output=True)

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
