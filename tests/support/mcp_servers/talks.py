"""Sessions of the real client, started in a pod and heard later; and what a pod knows of names."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping, Sequence
from typing import Any

from packet_net import running

Document = dict[str, Any]
Call = tuple[str, Document]
"""A tool and its arguments."""

PATIENCE = 180.0
"""How long a client waits for an answer; mcp-server-fetch itself gives up after thirty seconds."""

RESOLVER = "10.96.0.10"
"""The address of the resolver's Service."""


class Talk:
    """Sessions under way."""

    def __init__(
        self, process: subprocess.Popen[bytes], namespace: str, calls: Mapping[str, Sequence[Call]], seconds: float
    ) -> None:
        self._process, self._names = process, list(calls)
        self._asked = [
            {"url": f"http://{name}.{namespace}/mcp", "calls": list(asked), "seconds": seconds}
            for name, asked in calls.items()
        ]
        pipe = running(process.stdin)
        pipe.write(json.dumps(self._asked).encode())
        pipe.close()
        process.stdin = None

    def answers(self) -> dict[str, Document]:
        """What came of them, by server; see client.py."""
        process = self._process
        try:
            out, errors = process.communicate(timeout=2 * PATIENCE)
        finally:
            process.kill()
            process.wait()
        assert process.returncode == 0, errors.decode()
        return dict(zip(self._names, json.loads(out), strict=True))


def resolv_conf(namespace: str) -> str:
    """What the kubelet writes into every container of a namespace."""
    search = f"{namespace}.svc.cluster.local svc.cluster.local cluster.local"
    return f"search {search}\nnameserver {RESOLVER}\noptions ndots:5\n"
