"""Tetragon's events."""

from __future__ import annotations

import json
from typing import Any

from flow_reading import read_all, read_flow
from flow_samples import NANOSECONDS, POD
from mcpfence.observe.readers import sniff
from mcpfence.observe.readers.tetragon import READER
from mcpfence.observe.record import FlowEnd, Loss

SOCKET = {"family": "AF_INET", "saddr": "10.244.1.7", "daddr": "192.175.48.6", "sport": 41233, "dport": 443}
EVENT: dict[str, Any] = {
    "process_kprobe": {
        "process": {
            "binary": "/usr/bin/node",
            "pod": {"namespace": "mcp-servers", "name": POD, "pod_labels": {"app": "github"}, "workload": "github"},
        },
        "function_name": "tcp_connect",
        "args": [{"sock_arg": SOCKET}],
        "action": "KPROBE_ACTION_POST",
        "policy_name": "connect",
    },
    "node_name": "n1",
    "time": "2026-11-02T09:14:07.404660075Z",
}


def test_an_attempt() -> None:
    """Which pod tried to connect where."""
    found = read_flow(READER, json.dumps(EVENT))

    assert found.source == FlowEnd("mcp-servers", POD, "app=github", "10.244.1.7")
    assert (found.destination, found.port, found.time) == (FlowEnd(address="192.175.48.6"), 443, NANOSECONDS)
    assert (found.verdict, found.reply, found.node) == ("allowed", False, "n1")
    assert sniff([json.dumps(EVENT)]) is READER
    assert {Loss.ATTEMPTS, Loss.TCP_ONLY, Loss.NO_NAMES} <= set(READER.losses)


def test_other_events() -> None:
    """Other functions and processes that start are no flows."""
    other = {**EVENT, "process_kprobe": {**EVENT["process_kprobe"], "function_name": "tcp_close"}}
    started = {"process_exec": {"process": {}}, "node_name": "n1", "time": EVENT["time"]}
    bare = {**EVENT, "process_kprobe": {**EVENT["process_kprobe"], "args": []}}

    assert read_all(READER, json.dumps(other), json.dumps(started), json.dumps(bare)) == []
