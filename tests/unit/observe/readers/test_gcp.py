"""Google Cloud's logs."""

from __future__ import annotations

import json
from typing import Any

from flow_reading import read_all, read_answer, read_flow
from flow_samples import NANOSECONDS, POD
from mcpfence.observe.readers import sniff
from mcpfence.observe.readers.gcp import DNS, POLICY, VPC
from mcpfence.observe.record import FlowEnd, Loss, Resolved

CONNECTION = {"src_ip": "10.4.1.7", "src_port": 41233, "dest_ip": "192.175.48.6", "dest_port": 443, "protocol": 6}
FLOW: dict[str, Any] = {
    "insertId": "x1",
    "jsonPayload": {
        "connection": CONNECTION,
        "reporter": "SRC",
        "bytes_sent": "312",
        "start_time": "2026-11-02T09:14:07.404660075Z",
        "end_time": "2026-11-02T09:14:23.813103387Z",
        "src_gke_details": {
            "cluster": {"cluster_name": "prod"},
            "pod": {"pod_name": POD, "pod_namespace": "mcp-servers", "pod_workload": {"workload_name": "github"}},
        },
    },
    "logName": "projects/p/logs/compute.googleapis.com%2Fvpc_flows",
    "timestamp": "2026-11-02T09:14:30Z",
}
DECISION: dict[str, Any] = {
    "connection": {**CONNECTION, "protocol": "tcp", "direction": "egress"},
    "disposition": "deny",
    "policies": [{"namespace": "mcp-servers", "name": "mcp-server-github-egress"}],
    "src": {"namespace": "mcp-servers", "pod_name": POD, "workload_kind": "ReplicaSet", "workload_name": "github-6d"},
    "dest": {"instance": "192.175.48.6"},
    "count": 3,
    "node_name": "gke-node-1",
    "timestamp": "2026-11-02T09:14:07.404660075Z",
}
QUERY: dict[str, Any] = {
    "jsonPayload": {
        "queryName": "api.example.com.",
        "queryType": "A",
        "sourceIP": "10.4.1.7",
        "responseCode": "NOERROR",
        "rdata": "api.example.com.\t60\tIN\tcname\tedge.example.net.\nedge.example.net.\t60\tIN\ta\t192.175.48.6\n"
        "edge.example.net.\t60\tIN\ta\t192.175...",
    },
    "timestamp": "2026-11-02T09:14:07.404660075Z",
}
US = FlowEnd("mcp-servers", POD, "", "10.4.1.7")


def test_vpc_flows() -> None:
    """Pods by name where GKE's metadata are on; which way it went is not said."""
    found = read_flow(VPC, json.dumps(FLOW))

    assert (found.time, found.source, found.destination) == (NANOSECONDS, US, FlowEnd(address="192.175.48.6"))
    assert (found.protocol, found.verdict, found.reply) == ("TCP", "allowed", None)
    assert found.last > found.time
    assert sniff([json.dumps(FLOW)]) is VPC
    assert {Loss.SAMPLED, Loss.NO_NAMES, Loss.NO_REPLY_MARK} <= set(VPC.losses)


def test_vpc_drops() -> None:
    """disposition DROPPED is a flow that did not pass."""
    dropped = {**FLOW, "jsonPayload": {**FLOW["jsonPayload"], "disposition": "DROPPED"}}

    assert read_flow(VPC, json.dumps(dropped)).verdict == "denied"


def test_policy_action() -> None:
    """The same in an entry of Cloud Logging and in a node's file."""
    found = read_flow(POLICY, json.dumps(DECISION))

    assert found == read_flow(POLICY, json.dumps({"jsonPayload": DECISION, "logName": "projects/p/logs/policy-action"}))
    assert (found.time, found.source, found.verdict, found.reply) == (NANOSECONDS, US, "denied", False)
    assert (found.times, found.node) == (3, "gke-node-1")
    assert read_flow(POLICY, json.dumps({**DECISION, "disposition": "allow"})).verdict == "allowed"
    assert sniff([json.dumps(DECISION)]) is POLICY
    assert Loss.NO_ALLOWED in POLICY.losses


def test_cloud_dns() -> None:
    """The question with the addresses of its answer; one that is cut is no address."""
    found = read_answer(DNS, json.dumps(QUERY))

    assert found == Resolved(NANOSECONDS, FlowEnd(address="10.4.1.7"), "api.example.com", ("192.175.48.6",))
    assert sniff([json.dumps(QUERY)]) is DNS
    assert Loss.CUT_ANSWERS in DNS.losses
    failed = {**QUERY, "jsonPayload": {**QUERY["jsonPayload"], "responseCode": "NXDOMAIN"}}
    assert read_all(DNS, json.dumps(failed)) == []
