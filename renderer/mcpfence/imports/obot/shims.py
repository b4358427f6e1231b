"""The pods that Obot runs in front of remote servers: fenced as workloads that reach that server's host alone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mcpfence.imports.shared.dns_labels import label
from mcpfence.imports.shared.format import Entry, Setting
from mcpfence.imports.shared.remote_hosts import host_of
from mcpfence.imports.shared.source import Node

_DEFAULT_PORT = 8099


def shim(entry: Entry, node: Node, where: str, apps: Sequence[str], ports: Sequence[int], obot: Any) -> Setting | None:
    """The workload of a remote server's pods; `obot` is the client of that name, if it is known.

    None where the server's host is not known, or `where` is no namespace.
    """
    host = host_of(entry)
    if host is None or host.is_cidr or label(where) != where:
        return None
    egress: dict[str, Any] = {"domains": [{"name": host.host, "ports": list(host.ports)}]}
    fence: dict[str, Any] = {
        "namespace": where,
        "podSelector": {"app": apps[0]} if len(apps) == 1 else [{"app": app} for app in apps],
        "egress": egress,
    }
    told = ["what Obot runs for the remote server: it reaches that server's host, and Obot"]
    if obot:
        home = {"namespace": obot["namespace"], "podSelector": obot["podSelector"], "ports": [obot["callbackPort"]]}
        egress["services"] = [{"name": "obot", **home}]
        fence["ingress"] = {"from": ["obot"], "ports": list(ports) or [_DEFAULT_PORT]}
    else:
        told.append("Obot is not in what --pods lists: say under ingress who calls it")
    return Setting(node, ("workloads", f"{label(entry.name)[:58].rstrip('-')}-shim"), fence, tuple(told))
