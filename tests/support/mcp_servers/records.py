"""What a cluster's logs have of the lab, in their exact shapes: flows, answers of DNS, pods and Services.

flows.log    what `conntrack -E` prints on the node: the kernel's own events
dns.log      the lines of CoreDNS's plugin log
dns.dnstap   the frames of its plugin dnstap, around the messages as the resolver sent them
pods.json, services.json    what kubectl get -o json prints
"""

from __future__ import annotations

import datetime as dt
import json
import signal
import subprocess
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Self

import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype

from dnstap_frames import frame, stream
from mcp_servers.cluster import Cluster, Document
from packet_host import end_with_parent
from packet_net import inside, running
from tooling import eventually

NODE_ADDRESS = "192.0.2.1"
"""From which the kubelet's probes come (Cluster.furnish)."""


class Connections:
    """The connections that a node's conntrack confirms while this is entered; what is dropped is never confirmed."""

    def __init__(self, node: str, file: Path) -> None:
        self._node, self._file = node, file
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        command = [
            "ip",
            "netns",
            "exec",
            self._node,
            "conntrack",
            "-E",
            "-e",
            "NEW",
            "-o",
            "timestamp",
            "-b",
            "8388608",
        ]
        with self._file.open("wb") as file:
            self._process = subprocess.Popen(
                command,
                stdout=file,
                stderr=subprocess.PIPE,
                preexec_fn=end_with_parent,  # noqa: PLW1509  # no thread is around when it starts
            )
        eventually(self._listens, "conntrack does not listen")
        return self

    def _listens(self) -> bool:
        """Whether a socket of netfilter (12) in the node's namespace has subscribed to a group."""
        with inside(self._node):
            _, *sockets = Path("/proc/thread-self/net/netlink").read_text(encoding="ascii").splitlines()
        return any(kind == "12" and int(groups, 16) for _, kind, _, groups, *_ in map(str.split, sockets))

    def __exit__(self, *_: object) -> None:
        process = running(self._process)
        process.send_signal(signal.SIGINT)
        said = process.communicate()[1]
        assert b"have been shown" in said, said.decode()


def dns_lines(answered: Iterable[Mapping[str, Any]]) -> str:
    """CoreDNS's lines, behind the time that a container runtime writes."""
    lines = []
    for one in answered:
        message = dns.message.from_wire(bytes.fromhex(one["wire"]))
        (question,) = message.question
        kind, size = dns.rdatatype.to_text(question.rdtype), len(one["wire"]) // 2
        flags = dns.flags.to_text(message.flags).lower().replace(" ", ",")
        code = dns.rcode.to_text(message.rcode())
        seconds, rest = divmod(one["time"], 10**9)
        lines.append(
            f"{_rfc3339(seconds)}.{rest:09d}Z stdout F [INFO] {one['client']}:{one['port']} - {message.id} "
            f'"{kind} IN {question.name} udp {size} false 512" {code} {flags} {size} 0.000100000s\n'
        )
    return "".join(lines)


def _rfc3339(seconds: int) -> str:
    return dt.datetime.fromtimestamp(seconds, dt.UTC).strftime("%Y-%m-%dT%H:%M:%S")


def dns_frames(answered: Iterable[Mapping[str, Any]]) -> bytes:
    """dnstap of the same."""
    return stream(*(frame(bytes.fromhex(one["wire"]), one["client"], one["time"]) for one in answered))


def listed(cluster: Cluster, kind: str) -> list[Document]:
    """What kubectl shows of a kind: Pod, Service; with what a kubelet writes of a pod, which the lab has not."""
    found = []
    for item in cluster.world.api.must("GET", f"/api/v1/{kind.lower()}s")["items"]:
        one = {"apiVersion": "v1", "kind": kind, **item}
        if kind == "Pod":
            start = one["metadata"]["creationTimestamp"]
            one["status"] = {**one["status"], "startTime": start, "hostIP": NODE_ADDRESS}
        found.append(one)
    return found


def write_logs(cluster: Cluster, folder: Path) -> None:
    """All of them but the flows, into a folder."""
    answered = cluster.answered()
    folder.joinpath("dns.log").write_text(dns_lines(answered), encoding="ascii")
    folder.joinpath("dns.dnstap").write_bytes(dns_frames(answered))
    for name, kind in (("pods", "Pod"), ("services", "Service")):
        text = json.dumps({"apiVersion": "v1", "kind": "List", "items": listed(cluster, kind)})
        folder.joinpath(f"{name}.json").write_text(text, encoding="utf-8")
