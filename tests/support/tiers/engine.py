"""kube-network-policies on a node: it judges new connections and learns names from DNS answers.

The queues are filled by xtables, since the rules that the engine writes itself need an expression of nftables that the
kernels of many test machines lack.  What it says of a packet, and how it learns names, is its own code.
"""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path

from cilium.judge import Document
from packet_host import end_with_parent
from packet_net import inside, running

READY_SECONDS = 30.0
_QUEUES = {100, 101}
"""New connections, and DNS answers (tools/kube-network-policies)."""
_FILLING = (
    ("-m", "conntrack", "--ctstate", "NEW", "-j", "NFQUEUE", "--queue-num", "100"),
    ("-p", "udp", "--sport", "53", "-m", "conntrack", "!", "--ctstate", "NEW", "-j", "NFQUEUE", "--queue-num", "101"),
)


class Engine:
    """The engine of one node, a network namespace; nothing passes the queues while it does not run."""

    def __init__(self, program: Path, log: Path, node: str) -> None:
        self._program, self._log, self._node = program, log, node
        self._process: subprocess.Popen[bytes] | None = None

    def fill(self, *sources: str) -> None:
        """Let it judge the packets of some sources, such as blocks of pods in both families; without any, all."""
        for command, is_v6 in (("iptables-legacy", False), ("ip6tables-legacy", True)):
            chosen = [("-s", source) for source in sources if (":" in source) is is_v6] if sources else [()]
            for match in chosen:
                for rule in _FILLING:
                    whole = ["ip", "netns", "exec", self._node, command, "-t", "mangle", "-A", "POSTROUTING"]
                    subprocess.run([*whole, *match, *rule], check=True, capture_output=True)

    def judge(self, objects: Sequence[Document]) -> None:
        """Let a new one judge by these pods and policies; connections and names of the one before are forgotten."""
        self.end()
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                ["ip", "netns", "exec", self._node, str(self._program), "packets"],
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                preexec_fn=end_with_parent,  # noqa: PLW1509  # no thread is around when it starts
            )
        pipe = running(self._process.stdin)
        pipe.write(json.dumps({"objects": list(objects)}).encode() + b"\n")
        pipe.flush()
        deadline = time.monotonic() + READY_SECONDS
        while not self._queues() >= _QUEUES:
            assert self._process.poll() is None, self._log.read_text()
            assert time.monotonic() < deadline, "the engine does not read its queues"
            time.sleep(0.05)

    def _queues(self) -> set[int]:
        with inside(self._node):
            text = Path("/proc/thread-self/net/netfilter/nfnetlink_queue").read_text(encoding="ascii")
        return {int(line.split()[0]) for line in text.splitlines()}

    def end(self) -> None:
        """End it."""
        if self._process:
            self._process.kill()
            self._process.wait()
            running(self._process.stdin).close()
            self._process = None
