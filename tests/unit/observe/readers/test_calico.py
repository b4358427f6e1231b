"""Calico's flows, open source and Enterprise."""

from __future__ import annotations

import json
from typing import Any

import pytest

from flow_reading import read_all, read_flow
from mcpfence.observe.readers import sniff
from mcpfence.observe.readers.calico import ENTERPRISE, READER
from mcpfence.observe.record import BadLine, FlowEnd, Loss

WHISKER: dict[str, Any] = {
    "start_time": "2026-11-02T09:14:00Z",
    "end_time": "2026-11-02T09:14:15Z",
    "action": "Allow",
    "source_name": "github-6d8f9c7b5-*",
    "source_namespace": "mcp-servers",
    "source_labels": "app=github | pod-template-hash=6d8f9c7b5",
    "dest_name": "PUBLIC NETWORK",
    "dest_namespace": "-",
    "dest_labels": "",
    "protocol": "tcp",
    "dest_port": 443,
    "reporter": "Src",
    "policies": {"enforced": [{"kind": "Profile", "name": "kns.mcp-servers", "action": "Allow"}], "pending": []},
    "packets_in": 4,
}
GOLDMANE: dict[str, Any] = {
    "Key": {
        "source_name": "github-6d8f9c7b5-*",
        "source_namespace": "mcp-servers",
        "source_type": 1,
        "dest_name": "pub",
        "dest_namespace": "",
        "dest_type": 4,
        "dest_port": 443,
        "proto": "tcp",
        "reporter": 1,
        "action": 1,
        "policies": {"enforced_policies": [], "pending_policies": [{"kind": 5, "action": 2}]},
    },
    "start_time": 1793610840,
    "end_time": 1793610855,
    "source_labels": ["app=github", "pod-template-hash=6d8f9c7b5"],
}
PAID: dict[str, Any] = {
    "start_time": 1793610840,
    "end_time": 1793610855,
    "action": "deny",
    "source_ip": "10.244.1.7",
    "source_name": "github-6d8f9c7b5-x2abc",
    "source_name_aggr": "github-6d8f9c7b5-*",
    "source_namespace": "mcp-servers",
    "source_labels": {"labels": ["app=github"]},
    "dest_ip": None,
    "dest_name": "-",
    "dest_name_aggr": "pub",
    "dest_namespace": "-",
    "dest_port": 443,
    "dest_domains": ["api.example.com"],
    "proto": "tcp",
    "reporter": "src",
}
US = FlowEnd("mcp-servers", "github-6d8f9c7b5-*", "app=github,pod-template-hash=6d8f9c7b5")
OUTSIDE = FlowEnd(labels="reserved:world")


def test_whisker() -> None:
    """Pods by the prefix of their names and by labels, hosts outside as one class."""
    found = read_flow(READER, json.dumps(WHISKER))

    assert (found.source, found.destination, found.port, found.protocol) == (US, OUTSIDE, 443, "TCP")
    assert (found.verdict, found.reply, found.last - found.time) == ("allowed", False, 15 * 10**9)
    assert sniff([json.dumps(WHISKER)]) is sniff([json.dumps(GOLDMANE)]) is READER
    assert Loss.NO_ADDRESSES in READER.losses
    assert Loss.NO_ADDRESSES.weak


def test_goldmane_writes_numbers() -> None:
    """Its emitter writes actions as numbers; a staged policy that would deny makes it audit."""
    found = read_flow(READER, json.dumps(GOLDMANE))

    assert (found.source, found.destination, found.verdict) == (US, OUTSIDE, "audit")
    denied = {**GOLDMANE, "Key": {**GOLDMANE["Key"], "action": 2}}
    assert read_flow(READER, json.dumps(denied)).verdict == "denied"


def test_whisker_pending() -> None:
    """What a staged policy would deny has passed."""
    pending = [{"kind": "EndOfTier", "action": "Deny", "trigger": {"kind": "StagedKubernetesNetworkPolicy"}}]
    staged = {**WHISKER, "policies": {"enforced": [], "pending": pending}}

    assert read_flow(READER, json.dumps(staged)).verdict == "audit"


def test_enterprise() -> None:
    """Addresses where they are not aggregated, and names of the destination."""
    found = read_flow(ENTERPRISE, json.dumps(PAID))

    assert found.source == FlowEnd("mcp-servers", "github-6d8f9c7b5-x2abc", "app=github", "10.244.1.7")
    assert (found.destination, found.names, found.evidence) == (OUTSIDE, ("api.example.com",), "flow")
    assert found.verdict == "denied"
    assert sniff([json.dumps(PAID)]) is ENTERPRISE


def test_other_ends_and_actions() -> None:
    """Pods behind are pods, a private network is nobody that is known, Pass decides nothing."""
    redis = {**WHISKER, "dest_name": "redis-*", "dest_namespace": "data", "dest_labels": "app=redis"}

    assert read_flow(READER, json.dumps(redis)).destination == FlowEnd("data", "redis-*", "app=redis")
    assert read_flow(READER, json.dumps({**WHISKER, "dest_name": "PRIVATE NETWORK"})).destination == FlowEnd()
    assert read_all(READER, json.dumps({**WHISKER, "action": "Pass"})) == []
    with pytest.raises(BadLine, match="has no action"):
        read_all(READER, json.dumps({**WHISKER, "action": None}))
